import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PatchFiles } from '../../../broker/adapters/patch-files.ts'
import { systemClock } from '../../../broker/adapters/system-clock.ts'
import type { MadePatch } from '../../../broker/ports.ts'
import { artifactId } from '../../../proto/ids.ts'
import { makeImage } from '../../fixtures/bundle.ts'

const id = (digit: string) => artifactId(digit.repeat(64))
const hour = 3_600_000
const plenty = 2 ** 30

/** A patch of that many bytes, as a maker leaves it. */
function written(folder: string, base: string, target: string, sizeBytes: number) {
  const bytes = makeImage(sizeBytes, sizeBytes)
  const path = join(folder, `${base}${target}.making`)
  writeFileSync(path, bytes)
  const metadata = { baseSize: 9000, frameBytesMax: 4000, baseBytesMax: 500, encodedBytesMax: 3000 }
  const patch: MadePatch = { base: id(base), target: id(target), patchBytes: sizeBytes, metadata, chunkBytes: 99_000 }
  return { bytes, patch, file: { path, sha256: createHash('sha256').update(bytes).digest('hex') } }
}

t.test('a patch that is kept is found and read at any place, also after a restart', async t => {
  const folder = t.testdir()
  const first = await PatchFiles.open(folder, plenty, systemClock)
  t.same(first.all(), [])
  const { bytes, patch, file } = written(folder, 'a', 'b', 700_000)
  await first.keep(patch, file)
  t.same(readdirSync(folder), [`${patch.base}-${patch.target}.patch`])
  const second = await PatchFiles.open(folder, plenty, systemClock)
  for (const files of [first, second]) {
    t.same(files.find({ base: id('a'), target: id('b') }), patch)
    t.same(files.all(), [patch])
    t.equal(files.find({ base: id('b'), target: id('a') }), undefined)
    t.equal(files.bytes, statSync(join(folder, `${patch.base}-${patch.target}.patch`)).size)
    const rows = [
      [0, 8],
      [1000, 65_536],
      [699_990, 100],
      [0, 2 ** 30],
      [700_000, 5],
      [800_000, 5],
    ] as const
    for (const [offset, length] of rows) {
      const part = await files.read(patch, offset, length)
      t.ok(part !== undefined && bytes.subarray(offset, offset + length).equals(part), `${length} bytes at ${offset}`)
    }
    t.equal(await files.read({ base: id('b'), target: id('a') }, 0, 1), undefined)
    await files.close()
    await t.rejects(files.read(patch, 0, 1), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(files.keep(patch, file), { code: 'STORE_UNAVAILABLE' })
  }
})

t.test('what is not whole is removed at the start; what is not ours stays', async t => {
  const folder = t.testdir({ 'notes.txt': 'of the operator', making: {} })
  const files = await PatchFiles.open(folder, plenty, systemClock)
  const keep = async (base: string, target: string): Promise<string> => {
    const { patch, file } = written(folder, base, target, 5000)
    await files.keep(patch, file)
    return join(folder, `${patch.base}-${patch.target}.patch`)
  }
  const paths: string[] = []
  for (const base of ['1', '2', '3', '4', '5', '6', '7', '8']) paths.push(await keep(base, '0'))
  const whole = readFileSync(paths[0] ?? '')
  const trailer = whole.subarray(5000)
  const patched = (from: string, to: string): Buffer => {
    const json = Buffer.from(trailer.subarray(0, -12).toString().replace(from, to))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(json.length)
    return Buffer.concat([whole.subarray(0, 5000), json, length, Buffer.from('DROVERT1')])
  }
  const spoiled: readonly Buffer[] = [
    whole.subarray(0, -1),
    Buffer.alloc(0),
    Buffer.concat([whole.subarray(1)]),
    // A whole patch, of another pair.
    whole,
    patched('"patchBytes":5000', '"patchBytes":-1'),
    patched('"frameBytesMax":4000', '"frameBytesMax":40000000'),
    patched('"sha256":"', '"sha256":"x'),
    Buffer.concat([whole.subarray(0, -12), Buffer.of(255, 255, 255, 255), Buffer.from('DROVERT1')]),
  ]
  spoiled.forEach((bytes, at) => {
    writeFileSync(paths[at] ?? '', bytes)
  })
  const good = await keep('9', '0')
  await files.close()
  const again = await PatchFiles.open(folder, plenty, systemClock)
  t.same(
    again.all().map(({ base }) => base),
    [id('9')],
  )
  t.same(readdirSync(folder).sort(), [good.slice(folder.length + 1), 'making', 'notes.txt'].sort())
  t.equal(again.bytes, statSync(good).size)
  await again.close()
})

t.test('a patch that the disk has spoiled is found out before its first byte goes out, and is gone then', async t => {
  const folder = t.testdir()
  const { patch, file } = written(folder, 'a', 'b', 600_000)
  const path = join(folder, `${patch.base}-${patch.target}.patch`)
  const spoil: readonly (readonly [string, () => void])[] = [
    [
      'a byte',
      () => {
        const bytes = readFileSync(path)
        bytes.writeUInt8(bytes.readUInt8(300_000) ^ 4, 300_000)
        writeFileSync(path, bytes)
      },
    ],
    ['cut', () => truncateSync(path, 400_000)],
  ]
  for (const [what, damage] of spoil) {
    written(folder, 'a', 'b', 600_000)
    const files = await PatchFiles.open(folder, plenty, systemClock)
    await files.keep(patch, file)
    damage()
    const outcomes = await Promise.allSettled([files.read(patch, 0, 10), files.read(patch, 599_000, 10)])
    t.same(
      outcomes.map(outcome => outcome.status === 'rejected' && outcome.reason.code),
      ['ARTIFACT_UNREADABLE', 'ARTIFACT_UNREADABLE'],
      what,
    )
    t.same([files.all(), files.bytes, readdirSync(folder)], [[], 0, []], 'it is not offered again')
    t.equal(await files.read(patch, 0, 10), undefined)
    await files.close()
  }
  const files = await PatchFiles.open(folder, plenty, systemClock)
  written(folder, 'a', 'b', 600_000)
  await files.keep(patch, file)
  unlinkSync(path)
  t.equal(await files.read(patch, 0, 10), undefined, 'removed by somebody')
  t.same([files.all(), files.bytes], [[], 0])
  written(folder, 'a', 'b', 600_000)
  await files.keep(patch, file)
  t.equal((await files.read(patch, 0, 10))?.length, 10, 'made again')
  await files.close()
})

t.test('beyond the limit those used longest ago go, in the order of their use, across a restart as well', async t => {
  const folder = t.testdir()
  let now = Date.now()
  const clock = { ...systemClock, now: () => now }
  const fileBytes = await (async () => {
    const files = await PatchFiles.open(t.testdir(), plenty, clock)
    const { patch, file } = written(folder, '0', '0', 10_000)
    await files.keep(patch, file)
    await files.close()
    return files.bytes
  })()
  const room = 3 * fileBytes + 100
  const files = await PatchFiles.open(folder, room, clock)
  const keep = async (store: PatchFiles, base: string): Promise<void> => {
    const { patch, file } = written(folder, base, '0', 10_000)
    await store.keep(patch, file)
  }
  const bases = (store: PatchFiles): string =>
    store
      .all()
      .map(({ base }) => base[0])
      .join('')
  for (const base of ['1', '2', '3']) {
    await keep(files, base)
    const at = (now - hour * (9 - Number(base))) / 1000
    utimesSync(join(folder, `${id(base)}-${id('0')}.patch`), at, at)
  }
  now += 2 * hour
  t.ok(await files.read({ base: id('1'), target: id('0') }, 0, 1))
  t.equal(bases(files), '231')
  await keep(files, '4')
  t.equal(bases(files), '314', 'the second was used longest ago')
  t.ok(files.bytes <= room)
  await files.close()
  t.equal(readdirSync(folder).length, 3)

  const again = await PatchFiles.open(folder, room, clock)
  t.equal(bases(again), '341', 'by their last use, not by when they were made')
  await keep(again, '5')
  t.equal(bases(again), '415')
  await again.close()
  const smaller = await PatchFiles.open(folder, fileBytes + 100, clock)
  t.equal(bases(smaller).length, 1, 'a lower limit holds from the start')
  t.equal(readdirSync(folder).length, 1)
  const huge = written(folder, '6', '0', 30_000)
  await t.rejects(smaller.keep(huge.patch, huge.file), { code: 'PATCH_IMPOSSIBLE', reason: 'too-large' })
  t.equal(bases(smaller).length, 1, 'and nothing went for it')
  await smaller.close()
})

t.test('a patch that is not there as the maker says is not kept; the next one is', async t => {
  const folder = t.testdir({ file: '' })
  const files = await PatchFiles.open(folder, plenty, systemClock)
  const { patch, file } = written(folder, 'a', 'b', 5000)
  const outcomes = await Promise.allSettled([
    files.keep(patch, { ...file, path: join(folder, 'absent') }),
    files.keep({ ...patch, patchBytes: 4999 }, file),
    files.keep({ ...patch, patchBytes: 5001 }, file),
    files.keep(patch, file),
  ])
  t.same(
    outcomes.map(outcome => (outcome.status === 'rejected' ? outcome.reason.code : 'kept')),
    ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'kept'],
  )
  t.same(files.all(), [patch])
  await files.close()
  await t.rejects(PatchFiles.open(join(folder, 'file', 'x'), plenty, systemClock), { code: 'STORE_UNAVAILABLE' })
})
