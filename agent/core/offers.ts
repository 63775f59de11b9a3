// What an offer or a withdrawal means in the light of what the device already knows: the same again, another one while
// one is under way, finished long ago, a voice from a leader that is no more. Pure, as update.ts.

import type { Failure } from '../../proto/manifest.ts'
import type { OfferMessage } from '../../proto/messages.ts'
import { type AgentMemory, type Job, jobOf, leaseOf, type OperationResult, withLease, withResult } from './memory.ts'
import { applied, type Effect, type EventDraft, type Outcome, stepEvent } from './update.ts'

type Offer = Pick<Extract<OfferMessage, { kind: 'offer' }>, 'operation' | 'lease' | 'attempt'> & {
  readonly envelopeSha256: string
}
type Withdrawal = Pick<Extract<OfferMessage, { kind: 'withdraw' }>, 'operation' | 'lease' | 'reason'>

export type OfferVerdict =
  | { readonly ok: true; readonly job: Job }
  | { readonly ok: false; readonly failure: Failure; readonly component?: string }

/** `verdict` is asked only for an offer that is news. */
export function offered(memory: AgentMemory, offer: Offer, verdict: () => OfferVerdict): Outcome {
  const { operation, attempt, lease, envelopeSha256 } = offer
  const found = standing(memory, offer)
  switch (found.kind) {
    case 'ignored':
      return nothing(memory)
    case 'refused':
      return { memory, events: [], effects: [{ kind: 'refuse', operation }] }
    case 'finished':
      return { ...told(found.result), memory: withLease(memory, operation, lease) }
    case 'next-attempt':
      return {
        memory: withLease({ ...memory, state: { ...found.state, job: found.job } }, operation, lease),
        events: found.state.kind === 'accepting' ? [] : [stepEvent(found.job, found.state.kind)],
        effects: [],
      }
    case 'new': {
      const judged = verdict()
      if (judged.ok)
        return applied(withLease(memory, operation, lease), {
          state: { kind: 'accepting', job: judged.job },
          effects: [{ kind: 'check-storage', job: judged.job }],
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

/** Takes effect at once until installing began; after that the update's own result is the answer. */
export function withdrawn(memory: AgentMemory, { operation, lease, reason }: Withdrawal): Outcome {
  if (lease < leaseOf(memory, operation)) return nothing(memory)
  const { state } = memory
  const job = jobOf(state)
  if (job?.operation === operation) {
    if (state.kind !== 'accepting' && state.kind !== 'downloading' && state.kind !== 'verifying') return nothing(memory)
    const { attempt, component, envelopeSha256 } = job
    return applied(withLease(memory, operation, lease), {
      state: { kind: 'idle' },
      events: [{ ...stepEvent(job, 'withdrawn'), data: reason === '' ? {} : { reason } }],
      effects: [{ kind: 'abandon' }],
      result: { operation, attempt, component, envelopeSha256, outcome: { kind: 'step', step: 'withdrawn' }, data: {} },
    })
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

type EarlyState = Extract<AgentMemory['state'], { kind: 'accepting' | 'downloading' | 'verifying' }>
type Standing =
  | { readonly kind: 'ignored' | 'refused' | 'new' }
  | { readonly kind: 'finished'; readonly result: OperationResult }
  | { readonly kind: 'next-attempt'; readonly state: EarlyState; readonly job: Job }

function standing(memory: AgentMemory, { operation, attempt, lease, envelopeSha256 }: Offer): Standing {
  if (lease < leaseOf(memory, operation)) return { kind: 'ignored' }
  const { state } = memory
  if (state.kind !== 'idle') {
    const { job } = state
    // A manifest that arrives while the device restarts is dropped; it will be offered again.
    if (state.kind === 'rebooting') return { kind: 'ignored' }
    if (job.operation !== operation) return { kind: 'refused' }
    if (attempt <= job.attempt) return { kind: 'ignored' }
    // The broker counts a new try of what is still under way: it goes on under the new number.
    const early = state.kind === 'accepting' || state.kind === 'downloading' || state.kind === 'verifying'
    return early && job.envelopeSha256 === envelopeSha256
      ? { kind: 'next-attempt', state, job: { ...job, attempt } }
      : { kind: 'refused' }
  }
  const last = memory.results.findLast(result => result.operation === operation)
  if (last === undefined || last.attempt < attempt) return { kind: 'new' }
  return last.attempt === attempt ? { kind: 'finished', result: last } : { kind: 'ignored' }
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
