// Counts by reason, for metrics. Reasons are fixed words, so the number of keys is bounded; a sentence, which may have
// numbers in it, is for the log and counts under `other`.

export class Tally {
  readonly #counts = new Map<string, number>()

  add(reason: string): void {
    const key = /^[a-z0-9-]{1,40}$/.test(reason) ? reason : 'other'
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
