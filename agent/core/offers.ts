// What an offer, a withdrawal or a go means in the light of what the device already knows: the same again, another one
// while one is under way, finished long ago, a voice from a leader that is no more. One job at a time, update or command.
// Pure, as update.ts.

import type { Failure } from '../../proto/event-codes.ts'
import type { OfferMessage } from '../../proto/offer-messages.ts'
import type { PatchTransport } from '../../proto/patch-transport.ts'
import { begin, said } from './command.ts'
import {
  type AgentMemory,
  type CommandJob,
  type CommandState,
  type Job,
  jobOf,
  leaseOf,
  type OperationResult,
  withLease,
  withLogWanted,
  withoutCommand,
  withResult,
} from './memory.ts'
import { applied, proceed, stepEvent } from './update.ts'
import type { Effect, EventDraft, Outcome } from './words.ts'

type OfferContent = Extract<OfferMessage, { kind: 'offer' }>
type Offer = Pick<OfferContent, 'operation' | 'lease' | 'attempt' | 'installHold'> &
  Partial<Pick<OfferContent, 'logWanted' | 'patch' | 'reportNonce'>> & { readonly envelopeSha256: string }
type Withdrawal = Pick<Extract<OfferMessage, { kind: 'withdraw' }>, 'operation' | 'lease' | 'reason'>
type Go = Pick<Extract<OfferMessage, { kind: 'proceed' }>, 'operation' | 'lease' | 'attempt'>

export type OfferVerdict =
  | { readonly ok: true; readonly job: Job }
  | { readonly ok: true; readonly command: CommandJob }
  | { readonly ok: false; readonly failure: Failure; readonly component?: string }

/** `verdict` is asked only for an offer that is news. */
export function offered(memory: AgentMemory, offer: Offer, verdict: () => OfferVerdict): Outcome {
  const outcome = taken(memory, offer, verdict)
  // Also of what was refused at once. What left no trace has nothing to log.
  if (offer.logWanted !== true || outcome.memory === memory) return outcome
  return { ...outcome, memory: withLogWanted(outcome.memory, offer.operation, offer.attempt) }
}

function taken(memory: AgentMemory, offer: Offer, verdict: () => OfferVerdict): Outcome {
  const { operation, attempt, lease, envelopeSha256 } = offer
  const found = standing(memory, offer)
  switch (found.kind) {
    case 'ignored':
      return nothing(memory)
    case 'refused':
      return { memory, events: [], effects: [{ kind: 'refuse', operation }] }
    case 'finished':
      return { ...told(found.result), memory: withLease(memory, operation, lease) }
    case 'with-patch':
      return { memory: withLease({ ...memory, state: found.state }, operation, lease), events: [], effects: [] }
    case 'next-attempt': {
      const { state, job } = found
      const known = withLease({ ...memory, state: { ...state, job } }, operation, lease)
      if (state.kind === 'awaiting-install' && job.hold !== true) return applied(known, proceed(job))
      return {
        memory: known,
        events: state.kind === 'accepting' ? [] : [stepEvent(job, state.kind)],
        effects: [],
      }
    }
    case 'next-attempt-of-command': {
      const { state } = found
      const { reportNonce: _, ...job } = state.job
      const command = { ...state, job: { ...job, attempt, ...nonceOf(offer) } }
      return { memory: withLease({ ...memory, command }, operation, lease), events: [], effects: [] }
    }
    case 'new':
    case 'overriding': {
      const judged = verdict()
      if (found.kind === 'overriding' && judged.ok && 'command' in judged)
        return { memory, events: [], effects: [{ kind: 'refuse', operation }] }
      if (judged.ok && 'command' in judged) return begin(withLease(memory, operation, lease), judged.command)
      if (judged.ok)
        return applied(withLease(memory, operation, lease), {
          state: { kind: 'accepting', job: judged.job },
          effects: [{ kind: 'authorize-download', job: judged.job }],
        })
      const { failure, component } = judged
      const result: OperationResult = {
        operation,
        attempt,
        envelopeSha256,
        ...(component === undefined ? {} : { component }),
        outcome: { kind: 'code', code: failure.code },
        data: failure.data,
      }
      return { memory: withResult(withLease(memory, operation, lease), result), ...told(result) }
    }
  }
}

/** The go for what waits at `awaiting-install`; anybody else has no use for it. */
export function proceeded(memory: AgentMemory, { operation, lease, attempt }: Go): Outcome {
  const { state } = memory
  if (lease < leaseOf(memory, operation) || state.kind !== 'awaiting-install') return nothing(memory)
  if (state.job.operation !== operation || attempt < state.job.attempt) return nothing(memory)
  // Whoever is sent on alone waits for nothing of his session any more.
  const { hold: _, session: __, ...job } = state.job
  return applied(withLease(memory, operation, lease), proceed(job))
}

/** Takes effect at once until installing or acting began; after that the job's own result is the answer. */
export function withdrawn(memory: AgentMemory, { operation, lease, reason }: Withdrawal): Outcome {
  if (lease < leaseOf(memory, operation)) return nothing(memory)
  const { state, command } = memory
  const data: Readonly<Record<string, string>> = reason === '' ? {} : { reason }
  const outcome = { kind: 'step', step: 'withdrawn' } as const
  const job = jobOf(state)
  if (job?.operation === operation) {
    if (!isEarly(state)) return nothing(memory)
    const { attempt, component, envelopeSha256 } = job
    return applied(withLease(memory, operation, lease), {
      state: { kind: 'idle' },
      events: [{ ...stepEvent(job, 'withdrawn'), data }],
      effects: [{ kind: 'abandon' }],
      result: { operation, attempt, component, envelopeSha256, outcome, data: {} },
    })
  }
  if (command?.job.operation === operation) {
    if (command.kind !== 'accepted') return nothing(memory)
    const { attempt, envelopeSha256 } = command.job
    const result: OperationResult = { operation, attempt, envelopeSha256, outcome, data: {} }
    return {
      memory: withResult(withLease(withoutCommand(memory), operation, lease), result),
      events: [said(command.job, outcome, data)],
      effects: [{ kind: 'abandon' }],
    }
  }
  const last = memory.results.findLast(result => result.operation === operation)
  if (last !== undefined) return { ...told(last), memory: withLease(memory, operation, lease) }
  // Never heard of: the offer was lost, or the journal was. Either way the device does not have it.
  return {
    memory: withLease(memory, operation, lease),
    events: [{ operation, content: { kind: 'step', step: 'withdrawn' }, data: {} }],
    effects: [],
  }
}

