// One piece of work at a time: where reading and writing must not interleave, because the store has no conditions.

export type Serially = <T>(work: () => Promise<T>) => Promise<T>

/** A queue of its own. A failed piece of work fails alone. */
export function serially(): Serially {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
