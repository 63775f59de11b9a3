import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { programFrameMaker } from '../../operator/zstd.ts'
import { checkChunkerSettings } from '../../proto/chunker.ts'
import type { ImageBytes } from '../../proto/image-chunks.ts'
import { frameBytes, makePatch, rangeBytes } from '../../proto/patch-making.ts'
import { BaseRanges, pieceSettings } from '../../proto/patch-ranges.ts'
import { type MakeFrame, mustGiveBack, nodeFrameMaker, nodeFrameMakerInThread } from '../../proto/zstd-frames.ts'
import { makeImage } from '../fixtures/bundle.ts'
import { appliedPatch, zstdFrame } from '../fixtures/patch.ts'
import { forAll } from './fuzz.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** There with every Node; it makes the same kind of frame. The quick one does not reach over the whole range. */
const byWasm: MakeFrame = async (output, base) => zstdFrame(output, base, 19)
const quickly: MakeFrame = async (output, base) => zstdFrame(output, base, 3)

/** An image that gives at most `stepBytes` at once, and `shownBytes` of itself. */
const read = (image: Buffer, stepBytes = 700_001, shownBytes = image.length): ImageBytes => ({
  async read(into, offset, length, position) {
    const end = Math.min(position + Math.min(length, stepBytes), shownBytes)
    return { bytesRead: image.copy(into, offset, Math.min(position, end), end) }
  },
})

async function patchBetween(base: Buffer, image: Buffer, makeFrame: MakeFrame, framesAtOnce = 4) {
  const steps: number[] = []
  const parts: Buffer[] = []
  const made = await makePatch({
    base: { bytes: read(base), sizeBytes: base.length },
    image: { bytes: read(image), sizeBytes: image.length },
    makeFrame,
    framesAtOnce,
    async write(bytes, position) {
      if (position !== parts.reduce((sum, part) => sum + part.length, 0)) throw new Error(`a hole before ${position}`)
      parts.push(Buffer.from(bytes))
    },
    step: bytes => steps.push(bytes),
  })
  return { made, steps, bytes: Buffer.concat(parts) }
}

const old = makeImage(3_000_000, 4, 0.3)
const fresh = Buffer.concat([old.subarray(0, 900_000), Buffer.from('a new part'), old.subarray(850_000)])

const makers = {
  node: nodeFrameMaker(),
  'node, in the thread that asks': nodeFrameMakerInThread(),
  program: await programFrameMaker(),
  wasm: byWasm,
}

for (const [name, maker] of Object.entries(makers))
  t.test(
    `a patch made with ${name} gives the new image, and is far shorter`,
    { skip: maker === undefined ? 'not there with this Node, or not installed' : false },
    async t => {
      if (maker === undefined) return
      const { made, steps, bytes } = await patchBetween(old, fresh, maker)
      t.equal(made.sizeBytes, bytes.length)
      t.equal(made.baseSha256, sha256(old))
      t.equal(made.imageSha256, sha256(fresh))
      t.equal(made.patchSha256, sha256(bytes))
      t.equal(
        steps.reduce((sum, step) => sum + step, 0),
        fresh.length,
      )
      t.match(made.metadata, { baseSize: old.length, frameBytesMax: frameBytes, baseBytesMax: rangeBytes })
      t.equal(
        Buffer.compare(await appliedPatch({ bytes, metadata: made.metadata }, old, fresh.length), fresh),
        0,
        'byte for byte',
      )
      t.ok(bytes.length < fresh.length / 20, `${bytes.length} of ${fresh.length} bytes`)
    },
  )

t.test('what any device with the default budget takes: everything twice stays below 7 MiB', async t => {
  t.ok(2 * (frameBytes + rangeBytes + frameBytes + 4096) < 7 * 1024 * 1024)
})

t.test('images that have nothing in common, or are tiny, or begin like a dictionary, still give a patch', async t => {
  const magic = Buffer.from('37a430ec', 'hex')
  const cases: readonly (readonly [string, Buffer, Buffer])[] = [
    ['strangers', makeImage(700_000, 1, 0), makeImage(600_000, 2, 0)],
    ['one byte from one byte', Buffer.of(1), Buffer.of(2)],
    ['a large one from a tiny one', Buffer.from('abc'), makeImage(600_000, 3, 0.5)],
    ['a base like a dictionary', Buffer.concat([magic, old.subarray(0, 5000)]), old.subarray(0, 5000)],
    ['exactly one frame', old.subarray(0, frameBytes + 1), old.subarray(1, frameBytes + 1)],
  ]
  for (const [what, base, image] of cases) {
    const { made, bytes } = await patchBetween(base, image, quickly)
    t.equal(Buffer.compare(await appliedPatch({ bytes, metadata: made.metadata }, base, image.length), image), 0, what)
  }
})

t.test('content that moved far away is found again', async t => {
  const base = makeImage(3_400_000, 7, 0)
  const image = Buffer.concat([base.subarray(2_500_000), base.subarray(0, 2_500_000)])
  const { made, bytes } = await patchBetween(base, image, byWasm)
  t.equal(Buffer.compare(await appliedPatch({ bytes, metadata: made.metadata }, base, image.length), image), 0)
  t.ok(bytes.length < image.length / 8, `${bytes.length} bytes: the same relative place would save nothing`)
})

