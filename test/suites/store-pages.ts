// Helpers of the suites for stores: pages from everywhere, and a store before and after a restart.
import type { Test } from 'tap'
import type { EventRecord } from '../../broker/core/records.ts'
import type { EventPage, EventQuery, Page, Store } from '../../broker/ports.ts'

export interface StoreUnderTest {
  open(options?: { readonly scanRowsMax?: number }): Promise<Store>
  reopen?(store: Store): Promise<Store>
}

/** Looks at a store, and again after it was closed and opened; closes it. */
export function livesOf(reopen: StoreUnderTest['reopen']) {
  return async (store: Store, look: (store: Store, life: string) => Promise<unknown>): Promise<void> => {
    await look(store, 'at once')
    const later = (await reopen?.(store)) ?? store
    if (reopen !== undefined) await look(later, 'after a restart')
    await later.close()
  }
}

/** Pages of every size from every position give exactly the rest of `ids`. */
export async function everyPage<T, Id extends string>(
  t: Test,
  ids: readonly Id[],
  read: (after: Id | undefined, limit: number) => Promise<Page<T>>,
  idOf: (item: T) => Id,
): Promise<void> {
  for (let from = 0; from <= ids.length; from++) {
    const limits = [1, 2, Math.max(1, ids.length - from), ids.length + 1]
    const expected = limits.map(limit => ({
      limit,
      items: ids.slice(from, from + limit),
      hasMore: from + limit < ids.length,
    }))
    const pages: typeof expected = []
    for (const limit of limits) {
      const { items, hasMore } = await read(from === 0 ? undefined : ids[from - 1], limit)
      pages.push({ limit, items: items.map(idOf), hasMore })
    }
    // One comparison for all of them: thousands of them cost more than what they look at.
    t.strictSame(pages, expected, `from ${from}`)
  }
}

export async function readAll(store: Store, query: EventQuery): Promise<readonly EventRecord[]> {
  const found: EventRecord[] = []
  for (let page = await store.events(query); ; page = await store.events({ ...query, after: nextOf(page) })) {
    found.push(...page.items)
    if (!page.hasMore) return found
  }
}

export function nextOf(page: EventPage): EventRecord['id'] {
  if (page.next === undefined) throw new Error('a page with more behind it says where')
  return page.next
}
