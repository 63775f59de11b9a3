// How many bytes a second may go out: to all devices together, to one device, for one operation, to all devices with the
// same value of a label (a site behind one thin line). Pure over a clock number.
//
// Who wants to send takes the bytes at once and is told how long to wait before it sends them. So those who wait stand in
// a line: each is woken once, at its time, and nobody overtakes; and what somebody who comes now would have to wait is
// known, so a refusal can say truly when to come again. Any number of bytes may be taken: a rate is kept over time, with
// no more at once than a quarter of a second of it and what was taken last.
import type { DeviceId, OperationId } from '../../proto/ids.ts'

/** Bytes a second; 0: no limit. */
export interface ByteRates {
  readonly bytesPerSecond: number
  readonly deviceBytesPerSecond: number
  readonly operationBytesPerSecond: number
  readonly labelBytesPerSecond: number
}

export interface ByteBudgetsParts {
  readonly rates: ByteRates
  /** What the operation's own policy says, bytes a second; undefined: `operationBytesPerSecond`. Cheap. */
  readonly operationRate?: ((operation: OperationId) => number | undefined) | undefined
  /** The value of the label that `labelBytesPerSecond` is for each of; undefined: the device has none, and no such limit. */
  readonly labelOf?: ((device: DeviceId) => string | undefined) | undefined
}

/**
 * Whose bytes. With an operation they count for it and for all together, with a device for it and its label: an answer to
 * one device names both, what many hear is taken once for the operation and then for each device.
 */
export interface ByteTaker {
  readonly operation?: OperationId | undefined
  readonly device?: DeviceId | undefined
}

export interface BudgetFigures {
  /** Budgets somebody has used lately. */
  readonly buckets: number
  readonly waitsTotal: number
  readonly waitedMsTotal: number
  readonly refusalsTotal: number
}

/** What may go out at once after a silence, as time. */
const burstMs = 250
/** With fewer budgets in use than this, nobody looks for those that are full again. */
const sweptLeast = 1024

export class ByteBudgets {
  readonly #parts: ByteBudgetsParts
  /**
   * When what was taken so far will have been sent, monotonic ms: a budget is one number, kept as time, so a rate that
   * changes meanwhile changes what is taken from then on. `burstMs` ago or earlier: full, and forgotten sooner or later.
   */
  readonly #sentAt = new Map<string, number>()
  #sweepAtCount = sweptLeast
  #waitsTotal = 0
  #waitedMsTotal = 0
  #refusalsTotal = 0

  constructor(parts: ByteBudgetsParts) {
    this.#parts = parts
  }

  /** False: this taker never waits, and need not ask. May change while an operation runs. */
  isLimited(taker: ByteTaker): boolean {
    return this.#of(taker).length > 0
  }

  /**
   * Takes the bytes and returns how many milliseconds to wait before they are sent, 0 for none. When that would be more
   * than `longestMs`, nothing has been taken: come again after so long. `now` is monotonic, ms.
   */
  take(bytes: number, taker: ByteTaker, now: number, longestMs: number): number {
    const budgets = this.#of(taker)
    let waitMs = 0
    for (const { key } of budgets) waitMs = Math.max(waitMs, Math.ceil((this.#sentAt.get(key) ?? now) - now))
    if (waitMs > longestMs) {
      this.#refusalsTotal += 1
      return waitMs
    }
    for (const { key, rate } of budgets) {
      const startsAt = Math.max(this.#sentAt.get(key) ?? Number.NEGATIVE_INFINITY, now - burstMs)
      this.#sentAt.set(key, startsAt + (bytes / rate) * 1000)
    }
    if (waitMs > 0) {
      this.#waitsTotal += 1
      this.#waitedMsTotal += waitMs
    }
    if (this.#sentAt.size >= this.#sweepAtCount) this.#sweep(now)
    return waitMs
  }

  /** So many of the bytes taken will not be sent: others may have them. Below 0: so many more will be. */
  giveBack(bytes: number, taker: ByteTaker): void {
    for (const { key, rate } of this.#of(taker)) {
      const sentAt = this.#sentAt.get(key)
      if (sentAt !== undefined) this.#sentAt.set(key, sentAt - (bytes / rate) * 1000)
    }
  }

  figures(): BudgetFigures {
    return {
      buckets: this.#sentAt.size,
      waitsTotal: this.#waitsTotal,
      waitedMsTotal: this.#waitedMsTotal,
      refusalsTotal: this.#refusalsTotal,
    }
  }

  /** The budgets that hold for this taker. */
  #of({ operation, device }: ByteTaker): readonly Budget[] {
    const { rates, operationRate, labelOf } = this.#parts
    const operationBytes = operation && (operationRate?.(operation) ?? rates.operationBytesPerSecond)
    const label = device && rates.labelBytesPerSecond > 0 ? labelOf?.(device) : undefined
    const budgets: Budget[] = []
    if (operation && rates.bytesPerSecond > 0) budgets.push({ key: 'all', rate: rates.bytesPerSecond })
    if (operationBytes) budgets.push({ key: `operation/${operation}`, rate: operationBytes })
    if (device && rates.deviceBytesPerSecond > 0)
      budgets.push({ key: `device/${device}`, rate: rates.deviceBytesPerSecond })
    if (label !== undefined) budgets.push({ key: `label/${label}`, rate: rates.labelBytesPerSecond })
    return budgets
  }

  #sweep(now: number): void {
    for (const [key, sentAt] of this.#sentAt) if (sentAt <= now - burstMs) this.#sentAt.delete(key)
    this.#sweepAtCount = Math.max(sweptLeast, 2 * this.#sentAt.size)
  }
}

interface Budget {
  readonly key: string
  /** Bytes a second. */
  readonly rate: number
}
