// What every Store must do when it is asked for events; part of the suite in store.ts.
// DROVER_LONG=1 asks every question of a second history too.
import type { Test } from 'tap'
import type { EventRecord } from '../../broker/core/records.ts'
import type { EventPage, EventQuery } from '../../broker/ports.ts'
import { eventIdOf, type OperationId } from '../../proto/ids.ts'
import { seed as chosen, long } from '../fixtures/cases.ts'
import { seeded } from '../fixtures/seeded.ts'
import { everyPage, livesOf, nextOf, readAll, type StoreUnderTest } from './store-pages.ts'
import { append, below, device, eventOf, operation, pick } from './store-samples.ts'

export function storeEventsSuite(t: Test, { open, reopen }: StoreUnderTest): void {
  const eachLife = livesOf(reopen)

  for (const scanRowsMax of [undefined, 7]) {
    const bound = scanRowsMax === undefined ? '' : `, looking at ${scanRowsMax} rows a page`
    t.test(`every question about events is answered like a plain filter would${bound}`, async t => {
      for (const seed of long ? [chosen, chosen + 1] : [chosen]) {
        const random = seeded(seed)
        const store = await open(scanRowsMax === undefined ? {} : { scanRowsMax })
        const stored: EventRecord[] = []
        while (stored.length < 120) {
          const changes = Array.from({ length: 1 + below(random, 8) }, () => append(randomEvent(random)))
          stored.push(...(await store.commit(changes)))
        }
        await eachLife(store, async (store, life) => {
          for (const query of questions()) {
            const expected = stored.filter(event => answers(event, query))
            if (query.order === 'DESC') expected.reverse()
            const said = `seed ${seed} ${JSON.stringify(query)} ${life}`
            t.strictSame(await readAll(store, query), expected, said)
            const after = pick(random, stored).id
            const rest = expected.filter(event => (query.order === 'ASC' ? event.id > after : event.id < after))
            t.strictSame(await readAll(store, { ...query, after }), rest, `${said} after ${after}`)
          }
        })
      }
    })
  }

  t.test('events are paged from every position in both orders', async t => {
    const store = await open()
    const stored = await store.commit(Array.from({ length: 9 }, () => append(eventOf(device('a')))))
    for (const order of ['ASC', 'DESC'] as const) {
      const ids = stored.map(event => event.id)
      if (order === 'DESC') ids.reverse()
      for (const filter of [{}, { device: device('a') }]) {
        const read = (after: EventRecord['id'] | undefined, limit: number) =>
          store.events({ ...filter, ...(after && { after }), order, limit })
        await everyPage(t, ids, read, event => event.id)
        const past = await read(eventIdOf(order === 'ASC' ? 2 ** 53 - 1 : 0), 5)
        t.strictSame(past, { items: [], hasMore: false }, 'beyond the end there is nothing')
        t.equal((await read(eventIdOf(order === 'ASC' ? 0 : 2 ** 53 - 1), 50)).items.length, 9)
      }
    }
    await store.close()
  })

  t.test('times in the log never fall: an event that is late takes the time of the one before it', async t => {
    let store = await open()
    const given = [100, 90, 100, 250, 10]
    const stored = await store.commit(given.map(recordedAt => append(eventOf(device('a'), { recordedAt }))))
    t.strictSame(
      stored.map(event => event.recordedAt),
      [100, 100, 100, 250, 250],
      'the commit tells',
    )
    store = (await reopen?.(store)) ?? store
    const [late] = await store.commit([append(eventOf(device('a'), { recordedAt: 5 }))])
    t.equal(late?.recordedAt, 250, 'also after a restart')
    t.equal(await store.trimEvents(1000, 10), 6)
    store = (await reopen?.(store)) ?? store
    const [later] = await store.commit([append(eventOf(device('a'), { recordedAt: 5 }))])
    t.equal(later?.recordedAt, 250, 'also when all of them were trimmed')
    await eachLife(store, async store => t.strictSame(await readAll(store, { order: 'ASC', limit: 9 }), [later]))
  })

  t.test('a log is entered by time, with any filter, in both orders', async t => {
    const random = seeded(chosen)
    const store = await open()
    const stored: EventRecord[] = []
    let at = 1000
    while (stored.length < 90) {
      at += below(random, 3)
      stored.push(...(await store.commit([append({ ...randomEvent(random), recordedAt: at })])))
    }
    const times = [999, 1000, at, at + 1, ...Array.from({ length: 4 }, () => 1000 + below(random, at - 1000))]
    const filters = [{}, { device: device('a') }, { operation: operation(1) }, { code: codes[1] }, { type: types[1] }]
    await eachLife(store, async (store, life) => {
      for (const filter of filters) {
        // One comparison for all bounds of a filter: hundreds of them cost more than what they look at.
        const [found, expected]: [object[], object[]] = [[], []]
        for (const [index, notBefore] of times.entries()) {
          const notAfter = times[(index * 5 + 3) % times.length] as number
          for (const bounds of [{ notBefore }, { notAfter }, { notBefore, notAfter }]) {
            const order = (index + life.length) % 2 === 0 ? 'ASC' : 'DESC'
            const query: EventQuery = { ...filter, ...bounds, order, limit: 7 }
            const events = stored.filter(event => answers(event, query) && isWithin(event, query))
            if (order === 'DESC') events.reverse()
            expected.push({ query, ids: events.map(event => event.id) })
            found.push({ query, ids: (await readAll(store, query)).map(event => event.id) })
          }
        }
        t.strictSame(found, expected, `seed ${chosen} ${JSON.stringify(filter)} ${life}`)
      }
    })
  })

  t.test('the oldest events are forgotten, and the rest is what it was', async t => {
    let store = await open()
    t.strictSame(store.eventRange(), { oldest: 1, newest: 0 }, 'of an empty log')
    t.equal(await store.trimEvents(5, 10), 0)
    const random = seeded(chosen + 1)
    const stored = [
      ...(await store.commit(
        Array.from({ length: 60 }, (_, index) => append({ ...randomEvent(random), recordedAt: 1000 + index })),
      )),
    ]
    t.equal(await store.trimEvents(1000, 100), 0, 'what is as old as the moment stays')
    t.equal(await store.trimEvents(1010, 4), 4, 'at most so many a call')
    t.strictSame(store.eventRange(), { oldest: 5, newest: 60 })
    t.equal((await Promise.all([store.trimEvents(1010, 5), store.trimEvents(1010, 50)])).join(), '5,1')
    store = (await reopen?.(store)) ?? store
    t.strictSame(store.eventRange(), { oldest: 11, newest: 60 })
    const kept = stored.slice(10)
    kept.push(...(await store.commit([append({ ...randomEvent(random), recordedAt: 2000 })])))
    t.equal(kept.at(-1)?.id, eventIdOf(61), 'numbers go on')
    await eachLife(store, async (store, life) => {
      for (const query of questions()) {
        const expected = kept.filter(event => answers(event, query))
        if (query.order === 'DESC') expected.reverse()
        t.strictSame(await readAll(store, query), expected, `${JSON.stringify(query)} ${life}`)
        t.strictSame(await readAll(store, { ...query, after: eventIdOf(3) }), query.order === 'ASC' ? expected : [])
      }
      t.equal(await store.event(eventIdOf(10)), undefined, life)
      t.strictSame(await store.event(eventIdOf(11)), kept[0], life)
      t.strictSame(await readAll(store, { order: 'ASC', limit: 9, notBefore: 0, notAfter: 1011 }), kept.slice(0, 2))
    })
  })

  t.test('all events can be forgotten, also while others are written and read', async t => {
    let store = await open()
    const rounds = Array.from({ length: 25 }, (_, index) => index)
    await Promise.all(
      rounds.map(async round => {
        await store.commit(Array.from({ length: 4 }, () => append(eventOf(device('a'), { recordedAt: round }))))
        await store.trimEvents(round, 3)
        const { oldest } = store.eventRange()
        const page = await store.events({ order: 'ASC', limit: 3, ...(round % 2 === 0 ? { device: device('a') } : {}) })
        t.ok(page.items.every(event => Number.parseInt(event.id, 16) >= oldest))
        await store.event(eventIdOf(oldest))
      }),
    )
    while ((await store.trimEvents(1_000_000, 7)) > 0);
    t.strictSame(store.eventRange(), { oldest: 101, newest: 100 })
    store = (await reopen?.(store)) ?? store
    t.strictSame(store.eventRange(), { oldest: 101, newest: 100 })
    t.strictSame(await store.events({ order: 'DESC', limit: 5 }), { items: [], hasMore: false })
    const [event] = await store.commit([append(eventOf(device('a')))])
    t.equal(event?.id, eventIdOf(101))
    for (const rowsMax of [0, 1.5, 10_001]) await t.rejects(store.trimEvents(1, rowsMax), RangeError)
    await eachLife(store, async store => t.strictSame(await readAll(store, { order: 'ASC', limit: 9 }), [event]))
  })

  t.test('a question that matches nothing ends after a bounded number of rows a page', async t => {
    const store = await open({ scanRowsMax: 10 })
    await store.commit(Array.from({ length: 35 }, () => append(eventOf(device('a')))))
    await store.commit(Array.from({ length: 35 }, () => append(eventOf(device('b'), { type: 'FAIL' }))))
    const query: EventQuery = { device: device('a'), type: 'FAIL', order: 'ASC', limit: 5 }
    const pages: EventPage[] = []
    for (let page = await store.events(query); ; page = await store.events({ ...query, after: nextOf(page) })) {
      pages.push(page)
      if (!page.hasMore) break
    }
    t.strictSame(
      pages.map(page => page.next && Number.parseInt(page.next, 16)),
      [10, 20, 30, undefined],
    )
    t.ok(pages.every(page => page.items.length === 0))
    await store.close()
  })
}

