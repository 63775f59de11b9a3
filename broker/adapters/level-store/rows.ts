// What a change writes: the record itself and the index rows that follow from it. The same derivation is used the other
// way round when the store is verified, so an index can never be checked against a different rule. Numbers and the
// chain are given later, when the order of the commits is known (batch-builder.ts).
import { createHash } from 'node:crypto'
import { type AuditFields, auditFields } from '../../../proto/audit.ts'
import { eventNumberOf, type OperationId } from '../../../proto/ids.ts'
import type { Device } from '../../core/device.ts'
import {
  type AuditEntry,
  type Execution,
  type ExecutionState,
  endedStates,
  type NewEvent,
  type Notice,
  type Operation,
  type Principal,
  type StoredAnswer,
} from '../../core/records.ts'
import type { Change } from '../../ports.ts'
import * as keys from './keys.ts'

/** One step of a commit. Independent of the caller's objects, but for the parts of an event it gets back. */
export type Step =
  | PutStep
  /** The record in the database decides which index rows go. */
  | { readonly kind: 'replace'; readonly key: string; readonly json: string }
  | { readonly kind: 'delete'; readonly key: string }
  /** Only where this very batch has written that record already (devices.ts). */
  | { readonly kind: 'put-again'; readonly key: string; readonly json: string }
  /** Only an answer given before that moment. */
  | { readonly kind: 'forget-answer'; readonly key: string; readonly before: number }
  | { readonly kind: 'event'; readonly event: NewEvent; readonly json: string; readonly prefixes: readonly string[] }
  | { readonly kind: 'audit'; readonly fields: AuditFields; readonly operation: OperationId | undefined }
  | { readonly kind: 'notice'; readonly notice: Omit<Notice, 'number'> }
  /** Of an event that is there already. */
  | { readonly kind: 'event-index'; readonly present: readonly string[] }
  /** `logKeys`: the log of a device that goes with it, empty where there is none. */
  | {
      readonly kind: 'trim-event'
      readonly number: number
      readonly indexKeys: readonly string[]
      readonly logKeys: readonly string[]
    }
export interface PutStep {
  readonly kind: 'put'
  readonly key: string
  readonly json: string
  readonly index: readonly string[]
  /** Index rows that are deleted. */
  readonly stale: readonly string[]
}

export interface PreparedCommit {
  readonly steps: readonly Step[]
  /** Roughly what it will take in the batch. */
  readonly sizeBytes: number
}

/** Index rows that must exist, and those that must not, beside a record. */
export interface IndexKeys {
  readonly present: readonly string[]
  readonly absent: readonly string[]
}

