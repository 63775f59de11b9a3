// What is kept for a time only: events beyond the retention, answers to requests nobody repeats any more. A few rows at a
// time, so that nobody waits; never anything of an operation that has not ended.
import type { Clock, Log, Store } from './ports.ts'

export interface HousekeepingSettings {
  /** Days an event is kept; undefined: for ever. */
  readonly eventDays?: number
  /** Days the answer to a request id is known. */
  readonly answerDays: number
  readonly everyMs: number
}
export const housekeepingDefaults: HousekeepingSettings = { answerDays: 7, everyMs: 600_000 }

const dayMs = 86_400_000
const rowsMax = 1000

export class Housekeeping {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: HousekeepingSettings
  #cancel: (() => void) | undefined
  #working: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(store: Store, clock: Clock, log: Log, settings: HousekeepingSettings) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#settings = settings
  }

  static open(
    store: Store,
    clock: Clock,
    log: Log,
    settings: HousekeepingSettings = housekeepingDefaults,
  ): Housekeeping {
    const housekeeping = new Housekeeping(store, clock, log, settings)
    housekeeping.#next()
    return housekeeping
  }

  /** One round; resolves when nothing more is to be forgotten. */
  async round(): Promise<void> {
    const { eventDays, answerDays } = this.#settings
    const now = this.#clock.now()
    await this.#trim(() => this.#store.trimAnswers(now - answerDays * dayMs, rowsMax))
    if (eventDays === undefined) return
    // An operation that has not ended keeps all its events, and so does everything younger than its request.
    const requests = (await this.#store.unfinishedOperations()).map(({ requestedAt }) => requestedAt)
    const before = Math.min(now - eventDays * dayMs, ...requests)
    const count = await this.#trim(() => this.#store.trimEvents(before, rowsMax))
    if (count > 0) this.#log.info({ event: 'events-forgotten', count }, 'events beyond the retention are forgotten')
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    await this.#working
  }

  async #trim(some: () => Promise<number>): Promise<number> {
    let all = 0
    while (!this.#closed) {
      const count = await some()
      all += count
      if (count < rowsMax) break
    }
    return all
  }

  #next(): void {
    this.#cancel = this.#clock.after(this.#settings.everyMs, () => {
      this.#working = this.round()
        .catch(err => this.#log.error({ event: 'housekeeping-failed', err }, 'housekeeping failed; it is tried again'))
        .then(() => {
          if (!this.#closed) this.#next()
        })
    })
  }
}
