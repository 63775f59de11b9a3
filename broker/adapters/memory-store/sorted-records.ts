// A map that can be read in pages by ascending or descending id. Values are kept as JSON.
import type { Page } from '../../ports.ts'

export interface PageRequest {
  readonly after?: string
  readonly limit: number
  readonly descending?: boolean
}

export class SortedRecords<T> {
  readonly #json = new Map<string, string>()
  readonly #ids: string[] = []

  put(id: string, value: T): undefined {
    if (!this.#json.has(id)) this.#ids.splice(this.#countUpTo(id, false), 0, id)
    this.#json.set(id, JSON.stringify(value))
  }

  delete(id: string): undefined {
    if (this.#json.delete(id)) this.#ids.splice(this.#countUpTo(id, false), 1)
  }

  get(id: string): T | undefined {
    const json = this.#json.get(id)
    return json === undefined ? undefined : (JSON.parse(json) as T)
  }

  all(): readonly T[] {
    return this.#ids.flatMap(id => this.get(id) ?? [])
  }

  page(request: PageRequest, where: (value: T) => boolean = () => true): Page<T> {
    const { after, limit, descending = false } = request
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`page limit: expected 1 or more, got ${limit}`)
    const items: T[] = []
    let index = descending ? this.#ids.length - 1 : 0
    if (after !== undefined) index = descending ? this.#countUpTo(after, false) - 1 : this.#countUpTo(after, true)
    for (; index >= 0 && index < this.#ids.length; index += descending ? -1 : 1) {
      const value = this.get(this.#ids[index] as string) as T
      if (!where(value)) continue
      if (items.length === limit) return { items, hasMore: true }
      items.push(value)
    }
    return { items, hasMore: false }
  }

  /** How many ids are smaller, or not larger, than `id`. */
  #countUpTo(id: string, inclusive: boolean): number {
    let low = 0
    let high = this.#ids.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#ids[middle] as string
      if (other < id || (inclusive && other === id)) low = middle + 1
      else high = middle
    }
    return low
  }
}
