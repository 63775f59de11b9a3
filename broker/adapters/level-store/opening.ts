// Opens the files of a store in the order in which nothing is destroyed and nothing missing is overlooked:
//
//   head ── lock? ── MANIFEST, tables, write-ahead log ── LevelDB ── last batch ≥ head? ── tail ── head settled
//
// Damage is StoreDamaged before anything is written; a lock held by somebody else is StoreUnavailable in words.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { BrokerError, StoreDamaged, StoreUnavailable } from '../../errors.ts'
import { createHead, Head, type HeadPosition, readHead } from './head.ts'
import { schemaKey } from './keys.ts'
import { problemsInTables, readLiveFiles, readWriteAheadLogs } from './leveldb-files.ts'
import { migrate } from './migration.ts'
import { emptyPosition, logOf, type StorePosition } from './position.ts'
import { decodeValue, encodeRecord } from './record.ts'
import { type Schema, schemaVersion } from './schema.ts'
import { type Database, lastPosition, problemsInTail } from './verification.ts'
import { writeBatch } from './write-batch.ts'

/** Tables LevelDB keeps open at once, the fewest it takes. It maps each into memory: a sweep over a million devices must not map all. */
const openTablesMax = 64

export interface OpeningOptions {
  /** Make the store when there is none. */
  readonly create: boolean
  /** Bring a database of an older version to this one; else it is refused. */
  readonly migrate: boolean
  /** Tables read through before LevelDB opens, newest first, bytes. */
  readonly tableBytesMax: number
  /** Log records kept, from the making of the store on. */
  readonly logBatches: number
  /** Of LevelDB, bytes: how much is held in memory and in the write-ahead log. */
  readonly writeBufferBytes: number
}

/** Owned by the store, which closes both. */
export interface OpenFiles {
  readonly db: Database
  readonly head: Head
  readonly position: StorePosition
  readonly logBatches: number
}

/**
 * What LevelDB can lose without a word is in its write-ahead logs and memory tables: two write buffers at most. Older
 * records are in tables, whose blocks have been read through. One more for good measure.
 */
const tailBuffers = 3

export const recordsDirectory = (directory: string): string => join(directory, 'records')
export const headPath = (directory: string): string => join(directory, 'head')

export async function openFiles(directory: string, options: OpeningOptions): Promise<OpenFiles> {
  try {
    const acknowledged = await acknowledgedPosition(directory, options)
    const db = await openDatabase(recordsDirectory(directory), acknowledged.batch === 0, options)
    try {
      return await verified(directory, db, acknowledged, options)
    } catch (error) {
      await db.close()
      throw error
    }
  } catch (error) {
    throw asStoreError(error, `opening ${directory}`)
  }
}

/** LevelDB's and the system's errors as ours. */
export function asStoreError(error: unknown, doing: string): BrokerError {
  if (error instanceof BrokerError) return error
  const cause = levelCause(error)
  if (cause.code === 'LEVEL_CORRUPTION') return new StoreDamaged(`${doing}: ${cause.message}`, { cause: error })
  return new StoreUnavailable(`${doing}: ${cause.message}`, { cause: error })
}

/** What the head says; files are looked at as far as that can be done without changing them. */
async function acknowledgedPosition(directory: string, options: OpeningOptions): Promise<HeadPosition> {
  const records = recordsDirectory(directory)
  const head = await readHead(headPath(directory))
  const names = await readdir(records).catch(() => [])
  const exists = names.some(name => name === 'CURRENT' || /\.(ldb|sst|log)$|^MANIFEST/.test(name))
  if (exists) await refuseWhenLocked(records)
  if (head === 'newer') throw new StoreUnavailable(`${headPath(directory)} was written by a newer version`)
  if (head === undefined || head === 'damaged') {
    const what = head === undefined ? 'is missing' : 'is damaged'
    if (exists) throw new StoreDamaged(`${headPath(directory)} ${what}: which records were acknowledged is not known`)
    if (!options.create) throw new StoreUnavailable(`there is no store in ${directory}`)
    await mkdir(directory, { recursive: true })
    await createHead(headPath(directory), { batch: 0, event: 0 })
    return { batch: 0, event: 0 }
  }
  if (head.batch > 0) await inspectFiles(records, head, options)
  return head
}