export type EarlyState = Extract<
  AgentMemory['state'],
  { kind: 'accepting' | 'downloading' | 'verifying' | 'awaiting-install' }
>
type Standing =
  /** `overriding`: good news takes the place of the job under way, bad news leaves it alone. */
  | { readonly kind: 'ignored' | 'refused' | 'new' | 'overriding' }
  | { readonly kind: 'finished'; readonly result: OperationResult }
  /** The same again, with another patch. */
  | { readonly kind: 'with-patch'; readonly state: EarlyState }
  | { readonly kind: 'next-attempt'; readonly state: EarlyState; readonly job: Job }
  | { readonly kind: 'next-attempt-of-command'; readonly state: CommandState }

function standing(memory: AgentMemory, offer: Offer): Standing {
  const { operation, attempt, lease, envelopeSha256, installHold } = offer
  if (lease < leaseOf(memory, operation)) return { kind: 'ignored' }
  const { state, command } = memory
  if (command !== undefined) {
    if (command.kind === 'restarting') return { kind: 'ignored' }
    if (command.job.operation !== operation) return { kind: 'refused' }
    if (attempt <= command.job.attempt) return { kind: 'ignored' }
    return command.job.envelopeSha256 === envelopeSha256
      ? { kind: 'next-attempt-of-command', state: command }
      : { kind: 'refused' }
  }
  if (state.kind !== 'idle') {
    const { job } = state
    // A manifest that arrives while the device restarts is dropped; it will be offered again.
    if (state.kind === 'rebooting') return { kind: 'ignored' }
    // A manifest for this device alone overrides a session that is not activated yet, in silence.
    const yields = isEarly(state) && job.session !== undefined && job.session.phase !== 'activated'
    if (job.operation !== operation) {
      if (!yields) return { kind: 'refused' }
      const alone = standing({ ...memory, state: { kind: 'idle' } }, offer)
      return alone.kind === 'new' ? { kind: 'overriding' } : alone
    }
    if (attempt === job.attempt && job.envelopeSha256 === envelopeSha256) {
      const mayStill = state.kind === 'accepting' || state.kind === 'downloading'
      const news = { ...job, ...patchOf(job, offer) }
      return mayStill && news.patch !== job.patch
        ? { kind: 'with-patch', state: { ...state, job: news } }
        : { kind: 'ignored' }
    }
    if (attempt <= job.attempt) return { kind: 'ignored' }
    // The broker counts a new try of what is still under way: it goes on under the new number.
    if (job.envelopeSha256 !== envelopeSha256) return { kind: yields ? 'overriding' : 'refused' }
    if (!isEarly(state)) return { kind: 'refused' }
    const { hold: _, session: __, reportNonce: ___, ...rest } = job
    return {
      kind: 'next-attempt',
      state,
      job: { ...rest, attempt, ...(installHold ? { hold: true } : {}), ...patchOf(job, offer), ...nonceOf(offer) },
    }
  }
  const last = memory.results.findLast(result => result.operation === operation)
  if (last === undefined || last.attempt < attempt) return { kind: 'new' }
  return last.attempt === attempt ? { kind: 'finished', result: last } : { kind: 'ignored' }
}

/** The patch of a repeated offer takes the place of the one before; none, or the same again, leaves it as it is. */
function patchOf({ format, patch }: Job, offer: Offer): Pick<Job, 'patch'> {
  if (format !== undefined || offer.patch === undefined || isSamePatch(patch, offer.patch)) return {}
  return { patch: offer.patch }
}

/** Each attempt has one of its own. */
export function nonceOf({ reportNonce }: Pick<OfferContent, 'reportNonce'>): Pick<Job, 'reportNonce'> {
  return reportNonce === undefined ? {} : { reportNonce }
}

function isSamePatch(one: PatchTransport | undefined, other: PatchTransport): boolean {
  if (one?.base !== other.base || one.patchBytes !== other.patchBytes) return false
  const [a, b] = [one.metadata, other.metadata]
  return (
    a.baseSize === b.baseSize &&
    a.frameBytesMax === b.frameBytesMax &&
    a.baseBytesMax === b.baseBytesMax &&
    a.encodedBytesMax === b.encodedBytesMax
  )
}

/** Nothing of the device has been changed yet. */
export function isEarly(state: AgentMemory['state']): state is EarlyState {
  return ['accepting', 'downloading', 'verifying', 'awaiting-install'].includes(state.kind)
}

/** A result said again: the event with a new number, or the hello. */
function told(result: OperationResult): { events: readonly EventDraft[]; effects: readonly Effect[] } {
  const { operation, attempt, component, outcome, data } = result
  if (outcome.kind === 'hello') return { events: [], effects: [{ kind: 'say-hello' }] }
  const event = { operation, attempt, content: outcome, data }
  return { events: [component === undefined ? event : { ...event, component }], effects: [] }
}

function nothing(memory: AgentMemory): Outcome {
  return { memory, events: [], effects: [] }
}
