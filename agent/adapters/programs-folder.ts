// The named commands of a device: executable files directly in one folder, whose names are the names of the commands.
import { access, constants, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, ProgramEnd, Programs } from '../ports.ts'
import { runProgram } from '../program.ts'

export interface ProgramsFolderSettings {
  readonly folder: string
  readonly timeoutMs: number
  readonly environment: NodeJS.ProcessEnv
}

/** Kept of what a program writes: enough to be cut at a whole character afterwards. */
const outputBytesMax = 4096

export class ProgramsFolder implements Programs {
  readonly #clock: Clock
  readonly #settings: ProgramsFolderSettings

  constructor(clock: Clock, settings: ProgramsFolderSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  async has(name: string): Promise<boolean> {
    const path = this.#pathOf(name)
    if (path === undefined) return false
    try {
      await access(path, constants.X_OK)
      return (await stat(path)).isFile()
    } catch {
      // Not there, or not for us to run: no command of this device.
      return false
    }
  }

  async run(
    name: string,
    input: Uint8Array,
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ProgramEnd> {
    const program = this.#pathOf(name)
    if (program === undefined)
      return { exitCode: undefined, problem: 'unknown-command', output: new Uint8Array(0), outputCut: false }
    const { timeoutMs } = this.#settings
    const all = { ...this.#settings.environment, ...environment }
    const start = { program, arguments: [], environment: all, timeoutMs, outputBytesMax, input }
    const { exitCode, problem, output, outputCut } = await runProgram(start, this.#clock, signal)
    return { exitCode, problem, output, outputCut }
  }

  /** Undefined for what would be a path: whoever calls has looked at the name, and this is where it counts. */
  #pathOf(name: string): string | undefined {
    return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) ? join(this.#settings.folder, name) : undefined
  }
}
