// Records as operators see them, the same through every door.
import { hash } from 'node:crypto'
import { EnvelopeError, openEnvelope } from '../proto/envelope.ts'
import { eventCodeEntry } from '../proto/event-codes.ts'
import type { AuditView, PrincipalView, WebhookView } from '../proto/http-admin.ts'
import type {
  BackupView,
  DeviceLogView,
  DeviceView,
  EventView,
  ExecutionTransfer,
  ExecutionView,
  Listing,
  OperationView,
  ReleaseView,
} from '../proto/http-api.ts'
import type { DeviceId } from '../proto/ids.ts'
import type { JsonObject, JsonValue } from '../proto/json.ts'
import type { Device } from './core/device.ts'
import { formatOf } from './core/manifest-choice.ts'
import { isEnded } from './core/operation.ts'
import { concurrencyLimit, deliveryDefaults, type Match } from './core/policy.ts'
import type {
  Actor,
  AuditRecord,
  Backup,
  DeviceLog,
  ErrorReason,
  EventRecord,
  Execution,
  Operation,
  Principal,
  Release,
  ReleaseManifest,
  Webhook,
} from './core/records.ts'
import { type TransferCounts, transferOf } from './core/transfer.ts'
import type { Page } from './ports.ts'
import { errorsOf, executionStatuses, operationStatus, updateStatus } from './status-words.ts'

export function deviceView(id: DeviceId, device: Device | undefined, online: boolean): DeviceView {
  return {
    id,
    state: device === undefined ? 'enrolled' : 'registered',
    online,
    registeredAt: time(device?.registeredAt),
    lastHelloAt: time(device?.lastHelloAt),
    vendorId: device?.vendorId ?? null,
    classId: device?.classId ?? null,
    agentVersion: device?.agentVersion ?? null,
    components: device?.components.map(({ name, version, digest }) => ({ name, version, digest })) ?? [],
    group: device?.group ?? null,
    tags: [...(device?.tags ?? [])],
    attributes: { ...device?.attributes },
    quarantinedAt: time(device?.quarantinedAt),
    reportKey: reportKeyView(device),
  }
}

/** `refusedAt`: when it first said another one. */
function reportKeyView({ reportKey, reportKeyRefusedAt }: Partial<Device> = {}): DeviceView['reportKey'] {
  return reportKey === undefined ? null : { sha256: reportKeyId(reportKey), refusedAt: time(reportKeyRefusedAt) }
}

/** How people tell report keys apart: SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
export function reportKeyId(spki: string): string {
  return hash('sha256', Buffer.from(spki, 'base64'), 'hex')
}

export function principalView(principal: Principal): PrincipalView {
  return {
    name: principal.name,
    role: principal.role,
    createdAt: instant(principal.createdAt),
    tokenPrefix: principal.tokenPrefix ?? null,
    expiresAt: time(principal.expiresAt),
    lastUsedAt: time(principal.lastUsedAt),
  }
}

export function releaseView(release: Release): ReleaseView {
  return {
    id: release.id,
    component: release.component,
    version: release.version,
    installedSha256: release.installedSha256,
    createdAt: instant(release.createdAt),
    createdBy: release.createdBy,
    manifests: release.manifests.map(manifest => ({
      sha256: manifest.sha256,
      vendorId: manifest.vendorId,
      classId: manifest.classId,
      deviceId: manifest.deviceId ?? null,
      artifact: manifest.artifact,
      format: formatOf(manifest),
      precursorSha256: manifest.precursorSha256 ?? null,
      payloadSize: manifest.payloadSize,
      expiresAt: instant(manifest.expiresAt),
      signatures: signaturesOf(manifest),
    })),
  }
}

/** Who signed it, by the key's own name; whether the fleet trusts that key, its trust document says. */
function signaturesOf({ envelope }: ReleaseManifest): ReleaseView['manifests'][number]['signatures'] {
  try {
    return openEnvelope(Buffer.from(envelope, 'base64')).signatures.map(({ keyId }) => ({ keyId }))
  } catch (error) {
    if (error instanceof EnvelopeError) return []
    throw error
  }
}

