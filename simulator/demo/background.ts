// A program of ours that runs beside the demo: its own process group, its output in a log file, ended by its number and
// never by a name. Whoever starts one stops it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { kill } from 'node:process'
import { within } from '../clock.ts'
import { DemoFailed } from './failure.ts'

export interface Program {
  /** For people. */
  readonly name: string
  /** Arguments of node: the program first. */
  readonly arguments: readonly string[]
  readonly logFile: string
}

export interface Surroundings {
  /** The node to run programs with. */
  readonly node: string
  readonly environment: NodeJS.ProcessEnv
  readonly folder: string
}

export class Background {
  readonly #child: ChildProcess
  readonly #program: Program
  readonly #ended: Promise<string>
  #stopWanted = false

  /** Resolves when it runs. `onLost` is called when it ends without being asked. Throws DemoFailed, and the reason of the signal. */
  static async start(
    program: Program,
    { node, environment, folder }: Surroundings,
    onLost: (failure: DemoFailed) => void,
    signal: AbortSignal,
  ): Promise<Background> {
    const log = await open(program.logFile, 'a')
    try {
      // Nothing is started any more once the run is over.
      signal.throwIfAborted()
      const child = spawn(node, program.arguments, {
        // Ctrl-C reaches the demo alone, which then stops everything in order.
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: environment,
        cwd: folder,
      })
      const started = new Background(child, program)
      try {
        await once(child, 'spawn')
      } catch (cause) {
        throw new DemoFailed(`${program.name}: could not be started: ${(cause as Error).message}`, [], { cause })
      }
      void started.#ended.then(how => {
        if (!started.#stopWanted)
          onLost(new DemoFailed(`${program.name} ended although nobody asked it to: ${how}`, [program.logFile]))
      })
      return started
    } finally {
      await log.close()
    }
  }

  private constructor(child: ChildProcess, program: Program) {
    this.#child = child
    this.#program = program
    this.#ended = new Promise(resolve => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
      child.once('error', error => resolve(error.message))
    })
  }

  get logFile(): string {
    return this.#program.logFile
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** SIGTERM, and SIGKILL to its group when that takes too long. Resolves with false when it had to be killed. */
  async stop(graceMs: number): Promise<boolean> {
    this.#stopWanted = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return true
    this.#child.kill('SIGTERM')
    if (await within(graceMs, this.#ended)) return true
    await this.killNow()
    return false
  }

  /** SIGKILL to its group, awaited. */
  async killNow(): Promise<void> {
    this.#stopWanted = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    killGroup(this.pid)
    await this.#ended
  }

  /** It goes on when the demo ends. */
  leave(): void {
    this.#stopWanted = true
    this.#child.unref()
  }
}

/** SIGKILL to all processes of the group; nothing when there are none. */
export function killGroup(pid: number): void {
  if (pid <= 1) return
  try {
    kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended already.
  }
}
