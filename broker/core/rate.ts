// How many hand-overs any 60 seconds may see. The limit follows the counts of the operation; the window is kept in
// memory by the monotonic clock and begins closed after a restart, so that no minute sees more than it may.
import type { Operation } from './records.ts'

const windowMs = 60_000

/** Hand-overs in any 60 s; undefined: no limit, or a second person has lifted it. */
export function rateLimit(operation: Operation): number | undefined {
  const { policy, override, handOverCount, executed } = operation
  if (policy.rate === undefined || override !== undefined) return undefined
  const { maximumPerMinute, exponential } = policy.rate
  if (exponential === undefined) return maximumPerMinute
  const { basePerMinute, factor, criterion } = exponential
  const count = criterion.kind === 'notified' ? handOverCount : executed.succeeded
  const k = Math.floor(count / criterion.count)
  return Math.min(maximumPerMinute, Math.floor(basePerMinute * factor ** k))
}

export class RateWindow {
  /** Of hand-overs in the last minute, oldest first, by the monotonic clock. */
  #times: number[] = []
  #closedUntil: number

  /** `closedUntil`: nothing before then, milliseconds of the monotonic clock. */
  constructor(closedUntil = Number.NEGATIVE_INFINITY) {
    this.#closedUntil = closedUntil
  }

  /** How many may follow now. */
  left(limit: number | undefined, now: number): number {
    if (limit === undefined) return Number.POSITIVE_INFINITY
    if (now < this.#closedUntil) return 0
    this.#forget(now)
    return Math.max(0, limit - this.#times.length)
  }

  /** Counts `count` hand-overs; kept also while no limit holds, because one may be set. */
  took(count: number, now: number): void {
    this.#forget(now)
    for (let taken = 0; taken < count; taken++) this.#times.push(now)
  }

  #forget(now: number): void {
    let first = 0
    while (first < this.#times.length && (this.#times[first] as number) + windowMs <= now) first++
    if (first > 0) this.#times = this.#times.slice(first)
  }
}
