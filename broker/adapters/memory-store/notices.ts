// Notices to webhooks in memory, by the number they are given here.
import type { Notice } from '../../core/records.ts'
import type { Page } from '../../ports.ts'

export class Notices {
  readonly #json = new Map<number, string>()
  #last = 0

  append(notice: Omit<Notice, 'number'>): undefined {
    this.#last += 1
    this.put({ ...notice, number: this.#last })
  }

  put(notice: Notice): undefined {
    this.#json.set(notice.number, JSON.stringify(notice))
  }

  delete(number: number): undefined {
    this.#json.delete(number)
  }

  page({ after = 0, limit }: { readonly after?: number; readonly limit: number }): Page<Notice> {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`page limit: expected 1 or more, got ${limit}`)
    const found = [...this.#json].filter(([number]) => number > after).sort(([a], [b]) => a - b)
    return { items: found.slice(0, limit).map(([, json]) => JSON.parse(json)), hasMore: found.length > limit }
  }
}
