// Records as operators see them, the same through every door; both status vocabularies are made here and nowhere else.
import { createHash } from 'node:crypto'
import { eventCodeEntry } from '../proto/event-codes.ts'
import type {
  DeviceView,
  EventView,
  ExecutionView,
  Listing,
  OperationView,
  PrincipalView,
  ReleaseView,
} from '../proto/http-api.ts'
import type { DeviceId } from '../proto/ids.ts'
import type { Device } from './core/device.ts'
import { concurrencyLimit } from './core/policy.ts'
import type { EventRecord, Execution, ExecutionState, Operation, Principal, Release } from './core/records.ts'
import type { Page } from './ports.ts'

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
  }
}

export function principalView(principal: Principal): PrincipalView {
  return { name: principal.name, role: principal.role, createdAt: instant(principal.createdAt) }
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
      payloadSize: manifest.payloadSize,
      expiresAt: instant(manifest.expiresAt),
    })),
  }
}

export function operationView(operation: Operation): OperationView {
  const { counts, policy } = operation
  // A device that was at the target already counts as updated, every other skip as an error (update-status page).
  const updated = counts.completed + (counts.byCode.SYS_110 ?? 0)
  const errors = counts.failed + counts.skipped - (counts.byCode.SYS_110 ?? 0)
  return {
    id: operation.id,
    name: operation.name,
    type: operation.type,
    state: operation.state,
    updateStatus: updateStatus(operation),
    operationStatus: operationStatus(operation, errors),
    release: operation.release,
    component: operation.component,
    targetVersion: operation.targetVersion,
    createdBy: operation.createdBy,
    stoppedBy: operation.stoppedBy ?? null,
    requestedAt: instant(operation.requestedAt),
    startedAt: time(operation.startedAt),
    completedAt: time(operation.completedAt),
    sensors: counts.total,
    updated,
    errors,
    counts: {
      pending: counts.pending,
      inProgress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
      skipped: counts.skipped,
    },
    codes: Object.entries(counts.byCode).map(([code, count]) => {
      const entry = eventCodeEntry(code as keyof typeof counts.byCode)
      return { code, count: count ?? 0, text: entry.text, correctiveAction: entry.correctiveAction }
    }),
    policy: {
      concurrency: concurrencyLimit(operation),
      timeoutDays: policy.timeoutDays,
      stepTimeoutMinutes: policy.stepTimeoutMinutes,
      inProgressTimeoutMinutes: policy.inProgressTimeoutMinutes,
      confirmTimeoutMinutes: policy.confirmTimeoutMinutes,
      stopTimeoutMinutes: policy.stopTimeoutMinutes,
    },
  }
}

export function executionView(execution: Execution): ExecutionView {
  const entry = execution.code === undefined ? undefined : eventCodeEntry(execution.code)
  return {
    operation: execution.operation,
    device: execution.device,
    state: execution.state,
    status: executionStatuses[execution.state],
    step: execution.step ?? null,
    attempt: execution.attempt,
    code: execution.code ?? null,
    message: entry?.text ?? null,
    correctiveAction: entry?.correctiveAction ?? null,
    data: { ...execution.data },
    provisional: execution.provisional ?? false,
    initialVersion: execution.initialVersion ?? null,
    updatedVersion: execution.updatedVersion ?? null,
    handedOverAt: time(execution.handedOverAt),
    endedAt: time(execution.endedAt),
  }
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
    etag: createHash('sha256').update(event.id).digest('hex').slice(0, 32),
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

const executionStatuses: Readonly<Record<ExecutionState, string>> = {
  pending: 'Pending',
  'in-progress': 'In Progress',
  completed: 'Completed',
  failed: 'Failed',
  skipped: 'Skipped',
}

function updateStatus({ state }: Operation): string {
  switch (state) {
    case 'pending':
      return 'Pending'
    case 'running':
    case 'stopping':
      return 'Processing'
    case 'completed':
      return 'Completed'
    case 'stopped':
      return 'Stopped'
  }
}

function operationStatus({ state }: Operation, errors: number): string {
  switch (state) {
    case 'pending':
      return 'Pending'
    case 'running':
    case 'stopping':
      return 'Running'
    case 'completed':
      return errors === 0 ? 'Completed' : 'Failed'
    case 'stopped':
      return 'Cancelled'
  }
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function time(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : instant(milliseconds)
}
