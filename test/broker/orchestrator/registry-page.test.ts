// The registry in pages, read to its end: with the names of a filter, and whole.
import t from 'tap'
import { registryPage } from '../../../broker/orchestrator/registry-page.ts'
import { parsedFilter } from '../../../broker/orchestrator/sweep-tasks.ts'
import { type DeviceId, deviceId } from '../../../proto/ids.ts'
import { deviceOf } from '../core/machine.ts'

const known = ['a', 'b', 'c', 'd', 'e'].map(id => deviceOf(id))
const store = {
  device: async (id: DeviceId) => known.find(device => device.id === id),
  devices: async ({ after, limit }: { readonly after?: DeviceId; readonly limit: number }) => {
    const rest = known.filter(({ id }) => after === undefined || id > after)
    return { items: rest.slice(0, limit), hasMore: rest.length > limit }
  },
}

for (const [filter, limit, pages] of [
  ['state__eq=registered', 2, ['ab', 'cd', 'e']],
  ['state__eq=registered', 5, ['abcde']],
  ['id__in=e,a,c', 2, ['ac', 'e']],
  ['id__in=e,a,c', 3, ['ace']],
  ['id__in=a,x,y,z', 2, ['a', '']],
  ['id__in=w,x,y', 1, ['', '', '']],
] as const)
  t.test(`${filter}, ${limit} at a time: every device once, and an end`, async t => {
    const seen: string[] = []
    for (let after: DeviceId | undefined, more = true; more && seen.length < 9; ) {
      const page = await registryPage(store, parsedFilter(filter), { after, limit })
      seen.push(page.items.map(({ id }) => id).join(''))
      after = page.upTo
      more = page.hasMore
    }
    t.strictSame(seen, pages)
  })

t.test('behind the last one there is nothing, and nothing was looked at', async t => {
  for (const filter of ['id__eq=a', 'state__eq=registered'])
    t.strictSame(await registryPage(store, parsedFilter(filter), { after: deviceId('f'), limit: 2 }), {
      items: [],
      hasMore: false,
    })
})
