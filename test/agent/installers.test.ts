// From a configuration to installers: each kind is the adapter it names, and what cannot work is told by name.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SlotsFiles } from '../../agent/adapters/slots-files/slots-files.ts'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import { type InstallersOptions, openAuthorization, openInstallers } from '../../agent/installers.ts'
import type { Installer, SlotName } from '../../agent/ports.ts'
import { type AgentConfig, parseConfig } from '../../agent/settings/config.ts'
import { componentFolder, openComponent, readSlotRecord, writeSlotRecord } from '../../agent/storage/slot-folder.ts'
import { countStart } from '../../agent/storage/slot-record.ts'
import { bootProgramsIn } from '../fixtures/boot-programs.ts'
import { quickDisk } from '../fixtures/quick-disk.ts'
import { factoryImage, factoryVersion, installerSuite } from '../suites/installer.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const options: InstallersOptions = {
  disk: quickDisk,
  clock: systemClock,
  log,
  runningSlot: undefined,
  environment: process.env,
  bootId: 'this boot',
  stop: new AbortController().signal,
}
const config = (root: string, changes: object): AgentConfig =>
  parseConfig(
    JSON.stringify({
      deviceId: 'd1',
      url: 'mqtt://127.0.0.1:1',
      vendorId: '00'.repeat(16),
      classId: '00'.repeat(16),
      dataDir: 'data',
      trustFile: 'trust',
      ...changes,
    }),
    join(root, 'agent.json'),
  )

async function opened(t: Test, given: AgentConfig): Promise<readonly Installer[]> {
  const installers = await openInstallers(given, options)
  t.teardown(() => Promise.all(installers.map(installer => installer.close())))
  return installers
}

t.test('a device with a component of every kind', async t => {
  const root = t.testdir({
    factory: 'factory',
    model: 'the model',
    p2: 'one partition',
    p3: 'other partition',
    hooks: {},
  })
  for (const name of ['install', 'rollback']) writeFileSync(join(root, 'hooks', name), '#!/bin/sh\n', { mode: 0o755 })
  const { read, write, commandLine } = bootProgramsIn(join(root, 'boot'))
  const version = '1.0.0'
  const components = [
    { name: 'all', version, installer: 'package', members: ['model', 'packages'] },
    { name: 'app', version, image: 'factory', reboot: true },
    { name: 'table', version, image: 'factory', reboot: false },
    { name: 'model', version, installer: 'file', file: 'model' },
    { name: 'packages', version, installer: 'hooks', folder: 'hooks' },
    { name: 'radio', version, installer: 'hooks', folder: 'hooks', restart: 'device' },
    { name: 'os', version, installer: 'partitions', a: 'p2', b: 'p3', bootloader: { read, write, commandLine } },
  ]
  const installers = await opened(t, config(root, { components, reboot: { command: ['/sbin/reboot'] } }))
  t.same(
    installers.map(({ component, restart, formats, members }) => [component, restart, formats.length, members.length]),
    [
      ['all', 'none', 1, 2],
      ['app', 'image', 2, 0],
      ['table', 'none', 2, 0],
      ['model', 'none', 2, 0],
      ['packages', 'none', 2, 0],
      ['radio', 'device', 2, 0],
      ['os', 'device', 2, 0],
    ],
  )
  for (const installer of installers) t.equal((await installer.status()).active.version, version, installer.component)
  t.equal((await installers[4]?.status())?.active.sizeBytes, 0, 'hooks without an image from the factory: nothing')
})

t.test('programs that cannot be run are all told at once, and nothing is opened', async t => {
  const root = t.testdir({ hooks: { install: '#!/bin/sh\n' } })
  const components = [
    { name: 'one', version: '1.0.0', installer: 'hooks', folder: 'hooks' },
    { name: 'two', version: '1.0.0', installer: 'hooks', folder: 'absent' },
  ]
  const given = config(root, { components, authorization: { folder: 'none' } })
  await t.rejects(openInstallers(given, options), {
    code: 'CONFIG_INVALID',
    problems: [
      `authorization.folder: ${root}/none: no folder that can be read`,
      `components: hooks of one: ${root}/hooks/install: cannot be run (EACCES)`,
      `components: hooks of one: ${root}/hooks/rollback: cannot be run (ENOENT)`,
      `components: hooks of two: ${root}/absent: no folder that can be read`,
    ],
  })
  t.equal(await readSlotRecord(quickDisk, componentFolder(join(root, 'data'), 'one')), undefined)
})

t.test('who is asked: the window before the programs, those of a component about that component alone', async t => {
  const root = t.testdir({ all: {}, own: {} })
  const refuses = (folder: string, word: string): void =>
    writeFileSync(join(root, folder, 'install-authorize'), `#!/bin/sh\necho ${word}; exit 1\n`, { mode: 0o755 })
  const components = [
    { name: 'app', version: '1.0.0', image: 'factory', reboot: true },
    { name: 'packages', version: '1.0.0', installer: 'hooks', folder: 'own' },
  ]
  const request = { operation: 'o', version: '2.0.0', installedVersion: '1.0.0', payloadBytes: 1, priority: 0 }
  const ask = async (component: string, changes: object = {}): Promise<unknown> => {
    const authorization = openAuthorization(config(root, { components, ...changes }), options)
    const asked = { ...request, component, vendorData: new Uint8Array(0) }
    return authorization.install(asked, new AbortController().signal)
  }
  t.same(await ask('packages'), { kind: 'authorized' })
  refuses('own', 'own')
  t.same(await ask('packages'), { kind: 'rejected', reason: 'own' })
  t.same(await ask('app'), { kind: 'authorized' })
  refuses('all', 'all')
  const both = { authorization: { folder: 'all' } }
  t.same(await ask('packages', both), { kind: 'rejected', reason: 'all' })
  t.same(await ask('app', both), { kind: 'rejected', reason: 'all' })
  const now = new Date(Date.now() + 12 * 3_600_000).toISOString()
  const windows = [{ from: now.slice(11, 16), minutes: 60 }]
  t.match(await ask('app', { ...both, maintenance: { windows, zone: 'utc' } }), { reason: 'maintenance-window' })
})

let devices = 0
for (const restart of ['image', 'none'] as const)
  t.test(`slot folders, restart ${restart}: as every installer`, async t => {
    t.testdir({})
    installerSuite(t, async () => {
      devices += 1
      const dataDir = join(t.testdirName, String(devices))
      mkdirSync(dataDir)
      writeFileSync(join(dataDir, 'factory'), factoryImage)
      const folder = componentFolder(dataDir, 'app')
      await openComponent(quickDisk, folder, { version: factoryVersion, image: join(dataDir, 'factory') })
      let runningSlot: SlotName | undefined = restart === 'image' ? 'a' : undefined
      const installerOn = (disk: typeof quickDisk): SlotsFiles =>
        new SlotsFiles(disk, { component: 'app', dataDir, restart, storageBytesMax: undefined, runningSlot })
      return {
        open: async disk => installerOn(disk),
        // What boot does at a start.
        restart: async () => {
          if (restart === 'none') return
          const record = await readSlotRecord(quickDisk, folder)
          if (record === undefined) throw new Error('no record')
          const starts = record.trial !== null && record.trial.startsLeft > 0
          if (starts) await writeSlotRecord(quickDisk, folder, countStart(record))
          runningSlot = starts ? record.trial?.slot : record.active
        },
        seen: async length => {
          const { running } = await installerOn(quickDisk).status()
          const file = await quickDisk.open(join(folder, running, 'image'), 'read')
          const bytes = await file.read(0, length)
          await file.close()
          return Buffer.from(bytes)
        },
      }
    })
  })
