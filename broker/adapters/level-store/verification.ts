// Finds what LevelDB does not report: records gone, turned back to an older version or changed. The tail is verified at
// every start, from the log records of the last batches: each names the keys its batch wrote. The whole is verified on
// demand (scrub.ts), by the same look at a record and the index rows beside it.
import type { Level } from 'level'
import { type AuditLine, auditHash } from '../../../proto/audit.ts'
import { auditKey, eventKey, logKey, numberAt, within } from './keys.ts'
import { type BatchLog, emptyPosition, parseLog, positionOf, type StorePosition } from './position.ts'
import { decodeRecord } from './record.ts'
import { indexKeysOf, problemOfIndexValue } from './rows.ts'

export type Database = Level<string, string>
/** One moment of the database; closed by the one who took it. */
export type Snapshot = ReturnType<Database['snapshot']>

export interface TailLimits {
  /** How many log records the store keeps. */
  readonly logBatches: number
  /** How much is verified record by record, newest batches first, bytes. */
  readonly bytesMax: number
  /** Of version 1, whose index rows are about to be made anew: records only. */
  readonly recordsOnly?: boolean
}

export interface Expected {
  readonly key: string
  /** The record must be of this batch or, unless `exact`, of a later one. */
  readonly batch: number
  readonly exact: boolean
}

export interface Source {
  readonly db: Database
  readonly snapshot?: Snapshot
  /** Grows with what is read. */
  readonly read?: { bytes: number }
  readonly recordsOnly?: boolean
}

export const chunkRows = 1000
const chunksAtOnce = 3
/** Log records are long: LevelDB would hand them over one by one. */
const logBytesAtOnce = 1024 * 1024

/** Where the database is, as its last log record says. Throws StoreDamaged. */
export async function lastPosition(db: Database, snapshot?: Snapshot): Promise<StorePosition> {
  const options = { ...within('l!'), reverse: true, limit: 1, ...(snapshot && { snapshot }) }
  for await (const [key, value] of db.iterator(options)) {
    return positionOf(numberAt(key), parseLog(decodeRecord(key, value).json))
  }
  return emptyPosition
}

/** What is wrong with the last batches, newest first. Stop after the first one if one is enough. */
export async function* problemsInTail(db: Database, last: StorePosition, limits: TailLimits): AsyncGenerator<string> {
  const { logBatches, bytesMax, recordsOnly = false } = limits
  const firstLog = Math.max(1, last.batch - logBatches + 1)
  let [nextBatch, nextEvent, nextAudit] = [last.batch, last.event, last.audit.number]
  const source = { db, read: { bytes: 0 }, recordsOnly }
  const deleted = new Map<string, number>()
  let expected: Expected[] = []
  const newestFirst = { ...within('l!'), reverse: true }
  for await (const [key, value] of db.iterator({ ...newestFirst, highWaterMarkBytes: logBytesAtOnce })) {
    const batch = numberAt(key)
    if (batch !== nextBatch) return yield gone('batch', batch + 1, nextBatch)
    const record = decodeRecord(key, value)
    const log = parseLog(record.json)
    const { e, u } = log
    if (record.batch !== batch) yield `record "${key}" is of batch ${record.batch}`
    if (e[0] + e[1] - 1 !== nextEvent) return yield gone('event', e[0] + e[1], nextEvent)
    if (u[0] + u[1] - 1 !== nextAudit) return yield gone('audit record', u[0] + u[1], nextAudit)
    nextBatch = batch - 1
    nextEvent = e[0] - 1
    nextAudit = u[0] - 1
    for (const each of expectedOf(batch, log, last, deleted)) expected.push(each)
    for (const each of log.d) if (!deleted.has(each)) deleted.set(each, batch)
    if (expected.length < chunkRows) continue
    yield* problemsOf(source, expected, last.batch)
    expected = []
    if (source.read.bytes >= bytesMax) break
  }
  yield* problemsOf(source, expected, last.batch)
  yield* problemsOfDeleted(source, [...deleted])
  // Of older ones, that none is missing: what they list is in tables by now, which have been read through.
  for await (const key of db.keys({ ...newestFirst, lt: logKey(nextBatch + 1) })) {
    if (numberAt(key) !== nextBatch) return yield gone('batch', numberAt(key) + 1, nextBatch)
    nextBatch--
  }
  if (nextBatch >= firstLog) yield gone('batch', firstLog, nextBatch)
  yield* problemsAtEnds(source, last)
}

/** The records that a batch wrote and no later one deleted. */
function* expectedOf(
  batch: number,
  { e, u, k }: BatchLog,
  last: StorePosition,
  deleted: ReadonlyMap<string, number>,
): Iterable<Expected> {
  for (let number = Math.max(e[0], last.oldestEvent); number < e[0] + e[1]; number++) {
    yield { key: eventKey(number), batch, exact: true }
  }
  for (let number = u[0]; number < u[0] + u[1]; number++) yield { key: auditKey(number), batch, exact: true }
  for (const key of k) if (!deleted.has(key)) yield { key, batch, exact: false }
}

