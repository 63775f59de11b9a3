// The Store port on LevelDB: one directory with the database (`records/`) and the head beside it. How keys are ordered,
// how commits are grouped, how a start finds out what is missing: each has its file in level-store/.
//
//   commit ──► prepared ──► group ──► one batch, fsynced ──► head, fsynced ──► resolved in order
import {
  type DeviceId,
  type EventId,
  eventNumberOf,
  type OperationId,
  type PrincipalName,
  type ReleaseId,
} from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import type {
  AuditRecord,
  Backup,
  DeviceCredential,
  DeviceLog,
  EventRecord,
  Execution,
  ExecutionState,
  Notice,
  Operation,
  Principal,
  Release,
  StoredAnswer,
  Webhook,
} from '../core/records.ts'
import { StoreDamaged, StoreUnavailable } from '../errors.ts'
import type { AuditQuery, Change, EventPage, EventQuery, ExecutionResult, Page, Store, StoreFigures } from '../ports.ts'
import { readAudit } from './level-store/audit.ts'
import { BatchBuilder, lookedUpBy } from './level-store/batch-builder.ts'
import { readDevice, readDevices } from './level-store/devices.ts'
import { type EventLog, readEvents } from './level-store/events.ts'
import { GatheredGets } from './level-store/gathered-gets.ts'
import { GroupCommit } from './level-store/group-commit.ts'
import * as keys from './level-store/keys.ts'
import { type OpeningOptions, recordsDirectory } from './level-store/opening.ts'
import {
  mustBePageLimit,
  type PageOfRows,
  readAll,
  readAllPointedTo,
  readJson,
  readPage,
  readPagePointedTo,
} from './level-store/reading.ts'
import { decodeEvent, decodeRecord, decodeValue } from './level-store/record.ts'
import { RecordedTimes } from './level-store/recorded-times.ts'
import {
  executionIndexKeysOf,
  type PreparedCommit,
  prepare,
  prepared,
  type Step,
  sha256Of,
} from './level-store/rows.ts'
import { reportOn, type StoreReport } from './level-store/scrub.ts'
import { StoreFiles } from './level-store/store-files.ts'
import { mustBeRowsMax, stepsToTrimAnswers, stepsToTrimEvents } from './level-store/trimming.ts'
import { type Database, many, type Snapshot } from './level-store/verification.ts'

export interface LevelStoreOptions extends Partial<OpeningOptions> {
  /** Largest batch shared by several commits, bytes. */
  readonly groupBytesMax?: number
  /** Commits waiting beyond this are refused, bytes. */
  readonly waitingBytesMax?: number
  /** Rows looked at for one page of events. */
  readonly scanRowsMax?: number
}

const mebibyte = 1024 * 1024

export class LevelStore implements Store {
  readonly #directory: string
  readonly #scanRowsMax: number
  readonly #files: StoreFiles
  readonly #commits: GroupCommit<PreparedCommit, readonly EventRecord[]>
  /** Events below this are gone, or going while a batch that trims them is written. */
  #firstReadable: number
  readonly #times = new RecordedTimes()
  readonly #values = new GatheredGets(wanted => this.#files.read('records', db => many({ db }, wanted)))
  /** One at a time: each begins where the last one ended. */
  #trimming: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(directory: string, options: LevelStoreOptions, files: StoreFiles) {
    this.#directory = directory
    this.#scanRowsMax = options.scanRowsMax ?? 10_000
    this.#files = files
    this.#firstReadable = files.acknowledged.oldestEvent
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
      migrate: options.migrate ?? true,
      // What is older is not read at a start: its records are checked one by one as they are used, all of it by `doctor`.
      tableBytesMax: options.tableBytesMax ?? 96 * mebibyte,
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
    return readDevice(id, key => this.#values.get(key))
  }

