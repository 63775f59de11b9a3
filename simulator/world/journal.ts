// The journal of a simulated device: a batch is durable as a whole or not at all, which is the promise of the real one.
// What is kept are values that nobody changes, so nothing is copied.
import { StorageWriteFailed } from '../../agent/errors.ts'
import type { Journal, JournalSnapshot } from '../../agent/ports.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { SimulatedDisk } from '../faults/simulated-disk.ts'

export class DeviceJournal {
  readonly #disk: SimulatedDisk
  readonly #forgets: (event: DeviceEvent) => void
  #kept: JournalSnapshot
  /** No batch is taken. */
  full = false

  /** `forgets`: called for each event the agent takes out, because the broker has it. */
  constructor(disk: SimulatedDisk, journalId: string, forgets: (event: DeviceEvent) => void) {
    this.#disk = disk
    this.#forgets = forgets
    this.#kept = { journalId, memory: undefined, outbox: [] }
  }

  get kept(): JournalSnapshot {
    return this.#kept
  }

  /** The flash is torn: a new one is begun. */
  lose(journalId: string): void {
    this.#kept = { journalId, memory: undefined, outbox: [] }
  }

  /** For one program; after its end calls never come back. */
  port(alive: () => boolean): Journal {
    const whileAlive = async (): Promise<void> => {
      if (!alive()) await new Promise<never>(() => {})
    }
    return {
      read: async () => this.#kept,
      save: async ({ memory = this.#kept.memory, events = [], acknowledged = [] }) => {
        await whileAlive()
        if (this.full) throw new StorageWriteFailed('saving the journal', 'ENOSPC')
        await this.#disk.batch('journal', () => {
          const gone = new Set(acknowledged)
          for (const event of this.#kept.outbox) if (gone.has(event.eventNumber)) this.#forgets(event)
          const left = this.#kept.outbox.filter(({ eventNumber }) => !gone.has(eventNumber))
          this.#kept = { ...this.#kept, memory, outbox: [...left, ...events] }
        })
        await whileAlive()
      },
      close: async () => {},
    }
  }
}
