// What goes wrong in one history and how often. Each history draws its own mixture, so that some kinds of trouble are
// seen alone, some together, and some not at all.
import type { Seed } from './seed.ts'

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** Milliseconds between two of a kind on average; absent: it does not happen. */
export interface Weather {
  /** How long it lasts; afterwards everything works. */
  readonly lengthMs: number
  /** How often the broker looks at its timers. */
  readonly tickMs: number
  readonly killEveryMs?: number
  readonly downMostMs: number
  readonly diskFullEveryMs?: number
  /** Most milliseconds one write takes; 0: none. */
  readonly writeMostMs: number
  readonly jumpEveryMs?: number
  readonly latencyMostMs: number
  readonly offlineEveryMs?: number
  readonly offlineMostMs: number
  readonly offerLost: number
  readonly reportTwice: number
  /** People do something to an operation or a device. */
  readonly peopleEveryMs: number
}

/** Every share in [0, 1]. */
export function weatherOf(seed: Seed): Weather {
  const lengthMs = seed.pick([1, 2, 3, 3, 6, 6, 12, 24, 48]) * hourMs
  const tickMs = lengthMs > 12 * hourMs ? seed.pick([30_000, 60_000]) : seed.pick([5000, 10_000, 20_000, 30_000])
  const every = (times: number) => Math.round(lengthMs / times)
  const maybe = <Name extends string>(name: Name, share: number, times: readonly number[]) => {
    const found = every(seed.pick(times))
    return (seed.chance(share) ? { [name]: found } : {}) as { readonly [key in Name]?: number }
  }
  return {
    lengthMs,
    tickMs,
    ...maybe('killEveryMs', 0.7, [1, 3, 6, 12]),
    downMostMs: seed.pick([5000, 10 * minuteMs, 3 * hourMs]),
    ...maybe('diskFullEveryMs', 0.2, [2, 4]),
    writeMostMs: seed.pick([0, 0, 50, 1500]),
    ...maybe('jumpEveryMs', 0.4, [1, 3, 6]),
    latencyMostMs: seed.pick([5, 200, 5000]),
    ...maybe('offlineEveryMs', 0.7, [1, 3, 8]),
    offlineMostMs: seed.pick([2 * minuteMs, hourMs, 6 * hourMs]),
    offerLost: seed.pick([0, 0, 0.1, 0.5]),
    reportTwice: seed.pick([0, 0.05, 0.4]),
    peopleEveryMs: every(seed.pick([2, 8, 20])),
  }
}
