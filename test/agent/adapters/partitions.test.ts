// Two partitions and an external boot loader: the suite of all installers with the boot loader's words on the same disk
// that dies, and the whole of it with programs like fw_printenv and fw_setenv.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { BootEnvironment } from '../../../agent/adapters/boot-environment.ts'
import { Partitions } from '../../../agent/adapters/partitions.ts'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import type { Disk, SlotName } from '../../../agent/ports.ts'
import { componentFolder } from '../../../agent/storage/slot-folder.ts'
import { type BootPrograms, bootProgramsIn } from '../../fixtures/boot-programs.ts'
import { quickDisk } from '../../fixtures/quick-disk.ts'
import { WordsOnDisk } from '../../fixtures/words-on-disk.ts'
import {
  factoryImage,
  factoryVersion,
  type InstallerUnderTest,
  imageOf,
  installerSuite,
} from '../../suites/installer.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const partitionBytes = 64 * 1024
const next = imageOf('2.0.0', 'next ')

let devices = 0
const fresh = (t: Test): string => {
  devices += 1
  const folder = join(t.testdirName, String(devices))
  mkdirSync(folder, { recursive: true })
  return folder
}

function partitionsIn(root: string): Readonly<Record<SlotName, string>> {
  const partitions = { a: join(root, 'mmcblk0p2'), b: join(root, 'mmcblk0p3') }
  const other = Buffer.alloc(partitionBytes, 0xff)
  writeFileSync(partitions.b, other)
  writeFileSync(partitions.a, Buffer.concat([factoryImage, other]).subarray(0, partitionBytes))
  return partitions
}

const settingsOf = (root: string, partitions: Readonly<Record<SlotName, string>>) => ({
  component: 'os',
  folder: componentFolder(join(root, 'data'), 'os'),
  partitions,
  version: factoryVersion,
  imageBytes: factoryImage.length,
})

function wordsDevice(root: string): InstallerUnderTest & { booted(): SlotName } {
  const partitions = partitionsIn(root)
  let booted: SlotName = 'a'
  return {
    booted: () => booted,
    open: disk =>
      Partitions.open({ disk, log, bootLoader: new WordsOnDisk(disk, root, booted) }, settingsOf(root, partitions)),
    restart: async () => {
      booted = await new WordsOnDisk(quickDisk, root, booted).boot()
    },
    seen: async length => readFileSync(partitions[booted]).subarray(0, length),
  }
}

t.test('as every installer', async t => {
  t.testdir({})
  installerSuite(t, async () => wordsDevice(fresh(t)))
})

interface Device {
  readonly root: string
  readonly boot: BootPrograms
  readonly partitions: Readonly<Record<SlotName, string>>
  open(disk?: Disk): Promise<Partitions>
}

function device(t: Test, root = t.testdir({})): Device {
  const boot = bootProgramsIn(join(root, 'boot'))
  const partitions = partitionsIn(root)
  const open = async (disk = systemDisk): Promise<Partitions> => {
    const bootLoader = new BootEnvironment(disk, systemClock, { ...boot, environment: process.env })
    const installer = await Partitions.open({ disk, log, bootLoader }, settingsOf(root, partitions))
    t.teardown(() => installer.close())
    return installer
  }
  return { root, boot, partitions, open }
}

async function place(installer: Partitions, image = next): Promise<void> {
  const candidate = await installer.openCandidate(image.bytes.length)
  await candidate.write(0, image.bytes)
  await candidate.sync()
  await candidate.close()
}

t.test('an update with fw_printenv and fw_setenv: tried, committed, and the next one goes the other way', async t => {
  const { boot, open } = device(t)
  const first = await open()
  await place(first)
  await first.install(next.named, 3)
  t.match(boot.values(), { bootdelay: '1', drover_try: 'b', drover_tries: '3' })
  t.notOk(boot.values().drover_active, 'the boot loader keeps what it starts')
  t.same(await first.verify(), { healthy: false, reason: 'not-started' })
  await t.rejects(first.commit(), { code: 'INSTALL_FAILED', reason: 'not-started' })
  t.equal(boot.boot(), 'b')
  const second = await open()
  t.match(await second.status(), { running: 'b', trial: { slot: 'b', startsLeft: 2 } })
  t.same(await second.verify(), { healthy: true })
  await second.commit()
  t.match(boot.values(), { drover_active: 'b' })
  t.notOk(boot.values().drover_try)
  for (let start = 0; start < 5; start += 1) t.equal(boot.boot(), 'b', 'committed for good')
  const third = await open()
  await place(third, imageOf('3.0.0', 'third '))
  await third.install(imageOf('3.0.0', 'third ').named, 3)
  t.equal(boot.boot(), 'a')
})

