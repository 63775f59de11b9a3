// The life of one command as a table: facts come in, the next state, events and wishes come out. The caller saves memory
// and events in one atomic batch before it carries out any wish; every wish may be carried out again.
//
//   none ──▶ accepted ──ready──▶ acting ──▶ none (done, failed or a code)
//               │ └─restart wanted──▶ restarting ──another boot id──▶ none (the hello tells)
//               └─ended──▶ none
//
// What a type of command means is the business of its handler; this table only sees to it that it is done once.
import type { Failure } from '../../proto/event-codes.ts'
import type { JsonValue } from '../../proto/json.ts'
import type { EventContent } from '../../proto/messages.ts'
import {
  type AgentMemory,
  type CommandJob,
  type CommandState,
  type OperationResult,
  withoutCommand,
  withResult,
} from './memory.ts'
import type { Effect, EventDraft, Outcome } from './words.ts'

/** How a command ended. `data` travels with the event; the texts in it must fit one (`eventBytesMax`). */
export type CommandOutcome =
  | { readonly kind: 'done'; readonly data: Readonly<Record<string, string>> }
  | { readonly kind: 'failed'; readonly reason: string; readonly data?: Readonly<Record<string, string>> }
  /** The device does not want it, or its storage does not let it: the code says why. */
  | { readonly kind: 'refused'; readonly failure: Failure }

/** Facts, in the past tense. */
export type CommandInput =
  | { readonly kind: 'ready'; readonly plan: JsonValue }
  | { readonly kind: 'restart-wanted'; readonly bootId: string }
  | { readonly kind: 'ended'; readonly outcome: CommandOutcome }
  /** The agent runs again, on a device that was booted as `bootId`. */
  | { readonly kind: 'started'; readonly bootId: string }
  /** A wish could not be carried out. */
  | { readonly kind: 'failed'; readonly failure: Failure }

/** Nothing happens where no command is under way, or where the input is late or repeated. */
export function stepCommand(memory: AgentMemory, input: CommandInput): Outcome {
  const at = memory.command
  if (at === undefined) return nothing(memory)
  const { job } = at
  switch (input.kind) {
    case 'ready':
      return at.kind === 'accepted'
        ? go(memory, { kind: 'acting', job, plan: input.plan }, [
            { kind: 'act', job, plan: input.plan, repeated: false },
          ])
        : nothing(memory)
    case 'restart-wanted': {
      if (at.kind !== 'accepted') return nothing(memory)
      const restarting = { kind: 'restarting', job, bootId: input.bootId } as const
      return {
        ...go(memory, restarting, [{ kind: 'restart-device', job, asked: false }]),
        events: [said(job, { kind: 'step', step: 'rebooting' }, {})],
      }
    }
    case 'started':
      if (at.kind !== 'restarting') return nothing(memory)
      // Asked for or not, who knows: it is never asked for twice, so what remains is to wait for it.
      return input.bootId === at.bootId
        ? { memory, events: [], effects: [{ kind: 'restart-device', job, asked: true }] }
        : ended(memory, job, { kind: 'hello' }, {})
    case 'ended':
      return endedBy(memory, job, input.outcome)
    case 'failed':
      return endedBy(memory, job, outcomeOf(input.failure))
  }
}

/** What has to be done after a start, in whatever state the power was cut. */
export function resumeCommand(state: CommandState): readonly Effect[] {
  const { job } = state
  switch (state.kind) {
    case 'accepted':
      return [{ kind: 'prepare', job }]
    case 'acting':
      return [{ kind: 'act', job, plan: state.plan, repeated: true }]
    case 'restarting':
      // The boot id decides: input `started`.
      return []
  }
}

/** The memory with an accepted command, and the wish that begins it. */
export function begin(memory: AgentMemory, job: CommandJob): Outcome {
  return go(memory, { kind: 'accepted', job }, [{ kind: 'prepare', job }])
}

/** The event that tells something about a command. */
export function said(
  { operation, attempt }: CommandJob,
  content: EventContent,
  data: Readonly<Record<string, string>>,
): EventDraft {
  return { operation, attempt, content, data }
}

/** What nobody foresaw has no code of its own here: the reason is told. */
function outcomeOf(failure: Failure): CommandOutcome {
  if (failure.code !== 'UPD4_FAIL_41') return { kind: 'refused', failure }
  return { kind: 'failed', reason: 'unforeseen', data: { detail: failure.data.reason ?? '' } }
}

function endedBy(memory: AgentMemory, job: CommandJob, outcome: CommandOutcome): Outcome {
  switch (outcome.kind) {
    case 'done':
      return ended(memory, job, { kind: 'step', step: 'done' }, outcome.data)
    case 'failed':
      return ended(memory, job, { kind: 'step', step: 'failed' }, { ...outcome.data, reason: outcome.reason })
    case 'refused':
      return ended(memory, job, { kind: 'code', code: outcome.failure.code }, outcome.failure.data)
  }
}

function ended(
  memory: AgentMemory,
  job: CommandJob,
  outcome: OperationResult['outcome'],
  data: Readonly<Record<string, string>>,
): Outcome {
  const { operation, attempt, envelopeSha256, reportNonce } = job
  const result: OperationResult = { operation, attempt, envelopeSha256, outcome, data }
  return {
    memory: withResult(withoutCommand(memory), reportNonce === undefined ? result : { ...result, reportNonce }),
    events: outcome.kind === 'hello' ? [] : [said(job, outcome, data)],
    effects: [{ kind: 'abandon' }, ...(outcome.kind === 'hello' ? [{ kind: 'say-hello' } as const] : [])],
  }
}

function go(memory: AgentMemory, command: CommandState, effects: readonly Effect[]): Outcome {
  return { memory: { ...memory, command }, events: [], effects }
}

function nothing(memory: AgentMemory): Outcome {
  return { memory, events: [], effects: [] }
}
