// The time by which operations run. While the broker runs it follows the monotonic clock alone, so no jump of the wall
// clock fires or holds back a timer; it is saved every minute. After a start it goes on from the wall clock or from what
// was saved, whichever is later; and when the wall clock is more than a day ahead of what was saved, nothing fires for
// half an hour of run time, in which devices can report (docs/OPERATING.md, "The clock").
//
// Maintenance windows are the one thing that follows the wall clock itself: people mean their own clocks by them.
import type { Clock, Log, Store } from '../ports.ts'

const savedEveryMs = 60_000
const aheadMaxMs = 86_400_000
const aheadGraceMs = 30 * 60_000
/** Worth a word in the log. */
const jumpMs = 10_000

export class FleetClock implements Clock {
  readonly #clock: Clock
  readonly #base: number
  readonly #start: number
  #saved: number
  #cancel: (() => void) | undefined
  #saving: Promise<unknown> = Promise.resolve()
  #lastOffset = 0
  /** Milliseconds of run time in which no timer fires. */
  readonly graceMs: number

  /** Reads what was saved; the store stays the caller's. */
  static async open(clock: Clock, store: Store): Promise<FleetClock> {
    return new FleetClock(clock, await store.savedClock())
  }

  private constructor(clock: Clock, saved: number | undefined) {
    const wall = clock.now()
    this.#clock = clock
    this.#start = clock.monotonic()
    this.#saved = saved ?? wall
    this.#base = Math.max(wall, this.#saved)
    this.graceMs = wall - this.#saved > aheadMaxMs ? aheadGraceMs : 0
  }

  now(): number {
    return Math.floor(this.#base + this.#clock.monotonic() - this.#start)
  }

  /** The wall clock, or the time here when that is behind what was saved. */
  wall(): number {
    const wall = this.#clock.now()
    return wall < this.#saved ? this.now() : wall
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  after(delayMs: number, action: () => void): () => void {
    return this.#clock.after(delayMs, action)
  }

  /** Saves the time now and every minute until closed. */
  async keepSaved(store: Store, log: Log): Promise<void> {
    if (this.graceMs > 0)
      log.warn(
        { event: 'clock-ahead', saved: this.#saved, wall: this.#clock.now(), graceMs: this.graceMs },
        'the clock is more than a day ahead of what was saved: no timer fires for now',
      )
    await this.#save(store)
    const next = (): void => {
      this.#cancel = this.#clock.after(savedEveryMs, () => {
        this.#saving = this.#save(store).catch(err =>
          log.error({ event: 'clock-not-saved', err }, 'the time could not be saved'),
        )
        this.#tellJump(log)
        next()
      })
    }
    next()
  }

  async close(): Promise<void> {
    this.#cancel?.()
    await this.#saving
  }

  async #save(store: Store): Promise<void> {
    const at = this.now()
    await store.commit([{ kind: 'put-clock', at }])
    this.#saved = Math.max(this.#saved, at)
  }

  #tellJump(log: Log): void {
    const offset = this.#clock.now() - this.now()
    if (Math.abs(offset - this.#lastOffset) > jumpMs)
      log.warn({ event: 'clock-jumped', offsetMs: offset }, 'the wall clock was set; operations keep their own time')
    this.#lastOffset = offset
  }
}
