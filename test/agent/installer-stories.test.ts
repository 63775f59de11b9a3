// Updates of every kind of installer through a real broker: a file, programs of the device, partitions with an external
// boot loader on a device whose root nobody writes to. What counts is what the device's programs find, and the event page.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { EventView } from '../../proto/http-api.ts'
import { bootProgramsIn } from '../fixtures/boot-programs.ts'
import { untilValue } from '../stories/process.ts'
import { offerOf } from './codes/offers.ts'
import { codesOf, Scene } from './codes/scene.ts'
import { factoryImage, type SceneDevice, writeProgram } from './codes/scene-device.ts'

t.setTimeout(110_000)
const main = { name: 'main', version: '1.0.0' }

/** The reason beside the code. */
const reasonOf = (events: readonly EventView[], code: string): unknown =>
  events.find(({ event_type }) => event_type === code)?.data.reason

t.test('a file and programs of the device', async t => {
  const scene = await Scene.open(t)
  const hooks = { ...main, installer: 'hooks', folder: 'hooks', image: 'factory' }
  /** An update of `hooks` with these programs; what it copies to `live` is what the device runs. */
  const told = async (programs: Readonly<Record<string, string>>) => {
    let found: SceneDevice | undefined
    const events = await scene.told(t, {
      device: {
        settings: { components: [hooks], health: { command: ['/bin/true'] } },
        prepare: async folder => {
          writeFileSync(join(folder, 'live'), factoryImage)
          const copy = (what: string): string => `cp "$${what}" "${folder}/new" && mv "${folder}/new" "${folder}/live"`
          const all = { install: copy('DROVER_CANDIDATE'), rollback: copy('DROVER_PREVIOUS'), ...programs }
          for (const [name, script] of Object.entries(all))
            await writeProgram(
              join(folder, 'hooks', name),
              `echo "${name} $DROVER_OPERATION" >> ${folder}/calls\n${script}`,
            )
        },
      },
      before: async ({ device }) => {
        found = device
      },
    })
    const device = found
    if (device === undefined) throw new Error('no device')
    const calls = readFileSync(device.path('calls'), 'utf8').trim().split('\n')
    return { events, calls, live: readFileSync(device.path('live')) }
  }

  const good = await told({ 'download-authorize': 'exit 0', verify: 'exit 0', commit: 'exit 0' })
  t.same(codesOf(good.events), ['UPD2_OK_18'])
  t.notOk(good.live.equals(factoryImage))
  t.match(good.calls.join('\n'), /^download-authorize (\S+)\ninstall \1\nverify \1\ncommit \1$/)

  const rows: readonly (readonly [programs: Record<string, string>, code: string, reason: string])[] = [
    [{ 'download-authorize': 'echo battery-low; exit 1' }, 'UPD4_FAIL_38', 'battery-low'],
    [{ 'install-authorize': 'exit 3' }, 'UPD4_FAIL_37', 'exit-3'],
    [{ install: 'echo no-space; exit 1' }, 'UPD4_FAIL_40', 'no-space'],
    [{ verify: 'echo no-network; exit 1' }, 'UPD4_FAIL_40', 'verify-no-network'],
    [{ commit: 'exit 1' }, 'UPD4_FAIL_40', 'commit-exit-1'],
  ]
  const stories = rows.map(async ([programs, code, reason]) => {
    const { events, live } = await told(programs)
    t.same(codesOf(events), [code], code)
    t.match(String(reasonOf(events, code)), reason)
    t.ok(live.equals(factoryImage), `${reason}: what ran before runs`)
  })
  await Promise.all(stories)

  const image = randomBytes(20_000)
  let file: SceneDevice | undefined
  const events = await scene.told(t, {
    device: { settings: { components: [{ ...main, installer: 'file', file: 'factory' }] } },
    offer: { image },
    before: async ({ device }) => {
      file = device
    },
  })
  t.same(codesOf(events), ['UPD2_OK_18'])
  t.ok(readFileSync(file?.path('factory') ?? '').equals(image))
})

