// Failures by code over time: FAIL events in hours. What is logged from now on is counted as it happens; what was logged
// before is read from the event log in the background, newest first, when somebody asks for the first time.
//
//   numbers up to `#newestBefore` ── read from the log ──┐
//   numbers beyond it ────────────── live ───────────────┴─▶ hour ─▶ code ─▶ count
import { type EventCode, eventCodeEntry } from '../../proto/event-codes.ts'
import type { FailureHistory } from '../../proto/http-console.ts'
import { type EventId, eventIdOf, eventNumberOf } from '../../proto/ids.ts'
import type { EventRecord } from '../core/records.ts'
import type { LiveListener } from '../orchestrator/live.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { Background } from './background.ts'

const hourMs = 3_600_000
/** Hours that are kept. */
export const hoursMax = 168
const pageSize = 200
/** Read from the log in all; older ones stay unknown. */
const eventsReadMax = 200_000
/** For how long who asks waits for what is still being read. */
const waitMs = 2000

export class FailureTally implements LiveListener {
  readonly #store: Pick<Store, 'events' | 'eventRange'>
  readonly #clock: Clock
  readonly #background: Background
  /** By number of the hour since 1970, at most `hoursMax`. */
  readonly #hours = new Map<number, Map<EventCode, number>>()
  /** Events up to this number are for the log to tell. */
  readonly #newestBefore: number
  readonly #readMax: number
  /** What is older has been read as far as this event; absent before the first page. */
  #readTo: EventId | undefined
  #readCount = 0
  /** All events at or after this moment are counted, milliseconds since 1970. */
  #completeFrom = Number.POSITIVE_INFINITY

  /** `readMax`: events that are read from the log. */
  constructor(store: Pick<Store, 'events' | 'eventRange'>, clock: Clock, log: Log, readMax = eventsReadMax) {
    this.#store = store
    this.#clock = clock
    this.#readMax = readMax
    this.#newestBefore = store.eventRange().newest
    this.#background = new Background(clock, log, 'failure-tally', goOn => this.#readLog(goOn))
  }

  /** Of the hours up to now, the one that runs included; `hours` is 1..168. */
  async history(hours: number): Promise<FailureHistory> {
    const isComplete = (): boolean => this.#completeFrom <= this.#firstHour(hours) * hourMs
    if (!isComplete()) {
      if (this.#readCount < this.#readMax) this.#background.start()
      await this.#background.ended(waitMs)
    }
    const first = this.#firstHour(hours)
    const byCode = new Map<EventCode, number[]>()
    for (let step = 0; step < hours; step += 1) {
      for (const [code, count] of this.#hours.get(first + step) ?? []) {
        const counts = byCode.get(code) ?? new Array<number>(hours).fill(0)
        counts[step] = count
        byCode.set(code, counts)
      }
    }
    const codes = [...byCode].map(([code, counts]) => {
      const total = counts.reduce((sum, count) => sum + count, 0)
      return { code, text: eventCodeEntry(code).text, total, counts }
    })
    return {
      since: new Date(first * hourMs).toISOString(),
      complete: isComplete(),
      stepSeconds: hourMs / 1000,
      codes: codes.sort((a, b) => b.total - a.total),
    }
  }

  event(record: EventRecord): void {
    if (record.type === 'FAIL' && eventNumberOf(record.id) > this.#newestBefore) this.#add(record)
  }

  operation(): void {
    // No event.
  }

  closed(): void {
    this.#background.close()
  }

  #firstHour(hours: number): number {
    return Math.floor(this.#clock.now() / hourMs) - hours + 1
  }

  #add({ recordedAt, code }: EventRecord): void {
    const hour = Math.floor(recordedAt / hourMs)
    let codes = this.#hours.get(hour)
    if (codes === undefined) {
      const oldest = this.#firstHour(hoursMax)
      if (hour < oldest) return
      for (const known of this.#hours.keys()) if (known < oldest) this.#hours.delete(known)
      codes = new Map()
      this.#hours.set(hour, codes)
    }
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }

  async #readLog(goOn: () => Promise<boolean>): Promise<void> {
    const notBefore = this.#firstHour(hoursMax) * hourMs
    while (this.#readCount < this.#readMax) {
      if (!(await goOn())) return
      const page = await this.#store.events({
        type: 'FAIL',
        order: 'DESC',
        after: this.#readTo ?? eventIdOf(this.#newestBefore + 1),
        notBefore,
        limit: Math.min(pageSize, this.#readMax - this.#readCount),
      })
      for (const record of page.items) this.#add(record)
      this.#readCount += page.items.length
      this.#readTo = page.next ?? page.items.at(-1)?.id ?? this.#readTo
      if (!page.hasMore) {
        this.#completeFrom = notBefore
        return
      }
      // Of events with the same time as the last one some may be on the next page.
      const last = page.items.at(-1)
      if (last !== undefined) this.#completeFrom = last.recordedAt + 1
    }
  }
}
