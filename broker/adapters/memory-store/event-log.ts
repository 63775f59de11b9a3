// The device event log in memory: numbered without gaps, times never falling, forgotten from its beginning only.
import { type EventId, eventIdOf, eventNumberOf } from '../../../proto/ids.ts'
import type { EventRecord, NewEvent } from '../../core/records.ts'
import type { EventPage, EventQuery } from '../../ports.ts'

export class EventLog {
  /** JSON of event n at n - oldest. */
  #events: string[] = []
  #times: number[] = []
  #oldest = 1
  /** Numbers of the events by device, operation, code and type, ascending; the key says which. */
  readonly #index = new Map<string, number[]>()
  #lastAt = 0

  get range(): { readonly oldest: number; readonly newest: number } {
    return { oldest: this.#oldest, newest: this.#oldest + this.#events.length - 1 }
  }

  append(event: NewEvent): EventRecord {
    const number = this.#oldest + this.#events.length
    const recordedAt = Math.max(this.#lastAt, event.recordedAt)
    const record: EventRecord = { ...event, recordedAt, id: eventIdOf(number) }
    this.#lastAt = recordedAt
    this.#events.push(JSON.stringify(record))
    this.#times.push(recordedAt)
    for (const key of indexKeysOf(event)) {
      const numbers = this.#index.get(key)
      if (numbers === undefined) this.#index.set(key, [number])
      else numbers.push(number)
    }
    return record
  }

  event(id: EventId): EventRecord | undefined {
    return this.#at(eventNumberOf(id))
  }

  page(query: EventQuery, scanRowsMax: number): EventPage {
    if (!Number.isInteger(query.limit) || query.limit < 1) throw new RangeError(`page limit: got ${query.limit}`)
    const ascending = query.order === 'ASC'
    const [from, to] = this.#bounds(query)
    const numbers = this.#candidates(query)
    const count = numbers?.length ?? this.#events.length
    const numberAt = (index: number) => (numbers === undefined ? this.#oldest + index : (numbers[index] as number))
    const [first, end] = [firstIndex(count, i => numberAt(i) >= from), firstIndex(count, i => numberAt(i) > to)]
    const items: EventRecord[] = []
    let looked = 0
    for (let step = 0; step < end - first; step++) {
      if (step === scanRowsMax) return { items, hasMore: true, next: eventIdOf(looked) }
      looked = numberAt(ascending ? first + step : end - 1 - step)
      const event = this.#at(looked)
      if (event === undefined || !matches(event, query)) continue
      if (items.length === query.limit) return { items, hasMore: true, next: (items.at(-1) as EventRecord).id }
      items.push(event)
    }
    return { items, hasMore: false }
  }

  /** At most `rowsMax` of those recorded before that moment; how many. */
  trim(before: number, rowsMax: number): number {
    const count = Math.min(
      rowsMax,
      firstIndex(this.#times.length, index => (this.#times[index] as number) >= before),
    )
    for (const key of new Set(this.#events.slice(0, count).flatMap(json => indexKeysOf(JSON.parse(json))))) {
      const kept = (this.#index.get(key) ?? []).filter(number => number >= this.#oldest + count)
      if (kept.length > 0) this.#index.set(key, kept)
      else this.#index.delete(key)
    }
    this.#events = this.#events.slice(count)
    this.#times = this.#times.slice(count)
    this.#oldest += count
    return count
  }

  #at(number: number): EventRecord | undefined {
    const json = this.#events[number - this.#oldest]
    return json === undefined ? undefined : (JSON.parse(json) as EventRecord)
  }

  /** First and last number that can be an answer. */
  #bounds(query: EventQuery): readonly [from: number, to: number] {
    const { oldest, newest } = this.range
    const after = query.after === undefined ? undefined : eventNumberOf(query.after)
    const { notBefore, notAfter } = query
    const beyond = (wrong: (time: number) => boolean) =>
      oldest + firstIndex(this.#times.length, index => wrong(this.#times[index] as number))
    const from = notBefore === undefined ? oldest : beyond(time => time >= notBefore)
    const to = notAfter === undefined ? newest : beyond(time => time > notAfter) - 1
    if (after === undefined) return [from, to]
    return query.order === 'ASC' ? [Math.max(from, after + 1), to] : [from, Math.min(to, after - 1)]
  }

  /** The shortest list that holds all matches; undefined for all events. */
  #candidates(query: EventQuery): readonly number[] | undefined {
    return indexKeysOf(query)
      .map(key => this.#index.get(key) ?? [])
      .sort((a, b) => a.length - b.length)[0]
  }
}

function indexKeysOf(event: Pick<EventQuery, 'device' | 'operation' | 'code' | 'type'>): readonly string[] {
  const { device, operation, code, type } = event
  return Object.entries({ device, operation, code, type }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  )
}

function matches(event: EventRecord, query: EventQuery): boolean {
  return (
    (query.device === undefined || event.device === query.device) &&
    (query.operation === undefined || event.operation === query.operation) &&
    (query.code === undefined || event.code === query.code) &&
    (query.type === undefined || event.type === query.type)
  )
}

/** The first index from which on `holds` holds; `count` when nowhere. */
function firstIndex(count: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
