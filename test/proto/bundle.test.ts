import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import {
  BundleError,
  bundleHeaderLength,
  bundlePrefixBytes,
  decodeChunk,
  encodeBundleHead,
  encodeChunk,
  readBundleHead,
} from '../../proto/bundle.ts'
import type { ChunkEncoding } from '../../proto/chunk-piece.ts'
import { image, indexBytes, lengths } from '../vectors/sample.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const envelope = Buffer.from('an envelope')
const encoded = lengths.map((length, chunk) => ({
  encoding: (chunk === 0 ? 'deflate' : 'plain') as ChunkEncoding,
  length: chunk === 0 ? length - 1 : length,
}))
const head = encodeBundleHead(envelope, indexBytes, encoded)
const header = head.subarray(bundlePrefixBytes)

t.test('the head of a bundle says where every chunk lies', async t => {
  t.equal(bundleHeaderLength(head.subarray(0, bundlePrefixBytes)), header.length)
  const read = readBundleHead(header)
  t.ok(Buffer.from(read.envelope).equals(envelope))
  t.ok(Buffer.from(read.chunkIndexBytes).equals(indexBytes))
  let offset = head.length
  for (const [chunk, { encoding, length }] of encoded.entries()) {
    t.equal(read.encodingOf(chunk), encoding)
    t.equal(read.encodedLengthOf(chunk), length)
    t.equal(read.encodedOffsetOf(chunk), offset)
    offset += length
  }
  t.equal(read.bundleBytes, offset)
})

t.test('what is no bundle is refused, with a word for the operator', async t => {
  const prefix = head.subarray(0, bundlePrefixBytes)
  const rows: readonly [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /DROVERB1/],
    ['short', prefix.subarray(0, 11), /DROVERB1/],
    ['another magic', Buffer.from('DROVERB2\0\0\0\0'), /DROVERB1/],
    ['header of 4 GiB', Buffer.concat([prefix.subarray(0, 8), Buffer.alloc(4, 255)]), /at most/],
  ]
  for (const [name, bytes, message] of rows)
    t.throws(() => bundleHeaderLength(bytes), { code: 'BUNDLE_INVALID', message }, name)

  const heads: readonly [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /envelope: absent/],
    ['index that is none', encodeBundleHead(envelope, Buffer.from('x'), encoded), /chunk index/],
    ['one chunk less', encodeBundleHead(envelope, indexBytes, encoded.slice(1)), /do not fit/],
    [
      'plain of another length',
      encodeBundleHead(
        envelope,
        indexBytes,
        encoded.map((chunk, at) => (at === 1 ? { ...chunk, length: 1 } : chunk)),
      ),
      /chunk 1: 1 bytes/,
    ],
    [
      'deflate that is not smaller',
      encodeBundleHead(
        envelope,
        indexBytes,
        encoded.map((chunk, at) => (at === 0 ? { ...chunk, length: chunk.length + 1 } : chunk)),
      ),
      /chunk 0/,
    ],
    [
      'chunk of no bytes',
      encodeBundleHead(
        envelope,
        indexBytes,
        encoded.map((chunk, at) => (at === 0 ? { ...chunk, length: 0 } : chunk)),
      ),
      /chunk 0: 0 bytes/,
    ],
  ]
  for (const [name, bytes, message] of heads) {
    const body = name === 'empty' ? bytes : bytes.subarray(bundlePrefixBytes)
    t.throws(() => readBundleHead(body), { code: 'BUNDLE_INVALID', message }, name)
  }
})

t.test('mutated heads are read or refused with BundleError, nothing else', async t => {
  forAll(mutated([header]), 5000, bytes => {
    try {
      readBundleHead(bytes)
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
    }
  })
  forAll(mutated([head.subarray(0, bundlePrefixBytes)]), 500, bytes => {
    try {
      bundleHeaderLength(bytes)
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
    }
  })
  t.pass('nothing else')
})

t.test('a chunk travels deflated only where that is smaller, and comes back', async t => {
  t.equal(encodeChunk(Buffer.alloc(4096)).encoding, 'deflate')
  t.equal(encodeChunk(image).encoding, 'plain')
  t.equal(encodeChunk(image).bytes, image, 'not copied')
  forAll(
    fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(5000).map(length => new Uint8Array(length)),
    ),
    300,
    plain => {
      const chunk = encodeChunk(plain)
      if (chunk.bytes.length > plain.length || !Buffer.from(decodeChunk(chunk, plain.length)).equals(plain))
        throw new Error('lost')
    },
  )
})

t.test('a bomb is stopped at the length in the index', async t => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 2 ** 20))
  t.ok(bomb.length < 70_000)
  const before = process.memoryUsage()
  for (let turn = 0; turn < 20; turn += 1)
    t.throws(() => decodeChunk({ encoding: 'deflate', bytes: bomb }, 16_384), { code: 'ERR_BUFFER_TOO_LARGE' })
  const after = process.memoryUsage()
  t.ok(
    after.external + after.arrayBuffers - before.external - before.arrayBuffers < 32 * 2 ** 20,
    'no 64 MiB were made',
  )
})

t.test('what does not become exactly the length is refused', async t => {
  const plain = Buffer.from('drover '.repeat(100))
  const deflated = deflateRawSync(plain)
  t.throws(() => decodeChunk({ encoding: 'deflate', bytes: deflated }, plain.length + 1), { name: 'RangeError' })
  t.throws(() => decodeChunk({ encoding: 'deflate', bytes: deflated }, plain.length - 1))
  t.throws(() => decodeChunk({ encoding: 'plain', bytes: plain }, plain.length - 1), { name: 'RangeError' })
  t.throws(() => decodeChunk({ encoding: 'deflate', bytes: deflated.subarray(0, 5) }, plain.length))
})
