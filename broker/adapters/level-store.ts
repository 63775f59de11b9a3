// The Store port on LevelDB: one directory with the database (`records/`) and the head beside it. How keys are ordered,
// how commits are grouped, how a start finds out what is missing: each has its file in level-store/.
//
//   commit ──► prepared ──► group ──► one batch, fsynced ──► head, fsynced ──► resolved in order
import {
  type DeviceId,
  type EventId,
  eventIdOf,
  eventNumberOf,
  type OperationId,
  type PrincipalName,
  type ReleaseId,
} from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import type {
  DeviceCredential,
  EventRecord,
  Execution,
  ExecutionState,
  Operation,
  Principal,
  Release,
} from '../core/records.ts'
import { StoreDamaged, StoreUnavailable } from '../errors.ts'
import type { Change, EventPage, EventQuery, Page, Store } from '../ports.ts'
import { readEvents } from './level-store/events.ts'
import { GroupCommit } from './level-store/group-commit.ts'
import * as keys from './level-store/keys.ts'
import { problemsInTables, readLiveFiles } from './level-store/leveldb-files.ts'
import { type OpeningOptions, recordsDirectory } from './level-store/opening.ts'
import { decodeRecord, decodeValue } from './level-store/record.ts'
import { eventRows, type PreparedCommit, prepare, type Row } from './level-store/rows.ts'
import { StoreFiles } from './level-store/store-files.ts'
import { type Database, problemsAnywhere, type Snapshot } from './level-store/verification.ts'

export interface LevelStoreOptions extends Partial<OpeningOptions> {
  /** Largest batch shared by several commits, bytes. */
  readonly groupBytesMax?: number
  /** Commits waiting beyond this are refused, bytes. */
  readonly waitingBytesMax?: number
  /** Rows looked at for one page of events. */
  readonly scanRowsMax?: number
}

export interface StoreReport {
  readonly batches: number
  readonly events: number
  readonly records: number
  readonly indexRows: number
  /** In words, the first 100; empty when all is well. */
  readonly problems: readonly string[]
}

const pageItemsMax = 10_000
const problemsMax = 100
const mebibyte = 1024 * 1024

export class LevelStore implements Store {
  readonly #directory: string
  readonly #scanRowsMax: number
  readonly #files: StoreFiles
  readonly #commits: GroupCommit<PreparedCommit, readonly EventRecord[]>
  #closed: Promise<void> | undefined

