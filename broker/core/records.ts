// The records of the orchestrator as plain data: what the store keeps and the core computes with. Times are milliseconds
// since 1970 by the broker's clock; digests lower-case hex; counts are devices.
import type { EventCategory, EventCode, EventType } from '../../proto/event-codes.ts'
import type { ArtifactId, DeviceId, EventId, OperationId, PrincipalName, ReleaseId } from '../../proto/ids.ts'
import type { JsonObject, JsonValue } from '../../proto/json.ts'
import type { ManifestFormat } from '../../proto/manifest.ts'
import type { Step } from '../../proto/messages.ts'
import type { DeviceCertificate, Enrolment } from './device-certificates.ts'
import type { Policy } from './policy.ts'
import type { ReportFacts } from './report-facts.ts'
import type { TokenFacts } from './token-facts.ts'

/** A name in the registry of operation types (core/operation-types.ts). */
export type OperationType = string
export type OperationState =
  | 'awaiting-approval'
  | 'scheduled'
  | 'pending'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'completed'
  | 'stopped'
export const endedStates: readonly OperationState[] = ['completed', 'stopped']

/** What an operation brings to its devices. */
export type Subject = ReleaseSubject | CommandSubject
export interface ReleaseSubject {
  readonly kind: 'release'
  readonly release: ReleaseId
  readonly component: string
  readonly version: string
  readonly digest: string
  /** Of the manifests the release had when the operation was made; a device of another vendor ends with SYS_102. */
  readonly vendorIds: readonly string[]
}
export interface CommandSubject {
  readonly kind: 'command'
  /** The success: a hello with another boot id, the device's word, or its word about a configuration that is stored. */
  readonly confirmation: 'new-boot' | 'report' | 'backup'
  /** As the type takes them; secrets in them are masked in every view. */
  readonly arguments: JsonObject
  /** SignedEnvelope of the Command, base64, exactly as signed: bound to this operation, the same for every device. */
  readonly envelope: string
  /** Milliseconds since 1970: when the signed command expires. */
  readonly expiresAt: number
  /** The configuration digest the devices must report (config-restore). */
  readonly digest?: string
}

/** Who is aimed at. `filter` is in the language of core/target-filter.ts; `open`: who matches later joins. */
export type Targets =
  | { readonly kind: 'devices' }
  | { readonly kind: 'filter'; readonly filter: string; readonly open: boolean }
  /** The devices of another operation: its errors, or all it was handed over to. */
  | { readonly kind: 'executions'; readonly operation: OperationId; readonly which: 'errors' | 'handed-over' }

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
  /** Ended executions that count as errors, by the word of the update-status page. */
  readonly byReason: Readonly<Partial<Record<ErrorReason, number>>>
}
/** Bytes, of all devices of an operation that ended with a word about their download. */
export interface TransferTotals {
  readonly devices: number
  /** Of the payloads: held + patch + received. */
  readonly imageBytes: number
  readonly heldBytes: number
  readonly receivedBytes: number
  readonly wireBytes: number
  readonly patchBytes: number
  readonly patchWireBytes: number
  readonly broadcastBytes: number
}
/** "Sensor unresponsive", "No sensor found", "Update stopped by user", "Update error". */
export type ErrorReason = 'unresponsive' | 'not-found' | 'stopped' | 'error'

/** Executions that ended after a hand-over, retries spent. */
export interface Tally {
  readonly executed: number
  readonly succeeded: number
  readonly failedByCode: Readonly<Partial<Record<EventCode, number>>>
}

/** How far the waves are. `index` beyond the list: all waves are passed, the rest runs without a gate. */
export interface WaveProgress {
  readonly index: number
  /** Devices handed over in this wave; a retry is not counted again. */
  readonly handedOver: number
  /** Of those, ended in any way. */
  readonly ended: number
  readonly executed: number
  readonly succeeded: number
  readonly failed: number
  /** The wave has succeeded and rests until then, milliseconds since 1970. */
  readonly soakUntil?: number
}

/** Why nothing is handed over although nobody stopped the operation. */
export interface Pause {
  readonly at: number
  readonly by: Actor
  /** A sentence for people. */
  readonly reason: string
}
/** `rule` is a path in the operation's policy, like `waves.0` or `abort.2`. */
export type Actor =
  | { readonly kind: 'principal'; readonly name: PrincipalName }
  | { readonly kind: 'policy'; readonly rule: string }

