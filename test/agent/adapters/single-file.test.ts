// One file of the device, replaced by a rename: the suite of all installers, and what is particular about a file.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { SingleFile, type SingleFileSettings } from '../../../agent/adapters/single-file.ts'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import type { Disk } from '../../../agent/ports.ts'
import { componentFolder, recordPath } from '../../../agent/storage/slot-folder.ts'
import {
  factoryImage,
  factoryVersion,
  type InstallerUnderTest,
  imageOf,
  installerSuite,
} from '../../suites/installer.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const next = imageOf('2.0.0', 'next ')
const never = new AbortController().signal

interface Device extends InstallerUnderTest {
  readonly file: string
  readonly dataDir: string
  open(disk: Disk): Promise<SingleFile>
}

function deviceIn(root: string, settings: Partial<SingleFileSettings> = {}): Device {
  const dataDir = join(root, 'data')
  const file = settings.file ?? join(root, 'etc/model.bin')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, factoryImage)
  const folder = componentFolder(dataDir, 'model')
  const common = { component: 'model', folder, file, mode: 0o640, version: factoryVersion, image: undefined }
  const rest = { storageBytesMax: undefined, reload: undefined, environment: process.env }
  return {
    file,
    dataDir,
    open: disk => SingleFile.open({ disk, clock: systemClock, log }, { ...common, ...rest, ...settings }),
    restart: async () => {},
    seen: async length => readFileSync(file).subarray(0, length),
  }
}

async function install(installer: SingleFile, image = next): Promise<void> {
  const candidate = await installer.openCandidate(image.bytes.length)
  await candidate.write(0, image.bytes)
  await candidate.sync()
  await candidate.close()
  await installer.install(image.named)
}

let devices = 0
const fresh = (t: Test): string => {
  devices += 1
  return join(t.testdirName, String(devices))
}

t.test('as every installer', async t => {
  t.testdir({})
  installerSuite(t, async () => deviceIn(fresh(t)))
})

t.test('the file has the mode it is to have, and nothing is left beside it', async t => {
  const device = deviceIn(t.testdir({}))
  const installer = await device.open(systemDisk)
  t.teardown(() => installer.close())
  await install(installer)
  t.equal(statSync(device.file).mode & 0o777, 0o640)
  t.same(readdirSync(dirname(device.file)), ['model.bin'])
  await installer.rollBack(next.named, 'unhealthy')
  t.equal(statSync(device.file).mode & 0o777, 0o640)
  t.same(readdirSync(dirname(device.file)), ['model.bin'])
})

t.test('without a mode it keeps the one it has', async t => {
  const device = deviceIn(t.testdir({}), { mode: undefined })
  chmodSync(device.file, 0o604)
  const installer = await device.open(systemDisk)
  t.teardown(() => installer.close())
  await install(installer)
  t.equal(statSync(device.file).mode & 0o777, 0o604)
  await installer.rollBack(next.named, 'unhealthy')
  t.equal(statSync(device.file).mode & 0o777, 0o604)
})

t.test(
  'what somebody else writes into the file is told by its digest, kept at the install, and comes back',
  async t => {
    const device = deviceIn(t.testdir({}))
    const installer = await device.open(systemDisk)
    t.teardown(() => installer.close())
    writeFileSync(device.file, 'by hand')
    const digest = createHash('sha256').update('by hand').digest('hex')
    t.match(await installer.hash('a'), { digest })
    t.not((await installer.status()).active.digest, digest, 'the record says what was installed')
    await install(installer)
    await installer.rollBack(next.named, 'unhealthy')
    t.equal(readFileSync(device.file, 'utf8'), 'by hand')
  },
)

t.test('without a file there is the one from the factory, or nothing is opened', async t => {
  const root = t.testdir({ factory: 'from the factory' })
  const file = join(root, 'etc/absent')
  const placed = deviceIn(root, { file, image: join(root, 'factory') })
  rmSync(file)
  await (await placed.open(systemDisk)).close()
  t.equal(readFileSync(file, 'utf8'), 'from the factory')
  const none = deviceIn(join(root, 'second'))
  rmSync(none.file)
  await t.rejects(none.open(systemDisk), { code: 'STORED_THING_MISSING' })
})

