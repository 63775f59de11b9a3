// One piece of work at a time: what is done for the job under way. New work aborts the old and waits for its end before
// it touches a slot; the outcome of old work is void, whenever it comes.
import type { UpdateInput } from '../core/update.ts'
import type { AgentPorts } from '../ports.ts'
import { failureOf } from './failures.ts'
import type { JobEffect, JobExecutors } from './firmware.ts'

export class Work {
  readonly #executors: JobExecutors
  readonly #log: AgentPorts['log']
  /** Takes the outcome, with the number the work was begun under. */
  readonly #done: (input: UpdateInput, number: number) => void
  #under: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined

  constructor(executors: JobExecutors, log: AgentPorts['log'], done: (input: UpdateInput, number: number) => void) {
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
    if (signal.aborted) return
    // The table is complete and typed cell by cell; which cell it is, only the run knows.
    const execute = this.#executors[effect.kind] as (
      effect: JobEffect,
      signal: AbortSignal,
    ) => Promise<UpdateInput | undefined>
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
