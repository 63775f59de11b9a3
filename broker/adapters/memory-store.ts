// The Store port in memory, for tests and simulation: no timers, no I/O, same calls → same history. Keeps JSON, as a
// disk would, so nobody shares an object with the store. Nothing outlives the process.
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
import {
  type DeviceCredential,
  type EventRecord,
  type Execution,
  type ExecutionState,
  endedStates,
  type Operation,
  type Principal,
  type Release,
} from '../core/records.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Change, EventPage, EventQuery, Page, Store } from '../ports.ts'
import { SortedRecords } from './memory-store/sorted-records.ts'

export interface MemoryStoreOptions {
  /** Awaited before each commit is applied; a rejection refuses that commit. Lets a simulation be the disk. */
  readonly gate?: (changes: readonly Change[]) => Promise<void>
  /** Rows looked at for one page of events. */
  readonly scanRowsMax?: number
}

export class MemoryStore implements Store {
  readonly #gate: MemoryStoreOptions['gate']
  readonly #scanRowsMax: number
  readonly #devices = new SortedRecords<Device>()
  readonly #credentials = new SortedRecords<DeviceCredential>()
  readonly #principals = new SortedRecords<Principal>()
  readonly #releases = new SortedRecords<Release>()
  readonly #operations = new SortedRecords<Operation>()
  readonly #targets = new Map<OperationId, SortedRecords<DeviceId>>()
  readonly #executions = new Map<OperationId, SortedRecords<Execution>>()
  readonly #unfinishedOf = new Map<DeviceId, Set<OperationId>>()
  /** Event n stands at n - 1. */
  readonly #events: string[] = []
  /** Numbers of the events by device, operation and code, ascending; the key says which. */
  readonly #eventIndex = new Map<string, number[]>()
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: MemoryStoreOptions = {}) {
    this.#gate = options.gate
    this.#scanRowsMax = options.scanRowsMax ?? 10_000
  }

  async commit(changes: readonly Change[]): Promise<readonly EventRecord[]> {
    this.#mustBeOpen()
    const copy = JSON.parse(JSON.stringify(changes)) as readonly Change[]
    const result = this.#last.then(async () => {
      await this.#gate?.(copy)
      return this.#apply(copy)
    })
    this.#last = result.catch(() => undefined)
    return result
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
    return this.#executions.get(operation)?.get(device)
  }

  async executions(
    operation: OperationId,
    page: { readonly state?: ExecutionState; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>> {
    this.#mustBeOpen()
    const { state, ...rest } = page
    const where = state === undefined ? undefined : (execution: Execution) => execution.state === state
    return (this.#executions.get(operation) ?? new SortedRecords<Execution>()).page(rest, where)
  }

  async unfinishedExecutionsOf(device: DeviceId): Promise<readonly Execution[]> {
    this.#mustBeOpen()
    const operations = [...(this.#unfinishedOf.get(device) ?? [])].sort()
    return operations.flatMap(operation => this.#executions.get(operation)?.get(device) ?? [])
  }

  async event(id: EventId): Promise<EventRecord | undefined> {
    this.#mustBeOpen()
    return this.#eventAt(eventNumberOf(id))
  }

  async events(query: EventQuery): Promise<EventPage> {
    this.#mustBeOpen()
    if (!Number.isInteger(query.limit) || query.limit < 1) throw new RangeError(`page limit: got ${query.limit}`)
    const ascending = query.order === 'ASC'
    const after = query.after === undefined ? undefined : eventNumberOf(query.after)
    const numbers = this.#candidates(query)
    const count = numbers?.length ?? this.#events.length
    const numberAt = (index: number) => (numbers === undefined ? index + 1 : (numbers[index] as number))
    const items: EventRecord[] = []
    let looked = 0
    let rowsLeft = this.#scanRowsMax
    for (
      let index = startIndex(count, numberAt, ascending, after);
      index >= 0 && index < count;
      index += ascending ? 1 : -1
    ) {
      if (rowsLeft-- === 0) return { items, hasMore: true, next: eventIdOf(looked) }
      looked = numberAt(index)
      const event = this.#eventAt(looked)
      if (event === undefined || !matches(event, query)) continue
      if (items.length === query.limit) return { items, hasMore: true, next: (items.at(-1) as EventRecord).id }
      items.push(event)
    }
    return { items, hasMore: false }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }

  #apply(changes: readonly Change[]): readonly EventRecord[] {
    this.#previousMustBeTrue(changes)
    return changes.flatMap(change => this.#applyOne(change) ?? [])
  }

  #applyOne(change: Change): EventRecord | undefined {
    switch (change.kind) {
      case 'put-device':
        return this.#devices.put(change.device.id, change.device)
      case 'put-credential':
        return this.#credentials.put(change.credential.device, change.credential)
      case 'put-principal':
        return this.#principals.put(change.principal.name, change.principal)
      case 'put-release':
        return this.#releases.put(change.release.id, change.release)
      case 'put-operation':
        return this.#operations.put(change.operation.id, change.operation)
      case 'put-targets': {
        const targets = madeOnce(this.#targets, change.operation, () => new SortedRecords<DeviceId>())
        for (const device of change.devices) targets.put(device, device)
        return undefined
      }
      case 'put-execution':
        return this.#putExecution(change.execution)
      case 'append-event':
        return this.#append({ ...change.event, id: eventIdOf(this.#events.length + 1) })
    }
  }

  #putExecution(execution: Execution): undefined {
    const { operation, device, state } = execution
    madeOnce(this.#executions, operation, () => new SortedRecords<Execution>()).put(device, execution)
    const unfinished = madeOnce(this.#unfinishedOf, device, () => new Set<OperationId>())
    if (state === 'pending' || state === 'in-progress') unfinished.add(operation)
    else unfinished.delete(operation)
  }

  #append(event: EventRecord): EventRecord {
    const number = this.#events.push(JSON.stringify(event))
    for (const key of [`device ${event.device}`, `code ${event.code}`, `operation ${event.operation ?? ''}`]) {
      madeOnce(this.#eventIndex, key, () => [] as number[]).push(number)
    }
    return event
  }

  /** Indexes on disk follow `previous` blindly; here a wrong one is found by the first test that makes it. */
  #previousMustBeTrue(changes: readonly Change[]): void {
    const states = new Map<string, ExecutionState>()
    for (const change of changes) {
      if (change.kind !== 'put-execution') continue
      const { operation, device, state } = change.execution
      const key = `${operation} ${device}`
      const actual = states.get(key) ?? this.#executions.get(operation)?.get(device)?.state
      if (actual !== change.previous) {
        throw new TypeError(`execution ${key}: previous state given as ${change.previous}, it is ${actual}`)
      }
      states.set(key, state)
    }
  }

  #eventAt(number: number): EventRecord | undefined {
    const json = this.#events[number - 1]
    return json === undefined ? undefined : (JSON.parse(json) as EventRecord)
  }

  /** The shortest list that holds all matches; undefined for all events. */
  #candidates(query: EventQuery): readonly number[] | undefined {
    const keys = [
      ...(query.device === undefined ? [] : [`device ${query.device}`]),
      ...(query.operation === undefined ? [] : [`operation ${query.operation}`]),
      ...(query.code === undefined ? [] : [`code ${query.code}`]),
    ]
    return keys.map(key => this.#eventIndex.get(key) ?? []).sort((a, b) => a.length - b.length)[0]
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed')
  }
}

/** Index of the first row beyond `after` in the order asked for; outside 0..count-1 when there is none. */
function startIndex(
  count: number,
  numberAt: (index: number) => number,
  ascending: boolean,
  after: number | undefined,
): number {
  if (after === undefined) return ascending ? 0 : count - 1
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending ? numberAt(middle) <= after : numberAt(middle) < after) low = middle + 1
    else high = middle
  }
  return ascending ? low : low - 1
}

function matches(event: EventRecord, query: EventQuery): boolean {
  return (
    (query.device === undefined || event.device === query.device) &&
    (query.operation === undefined || event.operation === query.operation) &&
    (query.code === undefined || event.code === query.code) &&
    (query.type === undefined || event.type === query.type)
  )
}

function madeOnce<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
