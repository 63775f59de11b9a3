// Slots as folders on a real file system: candidates, what the record says after each change, quota, and the errnos.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SlotsFiles, type SlotsFilesSettings } from '../../../../agent/adapters/slots-files/slots-files.ts'
import { systemDisk } from '../../../../agent/adapters/system-disk.ts'
import {
  componentFolder,
  imagePath,
  indexPath,
  openComponent,
  recordPath,
} from '../../../../agent/storage/slot-folder.ts'

const image = Buffer.from('the first image')
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const next = Buffer.alloc(1000, 'next')
const candidate = { version: '2.0.0', digest: sha256(next), sizeBytes: next.length }
const zeroed = { version: '1.0.0', digest: sha256(image), sizeBytes: image.length, slot: 'a' }

async function slotsIn(
  t: Test,
  dataDir: string,
  settings: Partial<SlotsFilesSettings> = {},
): Promise<{
  app: SlotsFiles
  data: SlotsFiles
  folder: string
  again(running?: 'a' | 'b', component?: 'app' | 'data'): SlotsFiles
}> {
  const components = { app: 'image', data: 'none' } as const
  const factory = join(dataDir, 'factory')
  writeFileSync(factory, image)
  for (const name of Object.keys(components))
    await openComponent(systemDisk, componentFolder(dataDir, name), { version: '1.0.0', image: factory })
  const again = (runningSlot?: 'a' | 'b', component: keyof typeof components = 'app'): SlotsFiles => {
    const common = { component, dataDir, restart: components[component], storageBytesMax: undefined, runningSlot }
    const slots = new SlotsFiles(systemDisk, { ...common, ...settings })
    t.teardown(() => slots.close())
    return slots
  }
  return { app: again(), data: again(undefined, 'data'), folder: componentFolder(dataDir, 'app'), again }
}

async function written(slots: SlotsFiles, bytes: Uint8Array): Promise<void> {
  const file = await slots.openCandidate(bytes.length)
  await file.write(0, bytes)
  await file.writeIndex(Buffer.from('index'))
  await file.sync()
  await file.close()
}

t.test('a fresh device runs slot a and knows what is in it', async t => {
  const { app, again } = await slotsIn(t, t.testdir({}))
  t.same(await app.status(), {
    component: 'app',
    running: 'a',
    active: zeroed,
    trial: undefined,
    fallback: undefined,
  })
  t.same(await app.hash('a'), { digest: sha256(image), sizeBytes: image.length })
  t.equal(Buffer.from(await app.readActive(4, 5)).toString(), 'first')
  t.equal(await app.readActiveIndex(), undefined)
  await t.rejects(app.hash('b'), { code: 'STORED_THING_MISSING' })
  t.equal((await again('b').status()).running, 'b', 'boot knows what it started')
  t.equal((await again('b', 'data').status()).running, 'a', 'and started only the one')
})

t.test('a candidate is written at offsets in any order, stays over a restart, and can be read back', async t => {
  const { app, again, folder } = await slotsIn(t, t.testdir({}))
  const first = await app.openCandidate(next.length)
  await first.write(600, next.subarray(600))
  await first.write(0, next.subarray(0, 100))
  await first.sync()
  await t.rejects(app.openCandidate(10), RangeError, 'one at a time')
  await t.rejects(first.write(999, Buffer.alloc(2)), RangeError, 'never past the image')
  await first.close()
  await first.close()

  const later = again('a')
  const second = await later.openCandidate(next.length)
  t.ok(Buffer.from(await second.read(600, 400)).equals(next.subarray(600)), 'the bytes are still there')
  t.equal((await second.read(900, 500)).length, 100, 'fewer at the end')
  t.equal((await second.read(5000, 10)).length, 0)
  t.equal(await second.readIndex(), undefined)
  await second.write(100, next.subarray(100, 600))
  await second.writeIndex(Buffer.from('index'))
  t.equal(Buffer.from((await second.readIndex()) ?? []).toString(), 'index')
  await second.close()
  t.match(await later.hash('b'), { digest: candidate.digest })
  t.equal(statSync(imagePath(folder, 'b')).mode & 0o100, 0o100, 'an image is a program')
})

