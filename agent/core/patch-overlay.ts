// The outputs of a patch laid over the chunks of the image: frames end where they like, so a chunk may begin in one and
// end in a later one. Pure. Memory: one chunk that is not whole yet.
import type { Holdings } from './holdings.ts'

export interface LaidChunk {
  readonly chunk: number
  /** A view of the output, or of memory of its own. */
  readonly bytes: Uint8Array
}

export class PatchOverlay {
  readonly #holdings: Holdings
  /** The missing chunk that the last output broke off in. */
  #begun: { readonly chunk: number; readonly bytes: Buffer; filledBytes: number } | undefined

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  /**
   * The missing chunks that are whole with this output, in order. Outputs come in the order of their offsets; between two
   * of them others may have been left out. Nothing says that the bytes are right.
   */
  *lay(outputOffset: number, output: Uint8Array): Generator<LaidChunk, void> {
    const { index } = this.#holdings
    const end = Math.min(outputOffset + output.length, index.imageSize)
    for (let chunk = this.#holdings.chunkAt(outputOffset); index.offsetOf(chunk) < end; chunk += 1) {
      if (!this.#holdings.isMissing(chunk)) continue
      const start = index.offsetOf(chunk)
      const stop = index.offsetOf(chunk + 1)
      const part = output.subarray(Math.max(0, start - outputOffset), Math.min(stop, end) - outputOffset)
      const bytes = start >= outputOffset && stop <= end ? part : this.#joined(chunk, outputOffset - start, part)
      if (bytes !== undefined) yield { chunk, bytes }
    }
  }

  /** The chunk when this part is its last one. `at`: where in the chunk the output begins; below 0: the chunk begins in it. */
  #joined(chunk: number, at: number, part: Uint8Array): Uint8Array | undefined {
    if (at <= 0) this.#begun = { chunk, bytes: Buffer.alloc(this.#holdings.index.lengthOf(chunk)), filledBytes: 0 }
    const begun = this.#begun
    // Its beginning was left out.
    if (begun?.chunk !== chunk) return undefined
    begun.bytes.set(part, begun.filledBytes)
    begun.filledBytes += part.length
    if (begun.filledBytes < begun.bytes.length) return undefined
    this.#begun = undefined
    return begun.bytes
  }
}
