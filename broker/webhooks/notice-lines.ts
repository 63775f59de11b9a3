// The notices that wait, one line a webhook. Only the first of each line are in memory, the rest stays in the store; the
// store is read a page at a time, by one reader (webhooks.ts).
import type { Notice } from '../core/records.ts'
import type { Store } from '../ports.ts'

export interface Line {
  readonly webhook: string
  /** In their order; the first is the next to be delivered. */
  readonly waiting: Notice[]
  /** An attempt is under way. */
  busy: boolean
}
interface Kept extends Line {
  /** All notices of this webhook up to this number have been put in `waiting`. */
  last: number
  /** There was no room for more: those beyond `last`, up to what has been read, are in the store only. */
  more: boolean
}

export class NoticeLines {
  readonly #store: Pick<Store, 'notices'>
  readonly #lineMax: number
  readonly #pageRows: number
  readonly #lines = new Map<string, Kept>()
  /** All notices up to this number are in a line or beyond the `last` of theirs. */
  #readTo = 0

  constructor(store: Pick<Store, 'notices'>, lineMax: number, pageRows: number) {
    this.#store = store
    this.#lineMax = lineMax
    this.#pageRows = pageRows
  }

  /** Those that are not busy and have something to deliver, the one served last at the end. */
  ready(): readonly Line[] {
    const ready: Line[] = []
    for (const line of this.#lines.values()) {
      if (line.waiting.length > 0) ready.push(line)
      else if (!line.more && !line.busy) this.#lines.delete(line.webhook)
    }
    return ready.filter(({ busy }) => !busy)
  }

  /** Its turn has come: all others come before it now. */
  served({ webhook }: Line): void {
    const line = this.#lines.get(webhook)
    if (line === undefined) return
    this.#lines.delete(webhook)
    this.#lines.set(webhook, line)
  }

  /** Reads one page for a line whose next notices are in the store only; false when there is no such line. */
  async fill(): Promise<boolean> {
    const line = [...this.#lines.values()].find(({ more, waiting, busy }) => more && waiting.length === 0 && !busy)
    if (line === undefined) return false
    const page = await this.#store.notices({ after: line.last, limit: this.#pageRows })
    let more = page.hasMore
    for (const notice of page.items) {
      // Those come by readNew, and must not come twice.
      if (notice.number > this.#readTo) {
        more = false
        break
      }
      if (notice.webhook === line.webhook && !this.#put(line, notice)) {
        more = true
        break
      }
      line.last = notice.number
    }
    line.more = more
    return true
  }

  /** Reads one page of notices that have not been read; true when there are more. */
  async readNew(): Promise<boolean> {
    const page = await this.#store.notices({ after: this.#readTo, limit: this.#pageRows })
    for (const notice of page.items) {
      const line = this.#lines.get(notice.webhook) ?? newLine(notice)
      this.#lines.set(notice.webhook, line)
      if (!line.more) line.more = !this.#put(line, notice)
      this.#readTo = notice.number
    }
    return page.hasMore
  }

  /** False when there is no room. */
  #put(line: Kept, notice: Notice): boolean {
    if (line.waiting.length >= this.#lineMax) return false
    line.waiting.push(notice)
    line.last = notice.number
    return true
  }
}

function newLine({ webhook }: Notice): Kept {
  return { webhook, waiting: [], busy: false, last: 0, more: false }
}
