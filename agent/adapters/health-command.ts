// Asks a program of the device whether the running image is healthy: exit code 0 within the time limit.
import { spawn } from 'node:child_process'
import { kill } from 'node:process'
import type { Clock, Health, HealthVerdict, Log } from '../ports.ts'

export interface HealthCommandSettings {
  /** Program and arguments; no shell in between. */
  readonly command: readonly string[]
  readonly timeoutMs: number
  readonly environment: NodeJS.ProcessEnv
}

/** For a device without a health command: the image proves itself by running and reaching this point. */
export const alwaysHealthy: Health = { check: async () => ({ healthy: true }) }

const outputCharactersMax = 500

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
    const { how, output } = await this.#run()
    if (how === undefined) return { healthy: true }
    this.#log.warn({ event: 'unhealthy', reason: how, output }, 'the health command does not accept the image')
    return { healthy: false, reason: how }
  }

  /** `how` is undefined for exit code 0, else one fixed word with a number or name. */
  async #run(): Promise<{ readonly how: string | undefined; readonly output: string }> {
    const [program = '', ...rest] = this.#settings.command
    let output = ''
    const how = await new Promise<string | undefined>(resolve => {
      let late = false
      const child = spawn(program, rest, {
        // A group of its own: what the command started must not outlive the limit.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: this.#settings.environment,
      })
      const killGroup = (): void => {
        try {
          if (child.pid !== undefined) kill(-child.pid, 'SIGKILL')
        } catch {
          // ESRCH: it has ended already.
        }
      }
      const timer = this.#clock.after(this.#settings.timeoutMs, () => {
        late = true
        killGroup()
      })
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (bytes: Buffer) => {
          output = (output + bytes.toString()).slice(0, outputCharactersMax)
        })
      child.once('error', error => {
        timer.cancel()
        resolve(`not-started-${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
      })
      child.once('exit', (code, signal) => {
        timer.cancel()
        killGroup()
        if (late) resolve('timeout')
        else if (signal !== null) resolve(`signal-${signal}`)
        else resolve(code === 0 ? undefined : `exit-${code}`)
      })
    })
    return { how, output }
  }
}