t.test('a shorter candidate is not lengthened by what was there before', async t => {
  const { app } = await slotsIn(t, t.testdir({}))
  await written(app, Buffer.alloc(5000, 1))
  await written(app, next)
  t.same(await app.hash('b'), { digest: candidate.digest, sizeBytes: next.length })
})

t.test('trial, repeated; commit, repeated; the new slot is read from then on', async t => {
  const { app, data, again } = await slotsIn(t, t.testdir({}))
  await written(app, next)
  await app.install(candidate, 3)
  await app.install(candidate, 9)
  t.match(await app.status(), {
    running: 'a',
    active: zeroed,
    trial: { ...candidate, slot: 'b', startsLeft: 3 },
  })
  const trial = again('b')
  t.equal((await trial.status()).running, 'b')
  await t.rejects(trial.openCandidate(10), RangeError, 'nothing is written while a trial runs')
  t.equal(Buffer.from(await trial.readActive(0, 4)).toString(), 'the ', 'until then the old one counts')
  await trial.commit()
  await trial.commit()
  t.match(await trial.status(), { running: 'b', active: { ...candidate, slot: 'b' }, trial: undefined })
  t.equal(Buffer.from(await trial.readActive(0, 4)).toString(), 'next')
  t.equal(Buffer.from((await trial.readActiveIndex()) ?? []).toString(), 'index')
  await data.commit()
  t.match(await data.status(), { active: zeroed }, 'no trial, nothing to commit')
})

t.test('rolling back ends the trial, keeps the reason until the next candidate, and may be repeated', async t => {
  const { app, folder } = await slotsIn(t, t.testdir({}))
  await written(app, next)
  await app.install(candidate, 3)
  await app.rollBack(candidate, 'exit-1')
  const after = await app.status()
  t.match(after, { active: zeroed, trial: undefined, fallback: { slot: 'b', reason: 'exit-1' } })
  const bytes = readFileSync(recordPath(folder))
  await app.rollBack(candidate, 'exit-1')
  t.same(readFileSync(recordPath(folder)), bytes, 'a repeat writes nothing')
  await (await app.openCandidate(10)).close()
  t.equal((await app.status()).fallback, undefined)
  t.match(readFileSync(recordPath(folder), 'utf8'), /"b": null/, 'the record does not vouch for what is being written')
  await app.rollBack(candidate, 'late')
  t.match(await app.status(), { active: zeroed, fallback: { reason: 'late' } }, 'the reason alone')
})

t.test('a component that boot does not start switches at once, and back', async t => {
  const { data } = await slotsIn(t, t.testdir({}))
  await written(data, next)
  await data.install(candidate, 3)
  await data.install(candidate, 3)
  t.match(await data.status(), { running: 'b', active: { ...candidate, slot: 'b' }, trial: undefined })
  await data.rollBack(candidate, 'digest')
  t.match(await data.status(), { running: 'a', active: zeroed, fallback: { slot: 'b', reason: 'digest' } })
  await data.rollBack(candidate, 'digest')
  t.match(await data.status(), { active: zeroed }, 'the repeat does not switch to the bad one')
})

t.test('available is the quota less everything but the inactive slot, and never more than the disk has', async t => {
  const dataDir = t.testdir({})
  const quota = 10_000
  const { app, data, folder } = await slotsIn(t, dataDir, { storageBytesMax: quota })
  const others = (): number =>
    statSync(recordPath(folder)).size + statSync(recordPath(componentFolder(dataDir, 'data'))).size + 2 * image.length
  t.equal(await app.availableBytes(), quota - others())
  await written(app, next)
  t.equal(await app.availableBytes(), quota - others(), 'the candidate itself may be written over')
  t.equal(await data.availableBytes(), quota - others() - next.length - 5, 'but counts for the other')
  writeFileSync(join(dataDir, 'components/stray'), Buffer.alloc(quota))
  t.equal(await app.availableBytes(), 0)
  const { app: free } = await slotsIn(t, t.testdir({}), { storageBytesMax: 2 ** 52 })
  const bytes = await free.availableBytes()
  t.ok(bytes > 0 && bytes < 2 ** 50, 'the file system is the smaller one')
})

