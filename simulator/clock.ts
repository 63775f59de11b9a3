// Real time for what runs on it (demo, fleet, conformance), so that waiting has one home and always ends with the run.
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** Monotonic milliseconds of this process. */
export function nowMs(): number {
  return performance.now()
}

/** Milliseconds since 1970, with fractions: processes of one machine agree about it, and it does not jump within one. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Rejects with the reason of the signal when the run is over. Nothing to wait for: resolves at once. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (delayMs <= 0) return
  try {
    await delay(delayMs, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Resolves with false when `limitMs` came first. Rejects as `done` does. */
export async function within(limitMs: number, done: Promise<unknown>): Promise<boolean> {
  const cancel = new AbortController()
  const late = delay(limitMs, false, { signal: cancel.signal }).catch(() => false)
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    cancel.abort()
  }
}

/** Calls `act` every `everyMs` until what is returned is called; a call that comes late is not made up for. */
export function every(everyMs: number, act: () => void): () => void {
  const timer = setInterval(act, everyMs)
  return () => clearInterval(timer)
}

/** Aborts `run` with `reason` when it takes longer; returns what takes the limit away. */
export function limited(run: AbortController, limitMs: number, reason: () => Error): () => void {
  const timer = setTimeout(() => run.abort(reason()), limitMs)
  return () => clearTimeout(timer)
}
