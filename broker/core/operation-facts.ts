// The words of the operation machine: facts that go in, and the decision that comes out. All of it plain data.
import type { DeviceId, PrincipalName } from '../../proto/ids.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { Device } from './device.ts'
import type { DeadlineKind } from './policy.ts'
import type { Execution, ExecutionState, NewEvent, Operation } from './records.ts'

/** What happened. `at` is the broker's wall time; executions are as stored now. */
export type Input =
  /** A page of the targets: `registered` is the registry's record, absent for an unknown device. */
  | {
      readonly kind: 'targets-found'
      readonly at: number
      readonly targets: readonly { readonly device: DeviceId; readonly registered?: Device }[]
      readonly more: boolean
      /** The page reaches to this device, when its last ones are no targets. */
      readonly upTo?: DeviceId
    }
  /** A page of pending executions, read for the sweep that is under way. */
  | {
      readonly kind: 'pending-swept'
      readonly at: number
      readonly executions: readonly Execution[]
      readonly more: boolean
    }
  /** The device is connected, has said hello and is in no other operation: it may be handed the manifest. */
  | { readonly kind: 'device-ready'; readonly at: number; readonly execution: Execution; readonly device: Device }
  /** Its turn came and it is not connected. */
  | { readonly kind: 'device-unreachable'; readonly at: number; readonly execution: Execution }
  | {
      readonly kind: 'device-reported'
      readonly at: number
      readonly execution: Execution
      readonly event: DeviceEvent
    }
  /** A hello whose outbox events are all stored. `underWay`: the device says it works on this operation. */
  | {
      readonly kind: 'device-said-hello'
      readonly at: number
      readonly execution: Execution
      readonly device: Device
      readonly underWay: boolean
    }
  /** `device` is the registry's record, absent when it was never seen. */
  | {
      readonly kind: 'deadline-passed'
      readonly at: number
      readonly execution: Execution
      readonly deadline: DeadlineKind
      readonly device?: Device
    }
  | { readonly kind: 'operation-timed-out'; readonly at: number; readonly inProgress: readonly Execution[] }
  | {
      readonly kind: 'stop-requested'
      readonly at: number
      readonly by: PrincipalName
      readonly inProgress: readonly Execution[]
    }

/** What should be done once the decision is saved; may be repeated without harm. */
export type Effect =
  | { readonly kind: 'offer'; readonly execution: Execution }
  | { readonly kind: 'withdraw'; readonly execution: Execution }

export interface ExecutionChange {
  readonly execution: Execution
  readonly previous?: ExecutionState
}
export interface Decision {
  readonly operation: Operation
  readonly executions: readonly ExecutionChange[]
  readonly events: readonly NewEvent[]
  readonly effects: readonly Effect[]
}