const devices = ['a', 'a.1', 'b'].map(device)
const operations: readonly OperationId[] = [1, 2].map(operation)
const codes = ['SYS_106', 'SYS_100', 'UPD4_FAIL_23'] as const
const types = ['INFO', 'FAIL', 'SUCCESS', 'SKIPPED'] as const

function randomEvent(random: () => number) {
  const of = pick(random, [undefined, ...operations])
  return eventOf(pick(random, devices), {
    code: pick(random, codes),
    type: pick(random, types),
    ...(of === undefined ? {} : { operation: of }),
  })
}

function questions(): readonly EventQuery[] {
  const all: EventQuery[] = []
  for (const each of [undefined, ...devices.slice(0, 2), device('nobody')]) {
    for (const of of [undefined, ...operations.slice(0, 1)]) {
      for (const code of [undefined, ...codes.slice(1)]) {
        for (const type of [undefined, ...types.slice(1, 2)]) {
          for (const order of ['ASC', 'DESC'] as const) {
            const filter = { ...(each && { device: each }), ...(of && { operation: of }), ...(code && { code }) }
            all.push({ ...filter, ...(type && { type }), order, limit: 4 })
          }
        }
      }
    }
  }
  return all
}

function isWithin({ recordedAt }: EventRecord, { notBefore, notAfter }: EventQuery): boolean {
  return (notBefore === undefined || recordedAt >= notBefore) && (notAfter === undefined || recordedAt <= notAfter)
}

function answers(event: EventRecord, query: EventQuery): boolean {
  const { device: of, operation: operationId, code, type } = query
  return (
    [undefined, event.device].includes(of) &&
    [undefined, event.operation].includes(operationId) &&
    [undefined, event.code].includes(code) &&
    [undefined, event.type].includes(type)
  )
}
