// A map that can be read in pages by ascending or descending id. Values are kept as JSON, each with a mark of its own by
// which pages are chosen: what a page leaves out is not read.
import type { Page } from '../../ports.ts'

export interface PageRequest {
  readonly after?: string
  readonly limit: number
  readonly descending?: boolean
}

export class SortedRecords<T, Mark = undefined> {
  readonly #rows = new Map<string, { readonly json: string; readonly mark: Mark }>()
  readonly #ids: string[] = []

  put(this: SortedRecords<T, undefined>, id: string, value: T): undefined {
    this.putJson(id, JSON.stringify(value), undefined)
  }

  /** `json`: of a T. */
  putJson(id: string, json: string, mark: Mark): undefined {
    if (!this.#rows.has(id)) this.#ids.splice(this.#countUpTo(id, false), 0, id)
    this.#rows.set(id, { json, mark })
  }

  delete(id: string): undefined {
    if (this.#rows.delete(id)) this.#ids.splice(this.#countUpTo(id, false), 1)
  }

  get(id: string): T | undefined {
    const row = this.#rows.get(id)
    return row === undefined ? undefined : (JSON.parse(row.json) as T)
  }

  markOf(id: string): Mark | undefined {
    return this.#rows.get(id)?.mark
  }

  all(): readonly T[] {
    return this.#ids.flatMap(id => this.get(id) ?? [])
  }

  page(request: PageRequest, where: (mark: Mark) => boolean = () => true): Page<T> {
    const { after, limit, descending = false } = request
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`page limit: expected 1 or more, got ${limit}`)
    const items: T[] = []
    let index = descending ? this.#ids.length - 1 : 0
    if (after !== undefined) index = descending ? this.#countUpTo(after, false) - 1 : this.#countUpTo(after, true)
    for (; index >= 0 && index < this.#ids.length; index += descending ? -1 : 1) {
      const row = this.#rows.get(this.#ids[index] as string)
      if (row === undefined || !where(row.mark)) continue
      if (items.length === limit) return { items, hasMore: true }
      items.push(JSON.parse(row.json) as T)
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
