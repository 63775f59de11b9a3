// How a type of command is carried out: what a handler is asked, and what it may answer. The built-in ones are beside this
// file; an integrator gives his own in `AgentSettings.handlers`, by operation type, and may take the place of a built-in.
//
//   prepare (looks, changes nothing) ─▶ plan, saved ─▶ act ─▶ outcome, saved ─▶ told
//                                          └ power cut ─▶ finished? ─ no ─▶ validated again ─▶ act, repeated
//
// A handler throws the errors of errors.ts for storage (35, 36); anything else it throws is told as `failed`.
import type { OperationId } from '../../proto/ids.ts'
import type { JsonObject, JsonValue } from '../../proto/json.ts'
import type { CommandOutcome } from '../core/command.ts'

/** A command whose signature, expiry, addressee and operation have been checked. Its arguments are JSON, and no more. */
export interface Order {
  readonly operationType: string
  readonly operation: OperationId
  readonly attempt: number
  readonly arguments: JsonObject
}

export type Prepared =
  /** `plan` is saved before `act` begins, and is what every later run gets. At most 16 KiB of JSON. */
  | { readonly kind: 'ready'; readonly plan: JsonValue }
  /** The whole device has to start anew, and that is all there is to do. */
  | { readonly kind: 'restart' }
  /** Nothing will be done, or there is nothing to do. */
  | { readonly kind: 'ended'; readonly outcome: CommandOutcome }

export interface CommandRun {
  /** An earlier run may have been interrupted anywhere. */
  readonly repeated: boolean
  /** Aborted when the agent ends: what was begun will be repeated. */
  readonly signal: AbortSignal
  /** Tells the configuration in force; resolves when the broker has it. Rejects when it is aborted or not taken. */
  readonly report: (configuration: { readonly version: string; readonly content: Uint8Array }) => Promise<void>
}

export interface CommandHandler {
  /** May be repeated any number of times before the plan is saved. */
  prepare(order: Order, signal: AbortSignal): Promise<Prepared>
  /** After an interruption, before anything else: the outcome if all was done already. Absent: `act` begins again. */
  finished?(order: Order, plan: JsonValue): Promise<CommandOutcome | undefined>
  act(order: Order, plan: JsonValue, run: CommandRun): Promise<CommandOutcome>
}

export type CommandHandlers = Readonly<Record<string, CommandHandler>>

/** Arguments that are not what the type asks for: UPD4_FAIL_22. */
export function badArguments(field: string, expected: string): CommandOutcome {
  return {
    kind: 'refused',
    failure: { code: 'UPD4_FAIL_22', data: { field: `arguments.${field}`, reason: 'malformed', expected } },
  }
}

/** The first member of `given` that is none of `known`: a misspelt wish must not pass as no wish. */
export function strangerIn(given: JsonObject, known: readonly string[]): CommandOutcome | undefined {
  const stranger = Object.keys(given).find(name => !known.includes(name))
  return stranger === undefined
    ? undefined
    : badArguments(stranger.slice(0, 40), `one of: ${known.join(', ') || 'none'}`)
}
