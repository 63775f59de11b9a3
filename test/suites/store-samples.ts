// Records for tests of stores, and draws from a seeded generator.
import { createHash } from 'node:crypto'
import type { Device } from '../../broker/core/device.ts'
import { policyDefaults } from '../../broker/core/policy.ts'
import type {
  AuditEntry,
  Backup,
  DeviceCredential,
  DeviceLog,
  EventRecord,
  Execution,
  ExecutionState,
  NewEvent,
  Notice,
  Operation,
  OperationState,
  Principal,
  Release,
  StoredAnswer,
  Webhook,
} from '../../broker/core/records.ts'
import type { Change } from '../../broker/ports.ts'
import type { DeviceId, OperationId, PrincipalName } from '../../proto/ids.ts'
import { artifactId, principalName, releaseIdOf } from '../../proto/ids.ts'

/** Also ids no parser lets through: a store does not look at them. */
export const device = (text: string): DeviceId => text as DeviceId
export const operation = (number: number): OperationId => number.toString(36).padStart(26, '0') as OperationId
const someone: PrincipalName = principalName('someone')
const digest = 'ab'.repeat(32)

export const putDevice = (id: DeviceId, more: Partial<Device> = {}): Change & { readonly device: Device } => ({
  kind: 'put-device',
  device: {
    id,
    registeredAt: 1_700_000_000_000,
    lastHelloAt: 1_700_000_000_001,
    vendorId: '00'.repeat(16),
    classId: '11'.repeat(16),
    bootId: '22'.repeat(16),
    agentVersion: '1.0.0',
    packetBytesMax: 32768,
    components: [{ name: 'app', version: '1.0.0', digest }],
    journals: [{ journalId: '0123456789abcdef', floor: 7, above: [9, 12] }],
    ...more,
  },
})

export function credentialOf(id: DeviceId): DeviceCredential {
  return { device: id, secretSha256: digest, createdAt: 1, createdBy: someone }
}

export function principalOf(name: string, tokenSha256: string): Principal {
  return { name: principalName(name), role: 'operator', tokenSha256, createdAt: 2 }
}

export function releaseOf(component: string): Release {
  return {
    id: releaseIdOf(component, '1.2.3', digest),
    component,
    version: '1.2.3',
    installedSha256: digest,
    createdAt: 3,
    createdBy: someone,
    manifests: [
      {
        sha256: digest,
        envelope: 'AAECAw==',
        vendorId: '00'.repeat(16),
        classId: '11'.repeat(16),
        artifact: artifactId(digest),
        payloadSize: 4_294_967_296,
        expiresAt: 4,
      },
    ],
  }
}

export function operationOf(id: OperationId, state: OperationState, name = 'first floor'): Operation {
  return {
    id,
    name,
    type: 'firmware-update',
    typeName: 'Firmware Update',
    state,
    subject: {
      kind: 'release',
      release: releaseOf('app').id,
      component: 'app',
      version: '1.2.3',
      digest,
      vendorIds: ['00'.repeat(16)],
    },
    targets: { kind: 'devices' },
    policy: policyDefaults,
    createdBy: someone,
    requestedAt: 5,
    counts: {
      total: 1,
      pending: 1,
      inProgress: 0,
      completed: 0,
      failed: 0,
      skipped: 0,
      byCode: { SYS_112: 1 },
      byReason: { unresponsive: 1 },
    },
    executed: noneExecuted,
    abortBase: noneExecuted,
    wave: { index: 0, handedOver: 0, executed: 0, ended: 0, succeeded: 0, failed: 0 },
    handOverCount: 0,
    retryingCount: 0,
    lease: 1,
  }
}
const noneExecuted = { executed: 0, succeeded: 0, failedByCode: {} }

export function executionOf(operationId: OperationId, id: DeviceId, state: ExecutionState, attempt = 0): Execution {
  return { operation: operationId, device: id, state, attempt, addedAt: 6 }
}

export function putExecution(execution: Execution, previous?: ExecutionState): Change {
  return { kind: 'put-execution', execution, ...(previous === undefined ? {} : { previous }) }
}

export function eventOf(id: DeviceId, more: Partial<NewEvent> = {}): NewEvent {
  return {
    recordedAt: 1_700_000_000_000,
    device: id,
    code: 'SYS_106',
    type: 'INFO',
    category: 'INFO',
    stateChange: false,
    changes: {},
    data: {},
    ...more,
  }
}
export function auditOf(subject: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: 7,
    actor: { kind: 'principal', name: someone },
    action: 'operation.create',
    subject,
    changes: [{ op: 'add', path: '/name', value: 'ä "quoted" \u2028 \ud800' }],
    data: { counts: { total: 1 }, list: [1.5, -0.25, 1e21, true, null] },
    ...more,
  }
}
export const appendAudit = (entry: AuditEntry): Change => ({ kind: 'append-audit', entry })

export function answerOf(requestId: string, at: number, more: Partial<StoredAnswer> = {}): StoredAnswer {
  return {
    principal: someone,
    requestId,
    verb: 'operations/create',
    bodySha256: digest,
    at,
    answer: { id: requestId },
    ...more,
  }
}

export function putBackup(operationId: OperationId, id: DeviceId, text: string): Change & { readonly backup: Backup } {
  const content = Buffer.from(text)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const backup = { operation: operationId, device: id, sha256, version: '7', sizeBytes: content.length, at: 8 }
  return { kind: 'put-backup', backup, content: new Uint8Array(content) }
}

export function deviceLogOf({ id: event, device, operation }: EventRecord, attempt: number): DeviceLog {
  return { event, operation: operation as OperationId, device, attempt, sizeBytes: 9, cut: false, at: 8 }
}

export function webhookOf(id: string): Webhook {
  const url = `https://hooks.example/${id}`
  return { id, url, secret: 's', events: ['operation.paused'], createdAt: 9, createdBy: someone }
}

export function noticeOf(webhook: string): Omit<Notice, 'number'> {
  return { webhook, event: 'operation.paused', at: 10, attempt: 0, dueAt: 10, body: { operation: 'x' } }
}

export const append = (event: NewEvent): Change => ({ kind: 'append-event', event })

export const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
/** 0 ≤ n < below */
export const below = (random: () => number, limit: number): number => Math.floor(random() * limit)
