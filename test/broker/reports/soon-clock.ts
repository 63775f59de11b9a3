// A clock moved by hand, on which the pauses of background work are over at once; longer waits end when a test says so.
import type { Clock } from '../../../broker/ports.ts'

export class SoonClock implements Clock {
  ms: number
  /** Pauses between pieces of work. */
  pauseCount = 0
  readonly #waits = new Set<() => void>()

  constructor(ms: number) {
    this.ms = ms
  }

  now(): number {
    return this.ms
  }

  monotonic(): number {
    return this.ms
  }

  after(delayMs: number, action: () => void): () => void {
    if (delayMs > 100) {
      this.#waits.add(action)
      return () => this.#waits.delete(action)
    }
    this.pauseCount += 1
    const timer = setImmediate(action)
    return () => clearImmediate(timer)
  }

  get waitCount(): number {
    return this.#waits.size
  }

  endWaits(): void {
    for (const action of this.#waits) action()
    this.#waits.clear()
  }
}

/** A gate that work waits at until it is opened. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open }
}
