// Saying no to a request: counted by reason, and told to the device unless its socket is full.
import { encodeChunkData, type RefusalReason } from '../../proto/chunk-messages.ts'
import type { DeviceConnection } from '../ports.ts'
import type { DeliverySettings } from './delivery-settings.ts'

export class Refusals {
  readonly counts: Record<RefusalReason, number> = { 'no-such-chunk': 0, 'no-right': 0, busy: 0 }
  /** Not told. */
  droppedCount = 0
  readonly #settings: DeliverySettings

  constructor(settings: DeliverySettings) {
    this.#settings = settings
  }

  /** `retryAfterMs` is told with `busy` alone; absent: the setting. */
  send(
    connection: DeviceConnection,
    requestNumber: number,
    reason: RefusalReason,
    { chunk, retryAfterMs = this.#settings.retryAfterMs }: { chunk?: number | undefined; retryAfterMs?: number } = {},
  ): void {
    this.counts[reason] += 1
    // Whoever asks without reading gets no answer at all.
    if (connection.undrainedBytes >= this.#settings.socketUndrainedBytesMax) {
      this.droppedCount += 1
      return
    }
    const waitMs = reason === 'busy' ? retryAfterMs : 0
    const bytes = encodeChunkData({ kind: 'refusal', requestNumber, reason, chunk, retryAfterMs: waitMs })
    connection.publish('chunks/data', [bytes])
  }
}
