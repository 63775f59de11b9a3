// Which chunks are still owed: ranges in ascending order that do not overlap. Pure; a new value each time.
import type { ChunkRange } from '../../proto/chunk-messages.ts'

export type ChunkWants = readonly ChunkRange[]

/** Any order, overlaps and doubles allowed; so no request makes one chunk travel twice. */
export function wantsOf(ranges: readonly ChunkRange[]): ChunkWants {
  const sorted = [...ranges].sort((a, b) => a.first - b.first)
  const wants: ChunkRange[] = []
  for (const { first, count } of sorted) {
    const last = wants.at(-1)
    if (count < 1) continue
    if (last === undefined || first > last.first + last.count) wants.push({ first, count })
    else wants[wants.length - 1] = { first: last.first, count: Math.max(last.count, first + count - last.first) }
  }
  return wants
}

export function countOf(wants: ChunkWants): number {
  return wants.reduce((sum, { count }) => sum + count, 0)
}

/** The lowest `countMax` chunks. */
export function lowest(wants: ChunkWants, countMax: number): ChunkWants {
  const kept: ChunkRange[] = []
  let room = countMax
  for (const { first, count } of wants) {
    if (room <= 0) break
    kept.push({ first, count: Math.min(count, room) })
    room -= count
  }
  return kept
}

/** As many of the lowest chunks as fit into `windowBytes` together, at most `countMax`; one in any case. */
export function fitting(
  wants: ChunkWants,
  windowBytes: number,
  countMax: number,
  encodedLengthOf: (chunk: number) => number,
): ChunkWants {
  let left = windowBytes
  let fitCount = 0
  for (const { first, count } of wants)
    for (let chunk = first; chunk < first + count; chunk += 1) {
      left -= encodedLengthOf(chunk)
      if (fitCount > 0 && (left < 0 || fitCount >= countMax)) return lowest(wants, fitCount)
      fitCount += 1
    }
  return wants
}

/** What `wants` has and `others` has not. */
export function without(wants: ChunkWants, others: ChunkWants): ChunkWants {
  const kept: ChunkRange[] = []
  let other = 0
  for (const { first, count } of wants) {
    let start = first
    const end = first + count
    while (start < end) {
      let taken = others[other]
      while (taken !== undefined && taken.first + taken.count <= start) {
        other += 1
        taken = others[other]
      }
      const stop = Math.min(end, taken?.first ?? end)
      if (stop > start) kept.push({ first: start, count: stop - start })
      if (taken === undefined) break
      start = Math.max(stop, Math.min(end, taken.first + taken.count))
    }
  }
  return kept
}

/** Goes through wants from the lowest chunk on, in place: what is sent is not owed any more. */
export class WantsCursor {
  readonly #wants: ChunkWants
  #at = 0
  #chunk: number

  constructor(wants: ChunkWants) {
    this.#wants = wants
    this.#chunk = wants[0]?.first ?? 0
  }

  /** The lowest chunk that is owed; undefined at the end. */
  get chunk(): number | undefined {
    return this.#at < this.#wants.length ? this.#chunk : undefined
  }

  /** That one has been sent. */
  advance(): void {
    const range = this.#wants[this.#at]
    if (range === undefined) return
    this.#chunk += 1
    if (this.#chunk < range.first + range.count) return
    this.#at += 1
    this.#chunk = this.#wants[this.#at]?.first ?? 0
  }

  /** All that is still owed. */
  rest(): ChunkWants {
    const [current, ...others] = this.#wants.slice(this.#at)
    if (current === undefined) return []
    return [{ first: this.#chunk, count: current.first + current.count - this.#chunk }, ...others]
  }
}
