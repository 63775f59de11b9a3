import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { StoreUnavailable } from '../../../broker/errors.ts'
import { eventIdOf } from '../../../proto/ids.ts'
import { storeSuite } from '../../suites/store.ts'
import { append, device, eventOf, executionOf, operation, putDevice, putExecution } from '../../suites/store-samples.ts'

t.test('it does what every store does', async t => storeSuite(t, { open: async options => new MemoryStore(options) }))

t.test('a commit the gate refuses changes nothing and takes no event number', async t => {
  let full = true
  const store = new MemoryStore({
    gate: async () => {
      if (full) throw new StoreUnavailable('the disk is full')
    },
  })
  await t.rejects(store.commit([putDevice(device('a')), append(eventOf(device('a')))]), StoreUnavailable)
  t.equal(await store.device(device('a')), undefined)
  full = false
  const [event] = await store.commit([append(eventOf(device('a')))])
  t.equal(event?.id, eventIdOf(1))
})

t.test('a gate that takes its time keeps the order', async t => {
  const open: (() => void)[] = []
  const store = new MemoryStore({ gate: () => new Promise(resolve => open.push(resolve)) })
  const both = [store.commit([append(eventOf(device('a')))]), store.commit([append(eventOf(device('b')))])]
  await undefined
  t.equal(open.length, 1, 'the second waits for the first')
  open[0]?.()
  t.equal((await both[0])?.[0]?.id, eventIdOf(1))
  open[1]?.()
  t.equal((await both[1])?.[0]?.id, eventIdOf(2))
})

t.test('a wrong previous state of an execution is a mistake and is told', async t => {
  const store = new MemoryStore()
  await store.commit([putExecution(executionOf(operation(1), device('a'), 'pending'))])
  const next = executionOf(operation(1), device('a'), 'completed')
  await t.rejects(store.commit([append(eventOf(device('a'))), putExecution(next, 'in-progress')]), TypeError)
  await t.rejects(store.commit([putExecution(next)]), TypeError)
  t.equal((await store.execution(operation(1), device('a')))?.state, 'pending')
  t.strictSame((await store.events({ order: 'ASC', limit: 5 })).items, [], 'and nothing of that commit is there')
})
