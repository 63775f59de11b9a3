// The update machine: what the agent does with one update, from the accepted offer to the result. Pure: a fact goes in,
// the new memory, the events for the outbox and the wishes come out. The caller saves memory and events in one atomic
// batch before it carries out any wish; every wish may be carried out again.
//
//   idle ──▶ accepting ──▶ downloading ──▶ verifying ──▶ installing ──▶ rebooting ──▶ confirming ──▶ idle
//              hold: awaiting-install ──proceed──▲ ◀──┘      └─ no reboot ──────────────▲  │
//        any failure ──▶ idle (code)          from installing on ──▶ rolling-back ──▶ idle (code)
//
//   accepting:  authorize-download 38 · check-storage 34 33
//   verifying:  raw       verify 26 · authorize-install 37
//               patch     unpack 42 35 36 · verify 26 · authorize-install 37
//               package   verify 26 · unpack 46 47 48 49 41 26 · authorize-install 37
//
// Offers and withdrawals are judged in offers.ts, the fields of a manifest in accept.ts. Commands have a machine of their
// own (command.ts) that shares the wishes and events below.

import type { DeviceFailureCode, Failure } from '../../proto/event-codes.ts'
import type { Step } from '../../proto/messages.ts'
import {
  type AgentMemory,
  type Job,
  type OperationResult,
  type ReleaseMark,
  type UpdateState,
  withMark,
  withResult,
} from './memory.ts'
import type { Effect, EventDraft, Found, Outcome, Room, UpdateInput } from './words.ts'

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
    validated: at => stay(at, { kind: 'authorize-download', job: at.job }),
    deferred: (at, { reason }) => deferred(at, reason),
    'download-authorized': at => stay(at, { kind: 'check-storage', job: at.job }),
    'storage-checked': (at, input) =>
      roomFailure(at.job, input) ??
      go({ kind: 'downloading', job: at.job, elapsedMs: 0 }, 'downloading', { kind: 'download', job: at.job }),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  downloading: {
    validated: at => stay(at, { kind: 'authorize-download', job: at.job }),
    'download-authorized': at => stay(at, { kind: 'check-storage', job: at.job }),
    'storage-checked': (at, input) => roomFailure(at.job, input) ?? stay(at, { kind: 'download', job: at.job }),
    'time-passed': (at, { elapsedMs, limitMs }) =>
      at.elapsedMs + elapsedMs > limitMs
        ? fail(at.job, {
            code: 'UPD4_FAIL_24',
            data: {
              reason: 'deadline',
              expected: `${limitMs} ms`,
              actual: `${Math.round(at.elapsedMs + elapsedMs)} ms`,
            },
          })
        : stay(elapsedMs === 0 ? at : { ...at, elapsedMs: at.elapsedMs + elapsedMs }),
    downloaded: (at, { transfer }) => {
      const job = { ...at.job, transfer }
      const told = { ...stepEvent(job, 'verifying'), data: transferData(job) }
      return { state: { kind: 'verifying', job }, events: [told], effects: [firstOfVerifying(job)] }
    },
    failed: (at, { failure }) => fail(at.job, failure),
  },
  verifying: {
    validated: at => stay(at, firstOfVerifying(at.job)),
    unpacked: at => (at.job.format === 'delta-zstd' ? stay(at, { kind: 'verify', job: at.job }) : holdOrAsk(at)),
    verified: (at, { digest }) =>
      digestFailure(at.job, digest) ??
      (at.job.format === 'combined' ? stay(at, { kind: 'unpack', job: at.job }) : holdOrAsk(at)),
    // It may have been told to wait while it was asking.
    'install-authorized': at =>
      at.job.hold === true
        ? awaitGo(at.job)
        : go({ kind: 'installing', job: at.job }, 'installing', { kind: 'install', job: at.job }),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  'awaiting-install': {
    // After a start: it still waits, and says so.
    validated: at => awaitGo(at.job),
    failed: (at, { failure }) => fail(at.job, failure),
  },
  installing: {
    inspected: (at, { found }) => {
      switch (found.kind) {
        case 'untouched':
          // Nothing was changed: manifest and candidate are judged again, and whoever is asked is asked again.
          return go({ kind: 'verifying', job: at.job }, 'verifying', { kind: 'validate', job: at.job })
        case 'trial-pending':
          return reboot(at.job)
        case 'trial-running':
          return confirm(at.job)
        case 'committed':
          return succeed(at.job)
        case 'fell-back':
          return rollBack(at.job, notInstalled(found.reason))
      }
    },
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
          return rollBack(at.job, notInstalled(found.reason))
      }
    },
    'restart-refused': (at, { reason }) => rollBack(at.job, notInstalled(reason)),
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
          return rollBack(at.job, notInstalled(found.reason))
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
          return fail(at.job, at.failure)
        // Of a package one image may have fallen back by itself, and the others not.
        case 'fell-back':
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
      at.job.reboot ? stay(at, { kind: 'restart', reason: 'roll-back-failed' }) : notTakenBack(at.job, failure),
  },
}

