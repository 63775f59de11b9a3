// An end for what waits on others.
import type { Clock } from '../../ports.ts'

/** What was waited for did not come. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut'
  constructor(delayMs: number) {
    super(`no answer within ${delayMs} ms`)
  }
}

/** As `promise`; rejects with TimedOut after `delayMs`. */
export function within<T>(clock: Clock, delayMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => reject(new TimedOut(delayMs)))
    promise.then(resolve, reject).finally(cancel)
  })
}

/** One that is waited for; given back to `remove` when it came. */
export interface Deadline {
  readonly dueAt: number
  readonly missed: () => void
}

/** Many that wait equally long, with one timer for all: a timer for each would cost more than most of what is waited for. */
export class Deadlines {
  readonly #clock: Clock
  readonly #delayMs: number
  /** Oldest first. */
  readonly #waiting = new Set<Deadline>()
  #armed = false

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  /** `missed` is called once, `delayMs` from now, unless it is removed before. */
  add(missed: () => void): Deadline {
    const deadline = { dueAt: this.#clock.monotonic() + this.#delayMs, missed }
    this.#waiting.add(deadline)
    if (!this.#armed) this.#arm(this.#delayMs)
    return deadline
  }

  remove(deadline: Deadline): void {
    this.#waiting.delete(deadline)
  }

  /** The timer is left to run when nothing waits any more: the next one is likely to be there by then. */
  #arm(delayMs: number): void {
    this.#armed = true
    this.#clock.after(delayMs, () => {
      this.#armed = false
      const now = this.#clock.monotonic()
      for (const deadline of this.#waiting) {
        if (deadline.dueAt > now) {
          this.#arm(Math.max(1, deadline.dueAt - now))
          return
        }
        this.#waiting.delete(deadline)
        deadline.missed()
      }
    })
  }
}
