// What chunks alone save between two images, by the settings of the chunker, and how fast the chunker cuts.
import { createHash } from 'node:crypto'
import { encodeChunk } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { type ChunkerSettings, chunkLengths } from '../../proto/chunker.ts'
import { median } from '../engine/printing.ts'

export interface ChunkShare {
  /** Encoded chunks of the new image that the old one has not, bytes. */
  readonly chunkBytes: number
  readonly indexBytes: number
  readonly chunkCount: number
}

export function chunkShare(before: Buffer, after: Buffer, settings: ChunkerSettings): ChunkShare {
  const held = new Set(chunksOf(before, settings).map(({ digest }) => digest.toString('latin1')))
  const chunks = chunksOf(after, settings)
  let chunkBytes = 0
  for (const { digest, bytes } of chunks) {
    const name = digest.toString('latin1')
    if (held.has(name)) continue
    held.add(name)
    chunkBytes += encodeChunk(bytes).bytes.length
  }
  const digests = Buffer.concat(chunks.map(({ digest }) => digest))
  const lengths = chunks.map(({ bytes }) => bytes.length)
  return { chunkBytes, indexBytes: encodeChunkIndex(settings, lengths, digests).length, chunkCount: chunks.length }
}

/** MB a second on this thread: cutting alone, and with the digest of each chunk; the median of some runs. */
export function chunkerSpeed(
  image: Buffer,
  settings: ChunkerSettings,
  runs: number,
): { readonly cut: number; readonly cutAndHash: number } {
  const cut: number[] = []
  const cutAndHash: number[] = []
  for (let run = -1; run < runs; run += 1) {
    const alone = cpuSecondsOf(() => chunkLengths(image, settings))
    const both = cpuSecondsOf(() => chunksOf(image, settings))
    if (run < 0) continue
    cut.push(image.length / 1e6 / alone)
    cutAndHash.push(image.length / 1e6 / both)
  }
  return { cut: median(cut), cutAndHash: median(cutAndHash) }
}

/** CPU, not time: others may be working on the machine. */
function cpuSecondsOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function chunksOf(
  image: Buffer,
  settings: ChunkerSettings,
): readonly { readonly digest: Buffer; readonly bytes: Buffer }[] {
  let offset = 0
  return chunkLengths(image, settings).map(length => {
    const bytes = image.subarray(offset, offset + length)
    offset += length
    return { digest: createHash('sha256').update(bytes).digest(), bytes }
  })
}
