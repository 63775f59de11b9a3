// The words of the operation machine: facts that go in, and the decision that comes out. All of it plain data.
import type { DeviceId, PrincipalName } from '../../proto/ids.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { Device } from './device.ts'
import type { DeadlineKind, Policy } from './policy.ts'
import type { Actor, AuditEntry, Execution, NewEvent, Operation, Release } from './records.ts'
import type { Proof } from './report-facts.ts'

/** What happened. `at` is the fleet's time (adapters: steady-clock); executions are as stored now. */
export type Input =
  /** A page of the targets: `registered` is the registry's record, absent for an unknown device. */
  | {
      readonly kind: 'targets-found'
      readonly at: number
      readonly targets: readonly Target[]
      readonly more: boolean
      /** The page reaches to this device, when its last ones are no targets. */
      readonly upTo?: DeviceId
    }
  /** A device that matches the open targets of the operation and is in it not yet. */
  | { readonly kind: 'target-joined'; readonly at: number; readonly device: Device }
  /** A page of pending executions, read for the sweep that is under way. */
  | {
      readonly kind: 'pending-swept'
      readonly at: number
      readonly executions: readonly Execution[]
      readonly more: boolean
    }
  /**
   * The device is connected, has said hello and is in no other operation; window and rate are open. `release`: of an
   * operation that installs one.
   */
  | {
      readonly kind: 'device-ready'
      readonly at: number
      readonly execution: Execution
      readonly device: Device
      readonly release?: Release
      /** The report key of the device is known: what its success has to be signed over comes from this. */
      readonly reportSeed?: string
    }
  /** Its turn came and it is not connected. */
  | { readonly kind: 'device-unreachable'; readonly at: number; readonly execution: Execution }
  | {
      readonly kind: 'device-reported'
      readonly at: number
      readonly execution: Execution
      readonly event: DeviceEvent
      /** SHA-256 of the configuration that is stored of this device and operation. */
      readonly backupSha256?: string
      /** Of a success that has to be signed. */
      readonly proof?: Proof
      /** 0..1, drawn: spreads the delay of a retry. */
      readonly chance: number
    }
  /** A hello whose outbox events are all stored. `underWay`: the device says it works on this operation. */
  | {
      readonly kind: 'device-said-hello'
      readonly at: number
      readonly execution: Execution
      readonly device: Device
      readonly underWay: boolean
      /** The connection has said hello before: what was offered on it since then may be on its way still. */
      readonly repeated?: boolean
      readonly proof?: Proof
      readonly chance: number
    }
  /** `device` is the registry's record, absent when it was never seen. */
  | {
      readonly kind: 'deadline-passed'
      readonly at: number
      readonly execution: Execution
      readonly deadline: DeadlineKind
      readonly device?: Device
      readonly proof?: Proof
      readonly chance: number
    }
  | { readonly kind: 'operation-timed-out'; readonly at: number; readonly inProgress: readonly Execution[] }
  /** Open targets: time to end those that joined too long ago. */
  | { readonly kind: 'joined-expiry-due'; readonly at: number }
  /** Time has passed: a start, an end or a soak may be due. */
  | { readonly kind: 'clock-struck'; readonly at: number; readonly inProgress: readonly Execution[] }
  | {
      readonly kind: 'stop-requested'
      readonly at: number
      readonly by: Actor
      readonly inProgress: readonly Execution[]
    }
  | { readonly kind: 'pause-requested'; readonly at: number; readonly by: PrincipalName }
  | { readonly kind: 'resume-requested'; readonly at: number; readonly by: PrincipalName }
  | { readonly kind: 'approved' | 'refused'; readonly at: number; readonly by: PrincipalName }
  | { readonly kind: 'overridden'; readonly at: number; readonly by: PrincipalName; readonly reason: string }
  | { readonly kind: 'edited'; readonly at: number; readonly policy: Policy }
  | { readonly kind: 'device-removed'; readonly at: number; readonly execution: Execution }
  | { readonly kind: 'device-deregistered'; readonly at: number; readonly execution: Execution }
  | { readonly kind: 'rollback-made'; readonly at: number; readonly operation: Operation['id'] }

export interface Target {
  readonly device: DeviceId
  readonly registered?: Device
}

/** What should be done once the decision is saved; may be repeated without harm. */
export type Effect =
  | { readonly kind: 'offer'; readonly execution: Execution }
  | { readonly kind: 'withdraw'; readonly execution: Execution }

export interface ExecutionChange {
  readonly execution: Execution
  readonly previous?: Execution
}
export interface Decision {
  readonly operation: Operation
  readonly executions: readonly ExecutionChange[]
  readonly events: readonly NewEvent[]
  readonly effects: readonly Effect[]
  /** What the policy decided by itself, with the counts it used. */
  readonly audits: readonly AuditEntry[]
}
