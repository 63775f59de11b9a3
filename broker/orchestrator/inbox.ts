// The one inbox of the orchestrator, drained in turns: everything that waits shares one load, one step over, one commit.
import { StoreUnavailable } from '../errors.ts'
import type { Task } from './task.ts'

/** Tasks taken into one turn, and tasks that may wait before devices are told to come back later. */
const turnTasksMax = 512
const inboxMax = 50_000

export interface Waiting {
  readonly task: Task
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Inbox {
  readonly #waiting: Waiting[] = []
  readonly #turn: (batch: readonly Waiting[]) => Promise<void>
  #turning: Promise<void> | undefined
  #closed = false

  /** `turn` settles every task of its batch and never rejects for one of them. */
  constructor(turn: (batch: readonly Waiting[]) => Promise<void>) {
    this.#turn = turn
  }

  get count(): number {
    return this.#waiting.length
  }

  /** Resolves when what the task decided is durable. Rejects with what the task throws, or StoreUnavailable. */
  submit(task: Task): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the broker is closing'))
    if (this.#waiting.length >= inboxMax) return Promise.reject(new StoreUnavailable('the inbox is full'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject })
      this.#turning ??= this.#drain()
    })
  }

  /** What has been submitted is finished; nothing new is taken. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#turning
  }

  async #drain(): Promise<void> {
    // One breath, so that everything that arrived in this tick of the event loop shares the turn.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#turn(this.#waiting.splice(0, turnTasksMax))
    this.#turning = undefined
  }
}
