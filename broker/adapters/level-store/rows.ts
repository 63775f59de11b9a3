// What a change writes: the record itself and the index rows that follow from it. The same derivation is used the
// other way round when the store is verified, so an index can never be checked against a different rule.
import { eventIdOf } from '../../../proto/ids.ts'
import {
  type EventRecord,
  type Execution,
  type ExecutionState,
  endedStates,
  type Operation,
  type Principal,
} from '../../core/records.ts'
import type { Change } from '../../ports.ts'
import * as keys from './keys.ts'

export type Row =
  | { readonly kind: 'put'; readonly key: string; readonly json: string }
  | { readonly kind: 'delete'; readonly key: string }

/** A commit ready to be written, except for the numbers of its events. Independent of the caller's objects. */
export interface PreparedCommit {
  readonly rows: readonly Row[]
  /** Keys of the records (not of index rows, not of events) that this commit writes. */
  readonly written: readonly string[]
  readonly events: readonly PreparedEvent[]
  /** Roughly what it will take in the batch. */
  readonly sizeBytes: number
}
export interface PreparedEvent {
  readonly event: Omit<EventRecord, 'id'>
  readonly json: string
}

/** Index rows that must exist, and those that must not, beside a record. */
export interface IndexKeys {
  readonly present: readonly string[]
  readonly absent: readonly string[]
}

const executionStates: readonly ExecutionState[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']
const none: IndexKeys = { present: [], absent: [] }

export function prepare(changes: readonly Change[]): PreparedCommit {
  const rows: Row[] = []
  const written: string[] = []
  const events: PreparedEvent[] = []
  for (const change of changes) {
    if (change.kind === 'append-event') {
      const json = JSON.stringify(change.event)
      events.push({ event: JSON.parse(json), json })
      continue
    }
    for (const row of recordsOf(change)) {
      rows.push(row, ...indexRowsOf(row, change))
      written.push(row.key)
    }
  }
  let sizeBytes = events.reduce((sum, event) => sum + 4 * 80 + event.json.length, 0)
  for (const row of rows) sizeBytes += row.key.length + 30 + (row.kind === 'put' ? row.json.length : 0)
  return { rows, written, events, sizeBytes }
}

/** The rows of one event under its number: the record, then its index rows. */
export function eventRows(prepared: PreparedEvent, number: number): readonly Row[] {
  // The id comes last: of two equal names JSON.parse keeps the last one.
  const json = `${prepared.json.slice(0, -1)},"id":"${eventIdOf(number)}"}`
  return [put(keys.eventKey(number), json), ...eventIndexKeys(prepared.event, number).map(key => put(key, ''))]
}

/** Throws when `json` is not what is stored under such a key. */
export function indexKeysOf(key: string, json: string): IndexKeys {
  if (key.startsWith('e!')) return { present: eventIndexKeys(JSON.parse(json), keys.numberAt(key)), absent: [] }
  if (key.startsWith('x!')) return executionIndexKeys(JSON.parse(json))
  if (key.startsWith('o!')) return operationIndexKeys(JSON.parse(json))
  if (key.startsWith('p!')) return { present: [keys.tokenKey((JSON.parse(json) as Principal).tokenSha256)], absent: [] }
  return none
}

/** The record an index row belongs to; undefined for keys that are no index rows. */
export function recordKeyOf(indexKey: string, json: string): string | undefined {
  const [kind, first = '', second = '', third = ''] = indexKey.split('!')
  if (kind === 'ec' || kind === 'ed' || kind === 'eo') return keys.eventKey(keys.numberAt(indexKey))
  if (kind === 'xs') return keys.executionKey(first, third)
  if (kind === 'xd') return keys.executionKey(second, first)
  if (kind === 'ou') return keys.operationKey(first)
  if (kind === 'pt') return keys.principalKey(JSON.parse(json))
  return undefined
}

function recordsOf(change: Exclude<Change, { kind: 'append-event' }>): readonly Extract<Row, { kind: 'put' }>[] {
  switch (change.kind) {
    case 'put-device':
      return [put(keys.deviceKey(change.device.id), JSON.stringify(change.device))]
    case 'put-credential':
      return [put(keys.credentialKey(change.credential.device), JSON.stringify(change.credential))]
    case 'put-principal':
      return [put(keys.principalKey(change.principal.name), JSON.stringify(change.principal))]
    case 'put-release':
      return [put(keys.releaseKey(change.release.id), JSON.stringify(change.release))]
    case 'put-operation':
      return [put(keys.operationKey(change.operation.id), JSON.stringify(change.operation))]
    case 'put-targets':
      return change.devices.map(device => put(`${keys.targetsOf(change.operation)}${device}`, ''))
    case 'put-execution': {
      const { operation, device } = change.execution
      return [put(keys.executionKey(operation, device), JSON.stringify(change.execution))]
    }
  }
}

function indexRowsOf(row: Extract<Row, { kind: 'put' }>, change: Change): readonly Row[] {
  const { present, absent } = indexKeysOf(row.key, row.json)
  const json = change.kind === 'put-principal' ? JSON.stringify(change.principal.name) : ''
  const puts = present.map(key => put(key, json))
  if (change.kind === 'put-operation') return [...absent.map(remove), ...puts]
  if (change.kind !== 'put-execution' || change.previous === undefined) return puts
  // Only what `previous` had: the index follows the caller's word, and three deletes a write are saved.
  const previous = executionIndexKeys({ ...change.execution, state: change.previous }).present
  return [...previous.filter(key => !present.includes(key)).map(remove), ...puts]
}

function eventIndexKeys(event: Omit<EventRecord, 'id'>, number: number): readonly string[] {
  const tail = keys.fixed(number)
  const byDeviceAndCode = [`${keys.eventsByDevice(event.device)}${tail}`, `${keys.eventsByCode(event.code)}${tail}`]
  return event.operation === undefined
    ? byDeviceAndCode
    : [...byDeviceAndCode, `${keys.eventsByOperation(event.operation)}${tail}`]
}

function executionIndexKeys(execution: Execution): IndexKeys {
  const { operation, device, state } = execution
  const inState = (each: ExecutionState) => `${keys.executionsInState(operation, each)}${device}`
  const others = executionStates.filter(each => each !== state).map(inState)
  const unfinished = `${keys.unfinishedExecutionsOfDevice(device)}${operation}`
  return state === 'pending' || state === 'in-progress'
    ? { present: [inState(state), unfinished], absent: others }
    : { present: [inState(state)], absent: [...others, unfinished] }
}

function operationIndexKeys(operation: Operation): IndexKeys {
  const unfinished = keys.unfinishedOperationKey(operation.id)
  return endedStates.includes(operation.state)
    ? { present: [], absent: [unfinished] }
    : { present: [unfinished], absent: [] }
}

const put = (key: string, json: string): Extract<Row, { kind: 'put' }> => ({ kind: 'put', key, json })
const remove = (key: string): Row => ({ kind: 'delete', key })
