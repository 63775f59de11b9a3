// The index of the fleet finds exactly what a walk over the registry finds, whatever happens to devices while it is built
// and afterwards, reads no record that cannot be an answer, and stays within its limits.
import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import type { Device } from '../../../broker/core/device.ts'
import { matches, parseTargetFilter } from '../../../broker/core/target-filter.ts'
import type { LogFields, Store } from '../../../broker/ports.ts'
import { FleetIndex } from '../../../broker/reports/fleet-index.ts'
import { deviceUseCases } from '../../../broker/use-cases/devices.ts'
import { seed } from '../../fixtures/cases.ts'
import { seeded } from '../../fixtures/seeded.ts'
import { device as idOf, putDevice } from '../../suites/store-samples.ts'
import { silentLog } from '../orchestrator/world.ts'
import { viewer } from '../use-cases/scene.ts'
import { SoonClock } from './soon-clock.ts'

const digest = '0d'.repeat(32)
const runs = (version: string, name = 'app') => ({ components: [{ name, version, digest }] })
const name = (number: number) => idOf(`d${String(number).padStart(4, '0')}`)

/** A store whose reads are counted; `between` happens while a page is under way. */
function scene(between: () => Promise<void> = async () => {}) {
  const store = new MemoryStore()
  const seen = { pages: 0, records: 0 }
  const watched = {
    async devices(page: Parameters<Store['devices']>[0]) {
      seen.pages += 1
      const found = await store.devices(page)
      await between()
      return found
    },
    async device(id: Device['id']) {
      seen.records += 1
      return store.device(id)
    },
  }
  const clock = new SoonClock(1_000_000)
  const list = (index: FleetIndex) => {
    const parts = { store: watched, clock, isOnline: () => false, reports: { index } }
    const { listDevices } = deviceUseCases(parts as never)
    return async (filter: string, limit: number): Promise<readonly string[]> => {
      const ids: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await listDevices(viewer, { filter, limit, ...(after === undefined ? {} : { after }) })
        ids.push(...page.data.map(({ id }) => id))
        if (page.data.length > limit) throw new Error(`a page of ${limit} has ${page.data.length}`)
        if (!page.has_more) return ids
        after = page.next
      }
    }
  }
  return { store, watched, seen, clock, list }
}

const questions = [
  'component=app&version=1.0.0',
  'component=app&version__neq=1.0.0',
  'component__neq=app',
  'version__gte=2.0.0',
  'component__in=app,boot&version__lte=1.5.0',
  'digest=0d',
  'id__like=d00*',
  'id__like=*nobody*',
  'id__nin=d0001,d0002&component=app',
  'group=hall&component=app&version=3.0.0',
].map(text => text.replace('digest=0d', `digest=${digest}`))

t.test('what it finds is what a walk over the registry finds, also while devices come, change and go', async t => {
  t.comment(`DROVER_SEED=${seed}`)
  const chance = seeded(seed)
  const whole = (below: number): number => Math.floor(chance() * below)
  const versions = ['1.0.0', '2.0.0', '3.0.0', '1.5.0']
  let index: FleetIndex | undefined
  const change = async (): Promise<void> => {
    const id = name(whole(1200))
    if (whole(4) === 0) {
      await store.commit([{ kind: 'delete-device', device: id }])
      index?.deviceGone(id)
      return
    }
    const components = [runs(versions[whole(4)] as string), runs('7.0.0', 'boot')].flatMap(each => each.components)
    const more = { components: components.slice(whole(2), 1 + whole(2)), ...(whole(2) === 0 ? { group: 'hall' } : {}) }
    const put = putDevice(id, more)
    await store.commit([put])
    index?.device(put.device)
  }
  const several = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await change()
  }
  const { store, watched, clock, list } = scene(() => (index === undefined ? Promise.resolve() : several(whole(30))))
  await several(900)
  const found = new FleetIndex(watched, clock, silentLog)
  index = found
  t.teardown(() => found.close())
  found.want()
  await found.built(1000)
  t.ok(found.complete)
  for (let round = 0; round < 12; round += 1) {
    const all = (await store.devices({ limit: 10_000 })).items
    t.equal(found.figures().devices, all.length)
    for (const text of questions) {
      const parsed = parseTargetFilter(text)
      if ('problems' in parsed) throw new Error(text)
      const wanted = all.filter(device => matches(parsed.filter, device, { now: clock.now(), online: false }))
      t.same(
        await list(found)(text, 1 + whole(60)),
        wanted.map(({ id }) => id),
        text,
      )
    }
    await several(whole(400))
  }
  for (const { id } of (await store.devices({ limit: 10_000 })).items) found.deviceGone(id)
  t.same(found.figures(), { devices: 0, kinds: 0 }, 'nothing is left of devices that are gone')
})

