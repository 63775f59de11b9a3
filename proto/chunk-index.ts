// The list of all chunks of one image, packed: four bytes of length and 32 of SHA-256 a chunk, searched in place. As
// objects the index of a 4 GiB image would cost 37 MB; like this it costs what it weighs, plus 12 bytes a chunk.

import { type ChunkerSettings, checkChunkerSettings } from './chunker.ts'
import { decode, encode, WireError } from './codec.ts'
import { chunkBytesMax, chunkIndexBytesMax, imageBytesMax } from './limits.ts'

/** What a chunk takes in an index, bytes: its length and its digest. */
export const indexBytesPerChunk = 36

/** The bytes are no chunk index, or contradict themselves (a device reports UPD4_FAIL_22). */
export class ChunkIndexError extends Error {
  override readonly name = 'ChunkIndexError'
  readonly code = 'CHUNK_INDEX_INVALID'
}

export class ChunkIndex {
  readonly settings: ChunkerSettings
  readonly imageSize: number
  readonly count: number
  readonly #digests: Buffer
  /** offsets[i] = start of chunk i; offsets[count] = imageSize. */
  readonly #offsets: Float64Array
  #order: Uint32Array | undefined

  /** Throws ChunkIndexError unless bytes decode and the lengths add up to the image size. Copies what it keeps. */
  static parse(bytes: Uint8Array): ChunkIndex {
    let wire: ReturnType<typeof decode<'ChunkIndex'>>
    try {
      wire = decode('ChunkIndex', bytes, chunkIndexBytesMax)
    } catch (cause) {
      throw new ChunkIndexError(cause instanceof WireError ? cause.message : 'does not decode', { cause })
    }
    const { minimumBytes, averageBytes, maximumBytes, imageSize, lengths, digests } = wire
    if (minimumBytes === undefined || averageBytes === undefined || maximumBytes === undefined)
      throw new ChunkIndexError('settings absent')
    const settings = { minimumBytes, averageBytes, maximumBytes }
    try {
      checkChunkerSettings(settings)
    } catch (cause) {
      throw new ChunkIndexError((cause as RangeError).message, { cause })
    }
    if (imageSize === undefined || imageSize < 1 || imageSize > imageBytesMax) throw new ChunkIndexError('imageSize')
    if (lengths === undefined || digests === undefined) throw new ChunkIndexError('lengths or digests absent')
    if (lengths.length % 4 !== 0 || lengths.length / 4 !== digests.length / 32)
      throw new ChunkIndexError(`${lengths.length} bytes of lengths do not fit ${digests.length} bytes of digests`)
    return new ChunkIndex(settings, imageSize, lengths, digests)
  }

  private constructor(settings: ChunkerSettings, imageSize: number, lengths: Uint8Array, digests: Uint8Array) {
    this.settings = settings
    this.imageSize = imageSize
    this.count = lengths.length / 4
    this.#digests = Buffer.from(digests)
    this.#offsets = new Float64Array(this.count + 1)
    const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength)
    let offset = 0
    for (let chunk = 0; chunk < this.count; chunk += 1) {
      const length = view.getUint32(chunk * 4, true)
      if (length < 1 || length > settings.maximumBytes || length > chunkBytesMax)
        throw new ChunkIndexError(`length of chunk ${chunk}: ${length}`)
      offset += length
      this.#offsets[chunk + 1] = offset
    }
    if (offset !== imageSize) throw new ChunkIndexError(`lengths add up to ${offset}, image size is ${imageSize}`)
  }

  /** Start of the chunk in the image, bytes. `chunk` in 0..count. */
  offsetOf(chunk: number): number {
    return this.#offsets[chunk] as number
  }

  lengthOf(chunk: number): number {
    return (this.#offsets[chunk + 1] as number) - (this.#offsets[chunk] as number)
  }

  /** A view of the 32 bytes; do not write. */
  digestOf(chunk: number): Buffer {
    return this.#digests.subarray(chunk * 32, chunk * 32 + 32)
  }

  /** The first chunk with this digest, or undefined. Sorts once, 4 bytes a chunk. */
  find(digest: Uint8Array): number | undefined {
    return this.#from(digest).next().value
  }

  /** Every chunk with this digest, in the order of their numbers. Sorts once, as `find`. */
  findAll(digest: Uint8Array): readonly number[] {
    return [...this.#from(digest)]
  }

  *#from(digest: Uint8Array): Generator<number, undefined> {
    this.#order ??= this.#sorted()
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      const start = (this.#order[middle] as number) * 32
      if (this.#digests.compare(digest, 0, digest.length, start, start + 32) < 0) low = middle + 1
      else high = middle
    }
    for (; low < this.count; low += 1) {
      const chunk = this.#order[low] as number
      if (!this.digestOf(chunk).equals(digest)) return
      yield chunk
    }
  }

  /** Chunk numbers by digest, then by number. The first 48 bits decide almost always, so they are taken out once. */
  #sorted(): Uint32Array {
    const keys = Float64Array.from({ length: this.count }, (_, chunk) => this.#digests.readUIntBE(chunk * 32, 6))
    return Uint32Array.from(keys, (_, chunk) => chunk).sort(
      (a, b) =>
        (keys[a] as number) - (keys[b] as number) ||
        this.#digests.compare(this.#digests, b * 32, b * 32 + 32, a * 32, a * 32 + 32) ||
        a - b,
    )
  }
}

/** `digests` holds 32 bytes a chunk, in order. The image size is the sum of the lengths. */
export function encodeChunkIndex(settings: ChunkerSettings, lengths: readonly number[], digests: Uint8Array): Buffer {
  const packed = Buffer.alloc(lengths.length * 4)
  lengths.forEach((length, chunk) => {
    packed.writeUInt32LE(length, chunk * 4)
  })
  const imageSize = lengths.reduce((sum, length) => sum + length, 0)
  return encode('ChunkIndex', { ...settings, imageSize, lengths: packed, digests })
}
