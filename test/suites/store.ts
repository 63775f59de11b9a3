// What every Store must do. `open` gives an empty store each time; `reopen` closes one and opens it on what it kept.
import type { Test } from 'tap'
import type { EventRecord, Execution, ExecutionState } from '../../broker/core/records.ts'
import { StoreUnavailable } from '../../broker/errors.ts'
import type { Change } from '../../broker/ports.ts'
import { type DeviceId, eventIdOf } from '../../proto/ids.ts'
import { seeded } from '../fixtures/seeded.ts'
import { storeAuditSuite } from './store-audit.ts'
import { storeEventsSuite } from './store-events.ts'
import { storeKeepingSuite } from './store-keeping.ts'
import { everyPage, livesOf, readAll, type StoreUnderTest } from './store-pages.ts'
import {
  append,
  below,
  credentialOf,
  device,
  eventOf,
  executionOf,
  operation,
  operationOf,
  pick,
  principalOf,
  putDevice,
  putExecution,
  releaseOf,
} from './store-samples.ts'

const states: readonly ExecutionState[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']
const trickyIds = ['a', 'a-1', 'a.1', 'a:1', 'a_1', 'a1', 'A', 'Z9', '0', 'constructor', 'valueOf', 'z'.repeat(64)]

export function storeSuite(t: Test, { open, reopen }: StoreUnderTest): void {
  const eachLife = livesOf(reopen)

  t.test('an empty store has nothing and says so', async t => {
    const store = await open()
    t.equal(await store.device(device('a')), undefined)
    t.equal(await store.credential(device('a')), undefined)
    t.equal(await store.principal(principalOf('p', 'x').name), undefined)
    t.equal(await store.principalByToken('x'), undefined)
    t.equal(await store.release(releaseOf('app').id), undefined)
    t.equal(await store.operation(operation(1)), undefined)
    t.equal(await store.execution(operation(1), device('a')), undefined)
    t.equal(await store.event(eventIdOf(1)), undefined)
    t.equal(await store.event(eventIdOf(0)), undefined)
    const empty = { items: [], hasMore: false }
    t.strictSame(await store.devices({ limit: 5 }), empty)
    t.strictSame(await store.releases({ limit: 5 }), empty)
    t.strictSame(await store.operations({ limit: 5 }), empty)
    t.strictSame(await store.targets(operation(1), { limit: 5 }), empty)
    t.strictSame(await store.executions(operation(1), { limit: 5 }), empty)
    t.strictSame(await store.events({ order: 'ASC', limit: 5 }), empty)
    t.strictSame(await store.events({ order: 'DESC', limit: 5, device: device('a') }), empty)
    t.strictSame(await store.principals(), [])
    t.strictSame(await store.unfinishedOperations(), [])
    t.strictSame(await store.unfinishedExecutionsOf(device('a')), [])
    t.strictSame(await store.commit([]), [])
    await store.close()
  })

  t.test('every value comes back exactly as it was, under any id', async t => {
    const store = await open()
    const ids = trickyIds.map(device)
    const odd = 'ä€𝄞 \u0000 " \\ \u2028 \ud800 ends'
    const data = JSON.parse(`{"text": ${JSON.stringify(odd)}, "__proto__": "p", "constructor": "c", "toString": "t"}`)
    const source = { journalId: '0123456789abcdef', eventNumber: 2 ** 32 - 1, deviceTime: 253402300799999 }
    const changes = { app: { from: null, to: '1.0.0' }, boot: { from: '', to: null } }
    const event = eventOf(device('a'), { data, source, changes, operation: operation(7), stateChange: true })
    const operations = [operationOf(operation(1), 'running', odd), operationOf(operation(2), 'stopped', '')]
    const releases = [releaseOf('app'), releaseOf('app2'), releaseOf('App')]
    const [stored] = await store.commit([
      ...ids.map(id => putDevice(id, { agentVersion: id })),
      ...ids.map(id => ({ kind: 'put-credential' as const, credential: credentialOf(id) })),
      ...ids.map(id => putExecution({ ...executionOf(operation(1), id, 'pending'), code: 'SYS_100', data })),
      { kind: 'put-targets', operation: operation(1), devices: ids },
      ...operations.map(each => ({ kind: 'put-operation' as const, operation: each })),
      ...releases.map(release => ({ kind: 'put-release' as const, release })),
      append(event),
    ])
    t.strictSame(stored, { ...event, id: eventIdOf(1) })
    await eachLife(store, async (store, life) => {
      for (const id of ids) {
        t.strictSame(await store.device(id), putDevice(id, { agentVersion: id }).device, `device ${life}`)
        t.strictSame(await store.credential(id), credentialOf(id), `credential ${life}`)
        const expected = { ...executionOf(operation(1), id, 'pending'), code: 'SYS_100', data }
        const execution = await store.execution(operation(1), id)
        t.strictSame(execution, expected, `execution ${life}`)
        t.notOk(execution !== undefined && 'step' in execution, 'an absent field is absent')
        t.strictSame(await store.unfinishedExecutionsOf(id), [expected])
      }
      for (const each of operations) t.strictSame(await store.operation(each.id), each)
      for (const release of releases) t.strictSame(await store.release(release.id), release)
      const read = await store.event(eventIdOf(1))
      t.strictSame(read, { ...event, id: eventIdOf(1) }, `event ${life}`)
      t.ok(read !== undefined && Object.hasOwn(read.data, '__proto__'), 'even a reserved name')
      const sorted = [...ids].sort()
      t.strictSame(
        (await store.devices({ limit: 100 })).items.map(each => each.id),
        sorted,
      )
      t.strictSame((await store.targets(operation(1), { limit: 100 })).items, sorted)
      t.strictSame(
        (await store.executions(operation(1), { limit: 100 })).items.map(each => each.device),
        sorted,
      )
    })
  })

  t.test('a stored object is nobody else’s: changing it outside changes nothing inside', async t => {
    const store = await open()
    const above = [3]
    const writing = store.commit([putDevice(device('a'), { journals: [{ journalId: 'j', floor: 1, above }] })])
    above.push(4)
    await writing
    const read = await store.device(device('a'))
    t.strictSame(read?.journals, [{ journalId: 'j', floor: 1, above: [3] }])
    const mine = read?.journals[0]?.above as number[] | undefined
    mine?.push(5)
    t.strictSame((await store.device(device('a')))?.journals, [{ journalId: 'j', floor: 1, above: [3] }])
    await store.close()
  })

  t.test('the last write of a record counts, also within one commit', async t => {
    const store = await open()
    await store.commit([putDevice(device('a'), { bootId: '1' }), putDevice(device('a'), { bootId: '2' })])
    t.equal((await store.device(device('a')))?.bootId, '2')
    await store.commit([putDevice(device('a'), { bootId: '3' })])
    await eachLife(store, async store => {
      t.equal((await store.device(device('a')))?.bootId, '3')
      t.equal((await store.devices({ limit: 9 })).items.length, 1)
    })
  })

  t.test('commits called together resolve in order, with event numbers in that order', async t => {
    const store = await open()
    const resolved: number[] = []
    const numbers = Array.from({ length: 300 }, (_, index) => index)
    const stored = await Promise.all(
      numbers.map(async index => {
        const event = append(eventOf(device(`d${index % 7}`), { data: { index: String(index) } }))
        const events = await store.commit(
          index % 3 === 0 ? [event, event] : [putDevice(device(`d${index % 7}`)), event],
        )
        resolved.push(index)
        return events
      }),
    )
    t.strictSame(resolved, numbers, 'in the order of the calls')
    const flat = stored.flat()
    t.strictSame(
      flat.map(event => event.id),
      flat.map((_, index) => eventIdOf(index + 1)),
      'without a gap',
    )
    await eachLife(store, async (store, life) => {
      t.strictSame(await readAll(store, { order: 'ASC', limit: 1000 }), flat, `as they were told, ${life}`)
    })
  })

  t.test('what a commit wrote is read as soon as it resolves', async t => {
    const store = await open()
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const id = device(`d${index}`)
        const [event] = await store.commit([putDevice(id), append(eventOf(id))])
        t.strictSame(await store.event((event as EventRecord).id), event)
        t.strictSame((await store.events({ device: id, order: 'DESC', limit: 1 })).items, [event])
        t.ok(await store.device(id))
      }),
    )
    await store.close()
  })

  t.test('event numbers go on without a gap over restarts', async t => {
    let store = await open()
    for (let life = 0; life < 4; life++) {
      const [event] = await store.commit([append(eventOf(device('a')))])
      t.equal(event?.id, eventIdOf(life * 2 + 1))
      await store.commit([putDevice(device('a'))])
      await store.commit([append(eventOf(device('b')))])
      store = (await reopen?.(store)) ?? store
    }
    t.equal((await readAll(store, { order: 'ASC', limit: 3 })).length, 8)
    await store.close()
  })

  t.test('a principal is found by the token in force and by no other', async t => {
    const store = await open()
    const [one, two, three] = ['aa', 'bb', 'cc'].map(pair => pair.repeat(32)) as [string, string, string]
    await store.commit([{ kind: 'put-principal', principal: principalOf('zoe', one) }])
    await store.commit([{ kind: 'put-principal', principal: principalOf('adam', three) }])
    await store.commit([{ kind: 'put-principal', principal: principalOf('zoe', two) }])
    await eachLife(store, async store => {
      t.equal(await store.principalByToken(one), undefined, 'the old token')
      t.strictSame(await store.principalByToken(two), principalOf('zoe', two))
      t.strictSame(await store.principalByToken(three), principalOf('adam', three))
      t.equal(await store.principalByToken(''), undefined)
      t.strictSame(
        (await store.principals()).map(principal => principal.name),
        ['adam', 'zoe'],
      )
    })
  })

  t.test('operations are listed newest first, and unfinished until they are completed or stopped', async t => {
    const store = await open()
    const ids = [3, 1, 40, 2, 36 ** 9].map(operation)
    await store.commit(ids.map(id => ({ kind: 'put-operation', operation: operationOf(id, 'pending') })))
    const put = (id: number, state: 'running' | 'stopping' | 'completed' | 'stopped') =>
      store.commit([{ kind: 'put-operation', operation: operationOf(operation(id), state) }])
    await Promise.all([put(1, 'completed'), put(2, 'stopped'), put(3, 'running'), put(40, 'stopping')])
    await eachLife(store, async store => {
      const listed = (await store.operations({ limit: 10 })).items.map(each => each.id)
      t.strictSame(listed, [36 ** 9, 40, 3, 2, 1].map(operation))
      await everyPage(
        t,
        listed,
        (after, limit) => store.operations({ ...(after && { after }), limit }),
        item => item.id,
      )
      const unfinished = (await store.unfinishedOperations()).map(each => each.id)
      t.strictSame([...unfinished].sort(), [3, 40, 36 ** 9].map(operation))
    })
  })

  t.test('devices and releases are paged by id, from any id on', async t => {
    const store = await open()
    const ids = trickyIds.map(device).sort()
    await store.commit(ids.map(id => putDevice(id)))
    const releases = ['b', 'a', 'a.b', 'a-b', 'aa', 'B'].map(releaseOf)
    await store.commit(releases.map(release => ({ kind: 'put-release', release })))
    await everyPage(
      t,
      ids,
      (after, limit) => store.devices({ ...(after && { after }), limit }),
      item => item.id,
    )
    const releaseIds = releases.map(release => release.id).sort()
    await everyPage(
      t,
      releaseIds,
      (after, limit) => store.releases({ ...(after && { after }), limit }),
      item => item.id,
    )
    const beyond = await store.devices({ after: device('a-'), limit: 1 })
    t.equal(beyond.items[0]?.id, 'a-1', 'an id that does not exist is a place too')
    await store.close()
  })

  t.test('10,000 targets are paged in order and without doubles, apart from other operations', async t => {
    const store = await open()
    const ids = Array.from({ length: 10_000 }, (_, index) => device(`sensor-${(index * 7919) % 10_000}`))
    const sorted = [...ids].sort()
    await Promise.all([
      store.commit([{ kind: 'put-targets', operation: operation(5), devices: ids.slice(0, 6000) }]),
      store.commit([{ kind: 'put-targets', operation: operation(5), devices: ids.slice(4000) }]),
      store.commit([{ kind: 'put-targets', operation: operation(6), devices: ids.slice(0, 2) }]),
      store.commit([{ kind: 'put-targets', operation: operation(4), devices: ids.slice(0, 1) }]),
    ])
    await eachLife(store, async (store, life) => {
      const found: DeviceId[] = []
      let hasMore = true
      while (hasMore) {
        const after = found.at(-1)
        const page = await store.targets(operation(5), { ...(after && { after }), limit: 999 })
        found.push(...page.items)
        hasMore = page.hasMore
      }
      t.equal(found.length, sorted.length, life)
      const different = found.findIndex((id, index) => id !== sorted[index])
      t.equal(different, -1, `${life}: ${found[different]}, expected ${sorted[different]}`)
      t.equal((await store.targets(operation(6), { limit: 10 })).items.length, 2)
    })
  })

  t.test('the lists of executions follow their states', async t => {
    const seed = 11
    const random = seeded(seed)
    const store = await open()
    const model = new Map<string, Execution>()
    for (let round = 0; round < 150; round++) {
      const changes: Change[] = []
      for (let count = 1 + below(random, 4); count > 0; count--) {
        const id = device(pick(random, trickyIds))
        const of = operation(1 + below(random, 3))
        const previous = model.get(`${of} ${id}`)?.state
        const code = pick(random, ['SYS_110', 'SYS_112', undefined] as const)
        const execution = { ...executionOf(of, id, pick(random, states), round), ...(code && { code }) }
        model.set(`${of} ${id}`, execution)
        changes.push(putExecution(execution, previous))
      }
      await store.commit(changes)
    }
    const all = [...model.values()].sort((a, b) => compare(a.operation, b.operation) || compare(a.device, b.device))
    await eachLife(store, async (store, life) => {
      for (const of of [1, 2, 3].map(operation)) {
        for (const state of [undefined, ...states]) {
          const expected = all.filter(each => each.operation === of && (state === undefined || each.state === state))
          const read = (after: DeviceId | undefined, limit: number) =>
            store.executions(of, { ...(state && { state }), ...(after && { after }), limit })
          t.strictSame((await read(undefined, 100)).items, expected, `seed ${seed}: ${of} ${state} ${life}`)
          await everyPage(
            t,
            expected.map(each => each.device),
            read,
            each => each.device,
          )
        }
      }
      for (const of of [1, 2, 3].map(operation)) {
        for (const result of ['updated', 'errors'] as const) {
          const expected = all
            .filter(each => each.operation === of && resultOf(each) === result)
            .map(each => each.device)
          const read = (after: DeviceId | undefined, limit: number) =>
            store.executionsByResult(of, { result, ...(after && { after }), limit })
          await everyPage(t, expected, read, each => each.device)
        }
      }
      for (const id of trickyIds.map(device)) {
        const unfinished = all.filter(each => each.device === id && ['pending', 'in-progress'].includes(each.state))
        t.strictSame(await store.unfinishedExecutionsOf(id), unfinished, `seed ${seed}: unfinished of ${id} ${life}`)
      }
    })
  })

  const under = { open, ...(reopen && { reopen }) }
  storeEventsSuite(t, under)
  storeAuditSuite(t, under)
  storeKeepingSuite(t, under)

  t.test('a page limit that is no count is refused', async t => {
    const store = await open()
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await t.rejects(store.devices({ limit }), RangeError)
      await t.rejects(store.events({ order: 'ASC', limit }), RangeError)
    }
    await store.close()
  })

  t.test('closing waits for what was committed, and refuses everything after it', async t => {
    const store = await open()
    const pending = Promise.all([1, 2, 3].map(() => store.commit([append(eventOf(device('a')))])))
    await Promise.all([store.close(), store.close()])
    t.equal((await pending).flat().length, 3)
    await t.rejects(store.commit([putDevice(device('a'))]), StoreUnavailable)
    await t.rejects(store.device(device('a')), StoreUnavailable)
    await t.rejects(store.events({ order: 'ASC', limit: 1 }), StoreUnavailable)
  })
}

/** By the words of the update-status page. */
function resultOf({ state, code }: Execution): 'updated' | 'errors' | undefined {
  if (state === 'completed') return 'updated'
  if (state === 'skipped') return code === 'SYS_110' ? 'updated' : 'errors'
  return state === 'failed' ? 'errors' : undefined
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
