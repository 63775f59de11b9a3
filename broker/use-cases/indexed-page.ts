// A page of the registry by way of the index: only records that can be an answer are read. The counterpart of
// orchestrator/registry-page.ts, which reads them all.
import type { DeviceId } from '../../proto/ids.ts'
import type { Prefilter } from '../core/target-filter.ts'
import type { RegistryPage } from '../orchestrator/registry-page.ts'
import type { Clock, Store } from '../ports.ts'
import type { FleetIndex } from '../reports/fleet-index.ts'

/** Rows of the index that are looked at in one go: a few milliseconds. */
const rowsAtOnce = 5_000

/** `limit`: records that are read, at least 1. As much of the registry is looked at as that takes. */
export async function indexedPage(
  index: FleetIndex,
  parts: { readonly store: Pick<Store, 'device'>; readonly clock: Pick<Clock, 'after'> },
  prefilter: Prefilter,
  { after, limit }: { readonly after: DeviceId | undefined; readonly limit: number },
): Promise<RegistryPage> {
  const { store, clock } = parts
  const ids: DeviceId[] = []
  let upTo = after
  let hasMore = true
  while (hasMore && ids.length < limit && index.complete) {
    const found = index.candidates(prefilter, { after: upTo, limit: limit - ids.length, rowsMax: rowsAtOnce })
    ids.push(...found.ids)
    upTo = found.upTo
    hasMore = found.hasMore
    if (hasMore && ids.length < limit) await new Promise<void>(resolve => clock.after(0, resolve))
  }
  const records = await Promise.all(ids.map(id => store.device(id)))
  return { items: records.flatMap(device => device ?? []), hasMore, ...(upTo === undefined ? {} : { upTo }) }
}
