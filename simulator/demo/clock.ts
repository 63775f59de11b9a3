// Time for the demo, so that waiting has one home and always ends with the run.
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** Monotonic. */
export function nowMs(): number {
  return performance.now()
}

/** Rejects with the reason of the signal when the run is over. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(delayMs, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Resolves with true when `done` came first. Never rejects on its own. */
export async function within(limitMs: number, done: Promise<unknown>): Promise<boolean> {
  const cancel = new AbortController()
  const late = delay(limitMs, false, { signal: cancel.signal }).catch(() => false)
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    cancel.abort()
  }
}

/** Aborts `run` with `reason` when it takes longer; returns what takes the limit away. */
export function limited(run: AbortController, limitMs: number, reason: () => Error): () => void {
  const timer = setTimeout(() => run.abort(reason()), limitMs)
  return () => clearTimeout(timer)
}
