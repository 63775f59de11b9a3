// Answers a filter over the event log with a bounded number of rows read: what an index serves is read by it, the rest
// is compared here, and what one request cannot read is left to the next.
//
//   filter ─▶ keys (device | operation | code | type) ─▶ rows of each, merged by number ─▶ matches ─▶ page
//          └▶ times: where the store enters the log ───┘
import { type EventId, eventNumberOf } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { candidatesOf, type EventFilter, matches, needsRegistry } from '../core/event-filter.ts'
import type { EventRecord } from '../core/records.ts'
import type { EventPage, EventQuery, Store } from '../ports.ts'

/** Rows read for one page, and again for one count. */
export const eventRowsMax = 10_000
/** More values of one field than this are compared, not looked up. */
const keysMax = 16
const readRowsMax = 1_000

/** One, so that every row a store looks at is a row we get: nothing is read unseen. */
type Key = Pick<EventQuery, 'device' | 'operation' | 'code' | 'type'>
interface Plan {
  readonly filter: EventFilter
  /** Every match is under one of them, and no row under two. */
  readonly keys: readonly Key[]
  /** Where the log is entered and left; the store finds the place. */
  readonly times: Pick<EventQuery, 'notBefore' | 'notAfter'>
}
export interface PageWish {
  readonly after?: EventId
  readonly order: 'ASC' | 'DESC'
  readonly limit: number
}

/** A page may be short, even empty, with hasMore: go on from `next`. */
export async function readEvents(store: Store, filter: EventFilter, wish: PageWish): Promise<EventPage> {
  const { ids } = candidatesOf(filter)
  if (ids !== undefined) return pageOfIds(store, filter, ids, wish)
  return readRows(store, planOf(filter), wish)
}

/** How many events match in all; undefined when eventRowsMax rows are not enough to know. */
export async function countEvents(store: Store, filter: EventFilter): Promise<number | undefined> {
  const { ids } = candidatesOf(filter)
  if (ids !== undefined) return (await matchingIds(store, filter, ids)).length
  if (filter.conditions.length === 0) {
    const [first, last] = await endsOf(store)
    return last - first + 1
  }
  const page = await readRows(store, planOf(filter), { order: 'ASC', limit: eventRowsMax })
  return page.hasMore ? undefined : page.items.length
}

async function readRows(store: Store, { filter, keys, times }: Plan, wish: PageWish): Promise<EventPage> {
  const { order, limit } = wish
  const items: EventRecord[] = []
  if (keys.length === 0) return { items, hasMore: false }
  let position = wish.after
  let rows = 0
  while (rows + keys.length <= eventRowsMax) {
    const wanted = Math.min(readRowsMax, Math.max(limit - items.length, rows))
    const found = await readKeys(store, keys, {
      ...times,
      order,
      limit: Math.min(wanted, Math.floor((eventRowsMax - rows) / keys.length)),
      ...(position === undefined ? {} : { after: position }),
    })
    rows += Math.max(1, found.rows)
    const deviceOf = await registryFor(store, filter, found.items)
    for (const [index, event] of found.items.entries()) {
      if (!matches(filter, event, deviceOf(event))) continue
      items.push(event)
      if (items.length < limit) continue
      const hasMore = index + 1 < found.items.length || found.hasMore
      return hasMore ? { items, hasMore, next: event.id } : { items, hasMore }
    }
    if (!found.hasMore) return { items, hasMore: false }
    position = found.next
  }
  return { items, hasMore: true, ...(position === undefined ? {} : { next: position }) }
}

