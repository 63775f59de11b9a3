// The fleet counted from its registry: right numbers, once for all who ask, in small pieces, of bounded size.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { StoreUnavailable } from '../../../broker/errors.ts'
import type { LogFields, Store } from '../../../broker/ports.ts'
import { FleetCensus } from '../../../broker/reports/fleet-census.ts'
import { device, putDevice } from '../../suites/store-samples.ts'
import { silentLog } from '../orchestrator/world.ts'
import { gate, SoonClock } from './soon-clock.ts'

const digest = (number: number): string => number.toString(16).padStart(64, '0')
const runs = (version: string, name = 'app', of = 1) => ({ components: [{ name, version, digest: digest(of) }] })
const one = (text: string, more: Parameters<typeof putDevice>[1] = {}) => putDevice(device(text), more)

/** The devices of a store, with the number of pages that were read and a gate before each. */
function watched(store: Store) {
  const seen = { pageCount: 0, largest: 0, before: async (): Promise<void> => {} }
  const devices: Store['devices'] = async page => {
    seen.pageCount += 1
    seen.largest = Math.max(seen.largest, page.limit)
    await seen.before()
    return store.devices(page)
  }
  return { seen, devices }
}

t.test('each device is counted once, by component and version, on every store', async t => {
  const level = await LevelStore.open(t.testdir())
  t.teardown(() => level.close())
  for (const store of [new MemoryStore(), level]) {
    const changes = Array.from({ length: 450 }, (_, index) =>
      one(`d${index}`, index % 3 === 0 ? runs('2.0.0') : runs('1.0.0')),
    )
    changes.push(one('e', { components: [], quarantinedAt: 5 }), one('f', runs('1.0.0', 'app', 2)))
    changes.push(one('g', { components: [...runs('1.0.0').components, ...runs('7.0.0', 'boot').components] }))
    await store.commit(changes)
    const clock = new SoonClock(1_000_000)
    const { seen, devices } = watched(store)
    const census = new FleetCensus({ devices }, clock, silentLog)
    t.strictSame(await census.count(), {
      devices: 453,
      quarantined: 1,
      components: [
        {
          component: 'app',
          devices: 452,
          versions: [
            { version: '1.0.0', digest: digest(1), devices: 301 },
            { version: '2.0.0', digest: digest(1), devices: 150 },
            { version: '1.0.0', digest: digest(2), devices: 1 },
          ],
          others: 0,
        },
        {
          component: 'boot',
          devices: 1,
          versions: [{ version: '7.0.0', digest: digest(1), devices: 1 }],
          others: 0,
        },
      ],
      countedAt: 1_000_000,
    })
    t.same([seen.pageCount, seen.largest], [3, 200], 'small pages')
    t.ok(clock.pauseCount >= 3, 'the event loop is given back before each')
  }
})

t.test('all who ask share one count; one that is too old is answered, and the next one begins', async t => {
  const store = new MemoryStore()
  await store.commit([one('a')])
  const clock = new SoonClock(1_000_000)
  const { seen, devices } = watched(store)
  const census = new FleetCensus({ devices }, clock, silentLog)
  const all = await Promise.all([census.count(), census.count(), census.count()])
  t.same(
    all.map(count => count.devices),
    [1, 1, 1],
  )
  t.equal(seen.pageCount, 1, 'one count for three')
  await store.commit([one('b')])
  clock.ms += 20_000
  t.equal((await census.count()).devices, 1, 'not older than 20 s')
  await setImmediate()
  t.equal(seen.pageCount, 1)
  clock.ms += 1
  const hold = gate()
  seen.before = () => hold.passed
  t.equal((await census.count()).devices, 1, 'the old one, at once')
  t.equal((await census.count()).devices, 1)
  hold.open()
  while ((await census.count()).devices !== 2) await setImmediate()
  t.equal(seen.pageCount, 2, 'one new count for all who asked meanwhile')
  t.equal((await census.count()).countedAt, clock.ms)
})