/** `throughput`: bytes a second that go out for it now; not told of one that has ended. */
export function operationView(operation: Operation, throughput?: number): OperationView {
  const { counts, subject } = operation
  const updated = counts.completed + (counts.byCode.SYS_110 ?? 0)
  const release = subject.kind === 'release' ? subject : undefined
  return {
    id: operation.id,
    name: operation.name,
    type: operation.type,
    typeName: operation.typeName,
    state: operation.state,
    updateStatus: updateStatus(operation),
    operationStatus: operationStatus(operation),
    release: release?.release ?? null,
    component: release?.component ?? null,
    targetVersion: release?.version ?? null,
    arguments: subject.kind === 'command' ? masked(subject.arguments) : null,
    targets: operation.targets,
    createdBy: operation.createdBy,
    origin: operation.origin === undefined ? null : { ...operation.origin },
    approvedBy: operation.approvedBy ?? null,
    refusedBy: operation.refusedBy ?? null,
    stoppedBy: operation.stoppedBy === undefined ? null : actorName(operation.stoppedBy),
    override: operation.override === undefined ? null : { ...operation.override, at: instant(operation.override.at) },
    pause:
      operation.pause === undefined
        ? null
        : { by: actorName(operation.pause.by), at: instant(operation.pause.at), reason: operation.pause.reason },
    requestedAt: instant(operation.requestedAt),
    startedAt: time(operation.startedAt),
    completedAt: time(operation.completedAt),
    sensors: counts.total,
    updated,
    errors: errorsOf(operation),
    counts: {
      pending: counts.pending,
      inProgress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
      skipped: counts.skipped,
    },
    retrying: operation.retryingCount,
    handOvers: operation.handOverCount,
    wave: waveView(operation),
    codes: Object.entries(counts.byCode).map(([code, count]) => {
      const entry = eventCodeEntry(code as keyof typeof counts.byCode)
      return { code, count: count ?? 0, text: entry.text, correctiveAction: entry.correctiveAction }
    }),
    reasons: Object.entries(counts.byReason).map(([reason, count]) => ({
      reason: reasonWords[reason as ErrorReason],
      count: count ?? 0,
    })),
    transfer:
      operation.transfer === undefined
        ? null
        : { devices: operation.transfer.devices, ...transferView(operation.transfer) },
    throughput: isEnded(operation) ? null : (throughput ?? null),
    policy: policyView(operation),
  }
}

/** What was sent, and what was not sent because of what: a negative saving (a chunk that does not deflate) is none. */
function transferView(counts: TransferCounts): ExecutionTransfer {
  const { imageBytes, wireBytes, heldBytes, patchBytes, patchWireBytes, receivedBytes, broadcastBytes } = counts
  return {
    imageBytes,
    wireBytes,
    saved: {
      held: heldBytes,
      patch: Math.max(0, patchBytes - patchWireBytes),
      compression: Math.max(0, receivedBytes - (wireBytes - patchWireBytes)),
      broadcast: broadcastBytes,
    },
  }
}

function policyView(operation: Operation): OperationView['policy'] {
  const { policy } = operation
  const { startAt, endAt, onEnd, windows, install } = policy.schedule
  return {
    concurrency: concurrencyLimit(operation),
    timeoutDays: policy.timeoutDays,
    stepTimeoutMinutes: policy.stepTimeoutMinutes,
    inProgressTimeoutMinutes: policy.inProgressTimeoutMinutes,
    confirmTimeoutMinutes: policy.confirmTimeoutMinutes,
    stopTimeoutMinutes: policy.stopTimeoutMinutes,
    priority: policy.priority,
    offlinePolicy: policy.offlinePolicy,
    rate: policy.rate ?? null,
    waves: policy.waves.map(wave => ({
      ...wave,
      size: wave.size.kind === 'count' ? wave.size.value : `${wave.size.value}%`,
    })),
    abort: policy.abort.map(({ match, action, ...rule }) => ({
      match: matchView(match),
      ...rule,
      action: action.kind === 'rollback' ? { rollback: action.release } : action.kind,
    })),
    retries: policy.retries.map(({ match, ...rule }) => ({ match: matchView(match), ...rule })),
    schedule: {
      startAt: time(startAt),
      endAt: time(endAt),
      onEnd,
      windows: windows.map(window => ({ ...window })),
      install,
    },
    approval: policy.approval,
    logOnFailure: policy.logOnFailure ?? false,
    delivery: { bytesPerSecond: null, ...(policy.delivery ?? deliveryDefaults) },
    prerequisites: policy.prerequisites.map(prerequisite => ({ ...prerequisite })),
  }
}

function matchView(match: Match): string | readonly string[] {
  if (match.kind === 'codes') return match.codes
  return match.kind === 'class' ? match.class : match.kind
}