/** The rows under all keys in order, as far as all of them have been read. */
async function readKeys(
  store: Store,
  keys: readonly Key[],
  query: PageWish & Plan['times'],
): Promise<EventPage & { readonly rows: number }> {
  const pages = await Promise.all(keys.map(key => store.events({ ...key, ...query })))
  const forward = query.order === 'ASC' ? 1 : -1
  const ends = pages.flatMap(page => (page.hasMore ? [nextOf(page)] : [])).sort((a, b) => forward * compare(a, b))
  const end = ends[0]
  const all = pages.flatMap(({ items }) => items).sort((a, b) => forward * compare(a.id, b.id))
  const items = end === undefined ? all : all.filter(({ id }) => forward * compare(id, end) <= 0)
  return { items, rows: all.length, ...(end === undefined ? { hasMore: false } : { hasMore: true, next: end }) }
}

function planOf(filter: EventFilter): Plan {
  const { devices, operations, codes, types, notBefore, notAfter } = candidatesOf(filter)
  // A device has fewer events than an operation, an operation fewer than a code, a code fewer than a type.
  const lists: readonly (readonly Key[])[] = [
    ...(devices === undefined ? [] : [devices.map(device => ({ device }))]),
    ...(operations === undefined ? [] : [operations.map(operation => ({ operation }))]),
    ...(codes === undefined ? [] : [codes.map(code => ({ code }))]),
    ...(types === undefined ? [] : [types.map(type => ({ type }))]),
  ]
  const keys = lists.filter(({ length }) => length <= keysMax).sort((a, b) => a.length - b.length)[0] ?? [{}]
  if (notBefore > notAfter) return { filter, keys: [], times: {} }
  return {
    filter,
    keys,
    times: {
      ...(notBefore === Number.NEGATIVE_INFINITY ? {} : { notBefore }),
      ...(notAfter === Number.POSITIVE_INFINITY ? {} : { notAfter }),
    },
  }
}

/** The numbers of the oldest and the newest event; 1 and 0 when there is none. */
async function endsOf(store: Store): Promise<readonly [first: number, last: number]> {
  const [oldest, newest] = await Promise.all(
    (['ASC', 'DESC'] as const).map(async order => (await store.events({ order, limit: 1 })).items[0]),
  )
  return oldest === undefined || newest === undefined ? [1, 0] : [eventNumberOf(oldest.id), eventNumberOf(newest.id)]
}

async function pageOfIds(
  store: Store,
  filter: EventFilter,
  ids: readonly EventId[],
  { after, order, limit }: PageWish,
): Promise<EventPage> {
  const forward = order === 'ASC' ? 1 : -1
  const all = await matchingIds(store, filter, ids)
  const beyond = all
    .filter(({ id }) => after === undefined || forward * compare(id, after) > 0)
    .sort((a, b) => forward * compare(a.id, b.id))
  const items = beyond.slice(0, limit)
  const last = items.at(-1)
  return beyond.length > limit && last !== undefined
    ? { items, hasMore: true, next: last.id }
    : { items, hasMore: false }
}

async function matchingIds(
  store: Store,
  filter: EventFilter,
  ids: readonly EventId[],
): Promise<readonly EventRecord[]> {
  const found = (await Promise.all(ids.map(id => store.event(id)))).flatMap(event => event ?? [])
  const deviceOf = await registryFor(store, filter, found)
  return found.filter(event => matches(filter, event, deviceOf(event)))
}

/** The devices events are about, read once each and only when the filter speaks of what the registry knows. */
async function registryFor(
  store: Store,
  filter: EventFilter,
  events: readonly EventRecord[],
): Promise<(event: EventRecord) => Device | undefined> {
  if (!needsRegistry(filter)) return () => undefined
  const ids = [...new Set(events.map(({ device }) => device))]
  const devices = new Map<string, Device | undefined>()
  for (const [index, device] of (await Promise.all(ids.map(id => store.device(id)))).entries())
    devices.set(ids[index] as string, device)
  return event => devices.get(event.device)
}

function nextOf({ items, next }: EventPage): EventId {
  const found = next ?? items.at(-1)?.id
  if (found === undefined) throw new TypeError('a page of events with more to come does not say where')
  return found
}

/** Ids sort as the log does. */
function compare(a: EventId, b: EventId): number {
  return a < b ? -1 : a > b ? 1 : 0
}