/** Every state in which an update is under way. */
export const busyStates = Object.keys(table) as readonly Busy['kind'][]

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
  readonly running: string
  readonly active: { readonly slot: string; readonly version: string; readonly digest: string }
  readonly trial: { readonly slot: string; readonly version: string; readonly digest: string } | undefined
  readonly fallback: { readonly reason: string } | undefined
}

/** What the slot record means for the job. A fallback is the job's: opening the candidate cleared any older one. */
export function judgeSlots(slots: SlotFacts, job: Pick<Job, 'version' | 'digest' | 'reboot'>): Found {
  const isTarget = (image: { version: string; digest: string }): boolean =>
    image.digest === job.digest && image.version === job.version
  if (slots.trial !== undefined && isTarget(slots.trial))
    return { kind: slots.running === slots.trial.slot ? 'trial-running' : 'trial-pending' }
  // Without a restart there is no trial: what is active has still to be confirmed.
  if (isTarget(slots.active)) return { kind: job.reboot ? 'committed' : 'trial-running' }
  return slots.fallback === undefined ? { kind: 'untouched' } : { kind: 'fell-back', reason: slots.fallback.reason }
}

/** The go of the broker. Nobody knows how long it was waited for: manifest and candidate are judged again. */
export function proceed(job: Job): Transition {
  return go({ kind: 'verifying', job }, 'verifying', { kind: 'validate', job })
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
  const { operation, attempt, component, envelopeSha256, releaseCounter, digest, releaseEpoch: epoch } = job
  const { reportNonce } = job
  const done = { kind: 'code', code: 'UPD2_OK_18' } as const
  const data = transferData(job)
  return {
    state: { kind: 'idle' },
    events: job.reboot ? [] : [{ operation, attempt, component, content: done, data }],
    effects: [{ kind: 'say-hello' }],
    result: {
      ...{ operation, attempt, component, envelopeSha256, outcome: job.reboot ? { kind: 'hello' } : done, data },
      ...(reportNonce === undefined ? {} : { reportNonce }),
    },
    mark: { component, mark: { counter: releaseCounter, digest, ...(epoch === undefined ? {} : { epoch }) } },
  }
}

function transferData({ transfer }: Job): Readonly<Record<string, string>> {
  if (transfer === undefined) return {}
  const { heldBytes, receivedBytes, wireBytes, patchBytes = 0, patchWireBytes = 0, broadcastBytes = 0 } = transfer
  return {
    held_bytes: `${heldBytes}`,
    received_bytes: `${receivedBytes}`,
    wire_bytes: `${wireBytes}`,
    ...(patchBytes === 0 ? {} : { patch_bytes: `${patchBytes}` }),
    ...(patchWireBytes === 0 ? {} : { patch_wire_bytes: `${patchWireBytes}` }),
    ...(broadcastBytes === 0 ? {} : { broadcast_bytes: `${broadcastBytes}` }),
  }
}

/** A patch makes the image first; a package is taken apart when it is known to be the right one. */
function firstOfVerifying(job: Job): Effect {
  return { kind: job.format === 'delta-zstd' ? 'unpack' : 'verify', job }
}

function holdOrAsk({ job }: In<'verifying'>): Transition {
  return job.hold === true ? awaitGo(job) : stay({ kind: 'verifying', job }, { kind: 'authorize-install', job })
}

/** Who is in a session names it: the word it waits for comes there. */
function awaitGo(job: Job): Transition {
  const { session } = job
  const data = session === undefined || session.phase === 'activated' ? {} : { session: session.name }
  return {
    state: { kind: 'awaiting-install', job },
    events: [{ ...stepEvent(job, 'awaiting-install'), data }],
    effects: [],
  }
}

function deferred(at: In<'accepting'>, reason: string): Transition {
  return { state: at, events: [{ ...stepEvent(at.job, 'offered'), data: { reason } }] }
}

function roomFailure(
  job: Job,
  { memory, storage }: { readonly memory: Room; readonly storage: Room },
): Transition | undefined {
  const short = (
    { neededBytes, availableBytes }: Room,
    code: 'UPD4_FAIL_34' | 'UPD4_FAIL_33',
    field: string,
  ): Transition | undefined =>
    neededBytes <= availableBytes
      ? undefined
      : fail(job, { code, data: { field, expected: `${neededBytes} bytes`, actual: `${availableBytes} bytes` } })
  return short(memory, 'UPD4_FAIL_34', 'memory') ?? short(storage, 'UPD4_FAIL_33', 'storage')
}

function digestFailure(job: Job, digest: string): Transition | undefined {
  if (digest === job.digest) return undefined
  return fail(job, { code: 'UPD4_FAIL_26', data: { reason: 'image', expected: job.digest, actual: digest } })
}

/** The new image runs still, and the hello says so. */
function notTakenBack(job: Job, { code, data }: Failure): Transition {
  const failed = fail(job, { code: 'UPD4_FAIL_40', data: { ...data, reason: 'roll-back-failed', actual: code } })
  return { ...failed, effects: [...(failed.effects ?? []), { kind: 'say-hello' }] }
}

function notInstalled(reason: string): { code: DeviceFailureCode; data: Record<string, string> } {
  return { code: 'UPD4_FAIL_40', data: { reason } }
}
