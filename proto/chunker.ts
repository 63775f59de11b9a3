// Content-defined chunking (FastCDC with normalised cut points): a boundary depends on the bytes around it, not on
// their offset, so bytes inserted near the start of an image leave almost all chunks as they were. The settings travel
// in the chunk index; a device needs them only to chunk an image it holds without an index.
import { createHash } from 'node:crypto'
import { chunkBytesLeast, chunkBytesMax } from './limits.ts'

/** Bytes; least ≤ average ≤ most, average a power of two. */
export interface ChunkerSettings {
  readonly minimumBytes: number
  readonly averageBytes: number
  readonly maximumBytes: number
}

export const chunkerDefaults: ChunkerSettings = { minimumBytes: 4096, averageBytes: 16384, maximumBytes: 65536 }

/** Throws RangeError naming the setting unless the three are usable. */
export function checkChunkerSettings(settings: ChunkerSettings): void {
  const { minimumBytes, averageBytes, maximumBytes } = settings
  const usable = (value: number): boolean =>
    Number.isInteger(value) && value >= chunkBytesLeast && value <= chunkBytesMax
  if (!usable(minimumBytes)) throw new RangeError(`minimumBytes: expected ${chunkBytesLeast} to ${chunkBytesMax}`)
  if (!usable(averageBytes) || averageBytes < minimumBytes || (averageBytes & (averageBytes - 1)) !== 0)
    throw new RangeError('averageBytes: expected a power of two, at least minimumBytes')
  if (!usable(maximumBytes) || maximumBytes < averageBytes)
    throw new RangeError('maximumBytes: expected at least averageBytes')
}

/** gear[i] = the first four bytes, little endian, of SHA-256("drover-gear-" + i in decimal). */
const gear = Int32Array.from({ length: 256 }, (_, byte) =>
  createHash('sha256').update(`drover-gear-${byte}`).digest().readInt32LE(0),
)

/**
 * Where the chunk that begins at `start` ends. `bytes` must hold at least `maximumBytes` from `start`, or reach to the
 * end of the image. The hash starts at 0 after the minimum; the mask has two bits more than log2(average) before the
 * average is reached and two fewer after it, counted from the top of the 32-bit hash.
 */
export function cutPoint(bytes: Uint8Array, start: number, end: number, settings: ChunkerSettings): number {
  if (end - start <= settings.minimumBytes) return end
  const bits = 31 - Math.clz32(settings.averageBytes)
  const strict = -1 << (32 - bits - 2)
  const loose = -1 << (32 - bits + 2)
  const average = Math.min(start + settings.averageBytes, end)
  const limit = Math.min(start + settings.maximumBytes, end)
  let position = start + settings.minimumBytes
  let hash = 0
  for (; position < average; position += 1) {
    hash = ((hash << 1) + (gear[bytes[position] as number] as number)) | 0
    if ((hash & strict) === 0) return position + 1
  }
  for (; position < limit; position += 1) {
    hash = ((hash << 1) + (gear[bytes[position] as number] as number)) | 0
    if ((hash & loose) === 0) return position + 1
  }
  return limit
}

/** All chunk lengths of an image held in memory. */
export function chunkLengths(image: Uint8Array, settings: ChunkerSettings): number[] {
  const lengths: number[] = []
  for (let start = 0; start < image.length; ) {
    const cut = cutPoint(image, start, image.length, settings)
    lengths.push(cut - start)
    start = cut
  }
  return lengths
}
