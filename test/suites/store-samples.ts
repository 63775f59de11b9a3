// Records for tests of stores, and a seeded generator: the same seed gives the same history.
import type { Device } from '../../broker/core/device.ts'
import type {
  DeviceCredential,
  Execution,
  ExecutionState,
  NewEvent,
  Operation,
  OperationState,
  Principal,
  Release,
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
    state,
    release: releaseOf('app').id,
    component: 'app',
    targetVersion: '1.2.3',
    targetDigest: digest,
    targets: { kind: 'devices' },
    policy: {
      concurrency: 5,
      timeoutDays: 14,
      stepTimeoutMinutes: 60,
      inProgressTimeoutMinutes: 600,
      confirmTimeoutMinutes: 10,
      stopTimeoutMinutes: 60,
    },
    createdBy: someone,
    requestedAt: 5,
    counts: { total: 1, pending: 1, inProgress: 0, completed: 0, failed: 0, skipped: 0, byCode: { SYS_112: 1 } },
    lease: 1,
  }
}

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
export const append = (event: NewEvent): Change => ({ kind: 'append-event', event })

/** Numbers 0 ≤ n < 1, the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
export const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
/** 0 ≤ n < below */
export const below = (random: () => number, limit: number): number => Math.floor(random() * limit)
