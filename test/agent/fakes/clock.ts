// Time that moves when the test says so.
import type { Clock, Timer } from '../../../agent/ports.ts'

/** Lets everything run that waits for nothing but memory, a start of the agent included. */
export async function settle(turns = 4): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

export class VirtualClock implements Clock {
  #nowMs = 0
  readonly #startMs: number
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs
  }

  wallMs(): number {
    return this.#startMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  get timerCount(): number {
    return this.#timers.size
  }

  /** Runs timers in their order until `forMs` have passed, settling after each. */
  async advance(forMs: number): Promise<void> {
    const endMs = this.#nowMs + forMs
    for (;;) {
      await settle()
      if (this.#next(endMs) === undefined) await settle(40)
      const next = this.#next(endMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = endMs
  }

  #next(endMs: number): { readonly atMs: number; readonly run: () => void } | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
  }
}
