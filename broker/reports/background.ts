// Work that goes through a store in small pieces beside everything else: one run at a time, begun when somebody asks,
// giving the event loop back between pieces, ended by `close`.
import type { Clock, Log } from '../ports.ts'

/** Between two pieces, milliseconds: whoever waits for the event loop has it then. */
const pauseMs = 1

export class Background {
  readonly #clock: Clock
  readonly #log: Log
  readonly #name: string
  readonly #work: (goOn: () => Promise<boolean>) => Promise<void>
  #running: Promise<void> | undefined
  #closed = false
  #endPause: () => void = () => {}

  /**
   * `work` awaits `goOn` before each piece, which is to take a few milliseconds, and ends when it is false. What it
   * throws is logged; the next start tries again.
   */
  constructor(clock: Clock, log: Log, name: string, work: (goOn: () => Promise<boolean>) => Promise<void>) {
    this.#clock = clock
    this.#log = log
    this.#name = name
    this.#work = work
  }

  /** Begins a run unless one is under way. */
  start(): void {
    if (this.#closed) return
    this.#running ??= this.#work(() => this.#goOn())
      .catch(err => {
        if (!this.#closed) this.#log.warn({ event: 'background-failed', work: this.#name, err }, 'counting failed')
      })
      .finally(() => {
        this.#running = undefined
      })
  }

  /** Resolves when the run has ended, at the latest after `waitMs`. */
  async ended(waitMs: number): Promise<void> {
    if (this.#running === undefined) return
    let cancel = (): void => {}
    const late = new Promise<void>(resolve => {
      cancel = this.#clock.after(waitMs, resolve)
    })
    await Promise.race([this.#running, late])
    cancel()
  }

  /** What runs ends with its piece; nothing begins any more. */
  close(): void {
    this.#closed = true
    this.#endPause()
  }

  async #goOn(): Promise<boolean> {
    if (this.#closed) return false
    await new Promise<void>(resolve => {
      const cancel = this.#clock.after(pauseMs, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
    return !this.#closed
  }
}