async function inspectFiles(records: string, head: HeadPosition, options: OpeningOptions): Promise<void> {
  const live = await readLiveFiles(records)
  const limits = { bytesMax: options.tableBytesMax, problemsMax: 1, closed: true }
  const [problem] = await problemsInTables(records, live, limits)
  if (problem !== undefined) throw new StoreDamaged(problem)
  const batches = (await readWriteAheadLogs(records, live)).flatMap(log => log.batches)
  const last = batches.at(-1)?.batch
  if (last !== undefined && last < head.batch) throw acknowledgedGone(last, head)
}

async function openDatabase(records: string, create: boolean, options: OpeningOptions): Promise<Database> {
  const db: Database = new Level(records, { keyEncoding: 'utf8', valueEncoding: 'utf8' })
  try {
    await db.open({ createIfMissing: create, writeBufferSize: options.writeBufferBytes, maxOpenFiles: openTablesMax })
    return db
  } catch (error) {
    const cause = levelCause(error)
    if (cause.code === 'LEVEL_LOCKED') throw locked(records, error)
    // LevelDB reports a missing table as a plain error: whatever a database that exists cannot be opened for, other
    // than the system refusing, is damage.
    if (/corrupt|missing|does not exist|bad record/i.test(cause.message)) {
      throw new StoreDamaged(`${records}: ${cause.message}`, { cause: error })
    }
    throw error
  }
}

async function verified(
  directory: string,
  db: Database,
  acknowledged: HeadPosition,
  options: OpeningOptions,
): Promise<OpenFiles> {
  let position = await lastPosition(db)
  if (position.batch < acknowledged.batch) throw acknowledgedGone(position.batch, acknowledged)
  if (position.batch === 0) position = await writeSchema(db, options)
  const schema = await readSchema(db)
  const { version, logBatches } = schema
  if (version < schemaVersion && !options.migrate) {
    throw new StoreUnavailable(
      `the store was written by an older version (schema ${version}): start the broker once, which brings it to ${schemaVersion}`,
    )
  }
  const limits = { logBatches, bytesMax: tailBuffers * options.writeBufferBytes, recordsOnly: version < 2 }
  for await (const problem of problemsInTail(db, position, limits)) throw new StoreDamaged(problem)
  const head = await Head.open(headPath(directory))
  try {
    await head.settle(position)
    if (version < schemaVersion) position = await migrate(db, head, position, schema)
  } catch (error) {
    await head.close()
    throw error
  }
  return { db, head, position, logBatches }
}

async function writeSchema(db: Database, { logBatches }: OpeningOptions): Promise<StorePosition> {
  const position: StorePosition = { ...emptyPosition, batch: 1 }
  const schema: Schema = { version: schemaVersion, logBatches }
  const rows = [{ key: schemaKey, value: encodeRecord(schemaKey, position.batch, JSON.stringify(schema)) }]
  await writeBatch(db, { rows, position, log: logOf(emptyPosition, position, [schemaKey], []) }, logBatches)
  return position
}

async function readSchema(db: Database): Promise<Schema> {
  const stored: string | undefined = await db.get(schemaKey)
  if (stored === undefined) throw new StoreDamaged(`record "${schemaKey}" is missing`)
  const schema = decodeValue<Schema>(schemaKey, stored)
  if (schema.version > schemaVersion) {
    throw new StoreUnavailable(
      `the store was written by a newer version (schema ${schema.version}, this one knows ${schemaVersion})`,
    )
  }
  return schema
}

/** Asks for a database that must not exist: LevelDB takes the lock first and then refuses, changing nothing. */
async function refuseWhenLocked(records: string): Promise<void> {
  const db = new Level(records)
  try {
    await db.open({ createIfMissing: false, errorIfExists: true })
    await db.close()
  } catch (error) {
    if (levelCause(error).code === 'LEVEL_LOCKED') throw locked(records, error)
  }
}

function locked(records: string, cause: unknown): StoreUnavailable {
  return new StoreUnavailable(`${records} is in use by another process: one broker a data directory`, { cause })
}

function acknowledgedGone(last: number, head: HeadPosition): StoreDamaged {
  return new StoreDamaged(
    `batches ${last + 1} to ${head.batch} were acknowledged and are gone (events up to ${head.event} were stored)`,
  )
}

function levelCause(error: unknown): NodeJS.ErrnoException {
  const { cause } = error as { readonly cause?: unknown }
  return cause instanceof Error ? cause : (error as NodeJS.ErrnoException)
}