/** Work that goes over all targets in bounded steps; `after` is the last device done. */
export type Sweep =
  | { readonly kind: 'expand'; readonly after?: DeviceId }
  | { readonly kind: 'skip-pending'; readonly after?: DeviceId }
  | { readonly kind: 'time-out-pending'; readonly after?: DeviceId }
  /** The schedule is over: who was not handed anything ends, what runs goes on. */
  | { readonly kind: 'end-pending'; readonly after?: DeviceId }
  /** Open targets: who joined too long ago ends. */
  | { readonly kind: 'expire-joined'; readonly after?: DeviceId }

export interface Operation {
  readonly id: OperationId
  readonly name: string
  readonly type: OperationType
  /** The type as people read it. */
  readonly typeName: string
  readonly state: OperationState
  readonly subject: Subject
  readonly targets: Targets
  readonly policy: Policy
  readonly createdBy: PrincipalName
  /** The operation this one follows: a retry of its failed devices, or the rollback one of its rules asked for. */
  readonly origin?: { readonly kind: 'retry' | 'rollback'; readonly operation: OperationId }
  readonly requestedAt: number
  /** From then on it could hand over: approved, and its start has come. The operation timer runs from here. */
  readonly openedAt?: number
  /** First hand-over decided. */
  readonly startedAt?: number
  readonly completedAt?: number
  readonly approvedBy?: PrincipalName
  /** Refused instead of approved. */
  readonly refusedBy?: PrincipalName
  /** A second person has lifted windows and rate. */
  readonly override?: { readonly by: PrincipalName; readonly at: number; readonly reason: string }
  readonly pause?: Pause
  /** Nothing new is handed over any more: the end of the schedule has come. */
  readonly closedAt?: number
  /** An abort rule asked for it; `operation` is there once it has been made. */
  readonly rollback?: { readonly rule: string; readonly release: ReleaseId; readonly operation?: OperationId }
  readonly stoppedBy?: Actor
  readonly stopRequestedAt?: number
  readonly counts: OperationCounts
  /** What the downloads of its devices took, as they say; of those that ended. Absent: nothing said yet. */
  readonly transfer?: TransferTotals
  readonly executed: Tally
  /** What had been executed when a person last resumed: abort rules count from there. */
  readonly abortBase: Tally
  readonly wave: WaveProgress
  /** Hand-overs decided, retries included. */
  readonly handOverCount: number
  /** Pending executions that wait for their next attempt. */
  readonly retryingCount: number
  /** Absent when nothing is left to go over. */
  readonly sweep?: Sweep
  /** Grows with each leader; offers carry it, devices ignore a lower one. */
  readonly lease: number
}

export type ExecutionState = 'pending' | 'in-progress' | 'completed' | 'failed' | 'skipped'
/** The steps a device reports, and the broker's own word for one that has been told to withdraw. */
export type ExecutionStep = Step | 'withdrawing'

export interface Execution extends ReportFacts {
  readonly operation: OperationId
  readonly device: DeviceId
  readonly state: ExecutionState
  readonly step?: ExecutionStep
  /** 0 before the first hand-over. */
  readonly attempt: number
  readonly addedAt: number
  readonly handedOverAt?: number
  /** Wave it was handed over in. */
  readonly wave?: number
  /** SYS_100 (INFO) has been logged: its turn came while it was not connected. */
  readonly unreachableNoted?: boolean
  /** Last word of the device about this execution. */
  readonly reportedAt?: number
  readonly endedAt?: number
  /** The device has answered the offer of this attempt. */
  readonly answered?: boolean
  /** Its last hello named this operation: what it said it runs may be on trial, and confirms nothing. */
  readonly undecided?: boolean
  /** Boot id of the device at the hand-over. */
  readonly bootId?: string
  /** What the last attempt brought; absent for a command and in records of brokers that knew full images only. */
  readonly offered?: Offered
  /** Its broadcast session failed: the chunks of later attempts are asked for by the device alone. */
  readonly pullOnly?: boolean
  /** At `awaiting-install` for the word of that broadcast session (16 hex digits), as the device says. */
  readonly awaitsSession?: string
  /** A delta of the release has failed on this device: from then on the full image goes first. */
  readonly deltaFailed?: boolean
  /** A retry is due then, not before. */
  readonly notBefore?: number
  /** Retries taken, by index of the rule. */
  readonly retries?: Readonly<Record<string, number>>
  /** How the attempt before ended; what a dropped retry ends with. */
  readonly lastFailure?: LastFailure
  /** What the device said its download took (`held_bytes`, `received_bytes`, `wire_bytes`): for the final event. */
  readonly transfer?: Readonly<Record<string, string>>
  /** Told to withdraw for another reason than a stop: it was removed from the operation. */
  readonly removal?: { readonly at: number }
  readonly initialVersion?: string
  readonly updatedVersion?: string
  readonly code?: EventCode
  readonly data?: Readonly<Record<string, string>>
  /** Of an ended execution that counts as an error. */
  readonly errorReason?: ErrorReason
  /** SYS_100, SYS_104 or SYS_111 given by the broker: the device's own result may still replace it. */
  readonly provisional?: boolean
}