const executionStates: readonly ExecutionState[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']
const none: readonly string[] = []

/** Throws RangeError for an audit entry that is too large, and content that is not what its backup says. */
export function prepare(changes: readonly Change[]): PreparedCommit {
  const steps: Step[] = []
  for (const change of changes) {
    if (change.kind === 'append-event') {
      steps.push(eventStep(change.event))
      continue
    }
    const made = stepsOf(change)
    if ('kind' in made) steps.push(made)
    else for (const step of made) steps.push(step)
  }
  return prepared(steps)
}

export function prepared(steps: readonly Step[]): PreparedCommit {
  let sizeBytes = 0
  for (const step of steps) sizeBytes += sizeOf(step)
  return { steps, sizeBytes }
}

/** Throws when `json` is not what is stored under such a key. */
export function indexKeysOf(key: string, json: string): IndexKeys {
  const present = (keys: readonly string[]): IndexKeys => ({ present: keys, absent: none })
  switch (key.slice(0, 2)) {
    case 'e!':
      return present(eventIndexKeys(JSON.parse(json), keys.numberAt(key)))
    case 'u!':
      return present(auditIndexKeys(JSON.parse(json)))
    case 'x!':
      return executionIndexKeys(JSON.parse(json))
    case 'o!':
      return operationIndexKeys(JSON.parse(json))
    case 'p!': {
      const { tokenSha256, name } = JSON.parse(json) as Principal
      return present([`${keys.principalsByToken(tokenSha256)}${name}`])
    }
    case 'w!': {
      const { at, principal, requestId } = JSON.parse(json) as StoredAnswer
      return present([keys.answerByTimeKey(at, principal, requestId)])
    }
    default:
      return { present: none, absent: none }
  }
}

/**
 * The value of the index rows of events and audit records, which has nothing to say. Not the empty string: classic-level
 * 3.0.0 copies each value it is given and never frees the copy of an empty one (DisposeSliceBuffer in binding.cc). With
 * four index rows an event the broker lost 128 bytes of memory for each event it ever stored.
 */
export const indexValueOfOnce = '-'

/**
 * The value of an index row. Records that are written again and again would not be missed in an older version: the index
 * row names the batch that wrote it. Events and audit records are written once.
 */
export function indexValueOf(recordKey: string, batch: number): string {
  return isWrittenOnce(recordKey) ? indexValueOfOnce : keys.fixed(batch)
}

/** What is wrong with the value of an index row, in words that follow its key; undefined when it may stand there. */
export function problemOfIndexValue(recordKey: string, recordBatch: number, value: string): string | undefined {
  // Up to version 3 of the database they were empty.
  if (isWrittenOnce(recordKey)) return value === indexValueOfOnce || value === '' ? undefined : 'has another value'
  if (!/^[0-9a-f]{14}$/.test(value)) return 'names no batch'
  // An execution is written many times while its index rows stay as they are; others are written with their record.
  const batch = keys.numberAt(value)
  const fits = recordKey.startsWith('x!') ? batch <= recordBatch : batch === recordBatch
  return fits ? undefined : 'is not of the batch of its record'
}

function isWrittenOnce(recordKey: string): boolean {
  return recordKey.startsWith('e!') || recordKey.startsWith('u!')
}

/** The record an index row belongs to; undefined for keys that are no index rows. */
export function recordKeyOf(indexKey: string): string | undefined {
  const [kind, first = '', second = '', third = ''] = indexKey.split('!')
  if (kind === 'ec' || kind === 'ed' || kind === 'eo' || kind === 'et') return keys.eventKey(keys.numberAt(indexKey))
  if (kind === 'xs' || kind === 'xr') return keys.executionKey(first, third)
  if (kind === 'xd') return keys.executionKey(second, first)
  if (kind === 'ou') return keys.operationKey(first)
  if (kind === 'pt') return keys.principalKey(second)
  if (kind === 'uo') return keys.auditKey(keys.numberAt(indexKey))
  if (kind === 'wt') return `w!${second}!${third}`
  return undefined
}

export function eventIndexKeys(event: NewEvent, number: number): readonly string[] {
  const tail = keys.fixed(number)
  return eventPrefixes(event).map(prefix => prefix + tail)
}

export function auditIndexKeys(record: {
  readonly operation?: string | undefined
  readonly number: number
}): readonly string[] {
  const { operation, number } = record
  return operation === undefined ? none : [`${keys.auditByOperation(operation)}${keys.fixed(number)}`]
}

function eventPrefixes(event: NewEvent): readonly string[] {
  const prefixes = [keys.eventsByDevice(event.device), keys.eventsByCode(event.code), keys.eventsByType(event.type)]
  if (event.operation !== undefined) prefixes.push(keys.eventsByOperation(event.operation))
  return prefixes
}

function eventStep(event: NewEvent): Step {
  return { kind: 'event', event: { ...event }, json: JSON.stringify(event), prefixes: eventPrefixes(event) }
}

function stepsOf(change: Exclude<Change, { kind: 'append-event' }>): Step | readonly Step[] {
  switch (change.kind) {
    case 'put-device':
      return deviceSteps(change.device)
    case 'put-journals':
      return put(keys.journalsKey(change.device), change.journals)
    case 'put-credential':
      return put(keys.credentialKey(change.credential.device), change.credential)
    case 'put-principal':
      return replace(keys.principalKey(change.principal.name), change.principal)
    case 'put-release':
      return put(keys.releaseKey(change.release.id), change.release)
    case 'put-operation': {
      const { present, absent } = operationIndexKeys(change.operation)
      return put(keys.operationKey(change.operation.id), change.operation, present, absent)
    }
    case 'put-targets': {
      const prefix = keys.targetsOf(change.operation)
      return change.devices.map(device => ({ kind: 'put', key: prefix + device, json: '', index: none, stale: none }))
    }
    case 'put-execution':
      return executionStep(change.execution, change.previous)
    case 'append-audit': {
      const entry = JSON.parse(JSON.stringify(change.entry)) as AuditEntry
      return { kind: 'audit', fields: auditFields(entry), operation: entry.operation }
    }
    case 'put-answer':
      return replace(keys.answerKey(change.answer.principal, change.answer.requestId), change.answer)
    case 'put-clock':
      return put(keys.clockKey, change.at)
    case 'put-backup': {
      const { backup, content } = change
      if (sha256Of(content) !== backup.sha256) throw new RangeError('backup: the content is not that of its sha256')
      return [
        put(keys.backupKey(backup.operation, backup.device), backup),
        put(keys.backupContentKey(backup.sha256), Buffer.from(content).toString('base64')),
      ]
    }
    case 'put-device-log': {
      const { log, content } = change
      const event = eventNumberOf(log.event)
      return [
        put(keys.deviceLogKey(log.operation, event), log),
        put(keys.deviceLogContentKey(log.operation, event), Buffer.from(content).toString('base64')),
      ]
    }
    case 'put-webhook':
      return put(keys.webhookKey(change.webhook.id), change.webhook)
    case 'append-notice':
      return { kind: 'notice', notice: JSON.parse(JSON.stringify(change.notice)) }
    case 'put-notice':
      return put(keys.noticeKey(change.notice.number), change.notice)
    case 'delete-device':
      return [keys.deviceKey, keys.journalsKey, keys.credentialKey].map(key => remove(key(change.device)))
    case 'delete-principal':
      return remove(keys.principalKey(change.name))
    case 'delete-webhook':
      return remove(keys.webhookKey(change.id))
    case 'delete-notice':
      return remove(keys.noticeKey(change.number))
  }
}

function deviceSteps(device: Device): readonly Step[] {
  const { id, journals } = device
  const again: Step = { kind: 'put-again', key: keys.journalsKey(id), json: JSON.stringify(journals) }
  return [put(keys.deviceKey(id), device), again]
}

function executionStep(execution: Execution, previous: ExecutionState | undefined): Step {
  const key = keys.executionKey(execution.operation, execution.device)
  // The index follows the caller's word: what `previous` had is there, and only what differs is written. Most writes
  // are a step of a device, which moves no index row.
  if (previous === execution.state && previous !== 'skipped') return put(key, execution)
  const present = executionIndexKeysOf(execution)
  const before = previous === undefined ? none : possibleIndexKeys(execution, previous)
  // Which result a skipped one had, its state does not say.
  const kept = previous === 'skipped' ? none : before
  return put(
    key,
    execution,
    present.filter(each => !kept.includes(each)),
    before.filter(each => !present.includes(each)),
  )
}

function executionIndexKeys(execution: Execution): IndexKeys {
  const { operation, device } = execution
  const present = executionIndexKeysOf(execution)
  const possible = executionStates.map(state => keys.executionsInState(operation, state) + device)
  possible.push(
    keys.executionsByResult(operation, 'updated') + device,
    keys.executionsByResult(operation, 'errors') + device,
    keys.unfinishedExecutionsOfDevice(device) + operation,
  )
  return { present, absent: possible.filter(key => !present.includes(key)) }
}

/** The index rows of an execution as it is. */
export function executionIndexKeysOf(execution: Execution): readonly string[] {
  const { operation, device, state, code } = execution
  const possible = possibleIndexKeys(execution, state)
  if (state !== 'skipped') return possible
  const other = keys.executionsByResult(operation, code === 'SYS_110' ? 'errors' : 'updated') + device
  return possible.filter(key => key !== other)
}

/** All that an execution in that state may have; both results for one that was skipped. */
function possibleIndexKeys({ operation, device }: Execution, state: ExecutionState): readonly string[] {
  const inState = keys.executionsInState(operation, state) + device
  const updated = keys.executionsByResult(operation, 'updated') + device
  const errors = keys.executionsByResult(operation, 'errors') + device
  switch (state) {
    case 'pending':
    case 'in-progress':
      return [inState, keys.unfinishedExecutionsOfDevice(device) + operation]
    case 'completed':
      return [inState, updated]
    case 'failed':
      return [inState, errors]
    case 'skipped':
      return [inState, updated, errors]
  }
}

function operationIndexKeys(operation: Operation): IndexKeys {
  const unfinished = keys.unfinishedOperationKey(operation.id)
  return endedStates.includes(operation.state)
    ? { present: none, absent: [unfinished] }
    : { present: [unfinished], absent: none }
}

export const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

function put(key: string, value: unknown, index: readonly string[] = none, stale: readonly string[] = none): PutStep {
  return { kind: 'put', key, json: JSON.stringify(value), index, stale }
}
const replace = (key: string, value: unknown): Step => ({ kind: 'replace', key, json: JSON.stringify(value) })
const remove = (key: string): Step => ({ kind: 'delete', key })

/** Keys, checksums and numbers are counted at what they usually take. */
function sizeOf(step: Step): number {
  switch (step.kind) {
    case 'put':
      return step.key.length + 30 + step.json.length + 60 * (step.index.length + step.stale.length)
    case 'replace':
    case 'put-again':
      return step.key.length + 200 + step.json.length
    case 'event':
      return 5 * 50 + step.json.length
    case 'audit':
      return 400 + step.fields.sizeBytes
    case 'notice':
      return 100 + JSON.stringify(step.notice).length
    case 'delete':
    case 'forget-answer':
      return 200
    case 'event-index':
    case 'trim-event':
      return 5 * 50
  }
}