/** A device with two partitions; the boot loader starts the agent's device anew whenever it was asked to. */
async function partitioned(t: Test, health: string): Promise<{ events: readonly EventView[]; device: SceneDevice }> {
  const scene = await Scene.open(t)
  const root = t.testdirName
  const boot = bootProgramsIn(join(root, 'boot-programs'))
  const { read, write, commandLine } = boot
  const wanted = join(root, 'wanted')
  const device = await scene.device({
    settings: {
      components: [
        {
          ...main,
          ...{ installer: 'partitions', a: 'disk/p2', b: 'disk/p3', imageBytes: factoryImage.length },
          bootloader: { read, write, commandLine },
        },
      ],
      health: { command: ['/bin/sh', '-c', health] },
      reboot: { command: ['touch', wanted] },
    },
    prepare: async folder => {
      for (const name of ['disk', 'usr', 'etc']) mkdirSync(join(folder, name))
      writeFileSync(join(folder, 'usr/program'), 'a program of the device')
      writeFileSync(join(folder, 'etc/hostname'), 'device')
      writeFileSync(join(folder, 'disk/p2'), Buffer.concat([factoryImage, Buffer.alloc(50_000, 0xff)]))
      writeFileSync(join(folder, 'disk/p3'), Buffer.alloc(50_000 + factoryImage.length, 0xff))
    },
  })
  const before = listing(device.folder)
  await device.start()
  t.teardown(() => device.stop())
  await scene.untilOnline(device)
  const fresh = randomBytes(20_000)
  const offer = offerOf({ image: fresh, manifest: { needsReboot: true } })
  const operation = await scene.begin(offer, device)
  let over = false
  const restarts = (async () => {
    while (!over) {
      await new Promise(resolve => setTimeout(resolve, 20))
      if (!existsSync(wanted)) continue
      await device.stop()
      boot.boot()
      rmSync(wanted)
      await device.start()
    }
  })()
  try {
    await scene.ended(operation)
  } catch (error) {
    for (const line of device.log.slice(-40)) t.comment(line)
    throw error
  } finally {
    over = true
    await restarts
  }
  const events = await untilValue(async () => {
    const found = await scene.events(device, operation)
    return codesOf(found).length > 0 ? found : undefined
  })
  const slot = boot.values().drover_active ?? 'a'
  const image = readFileSync(device.path('disk', slot === 'a' ? 'p2' : 'p3'))
  const expected = codesOf(events)[0] === 'SYS_112' ? fresh : factoryImage
  t.ok(image.subarray(0, expected.length).equals(expected), 'what the boot loader will start')
  const untouched = (found: ReadonlyMap<string, string>): object =>
    Object.fromEntries([...found].filter(([path]) => !/^(data\/|disk\/p3)/.test(path)))
  t.same(untouched(listing(device.folder)), untouched(before), 'nothing else was written')
  return { events, device }
}

t.test('partitions: tried, committed, and the new hello ends it', async t => {
  const { events } = await partitioned(t, 'exit 0')
  t.same(codesOf(events), ['SYS_112'])
})

t.test('partitions: an image that is not healthy is given up, and the old system tells it', async t => {
  const { events } = await partitioned(t, 'exit 5')
  t.same(codesOf(events), ['UPD4_FAIL_40'])
  t.equal(reasonOf(events, 'UPD4_FAIL_40'), 'exit-5')
})

/** Every file with its size, time and content, by its path in the folder. */
function listing(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter(entry => entry.isFile())
  return new Map(
    files.map(entry => {
      const path = join(entry.parentPath, entry.name)
      const { mtimeMs, size } = statSync(path)
      return [
        path.slice(folder.length + 1),
        `${size} ${mtimeMs} ${readFileSync(path).toString('base64').slice(0, 500)}`,
      ]
    }),
  )
}
