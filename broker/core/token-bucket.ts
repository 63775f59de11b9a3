// How often somebody may do something: so many at once, so many a second after that. Time is an argument.

export interface TokenRate {
  /** Above 0. */
  readonly perSecond: number
  /** At once, after a long rest; 1 or more. */
  readonly burst: number
}

interface Bucket {
  readonly tokens: number
  readonly atMs: number
}

/** One bucket for each key. Remembers at most `keysMax` of them: a bucket that is full again is as good as forgotten. */
export class TokenBuckets {
  readonly #rate: TokenRate
  readonly #keysMax: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: TokenRate, keysMax: number) {
    this.#rate = rate
    this.#keysMax = keysMax
  }

  /** False when the key has nothing left. `nowMs` is monotonic. */
  take(key: string, nowMs: number): boolean {
    const tokens = this.#tokens(this.#buckets.get(key), nowMs)
    if (tokens < 1) return false
    if (this.#buckets.size >= this.#keysMax && !this.#buckets.has(key)) this.#makeRoom(nowMs)
    this.#buckets.set(key, { tokens: tokens - 1, atMs: nowMs })
    return true
  }

  /** What `take` would say; nothing is taken. */
  has(key: string, nowMs: number): boolean {
    return this.#tokens(this.#buckets.get(key), nowMs) >= 1
  }

  /** Puts `tokens` back, at most until it is full. */
  give(key: string, tokens: number, nowMs: number): void {
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) return
    this.#buckets.set(key, { tokens: Math.min(this.#rate.burst, this.#tokens(bucket, nowMs) + tokens), atMs: nowMs })
  }

  #tokens(bucket: Bucket | undefined, nowMs: number): number {
    if (bucket === undefined) return this.#rate.burst
    return Math.min(this.#rate.burst, bucket.tokens + ((nowMs - bucket.atMs) * this.#rate.perSecond) / 1000)
  }

  /** Drops the full ones, and when all are in use the one that was first seen. */
  #makeRoom(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#tokens(bucket, nowMs) >= this.#rate.burst) this.#buckets.delete(key)
    }
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < this.#keysMax) return
      this.#buckets.delete(key)
    }
  }
}
