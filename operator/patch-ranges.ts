// Which range of the old image a frame of a patch is made with: where most of its bytes already stand. Both images are cut
// into small content-defined chunks; the chunks they share show where the content went. Without any it is the same
// relative place, which is where it is in most images anyway.
import type { ChunkerSettings } from '../proto/chunker.ts'

/** A piece of an image. */
export interface Piece {
  readonly offset: number
  readonly length: number
  /** Of its SHA-256, 48 bits: enough to guess with, and the guess only costs bytes. */
  readonly hash: number
}

export interface BaseRange {
  readonly offset: number
  readonly length: number
}

/** Fine enough to find what moved; coarser for large images, so that a million pieces are never passed by much. */
export function pieceSettings(imageBytes: number): ChunkerSettings {
  let averageBytes = 1024
  while (averageBytes < imageBytes / 2 ** 20) averageBytes *= 2
  return { minimumBytes: averageBytes / 4, averageBytes, maximumBytes: averageBytes * 4 }
}

export class BaseRanges {
  readonly #baseBytes: number
  readonly #imageBytes: number
  readonly #rangeBytes: number
  readonly #pieces = new Map<number, number>()

  /** `rangeBytes`: longest range that may be named. */
  constructor(baseBytes: number, imageBytes: number, rangeBytes: number) {
    this.#baseBytes = baseBytes
    this.#imageBytes = imageBytes
    this.#rangeBytes = Math.min(rangeBytes, baseBytes)
  }

  /** A piece of the old image. Of equal ones the first counts. */
  add({ offset, hash }: Piece): void {
    if (!this.#pieces.has(hash)) this.#pieces.set(hash, offset)
  }

  /** For the frame of the new image at `offset`, whose pieces are `pieces`. */
  rangeFor(offset: number, length: number, pieces: readonly Piece[]): BaseRange {
    const found = pieces
      .flatMap(piece => {
        const at = this.#pieces.get(piece.hash)
        return at === undefined ? [] : [{ at, length: piece.length }]
      })
      .sort((one, other) => one.at - other.at)
    const middle = middleOfMost(found, this.#rangeBytes)
    return this.#around(middle ?? ((offset + length / 2) * this.#baseBytes) / this.#imageBytes)
  }

  #around(middle: number): BaseRange {
    const length = this.#rangeBytes
    const offset = Math.max(0, Math.min(this.#baseBytes - length, Math.round(middle - length / 2)))
    return { offset, length }
  }
}

/** The middle of the pieces in the window of `rangeBytes` that holds most of them; undefined without any. */
function middleOfMost(
  found: readonly { readonly at: number; readonly length: number }[],
  rangeBytes: number,
): number | undefined {
  let [held, most, last] = [0, 0, 0]
  let middle: number | undefined
  for (const [first, { at, length }] of found.entries()) {
    for (let next = found[last]; next !== undefined && next.at + next.length <= at + rangeBytes; next = found[last]) {
      held += next.length
      last += 1
    }
    if (held > most) {
      most = held
      const end = found[last - 1]
      middle = end === undefined ? at : (at + end.at + end.length) / 2
    }
    // A piece longer than the window was never taken in.
    if (last > first) held -= length
    else last = first + 1
  }
  return middle
}
