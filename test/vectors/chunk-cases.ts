// Vectors of the byte path: where the chunker cuts, the chunk index, chunks as they travel.
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import type { ChunkEncoding } from '../../proto/chunk-piece.ts'
import { type ChunkerSettings, chunkerDefaults, chunkLengths } from '../../proto/chunker.ts'
import { encode, type WireChunkIndex } from '../../proto/codec.ts'
import { deflatedRun, deflateStored } from './deflate.ts'
import { judgeChunk, judgeChunkIndex } from './judge.ts'
import { digests, digestsOf, image, indexBytes, lengths, settings, sha256, stream } from './sample.ts'
import { base64, type Json, jsonOf, type VectorCase, type VectorFile } from './vector-file.ts'
import { numberField } from './wire.ts'

const u32 = (numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(numbers.length * 4)
  numbers.forEach((number, at) => {
    bytes.writeUInt32LE(number, at * 4)
  })
  return bytes
}
const hexDigests = (bytes: Buffer): string[] =>
  Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32).toString('hex'))

const sampleWire: WireChunkIndex = { ...settings, imageSize: image.length, lengths: u32(lengths), digests }
const indexOf = (changes: { readonly [F in keyof WireChunkIndex]?: WireChunkIndex[F] | undefined }): Buffer => {
  const wire: Record<string, unknown> = { ...sampleWire, ...changes }
  for (const [field, value] of Object.entries(wire)) if (value === undefined) delete wire[field]
  return encode('ChunkIndex', wire)
}
const indexRead = (cuts: readonly number[], hashes: readonly string[], used: ChunkerSettings = settings): Json => {
  let offset = 0
  const chunks = cuts.map((length, at) => {
    offset += length
    return { offset: offset - length, length, sha256: hashes[at] ?? '' }
  })
  return jsonOf({ index: { ...used, imageSize: offset, chunks } })
}

const tiny = stream('drover test tiny', 100)
const malformed: Json = { code: 'UPD4_FAIL_22' }
const indexRows: readonly [
  name: string,
  about: string,
  bytes: Uint8Array,
  expect: Json,
  declared?: { sha256?: string; payloadSize?: number },
][] = [
  ['sample', 'The index of the sample image.', indexBytes, indexRead(lengths, hexDigests(digests))],
  [
    'one chunk',
    'An image below the minimum is one chunk.',
    encodeChunkIndex(settings, [100], sha256(tiny)),
    indexRead([100], [sha256(tiny).toString('hex')]),
    { payloadSize: 100 },
  ],
  [
    'other digest',
    'Not the bytes the manifest vouches for.',
    indexBytes,
    { code: 'UPD4_FAIL_26' },
    { sha256: '00'.repeat(32) },
  ],
  [
    'flipped bit',
    'In the last digest.',
    Buffer.concat([indexBytes.subarray(0, -1), Buffer.of((indexBytes.at(-1) ?? 0) ^ 1)]),
    { code: 'UPD4_FAIL_26' },
    { sha256: sha256(indexBytes).toString('hex') },
  ],
  ['empty', 'No bytes.', new Uint8Array(0), malformed],
  ['truncated', 'The last byte is missing.', indexBytes.subarray(0, -1), malformed],
  ['unknown field', 'A well-formed field 7.', Buffer.concat([indexBytes, numberField(7, 1)]), malformed],
  [
    'other image size',
    'A lawful index of another size than the manifest names.',
    indexBytes,
    malformed,
    { payloadSize: image.length + 1 },
  ],
  [
    'lengths do not add up',
    'The last length is one more.',
    indexOf({ lengths: u32(lengths.map((length, at) => (at === lengths.length - 1 ? length + 1 : length))) }),
    malformed,
  ],
  [
    'length 0',
    'A chunk has one byte at least.',
    indexOf({ lengths: u32([0, ...lengths.slice(1)]), imageSize: image.length - (lengths[0] ?? 0) }),
    malformed,
  ],
  [
    'length over the maximum',
    'One chunk longer than the settings allow.',
    indexOf({ lengths: u32([8192]), digests: digests.subarray(0, 32) }),
    malformed,
  ],
  [
    'sum over 2^32',
    'Lengths whose sum fits only when cut to 32 bits.',
    indexOf({ lengths: u32([0xffffffff, 0x2001]), digests: digests.subarray(0, 64) }),
    malformed,
  ],
  ['one digest less', 'As many digests as lengths.', indexOf({ digests: digests.subarray(32) }), malformed],
  ['one length less', 'As many lengths as digests.', indexOf({ lengths: u32(lengths.slice(1)) }), malformed],
  ['half a length', 'Four bytes each.', indexOf({ lengths: u32(lengths).subarray(1) }), malformed],
  ['half a digest', '32 bytes each.', indexOf({ digests: digests.subarray(1) }), malformed],
  [
    'no chunks',
    'An image has one byte at least.',
    indexOf({ lengths: new Uint8Array(0), digests: new Uint8Array(0), imageSize: 0 }),
    malformed,
    { payloadSize: 0 },
  ],
  ['image size absent', 'Required.', indexOf({ imageSize: undefined }), malformed],
  ['minimum absent', 'Required.', indexOf({ minimumBytes: undefined }), malformed],
  ['minimum 255', 'At least 256.', indexOf({ minimumBytes: 255 }), malformed],
  ['average not a power of two', 'It has to be one.', indexOf({ averageBytes: 1000 }), malformed],
  ['maximum below average', 'Minimum, average, maximum.', indexOf({ maximumBytes: 512 }), malformed],
  ['maximum over 1 MiB', 'More than any chunk may have.', indexOf({ maximumBytes: 2 ** 20 + 1 }), malformed],
]