t.test('an image that never commits is given up by the boot loader, and the record follows', async t => {
  const { boot, open } = device(t)
  const first = await open()
  await place(first)
  await first.install(next.named, 3)
  for (const slot of ['b', 'b', 'b', 'a']) t.equal(boot.boot(), slot, 'nobody commits')
  const after = await open()
  t.match(await after.status(), {
    running: 'a',
    active: { version: factoryVersion },
    trial: undefined,
    fallback: { slot: 'b', reason: 'starts-used-up' },
  })
  await place(after)
  await after.install(next.named, 3)
  t.equal(boot.boot(), 'b', 'the next trial is not taken for the last one')
})

t.test('a boot loader that does not know the words does not make the device restart for ever', async t => {
  const { open } = device(t)
  const first = await open()
  await place(first)
  await first.install(next.named, 2)
  for (let start = 0; start < 2; start += 1)
    t.match(await (await open()).status(), { running: 'a', trial: { slot: 'b' } })
  t.match(await (await open()).status(), { trial: undefined, fallback: { reason: 'never-started' } })
})

t.test(
  'on a device as it was flashed the first trial is one, although nobody ever wrote which slot is active',
  async t => {
    const { root, boot, open } = device(t)
    const first = await open()
    await place(first)
    await first.install(next.named, 3)
    t.equal(boot.boot(), 'b')
    const { drover_active: _, ...never } = boot.values()
    const lines = Object.entries(never).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(root, 'boot/environment'), lines.join(''))
    const second = await open()
    t.match(await second.status(), {
      running: 'b',
      active: { slot: 'a', version: factoryVersion },
      trial: { slot: 'b' },
    })
    t.equal(boot.values().drover_try, 'b', 'nothing is decided before the image proved itself')
    await second.commit()
    t.match(boot.values(), { drover_active: 'b' })
  },
)

t.test('a commit that was cut after the boot loader knew of it is one', async t => {
  const { boot, open } = device(t)
  const first = await open()
  await place(first)
  await first.install(next.named, 3)
  boot.boot()
  await new BootEnvironment(systemDisk, systemClock, { ...boot, environment: process.env }).setActive('b')
  t.match(await (await open()).status(), { running: 'b', active: { slot: 'b', version: '2.0.0' }, trial: undefined })
  t.notOk(boot.values().drover_try)
})

t.test('only the bytes of the image count: what a partition holds after them is not looked at', async t => {
  const { open, partitions } = device(t)
  const installer = await open()
  await place(installer)
  t.same(await installer.hash('b'), { digest: next.named.digest, sizeBytes: next.bytes.length })
  t.equal(statSync(partitions.b).size, partitionBytes, 'a partition keeps its size')
  await t.rejects(installer.readActive(factoryImage.length - 1, 2), { code: 'STORAGE_READ_FAILED', errno: 'SHORT' })
})

