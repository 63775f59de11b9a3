// Reads the whole database through: every record, every index row against its record and back, event and audit numbers
// without a gap, the audit chain link by link.
import { type AuditLine, firstAuditHash } from '../../../proto/audit.ts'
import { numberAt } from './keys.ts'
import { problemsInTables, readLiveFiles } from './leveldb-files.ts'
import type { StorePosition } from './position.ts'
import { indexKeysOf, problemOfIndexValue, recordKeyOf } from './rows.ts'
import {
  chunkRows,
  type Database,
  type Expected,
  gone,
  lastPosition,
  many,
  problemsAtEnds,
  problemsOf,
  type Snapshot,
  type Source,
  tryDecode,
} from './verification.ts'

export interface StoreReport {
  readonly batches: number
  readonly events: number
  readonly auditRecords: number
  /** All that are no index rows. */
  readonly records: number
  readonly indexRows: number
  /** In words, the first 100; empty when all is well. */
  readonly problems: readonly string[]
}

interface ScrubCounts {
  events: number
  auditRecords: number
  records: number
  indexRows: number
}

interface IndexRow {
  readonly key: string
  readonly value: string
  readonly record: string
}

const problemsMax = 100

/** Looks at the tables and, as `snapshot` shows it, at everything in them. `directory` is that of the records. */
export async function reportOn(
  db: Database,
  snapshot: Snapshot,
  directory: string,
  acknowledged: StorePosition,
): Promise<StoreReport> {
  // A batch may be written and not yet acknowledged.
  const position = await lastPosition(db, snapshot)
  const counts = { events: 0, auditRecords: 0, records: 0, indexRows: 0 }
  const limits = { bytesMax: Number.POSITIVE_INFINITY, problemsMax, closed: false }
  const problems = [...(await problemsInTables(directory, await readLiveFiles(directory), limits))]
  if (position.batch < acknowledged.batch) problems.push(`batch ${acknowledged.batch} is missing`)
  for await (const problem of problemsAnywhere(db, snapshot, position, counts)) {
    if (problems.push(problem) >= problemsMax) break
  }
  return { batches: position.batch, ...counts, problems }
}

/** What is wrong in the whole database; counts what was looked at. */
async function* problemsAnywhere(
  db: Database,
  snapshot: Snapshot,
  last: StorePosition,
  counts: ScrubCounts,
): AsyncGenerator<string> {
  const source = { db, snapshot }
  const order = new Order(last.oldestEvent)
  const iterator = db.iterator({ snapshot, fillCache: false })
  try {
    for (let rows = await iterator.nextv(chunkRows); rows.length > 0; rows = await iterator.nextv(chunkRows)) {
      yield* problemsInRows(source, rows, last, counts, order)
    }
  } finally {
    await iterator.close()
  }
  const stored = last.event - last.oldestEvent + 1
  if (counts.events !== stored) yield `${counts.events} events are there, ${stored} were stored`
  if (counts.auditRecords !== last.audit.number)
    yield `${counts.auditRecords} audit records are there, ${last.audit.number} were stored`
  yield* problemsAtEnds(source, last)
}

async function* problemsInRows(
  source: Source,
  rows: readonly (readonly [string, string])[],
  last: StorePosition,
  counts: ScrubCounts,
  order: Order,
): AsyncGenerator<string> {
  const records: Expected[] = []
  const indexRows: IndexRow[] = []
  for (const [key, value] of rows) {
    const record = recordKeyOf(key)
    if (record !== undefined) {
      indexRows.push({ key, value, record })
      continue
    }
    if (key.startsWith('e!')) counts.events++
    if (key.startsWith('u!')) counts.auditRecords++
    const decoded = tryDecode(key, value)
    if (typeof decoded === 'string') {
      yield decoded
      continue
    }
    records.push({ key, batch: decoded.batch, exact: true })
    yield* order.problems(key, decoded.batch, decoded.json)
  }
  counts.records += records.length
  counts.indexRows += indexRows.length
  yield* problemsOf(source, records, last.batch)
  yield* problemsOfIndexRows(source, indexRows)
}

async function* problemsOfIndexRows(source: Source, rows: readonly IndexRow[]): AsyncGenerator<string> {
  const values = await many(
    source,
    rows.map(row => row.record),
  )
  for (const [index, { key, value, record }] of rows.entries()) {
    const found = values[index]
    const decoded = found === undefined ? undefined : tryDecode(record, found)
    if (decoded === undefined) yield `index row "${key}" points to nothing`
    else if (typeof decoded === 'object' && !indexKeysOf(record, decoded.json).present.includes(key)) {
      yield `index row "${key}" is there though its record does not ask for it`
    } else if (typeof decoded === 'object') {
      const problem = problemOfIndexValue(record, decoded.batch, value)
      if (problem !== undefined) yield `index row "${key}" ${problem}`
    }
  }
}

/** What can only be seen going from record to record. */
class Order {
  #event: number
  #eventBatch = 0
  #audit = 1
  #auditBatch = 0
  #previous = firstAuditHash

  constructor(oldestEvent: number) {
    this.#event = oldestEvent
  }

  *problems(key: string, batch: number, json: string): Iterable<string> {
    if (key.startsWith('e!')) {
      const number = numberAt(key)
      if (number !== this.#event) yield gone('event', this.#event, number - 1)
      if (batch < this.#eventBatch) yield `event ${number} is of batch ${batch}, the one before it of a later one`
      this.#event = number + 1
      this.#eventBatch = batch
    }
    if (key.startsWith('u!')) {
      const number = numberAt(key)
      const record = JSON.parse(json) as AuditLine
      if (number !== this.#audit) yield gone('audit record', this.#audit, number - 1)
      else if (record.number !== number || record.previous !== this.#previous || batch < this.#auditBatch) {
        yield `audit record ${number} does not follow the one before it`
      }
      this.#audit = number + 1
      this.#auditBatch = batch
      this.#previous = record.hash
    }
  }
}
