// Finds what LevelDB does not report: records gone, turned back to an older version or changed. The tail is verified at
// every start, from the log records of the last batches: each names the keys its batch wrote. The whole is verified on
// demand: every record, every index row against its record and back, event numbers without a gap.
import type { Level } from 'level'
import type { HeadPosition } from './head.ts'
import { eventKey, numberAt, within } from './keys.ts'
import { decodeRecord } from './record.ts'
import { indexKeysOf, recordKeyOf } from './rows.ts'

export type Database = Level<string, string>
/** One moment of the database; closed by the one who took it. */
export type Snapshot = ReturnType<Database['snapshot']>

/** The value of a log record: what a batch wrote besides index rows. */
export interface BatchLog {
  /** Number of its first event (or of the next one, if it has none) and how many there are. */
  readonly e: readonly [first: number, count: number]
  /** Keys of the other records. */
  readonly k: readonly string[]
}

export interface TailLimits {
  /** How many log records the store keeps. */
  readonly logBatches: number
  /** How much is verified record by record, newest batches first, bytes. */
  readonly bytesMax: number
}

interface Expected {
  readonly key: string
  /** The record must be of this batch or, unless `exact`, of a later one. */
  readonly batch: number
  readonly exact: boolean
}

interface Source {
  readonly db: Database
  readonly snapshot?: Snapshot
  /** Grows with what is read. */
  readonly read?: { bytes: number }
}

const chunkRows = 1000

/** The last batch in the database and the last event number, as its log says. Throws StoreDamaged. */
export async function lastPosition(db: Database): Promise<HeadPosition> {
  for await (const [key, value] of db.iterator({ ...within('l!'), reverse: true, limit: 1 })) {
    const { e } = JSON.parse(decodeRecord(key, value).json) as BatchLog
    return { batch: numberAt(key), event: e[0] + e[1] - 1 }
  }
  return { batch: 0, event: 0 }
}

/** What is wrong with the last batches, newest first. Stop after the first one if one is enough. */
export async function* problemsInTail(db: Database, last: HeadPosition, limits: TailLimits): AsyncGenerator<string> {
  const firstLog = Math.max(1, last.batch - limits.logBatches + 1)
  let nextBatch = last.batch
  let nextEvent = last.event
  const read = { bytes: 0 }
  let expected: Expected[] = []
  for await (const [key, value] of db.iterator({ ...within('l!'), reverse: true })) {
    const batch = numberAt(key)
    if (batch !== nextBatch) return yield gone('batch', batch + 1, nextBatch)
    const record = decodeRecord(key, value)
    const { e, k } = JSON.parse(record.json) as BatchLog
    if (record.batch !== batch) yield `record "${key}" is of batch ${record.batch}`
    if (e[0] + e[1] - 1 !== nextEvent) return yield gone('event', e[0] + e[1], nextEvent)
    nextBatch = batch - 1
    nextEvent = e[0] - 1
    if (read.bytes >= limits.bytesMax) continue
    for (let number = e[0]; number < e[0] + e[1]; number++) expected.push({ key: eventKey(number), batch, exact: true })
    for (const each of k) expected.push({ key: each, batch, exact: false })
    if (expected.length >= chunkRows) {
      yield* problemsOf({ db, read }, expected, last.batch)
      expected = []
    }
  }
  yield* problemsOf({ db }, expected, last.batch)
  if (nextBatch >= firstLog) yield gone('batch', firstLog, nextBatch)
  yield* problemsAtEnd({ db }, last)
}

export interface ScrubCounts {
  events: number
  records: number
  indexRows: number
}

/** What is wrong in the whole database, as `snapshot` shows it; counts what was looked at. */
export async function* problemsAnywhere(
  db: Database,
  snapshot: Snapshot,
  last: HeadPosition,
  counts: ScrubCounts,
): AsyncGenerator<string> {
  const source = { db, snapshot }
  const iterator = db.iterator({ snapshot, fillCache: false })
  try {
    for (let rows = await iterator.nextv(chunkRows); rows.length > 0; rows = await iterator.nextv(chunkRows)) {
      yield* problemsInRows(source, rows, last, counts)
    }
  } finally {
    await iterator.close()
  }
  if (counts.events !== last.event) yield `${counts.events} events are there, ${last.event} were stored`
  yield* problemsAtEnd(source, last)
}

