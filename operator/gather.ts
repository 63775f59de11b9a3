// Long lists come in pages; this asks for as many as are wanted.
import type { Listing } from '../proto/http-api.ts'

/** What one request asks for. */
export interface Page {
  readonly after?: string
  readonly limit: number
}

/** All items of as many pages as it takes, up to `limit`; `pageOf` is asked for at most 1000 at a time. */
export async function gather<T>(
  limit: number,
  after: string | undefined,
  keyOf: (item: T) => string,
  pageOf: (page: Page) => Promise<Listing<T>>,
): Promise<{ readonly items: readonly T[]; readonly hasMore: boolean }> {
  const items: T[] = []
  let cursor = after
  for (;;) {
    const wanted = Math.min(limit - items.length, 1000)
    const page = await pageOf({ limit: wanted, ...(cursor === undefined ? {} : { after: cursor }) })
    // The event log gives at least two.
    const taken = page.data.slice(0, wanted)
    items.push(...taken)
    const last = taken.at(-1)
    const hasMore = page.has_more || taken.length < page.data.length
    if (!hasMore || last === undefined || items.length >= limit) return { items, hasMore }
    cursor = keyOf(last)
  }
}
