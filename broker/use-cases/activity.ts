// How much the log has grown, for a reader who only wants to know that much: a count, and a wish to tell it that comes at
// most once a second while something is logged, and after each silence. An event costs an addition.
import type { ActivityMessage } from '../../proto/http-console.ts'
import { eventIdOf } from '../../proto/ids.ts'
import type { Clock } from '../ports.ts'

/** Between two messages while events are logged. */
const pauseMs = 1_000

export interface ActivityParts {
  readonly clock: Clock
  /** Milliseconds of silence after which there is a message all the same. */
  readonly silenceMs: number
  /** Number of the newest event in the log, 0 when there is none. */
  readonly newest: () => number
  /** There is something to tell; not called again before `told`. */
  readonly due: () => void
}

export class Activity {
  readonly #parts: ActivityParts
  #events = 0
  #isDue = false
  #toldAt = 0
  /** Of the timer that runs: for the end of a pause, or of a silence. */
  #waitsFor: 'pause' | 'silence' | undefined
  #cancel = (): void => undefined

  /** It is due at once. */
  constructor(parts: ActivityParts) {
    this.#parts = parts
    this.#becomeDue()
  }

  logged(): void {
    this.#events += 1
    if (this.#isDue || this.#waitsFor === 'pause') return
    const leftMs = this.#toldAt + pauseMs - this.#parts.clock.monotonic()
    if (leftMs > 0) this.#wait('pause', leftMs)
    else this.#becomeDue()
  }

  /** What has come about since the last time. */
  told(): ActivityMessage {
    const { clock, silenceMs, newest } = this.#parts
    const number = newest()
    const message: ActivityMessage = {
      at: new Date(clock.now()).toISOString(),
      newestEvent: number < 1 ? null : eventIdOf(number),
      events: this.#events,
    }
    this.#events = 0
    this.#isDue = false
    this.#toldAt = clock.monotonic()
    this.#wait('silence', silenceMs)
    return message
  }

  close(): void {
    this.#cancel()
  }

  #wait(what: 'pause' | 'silence', delayMs: number): void {
    this.#cancel()
    this.#waitsFor = what
    this.#cancel = this.#parts.clock.after(delayMs, () => this.#becomeDue())
  }

  #becomeDue(): void {
    this.#cancel()
    this.#waitsFor = undefined
    this.#isDue = true
    this.#parts.due()
  }
}
