// Failures by code and hour: every FAIL event once, whether it was logged before the start or happens after it.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import type { NewEvent } from '../../../broker/core/records.ts'
import { StoreUnavailable } from '../../../broker/errors.ts'
import type { Store } from '../../../broker/ports.ts'
import { FailureTally } from '../../../broker/reports/failure-tally.ts'
import { type EventCode, eventCodeEntry } from '../../../proto/event-codes.ts'
import { append, device, eventOf } from '../../suites/store-samples.ts'
import { silentLog } from '../orchestrator/world.ts'
import { gate, SoonClock } from './soon-clock.ts'

const hour = 3_600_000
/** 20 minutes past an hour. */
const now = 500_000 * hour + 1_200_000
const failure = (agoMs: number, code: EventCode = 'UPD4_FAIL_24', more: Partial<NewEvent> = {}): NewEvent =>
  eventOf(device('sensor-1'), { recordedAt: now - agoMs, code, type: 'FAIL', category: 'ERROR', ...more } as never)

/** Logs in order of time, as a broker does, and tells who listens. */
async function logged(store: Store, events: readonly NewEvent[], tally?: FailureTally): Promise<void> {
  const stored = await store.commit([...events].sort((a, b) => a.recordedAt - b.recordedAt).map(append))
  for (const event of stored) tally?.event(event)
}

t.test('failures stand in their hours, whether they are in the log or happen now', async t => {
  const level = await LevelStore.open(t.testdir())
  t.teardown(() => level.close())
  for (const store of [new MemoryStore(), level]) {
    const info = eventOf(device('sensor-1'), { recordedAt: now - hour })
    await logged(store, [
      failure(3 * hour),
      failure(1_200_001),
      failure(1_200_000),
      failure(5, 'UPD4_FAIL_23'),
      info,
      failure(2 * hour + 1_200_001),
    ])
    const clock = new SoonClock(now)
    const tally = new FailureTally(store, clock, silentLog)
    await logged(store, [failure(4), eventOf(device('sensor-1'), { recordedAt: now - 3 })], tally)
    t.strictSame(await tally.history(3), {
      since: new Date(now - 1_200_000 - 2 * hour).toISOString(),
      complete: true,
      stepSeconds: 3600,
      codes: [
        { code: 'UPD4_FAIL_24', text: eventCodeEntry('UPD4_FAIL_24').text, total: 3, counts: [0, 1, 2] },
        { code: 'UPD4_FAIL_23', text: eventCodeEntry('UPD4_FAIL_23').text, total: 1, counts: [0, 0, 1] },
      ],
    })
    clock.ms += hour
    await logged(store, [failure(-hour)], tally)
    const { codes } = await tally.history(168)
    t.match(codes, [
      { code: 'UPD4_FAIL_24', total: 6 },
      { code: 'UPD4_FAIL_23', total: 1 },
    ])
    t.same(codes[0]?.counts.slice(-5), [2, 0, 1, 2, 1], 'the hours have moved on')
  }
})

t.test('an event that the log holds and the feed tells is counted once', async t => {
  const store = new MemoryStore()
  const [event] = await store.commit([append(failure(10))])
  const tally = new FailureTally(store, new SoonClock(now), silentLog)
  // Durable when the tally was made, told a moment later.
  if (event !== undefined) tally.event(event)
  t.match(await tally.history(1), { codes: [{ total: 1 }] })
})

t.test('what is older than a week is not read, and what has become older is forgotten', async t => {
  const store = new MemoryStore()
  await logged(store, [failure(168 * hour), failure(167 * hour), failure(0)])
  const clock = new SoonClock(now)
  let rows = 0
  const events: Store['events'] = async query => {
    const page = await store.events(query)
    rows += page.items.length
    return page
  }
  const tally = new FailureTally({ events, eventRange: () => store.eventRange() }, clock, silentLog)
  t.match(await tally.history(168), { complete: true, codes: [{ total: 2 }] })
  t.equal(rows, 2)
  clock.ms += 168 * hour
  await logged(store, [failure(-168 * hour)], tally)
  t.match(await tally.history(168), { complete: true, codes: [{ total: 1 }] })
  clock.ms = now
  const past = await tally.history(168)
  t.strictSame(past.codes, [], 'nothing of it is kept')
})

t.test('the log is read newest first in small pages; a short span is complete before a long one', async t => {
  const store = new MemoryStore()
  await logged(
    store,
    Array.from({ length: 900 }, (_, index) => failure(Math.floor(index / 9) * hour)),
  )
  let pages = 0
  const hold = gate()
  const events: Store['events'] = async query => {
    pages += 1
    t.ok(query.limit <= 200)
    if (pages === 3) await hold.passed
    return store.events(query)
  }
  const clock = new SoonClock(now)
  const tally = new FailureTally({ events, eventRange: () => store.eventRange() }, clock, silentLog)
  const all = tally.history(168)
  while (pages < 3) await setImmediate()
  t.match(await tally.history(24), { complete: true, codes: [{ total: 216 }] }, 'two pages tell the last day')
  clock.endWaits()
  t.match(await all, { complete: false, codes: [{ total: 400 }] }, 'the week is still being read')
  hold.open()
  t.match(await tally.history(168), { complete: true, codes: [{ total: 900 }] })
  const before = pages
  t.match(await tally.history(168), { complete: true })
  t.equal(pages, before, 'the log is read once')
  t.ok(clock.pauseCount >= pages, 'the event loop is given back before each page')
})

t.test('more failures than are read leave the older hours incomplete, for good', async t => {
  const store = new MemoryStore()
  await logged(
    store,
    Array.from({ length: 100 }, (_, index) => failure(index * hour)),
  )
  let pages = 0
  const events: Store['events'] = query => {
    pages += 1
    return store.events(query)
  }
  const reads = { events, eventRange: () => store.eventRange() }
  const tally = new FailureTally(reads, new SoonClock(now), silentLog, 50)
  t.match(await tally.history(168), { complete: false, codes: [{ total: 50 }] })
  t.match(await tally.history(168), { complete: false, codes: [{ total: 50 }] })
  t.equal(pages, 1, 'it is not begun again')
  t.match(await tally.history(49), { complete: true, codes: [{ total: 49 }] })
})

t.test('after a failure of the store the reading goes on where it was', async t => {
  const store = new MemoryStore()
  await logged(
    store,
    Array.from({ length: 500 }, () => failure(1000)),
  )
  let pages = 0
  const events: Store['events'] = async query => {
    pages += 1
    if (pages === 2) throw new StoreUnavailable('for a moment')
    return store.events(query)
  }
  const reads = { events, eventRange: () => store.eventRange() }
  const tally = new FailureTally(reads, new SoonClock(now), silentLog)
  t.match(await tally.history(1), { complete: false, codes: [{ total: 200 }] })
  t.match(await tally.history(1), { complete: true, codes: [{ total: 500 }] })
  t.equal(pages, 4)
})
