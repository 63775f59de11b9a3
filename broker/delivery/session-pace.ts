// How fast a broadcast session goes: no faster than its rate, and no faster than half of its members can follow.
//
// A full socket is skipped, never waited for, and what its device misses it asks for. That is cheap while few miss
// something; where most sockets are full (a fleet behind thin lines) nearly everything would have to be sent again. So
// before each batch the members are looked at: those with room, and those whose sockets have taken something of late. The
// batch waits until half of them have room. Who has taken nothing for a while has no say, so a frozen member slows
// nobody, not even when most are frozen. Full sockets of the broker as a whole are no member's fault: they are waited for.
import type { Clock } from '../ports.ts'
import type { DeviceLine } from './device-line.ts'
import type { FairSender } from './fair-sender.ts'

/** A socket that has taken nothing for so long has no say, ms. */
const sayMs = 2000
/** The longest a batch waits for room, ms: what fills the sockets may have nothing to do with this session. */
const waitMsMax = 5000
/** How often the members are looked at meanwhile: doubled each time from the first to the second, ms. */
const lookMsLeast = 2
const lookMsMost = 32

export class SessionPace {
  readonly #clock: Clock
  readonly #sender: FairSender
  #dueAt = 0
  #over = false
  #wake: (() => void) | undefined

  constructor(clock: Clock, sender: FairSender) {
    this.#clock = clock
    this.#sender = sender
  }

  /** Resolves when a stream of so many bytes a second allows the next batch. What was not used before is not made up for. */
  async rate(bytes: number, bytesPerSecond: number): Promise<void> {
    const now = this.#clock.monotonic()
    const startAt = Math.max(this.#dueAt, now)
    this.#dueAt = startAt + (bytes * 1000) / bytesPerSecond
    if (startAt > now) await this.sleep(startAt - now)
  }

  /** Resolves when half of those who have a say have room for so many bytes. `lines` is asked again at each look. */
  room(bytes: number, lines: () => Iterable<DeviceLine>): Promise<void> {
    return this.until(() => this.#half(bytes, lines()), this.patience())
  }

  /** The moment up to which one batch may wait for room. */
  patience(): number {
    return this.#clock.monotonic() + waitMsMax
  }

  /** Looks again and again; resolves also when it is `lastAt`, or the session is over. */
  async until(holds: () => boolean, lastAt: number): Promise<void> {
    for (let lookMs = lookMsLeast; !holds(); lookMs = Math.min(2 * lookMs, lookMsMost)) {
      if (this.#over || this.#clock.monotonic() >= lastAt) return
      await this.sleep(lookMs)
    }
  }

  /** Cut short by `end`. */
  sleep(ms: number): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = this.#clock.after(ms, () => {
        this.#wake = undefined
        resolve()
      })
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  get over(): boolean {
    return this.#over
  }

  /** The session is over: nothing waits any more. */
  end(): void {
    this.#over = true
    this.#wake?.()
  }

  #half(bytes: number, lines: Iterable<DeviceLine>): boolean {
    const now = this.#clock.monotonic()
    let roomCount = 0
    let sayCount = 0
    for (const line of lines) {
      const hasRoom = this.#sender.hindrance(line, bytes, now) !== 'socket'
      if (hasRoom) roomCount += 1
      if (hasRoom || now - line.drainedAt < sayMs) sayCount += 1
    }
    return 2 * roomCount >= sayCount
  }
}
