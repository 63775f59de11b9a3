// What a broadcast session does to the job under way: the order to join one, and what is said in it. The session is part
// of the job, so it is saved with it, and a job without a session is what it ever was. Pure, as update.ts.
import type { OfferMessage } from '../../proto/offer-messages.ts'
import type { SessionControl } from '../../proto/session-messages.ts'
import { heard, type SessionVerdict } from './broadcast.ts'
import { type AgentMemory, jobOf, leaseOf, withLease } from './memory.ts'
import { type EarlyState, isEarly } from './offers.ts'
import { applied, fail, proceed } from './update.ts'
import type { Outcome } from './words.ts'

type Join = Omit<Extract<OfferMessage, { kind: 'join' }>, 'kind'>

/** `artifact`: payload SHA-256 of the job's manifest. The job is held from now on until the session is activated. */
export function joined(memory: AgentMemory, join: Join, artifact: string): Outcome {
  const { operation, lease, attempt, session: name } = join
  const { state } = memory
  if (lease < leaseOf(memory, operation) || !isEarly(state)) return nothing(memory)
  const { job } = state
  // A join for another try speaks of an offer that has not come, or of one that is no more.
  if (job.operation !== operation || job.attempt !== attempt) return nothing(memory)
  if (job.session?.name === name || job.session?.phase === 'activated') return nothing(memory)
  const member = { ...job, hold: true, session: { name, artifact, phase: 'joined' } as const }
  return {
    memory: withLease({ ...memory, state: { ...state, job: member } }, operation, lease),
    events: [],
    effects: [],
  }
}

/** What was said in the session `name`. */
export function said(
  memory: AgentMemory,
  name: string,
  control: SessionControl,
): Outcome & { readonly verdict: SessionVerdict['kind'] } {
  const { state } = memory
  const session = jobOf(state)?.session
  if (state.kind === 'idle' || session?.name !== name) return { ...nothing(memory), verdict: 'nothing' }
  const verdict = heard(session, control, state.kind !== 'accepting' && state.kind !== 'downloading')
  // From installing on there is an activation behind it; this is for the type.
  if (!isEarly(state)) return { ...nothing(memory), verdict: verdict.kind }
  return { ...carriedOut(memory, state, verdict), verdict: verdict.kind }
}

function carriedOut(memory: AgentMemory, state: EarlyState, verdict: SessionVerdict): Outcome {
  const { job } = state
  switch (verdict.kind) {
    case 'nothing':
    case 'abort-refused':
      return nothing(memory)
    case 'moved':
      return {
        ...nothing(memory),
        memory: { ...memory, state: { ...state, job: { ...job, session: verdict.session } } },
      }
    case 'activated': {
      const { hold: _, ...rest } = job
      const released = { ...rest, session: verdict.session }
      if (state.kind === 'awaiting-install') return applied(memory, proceed(released))
      // Still verifying: it goes on by itself when it is done.
      return { ...nothing(memory), memory: { ...memory, state: { ...state, job: released } } }
    }
    case 'failed':
      return applied(memory, fail(job, verdict.failure))
  }
}

function nothing(memory: AgentMemory): Outcome {
  return { memory, events: [], effects: [] }
}
