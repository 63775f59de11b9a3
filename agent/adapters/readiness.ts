// Tells the service manager, once, that the agent is ready: connected, and everything the broker should know is through.
// By a file that is there as long as the agent runs, by the program `systemd-notify` (Node has no datagram sockets of the
// kind that NOTIFY_SOCKET names), or both.

import type { AgentView, Observer } from '../observer.ts'
import type { Clock, Disk, Log } from '../ports.ts'
import { runProgram } from '../program.ts'

export interface ReadinessSettings {
  /** Absolute; undefined: no file. */
  readonly file: string | undefined
  /** With NOTIFY_SOCKET where a service manager wants to hear of it, and PATH to find `systemd-notify`. */
  readonly environment: NodeJS.ProcessEnv
  readonly pid: number
}

interface ReadinessPorts {
  readonly clock: Clock
  readonly log: Log
  readonly disk: Disk
}

const notifyTimeMs = 10_000

export class Readiness implements Observer {
  readonly #ports: ReadinessPorts
  readonly #settings: ReadinessSettings
  #told: Promise<void> | undefined
  #stopped = false

  private constructor(ports: ReadinessPorts, settings: ReadinessSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** Takes away a file that a run before this one has left. Throws the file system's error: it would say too much. */
  static async open(ports: ReadinessPorts, settings: ReadinessSettings): Promise<Readiness> {
    if (settings.file !== undefined) await ports.disk.remove(settings.file)
    return new Readiness(ports, settings)
  }

  changed({ ready }: AgentView): void {
    if (ready && !this.#stopped) this.#told ??= this.#tell()
  }

  happened(): void {}

  /** Never rejects. */
  async close(): Promise<void> {
    this.#stopped = true
    await this.#told
    const { file } = this.#settings
    if (file === undefined) return
    try {
      await this.#ports.disk.remove(file)
    } catch (err) {
      this.#ports.log.warn({ event: 'ready-file', file, err }, 'the ready file could not be removed')
    }
  }

  async #tell(): Promise<void> {
    await Promise.all([this.#writeFile(), this.#notify()])
  }

  async #writeFile(): Promise<void> {
    const { file: path, pid } = this.#settings
    if (path === undefined) return
    const { disk, clock, log } = this.#ports
    try {
      const file = await disk.open(`${path}.new`, 'create', 0o644)
      try {
        await file.write(0, Buffer.from(`${JSON.stringify({ pid, at: new Date(clock.wallMs()).toISOString() })}\n`))
      } finally {
        await file.close()
      }
      await disk.rename(`${path}.new`, path)
    } catch (err) {
      log.error({ event: 'ready-file', file: path, err }, 'the ready file could not be written')
    }
  }

  async #notify(): Promise<void> {
    const { environment } = this.#settings
    if (environment.NOTIFY_SOCKET === undefined || environment.NOTIFY_SOCKET === '') return
    const start = {
      program: 'systemd-notify',
      arguments: ['--ready', '--status=connected, nothing waits to be told'],
      environment,
      timeoutMs: notifyTimeMs,
      outputBytesMax: 500,
    }
    const { problem, output } = await runProgram(start, this.#ports.clock)
    if (problem === undefined) return
    const facts = { event: 'notify-failed', reason: problem, output: output.toString() }
    this.#ports.log.error(facts, 'systemd-notify failed: the service manager waits in vain')
  }
}