t.test('it reads the records of those that can be an answer, and no others', async t => {
  const { store, watched, seen, clock, list } = scene()
  await store.commit(
    Array.from({ length: 3000 }, (_, at) => putDevice(name(at), runs(at % 500 === 7 ? '1.0.0' : '2.0.0'))),
  )
  const index = new FleetIndex(watched, clock, silentLog)
  t.teardown(() => index.close())
  const stragglers = [7, 507, 1007, 1507, 2007, 2507].map(name)
  t.same(await list(index)('component=app&version=1.0.0', 50), stragglers, 'before it is built the registry is walked')
  t.equal(seen.records, 0)
  await index.built(1000)
  t.ok(index.complete, 'whoever has asked has it built')
  Object.assign(seen, { pages: 0, records: 0 })
  t.same(await list(index)('component=app&version=1.0.0', 50), stragglers)
  t.same(seen, { pages: 0, records: 6 })
  t.same(await list(index)('component=app&version=1.0.0', 4), stragglers, 'in pages')
  t.same(await list(index)('id__like=*nobody*', 50), [])
  t.equal(seen.pages, 0)
  const between = Array.from({ length: 900 }, (_, at) => idOf(`${name(1000)}-${String(at).padStart(3, '0')}`))
  for (const id of between) {
    const put = putDevice(id, runs('1.5.0'))
    await store.commit([put])
    index.device(put.device)
  }
  t.same(await list(index)('component=app&version=1.5.0', 1000), between, 'many that come in one place')
  t.same(await list(index)('component=app&version=1.0.0', 50), stragglers)
  t.equal(seen.pages, 0)
  t.same(await list(index)('group=hall', 50), [], 'what it knows nothing of is looked up in the registry')
  t.ok(seen.pages > 0)
})

t.test('a small fleet is read before anybody asks, of a large one a part, and then no more', async t => {
  for (const [count, known] of [
    [300, 300],
    [1500, 600],
  ] as const) {
    const { store, watched, clock } = scene()
    await store.commit(Array.from({ length: count }, (_, at) => putDevice(name(at), runs('1.0.0'))))
    const index = new FleetIndex(watched, clock, silentLog, { eagerDevices: 600 })
    t.teardown(() => index.close())
    t.equal(index.figures().devices, 0)
    clock.endWaits()
    await index.built(1000)
    t.same([index.figures().devices, index.complete], [known, known === count])
    index.want()
    await index.built(1000)
    t.same([index.figures().devices, index.complete], [count, true])
  }
})

t.test('a fleet beyond the limits has no index, is told so once, and is answered by a walk', async t => {
  for (const limits of [{ devicesMax: 250 }, { kindsMax: 20 }]) {
    const { store, watched, clock, list } = scene()
    await store.commit(Array.from({ length: 400 }, (_, at) => putDevice(name(at), runs(`1.0.${at % 30}`))))
    const warned: LogFields[] = []
    const log = { ...silentLog, warn: (fields: LogFields) => void warned.push(fields) }
    const index = new FleetIndex(watched, clock, log, limits)
    t.teardown(() => index.close())
    const ask = list(index)
    t.same(
      await ask('version=1.0.29', 50),
      Array.from({ length: 13 }, (_, turn) => name(29 + 30 * turn)),
    )
    await index.built(1000)
    t.equal(index.complete, false)
    t.same(index.figures(), { devices: 0, kinds: 0 })
    index.device(putDevice(name(1), runs('9.0.0')).device)
    t.equal((await ask('version=1.0.29', 50)).length, 13)
    await index.built(1000)
    t.same(
      warned.map(({ event }) => event),
      ['fleet-index-given-up'],
    )
  }
})