t.test('a count of more than a minute ago is no answer: who asks waits for the next one', async t => {
  const store = new MemoryStore()
  await store.commit([one('a')])
  const clock = new SoonClock(1_000_000)
  const { devices } = watched(store)
  const census = new FleetCensus({ devices }, clock, silentLog)
  t.equal((await census.count()).devices, 1)
  await store.commit([one('b')])
  clock.ms += 60_001
  t.equal((await census.count()).devices, 2)
})

t.test('who asks first waits for the count, but not for ever', async t => {
  const store = new MemoryStore()
  await store.commit([one('a')])
  const clock = new SoonClock(1_000_000)
  const { seen, devices } = watched(store)
  const hold = gate()
  seen.before = () => hold.passed
  const census = new FleetCensus({ devices }, clock, silentLog)
  const first = census.count()
  while (clock.waitCount === 0) await setImmediate()
  clock.endWaits()
  t.strictSame(await first, { devices: 0, quarantined: 0, components: [] }, 'and is told that nothing is counted yet')
  hold.open()
  t.equal((await census.count()).devices, 1)
})

t.test('a count that fails is told to the log and tried again by the next who asks', async t => {
  const store = new MemoryStore()
  await store.commit([one('a')])
  const told: LogFields[] = []
  const { seen, devices } = watched(store)
  seen.before = async () => {
    if (seen.pageCount === 1) throw new StoreUnavailable('for a moment')
  }
  const log = { ...silentLog, warn: (fields: LogFields) => void told.push(fields) }
  const census = new FleetCensus({ devices }, new SoonClock(1), log)
  t.equal((await census.count()).countedAt, undefined)
  t.match(told, [{ event: 'background-failed', work: 'fleet-census', err: StoreUnavailable }])
  t.equal((await census.count()).devices, 1)
})

t.test('what devices call themselves does not make the answer large', async t => {
  const store = new MemoryStore()
  const changes = Array.from({ length: 300 }, (_, index) => one(`v${index}`, runs(`1.0.${index}`, 'app')))
  changes.push(...Array.from({ length: 300 }, (_, index) => one(`c${index}`, runs('1.0.0', `part-${index}`))))
  await store.commit(changes)
  const { components, devices } = await new FleetCensus(store, new SoonClock(1), silentLog).count()
  t.equal(devices, 600)
  t.equal(components.length, 64)
  t.match(components[0], { component: 'app', devices: 300, others: 250 })
  t.equal(components[0]?.versions.length, 50)
})

t.test('of the versions of one count ten thousand are remembered; the rest are others', async t => {
  const store = new MemoryStore()
  await store.commit(
    Array.from({ length: 10_001 }, (_, index) => one(`d${index}`, runs('1.0.0', `part-${index % 2}`, index))),
  )
  // What is first is remembered whole; what comes beyond the limit is of no version that could grow to be the first.
  await store.commit(Array.from({ length: 3 }, (_, index) => one(`z${index}`, runs('9.0.0', 'part-0', 9))))
  const { components } = await new FleetCensus(store, new SoonClock(1), silentLog).count()
  t.match(components, [
    { component: 'part-0', devices: 5004, others: 4954 },
    { component: 'part-1', devices: 5000, others: 4950 },
  ])
  t.notOk(
    components[0]?.versions.some(({ version }) => version === '9.0.0'),
    'a version that came beyond the limit',
  )
})

t.test('a count ends where it is when the broker is closed', async t => {
  const store = new MemoryStore()
  await store.commit(Array.from({ length: 401 }, (_, index) => one(`d${index}`)))
  const { seen, devices } = watched(store)
  const clock = new SoonClock(1)
  const census = new FleetCensus({ devices }, clock, silentLog)
  seen.before = async () => {
    if (seen.pageCount === 2) census.close()
  }
  t.equal((await census.count()).countedAt, undefined)
  t.equal(seen.pageCount, 2, 'the page under way was the last')
  t.equal(clock.pauseCount, 2, 'and nothing waits for a next one')
  await census.count()
  t.equal(seen.pageCount, 2, 'nothing begins any more')
})
