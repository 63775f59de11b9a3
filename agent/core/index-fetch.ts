// Fetches the chunk index before the chunks: one run of bytes, asked for from where it breaks off. Pure as download.ts;
// the order of pieces does not matter for safety, because the whole is checked against the signed digest.

import type { ChunkData } from '../../proto/chunk-messages.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { growingDelayMs } from './backoff.ts'

export interface FetchSettings {
  /** Bytes asked for and not arrived yet, at most. */
  readonly windowBytes: number
  readonly chunkRetriesMax: number
  readonly refetchMax: number
  readonly chunkTimeoutMs: number
  /** Absent, or 0: chunks may come as slowly as they like. */
  readonly minimumBytesPerSecond?: number
  /** How long they may be slower than that. */
  readonly slowLimitMs?: number
}

export type IndexEffect =
  | {
      readonly kind: 'request-index'
      readonly requestNumber: number
      readonly offset: number
      readonly windowBytes: number
    }
  /** All bytes are here: check them; then `bad` or go on to the chunks. */
  | { readonly kind: 'check-index'; readonly bytes: Uint8Array }
  | { readonly kind: 'give-up'; readonly failure: Failure }

/** Longest wait between two tries, milliseconds. */
export const retryCapMs = 60_000

export class IndexFetch {
  readonly #settings: FetchSettings
  readonly #buffer: Buffer
  #have = 0
  #askedTo = 0
  #requestNumber: number
  #lastHeardMs = 0
  #silences = 0
  #noRights = 0
  #bad = 0
  #pausedUntilMs = 0
  #connected = false

  /** `sizeBytes` from the signed manifest, already limited. `requestNumber`: the last one used before. */
  constructor(sizeBytes: number, settings: FetchSettings, requestNumber: number) {
    this.#settings = settings
    this.#buffer = Buffer.alloc(sizeBytes)
    this.#requestNumber = requestNumber
  }

  get requestNumber(): number {
    return this.#requestNumber
  }

  /** When the next `tick` is worth while at the latest, on the same clock as all times here. */
  nextTickMs(nowMs: number): number {
    return nextTickMs(nowMs, this.#pausedUntilMs, this.#settings)
  }

  connected(nowMs: number): readonly IndexEffect[] {
    this.#connected = true
    this.#pausedUntilMs = 0
    return this.#ask(nowMs)
  }

  disconnected(): void {
    this.#connected = false
    this.#askedTo = 0
  }

  data(message: ChunkData, nowMs: number): readonly IndexEffect[] {
    if (this.#askedTo === 0 || message.requestNumber !== this.#requestNumber) return []
    if (message.kind === 'refusal') return this.#refused(message, nowMs)
    if (message.chunk !== undefined) return []
    const end = message.offset + message.data.length
    // Later than what is missing: something was lost between; it is asked for again when it stays silent.
    if (message.offset > this.#have || end <= this.#have) return []
    if (end > this.#buffer.length || message.encodedSize !== this.#buffer.length || message.encoding !== 'plain')
      return this.bad(nowMs)
    this.#buffer.set(message.data, message.offset)
    this.#have = end
    this.#lastHeardMs = nowMs
    this.#silences = 0
    this.#noRights = 0
    if (this.#have === this.#buffer.length) {
      this.#askedTo = 0
      return [{ kind: 'check-index', bytes: this.#buffer }]
    }
    return this.#have >= this.#askedTo ? this.#ask(nowMs) : []
  }

  /** The bytes are not what the manifest promised. `what`: for whoever is told. */
  bad(nowMs: number, what: Readonly<Record<string, string>> = {}): readonly IndexEffect[] {
    this.#bad += 1
    if (this.#bad > this.#settings.refetchMax)
      return [{ kind: 'give-up', failure: { code: 'UPD4_FAIL_26', data: { reason: 'chunk-index', ...what } } }]
    this.#have = 0
    return this.#ask(nowMs)
  }

  tick(nowMs: number): readonly IndexEffect[] {
    if (!this.#connected || nowMs < this.#pausedUntilMs) return []
    if (this.#askedTo === 0) return this.#have === this.#buffer.length ? [] : this.#ask(nowMs)
    if (nowMs - this.#lastHeardMs < growingDelayMs(this.#silences, this.#settings.chunkTimeoutMs, retryCapMs)) return []
    this.#silences += 1
    if (this.#silences > this.#settings.chunkRetriesMax)
      return [
        { kind: 'give-up', failure: { code: 'UPD4_FAIL_24', data: { reason: 'no-answer', field: 'chunk-index' } } },
      ]
    return this.#ask(nowMs)
  }

  #refused({ reason, retryAfterMs }: Extract<ChunkData, { kind: 'refusal' }>, nowMs: number): readonly IndexEffect[] {
    if (reason === 'no-such-chunk')
      return [{ kind: 'give-up', failure: { code: 'UPD4_FAIL_24', data: { reason, field: 'chunk-index' } } }]
    if (reason === 'no-right') this.#noRights += 1
    if (this.#noRights > this.#settings.chunkRetriesMax)
      return [{ kind: 'give-up', failure: { code: 'UPD4_FAIL_24', data: { reason, field: 'chunk-index' } } }]
    this.#askedTo = 0
    this.#pausedUntilMs = nowMs + pauseMs(retryAfterMs, this.#noRights)
    return []
  }

  #ask(nowMs: number): readonly IndexEffect[] {
    if (!this.#connected) return []
    this.#requestNumber += 1
    this.#lastHeardMs = nowMs
    const offset = this.#have
    const windowBytes = Math.min(this.#settings.windowBytes, this.#buffer.length - offset)
    this.#askedTo = offset + windowBytes
    return [{ kind: 'request-index', requestNumber: this.#requestNumber, offset, windowBytes }]
  }
}

/** How long to hold still after a refusal: as told, within bounds, longer when refused in a row. */
export function pauseMs(retryAfterMs: number, inARow: number): number {
  return Math.min(retryCapMs, Math.max(retryAfterMs, growingDelayMs(inARow, 250, retryCapMs)))
}

export function nextTickMs(nowMs: number, pausedUntilMs: number, { chunkTimeoutMs }: FetchSettings): number {
  return pausedUntilMs > nowMs ? pausedUntilMs : nowMs + Math.max(10, Math.min(1000, chunkTimeoutMs / 2))
}