function waveView({ policy, wave }: Operation): OperationView['wave'] {
  if (policy.waves.length === 0) return null
  return {
    number: wave.index + 1,
    of: policy.waves.length,
    handedOver: wave.handedOver,
    executed: wave.executed,
    succeeded: wave.succeeded,
    failed: wave.failed,
    soakUntil: time(wave.soakUntil),
  }
}

/** The words of the update-status page. */
export const reasonWords: Readonly<Record<ErrorReason, string>> = {
  unresponsive: 'Sensor unresponsive',
  'not-found': 'No sensor found',
  stopped: 'Update stopped by user',
  error: 'Update error',
}

/** A principal by name, a rule as `policy:RULE`. */
export function actorName(actor: Actor): string {
  return actor.kind === 'principal' ? actor.name : `policy:${actor.rule}`
}

const secretName = /password|passwd|secret|token|key|credential/i

/** Values under names that sound secret are not shown. */
function masked(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => masked(item as JsonValue))
  // A change of a JSON Patch names the secret in its path and has it in its value.
  const { path } = value as JsonObject
  const isSecret = (name: string): boolean =>
    secretName.test(name) || (name === 'value' && typeof path === 'string' && secretName.test(path))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name) ? '***' : masked(item as JsonValue)]),
  )
}

export function executionView(execution: Execution): ExecutionView {
  const entry = execution.code === undefined ? undefined : eventCodeEntry(execution.code)
  const transfer = transferOf(execution)
  return {
    operation: execution.operation,
    device: execution.device,
    state: execution.state,
    status: executionStatuses[execution.state],
    step: execution.step ?? null,
    attempt: execution.attempt,
    format: execution.offered?.format ?? null,
    manifest: execution.offered?.manifest ?? null,
    code: execution.code ?? null,
    message: entry?.text ?? null,
    correctiveAction: entry?.correctiveAction ?? null,
    data: { ...execution.data },
    provisional: execution.provisional ?? false,
    transfer: transfer === undefined ? null : transferView(transfer),
    initialVersion: execution.initialVersion ?? null,
    updatedVersion: execution.updatedVersion ?? null,
    wave: execution.wave === undefined ? null : execution.wave + 1,
    reason: execution.errorReason === undefined ? null : reasonWords[execution.errorReason],
    nextAttemptAt: time(execution.notBefore),
    addedAt: instant(execution.addedAt),
    handedOverAt: time(execution.handedOverAt),
    endedAt: time(execution.endedAt),
  }
}

export function backupView({ at, ...backup }: Backup): BackupView {
  return { ...backup, at: instant(at) }
}

export function deviceLogView({ event, at, ...log }: DeviceLog): DeviceLogView {
  return { id: event, ...log, at: instant(at) }
}

export function auditView(record: AuditRecord): AuditView {
  return {
    number: record.number,
    at: instant(record.at),
    actor: actorName(record.actor),
    action: record.action,
    subject: record.subject,
    operation: record.operation ?? null,
    requestId: record.requestId ?? null,
    changes: [...record.changes],
    data: record.data,
    previous: record.previous,
    hash: record.hash,
  }
}

export function webhookView({ id, url, events, createdAt, createdBy }: Webhook): WebhookView {
  return { id, url, events: [...events], createdAt: instant(createdAt), createdBy }
}

export function eventView(event: EventRecord): EventView {
  const entry = eventCodeEntry(event.code)
  const at = `${instant(event.recordedAt).slice(0, -1)}000Z`
  const changes: EventView['changes'] = {}
  for (const [name, { from, to }] of Object.entries(event.changes)) changes[name] = { from, to }
  return {
    id: event.id,
    object: 'device-event',
    date_time: at,
    created_at: at,
    etag: hash('sha256', event.id, 'hex').slice(0, 32),
    device_id: event.device,
    device_log_id: event.id,
    event_type: event.code,
    event_type_description: event.type,
    event_type_category: event.category,
    description: entry.text,
    state_change: event.stateChange,
    changes,
    data: { ...event.data, ...(event.operation === undefined ? {} : { campaign_id: event.operation }) },
  }
}

export function listing<Record, View>(
  page: Page<Record>,
  view: (record: Record) => View,
  request: { readonly after?: string; readonly limit: number },
): Listing<View> {
  return {
    object: 'list',
    data: page.items.map(view),
    limit: request.limit,
    after: request.after ?? null,
    has_more: page.hasMore,
  }
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function time(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : instant(milliseconds)
}
