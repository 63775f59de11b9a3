// The journal of one virtual sensor: atomic, and as durable as its power allows. A save that was under way when the power
// went has happened or has not, by chance; one that was answered has happened.
import type { Journal, JournalBatch, JournalSnapshot } from '../../../agent/ports.ts'
import type { Power } from './virtual-disk.ts'

/** Told when a save is asked for and when it is durable; may take the power away. */
export interface JournalWatch {
  saving?(batch: JournalBatch): void
  saved?(batch: JournalBatch): void
}

export class MemoryJournal {
  #snapshot: JournalSnapshot
  #pending: JournalBatch[] = []
  watch: JournalWatch = {}

  /** `journalId`: 16 hex digits. */
  constructor(journalId: string) {
    this.#snapshot = { journalId, memory: undefined, outbox: [] }
  }

  get durable(): JournalSnapshot {
    return this.#snapshot
  }

  /** For one run of the agent. */
  port(power: Power): Journal {
    return new PoweredJournal(this, power)
  }

  /** The power went. */
  cut(fraction: () => number): void {
    // In their order: a later one without the earlier is no journal.
    for (const batch of this.#pending) {
      if (fraction() < 0.5) break
      this.#apply(batch)
    }
    this.#pending = []
  }

  async save(batch: JournalBatch, power: Power): Promise<void> {
    this.#pending.push(batch)
    this.watch.saving?.(batch)
    await Promise.resolve()
    if (!power.on) return new Promise<never>(() => {})
    this.#pending.splice(this.#pending.indexOf(batch), 1)
    this.#apply(batch)
    this.watch.saved?.(batch)
    if (!power.on) return new Promise<never>(() => {})
  }

  #apply({ memory, events = [], acknowledged = [] }: JournalBatch): void {
    const { outbox } = this.#snapshot
    const kept = acknowledged.length === 0 ? outbox : outbox.filter(event => !acknowledged.includes(event.eventNumber))
    this.#snapshot = {
      journalId: this.#snapshot.journalId,
      // A value of plain data that nobody changes: keeping it is as good as a copy.
      memory: memory ?? this.#snapshot.memory,
      outbox: events.length === 0 ? kept : [...kept, ...events],
    }
  }
}

class PoweredJournal implements Journal {
  readonly #journal: MemoryJournal
  readonly #power: Power

  constructor(journal: MemoryJournal, power: Power) {
    this.#journal = journal
    this.#power = power
  }

  async read(): Promise<JournalSnapshot> {
    if (!this.#power.on) return new Promise<never>(() => {})
    return this.#journal.durable
  }

  async save(batch: JournalBatch): Promise<void> {
    if (!this.#power.on) return new Promise<never>(() => {})
    return this.#journal.save(batch, this.#power)
  }

  async close(): Promise<void> {}
}
