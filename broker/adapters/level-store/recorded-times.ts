// Finds the event that was recorded first at or after a moment. Times never fall in the log, so its number is found by
// halving; but each look is a read of its own, at a place far from the last one, and twenty of them would take longer than
// the page that is asked for. So the looks are always at the same numbers, those that can be halved most often, whatever
// the ends of the log are, and what they found is remembered: an event never changes.

/** Times remembered: the first halvings of any search, and the last ones of some. */
const knownMax = 4096

export class RecordedTimes {
  /** By number, those used longest ago first; bounded. */
  readonly #known = new Map<number, number>()

  /**
   * The lowest number from `low` to `high` - 1 whose time `holds`; `high` when there is none. `holds` must not turn false
   * again, `read` tells the time of an event that is there.
   */
  async first(
    { low, high }: { readonly low: number; readonly high: number },
    holds: (time: number) => boolean,
    read: (number: number) => Promise<number>,
  ): Promise<number> {
    let [from, to] = [low, high]
    while (from < to) {
      const number = mostHalved(from, to)
      if (holds(await this.#timeOf(number, read))) to = number
      else from = number + 1
    }
    return from
  }

  async #timeOf(number: number, read: (number: number) => Promise<number>): Promise<number> {
    const known = this.#known.get(number)
    const time = known ?? (await read(number))
    this.#known.delete(number)
    this.#known.set(number, time)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= knownMax) break
      this.#known.delete(oldest)
    }
    return time
  }
}

/** Of the numbers from `from` to `to` - 1 the one that the greatest power of two divides. */
export function mostHalved(from: number, to: number): number {
  let power = 1
  let found = to - 1
  // Not by bits: numbers of events are larger than 32 of them.
  for (;;) {
    power *= 2
    const next = Math.floor((to - 1) / power) * power
    if (next < from) return found
    found = next
  }
}
