// Pages of a list by cursor. The cursor of this page stands in the address (`after`); the ones before it are remembered for
// as long as the tab lives, so that there is a way back.
import type { Listing } from '../../../proto/http-api.ts'
import { addressWith, parameter } from './route.ts'

export const pageSize = 50

/** `path` and cursor → the cursor of the page before; bounded by what one person clicks. */
const before = new Map<string, string>()

export interface Pages {
  /** Undefined: there is none, or it is not known here. */
  readonly first: string | undefined
  readonly previous: string | undefined
  readonly next: string | undefined
}

/** Addresses of the pages around this one. `next` is the cursor of the following page, if there is one. */
export function pagesAround(next: string | undefined, name = 'after'): Pages {
  const cursor = parameter(name)
  if (next !== undefined) before.set(next, cursor)
  const previous = cursor === '' ? undefined : before.get(cursor)
  return {
    first: cursor === '' ? undefined : addressWith({ [name]: undefined }),
    previous: previous === undefined ? undefined : addressWith({ [name]: previous }),
    next: next === undefined ? undefined : addressWith({ [name]: next }),
  }
}

/** The cursor behind a page: what the broker names, or the id of the last row. */
export function nextCursor<Row>(
  listing: (Pick<Listing<Row>, 'data' | 'has_more'> & { readonly next?: string | undefined }) | undefined,
  idOf: (row: Row) => string,
): string | undefined {
  if (listing === undefined || !listing.has_more) return undefined
  const last = listing.data.at(-1)
  return listing.next ?? (last === undefined ? undefined : idOf(last))
}