t.test('an image larger than the partition is refused, one as large fits', async t => {
  const { open, partitions } = device(t)
  const installer = await open()
  const short = async (candidate: number, beside: number): Promise<number> =>
    candidate + beside - (await installer.availableBytes({ candidate, beside, members: 0 }))
  t.equal(await short(partitionBytes, 1000), 0)
  t.equal(await short(partitionBytes + 1, 1000), 1, 'room for the index is none for the image')
  t.ok((await short(1, 2 ** 52)) > 0, 'room for the image is none for the index')
  await t.rejects(installer.openCandidate(partitionBytes + 1), { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' })
  const whole = imageOf('2.0.0', Buffer.alloc(1).toString())
  await (await installer.openCandidate(partitionBytes)).close()
  await place(installer, whole)
  writeFileSync(partitions.a, 'short')
  await t.rejects(installer.readActive(0, 10), { code: 'STORAGE_READ_FAILED', errno: 'SHORT' })
})

t.test('a partition changed by hand is followed; one nobody installed is older than any release', async t => {
  const { boot, open } = device(t)
  await (await open()).close()
  await new BootEnvironment(systemDisk, systemClock, { ...boot, environment: process.env }).setActive('b')
  t.equal(boot.boot(), 'b')
  const after = await open()
  t.match(await after.status(), { running: 'b', active: { slot: 'b', version: '0.0.0', sizeBytes: partitionBytes } })
  await place(after)
  t.match(await after.hash('a'), { digest: next.named.digest })
})

t.test('what the programs of the boot loader refuse, or nobody understands, is told', async t => {
  const { root, boot } = device(t)
  const environment = (changes: object) =>
    new BootEnvironment(systemDisk, systemClock, { ...boot, environment: process.env, ...changes })
  await t.rejects(environment({ read: ['/bin/false'] }).state(), { code: 'STORAGE_READ_FAILED', errno: 'exit-1' })
  await t.rejects(environment({ write: ['/bin/false'] }).setTries(3), { code: 'STORAGE_WRITE_FAILED', errno: 'exit-1' })
  await t.rejects(environment({ read: ['/does/not/exist'] }).state(), {
    code: 'STORAGE_READ_FAILED',
    errno: 'not-started-ENOENT',
  })
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['drover_active=c', /drover_active is "c"/],
    ['drover_active=a\ndrover_try=x', /drover_try is "x"/],
    ['drover_active=a\ndrover_tries=many', /drover_tries is "many"/],
  ]
  for (const [text, message] of wrong) {
    writeFileSync(join(root, 'wrong'), `${text}\n`)
    await t.rejects(environment({ read: ['/bin/cat', join(root, 'wrong')] }).state(), { message })
  }
  writeFileSync(join(root, 'wrong'), 'root=/dev/mmcblk0p2 xdrover.slot=a\n')
  await t.rejects(environment({ commandLine: join(root, 'wrong') }).booted(), {
    code: 'STORAGE_READ_FAILED',
    errno: 'NO_SLOT',
  })
  t.equal(await environment({ commandLine: boot.commandLine }).booted(), 'a')
  await environment({}).setTries(50)
  t.equal(boot.values().drover_tries, '9', 'a number the boot loader counts down in hexadecimal has one digit')
})

t.test('nothing is written but the data folder, the partition and the words of the boot loader', async t => {
  const root = t.testdir({ usr: { lib: { 'os-release': 'ID=device' } }, etc: { hostname: 'device' } })
  const { boot, open, partitions } = device(t, root)
  const before = listing(root)
  const touched = new Set<string>()
  const noted: Disk = {
    ...systemDisk,
    open: async (path, how, mode) => {
      if (how !== 'read') touched.add(path)
      return systemDisk.open(path, how, mode)
    },
    rename: async (from, to) => {
      for (const path of [from, to]) touched.add(path)
      await systemDisk.rename(from, to)
    },
    makeFolder: async path => {
      touched.add(path)
      await systemDisk.makeFolder(path)
    },
  }
  const installer = await open(noted)
  await place(installer)
  await installer.install(next.named, 3)
  boot.boot()
  const after = await open(noted)
  await after.commit()
  const data = join(root, 'data')
  t.same(
    [...touched].filter(path => path !== partitions.b && path !== data && !path.startsWith(`${data}/`)),
    [],
    'by its own words',
  )
  const mine = new Set([partitions.b, join(root, 'boot/environment'), join(root, 'boot/environment.log')])
  const outside = (entries: ReadonlyMap<string, string>): object =>
    Object.fromEntries(
      [...entries].filter(([path]) => !mine.has(path) && !path.startsWith(data) && !path.endsWith('/cmdline')),
    )
  t.same(outside(listing(root)), outside(before), 'and by what is there')
})

/** Every file with its size, time and content. */
function listing(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter(entry => entry.isFile())
  return new Map(
    entries.map(entry => {
      const path = join(entry.parentPath, entry.name)
      const { mtimeMs, size } = statSync(path)
      return [path, `${size} ${mtimeMs} ${readFileSync(path).toString('base64').slice(0, 2000)}`]
    }),
  )
}
