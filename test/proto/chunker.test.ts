import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  type ChunkerSettings,
  checkChunkerSettings,
  chunkerDefaults,
  chunkLengths,
  cutPoint,
} from '../../proto/chunker.ts'
import { stream } from '../vectors/sample.ts'
import { forAll, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

/** Deterministic noise without structure: a four-byte generator (xorshift), quick enough for megabytes. */
function noise(length: number, start = 0x9e3779b9): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = start
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return Buffer.from(words.buffer, 0, length)
}

function pieces(image: Uint8Array, lengths: readonly number[]): string[] {
  let offset = 0
  return lengths.map(length => {
    offset += length
    return createHash('sha256')
      .update(image.subarray(offset - length, offset))
      .digest('hex')
  })
}

/** Share of the chunks of `next` that are not among those of `base`. */
function newShare(base: readonly string[], next: readonly string[]): number {
  const held = new Set(base)
  return next.filter(digest => !held.has(digest)).length / next.length
}

const small: ChunkerSettings = { minimumBytes: 256, averageBytes: 512, maximumBytes: 2048 }

t.test('the same bytes are cut at the same places, all of them, between minimum and maximum', async t => {
  forAll(
    fc.tuple(fc.uint8Array({ maxLength: 20_000, size: 'max' }), fc.constantFrom(small, chunkerDefaults)),
    300,
    ([bytes, settings]) => {
      const lengths = chunkLengths(bytes, settings)
      if (lengths.join() !== chunkLengths(Uint8Array.from(bytes), settings).join()) throw new Error('other cuts')
      if (lengths.reduce((sum, length) => sum + length, 0) !== bytes.length) throw new Error('bytes left out')
      for (const [at, length] of lengths.entries()) {
        if (length > settings.maximumBytes || length < 1) throw new Error(`length ${length}`)
        if (length < settings.minimumBytes && at !== lengths.length - 1) throw new Error(`length ${length}`)
      }
    },
  )
  t.strictSame(chunkLengths(new Uint8Array(0), small), [])
})

t.test('bytes without any structure for a cut are cut at the maximum', async t => {
  t.strictSame(chunkLengths(new Uint8Array(5000), small), [2048, 2048, 904])
})

t.test('the average is near the one that was asked for', async t => {
  const image = noise(4 * 2 ** 20)
  const average = image.length / chunkLengths(image, chunkerDefaults).length
  t.ok(average > 12_000 && average < 24_000, `${average}`)
})

t.test('1 KiB inserted near the start leaves more than 90 % of the chunks; fixed sizes would leave none', async t => {
  const before = noise(4 * 2 ** 20)
  const after = Buffer.concat([before.subarray(0, 5000), stream('inserted', 1024), before.subarray(5000)])
  const content = (image: Uint8Array): string[] => pieces(image, chunkLengths(image, chunkerDefaults))
  const share = newShare(content(before), content(after))
  t.ok(share < 0.1, `${share} of the chunks are new`)
  const fixed = (image: Uint8Array): string[] =>
    pieces(
      image,
      Array.from({ length: Math.ceil(image.length / 16384) }, (_, at) => Math.min(16384, image.length - at * 16384)),
    )
  t.equal(newShare(fixed(before), fixed(after)), 1)
})

t.test('10 % overwritten in two runs leaves more than 85 % of the chunks', async t => {
  const before = noise(4 * 2 ** 20)
  const after = Buffer.from(before)
  noise(2 ** 18 - 51200, 1).copy(after, 2 ** 20)
  noise(2 ** 18 - 51200, 2).copy(after, 3 * 2 ** 20)
  const content = (image: Uint8Array): string[] => pieces(image, chunkLengths(image, chunkerDefaults))
  t.ok(newShare(content(before), content(after)) < 0.15)
})

t.test('a cut needs no more than the maximum ahead, so an image can be cut as it streams', async t => {
  const image = noise(200_000)
  let start = 0
  for (const length of chunkLengths(image, small)) {
    const window = image.subarray(start, start + small.maximumBytes)
    t.equal(cutPoint(window, 0, window.length, small), length)
    start += length
  }
})

t.test('settings that cannot work are refused by name', async t => {
  const rows: readonly [Partial<ChunkerSettings>, RegExp][] = [
    [{ minimumBytes: 255 }, /^minimumBytes/],
    [{ minimumBytes: 256.5 }, /^minimumBytes/],
    [{ minimumBytes: Number.NaN }, /^minimumBytes/],
    [{ minimumBytes: 1024 }, /^averageBytes/],
    [{ averageBytes: 600 }, /^averageBytes/],
    [{ averageBytes: 2 ** 21 }, /^averageBytes/],
    [{ maximumBytes: 511 }, /^maximumBytes/],
    [{ maximumBytes: 2 ** 20 + 1 }, /^maximumBytes/],
  ]
  for (const [change, message] of rows)
    t.throws(() => checkChunkerSettings({ ...small, ...change }), { name: 'RangeError', message })
  t.doesNotThrow(() => checkChunkerSettings({ minimumBytes: 256, averageBytes: 256, maximumBytes: 256 }))
  t.doesNotThrow(() => checkChunkerSettings({ minimumBytes: 2 ** 20, averageBytes: 2 ** 20, maximumBytes: 2 ** 20 }))
})