async function* problemsInRows(
  source: Source,
  rows: readonly (readonly [string, string])[],
  last: HeadPosition,
  counts: ScrubCounts,
): AsyncGenerator<string> {
  const records: Expected[] = []
  const indexRows: { readonly key: string; readonly record: string; readonly batch: number }[] = []
  for (const [key, value] of rows) {
    const decoded = tryDecode(key, value)
    if (typeof decoded === 'string') {
      yield decoded
      continue
    }
    const record = recordKeyOf(key, decoded.json)
    if (record !== undefined) indexRows.push({ key, record, batch: decoded.batch })
    else records.push({ key, batch: decoded.batch, exact: true })
    if (key.startsWith('e!')) {
      counts.events++
      if (numberAt(key) !== counts.events) {
        yield gone('event', counts.events, numberAt(key) - 1)
        counts.events = numberAt(key)
      }
    }
  }
  counts.records += records.length
  counts.indexRows += indexRows.length
  yield* problemsOf(source, records, last.batch)
  const values = await many(
    source,
    indexRows.map(row => row.record),
  )
  for (const [index, row] of indexRows.entries()) {
    const value = values[index]
    const decoded = value === undefined ? undefined : tryDecode(row.record, value)
    if (decoded === undefined) yield `index row "${row.key}" points to nothing`
    // An index row is written with its record; only tokens that were replaced stay behind, and never match.
    else if (typeof decoded === 'object' && decoded.batch !== row.batch && !row.key.startsWith('pt!')) {
      yield `index row "${row.key}" is of batch ${row.batch}, its record of batch ${decoded.batch}`
    }
  }
}

/** Looks at each record, and at the index rows beside it. */
async function* problemsOf(source: Source, expected: readonly Expected[], lastBatch: number): AsyncGenerator<string> {
  const values = await many(
    source,
    expected.map(each => each.key),
  )
  const present: Expected[] = []
  const absent: string[] = []
  for (const [index, { key, batch, exact }] of expected.entries()) {
    const value = values[index]
    const decoded = value === undefined ? `record "${key}" of batch ${batch} is missing` : tryDecode(key, value)
    if (typeof decoded === 'string') yield decoded
    else if (decoded.batch < batch || decoded.batch > lastBatch || (exact && decoded.batch !== batch)) {
      yield `record "${key}" is of batch ${decoded.batch}, expected batch ${batch}`
    } else {
      const indexKeys = indexKeysOf(key, decoded.json)
      for (const indexKey of indexKeys.present) present.push({ key: indexKey, batch: decoded.batch, exact: true })
      absent.push(...indexKeys.absent)
    }
  }
  const presentValues = await many(
    source,
    present.map(each => each.key),
  )
  for (const [index, { key, batch }] of present.entries()) {
    const value = presentValues[index]
    const decoded = value === undefined ? `index row "${key}" of batch ${batch} is missing` : tryDecode(key, value)
    if (typeof decoded === 'string') yield decoded
    else if (decoded.batch !== batch) yield `index row "${key}" is of batch ${decoded.batch}, expected batch ${batch}`
  }
  const absentValues = await many(source, absent)
  for (const [index, key] of absent.entries()) {
    if (absentValues[index] !== undefined) yield `index row "${key}" is there though its record does not ask for it`
  }
}

async function* problemsAtEnd({ db, snapshot }: Source, last: HeadPosition): AsyncGenerator<string> {
  const options = snapshot === undefined ? {} : { snapshot }
  for await (const key of db.keys({ ...within('e!'), ...options, reverse: true, limit: 1 })) {
    if (numberAt(key) !== last.event) yield `the last event is ${numberAt(key)}, expected ${last.event}`
  }
}

async function many({ db, snapshot, read }: Source, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
  const values: (string | undefined)[] = []
  for (let at = 0; at < keys.length; at += chunkRows) {
    const options = snapshot === undefined ? {} : { snapshot }
    const chunk = keys.slice(at, at + chunkRows)
    const found: (string | undefined)[] = await db.getMany<string, string>(chunk, options)
    for (const [index, value] of found.entries()) {
      values.push(value)
      if (read !== undefined) read.bytes += (chunk[index]?.length ?? 0) + (value?.length ?? 0)
    }
  }
  return values
}

function tryDecode(key: string, value: string): { readonly batch: number; readonly json: string } | string {
  try {
    return decodeRecord(key, value)
  } catch (error) {
    return (error as Error).message
  }
}

function gone(what: string, from: number, to: number): string {
  return from === to ? `${what} ${from} is missing` : `${what} ${from} to ${to} are missing`
}
