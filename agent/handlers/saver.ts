// Saving with patience: a disk that fails is tried again, ever more slowly.
import { growingDelayMs } from '../core/backoff.ts'
import type { AgentMemory } from '../core/memory.ts'
import { StorageWriteFailed } from '../errors.ts'
import type { AgentPorts, JournalBatch } from '../ports.ts'
import { stepOf } from './onlookers.ts'

const triesBeforeGivingUp = 6

/** Nothing of the device has been changed yet: the job may end with a failure of the journal. */
export function isEarly(memory: AgentMemory): boolean {
  const early = ['idle', 'accepting', 'downloading', 'verifying', 'awaiting-install', 'accepted']
  return early.includes(stepOf(memory))
}

export class Saver {
  readonly #ports: Pick<AgentPorts, 'clock' | 'journal' | 'log'>
  #stopped = false
  #wake: (() => void) | undefined

  constructor(ports: Pick<AgentPorts, 'clock' | 'journal' | 'log'>) {
    this.#ports = ports
  }

  /**
   * Undefined when durable. The error when it failed several times in a row and `mayGiveUp`, or when stopped. Throws
   * what is no failure of the disk.
   */
  async save(batch: JournalBatch, mayGiveUp: boolean): Promise<StorageWriteFailed | undefined> {
    if (Object.keys(batch).length === 0) return undefined
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#ports.journal.save(batch)
        return undefined
      } catch (err) {
        if (!(err instanceof StorageWriteFailed)) throw err
        this.#ports.log.error({ event: 'journal-failed', err, tries }, 'could not save')
        if (mayGiveUp && tries >= triesBeforeGivingUp) return err
        await this.#pause(growingDelayMs(tries - 1, 1000, 64_000))
        if (this.#stopped) return err
      }
    }
  }

  /** Ends a wait; a save that has reached the journal is not taken back. */
  stop(): void {
    this.#stopped = true
    this.#wake?.()
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#stopped) return
    await new Promise<void>(resolve => {
      const timer = this.#ports.clock.after(delayMs, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
