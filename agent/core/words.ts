// The words of the agent's machines: facts that come in, wishes and events that go out. Plain data.
import type { Failure } from '../../proto/event-codes.ts'
import type { OperationId } from '../../proto/ids.ts'
import type { JsonValue } from '../../proto/json.ts'
import type { EventContent } from '../../proto/messages.ts'
import type { AgentMemory, CommandJob, Job, Transfer } from './memory.ts'

/** What the slots say about the image of a job, found by `judgeSlots`. */
export type Found =
  | { readonly kind: 'untouched' }
  /** On trial by the record, but the old image still runs. */
  | { readonly kind: 'trial-pending' }
  | { readonly kind: 'trial-running' }
  | { readonly kind: 'committed' }
  | { readonly kind: 'fell-back'; readonly reason: string }

/** What is needed of something, and what there is; bytes. */
export interface Room {
  readonly neededBytes: number
  readonly availableBytes: number
}

/** Facts, in the past tense. Each is the outcome of the effect of the same root. */
export type UpdateInput =
  | { readonly kind: 'validated' }
  | { readonly kind: 'download-authorized' }
  /** Not now; it is asked again. Told once, so that the offer is not repeated meanwhile. */
  | { readonly kind: 'deferred'; readonly reason: string }
  | { readonly kind: 'storage-checked'; readonly memory: Room; readonly storage: Room }
  /** Since the last one, measured with the monotonic clock. */
  | { readonly kind: 'time-passed'; readonly elapsedMs: number; readonly limitMs: number }
  /** What came and what was there already; of this run alone. */
  | { readonly kind: 'downloaded'; readonly transfer: Transfer }
  | { readonly kind: 'verified'; readonly digest: string }
  | { readonly kind: 'unpacked' }
  | { readonly kind: 'install-authorized' }
  | { readonly kind: 'installed' }
  | { readonly kind: 'inspected'; readonly found: Found }
  /** The device does not go down for the new image. */
  | { readonly kind: 'restart-refused'; readonly reason: string }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'found-unhealthy'; readonly reason: string }
  | { readonly kind: 'committed' }
  /** `restartNeeded`: the image that was given up is the one that runs. */
  | { readonly kind: 'rolled-back'; readonly restartNeeded: boolean }
  /** An effect could not be carried out. */
  | { readonly kind: 'failed'; readonly failure: Failure }

/** Wishes, in the imperative. Those with a job are about it and end whatever was done for it before. */
export type Effect =
  | { readonly kind: 'validate'; readonly job: Job }
  | { readonly kind: 'authorize-download'; readonly job: Job }
  | { readonly kind: 'check-storage'; readonly job: Job }
  | { readonly kind: 'download'; readonly job: Job }
  | { readonly kind: 'verify'; readonly job: Job }
  /** Make the image (or, of a package, the images) from the payload. */
  | { readonly kind: 'unpack'; readonly job: Job }
  | { readonly kind: 'authorize-install'; readonly job: Job }
  | { readonly kind: 'install'; readonly job: Job }
  | { readonly kind: 'inspect'; readonly job: Job }
  | { readonly kind: 'confirm'; readonly job: Job }
  | { readonly kind: 'commit'; readonly job: Job }
  | { readonly kind: 'roll-back'; readonly job: Job; readonly reason: string }
  /** Look whether and how it can be done; changes nothing. */
  | { readonly kind: 'prepare'; readonly job: CommandJob }
  /** `repeated`: an earlier run may have got anywhere. */
  | { readonly kind: 'act'; readonly job: CommandJob; readonly plan: JsonValue; readonly repeated: boolean }
  /** `asked`: it was asked for already, perhaps; now it is only waited for. */
  | { readonly kind: 'restart-device'; readonly job: CommandJob; readonly asked: boolean }
  | { readonly kind: 'restart'; readonly reason: string }
  /** Stop what is being done for the job that is no more. */
  | { readonly kind: 'abandon' }
  /** Tell, best effort, that another operation is under way. */
  | { readonly kind: 'refuse'; readonly operation: OperationId }
  | { readonly kind: 'say-hello' }

/** An event to be: the shell adds number, time and the image now running. */
export interface EventDraft {
  readonly operation: OperationId
  /** Absent where the device was never told one. */
  readonly attempt?: number
  readonly content: EventContent
  readonly component?: string
  readonly data: Readonly<Record<string, string>>
}

export interface Outcome {
  /** The same object when nothing happened: then there is nothing to save. */
  readonly memory: AgentMemory
  readonly events: readonly EventDraft[]
  readonly effects: readonly Effect[]
}