/** Looks at each record, and at the index rows beside it. */
export async function* problemsOf(
  source: Source,
  expected: readonly Expected[],
  lastBatch: number,
): AsyncGenerator<string> {
  const values = await many(
    source,
    expected.map(each => each.key),
  )
  const present: { readonly key: string; readonly record: string; readonly batch: number }[] = []
  const absent: string[] = []
  for (const [index, { key, batch, exact }] of expected.entries()) {
    const value = values[index]
    const decoded = value === undefined ? `record "${key}" of batch ${batch} is missing` : tryDecode(key, value)
    if (typeof decoded === 'string') yield decoded
    else if (decoded.batch < batch || decoded.batch > lastBatch || (exact && decoded.batch !== batch)) {
      yield `record "${key}" is of batch ${decoded.batch}, expected batch ${batch}`
    } else {
      const indexKeys = indexKeysOf(key, decoded.json)
      for (const each of indexKeys.present) present.push({ key: each, record: key, batch: decoded.batch })
      absent.push(...indexKeys.absent)
      if (key.startsWith('u!') && !hashFits(decoded.json)) yield `audit record ${numberAt(key)}: its hash does not fit`
    }
  }
  if (source.recordsOnly) return
  const [presentValues, absentValues] = await Promise.all([
    many(
      source,
      present.map(each => each.key),
    ),
    many(source, absent),
  ])
  for (const [index, { key, record, batch }] of present.entries()) {
    const value = presentValues[index]
    const problem = value === undefined ? 'is missing' : problemOfIndexValue(record, batch, value)
    if (problem !== undefined) yield `index row "${key}" ${problem}`
  }
  for (const [index, key] of absent.entries()) {
    if (absentValues[index] !== undefined) yield `index row "${key}" is there though its record does not ask for it`
  }
}

async function* problemsOfDeleted(
  source: Source,
  deleted: readonly (readonly [key: string, batch: number])[],
): AsyncGenerator<string> {
  const values = await many(
    source,
    deleted.map(([key]) => key),
  )
  for (const [index, [key, batch]] of deleted.entries()) {
    const value = values[index]
    const decoded = value === undefined ? undefined : tryDecode(key, value)
    if (typeof decoded === 'string') yield decoded
    else if (decoded !== undefined && decoded.batch <= batch) yield `record "${key}" was deleted and is there`
  }
}

/** First and last of what is numbered. */
export async function* problemsAtEnds({ db, snapshot }: Source, last: StorePosition): AsyncGenerator<string> {
  const options = snapshot === undefined ? { limit: 1 } : { snapshot, limit: 1 }
  const [firstEvent] = await db.keys({ ...within('e!'), ...options }).all()
  const [lastEvent] = await db.keys({ ...within('e!'), ...options, reverse: true }).all()
  const kept = last.event >= last.oldestEvent
  if (kept !== (firstEvent !== undefined)) yield `events ${last.oldestEvent} to ${last.event} were stored`
  if (firstEvent !== undefined && numberAt(firstEvent) !== last.oldestEvent)
    yield `the first event is ${numberAt(firstEvent)}, expected ${last.oldestEvent}`
  if (lastEvent !== undefined && numberAt(lastEvent) !== last.event)
    yield `the last event is ${numberAt(lastEvent)}, expected ${last.event}`
  const { number, hash } = last.audit
  const [audit] = await db.iterator({ ...within('u!'), ...options, reverse: true }).all()
  if ((audit === undefined ? 0 : numberAt(audit[0])) !== number) {
    return yield `the last audit record is ${audit === undefined ? 0 : numberAt(audit[0])}, expected ${number}`
  }
  if (audit === undefined) return
  const decoded = tryDecode(...audit)
  if (typeof decoded === 'string') yield decoded
  else if ((JSON.parse(decoded.json) as AuditLine).hash !== hash) {
    yield `audit record ${number} is not the one the chain ends in`
  }
}

export async function many(
  { db, snapshot, read }: Source,
  keys: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const values: (string | undefined)[] = []
  const chunkAt = async (at: number): Promise<readonly (string | undefined)[]> => {
    const chunk = keys.slice(at, at + chunkRows)
    const found: (string | undefined)[] = await db.getMany<string, string>(
      chunk,
      snapshot === undefined ? {} : { snapshot },
    )
    if (read !== undefined)
      for (const [index, value] of found.entries()) read.bytes += (chunk[index]?.length ?? 0) + (value?.length ?? 0)
    return found
  }
  // A few at a time: LevelDB reads on several threads.
  for (let at = 0; at < keys.length; at += chunksAtOnce * chunkRows) {
    const chunks = Array.from({ length: chunksAtOnce }, (_, index) => at + index * chunkRows)
    for (const found of await Promise.all(chunks.filter(each => each < keys.length).map(chunkAt))) values.push(...found)
  }
  return values
}

export function tryDecode(key: string, value: string): { readonly batch: number; readonly json: string } | string {
  try {
    return decodeRecord(key, value)
  } catch (error) {
    return (error as Error).message
  }
}

export function gone(what: string, from: number, to: number): string {
  return from === to ? `${what} ${from} is missing` : `${what} ${from} to ${to} are missing`
}

function hashFits(json: string): boolean {
  const record = JSON.parse(json) as AuditLine
  return auditHash(record) === record.hash
}