  devices(page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<Device>> {
    return this.#files.read('devices', (db, snapshot) => readDevices(db, snapshot(), page))
  }

  credential(device: DeviceId): Promise<DeviceCredential | undefined> {
    return this.#value(keys.credentialKey(device))
  }

  principal(name: PrincipalName): Promise<Principal | undefined> {
    return this.#value(keys.principalKey(name))
  }

  principalByToken(tokenSha256: string): Promise<Principal | undefined> {
    return this.#files.read('a principal', async (db, snapshot) => {
      const range = keys.within(keys.principalsByToken(tokenSha256))
      const toRecord = (key: string) => keys.principalKey(keys.lastPart(key))
      const [principal] = await readAllPointedTo<Principal>(db, snapshot(), range, toRecord)
      // An index is no reason to let anybody in.
      return principal?.tokenSha256 === tokenSha256 ? principal : undefined
    })
  }

  principals(): Promise<readonly Principal[]> {
    return this.#files.read('principals', db => readAll(db, keys.within('p!')))
  }

  release(id: ReleaseId): Promise<Release | undefined> {
    return this.#value(keys.releaseKey(id))
  }

  releases(page: { readonly after?: ReleaseId; readonly limit: number }): Promise<Page<Release>> {
    return this.#page({ range: keys.beyond('r!', page.after), limit: page.limit, decode: decodeValue<Release> })
  }

  operation(id: OperationId): Promise<Operation | undefined> {
    return this.#value(keys.operationKey(id))
  }

  operations(page: { readonly after?: OperationId; readonly limit: number }): Promise<Page<Operation>> {
    const range = keys.before('o!', page.after)
    return this.#page({ range, limit: page.limit, decode: decodeValue<Operation>, descending: true })
  }

  unfinishedOperations(): Promise<readonly Operation[]> {
    return this.#files.read('unfinished operations', (db, snapshot) =>
      readAllPointedTo(db, snapshot(), keys.within('ou!'), key => keys.operationKey(keys.lastPart(key))),
    )
  }

  targets(
    operation: OperationId,
    page: { readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<DeviceId>> {
    const range = keys.beyond(keys.targetsOf(operation), page.after)
    const decode = (key: string, value: string) => {
      decodeRecord(key, value)
      return keys.lastPart(key) as DeviceId
    }
    return this.#page({ range, limit: page.limit, decode })
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
      const range = keys.beyond(keys.executionsOf(operation), after)
      return this.#page({ range, limit, decode: decodeValue<Execution> })
    }
    return this.#executionsListed(operation, keys.executionsInState(operation, state), page)
  }

  executionsByResult(
    operation: OperationId,
    page: { readonly result: ExecutionResult; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>> {
    return this.#executionsListed(operation, keys.executionsByResult(operation, page.result), page)
  }

  unfinishedExecutionsOf(device: DeviceId): Promise<readonly Execution[]> {
    return this.#files.read(`executions of ${device}`, (db, snapshot) =>
      readAllPointedTo(db, snapshot(), keys.within(keys.unfinishedExecutionsOfDevice(device)), key =>
        keys.executionKey(keys.lastPart(key), device),
      ),
    )
  }

  event(id: EventId): Promise<EventRecord | undefined> {
    const number = eventNumberOf(id)
    const isThere = () => number >= this.#firstReadable && number <= this.#files.acknowledged.event
    if (!isThere()) return Promise.resolve(undefined)
    return this.#files.read(`event ${id}`, async db => {
      const key = keys.eventKey(number)
      const value: string | undefined = await db.get(key)
      if (value !== undefined) return decodeEvent(key, value)
      // It may have been trimmed while it was looked for.
      if (isThere()) throw new StoreDamaged(`event ${number} is missing`)
      return undefined
    })
  }

  events(query: EventQuery): Promise<EventPage> {
    return this.#files.read('events', (db, snapshot) => {
      mustBePageLimit(query.limit)
      return readEvents(this.#eventLog(db, snapshot()), query, this.#scanRowsMax)
    })
  }

  eventRange(): { readonly oldest: number; readonly newest: number } {
    const { oldestEvent, event } = this.#files.acknowledged
    return { oldest: oldestEvent, newest: event }
  }

  trimEvents(before: number, rowsMax: number): Promise<number> {
    return this.#trim(rowsMax, (db, snapshot) => stepsToTrimEvents(this.#eventLog(db, snapshot), before, rowsMax))
  }

  audit(query: AuditQuery): Promise<Page<AuditRecord>> {
    return this.#files.read('audit records', (db, snapshot) => {
      mustBePageLimit(query.limit)
      return readAudit(db, snapshot(), query, this.#files.acknowledged.audit.number)
    })
  }

  auditHead(): { readonly number: number; readonly hash: string } {
    return this.#files.acknowledged.audit
  }

  answer(principal: PrincipalName, requestId: string): Promise<StoredAnswer | undefined> {
    return this.#value(keys.answerKey(principal, requestId))
  }

  trimAnswers(before: number, rowsMax: number): Promise<number> {
    return this.#trim(rowsMax, (db, snapshot) => stepsToTrimAnswers(db, snapshot, before, rowsMax))
  }

  savedClock(): Promise<number | undefined> {
    return this.#value(keys.clockKey)
  }

  backup(operation: OperationId, device: DeviceId): Promise<Backup | undefined> {
    return this.#value(keys.backupKey(operation, device))
  }

  backups(operation: OperationId, page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<Backup>> {
    const range = keys.beyond(keys.backupsOf(operation), page.after)
    return this.#page({ range, limit: page.limit, decode: decodeValue<Backup> })
  }

  async backupContent(sha256: string): Promise<Uint8Array | undefined> {
    const text = await this.#value<string>(keys.backupContentKey(sha256))
    if (text === undefined) return undefined
    const content = new Uint8Array(Buffer.from(text, 'base64'))
    if (sha256Of(content) !== sha256) throw new StoreDamaged(`the backup ${sha256} has another content`)
    return content
  }

  deviceLog(operation: OperationId, event: EventId): Promise<DeviceLog | undefined> {
    return this.#value(keys.deviceLogKey(operation, eventNumberOf(event)))
  }

  deviceLogs(
    operation: OperationId,
    page: { readonly after?: EventId; readonly limit: number },
  ): Promise<Page<DeviceLog>> {
    const after = page.after === undefined ? undefined : keys.fixed(eventNumberOf(page.after))
    const range = keys.beyond(keys.deviceLogsOf(operation), after)
    return this.#page({ range, limit: page.limit, decode: decodeValue<DeviceLog> })
  }

  async deviceLogContent(operation: OperationId, event: EventId): Promise<Uint8Array | undefined> {
    const text = await this.#value<string>(keys.deviceLogContentKey(operation, eventNumberOf(event)))
    return text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64'))
  }

  webhooks(): Promise<readonly Webhook[]> {
    return this.#files.read('webhooks', db => readAll(db, keys.within('h!')))
  }

  notices(page: { readonly after?: number; readonly limit: number }): Promise<Page<Notice>> {
    const range = keys.beyond('n!', page.after === undefined ? undefined : keys.fixed(page.after))
    return this.#page({ range, limit: page.limit, decode: decodeValue<Notice> })
  }

  /** Reads everything through while the store goes on working. */
  verify(): Promise<StoreReport> {
    return this.#files.read('verifying', (db, snapshot) =>
      reportOn(db, snapshot(), recordsDirectory(this.#directory), this.#files.acknowledged),
    )
  }

  figures(): StoreFigures {
    return this.#commits.figures()
  }

  /** What was committed before is written; later commits and reads are refused. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#commits.idle().then(() => this.#files.close())
    return this.#closed
  }

  async #write(group: readonly PreparedCommit[]): Promise<readonly (readonly EventRecord[])[]> {
    // What a rejected batch has left must not be looked at.
    await this.#files.ready()
    const builder = new BatchBuilder(
      this.#files.acknowledged,
      await this.#files.read('what is replaced', db => readJson(db, lookedUpBy(group))),
    )
    const results = group.map(commit => builder.add(commit))
    const batch = builder.finish()
    this.#firstReadable = batch.position.oldestEvent
    try {
      await this.#files.write(batch)
    } finally {
      this.#firstReadable = this.#files.acknowledged.oldestEvent
    }
    return results
  }

  #trim(rowsMax: number, stepsFor: (db: Database, snapshot: Snapshot) => Promise<readonly Step[]>): Promise<number> {
    const trimmed = this.#trimming.then(async () => {
      if (this.#closed !== undefined) throw new StoreUnavailable('the store is closed')
      mustBeRowsMax(rowsMax)
      const steps = await this.#files.read('what is trimmed', (db, snapshot) => stepsFor(db, snapshot()))
      if (steps.length > 0) await this.#commits.submit(prepared(steps))
      return steps.length
    })
    this.#trimming = trimmed.catch(() => undefined)
    return trimmed
  }

  #eventLog(db: Database, snapshot: Snapshot): EventLog {
    return { db, snapshot, oldest: this.#firstReadable, newest: this.#files.acknowledged.event, times: this.#times }
  }

  #executionsListed(operation: OperationId, prefix: string, page: { after?: DeviceId; limit: number }) {
    return this.#files.read(`executions of ${operation}`, (db, snapshot) => {
      const range = keys.beyond(prefix, page.after)
      const toRecord = (key: string) => keys.executionKey(operation, keys.lastPart(key))
      const isListed = (execution: Execution) => executionIndexKeysOf(execution).includes(prefix + execution.device)
      return readPagePointedTo(db, snapshot(), { range, limit: page.limit, toRecord, isListed })
    })
  }

  #value<T>(key: string): Promise<T | undefined> {
    return this.#values.get(key).then(value => (value === undefined ? undefined : decodeValue<T>(key, value)))
  }

  #page<T>(page: PageOfRows<T>): Promise<Page<T>> {
    return this.#files.read('a page', db => readPage(db, page))
  }
}

/** Reads a store through that nobody has open. Rejects only when it cannot be looked at; damage is in the report. */
export async function verifyStore(directory: string): Promise<StoreReport> {
  let store: LevelStore
  try {
    store = await LevelStore.open(directory, { create: false, migrate: false })
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error
    return { batches: 0, events: 0, auditRecords: 0, records: 0, indexRows: 0, problems: [error.message] }
  }
  try {
    return await store.verify()
  } finally {
    await store.close()
  }
}