export function chunkIndexes(): VectorFile {
  return {
    kind: 'chunk-index',
    about: 'The bytes of a chunk index, with what the signed manifest says of them.',
    cases: indexRows.map(([name, about, bytes, expect, declared = {}]) => ({
      name,
      about,
      chunkIndexSha256: declared.sha256 ?? sha256(bytes).toString('hex'),
      payloadSize: declared.payloadSize ?? image.length,
      bytes: base64(bytes),
      expect,
    })),
  }
}

export function judgeChunkIndexCase(vector: VectorCase): Json {
  const bytes = Buffer.from(String(vector.bytes), 'base64')
  return judgeChunkIndex(bytes, String(vector.chunkIndexSha256), Number(vector.payloadSize))
}

const text = Buffer.from('drover drives devices home. '.repeat(40))
const deflated = deflateStored(text)
const bomb = deflatedRun('\0', 1 + 258 * 800)
const endless = Buffer.concat([Buffer.of(0), deflated.subarray(1)])
const wrong: Json = { code: 'UPD4_FAIL_26' }
const chunkRows: readonly [
  name: string,
  about: string,
  encoding: ChunkEncoding,
  bytes: Uint8Array,
  plain: Uint8Array,
  expect?: Json,
][] = [
  ['plain', 'As it stands in the image.', 'plain', text, text],
  ['deflate', 'RFC 1951, raw: no zlib head, no checksum.', 'deflate', deflated, text],
  ['another chunk', 'Right length, other bytes.', 'plain', Buffer.from(text).fill(0), text, wrong],
  ['plain, too short', 'One byte is missing.', 'plain', text.subarray(1), text, wrong],
  ['plain, too long', 'One byte more.', 'plain', Buffer.concat([text, Buffer.of(0)]), text, wrong],
  ['deflate, truncated', 'The stream has no end.', 'deflate', deflated.subarray(0, -4), text, wrong],
  ['deflate, garbage', 'Block type 3 does not exist.', 'deflate', Buffer.of(0xff, 0xff, 0xff), text, wrong],
  ['deflate, bomb', '1.3 KB that inflate to 206 KB: stopped at the length in the index.', 'deflate', bomb, text, wrong],
  [
    'deflate, bytes behind it',
    'The stream inflates to the chunk, and a byte is left over.',
    'deflate',
    Buffer.concat([deflated, Buffer.of(0)]),
    text,
    wrong,
  ],
  ['deflate, no final block', 'All plain bytes are there; the stream does not end.', 'deflate', endless, text, wrong],
  [
    'deflate, empty final block',
    'A second block that says nothing but the end.',
    'deflate',
    Buffer.concat([endless, Buffer.of(3, 0)]),
    text,
  ],
  ['deflate, empty', 'No bytes.', 'deflate', new Uint8Array(0), text, wrong],
  ['plain bytes as deflate', 'The encoding is a claim like any other.', 'deflate', text, text, wrong],
]

export function chunks(): VectorFile {
  return {
    kind: 'chunk',
    about: 'One whole chunk as it travels, with length and digest from the chunk index.',
    cases: chunkRows.map(([name, about, encoding, bytes, plain, expect]) => ({
      name,
      about,
      encoding,
      length: plain.length,
      sha256: sha256(plain).toString('hex'),
      bytes: base64(bytes),
      expect: expect ?? { plain: jsonOf(plain) },
    })),
  }
}

export function judgeChunkCase(vector: VectorCase): Json {
  const bytes = Buffer.from(String(vector.bytes), 'base64')
  return judgeChunk(bytes, vector.encoding as ChunkEncoding, Number(vector.length), String(vector.sha256))
}

const cutRows: readonly [name: string, about: string, seed: string, length: number, used: ChunkerSettings][] = [
  ['sample image', 'Small settings, so that all three kinds of cut occur.', 'drover test image', 8192, settings],
  ['defaults', 'The settings that the tools use.', 'drover test image', 262144, chunkerDefaults],
  ['below the minimum', 'One chunk.', 'drover test image', 200, settings],
  ['at the minimum', 'Still one chunk.', 'drover test image', 256, settings],
  ['maximum is average', 'No room after the average.', 'drover test image', 8192, { ...settings, maximumBytes: 1024 }],
]

/** Written from the chunker: what is proved is that it never cuts elsewhere again. chunker.test.ts says how it cuts. */
export function cuts(): VectorFile {
  return {
    kind: 'cuts',
    about:
      'Chunk lengths of an image. Image: SHA-256("{seed} 0") then SHA-256("{seed} 1") and so on, first `length` bytes.',
    cases: cutRows.map(([name, about, seed, length, used]) => {
      const bytes = stream(seed, length)
      const found = chunkLengths(bytes, used)
      return {
        name,
        about,
        seed,
        length,
        settings: jsonOf(used),
        imageSha256: sha256(bytes).toString('hex'),
        expect: { lengths: found, digestsSha256: sha256(digestsOf(bytes, found)).toString('hex') },
      }
    }),
  }
}

export function judgeCuts(vector: VectorCase): Json {
  const bytes = stream(String(vector.seed), Number(vector.length))
  const found = chunkLengths(bytes, vector.settings as unknown as ChunkerSettings)
  return { lengths: found, digestsSha256: sha256(digestsOf(bytes, found)).toString('hex') }
}
