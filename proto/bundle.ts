// A bundle file is what an operator uploads: the signed manifest, the chunk index and every chunk as it will travel.
//
//   "DROVERB1" │ uint32le header length │ BundleHeader │ encoded chunk 0 │ encoded chunk 1 │ …
//
// This file knows the head; reading and writing the body is the caller's, who streams it.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { ChunkIndex } from './chunk-index.ts'
import { type ChunkEncoding, chunkEncodings } from './chunk-piece.ts'
import { decode, encode, WireError } from './codec.ts'
import { chunkIndexBytesMax, envelopeBytesMax } from './limits.ts'

const magic = Buffer.from('DROVERB1')
export const bundlePrefixBytes = magic.length + 4
const headerBytesMax = chunkIndexBytesMax + chunkIndexBytesMax / 4 + envelopeBytesMax

/** The bytes are no bundle. Shown to the operator who uploads it. */
export class BundleError extends Error {
  override readonly name = 'BundleError'
  readonly code = 'BUNDLE_INVALID'
}

export interface BundleHead {
  readonly envelope: Uint8Array
  /** Exactly the digested bytes. */
  readonly chunkIndexBytes: Uint8Array
  readonly index: ChunkIndex
  readonly encodingOf: (chunk: number) => ChunkEncoding
  readonly encodedLengthOf: (chunk: number) => number
  /** From the first byte of the file. */
  readonly encodedOffsetOf: (chunk: number) => number
  /** Length of the whole file. */
  readonly bundleBytes: number
}

/** Length of the header that follows the first `bundlePrefixBytes`. Throws BundleError. */
export function bundleHeaderLength(prefix: Uint8Array): number {
  if (prefix.length < bundlePrefixBytes || !magic.equals(prefix.subarray(0, magic.length)))
    throw new BundleError('not a Drover bundle: the file does not begin with DROVERB1')
  const length = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength).readUInt32LE(magic.length)
  if (length > headerBytesMax) throw new BundleError(`header of ${length} bytes, expected at most ${headerBytesMax}`)
  return length
}

/** Throws BundleError. Copies what it keeps. */
export function readBundleHead(header: Uint8Array): BundleHead {
  const { envelope, chunkIndexBytes, lengths, encodings } = headerParts(header)
  let index: ChunkIndex
  try {
    index = ChunkIndex.parse(chunkIndexBytes)
  } catch (cause) {
    throw new BundleError(`chunk index: ${(cause as Error).message}`, { cause })
  }
  if (lengths.length !== index.count * 4 || encodings.length !== index.count)
    throw new BundleError('encodedLengths and encodings do not fit the chunk index')
  const offsets = new Float64Array(index.count + 1)
  offsets[0] = bundlePrefixBytes + header.length
  for (let chunk = 0; chunk < index.count; chunk += 1) {
    const length = lengths.readUInt32LE(chunk * 4)
    const encoding = chunkEncodings[(encodings[chunk] ?? 0) - 1]
    const fits = encoding === 'plain' ? length === index.lengthOf(chunk) : length < index.lengthOf(chunk)
    if (encoding === undefined || length < 1 || !fits)
      throw new BundleError(`chunk ${chunk}: ${length} bytes encoded as ${encoding ?? encodings[chunk]}`)
    offsets[chunk + 1] = (offsets[chunk] as number) + length
  }
  return {
    envelope,
    chunkIndexBytes,
    index,
    encodingOf: chunk => chunkEncodings[(encodings[chunk] as number) - 1] as ChunkEncoding,
    encodedLengthOf: chunk => (offsets[chunk + 1] as number) - (offsets[chunk] as number),
    encodedOffsetOf: chunk => offsets[chunk] as number,
    bundleBytes: offsets[index.count] as number,
  }
}

export interface EncodedChunk {
  readonly encoding: ChunkEncoding
  readonly bytes: Uint8Array
}

/** The chunk as it will travel: deflated where that is smaller. */
export function encodeChunk(plain: Uint8Array): EncodedChunk {
  const deflated = deflateRawSync(plain, { level: 9 })
  return deflated.length < plain.length ? { encoding: 'deflate', bytes: deflated } : { encoding: 'plain', bytes: plain }
}

/**
 * The plain bytes, at most `plainLength`; throws (RangeError or zlib's error) for anything that does not inflate to them, a
 * stream without its final block and bytes behind it included.
 */
export function decodeChunk(chunk: EncodedChunk, plainLength: number): Uint8Array {
  const plain = chunk.encoding === 'plain' ? chunk.bytes : inflated(chunk.bytes, plainLength)
  if (plain.length !== plainLength) throw new RangeError(`expected ${plainLength} bytes, got ${plain.length}`)
  return plain
}

/** zlib stops at the end of a stream and passes over what follows; with `info`, which its types do not know, it tells where. */
function inflated(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const { buffer, engine } = inflateRawSync(bytes, {
    maxOutputLength: Math.max(bytesMax, 1),
    info: true,
  }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
  const left = bytes.length - engine.bytesWritten
  if (left !== 0) throw new RangeError(`${left} bytes are left over behind the deflate stream`)
  return buffer
}

/** The bytes before the first chunk. */
export function encodeBundleHead(
  envelope: Uint8Array,
  chunkIndex: Uint8Array,
  chunks: readonly { readonly encoding: ChunkEncoding; readonly length: number }[],
): Buffer {
  const encodedLengths = Buffer.alloc(chunks.length * 4)
  const encodings = Buffer.alloc(chunks.length)
  chunks.forEach(({ encoding, length }, chunk) => {
    encodedLengths.writeUInt32LE(length, chunk * 4)
    encodings[chunk] = chunkEncodings.indexOf(encoding) + 1
  })
  const header = encode('BundleHeader', { envelope, chunkIndex, encodedLengths, encodings })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  return Buffer.concat([magic, length, header])
}

function headerParts(header: Uint8Array): {
  envelope: Buffer
  chunkIndexBytes: Buffer
  lengths: Buffer
  encodings: Buffer
} {
  try {
    const wire = decode('BundleHeader', header, headerBytesMax)
    const part = (bytes: Uint8Array | undefined, field: string): Buffer => {
      if (bytes === undefined) throw new WireError(`BundleHeader.${field}`, 'absent')
      return Buffer.from(bytes)
    }
    return {
      envelope: part(wire.envelope, 'envelope'),
      chunkIndexBytes: part(wire.chunkIndex, 'chunkIndex'),
      lengths: part(wire.encodedLengths, 'encodedLengths'),
      encodings: part(wire.encodings, 'encodings'),
    }
  } catch (cause) {
    throw new BundleError((cause as Error).message, { cause })
  }
}
