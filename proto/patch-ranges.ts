// Which range of the old image a frame of a patch is made with: where most of its bytes already stand. Both images are cut
// into small content-defined chunks; the chunks they share show where the content went. A frame that shares too little to
// tell (code that was linked anew) went where its neighbour went; without any that tells it is the same relative place.
import type { ChunkerSettings } from './chunker.ts'

/** A piece of an image. */
export interface Piece {
  readonly offset: number
  readonly length: number
  /** Of its SHA-256, 48 bits: enough to guess with, and the guess only costs bytes. */
  readonly hash: number
}

/** A piece of the new image that is made at once. */
export interface Frame {
  readonly offset: number
  readonly length: number
  readonly pieces: readonly Piece[]
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
  /** Where a piece stands; undefined for one that stands at several places and tells nothing. */
  readonly #pieces = new Map<number, number | undefined>()

  /** `rangeBytes`: longest range that may be named. */
  constructor(baseBytes: number, imageBytes: number, rangeBytes: number) {
    this.#baseBytes = baseBytes
    this.#imageBytes = imageBytes
    this.#rangeBytes = Math.min(rangeBytes, baseBytes)
  }

  /** A piece of the old image. */
  add({ offset, hash }: Piece): void {
    this.#pieces.set(hash, this.#pieces.has(hash) ? undefined : offset)
  }

  /** One for each frame of the new image, in order. */
  rangesFor(frames: readonly Frame[]): readonly BaseRange[] {
    const drifts = frames.map(frame => this.#driftOf(frame))
    let known = drifts.find(drift => drift !== undefined)
    return frames.map(({ offset, length }, number) => {
      known = drifts[number] ?? known
      const center = offset + length / 2
      return this.#around(known === undefined ? (center * this.#baseBytes) / this.#imageBytes : center + known)
    })
  }

  /** How much farther back the content stood in the old image; undefined when the frame does not tell. */
  #driftOf({ offset, length, pieces }: Frame): number | undefined {
    const found = pieces
      .flatMap(piece => {
        const at = this.#pieces.get(piece.hash)
        return at === undefined ? [] : [{ at, length: piece.length }]
      })
      .sort((one, other) => one.at - other.at)
    const most = middleOfMost(found, this.#rangeBytes)
    return most === undefined || most.heldBytes < length / tellingShare
      ? undefined
      : most.middle - (offset + length / 2)
  }

  #around(middle: number): BaseRange {
    const length = this.#rangeBytes
    const offset = Math.max(0, Math.min(this.#baseBytes - length, Math.round(middle - length / 2)))
    return { offset, length }
  }
}

/** Less of a frame than this found again may be chance. */
const tellingShare = 64

/** The middle of the pieces in the window of `rangeBytes` that holds most of them; undefined without any. */
function middleOfMost(
  found: readonly { readonly at: number; readonly length: number }[],
  rangeBytes: number,
): { readonly middle: number; readonly heldBytes: number } | undefined {
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
  return middle === undefined ? undefined : { middle, heldBytes: most }
}
