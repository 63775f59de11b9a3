// Asks a program of the device whether the running image is healthy: exit code 0 within the time limit.
import type { Clock, Health, HealthVerdict, Log } from '../ports.ts'
import { runProgram } from '../program.ts'

export interface HealthCommandSettings {
  /** Program and arguments; no shell in between. */
  readonly command: readonly string[]
  readonly timeoutMs: number
  readonly environment: NodeJS.ProcessEnv
}

/** For a device without a health command: the image proves itself by running and reaching this point. */
export const alwaysHealthy: Health = { check: async () => ({ healthy: true }) }

const outputBytesMax = 500

export class HealthCommand implements Health {
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: HealthCommandSettings

  constructor(clock: Clock, log: Log, settings: HealthCommandSettings) {
    this.#clock = clock
    this.#log = log
    this.#settings = settings
  }

  async check(): Promise<HealthVerdict> {
    const { command, timeoutMs, environment } = this.#settings
    const [program = '', ...rest] = command
    const start = { program, arguments: rest, environment, timeoutMs, outputBytesMax }
    const { problem, output } = await runProgram(start, this.#clock)
    if (problem === undefined) return { healthy: true }
    const facts = { event: 'unhealthy', reason: problem, output: output.toString() }
    this.#log.warn(facts, 'the health command does not accept the image')
    return { healthy: false, reason: problem }
  }
}
