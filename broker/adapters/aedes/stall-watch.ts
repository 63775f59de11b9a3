// Notices a socket that has stopped taking bytes. Aedes' drainTimeout sees only its own writes, and wants the buffer to
// become empty: a busy, slow but honest reader never gets there. Here any byte taken counts.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../ports.ts'

export class StallWatch {
  readonly #conn: Duplex
  readonly #clock: Clock
  readonly #stallMs: number
  readonly #onStalled: () => void
  #cancel: (() => void) | undefined

  constructor(conn: Duplex, clock: Clock, stallMs: number, onStalled: () => void) {
    this.#conn = conn
    this.#clock = clock
    this.#stallMs = stallMs
    this.#onStalled = onStalled
  }

  /** After a write: starts looking when bytes are kept waiting. */
  check(): void {
    if (this.#cancel !== undefined || !this.#conn.writableNeedDrain) return
    this.#look(this.#taken())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #look(takenBefore: number): void {
    this.#cancel = this.#clock.after(this.#stallMs, () => {
      this.#cancel = undefined
      if (this.#conn.destroyed || this.#conn.writableLength === 0) return
      const taken = this.#taken()
      if (taken === takenBefore) this.#onStalled()
      else this.#look(taken)
    })
  }

  /** A number that grows with every write the kernel has taken whole. */
  #taken(): number {
    const conn = this.#conn as { readonly bytesWritten?: unknown }
    return (typeof conn.bytesWritten === 'number' ? conn.bytesWritten : 0) - this.#conn.writableLength
  }
}
