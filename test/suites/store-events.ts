// What every Store must do when it is asked for events; part of the suite in store.ts.
// DROVER_LONG=1 asks every question of a second history too.
import type { Test } from 'tap'
import type { EventRecord } from '../../broker/core/records.ts'
import type { EventPage, EventQuery } from '../../broker/ports.ts'
import { eventIdOf, type OperationId } from '../../proto/ids.ts'
import { seed as chosen, long } from '../fixtures/cases.ts'
import { everyPage, livesOf, nextOf, readAll, type StoreUnderTest } from './store-pages.ts'
import { append, below, device, eventOf, generator, operation, pick } from './store-samples.ts'

export function storeEventsSuite(t: Test, { open, reopen }: StoreUnderTest): void {
  const eachLife = livesOf(reopen)

  for (const scanRowsMax of [undefined, 7]) {
    const bound = scanRowsMax === undefined ? '' : `, looking at ${scanRowsMax} rows a page`
    t.test(`every question about events is answered like a plain filter would${bound}`, async t => {
      for (const seed of long ? [chosen, chosen + 1] : [chosen]) {
        const random = generator(seed)
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

  t.test('a question that matches nothing ends after a bounded number of rows a page', async t => {
    const store = await open({ scanRowsMax: 10 })
    await store.commit(Array.from({ length: 35 }, () => append(eventOf(device('a')))))
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
const types = ['INFO', 'FAIL'] as const

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
        for (const type of [undefined, ...types.slice(0, 1)]) {
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

function answers(event: EventRecord, query: EventQuery): boolean {
  const { device: of, operation: operationId, code, type } = query
  return (
    [undefined, event.device].includes(of) &&
    [undefined, event.operation].includes(operationId) &&
    [undefined, event.code].includes(code) &&
    [undefined, event.type].includes(type)
  )
}
