// The records of the orchestrator as plain data: what the store keeps and the core computes with. Times are milliseconds
// since 1970 by the broker's clock; digests lower-case hex; counts are devices.
import type { EventCategory, EventCode, EventType } from '../../proto/event-codes.ts'
import type { ArtifactId, DeviceId, EventId, OperationId, PrincipalName, ReleaseId } from '../../proto/ids.ts'
import type { Step } from '../../proto/messages.ts'

export type OperationType = 'firmware-update'
export type OperationState = 'pending' | 'running' | 'stopping' | 'completed' | 'stopped'
export const endedStates: readonly OperationState[] = ['completed', 'stopped']

/** Limits under which an operation runs. */
export interface Policy {
  /** Executions in progress at the same time, 1 or more. */
  readonly concurrency: number
  /** The same as a share of the targets, 1..100, rounded up; the smaller of the two counts. */
  readonly concurrencyPercent?: number
  /** From the first hand-over (or, before any, from the request) on; then SYS_100. */
  readonly timeoutDays: number
  /** Between two reports of a device in progress; then SYS_100. */
  readonly stepTimeoutMinutes: number
  /** From the hand-over on. */
  readonly inProgressTimeoutMinutes: number
  /** After a reboot, for the new hello; then SYS_111. */
  readonly confirmTimeoutMinutes: number
  /** From the stop on, for executions in progress; then SYS_104. */
  readonly stopTimeoutMinutes: number
}

/** Who is aimed at, fixed when the operation is made. */
export type Targets = { readonly kind: 'devices' } | { readonly kind: 'all-registered' }

export interface OperationCounts {
  /** Targets found so far; final once `expansion` is done. */
  readonly total: number
  readonly pending: number
  readonly inProgress: number
  readonly completed: number
  readonly failed: number
  readonly skipped: number
  /** Ended executions by code; at the end the counts add up to `total`. */
  readonly byCode: Readonly<Partial<Record<EventCode, number>>>
}

/** Work that goes over all targets in bounded steps; `after` is the last device done. */
export type Sweep =
  | { readonly kind: 'expand'; readonly after?: DeviceId }
  | { readonly kind: 'skip-pending'; readonly after?: DeviceId }
  | { readonly kind: 'time-out-pending'; readonly after?: DeviceId }

export interface Operation {
  readonly id: OperationId
  readonly name: string
  readonly type: OperationType
  readonly state: OperationState
  readonly release: ReleaseId
  readonly component: string
  readonly targetVersion: string
  readonly targetDigest: string
  readonly targets: Targets
  readonly policy: Policy
  readonly createdBy: PrincipalName
  readonly requestedAt: number
  /** First hand-over decided. */
  readonly startedAt?: number
  readonly completedAt?: number
  readonly stoppedBy?: PrincipalName
  readonly stopRequestedAt?: number
  readonly counts: OperationCounts
  /** Absent when nothing is left to go over. */
  readonly sweep?: Sweep
  /** Grows with each leader; offers carry it, devices ignore a lower one. */
  readonly lease: number
}

export type ExecutionState = 'pending' | 'in-progress' | 'completed' | 'failed' | 'skipped'

export interface Execution {
  readonly operation: OperationId
  readonly device: DeviceId
  readonly state: ExecutionState
  readonly step?: Step
  /** 0 before the first hand-over. */
  readonly attempt: number
  readonly addedAt: number
  readonly handedOverAt?: number
  /** SYS_100 (INFO) has been logged: its turn came while it was not connected. */
  readonly unreachableNoted?: boolean
  /** Last word of the device about this execution. */
  readonly reportedAt?: number
  readonly endedAt?: number
  /** The device has answered the offer of this attempt. */
  readonly answered?: boolean
  readonly initialVersion?: string
  readonly updatedVersion?: string
  readonly code?: EventCode
  readonly data?: Readonly<Record<string, string>>
  /** SYS_100, SYS_104 or SYS_111 given by the broker: the device's own result may still replace it. */
  readonly provisional?: boolean
}

/** One entry of the device event log, as it is stored. */
export interface EventRecord {
  readonly id: EventId
  readonly recordedAt: number
  readonly device: DeviceId
  readonly code: EventCode
  readonly type: EventType
  readonly category: EventCategory
  readonly operation?: OperationId
  readonly stateChange: boolean
  readonly changes: Readonly<Record<string, { readonly from: string | null; readonly to: string | null }>>
  readonly data: Readonly<Record<string, string>>
  /** Absent for events of the broker itself. */
  readonly source?: { readonly journalId: string; readonly eventNumber: number; readonly deviceTime: number }
}
/** Before the store has numbered it. */
export type NewEvent = Omit<EventRecord, 'id'>

/** A component in one version, with the manifests that lead there. */
export interface Release {
  readonly id: ReleaseId
  readonly component: string
  readonly version: string
  readonly installedSha256: string
  readonly createdAt: number
  readonly createdBy: PrincipalName
  readonly manifests: readonly ReleaseManifest[]
}
export interface ReleaseManifest {
  /** SHA-256 of the envelope's bytes. */
  readonly sha256: string
  /** SignedEnvelope, base64, exactly as uploaded. */
  readonly envelope: string
  readonly vendorId: string
  readonly classId: string
  readonly deviceId?: string
  readonly artifact: ArtifactId
  readonly payloadSize: number
  readonly expiresAt: number
}

export type PrincipalRole = 'viewer' | 'operator' | 'approver' | 'admin'
export interface Principal {
  readonly name: PrincipalName
  readonly role: PrincipalRole
  /** SHA-256 of the token (256 random bits), lower-case hex. The token itself is shown once and kept nowhere. */
  readonly tokenSha256: string
  readonly createdAt: number
}
export interface DeviceCredential {
  readonly device: DeviceId
  /** SHA-256 of the secret (256 random bits), lower-case hex. */
  readonly secretSha256: string
  readonly createdAt: number
  readonly createdBy: PrincipalName
}
