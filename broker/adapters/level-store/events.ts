// Reads pages of events. One filter is answered from its index alone; with more, the index of the narrowest is gone
// through and the rest is compared, at most `rowsMax` rows a call, so that no question can hold the store. A time is
// first made a number (recorded-times.ts).
import { eventIdOf, eventNumberOf } from '../../../proto/ids.ts'
import type { EventRecord } from '../../core/records.ts'
import { StoreDamaged } from '../../errors.ts'
import type { EventPage, EventQuery } from '../../ports.ts'
import * as keys from './keys.ts'
import { decodeEvent } from './record.ts'
import type { RecordedTimes } from './recorded-times.ts'
import type { Database, Snapshot } from './verification.ts'

/** The log at one moment; what is being written or trimmed then is none of the reader's business. */
export interface EventLog {
  readonly db: Database
  readonly snapshot: Snapshot
  readonly oldest: number
  readonly newest: number
  /** Of this log. */
  readonly times: RecordedTimes
}

const chunkRowsMax = 256

export async function readEvents(log: EventLog, query: EventQuery, rowsMax: number): Promise<EventPage> {
  const { db, snapshot } = log
  const prefix = prefixFor(query)
  const ascending = query.order === 'ASC'
  const [from, to] = await boundsOf(log, query)
  if (from > to) return { items: [], hasMore: false }

  const items: EventRecord[] = []
  let looked = ascending ? from - 1 : to + 1
  let rowsLeft = rowsMax
  const chunkRows = Math.min(chunkRowsMax, query.limit + 1)
  const iterator = db.iterator({
    gte: `${prefix}${keys.fixed(from)}`,
    lte: `${prefix}${keys.fixed(to)}`,
    reverse: !ascending,
    snapshot,
  })
  try {
    for (;;) {
      const rows = await iterator.nextv(chunkRows)
      if (rows.length === 0) break
      for (const event of await eventsOf(log, prefix, rows)) {
        if (rowsLeft === 0) return { items, hasMore: true, next: eventIdOf(looked) }
        const number = eventNumberOf(event.id)
        if (prefix === allEvents) mustFollow(number, looked)
        if (matches(event, query)) {
          if (items.length === query.limit) return { items, hasMore: true, next: (items.at(-1) as EventRecord).id }
          items.push(event)
        }
        looked = number
        rowsLeft--
      }
    }
  } finally {
    await iterator.close()
  }
  if (prefix === allEvents) mustFollow(ascending ? to + 1 : from - 1, looked)
  return { items, hasMore: false }
}

/** The first number whose event was recorded at that moment or later; newest + 1 when there is none. */
export function firstNumberFrom(log: EventLog, time: number): Promise<number> {
  return firstNumber(log, recordedAt => recordedAt >= time)
}

function firstNumber(log: EventLog, holds: (recordedAt: number) => boolean): Promise<number> {
  return log.times.first({ low: log.oldest, high: log.newest + 1 }, holds, async number => {
    const [event] = await eventsAt(log, [number])
    return (event as EventRecord).recordedAt
  })
}

/** Those of all these numbers, which must be there. */
export async function eventsAt(
  { db, snapshot }: EventLog,
  numbers: readonly number[],
): Promise<readonly EventRecord[]> {
  const recordKeys = numbers.map(keys.eventKey)
  const values: readonly (string | undefined)[] = await db.getMany<string, string>(recordKeys, { snapshot })
  return recordKeys.map((key, index) => {
    const value = values[index]
    if (value === undefined) throw new StoreDamaged(`event ${keys.numberAt(key)} is missing`)
    return decodeEvent(key, value)
  })
}

const allEvents = 'e!'

/** First and last number that can be an answer. */
async function boundsOf(log: EventLog, query: EventQuery): Promise<readonly [from: number, to: number]> {
  const { notBefore, notAfter } = query
  const after = query.after === undefined ? undefined : Math.min(eventNumberOf(query.after), Number.MAX_SAFE_INTEGER)
  const [first, end] = await Promise.all([
    notBefore === undefined ? log.oldest : firstNumberFrom(log, notBefore),
    notAfter === undefined ? log.newest + 1 : firstNumber(log, at => at > notAfter),
  ])
  const last = end - 1
  if (after === undefined) return [first, last]
  return query.order === 'ASC' ? [Math.max(first, after + 1), last] : [first, Math.min(last, after - 1)]
}

/** The narrowest first: a device has fewer events than an operation, an operation fewer than a code. */
function prefixFor(query: EventQuery): string {
  if (query.device !== undefined) return keys.eventsByDevice(query.device)
  if (query.operation !== undefined) return keys.eventsByOperation(query.operation)
  if (query.code !== undefined) return keys.eventsByCode(query.code)
  if (query.type !== undefined) return keys.eventsByType(query.type)
  return allEvents
}

function matches(event: EventRecord, query: EventQuery): boolean {
  return (
    (query.device === undefined || event.device === query.device) &&
    (query.operation === undefined || event.operation === query.operation) &&
    (query.code === undefined || event.code === query.code) &&
    (query.type === undefined || event.type === query.type)
  )
}

async function eventsOf(
  log: EventLog,
  prefix: string,
  rows: readonly (readonly [string, string])[],
): Promise<readonly EventRecord[]> {
  if (prefix === allEvents) return rows.map(([key, value]) => decodeEvent(key, value))
  return eventsAt(
    log,
    rows.map(([key]) => keys.numberAt(key)),
  )
}

/** Events have no gaps: a number left out is a record lost. */
function mustFollow(number: number, looked: number): void {
  if (Math.abs(number - looked) !== 1) {
    throw new StoreDamaged(`an event between ${Math.min(number, looked)} and ${Math.max(number, looked)} is missing`)
  }
}
