// What a checker sees of a world and what it may say. Checkers stand apart from the workload: they read what became
// durable and what devices were sent, never a variable of the engine, and they decide nothing.
import type { Device } from '../../broker/core/device.ts'
import type { EventRecord, Execution, Operation } from '../../broker/core/records.ts'
import type { Change, Store } from '../../broker/ports.ts'
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { OfferMessage } from '../../proto/offer-messages.ts'
import type { Ledger } from './ledger.ts'

/** A moment by every clock there is, as the checkers compute them themselves. Milliseconds. */
export interface Moment {
  /** What really passed since the world began. */
  readonly trueMs: number
  /** What the wall clock shows, since 1970. */
  readonly wallMs: number
  /** The time operations run by (ROLLOUT-RULES, "Clock"), since 1970. */
  readonly fleetMs: number
  /** What the broker may take for the wall clock: the later of the clock on the wall and what it saved. */
  readonly believedWallMs: number
  /** Number of the process, and how long it has run. */
  readonly life: number
  readonly runMs: number
  /** Run time of this process before which no timer may fire. */
  readonly graceMs: number
}

export interface ExecutionStep {
  readonly before: Execution | undefined
  readonly after: Execution
}
export interface OperationStep {
  readonly before: Operation | undefined
  readonly after: Operation
}
/** One commit that became durable; the ledger holds it already. */
export interface Commit {
  readonly changes: readonly Change[]
  readonly events: readonly EventRecord[]
  /** In the order of the commit; the same execution may stand in it more than once. */
  readonly executions: readonly ExecutionStep[]
  /** Each operation once, with its last state. */
  readonly operations: readonly OperationStep[]
  /** Registry records as they were before, of the devices the commit changes. */
  readonly devicesBefore: ReadonlyMap<DeviceId, Device | undefined>
  /** When the broker decided it, and when it was durable. */
  readonly decided: Moment
  readonly written: Moment
}
/** A message the broker handed to a connection of a device. */
export interface Sending {
  readonly device: DeviceId
  readonly message: OfferMessage
  /** The connection was closed before. */
  readonly onClosed: boolean
  readonly at: Moment
}
/** A device as its disk shows it, seldom: at each start and each hello. Digests are of the bytes that are there. */
export interface DeviceLook {
  readonly device: DeviceId
  readonly running: { readonly version: string; readonly digest: string }
  readonly committed: { readonly version: string; readonly digest: string }
  readonly onTrial: boolean
  /** It may say another digest than it has. */
  readonly lies: boolean
}
export interface DeviceEnding {
  readonly device: DeviceId
  readonly outboxCount: number
  /** What it is still at. */
  readonly busy: string | undefined
  /** It has been on. */
  readonly wasSeen: boolean
}
/** The world at its end: the weather is calm, and time enough has passed. */
export interface Ending {
  readonly ledger: Ledger
  readonly contents: Store
  readonly at: Moment
  readonly devices?: readonly DeviceEnding[]
}

export interface Checker {
  /** Said with each violation. */
  readonly name: string
  committed?(commit: Commit, ledger: Ledger): void
  sent?(sending: Sending, ledger: Ledger): void
  /** A device got a message. */
  heard?(sending: Sending): void
  looked?(look: DeviceLook): void
  /** The broker acknowledged it, and the device has heard so. */
  acknowledged?(device: DeviceId, event: DeviceEvent): void
  /** A person was told that it is done. */
  answered?(requestId: string): void
  /** The engine logged an error, or answered what it never should. */
  erred?(what: string): void
  /** A new process reads what is durable. */
  restarted?(ledger: Ledger, at: Moment): void
  ended?(ending: Ending): Promise<void>
}

/** `problem`: a sentence with the ids in it. */
export type Report = (problem: string) => void
export type CheckerOf = (report: Report) => Checker

/** Pending before, or new, and in a further attempt now: somebody decided to hand it over, whatever became of it since. */
export function isHandOver({ before, after }: ExecutionStep): boolean {
  return after.attempt > (before?.attempt ?? 0) && before?.state !== 'in-progress'
}

export function isEnded(operation: Operation): boolean {
  return operation.state === 'completed' || operation.state === 'stopped'
}

export function nameOf(operation: OperationId, device?: DeviceId): string {
  const short = operation.slice(-6)
  return device === undefined ? short : `${short}/${device}`
}
