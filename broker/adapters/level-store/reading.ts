// Reads records, pages of them, and records that index rows point to.
import { StoreDamaged } from '../../errors.ts'
import type { Page } from '../../ports.ts'
import type { KeyRange } from './keys.ts'
import { decodeRecord, decodeValue } from './record.ts'
import { type Database, many, type Snapshot } from './verification.ts'

const pageItemsMax = 10_000

export interface PageOfRows<T> {
  readonly range: KeyRange
  readonly limit: number
  readonly decode: (key: string, value: string) => T
  readonly descending?: boolean
  readonly snapshot?: Snapshot
}

export async function readPage<T>(db: Database, page: PageOfRows<T>): Promise<Page<T>> {
  const { range, limit, decode, descending = false, snapshot } = page
  mustBePageLimit(limit)
  const rows = await db
    .iterator({ ...range, reverse: descending, limit: limit + 1, ...(snapshot && { snapshot }) })
    .all()
  return { items: rows.slice(0, limit).map(([key, value]) => decode(key, value)), hasMore: rows.length > limit }
}

/** A page of the records that the index rows in `range` point to. Throws StoreDamaged when one is not to be there. */
export async function readPagePointedTo<T>(
  db: Database,
  snapshot: Snapshot,
  page: {
    readonly range: KeyRange
    readonly limit: number
    readonly toRecord: (key: string) => string
    readonly isListed: (record: T) => boolean
  },
): Promise<Page<T>> {
  const { range, limit, toRecord, isListed } = page
  mustBePageLimit(limit)
  const found = await db.keys({ ...range, snapshot, limit: limit + 1 }).all()
  const listed = found.slice(0, limit)
  const items = await readRecords<T>(db, snapshot, listed.map(toRecord))
  for (const [index, item] of items.entries()) {
    if (!isListed(item)) throw new StoreDamaged(`index row "${listed[index]}" does not fit its record`)
  }
  return { items, hasMore: found.length > limit }
}

export async function readAllPointedTo<T>(
  db: Database,
  snapshot: Snapshot,
  range: KeyRange,
  toRecord: (key: string) => string,
): Promise<readonly T[]> {
  return readRecords(db, snapshot, (await db.keys({ ...range, snapshot }).all()).map(toRecord))
}

export async function readAll<T>(db: Database, range: KeyRange): Promise<readonly T[]> {
  const rows = await db.iterator(range).all()
  return rows.map(([key, value]) => decodeValue<T>(key, value))
}

/** The JSON of those records that exist, by key. */
export async function readJson(db: Database, recordKeys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (recordKeys.length === 0) return new Map()
  const values = await many({ db }, recordKeys)
  return new Map(
    recordKeys.flatMap((key, index) => {
      const value = values[index]
      return value === undefined ? [] : [[key, decodeRecord(key, value).json] as const]
    }),
  )
}

/** Throws StoreDamaged when one is not there. */
async function readRecords<T>(db: Database, snapshot: Snapshot, recordKeys: readonly string[]): Promise<readonly T[]> {
  const values = await many({ db, snapshot }, recordKeys)
  return recordKeys.map((key, index) => {
    const value = values[index]
    if (value === undefined) throw new StoreDamaged(`record "${key}" is missing`)
    return decodeValue<T>(key, value)
  })
}

export function mustBePageLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageItemsMax) {
    throw new RangeError(`page limit: expected 1 to ${pageItemsMax}, got ${limit}`)
  }
}
