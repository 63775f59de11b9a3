// Long lists come in pages; this asks for as many as are wanted.
import type { Listing } from '../proto/http-api.ts'

/** What one request asks for. */
export interface Page {
  readonly after?: string
  readonly limit: number
}
/** A page of a list that is searched may be short, even empty: it goes on from `next` then. */
export type Listed<T> = Listing<T> & { readonly next?: string | undefined }
export interface Gathered<T> {
  readonly items: readonly T[]
  readonly hasMore: boolean
  /** Where the rest begins, when there is more. */
  readonly next: string | undefined
}

/** Requests in a row that may find nothing, unless everything is wanted: one looks at thousands of rows. */
const emptyPagesMax = 1_000

/**
 * Pages of items, up to `limit` items together; `pageOf` is asked for at most 1000 at a time. At least one comes; the last
 * one says whether there is more.
 */
export async function* pagesOf<T>(
  limit: number,
  after: string | undefined,
  keyOf: (item: T) => string,
  pageOf: (page: Page) => Promise<Listed<T>>,
): AsyncGenerator<Gathered<T>, void, undefined> {
  let cursor = after
  let count = 0
  for (let empty = 0; ; ) {
    const wanted = Math.min(limit - count, 1000)
    const page = await pageOf({ limit: wanted, ...(cursor === undefined ? {} : { after: cursor }) })
    // The event log gives at least two.
    const items = page.data.slice(0, wanted)
    const last = items.at(-1)
    const cut = items.length < page.data.length
    const next = cut || page.next === undefined ? last && keyOf(last) : page.next
    const hasMore = page.has_more || cut
    count += items.length
    empty = items.length === 0 ? empty + 1 : 0
    yield { items, hasMore, next: hasMore ? next : undefined }
    if (!hasMore || next === undefined || next === cursor || count >= limit) return
    if (empty > emptyPagesMax && Number.isFinite(limit)) return
    cursor = next
  }
}

/** All of it at once. */
export async function gather<T>(
  limit: number,
  after: string | undefined,
  keyOf: (item: T) => string,
  pageOf: (page: Page) => Promise<Listed<T>>,
): Promise<Gathered<T>> {
  const items: T[] = []
  let rest: Omit<Gathered<T>, 'items'> = { hasMore: false, next: undefined }
  for await (const { items: more, ...found } of pagesOf(limit, after, keyOf, pageOf)) {
    items.push(...more)
    rest = found
  }
  return { items, ...rest }
}