export interface Offered {
  /** SHA-256 of the envelope: which of the release's manifests. */
  readonly manifest: string
  readonly format: ManifestFormat
  /** Of a delta: the release has a full image for this device too, which another attempt may bring. */
  readonly fullToo?: boolean
}

export interface LastFailure {
  readonly code: EventCode
  readonly data: Readonly<Record<string, string>>
  /** Index of the retry rule that took it; absent: it is tried again by pull, which no rule counts. */
  readonly rule?: number
  /** The device's own word: nothing it says of that attempt later replaces it. */
  readonly final?: boolean
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
  readonly source?: {
    readonly journalId: string
    readonly eventNumber: number
    readonly deviceTime: number
    /** The attempt it is about, as the device says. */
    readonly attempt?: number
  }
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
  /** Absent in records of brokers that took raw images only: `raw`. */
  readonly format?: ManifestFormat
  /** Of a delta: digest of the image a device must have installed. */
  readonly precursorSha256?: string
}

export type PrincipalRole = 'viewer' | 'operator' | 'approver' | 'admin'
export interface Principal extends TokenFacts {
  readonly name: PrincipalName
  readonly role: PrincipalRole
  readonly createdAt: number
}
export interface DeviceCredential {
  readonly device: DeviceId
  /** SHA-256 of the secret (256 random bits), lower-case hex; absent: no password opens anything. */
  readonly secretSha256?: string
  /** Those that count (device-certificates.ts), oldest first. */
  readonly certificates?: readonly DeviceCertificate[]
  readonly enrolment?: Enrolment
  readonly createdAt: number
  readonly createdBy: PrincipalName
}

/** The configuration one device sent in one operation; the content is an artifact of its own, found by its SHA-256. */
export interface Backup {
  readonly operation: OperationId
  readonly device: DeviceId
  /** Lower-case hex, of the content. */
  readonly sha256: string
  /** As the device calls it. */
  readonly version: string
  readonly sizeBytes: number
  readonly at: number
}

/**
 * What a device had logged when an attempt failed; one an attempt, forgotten with the event that told the failure. The
 * lines are kept beside it, deflated as they came.
 */
export interface DeviceLog {
  /** That told the failure: the log is found by it (`device_log_id`). */
  readonly event: EventId
  readonly operation: OperationId
  readonly device: DeviceId
  readonly attempt: number
  /** Inflated. */
  readonly sizeBytes: number
  /** Older lines of the same operation did not fit. */
  readonly cut: boolean
  readonly at: number
}

/** One change, before the chain has numbered it (proto/audit.ts). Nothing secret stands in it. */
export interface AuditEntry {
  readonly at: number
  readonly actor: Actor
  /** `operation.create`, `device.enroll`, …: the noun and the verb. */
  readonly action: string
  /** Id of what was changed: an operation, device, principal, release or webhook. */
  readonly subject: string
  readonly operation?: OperationId
  readonly requestId?: string
  /** JSON Patch (RFC 6902) from before to after. */
  readonly changes: readonly JsonObject[]
  /** What else tells the change: counts a rule used, devices and their results. */
  readonly data: JsonObject
}
export interface AuditRecord extends AuditEntry {
  /** From 1, without gaps. */
  readonly number: number
  /** Hash of the record before, 64 zeros for the first. Lower-case hex. */
  readonly previous: string
  readonly hash: string
}

/** What a command of a principal was answered, so that a repetition gets the same. */
export interface StoredAnswer {
  readonly principal: PrincipalName
  readonly requestId: string
  /** The verb, and SHA-256 of its canonical body: another command under the same id is refused. */
  readonly verb: string
  readonly bodySha256: string
  readonly at: number
  readonly answer: JsonValue
}

export interface Webhook {
  /** 16 hex digits. */
  readonly id: string
  readonly url: string
  /** Key of the HMAC; the receiver's copy was shown once. */
  readonly secret: string
  readonly events: readonly WebhookEvent[]
  readonly createdAt: number
  readonly createdBy: PrincipalName
}
export type WebhookEvent = 'operation.paused' | 'operation.aborted' | 'operation.completed' | 'operation.stopped'
/** What has to be told to a webhook, not before `dueAt`, and has not been acknowledged there. */
export interface Notice {
  readonly number: number
  readonly webhook: string
  readonly event: WebhookEvent
  readonly at: number
  readonly attempt: number
  readonly dueAt: number
  readonly body: JsonObject
}
