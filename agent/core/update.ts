// The update machine: what the agent does with one update, from the accepted offer to the result. Pure: a fact goes in,
// the new memory, the events for the outbox and the wishes come out. The caller saves memory and events in one atomic
// batch before it carries out any wish; every wish may be carried out again.
//
//   idle ──▶ accepting ──▶ downloading ──▶ verifying ──▶ installing ──▶ rebooting ──▶ confirming ──▶ idle
//              hold: awaiting-install ──proceed──▲ ◀──┘      └─ no reboot ──────────────▲  │
//        any failure ──▶ idle (code)          from installing on ──▶ rolling-back ──▶ idle (code)
//
// Offers and withdrawals are judged in offers.ts, the fields of a manifest in accept.ts. Commands have a machine of their
// own (command.ts) that shares the wishes and events below.

import type { JsonValue } from '../../proto/command.ts'
import type { DeviceFailureCode } from '../../proto/event-codes.ts'
import type { OperationId } from '../../proto/ids.ts'
import type { Failure } from '../../proto/manifest.ts'
import type { EventContent, Step } from '../../proto/messages.ts'
import {
  type AgentMemory,
  type CommandJob,
  type Job,
  type OperationResult,
  type ReleaseMark,
  type UpdateState,
  withMark,
  withResult,
} from './memory.ts'

/** What the slots say about the image of a job, found by `judgeSlots`. */
export type Found =
  | { readonly kind: 'untouched' }
  /** On trial by the record, but the old image still runs. */
  | { readonly kind: 'trial-pending' }
  | { readonly kind: 'trial-running' }
  | { readonly kind: 'committed' }
  | { readonly kind: 'fell-back'; readonly reason: string }

/** Facts, in the past tense. Each is the outcome of the effect of the same root. */
export type UpdateInput =
  | { readonly kind: 'validated' }
  | { readonly kind: 'storage-checked'; readonly neededBytes: number; readonly availableBytes: number }
  /** Since the last one, measured with the monotonic clock. */
  | { readonly kind: 'time-passed'; readonly elapsedMs: number; readonly limitMs: number }
  | { readonly kind: 'downloaded' }
  | { readonly kind: 'verified'; readonly digest: string }
  | { readonly kind: 'installed' }
  | { readonly kind: 'inspected'; readonly found: Found }
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
  | { readonly kind: 'check-storage'; readonly job: Job }
  | { readonly kind: 'download'; readonly job: Job }
  | { readonly kind: 'verify'; readonly job: Job }
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

interface Transition {
  readonly state: UpdateState
  readonly events?: readonly EventDraft[]
  readonly effects?: readonly Effect[]
  readonly result?: OperationResult
  readonly mark?: { readonly component: string; readonly mark: ReleaseMark }
}

type Busy = Exclude<UpdateState, { kind: 'idle' }>
type In<Kind extends Busy['kind']> = Extract<Busy, { kind: Kind }>
type Row<Kind extends Busy['kind']> = {
  readonly [Name in UpdateInput['kind']]?: (at: In<Kind>, input: Extract<UpdateInput, { kind: Name }>) => Transition
}

