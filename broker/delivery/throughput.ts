// Bytes a second that went out over the last ten seconds or so, for each operation and for all together: what people look
// at while an operation runs. Pure over a clock number; a note costs the same whatever was noted before.
import type { OperationId } from '../../proto/ids.ts'

const slotMs = 1000
/** The running second and those before it. */
const slotCount = 10
/** With fewer operations than this, nobody looks for those that have fallen silent. */
const sweptLeast = 64

export class Throughput {
  readonly #all = new Meter()
  readonly #operations = new Map<OperationId, Meter>()
  #sweepAtCount = sweptLeast

  /** `now` is monotonic, ms, and never less than before. */
  add(operation: OperationId, bytes: number, now: number): void {
    this.#all.add(bytes, now)
    let meter = this.#operations.get(operation)
    if (meter === undefined) {
      if (this.#operations.size >= this.#sweepAtCount) this.#sweep(now)
      meter = new Meter()
      this.#operations.set(operation, meter)
    }
    meter.add(bytes, now)
  }

  /** Bytes a second for this operation; 0 when nothing went out lately. */
  of(operation: OperationId, now: number): number {
    return this.#operations.get(operation)?.rate(now) ?? 0
  }

  /** Bytes a second for all operations together. */
  all(now: number): number {
    return this.#all.rate(now)
  }

  get operationCount(): number {
    return this.#operations.size
  }

  #sweep(now: number): void {
    for (const [operation, meter] of this.#operations) if (meter.silent(now)) this.#operations.delete(operation)
    this.#sweepAtCount = Math.max(sweptLeast, 2 * this.#operations.size)
  }
}

/** Ten seconds of bytes, one slot a second, used in turn. */
class Meter {
  readonly #bytes = new Float64Array(slotCount)
  #sum = 0
  /** The running slot, counted from the clock's zero, and that of the last note. */
  #slot = Number.NEGATIVE_INFINITY
  #notedSlot = Number.NEGATIVE_INFINITY
  /** When the present flow began: a rate over seconds in which nobody had begun would be too low. */
  #begunAt = 0

  add(bytes: number, now: number): void {
    if (this.silent(now)) this.#begunAt = now
    this.#turnTo(now)
    this.#notedSlot = this.#slot
    const at = this.#slot % slotCount
    this.#bytes[at] = (this.#bytes[at] ?? 0) + bytes
    this.#sum += bytes
  }

  rate(now: number): number {
    if (this.silent(now)) return 0
    this.#turnTo(now)
    const oldest = (this.#slot - slotCount + 1) * slotMs
    const ms = Math.max(slotMs, now - Math.max(this.#begunAt, oldest))
    return Math.round((this.#sum * 1000) / ms)
  }

  silent(now: number): boolean {
    return Math.floor(now / slotMs) - this.#notedSlot >= slotCount
  }

  #turnTo(now: number): void {
    const slot = Math.floor(now / slotMs)
    for (let fresh = Math.max(this.#slot, slot - slotCount) + 1; fresh <= slot; fresh += 1) {
      const at = fresh % slotCount
      this.#sum -= this.#bytes[at] ?? 0
      this.#bytes[at] = 0
    }
    this.#slot = slot
  }
}