t.test('reload is told what happened; when it fails after an install the file is not sound', async t => {
  const root = t.testdir({
    reload:
      '#!/bin/sh\necho "$DROVER_REASON $DROVER_VERSION $DROVER_COMPONENT $(head -c 5 "$DROVER_FILE")" >> "$LOG"\nexit "$CODE"\n',
  })
  const run = async (code: string): Promise<{ verdict: object; said: string }> => {
    const settings = { environment: { ...process.env, LOG: join(root, `log${code}`), CODE: code } }
    const reload = { command: ['/bin/sh', join(root, 'reload')], timeoutMs: 10_000 }
    const installer = await deviceIn(join(root, code), { ...settings, reload }).open(systemDisk)
    t.teardown(() => installer.close())
    await install(installer)
    const verdict = await installer.verify(never)
    await installer.rollBack(next.named, 'unhealthy')
    return { verdict, said: readFileSync(join(root, `log${code}`), 'utf8') }
  }
  const good = await run('0')
  t.same(good.verdict, { healthy: true })
  t.equal(good.said, 'installed 2.0.0 model next \nrolled-back 1.0.0 model the i\n')
  t.same((await run('3')).verdict, { healthy: false, reason: 'reload-exit-3' })
})

t.test('available: the quota, less all that counts and what is kept of the file', async t => {
  const device = deviceIn(t.testdir({}), { storageBytesMax: 100_000 })
  const installer = await device.open(systemDisk)
  t.teardown(() => installer.close())
  const record = statSync(recordPath(componentFolder(device.dataDir, 'model'))).size
  t.equal(
    await installer.availableBytes({ candidate: 1, beside: 0, members: 0 }),
    100_000 - record - factoryImage.length,
  )
  t.same(readdirSync(dirname(device.file)), ['model.bin'], 'looking leaves nothing')
})

t.test(
  'a candidate that is not whole is not installed, and a target that cannot be written changes nothing',
  async t => {
    const device = deviceIn(t.testdir({}))
    const installer = await device.open(systemDisk)
    t.teardown(() => installer.close())
    const candidate = await installer.openCandidate(next.bytes.length)
    await candidate.write(0, next.bytes.subarray(0, 10))
    await candidate.close()
    await t.rejects(installer.install(next.named), { code: 'INSTALL_FAILED', reason: 'candidate-incomplete' })
    t.equal(readFileSync(device.file, 'utf8'), factoryImage.toString())

    const refusing: Disk = {
      ...systemDisk,
      rename: async (from, to) => {
        if (to === device.file)
          throw Object.assign(new Error('EROFS'), { code: 'EROFS', errno: -30, syscall: 'rename' })
        await systemDisk.rename(from, to)
      },
    }
    const stuck = await device.open(refusing)
    t.teardown(() => stuck.close())
    await t.rejects(install(stuck), { code: 'STORAGE_WRITE_FAILED', errno: 'EROFS' })
    await stuck.rollBack(next.named, 'EROFS')
    t.match(await stuck.status(), { active: { version: factoryVersion }, fallback: { reason: 'EROFS' } })
    t.equal(readFileSync(device.file, 'utf8'), factoryImage.toString())
  },
)

t.test('on another file system the file is copied beside the target, and that is a rename too', async t => {
  const mounted = mkdtempSync(join(tmpdir(), 'drover-apart-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted], { stdio: 'ignore' })
  } catch {
    rmSync(mounted, { recursive: true })
    t.pass('NOT PROVED HERE: another file system needs the right to mount a small tmpfs', { skip: true })
    return
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', mounted])
    rmSync(mounted, { recursive: true })
  })
  let number = 0
  const device = (): Device => {
    number += 1
    return deviceIn(fresh(t), { file: join(mounted, String(number), 'model.bin') })
  }
  t.testdir({})
  const installer = await device().open(systemDisk)
  t.teardown(() => installer.close())
  t.ok(
    (await installer.availableBytes({ candidate: 1, beside: 0, members: 0 })) <= 2 * 1024 * 1024,
    'the smaller of the two file systems',
  )
  const big = imageOf('2.0.0', 'x'.repeat(12_000))
  await t.rejects(install(installer, big), { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' })
  await installer.rollBack(big.named, 'ENOSPC')
  t.equal(readFileSync(join(mounted, '1/model.bin'), 'utf8'), factoryImage.toString())
  t.same(readdirSync(join(mounted, '1')), ['model.bin'])
  rmSync(join(mounted, '1'), { recursive: true })
  t.test('as every installer', async t => {
    installerSuite(t, async () => device())
  })
})