/** What is not named here does not happen: the input is late or repeated, and nothing changes. */
const table: { readonly [Kind in Busy['kind']]: Row<Kind> } = {
  accepting: {
    validated: at => stay(at, { kind: 'check-storage', job: at.job }),
    'storage-checked': (at, input) =>
      storageFailure(at.job, input) ??
      go({ kind: 'downloading', job: at.job, elapsedMs: 0 }, 'downloading', { kind: 'download', job: at.job }),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  downloading: {
    validated: at => stay(at, { kind: 'check-storage', job: at.job }),
    'storage-checked': (at, input) => storageFailure(at.job, input) ?? stay(at, { kind: 'download', job: at.job }),
    'time-passed': (at, { elapsedMs, limitMs }) =>
      at.elapsedMs + elapsedMs > limitMs
        ? fail(at.job, { code: 'UPD4_FAIL_24', data: { reason: 'deadline', expected: `${limitMs} ms` } })
        : stay({ ...at, elapsedMs: at.elapsedMs + elapsedMs }),
    downloaded: at => go({ kind: 'verifying', job: at.job }, 'verifying', { kind: 'verify', job: at.job }),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  verifying: {
    validated: at => stay(at, { kind: 'verify', job: at.job }),
    verified: (at, { digest }) =>
      digestFailure(at.job, digest) ??
      (at.job.hold === true
        ? go({ kind: 'awaiting-install', job: at.job }, 'awaiting-install')
        : go({ kind: 'installing', job: at.job }, 'installing', { kind: 'install', job: at.job })),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  'awaiting-install': {
    // After a start: it still waits, and says so.
    validated: at => go(at, 'awaiting-install'),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  installing: {
    inspected: (at, { found }) => {
      switch (found.kind) {
        case 'untouched':
          return stay(at, { kind: 'validate', job: at.job })
        case 'trial-pending':
          return reboot(at.job)
        case 'trial-running':
          return confirm(at.job)
        case 'committed':
          return succeed(at.job)
        case 'fell-back':
          return fail(at.job, notInstalled(found.reason))
      }
    },
    validated: at => stay(at, { kind: 'verify', job: at.job }),
    verified: (at, { digest }) => digestFailure(at.job, digest) ?? stay(at, { kind: 'install', job: at.job }),
    installed: at => (at.job.reboot ? reboot(at.job) : confirm(at.job)),
    // The record may have been written although the writing failed: it is taken back before anything is told.
    failed: (at, { failure }) => rollBack(at.job, failure),
  },
  rebooting: {
    inspected: (at, { found }) => {
      switch (found.kind) {
        case 'untouched':
          return fail(at.job, notInstalled('trial-lost'))
        case 'trial-pending':
          return stay(at, { kind: 'restart', reason: 'trial' })
        case 'trial-running':
          return confirm(at.job)
        case 'committed':
          return succeed(at.job)
        case 'fell-back':
          return fail(at.job, notInstalled(found.reason))
      }
    },
    // The slot record cannot be read just now. Boot reads it as well, and starts us ever more slowly.
    failed: at => stay(at, { kind: 'restart', reason: 'inspect-failed' }),
  },
  confirming: {
    inspected: (at, { found }) => {
      switch (found.kind) {
        case 'untouched':
          return fail(at.job, notInstalled('trial-lost'))
        case 'trial-pending':
          return stay(at, { kind: 'restart', reason: 'trial' })
        case 'trial-running':
          return stay(at, { kind: 'confirm', job: at.job })
        case 'committed':
          return succeed(at.job)
        case 'fell-back':
          return fail(at.job, notInstalled(found.reason))
      }
    },
    confirmed: at => stay(at, { kind: 'commit', job: at.job }),
    'found-unhealthy': (at, { reason }) => rollBack(at.job, notInstalled(reason)),
    committed: at => succeed(at.job),
    failed: (at, { failure }) =>
      rollBack(at.job, notInstalled(failure.data.reason ?? failure.data.errno ?? failure.code)),
  },
  'rolling-back': {
    inspected: (at, { found }) => {
      switch (found.kind) {
        case 'untouched':
        case 'fell-back':
          return fail(at.job, at.failure)
        case 'trial-pending':
        case 'trial-running':
          return stay(at, rollBackEffect(at.job, at.failure))
        // Nothing is rolled back after a commit; what runs is what the hello will say.
        case 'committed':
          return succeed(at.job)
      }
    },
    'rolled-back': (at, { restartNeeded }) =>
      restartNeeded ? stay(at, { kind: 'restart', reason: 'roll-back' }) : fail(at.job, at.failure),
    // A record that cannot be written: boot counts the starts of the trial and falls back by itself. Without a trial
    // there is no second way; what is told then says that the device did not come back.
    failed: (at, { failure }) =>
      at.job.reboot
        ? stay(at, { kind: 'restart', reason: 'roll-back-failed' })
        : fail(at.job, {
            code: 'UPD4_FAIL_40',
            data: { ...failure.data, reason: 'roll-back-failed', actual: failure.code },
          }),
  },
}

export function step(memory: AgentMemory, input: UpdateInput): Outcome {
  const transition = memory.state.kind === 'idle' ? undefined : rowOf(memory.state, input)
  return transition === undefined ? { memory, events: [], effects: [] } : applied(memory, transition)
}

/** What has to be done after a start, in whatever state the power was cut. */
export function resume(state: UpdateState): readonly Effect[] {
  switch (state.kind) {
    case 'idle':
      return []
    case 'accepting':
    case 'downloading':
    case 'verifying':
    case 'awaiting-install':
      return [{ kind: 'validate', job: state.job }]
    case 'installing':
    case 'rebooting':
    case 'confirming':
    case 'rolling-back':
      return [{ kind: 'inspect', job: state.job }]
  }
}

interface SlotFacts {
  readonly reboot: boolean
  readonly running: string
  readonly active: { readonly slot: string; readonly version: string; readonly digest: string }
  readonly trial: { readonly slot: string; readonly version: string; readonly digest: string } | undefined
  readonly fallback: { readonly reason: string } | undefined
}

/** What the slot record means for the job. A fallback is the job's: opening the candidate cleared any older one. */
export function judgeSlots(slots: SlotFacts, job: Pick<Job, 'version' | 'digest'>): Found {
  const isTarget = (image: { version: string; digest: string }): boolean =>
    image.digest === job.digest && image.version === job.version
  if (slots.trial !== undefined && isTarget(slots.trial))
    return { kind: slots.running === slots.trial.slot ? 'trial-running' : 'trial-pending' }
  // Without a restart there is no trial: what is active has still to be confirmed.
  if (isTarget(slots.active)) return { kind: slots.reboot ? 'committed' : 'trial-running' }
  return slots.fallback === undefined ? { kind: 'untouched' } : { kind: 'fell-back', reason: slots.fallback.reason }
}

/** The go of the broker. Nobody knows how long it was waited for: manifest and candidate are judged again. */
export function proceed(job: Job): Transition {
  return go({ kind: 'installing', job }, 'installing', { kind: 'validate', job })
}

/** The end of an operation that brought no new image, as told and remembered. */
export function fail(job: Job, failure: Failure): Transition {
  const { operation, attempt, component } = job
  const outcome = { kind: 'code', code: failure.code } as const
  return {
    state: { kind: 'idle' },
    events: [{ operation, attempt, component, content: outcome, data: failure.data }],
    effects: [{ kind: 'abandon' }],
    result: { operation, attempt, component, envelopeSha256: job.envelopeSha256, outcome, data: failure.data },
  }
}

/** The event that tells a step of a job. */
export function stepEvent(job: Job, name: Step): EventDraft {
  const { operation, attempt, component } = job
  return { operation, attempt, component, content: { kind: 'step', step: name }, data: {} }
}

/** The memory after a transition. */
export function applied(memory: AgentMemory, transition: Transition): Outcome {
  let next: AgentMemory = transition.state === memory.state ? memory : { ...memory, state: transition.state }
  if (transition.mark !== undefined) next = withMark(next, transition.mark.component, transition.mark.mark)
  if (transition.result !== undefined) next = withResult(next, transition.result)
  return { memory: next, events: transition.events ?? [], effects: transition.effects ?? [] }
}

function rowOf(at: Busy, input: UpdateInput): Transition | undefined {
  // One cast for the whole table: its type already ties each row to its state and each cell to its input.
  const row = table[at.kind] as { readonly [name: string]: ((at: Busy, input: UpdateInput) => Transition) | undefined }
  return row[input.kind]?.(at, input)
}

function stay(state: UpdateState, ...effects: readonly Effect[]): Transition {
  return { state, effects }
}

function go(state: Busy, name: Step, ...effects: readonly Effect[]): Transition {
  return { state, events: [stepEvent(state.job, name)], effects }
}

function reboot(job: Job): Transition {
  return go({ kind: 'rebooting', job }, 'rebooting', { kind: 'restart', reason: 'trial' })
}

function confirm(job: Job): Transition {
  return go({ kind: 'confirming', job }, 'confirming', { kind: 'confirm', job })
}

function rollBack(job: Job, failure: Failure): Transition {
  return { state: { kind: 'rolling-back', job, failure }, effects: [rollBackEffect(job, failure)] }
}

function rollBackEffect(job: Job, failure: Failure): Effect {
  return { kind: 'roll-back', job, reason: failure.data.reason ?? failure.code }
}

/** Success of a reboot install is the hello's to tell; of any other the code is. One success, never two. */
function succeed(job: Job): Transition {
  const { operation, attempt, component, envelopeSha256, releaseCounter, digest } = job
  const done = { kind: 'code', code: 'UPD2_OK_18' } as const
  return {
    state: { kind: 'idle' },
    events: job.reboot ? [] : [{ operation, attempt, component, content: done, data: {} }],
    effects: [{ kind: 'say-hello' }],
    result: { operation, attempt, component, envelopeSha256, outcome: job.reboot ? { kind: 'hello' } : done, data: {} },
    mark: { component, mark: { counter: releaseCounter, digest } },
  }
}

function storageFailure(
  job: Job,
  { neededBytes, availableBytes }: { readonly neededBytes: number; readonly availableBytes: number },
): Transition | undefined {
  if (neededBytes <= availableBytes) return undefined
  return fail(job, {
    code: 'UPD4_FAIL_33',
    data: { expected: `${neededBytes} bytes`, actual: `${availableBytes} bytes` },
  })
}

function digestFailure(job: Job, digest: string): Transition | undefined {
  if (digest === job.digest) return undefined
  return fail(job, { code: 'UPD4_FAIL_26', data: { reason: 'image', expected: job.digest, actual: digest } })
}

function notInstalled(reason: string): { code: DeviceFailureCode; data: Record<string, string> } {
  return { code: 'UPD4_FAIL_40', data: { reason } }
}