t.test('what the file system refuses keeps its errno', async t => {
  const { app, folder } = await slotsIn(t, t.testdir({}))
  mkdirSync(join(folder, 'b'))
  symlinkSync('/dev/full', imagePath(folder, 'b'))
  const full = await app.openCandidate(1000)
  await t.rejects(full.write(0, next), { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' })
  await full.close()
  rmSync(join(folder, 'b'), { recursive: true })
  mkdirSync(imagePath(folder, 'b'), { recursive: true })
  await t.rejects(app.openCandidate(1000), { code: 'STORAGE_WRITE_FAILED', errno: 'EISDIR' })
  await t.rejects(app.hash('b'), { code: 'STORAGE_READ_FAILED', errno: 'EISDIR' })
  rmSync(join(folder, 'b'), { recursive: true })
  await t.rejects(app.readActive(10, 1000), { code: 'STORAGE_READ_FAILED', errno: 'SHORT' })
  await app.close()
  rmSync(imagePath(folder, 'a'))
  await t.rejects(app.readActive(0, 1), { code: 'STORED_THING_MISSING' })
  writeFileSync(imagePath(folder, 'a'), image)
  t.equal((await app.readActive(0, 1)).length, 1, 'a failed open is not remembered')
  mkdirSync(indexPath(folder, 'a'))
  await t.rejects(app.readActiveIndex(), { code: 'STORAGE_READ_FAILED', errno: 'EISDIR' })
  writeFileSync(recordPath(folder), readFileSync(recordPath(folder), 'utf8').replace('1.0.0', '1.0.1'))
  await t.rejects(app.status(), { code: 'STORED_THING_CORRUPT', message: /checksum/ })
  rmSync(recordPath(folder))
  await t.rejects(app.status(), { code: 'STORED_THING_MISSING' })
})

t.test(
  'a disk that fills up in the middle: the write is refused, the active image and the record stay whole',
  async t => {
    const mounted = mkdtempSync(join(tmpdir(), 'drover-full-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mounted], { stdio: 'ignore' })
    } catch {
      rmSync(mounted, { recursive: true })
      t.pass('NOT PROVED HERE: a full disk needs the right to mount a small tmpfs', { skip: true })
      return
    }
    t.teardown(async () => {
      execFileSync('umount', ['-l', mounted])
      rmSync(mounted, { recursive: true })
    })
    const { app, folder } = await slotsIn(t, mounted)
    const before = await app.availableBytes()
    t.ok(before > 0 && before <= 256 * 1024)
    const file = await app.openCandidate(1_000_000)
    await t.rejects(file.write(0, Buffer.alloc(1_000_000, 1)), { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' })
    t.match(
      await app.hash('b'),
      { sizeBytes: 0 },
      'the room it took is given back: the journal may lie on the same disk',
    )
    const filler = openSync(join(mounted, 'filler'), 'w')
    t.throws(() => writeFileSync(filler, Buffer.alloc(1_000_000)), { code: 'ENOSPC' })
    closeSync(filler)
    await t.rejects(file.writeIndex(Buffer.alloc(10_000)), { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' })
    await file.close()
    await t.rejects(app.install(candidate, 3), { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' })
    t.match(await app.status(), { active: zeroed, trial: undefined })
    t.match(await app.hash('a'), { digest: zeroed.digest })
    rmSync(join(mounted, 'filler'))
    t.ok((await app.availableBytes()) >= before - 8192, 'what the candidate took may be taken again')
    rmSync(imagePath(folder, 'b'))
    t.notOk(existsSync(indexPath(folder, 'b')))
  },
)
