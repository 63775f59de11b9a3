// How long things took, of any number of sensors in a few hundred numbers: counts by bucket, so that the figures of two
// processes or two machines add up to exactly what one would have counted. (Percentiles cannot be added.)
//
//   bucket 0..127    one microsecond each: bucket b holds b µs
//   bucket 128..     each power of two is cut into 64 equal parts: 128..129 µs, 130..131 µs, … 256..259 µs, …
//
// A bucket is never wider than 1/64 of what it holds, and speaks with its middle: wrong by less than 0.8 % (below
// 128 µs not at all). Ours, because the well known library (hdr-histogram-js) fixes the range beforehand,
// keeps all empty buckets and writes itself as compressed base64 that nobody can read in a report.
import type { Distribution } from './fleet-report.ts'

const partsLog2 = 6
const parts = 1 << partsLog2
const linearCount = 2 * parts
/** Of the longest time that is told apart: 2^52 µs are 142 years. */
export const bucketMax = bucketOf(2 ** 52)

export class LatencyCounter {
  readonly #counts = new Map<number, number>()
  #count = 0
  #minUs = Number.POSITIVE_INFINITY
  #maxUs = 0
  /** Whole microseconds, so that the order of additions does not matter. */
  #sumUs = 0

  /** Takes whole microseconds of it; what is below 0 (a clock of another process) counts as 0. Throws RangeError for NaN. */
  add(ms: number): void {
    if (Number.isNaN(ms)) throw new RangeError('expected a time in milliseconds, got NaN')
    const us = Math.min(Math.max(Math.round(ms * 1000), 0), 2 ** 52)
    this.#put(bucketOf(us), 1)
    this.#count += 1
    this.#sumUs += us
    this.#minUs = Math.min(this.#minUs, us)
    this.#maxUs = Math.max(this.#maxUs, us)
  }

  /** As if everything counted there had been counted here. */
  merge(other: Distribution): void {
    if (other.count === 0) return
    for (const [bucket, count] of other.buckets) this.#put(bucket, count)
    this.#count += other.count
    this.#sumUs += Math.round(other.sum * 1000)
    this.#minUs = Math.min(this.#minUs, Math.round(other.min * 1000))
    this.#maxUs = Math.max(this.#maxUs, Math.round(other.max * 1000))
  }

  distribution(): Distribution {
    return {
      count: this.#count,
      min: this.#count === 0 ? 0 : this.#minUs / 1000,
      max: this.#maxUs / 1000,
      sum: this.#sumUs / 1000,
      buckets: [...this.#counts].sort(([a], [b]) => a - b),
    }
  }

  #put(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
  }
}

/**
 * In milliseconds: what `share` of all did not exceed (nearest rank: the smallest value with at least that share of all
 * at or below it), wrong by less than 0.8 %. 0 gives the shortest and 1 the longest, both exact. Undefined: nothing was
 * measured. Throws RangeError outside 0..1.
 */
export function percentile(distribution: Distribution, share: number): number | undefined {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`expected a share in 0..1, got ${share}`)
  if (distribution.count === 0) return undefined
  // A product like 0.07 * 100 is a hair above 7 and would take the next rank.
  const rank = Math.max(1, Math.ceil(share * distribution.count - 1e-9))
  return valueAtRank(distribution, rank)
}

/** The `rank`-th shortest in milliseconds, from 1 to the count. */
export function valueAtRank({ count, min, max, buckets }: Distribution, rank: number): number {
  if (rank <= 1) return min
  if (rank >= count) return max
  let seen = 0
  for (const [bucket, some] of buckets) {
    seen += some
    if (seen >= rank) return Math.min(Math.max(middleMs(bucket), min), max)
  }
  return max
}

/** In milliseconds; undefined: nothing was measured. Exact. */
export function mean({ count, sum }: Distribution): number | undefined {
  return count === 0 ? undefined : sum / count
}

export function added(distributions: readonly Distribution[]): Distribution {
  const counter = new LatencyCounter()
  for (const distribution of distributions) counter.merge(distribution)
  return counter.distribution()
}

/** In milliseconds: what a bucket holds is at or above the first and below the second. */
export function bounds(bucket: number): readonly [from: number, below: number] {
  return [lowerUs(bucket) / 1000, lowerUs(bucket + 1) / 1000]
}

function middleMs(bucket: number): number {
  // Whole microseconds were counted: the last one in the bucket is one below the next.
  return (lowerUs(bucket) + lowerUs(bucket + 1) - 1) / 2000
}

function bucketOf(us: number): number {
  if (us < linearCount) return us
  // Math.log2 is off by a bit just below powers of two above 2^48: corrected by looking.
  let exponent = Math.floor(Math.log2(us))
  if (2 ** exponent > us) exponent -= 1
  const octave = exponent - partsLog2
  return octave * parts + Math.floor(us / 2 ** octave)
}

function lowerUs(bucket: number): number {
  if (bucket < linearCount) return bucket
  const octave = Math.floor(bucket / parts) - 1
  return (parts + (bucket % parts)) * 2 ** octave
}
