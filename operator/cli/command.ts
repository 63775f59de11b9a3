// How a command is written down: its words, its flags, what it does. program.ts supplies the rest.
import type { Command } from 'commander'
import type { CliContext } from './context.ts'

/** What a command does; resolves to an exit code, 0 when it says nothing. */
export type Run = (context: CliContext, call: Call) => Promise<number | undefined> | Promise<void>
export interface Call {
  readonly args: readonly string[]
  /** As the flags' parsers made them; each command knows its own. */
  readonly options: Readonly<Record<string, unknown>>
}

/** In `flags`: the flag whose text has names of its own in it, like the conditions of a filter. */
export const anyOtherField = '*'

export interface CommandSpec {
  readonly run: Run
  /** Fields of the broker's request to the flags they come from; a field belongs to its longest prefix here. */
  readonly flags?: Readonly<Record<string, string>> | ((options: Call['options']) => Readonly<Record<string, string>>)
  /** What to do about a refusal, by its code or by the field of the request it names. */
  readonly hints?: Readonly<Record<string, string>>
}

/** Gives the command its common flags and its action. */
export type Finish = (command: Command, spec: CommandSpec) => void