t.test('a range always lies within the base and is as long as it may be', async t => {
  const number = fc.integer({ min: 1, max: 10_000_000 })
  forAll(
    fc.tuple(number, number, number, fc.array(fc.nat(9_999_999)), fc.nat(100)),
    500,
    ([base, image, most, at, hash]) => {
      const ranges = new BaseRanges(base, image, most)
      for (const offset of at) ranges.add({ offset: offset % base, length: 100, hash: offset % 50 })
      const pieces = at.map((offset, place) => ({ offset, length: 100 + place, hash: (hash + place) % 50 }))
      const frames = [0, 12345].map(offset => ({ offset: Math.min(image - 1, offset), length: 1, pieces }))
      for (const { offset, length } of ranges.rangesFor(frames))
        if (length !== Math.min(most, base) || offset < 0 || offset + length > base)
          throw new Error(`${offset}+${length}`)
    },
  )
  for (const bytes of [1, 2 ** 20, 2 ** 30, 2 ** 32]) {
    checkChunkerSettings(pieceSettings(bytes))
    t.ok(bytes / pieceSettings(bytes).averageBytes <= 2 ** 20)
  }
})

t.test('the range holds most of what is shared, whatever else is shared elsewhere', async t => {
  const ranges = new BaseRanges(10_000, 10_000, 1000)
  for (const [hash, offset] of [100, 5000, 5200, 5400, 9000].entries()) ranges.add({ offset, length: 100, hash })
  const pieces = [0, 1, 2, 3, 4].map(hash => ({ offset: hash * 100, length: 100, hash }))
  const frame = (offset: number, inside: typeof pieces = []) => ({ offset, length: 500, pieces: inside })
  t.same(ranges.rangesFor([frame(0, pieces)]), [{ offset: 4750, length: 1000 }])
  t.same(
    ranges.rangesFor([frame(1000), frame(2000, pieces), frame(3000), frame(9500)]),
    [3750, 4750, 5750, 9000].map(offset => ({ offset, length: 1000 })),
    'neighbours that tell nothing went along, and never past the end',
  )
  t.same(
    ranges.rangesFor([frame(0), frame(9500)]),
    [0, 9000].map(offset => ({ offset, length: 1000 })),
    'else the same relative place',
  )
  const silent = new BaseRanges(10_000, 10_000, 1000)
  for (const offset of [200, 7000]) silent.add({ offset, length: 100, hash: 7 })
  silent.add({ offset: 8000, length: 10, hash: 8 })
  const telling = [
    { offset: 0, length: 100, hash: 7 },
    { offset: 100, length: 5, hash: 8 },
  ]
  t.same(
    silent.rangesFor([frame(4000, telling)]),
    [{ offset: 3750, length: 1000 }],
    'twice, or too little, tells nothing',
  )
})

t.test(
  'what cannot be is told: the same image, one that ends early or changes meanwhile, a patch too long',
  async t => {
    const making = { makeFrame: quickly, framesAtOnce: 1, write: async () => {} }
    const whole = (image: Buffer, bytes = read(image)) => ({ bytes, sizeBytes: image.length })
    const small = makeImage(5000, 4)
    const other = makeImage(5000, 5)
    let reads = 0
    const changing: ImageBytes = {
      read: (...range) => read((reads++ === 0 ? small : other) as Buffer).read(...range),
    }
    const rows = [
      ['same-image', whole(small), whole(Buffer.from(small))],
      ['base-changed', whole(small, read(small, 1000, 4999)), whole(other)],
      ['image-changed', whole(other), whole(small, read(small, 1000, 4999))],
      ['image-changed', whole(makeImage(5000, 6)), whole(small, changing)],
    ] as const
    for (const [reason, base, image] of rows)
      await t.rejects(makePatch({ ...making, base, image }), { code: 'NO_PATCH', reason })
    const written: number[] = []
    const write = async (bytes: Uint8Array): Promise<void> => void written.push(bytes.length)
    const [base, image] = [whole(old), whole(makeImage(1_200_000, 9))]
    await t.rejects(makePatch({ ...making, base, image, write, patchBytesMax: 600_000 }), {
      code: 'NO_PATCH',
      reason: 'too-long',
    })
    t.equal(written.length, 2, 'magic and one frame: given up as soon as it is too long')
    const { made } = await patchBetween(old, fresh, quickly, 1)
    await makePatch({ ...making, base, image: whole(fresh), patchBytesMax: made.sizeBytes })
    await t.rejects(makePatch({ ...making, base, image: whole(fresh), patchBytesMax: made.sizeBytes - 1 }))
  },
)

t.test('what a frame decodes to is compared byte by byte, and a maker that fails makes no patch', async t => {
  mustGiveBack(old, Buffer.from(old))
  for (const other of [old.subarray(1), Buffer.concat([old, Buffer.of(0)]), Buffer.from(old).fill(7, 2_999_999)])
    t.throws(() => mustGiveBack(old, other), /other bytes/)
  const broken: MakeFrame = async () => mustGiveBack(old, fresh) as never
  await t.rejects(patchBetween(old, fresh, broken), /other bytes/)
})
