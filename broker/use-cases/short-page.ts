// A page of what satisfies a condition no index serves: rows are read in small pieces, a bounded number of them, and where
// that was not enough the page is short and says where to go on.
import type { Page } from '../ports.ts'

/** Of one read of the store: decoding them, some kilobytes each, takes a few milliseconds of the event loop. */
const readMax = 100

export interface ShortPage<Item, Id> extends Page<Item> {
  /** `after` of the following page; there whenever `hasMore` is true. */
  readonly next?: Id
}

/** A row that was passed over has no item. */
export interface Looked<Item, Id> {
  readonly id: Id
  readonly item: Item | undefined
}

/** `read` looks at up to `limit` rows behind `after`, in order. `rowsMax`: rows looked at in all. */
export async function shortPage<Item, Id>(
  read: (position: { readonly after?: Id; readonly limit: number }) => Promise<Page<Looked<Item, Id>>>,
  { after, limit }: { readonly after?: Id; readonly limit: number },
  rowsMax: number,
): Promise<ShortPage<Item, Id>> {
  const items: Item[] = []
  let position = after
  let lastShown = after
  for (let looked = 0; looked < rowsMax; ) {
    const most = Math.min(readMax, rowsMax - looked)
    const page = await read({ limit: most, ...(position === undefined ? {} : { after: position }) })
    for (const { id, item } of page.items) {
      position = id
      if (item === undefined) continue
      // One more than fits: there is a following page, and it begins behind the last one shown.
      if (items.length === limit) return { items, hasMore: true, ...nextOf(lastShown) }
      items.push(item)
      lastShown = id
    }
    looked += Math.max(1, page.items.length)
    if (!page.hasMore) return { items, hasMore: false }
  }
  return { items, hasMore: true, ...nextOf(position) }
}

function nextOf<Id>(id: Id | undefined): { readonly next?: Id } {
  return id === undefined ? {} : { next: id }
}
