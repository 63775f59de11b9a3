// How long to wait before trying again.

/** Doubling from `baseMs` (attempt 0) to `capMs`. */
export function growingDelayMs(attempt: number, baseMs: number, capMs: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(attempt, 32))
}

/**
 * Full jitter: anywhere below the growing delay, so that devices cut off together do not come back together.
 * `fraction` is drawn by the caller, in [0, 1).
 */
export function jitteredDelayMs(attempt: number, baseMs: number, capMs: number, fraction: number): number {
  return Math.floor(growingDelayMs(attempt, baseMs, capMs) * fraction)
}
