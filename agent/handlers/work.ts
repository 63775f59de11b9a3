// One piece of work at a time: what is done for the job under way. New work aborts the old and waits for its end before
// it touches a slot; the outcome of old work is void, whenever it comes.
import { type CommandInput, stepCommand } from '../core/command.ts'
import type { AgentMemory } from '../core/memory.ts'
import { step } from '../core/update.ts'
import type { Effect, Outcome, UpdateInput } from '../core/words.ts'
import type { AgentPorts } from '../ports.ts'
import { failureOf } from './failures.ts'

/** The wishes that are about a job, update or command, and have an outcome. */
export type JobEffect = Exclude<Effect, { kind: 'restart' | 'abandon' | 'refuse' | 'say-hello' }>
export type JobInput = UpdateInput | CommandInput

export type JobExecutors = {
  readonly [Kind in JobEffect['kind']]: (
    effect: Extract<JobEffect, { kind: Kind }>,
    signal: AbortSignal,
  ) => Promise<JobInput | undefined>
}

/** The machine of the job under way takes the input. */
export function stepJob(memory: AgentMemory, input: JobInput): Outcome {
  switch (input.kind) {
    case 'ready':
    case 'restart-wanted':
    case 'ended':
    case 'started':
      return stepCommand(memory, input)
    case 'failed':
      return memory.command === undefined ? step(memory, input) : stepCommand(memory, input)
    default:
      return step(memory, input)
  }
}

export class Work {
  readonly #executors: JobExecutors
  readonly #log: AgentPorts['log']
  /** Takes the outcome, with the number the work was begun under. */
  readonly #done: (input: JobInput, number: number) => void
  #under: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined

  constructor(executors: JobExecutors, log: AgentPorts['log'], done: (input: JobInput, number: number) => void) {
    this.#executors = executors
    this.#log = log
    this.#done = done
  }

  begin(effect: JobEffect, number: number): void {
    this.abort()
    const controller = new AbortController()
    this.#under = { controller, ended: this.#run(effect, number, controller.signal, this.#under?.ended) }
  }

  abort(): void {
    this.#under?.controller.abort()
  }

  /** Resolves when nothing touches a slot any more. */
  async ended(): Promise<void> {
    await this.#under?.ended
  }

  async #run(effect: JobEffect, number: number, signal: AbortSignal, before: Promise<void> | undefined): Promise<void> {
    await before
    if (!signal.aborted) await this.#execute(effect, number, signal)
    // What has ended is not aborted any more: each abort makes an error with a stack.
    if (this.#under?.controller.signal === signal) this.#under = undefined
  }

  async #execute(effect: JobEffect, number: number, signal: AbortSignal): Promise<void> {
    // The table is complete and typed cell by cell; which cell it is, only the run knows.
    const execute = this.#executors[effect.kind] as (
      effect: JobEffect,
      signal: AbortSignal,
    ) => Promise<JobInput | undefined>
    try {
      const input = await execute(effect, signal)
      if (input !== undefined && !signal.aborted) this.#done(input, number)
    } catch (err) {
      if (signal.aborted) return
      this.#log.warn({ event: 'work-failed', work: effect.kind, operation: effect.job.operation, err }, 'work failed')
      this.#done({ kind: 'failed', failure: failureOf(err) }, number)
    }
  }
}
