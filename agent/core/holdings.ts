// What of an image is here without a chunk of it having been asked for: found in the candidate, copied from the installed
// image, or made by a patch. Memory: a byte a chunk.
import type { ChunkIndex } from '../../proto/chunk-index.ts'

export class Holdings {
  readonly index: ChunkIndex
  readonly #held: Uint8Array
  /** No chunk above it is missing. */
  #last: number
  #heldBytes = 0
  #madeBytes = 0

  constructor(index: ChunkIndex) {
    this.index = index
    this.#held = new Uint8Array(index.count)
    this.#last = index.count - 1
  }

  /** Found or copied, bytes. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Made by a patch, bytes. */
  get madeBytes(): number {
    return this.#madeBytes
  }

  get missingBytes(): number {
    return this.index.imageSize - this.#heldBytes - this.#madeBytes
  }

  isMissing(chunk: number): boolean {
    return this.#held[chunk] === 0
  }

  found(chunk: number): void {
    this.#heldBytes += this.#take(chunk)
  }

  made(chunk: number): void {
    this.#madeBytes += this.#take(chunk)
  }

  /** Is one chunk missing that begins before `end` and ends after `start`? Offsets in the image, bytes. */
  isMissingWithin(start: number, end: number): boolean {
    while (this.#last >= 0 && !this.isMissing(this.#last)) this.#last -= 1
    if (this.#last < 0 || this.index.offsetOf(this.#last + 1) <= start) return false
    for (let chunk = this.chunkAt(start); chunk <= this.#last && this.index.offsetOf(chunk) < end; chunk += 1)
      if (this.isMissing(chunk)) return true
    return false
  }

  /** The chunk that holds this byte of the image. */
  chunkAt(offset: number): number {
    let low = 0
    let high = this.index.count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.index.offsetOf(middle) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #take(chunk: number): number {
    if (this.#held[chunk] !== 0) return 0
    this.#held[chunk] = 1
    return this.index.lengthOf(chunk)
  }
}
