// Writes one batch of a broadcast session to everybody it is for: one buffer, one write for each socket. A full socket, or
// one whose device has used up its own budget, misses the batch; one with room for half of it gets the first half. What concerns all of them is waited for: the budget of
// the operation, and room in all sockets of the broker together. The event loop has its turn in between.
import type { OperationId } from '../../proto/ids.ts'
import type { Clock } from '../ports.ts'
import type { DeviceLine } from './device-line.ts'
import type { Batch } from './session-batches.ts'
import type { SessionPace } from './session-pace.ts'
import type { SharedPlane } from './shared-plane.ts'

/** Of all sessions since the start of the process. Changed in place. */
export interface BatchCounts {
  batches: number
  chunks: number
  skips: number
}

/** What is written before the event loop serves something else: sockets, and ms. */
const sliceSockets = 512
const sliceMs = 8

export class BatchWriter {
  readonly #plane: SharedPlane
  readonly #clock: Clock
  readonly #operation: OperationId
  readonly #pace: SessionPace
  readonly #counts: BatchCounts

  constructor(parts: {
    readonly plane: SharedPlane
    readonly clock: Clock
    readonly operation: OperationId
    readonly pace: SessionPace
    readonly counts: BatchCounts
  }) {
    this.#plane = parts.plane
    this.#clock = parts.clock
    this.#operation = parts.operation
    this.#pace = parts.pace
    this.#counts = parts.counts
  }

  /** Resolves when everybody has had it or missed it, or when the session is over; others have had a turn then. */
  async write(batch: Batch, lines: Iterable<DeviceLine>): Promise<void> {
    const patientUntil = this.#pace.patience()
    const limits = this.#limits()
    let sliceEndsAt = this.#clock.monotonic() + sliceMs
    let socketsLeft = sliceSockets
    for (const line of lines) {
      let now = this.#clock.monotonic()
      if (socketsLeft === 0 || now >= sliceEndsAt) {
        await this.#pace.sleep(0)
        now = this.#clock.monotonic()
        sliceEndsAt = now + sliceMs
        socketsLeft = sliceSockets
      }
      socketsLeft -= 1
      const packets = this.#fitting(line, batch, now)
      if (packets !== batch.packets) this.#counts.skips += 1
      if (packets === undefined) continue
      const waiting = this.#writeTo(line, packets, limits, now, patientUntil)
      if (waiting !== undefined) await waiting
      if (this.#pace.over) return
    }
    this.#counts.batches += 1
    this.#counts.chunks += batch.chunkCount
    await this.#pace.sleep(0)
  }

  /** Asked once a batch, because most brokers keep no budget. */
  #limits(): { readonly device: boolean; readonly operation: boolean } {
    const { budgets, settings } = this.#plane
    if (budgets === undefined) return { device: false, operation: false }
    const { deviceBytesPerSecond, labelBytesPerSecond } = settings
    return {
      device: deviceBytesPerSecond > 0 || labelBytesPerSecond > 0,
      operation: budgets.isLimited({ operation: this.#operation }),
    }
  }

  /** As much of the batch as its socket has room for; undefined: nothing. */
  #fitting(line: DeviceLine, { packets, half }: Batch, now: number): Buffer | undefined {
    const { sender } = this.#plane
    if (sender.hindrance(line, packets.length, now) !== 'socket') return packets
    return sender.hindrance(line, half.length, now) === 'socket' ? undefined : half
  }

  /** A promise only where something is waited for. */
  #writeTo(
    line: DeviceLine,
    packets: Buffer,
    limits: { readonly device: boolean; readonly operation: boolean },
    now: number,
    patientUntil: number,
  ): Promise<void> | undefined {
    const { budgets, sender } = this.#plane
    const { device } = line.connection
    // Its own budget, or that of its site: the others are not kept waiting for it.
    if (limits.device && budgets !== undefined && budgets.take(packets.length, { device }, now, 0) > 0) {
      this.#counts.skips += 1
      return undefined
    }
    const waitMs = limits.operation
      ? (budgets?.take(packets.length, { operation: this.#operation }, now, Number.MAX_VALUE) ?? 0)
      : 0
    if (waitMs > 0 || sender.hindrance(line, packets.length, now) !== undefined)
      return this.#writeLater(line, packets, waitMs, patientUntil)
    this.#hand(line, packets, now)
    return undefined
  }

  async #writeLater(line: DeviceLine, packets: Buffer, waitMs: number, patientUntil: number): Promise<void> {
    const { budgets, sender } = this.#plane
    const { length } = packets
    const hindrance = () => sender.hindrance(line, length, this.#clock.monotonic())
    if (waitMs > 0) await this.#pace.sleep(waitMs)
    await this.#pace.until(() => hindrance() !== 'global', patientUntil)
    if (!this.#pace.over && hindrance() === undefined) {
      this.#hand(line, packets, this.#clock.monotonic())
      return
    }
    this.#counts.skips += 1
    budgets?.giveBack(length, { device: line.connection.device })
    budgets?.giveBack(length, { operation: this.#operation })
  }

  #hand(line: DeviceLine, packets: Buffer, now: number): void {
    this.#plane.sender.writeShared(line, packets, now)
    this.#plane.throughput?.add(this.#operation, packets.length, now)
  }
}