  private constructor(directory: string, options: LevelStoreOptions, files: StoreFiles) {
    this.#directory = directory
    this.#scanRowsMax = options.scanRowsMax ?? 10_000
    this.#files = files
    this.#commits = new GroupCommit(group => this.#write(group), {
      groupBytesMax: options.groupBytesMax ?? mebibyte,
      waitingBytesMax: options.waitingBytesMax ?? 64 * mebibyte,
    })
  }

  /**
   * Rejects with StoreDamaged when acknowledged records are missing or changed, StoreUnavailable when the directory is
   * in use, was written by a newer version or cannot be read. The caller closes the store.
   */
  static async open(directory: string, options: LevelStoreOptions = {}): Promise<LevelStore> {
    const settings: OpeningOptions = {
      create: options.create ?? true,
      tableBytesMax: options.tableBytesMax ?? 256 * mebibyte,
      logBatches: options.logBatches ?? 4096,
      writeBufferBytes: options.writeBufferBytes ?? 4 * mebibyte,
    }
    return new LevelStore(directory, options, await StoreFiles.open(directory, settings))
  }

  async commit(changes: readonly Change[]): Promise<readonly EventRecord[]> {
    if (this.#closed !== undefined) throw new StoreUnavailable('the store is closed')
    return changes.length === 0 ? [] : this.#commits.submit(prepare(changes))
  }

  device(id: DeviceId): Promise<Device | undefined> {
    return this.#value(keys.deviceKey(id))
  }

  devices(page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<Device>> {
    return this.#page(keys.beyond('d!', page.after), page.limit, decodeValue<Device>)
  }

  credential(device: DeviceId): Promise<DeviceCredential | undefined> {
    return this.#value(keys.credentialKey(device))
  }

  principal(name: PrincipalName): Promise<Principal | undefined> {
    return this.#value(keys.principalKey(name))
  }

  async principalByToken(tokenSha256: string): Promise<Principal | undefined> {
    const name = await this.#value<PrincipalName>(keys.tokenKey(tokenSha256))
    const principal = name === undefined ? undefined : await this.principal(name)
    // The row of a token that was replaced stays behind.
    return principal?.tokenSha256 === tokenSha256 ? principal : undefined
  }

  principals(): Promise<readonly Principal[]> {
    return this.#files.read('principals', db => all(db, 'p!'))
  }

  release(id: ReleaseId): Promise<Release | undefined> {
    return this.#value(keys.releaseKey(id))
  }

  releases(page: { readonly after?: ReleaseId; readonly limit: number }): Promise<Page<Release>> {
    return this.#page(keys.beyond('r!', page.after), page.limit, decodeValue<Release>)
  }

  operation(id: OperationId): Promise<Operation | undefined> {
    return this.#value(keys.operationKey(id))
  }

  operations(page: { readonly after?: OperationId; readonly limit: number }): Promise<Page<Operation>> {
    return this.#page(keys.before('o!', page.after), page.limit, decodeValue<Operation>, 'descending')
  }

  unfinishedOperations(): Promise<readonly Operation[]> {
    return this.#files.read('unfinished operations', (db, snapshot) =>
      pointedTo(db, snapshot(), 'ou!', key => keys.operationKey(keys.lastPart(key))),
    )
  }

  targets(
    operation: OperationId,
    page: { readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<DeviceId>> {
    return this.#page(keys.beyond(keys.targetsOf(operation), page.after), page.limit, (key, value) => {
      decodeRecord(key, value)
      return keys.lastPart(key) as DeviceId
    })
  }

  execution(operation: OperationId, device: DeviceId): Promise<Execution | undefined> {
    return this.#value(keys.executionKey(operation, device))
  }

  executions(
    operation: OperationId,
    page: { readonly state?: ExecutionState; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>> {
    const { state, after, limit } = page
    if (state === undefined) {
      return this.#page(keys.beyond(keys.executionsOf(operation), after), limit, decodeValue<Execution>)
    }
    return this.#files.read(`executions of ${operation}`, async (db, snapshot) => {
      mustBePageLimit(limit)
      const options = { ...keys.beyond(keys.executionsInState(operation, state), after), snapshot: snapshot() }
      const rows = await db.iterator({ ...options, limit: limit + 1 }).all()
      const toRecord = (key: string) => keys.executionKey(operation, keys.lastPart(key))
      const items = await recordsOf<Execution>(db, options.snapshot, rows.slice(0, limit), toRecord)
      for (const execution of items) {
        if (execution.state !== state)
          throw new StoreDamaged(`${execution.device} is listed under a state it is not in`)
      }
      return { items, hasMore: rows.length > limit }
    })
  }

  unfinishedExecutionsOf(device: DeviceId): Promise<readonly Execution[]> {
    return this.#files.read(`executions of ${device}`, (db, snapshot) =>
      pointedTo(db, snapshot(), keys.unfinishedExecutionsOfDevice(device), key =>
        keys.executionKey(keys.lastPart(key), device),
      ),
    )
  }

  event(id: EventId): Promise<EventRecord | undefined> {
    const number = eventNumberOf(id)
    if (!(number >= 1 && number <= this.#files.acknowledged.event)) return Promise.resolve(undefined)
    return this.#files.read(`event ${id}`, async db => {
      const key = keys.eventKey(number)
      const value: string | undefined = await db.get(key)
      if (value === undefined) throw new StoreDamaged(`event ${number} is missing`)
      return decodeValue<EventRecord>(key, value)
    })
  }

  events(query: EventQuery): Promise<EventPage> {
    return this.#files.read('events', db => {
      mustBePageLimit(query.limit)
      return readEvents(db, query, this.#files.acknowledged.event, this.#scanRowsMax)
    })
  }

  /** Reads everything through while the store goes on working. */
  verify(): Promise<StoreReport> {
    return this.#files.read('verifying', async (db, snapshot) => {
      const position = this.#files.acknowledged
      const frozen = snapshot()
      const counts = { events: 0, records: 0, indexRows: 0 }
      const records = recordsDirectory(this.#directory)
      const limits = { bytesMax: Number.POSITIVE_INFINITY, problemsMax, closed: false }
      const problems = [...(await problemsInTables(records, await readLiveFiles(records), limits))]
      for await (const problem of problemsAnywhere(db, frozen, position, counts)) {
        if (problems.push(problem) >= problemsMax) break
      }
      return { batches: position.batch, ...counts, problems }
    })
  }

  /** What was committed before is written; later commits and reads are refused. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#commits.idle().then(() => this.#files.close())
    return this.#closed
  }

  async #write(group: readonly PreparedCommit[]): Promise<readonly (readonly EventRecord[])[]> {
    const first = this.#files.acknowledged.event + 1
    const rows: Row[] = []
    const written = new Set<string>()
    let number = first
    const results = group.map(commit => {
      for (const row of commit.rows) rows.push(row)
      for (const key of commit.written) written.add(key)
      return commit.events.map(prepared => {
        rows.push(...eventRows(prepared, number))
        return { ...prepared.event, id: eventIdOf(number++) }
      })
    })
    await this.#files.write({ rows, written, eventCount: number - first })
    return results
  }

  #value<T>(key: string): Promise<T | undefined> {
    return this.#files.read(key, async db => {
      const value: string | undefined = await db.get(key)
      return value === undefined ? undefined : decodeValue<T>(key, value)
    })
  }

  #page<T>(
    range: keys.KeyRange,
    limit: number,
    decode: (key: string, value: string) => T,
    order?: 'descending',
  ): Promise<Page<T>> {
    return this.#files.read('a page', async db => {
      mustBePageLimit(limit)
      const rows = await db.iterator({ ...range, reverse: order !== undefined, limit: limit + 1 }).all()
      return { items: rows.slice(0, limit).map(([key, value]) => decode(key, value)), hasMore: rows.length > limit }
    })
  }
}

/** Reads a store through that nobody has open. Rejects only when it cannot be looked at; damage is in the report. */
export async function verifyStore(directory: string): Promise<StoreReport> {
  let store: LevelStore
  try {
    store = await LevelStore.open(directory, { create: false })
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error
    return { batches: 0, events: 0, records: 0, indexRows: 0, problems: [error.message] }
  }
  try {
    return await store.verify()
  } finally {
    await store.close()
  }
}

