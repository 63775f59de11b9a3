// The Store port in memory, for tests and simulation: no timers, no I/O, same calls → same history. Keeps JSON, as a
// disk would, so nobody shares an object with the store. Nothing outlives the process.
import { auditEntryMustFit } from '../../proto/audit.ts'
import type { DeviceId, EventId, OperationId, PrincipalName, ReleaseId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import {
  type AuditRecord,
  type Backup,
  type DeviceCredential,
  type DeviceLog,
  type EventRecord,
  type Execution,
  type ExecutionState,
  endedStates,
  type Notice,
  type Operation,
  type Principal,
  type Release,
  type StoredAnswer,
  type Webhook,
} from '../core/records.ts'
import { StoreUnavailable } from '../errors.ts'
import type { AuditQuery, Change, EventPage, EventQuery, ExecutionResult, Page, Store } from '../ports.ts'
import { Answers } from './memory-store/answers.ts'
import { AuditChain } from './memory-store/audit-chain.ts'
import { Backups, backupMustFit } from './memory-store/backups.ts'
import { DeviceLogs } from './memory-store/device-logs.ts'
import { EventLog } from './memory-store/event-log.ts'
import { type ExecutionRow, Executions, executionRow } from './memory-store/executions.ts'
import { Notices } from './memory-store/notices.ts'
import { SortedRecords } from './memory-store/sorted-records.ts'

export interface MemoryStoreOptions {
  /**
   * Awaited before each write is applied, with its changes (none when the store trims itself); a rejection refuses that
   * write. Lets a simulation be the disk.
   */
  readonly gate?: (changes: readonly Change[]) => Promise<void>
  /** Rows looked at for one page of events. */
  readonly scanRowsMax?: number
}

type OtherChange = Exclude<Change, { readonly kind: 'put-device' | 'put-operation' | 'put-execution' }>

export class MemoryStore implements Store {
  readonly #gate: MemoryStoreOptions['gate']
  readonly #scanRowsMax: number
  readonly #devices = new SortedRecords<Device>()
  readonly #credentials = new SortedRecords<DeviceCredential>()
  readonly #principals = new SortedRecords<Principal>()
  readonly #releases = new SortedRecords<Release>()
  readonly #operations = new SortedRecords<Operation>()
  readonly #targets = new Map<OperationId, SortedRecords<DeviceId>>()
  readonly #executions = new Executions()
  readonly #events = new EventLog()
  readonly #audit = new AuditChain()
  readonly #answers = new Answers()
  readonly #backups = new Backups()
  readonly #deviceLogs = new DeviceLogs()
  readonly #webhooks = new SortedRecords<Webhook>()
  readonly #notices = new Notices()
  #clock: number | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: MemoryStoreOptions = {}) {
    this.#gate = options.gate
    this.#scanRowsMax = options.scanRowsMax ?? 10_000
  }

  async commit(changes: readonly Change[]): Promise<readonly EventRecord[]> {
    this.#mustBeOpen()
    const rows: ExecutionRow[] = []
    const writes = changes.map(change => this.#prepared(change, rows))
    return this.#write(this.#gate === undefined ? [] : changes.map(copyOf), () => {
      this.#executions.previousMustBeTrue(rows)
      return writes.flatMap(write => write() ?? [])
    })
  }

  async device(id: DeviceId): Promise<Device | undefined> {
    this.#mustBeOpen()
    return this.#devices.get(id)
  }

  async devices(page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<Device>> {
    this.#mustBeOpen()
    return this.#devices.page(page)
  }

  async credential(device: DeviceId): Promise<DeviceCredential | undefined> {
    this.#mustBeOpen()
    return this.#credentials.get(device)
  }

  async principal(name: PrincipalName): Promise<Principal | undefined> {
    this.#mustBeOpen()
    return this.#principals.get(name)
  }

  async principalByToken(tokenSha256: string): Promise<Principal | undefined> {
    return (await this.principals()).find(principal => principal.tokenSha256 === tokenSha256)
  }

  async principals(): Promise<readonly Principal[]> {
    this.#mustBeOpen()
    return this.#principals.all()
  }

  async release(id: ReleaseId): Promise<Release | undefined> {
    this.#mustBeOpen()
    return this.#releases.get(id)
  }

  async releases(page: { readonly after?: ReleaseId; readonly limit: number }): Promise<Page<Release>> {
    this.#mustBeOpen()
    return this.#releases.page(page)
  }

  async operation(id: OperationId): Promise<Operation | undefined> {
    this.#mustBeOpen()
    return this.#operations.get(id)
  }

  async operations(page: { readonly after?: OperationId; readonly limit: number }): Promise<Page<Operation>> {
    this.#mustBeOpen()
    return this.#operations.page({ ...page, descending: true })
  }

  async unfinishedOperations(): Promise<readonly Operation[]> {
    this.#mustBeOpen()
    return this.#operations.all().filter(operation => !endedStates.includes(operation.state))
  }

  async targets(
    operation: OperationId,
    page: { readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<DeviceId>> {
    this.#mustBeOpen()
    return (this.#targets.get(operation) ?? new SortedRecords<DeviceId>()).page(page)
  }

  async execution(operation: OperationId, device: DeviceId): Promise<Execution | undefined> {
    this.#mustBeOpen()
    return this.#executions.get(operation, device)
  }

  async executions(
    operation: OperationId,
    page: { readonly state?: ExecutionState; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>> {
    this.#mustBeOpen()
    const { state, ...rest } = page
    return this.#executions.ofState(operation, state, rest)
  }

  async executionsByResult(
    operation: OperationId,
    page: { readonly result: ExecutionResult; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>> {
    this.#mustBeOpen()
    const { result, ...rest } = page
    return this.#executions.ofResult(operation, result, rest)
  }

  async unfinishedExecutionsOf(device: DeviceId): Promise<readonly Execution[]> {
    this.#mustBeOpen()
    return this.#executions.unfinishedOf(device)
  }

  async event(id: EventId): Promise<EventRecord | undefined> {
    this.#mustBeOpen()
    return this.#events.event(id)
  }

  async events(query: EventQuery): Promise<EventPage> {
    this.#mustBeOpen()
    return this.#events.page(query, this.#scanRowsMax)
  }

  eventRange(): { readonly oldest: number; readonly newest: number } {
    return this.#events.range
  }

  async trimEvents(before: number, rowsMax: number): Promise<number> {
    this.#mustBeOpen()
    mustBeRowsMax(rowsMax)
    return this.#write([], () => {
      const count = this.#events.trim(before, rowsMax)
      this.#deviceLogs.trim(this.#events.range.oldest)
      return count
    })
  }

  async audit(page: AuditQuery): Promise<Page<AuditRecord>> {
    this.#mustBeOpen()
    return this.#audit.page(page)
  }

  auditHead(): { readonly number: number; readonly hash: string } {
    return this.#audit.head
  }

  async answer(principal: PrincipalName, requestId: string): Promise<StoredAnswer | undefined> {
    this.#mustBeOpen()
    return this.#answers.get(principal, requestId)
  }

  async trimAnswers(before: number, rowsMax: number): Promise<number> {
    this.#mustBeOpen()
    mustBeRowsMax(rowsMax)
    return this.#write([], () => this.#answers.trim(before, rowsMax))
  }

  async savedClock(): Promise<number | undefined> {
    this.#mustBeOpen()
    return this.#clock
  }

  async backup(operation: OperationId, device: DeviceId): Promise<Backup | undefined> {
    this.#mustBeOpen()
    return this.#backups.get(operation, device)
  }

  async backups(
    operation: OperationId,
    page: { readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Backup>> {
    this.#mustBeOpen()
    return this.#backups.page(operation, page)
  }

  async backupContent(sha256: string): Promise<Uint8Array | undefined> {
    this.#mustBeOpen()
    return this.#backups.content(sha256)
  }

  async deviceLog(operation: OperationId, event: EventId): Promise<DeviceLog | undefined> {
    this.#mustBeOpen()
    return this.#deviceLogs.get(operation, event)
  }

  async deviceLogs(
    operation: OperationId,
    page: { readonly after?: EventId; readonly limit: number },
  ): Promise<Page<DeviceLog>> {
    this.#mustBeOpen()
    return this.#deviceLogs.page(operation, page)
  }

  async deviceLogContent(operation: OperationId, event: EventId): Promise<Uint8Array | undefined> {
    this.#mustBeOpen()
    return this.#deviceLogs.content(operation, event)
  }

  async webhooks(): Promise<readonly Webhook[]> {
    this.#mustBeOpen()
    return this.#webhooks.all()
  }

  async notices(page: { readonly after?: number; readonly limit: number }): Promise<Page<Notice>> {
    this.#mustBeOpen()
    return this.#notices.page(page)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }

  /** One after the other, in the order of the calls. */
  #write<T>(changes: readonly Change[], apply: () => T): Promise<T> {
    const result = this.#last.then(async () => {
      await this.#gate?.(changes)
      return apply()
    })
    this.#last = result.catch(() => undefined)
    return result
  }

  /** What the change is now, to be written when its turn comes; `rows`: executions, in their order. */
  #prepared(change: Change, rows: ExecutionRow[]): () => EventRecord | undefined {
    // Most of what is written: made to JSON once, not copied by it first.
    if (change.kind === 'put-execution') {
      const row = executionRow(change)
      rows.push(row)
      return () => this.#executions.put(row)
    }
    if (change.kind === 'put-device') {
      const { id } = change.device
      const json = JSON.stringify(change.device)
      return () => this.#devices.putJson(id, json, undefined)
    }
    if (change.kind === 'put-operation') {
      const { id } = change.operation
      const json = JSON.stringify(change.operation)
      return () => this.#operations.putJson(id, json, undefined)
    }
    const copy = copyOf(change)
    mustBeWritable(copy)
    return () => this.#apply(copy)
  }

  #apply(change: OtherChange): EventRecord | undefined {
    switch (change.kind) {
      case 'put-journals': {
        const device = this.#devices.get(change.device)
        return device && this.#devices.put(device.id, { ...device, journals: change.journals })
      }
      case 'put-credential':
        return this.#credentials.put(change.credential.device, change.credential)
      case 'put-principal':
        return this.#principals.put(change.principal.name, change.principal)
      case 'put-release':
        return this.#releases.put(change.release.id, change.release)
      case 'put-targets': {
        const targets = madeOnce(this.#targets, change.operation, () => new SortedRecords<DeviceId>())
        for (const device of change.devices) targets.put(device, device)
        return undefined
      }
      case 'append-event':
        return this.#events.append(change.event)
      case 'append-audit':
        return this.#audit.append(change.entry)
      case 'put-answer':
        return this.#answers.put(change.answer)
      case 'put-clock':
        this.#clock = change.at
        return undefined
      case 'put-backup':
        return this.#backups.put(change.backup, change.content)
      case 'put-device-log':
        return this.#deviceLogs.put(change.log, change.content)
      case 'put-webhook':
        return this.#webhooks.put(change.webhook.id, change.webhook)
      case 'append-notice':
        return this.#notices.append(change.notice)
      case 'put-notice':
        return this.#notices.put(change.notice)
      case 'delete-device':
        this.#credentials.delete(change.device)
        return this.#devices.delete(change.device)
      case 'delete-principal':
        return this.#principals.delete(change.name)
      case 'delete-webhook':
        return this.#webhooks.delete(change.id)
      case 'delete-notice':
        return this.#notices.delete(change.number)
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed')
  }
}

function copyOf<Some extends Change>(change: Some): Some {
  // Bytes are no JSON.
  if (change.kind !== 'put-backup' && change.kind !== 'put-device-log') return jsonCopy(change)
  return { ...jsonCopy({ ...change, content: undefined }), content: Uint8Array.from(change.content) }
}

function jsonCopy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
}

function mustBeWritable(change: Change): void {
  if (change.kind === 'append-audit') auditEntryMustFit(change.entry)
  if (change.kind === 'put-backup') backupMustFit(change.backup, change.content)
}

function mustBeRowsMax(rowsMax: number): void {
  if (!Number.isInteger(rowsMax) || rowsMax < 1 || rowsMax > 10_000)
    throw new RangeError(`rowsMax: expected 1 to 10000, got ${rowsMax}`)
}

function madeOnce<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
