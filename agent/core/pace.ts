// Is a download too slow for good? Bytes are weighed against the time in which some were asked for, so that a server that
// is busy, a line that is down and a disk that does not keep pace cost nothing. Pure; all times on one monotonic clock.

export interface PaceSettings {
  /** 0: never too slow. */
  readonly minimumBytesPerSecond: number
  /** How long it may be slower. */
  readonly slowLimitMs: number
}

export class Pace {
  readonly #settings: PaceSettings
  #bytes = 0
  #waitedMs = 0
  #lastMs: number | undefined

  constructor(settings: PaceSettings) {
    this.#settings = settings
  }

  came(bytes: number): void {
    this.#bytes += bytes
  }

  /** Nothing can come before the next `look`. */
  rest(): void {
    this.#lastMs = undefined
  }

  /**
   * To be called often, with whether something is awaited from now on. Bytes a second, when for `slowLimitMs` of waiting
   * they were fewer than the minimum; otherwise undefined.
   */
  look(nowMs: number, isAwaiting: boolean): number | undefined {
    const { minimumBytesPerSecond, slowLimitMs } = this.#settings
    if (this.#lastMs !== undefined) this.#waitedMs += nowMs - this.#lastMs
    this.#lastMs = isAwaiting ? nowMs : undefined
    if (minimumBytesPerSecond === 0 || this.#waitedMs < slowLimitMs) return undefined
    const bytesPerSecond = Math.floor((this.#bytes * 1000) / this.#waitedMs)
    this.#bytes = 0
    this.#waitedMs = 0
    return bytesPerSecond < minimumBytesPerSecond ? bytesPerSecond : undefined
  }
}