async function all<T>(db: Database, prefix: string): Promise<readonly T[]> {
  const rows = await db.iterator(keys.within(prefix)).all()
  return rows.map(([key, value]) => decodeValue<T>(key, value))
}

async function pointedTo<T>(
  db: Database,
  snapshot: Snapshot,
  prefix: string,
  toRecord: (key: string) => string,
): Promise<readonly T[]> {
  return recordsOf(db, snapshot, await db.iterator({ ...keys.within(prefix), snapshot }).all(), toRecord)
}

/** The records that index rows point to. Throws StoreDamaged when one is not there. */
async function recordsOf<T>(
  db: Database,
  snapshot: Snapshot,
  rows: readonly (readonly [string, string])[],
  toRecord: (key: string) => string,
): Promise<readonly T[]> {
  for (const [key, value] of rows) decodeRecord(key, value)
  const recordKeys = rows.map(([key]) => toRecord(key))
  const values: readonly (string | undefined)[] = await db.getMany<string, string>(recordKeys, { snapshot })
  return recordKeys.map((key, index) => {
    const value = values[index]
    if (value === undefined) throw new StoreDamaged(`record "${key}" is missing`)
    return decodeValue<T>(key, value)
  })
}

function mustBePageLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageItemsMax) {
    throw new RangeError(`page limit: expected 1 to ${pageItemsMax}, got ${limit}`)
  }
}
