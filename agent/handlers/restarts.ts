// Going down so that another image is started: the process of the agent, or the whole device where an installer needs it.
// A device that refuses, or was asked and does not go down, says so to the update; of a roll-back there is no other way,
// so it is asked for again.
import { type AgentMemory, jobOf } from '../core/memory.ts'
import type { AgentPorts, Timer } from '../ports.ts'
import { restartTimeMs } from './commands.ts'
import type { Farewell } from './farewell.ts'

const againMs = 60_000

export interface RestartsParts {
  readonly ports: Pick<AgentPorts, 'clock' | 'installers' | 'log' | 'reboot'>
  readonly farewell: Farewell
  readonly hasSomethingToSay: () => boolean
  readonly memory: () => AgentMemory
  /** Of the work under way. */
  readonly workNumber: () => number
  /** The device stays up, and why. */
  readonly refused: (reason: string, work: number) => void
}

export class Restarts {
  readonly #parts: RestartsParts
  #timer: Timer | undefined
  #stopped = false
  #isStuck = false

  constructor(parts: RestartsParts) {
    this.#parts = parts
  }

  /** A roll-back waits for a restart that the device refused: the line is opened meanwhile, so that people can reach it. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Nothing is asked for when another restart was wished for meanwhile, or after `stop`. */
  async wish(reason: string): Promise<void> {
    this.#timer?.cancel()
    const { ports, farewell, hasSomethingToSay, memory, workNumber } = this.#parts
    if (this.#stopped || !(await farewell.wait(hasSomethingToSay())) || this.#stopped) return
    const component = jobOf(memory().state)?.component
    const isWholeDevice = ports.installers.some(
      each => each.restart === 'device' && (component ?? each.component) === each.component,
    )
    if (!isWholeDevice) {
      ports.reboot.restart(reason)
      return
    }
    const work = workNumber()
    const problem = await ports.reboot.device()
    if (this.#stopped) return
    if (problem !== undefined) this.#refused(problem, reason, work)
    else this.#timer = ports.clock.after(restartTimeMs, () => this.#refused('not-restarted', reason, work))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #refused(problem: string, reason: string, work: number): void {
    const { ports, memory, workNumber, refused } = this.#parts
    if (work !== workNumber()) return
    ports.log.error({ event: 'restart-refused', problem }, 'the device does not go down')
    this.#isStuck = memory().state.kind !== 'rebooting'
    refused(problem, work)
    if (this.#isStuck) this.#timer = ports.clock.after(againMs, () => void this.wish(reason))
  }
}
