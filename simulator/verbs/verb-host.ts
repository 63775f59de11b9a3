// What a verb of drover-simulator sees of the process it runs in: handed to it by main.ts, so that a test can be the host.
import type { ChildProcess } from 'node:child_process'

/** Text goes out in order; nothing is thrown when nobody reads any more. */
export interface Screen {
  write(text: string): void
  readonly isTTY: boolean
  readonly columns: number
}

export interface VerbHost {
  readonly stdout: Screen
  readonly stderr: Screen
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C and by the wish to end; the verb then stops what it has started and returns `exits.interrupted`. */
  readonly signal: AbortSignal
  /** The program that runs this one, to start another. */
  readonly node: string
  /** Relative paths of the command line start here. */
  readonly cwd: string
  /**
   * Starts a compiled program as a process with a channel for messages. `program` is relative to the compiled
   * `simulator` folder, such as `fleet/worker/main.js`. The caller ends it.
   */
  fork(program: string, args?: readonly string[], nodeArgs?: readonly string[]): ChildProcess
}

/** A verb: the file `simulator/verbs/NAME.ts` exports a function of its name and `help`. Resolves with the exit code. */
export type Verb = (args: readonly string[], host: VerbHost) => Promise<number>

/** Of all verbs. `failed`: something ended otherwise than expected, or a threshold does not hold. */
export const exits = { expected: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** The command line cannot be used. The message names the flag and what was expected; main.ts shows it and exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}
