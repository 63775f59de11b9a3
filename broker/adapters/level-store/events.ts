// Reads pages of events. One filter is answered from its index alone; with more, the index of the narrowest is gone
// through and the rest is compared, at most `rowsMax` rows a call, so that no question can hold the store.
import { eventIdOf, eventNumberOf } from '../../../proto/ids.ts'
import type { EventRecord } from '../../core/records.ts'
import { StoreDamaged } from '../../errors.ts'
import type { EventPage, EventQuery } from '../../ports.ts'
import * as keys from './keys.ts'
import { decodeRecord, decodeValue } from './record.ts'
import type { Database } from './verification.ts'

const chunkRowsMax = 256

/** Events up to number `last`; what is being written at this moment is none of the reader's business. */
export async function readEvents(db: Database, query: EventQuery, last: number, rowsMax: number): Promise<EventPage> {
  const prefix = prefixFor(query)
  const ascending = query.order === 'ASC'
  const after = query.after === undefined ? undefined : Math.min(eventNumberOf(query.after), Number.MAX_SAFE_INTEGER)
  const from = ascending ? (after ?? 0) + 1 : 1
  const to = ascending ? last : Math.min((after ?? last + 1) - 1, last)
  if (from > to) return { items: [], hasMore: false }

  const items: EventRecord[] = []
  let looked = ascending ? from - 1 : to + 1
  let rowsLeft = rowsMax
  const chunkRows = Math.min(chunkRowsMax, query.limit + 1)
  const iterator = db.iterator({
    gte: `${prefix}${keys.fixed(from)}`,
    lte: `${prefix}${keys.fixed(to)}`,
    reverse: !ascending,
  })
  try {
    for (;;) {
      const rows = await iterator.nextv(chunkRows)
      if (rows.length === 0) break
      for (const event of await eventsOf(db, prefix, rows)) {
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

const allEvents = 'e!'

/** The narrowest first: a device has fewer events than an operation, an operation fewer than a code. */
function prefixFor(query: EventQuery): string {
  if (query.device !== undefined) return keys.eventsByDevice(query.device)
  if (query.operation !== undefined) return keys.eventsByOperation(query.operation)
  if (query.code !== undefined) return keys.eventsByCode(query.code)
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
  db: Database,
  prefix: string,
  rows: readonly (readonly [string, string])[],
): Promise<readonly EventRecord[]> {
  if (prefix === allEvents) return rows.map(([key, value]) => decodeValue<EventRecord>(key, value))
  for (const [key, value] of rows) decodeRecord(key, value)
  const recordKeys = rows.map(([key]) => keys.eventKey(keys.numberAt(key)))
  const values: readonly (string | undefined)[] = await db.getMany(recordKeys)
  return recordKeys.map((key, index) => {
    const value = values[index]
    if (value === undefined) throw new StoreDamaged(`event ${keys.numberAt(key)} is missing`)
    return decodeValue<EventRecord>(key, value)
  })
}

/** Events have no gaps: a number left out is a record lost. */
function mustFollow(number: number, looked: number): void {
  if (Math.abs(number - looked) !== 1) {
    throw new StoreDamaged(`an event between ${Math.min(number, looked)} and ${Math.max(number, looked)} is missing`)
  }
}
