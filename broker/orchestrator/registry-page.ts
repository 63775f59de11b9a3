// The registry in bounded pages, as a filter asks for it: the devices it names, or all of them. Whether one of them
// matches is for the caller to see.
import type { DeviceId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { filterIds, type TargetFilter } from '../core/target-filter.ts'
import type { Store } from '../ports.ts'

export interface RegistryPage {
  /** Ascending by id; a name that nobody bears is passed over. */
  readonly items: readonly Device[]
  readonly hasMore: boolean
  /** The next page begins behind it; absent when nothing was looked at. */
  readonly upTo?: DeviceId
}

/** `limit`: how many are looked at; at least 1. */
export async function registryPage(
  store: Pick<Store, 'device' | 'devices'>,
  filter: TargetFilter,
  { after, limit }: { readonly after?: DeviceId | undefined; readonly limit: number },
): Promise<RegistryPage> {
  const ids = filterIds(filter)
  if (ids === undefined) {
    const { items, hasMore } = await store.devices({ limit, ...(after === undefined ? {} : { after }) })
    return { items, hasMore, ...upTo(items.at(-1)?.id) }
  }
  const rest = [...ids].sort().filter(id => after === undefined || id > after)
  const page = rest.slice(0, limit)
  const found = await Promise.all(page.map(id => store.device(id)))
  return { items: found.flatMap(device => device ?? []), hasMore: rest.length > limit, ...upTo(page.at(-1)) }
}

function upTo(last: DeviceId | undefined): { readonly upTo?: DeviceId } {
  return last === undefined ? {} : { upTo: last }
}
