import fc from 'fast-check'
import t from 'tap'
import { ChunkIndex, ChunkIndexError, encodeChunkIndex } from '../../proto/chunk-index.ts'
import { chunkerDefaults } from '../../proto/chunker.ts'
import { encode } from '../../proto/codec.ts'
import { digests, indexBytes, lengths, settings, sha256 } from '../vectors/sample.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

t.test('offsets, lengths and digests come back as they went in', async t => {
  const index = ChunkIndex.parse(indexBytes)
  t.strictSame(index.settings, settings)
  t.equal(index.count, lengths.length)
  t.strictSame(
    Array.from({ length: index.count }, (_, chunk) => index.lengthOf(chunk)),
    lengths,
  )
  t.equal(index.offsetOf(0), 0)
  t.equal(index.offsetOf(index.count), index.imageSize)
  for (let chunk = 0; chunk < index.count; chunk += 1)
    t.ok(index.digestOf(chunk).equals(digests.subarray(chunk * 32, chunk * 32 + 32)))
})

t.test('it keeps nothing of the bytes it was read from', async t => {
  const bytes = Buffer.from(indexBytes)
  const index = ChunkIndex.parse(bytes)
  bytes.fill(0)
  t.ok(index.digestOf(0).equals(digests.subarray(0, 32)))
})

t.test('every digest is found at its first chunk, others are not', async t => {
  // Only four different digests, two of which share their first 8 bytes: found by the whole of it, never by a part.
  const near = Buffer.from(sha256('a'))
  near[8] = (near[8] ?? 0) ^ 1
  const kinds = [sha256('a'), near, sha256('b'), Buffer.alloc(32)]
  forAll(fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), 300, order => {
    const packed = Buffer.concat(order.map(kind => kinds[kind] as Buffer))
    const index = ChunkIndex.parse(
      encodeChunkIndex(
        settings,
        order.map(() => 300),
        packed,
      ),
    )
    for (const [kind, digest] of kinds.entries()) {
      const first = order.indexOf(kind)
      if (index.find(digest) !== (first < 0 ? undefined : first)) throw new Error(`kind ${kind} of ${order}`)
    }
    for (const stranger of [sha256('c'), Buffer.alloc(32, 255), Buffer.alloc(31), Buffer.alloc(0)])
      if (index.find(stranger) !== undefined) throw new Error('found a stranger')
  })
  t.pass('found')
})

t.test('the index of an image of 2 GiB is searched without objects, hostile digests included', async t => {
  const count = 131_072
  const random = Buffer.concat(
    Array.from({ length: count / 64 }, (_, at) => Buffer.concat(Array.from({ length: 64 }, () => sha256(`${at}`)))),
  )
  const same = Buffer.alloc(count * 32, 1)
  for (const packed of [random, same]) {
    const index = ChunkIndex.parse(encodeChunkIndex(chunkerDefaults, Array(count).fill(16_384), packed))
    t.equal(index.imageSize, 2 ** 31)
    t.equal(index.find(packed.subarray(0, 32)), 0)
    t.equal(index.find(packed.subarray(-32)), packed === same ? 0 : count - 64)
  }
})

t.test('mutated bytes parse or throw ChunkIndexError, nothing else', async t => {
  forAll(mutated([indexBytes]), 5000, bytes => {
    try {
      ChunkIndex.parse(bytes)
    } catch (error) {
      if (!(error instanceof ChunkIndexError)) throw error
    }
  })
  t.pass('nothing else')
})

t.test('over 8 MiB is refused before it is read', async t => {
  const huge = encode('ChunkIndex', { lengths: new Uint8Array(8 * 2 ** 20) })
  t.throws(() => ChunkIndex.parse(huge), { code: 'CHUNK_INDEX_INVALID', message: /at most 8388608 bytes/ })
})
