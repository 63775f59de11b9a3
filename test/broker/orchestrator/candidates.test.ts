// Who gets the next permit, and when: bounded memory of candidates, limits over all operations, and a fleet that comes
// back after the broker was away.
import t from 'tap'
import { policyDefaults } from '../../../broker/core/policy.ts'
import { Candidates } from '../../../broker/orchestrator/candidates.ts'
import { type DeviceId, deviceId, operationId } from '../../../proto/ids.ts'
import { eventOf, helloOf, oldDigest, settled, silentLog, targetDigest, World } from './world.ts'

const fleetOf = (count: number) => Array.from({ length: count }, (_, index) => deviceId(`sensor-${index + 1}`))

async function world(settings: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const made = new World(settings)
  await made.start()
  return made
}

t.test('more candidates than are remembered: nobody is forgotten', async t => {
  const made = await world({ readyMax: 4 })
  const fleet = fleetOf(15)
  for (const device of fleet) {
    const connection = made.connect(device)
    await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    made.orchestrator.deviceDisconnected(connection)
  }
  const id = await made.operation(fleet, { concurrency: 1 })
  await settled()
  const connections = fleet.map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  await settled()
  for (let round = 0; round < fleet.length; round += 1) {
    const offered = connections.find(({ received }, index) => received.length > 0 && !done.has(index))
    if (offered === undefined) break
    done.add(connections.indexOf(offered))
    await made.orchestrator.event(offered, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, id))
    await settled()
  }
  t.match(await made.store.operation(id), { state: 'completed', counts: { failed: 15, pending: 0 } })
})
const done = new Set<number>()

t.test('a hello and the last event it announced in one turn are judged together', async t => {
  const made = await world()
  const device = deviceId('sensor-1')
  const connection = made.connect(device)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([device])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  const again = made.connect(device)
  const hello = helloOf('2.0.0', targetDigest, { outboxEventCount: 1, outboxLastEventNumber: 2 })
  await Promise.all([
    made.orchestrator.hello(again, hello),
    made.orchestrator.event(again, eventOf(2, { kind: 'step', step: 'confirming' }, id)),
  ])
  await settled()
  t.match(await made.store.execution(id, device), { state: 'completed', code: 'SYS_112' })
})

t.test('the limit over all operations holds beside those of the operations', async t => {
  const made = await world({ inProgressMax: 3 })
  const fleet = fleetOf(8)
  for (const device of fleet) await made.orchestrator.hello(made.connect(device), helloOf('1.0.0', oldDigest))
  await made.operation(fleet.slice(0, 4), { concurrency: 4 })
  await made.operation(fleet.slice(4), { concurrency: 4 })
  await settled()
  t.equal(made.orchestrator.figures.inProgress, 3)
})

t.test('a device pending in two operations that says hello is put into one of them', async t => {
  const made = await world()
  const device = deviceId('sensor-1')
  const first = made.connect(device)
  await made.orchestrator.hello(first, helloOf('1.0.0', oldDigest))
  made.orchestrator.deviceDisconnected(first)
  await made.operation([device])
  await made.operation([device])
  await settled()
  const connection = made.connect(device)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  await settled()
  t.equal(connection.received.length, 1)
  t.same(made.violations, [])
})

t.test('hundreds of absent targets are gone over at once, and absent candidates cost no time', async t => {
  const made = await world()
  const fleet = fleetOf(700)
  for (const device of fleet) {
    const connection = made.connect(device)
    await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    if (device !== fleet[650]) made.orchestrator.deviceDisconnected(connection)
  }
  const id = await made.operation(undefined, { concurrency: 1 })
  await settled()
  await settled()
  t.match(await made.store.operation(id), { counts: { total: 700, inProgress: 1 } })
  t.equal((await made.store.execution(id, deviceId('sensor-651')))?.state, 'in-progress')
})

t.test('after a start devices may come back before silence or absence counts against them', async t => {
  const made = await world({ startGraceMs: 120_000 })
  const [one, two] = fleetOf(2) as [ReturnType<typeof deviceId>, ReturnType<typeof deviceId>]
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  await made.orchestrator.hello(made.connect(two), helloOf('1.0.0', oldDigest))
  const id = await made.operation([one, two], { concurrency: 1 })
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  await made.kill()
  await made.clock.advance(31 * 60_000)
  await made.start()
  await made.clock.advance(60_000)
  t.equal((await made.store.execution(id, one))?.state, 'in-progress', 'the confirm time-out has passed and waits')
  const { items } = await made.store.events({ device: two, order: 'ASC', limit: 100 })
  t.notOk(
    items.some(event => event.code === 'SYS_100'),
    'nobody is noted as absent yet',
  )
  await made.orchestrator.hello(made.connect(one), helloOf('2.0.0', targetDigest))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'completed', code: 'SYS_112' })
})

t.test('while devices work off one operation after the other, none of their executions is read', async t => {
  const made = await world()
  let reads = 0
  made.ports = {
    store: new Proxy(made.store, {
      get(store, name) {
        if (name === 'execution' || name === 'unfinishedExecutionsOf') reads += 1
        const value: unknown = Reflect.get(store, name)
        return typeof value === 'function' ? value.bind(store) : value
      },
    }),
  }
  await made.kill()
  await made.start()
  const fleet = fleetOf(3)
  const connections = fleet.map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const ids = [await made.operation(fleet), await made.operation(fleet), await made.operation(fleet)]
  await settled()
  reads = 0
  for (const [index, id] of ids.entries()) {
    for (const connection of connections) {
      t.match(connection.received.at(-1), { kind: 'offer', operation: id })
      await made.orchestrator.event(connection, eventOf(index + 1, { kind: 'code', code: 'UPD2_OK_18' }, id))
      await settled()
    }
    t.match(await made.store.operation(id), { state: 'completed', counts: { completed: 3 } })
  }
  t.equal(reads, 0)
})

t.test('what a device says while its retry waits counts when the retry is due', async t => {
  const made = new World()
  const failures: unknown[] = []
  made.ports = { log: { ...silentLog, error: fields => failures.push(fields) } }
  await made.start()
  const [device, other] = fleetOf(2) as [DeviceId, DeviceId]
  const connection = made.connect(device)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  // For whom the operation goes on.
  await made.orchestrator.hello(made.connect(other), helloOf('1.0.0', oldDigest))
  const id = await made.operation([device, other], { retries: policyDefaults.retries, abort: [] })
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_24' }, id))
  await settled()
  t.match(await made.store.execution(id, device), { state: 'pending', attempt: 1 }, 'it is to be tried again')
  // It was installed after all.
  await made.orchestrator.hello(made.connect(device), helloOf('2.0.0', targetDigest))
  await settled()
  t.match(await made.store.execution(id, device), { state: 'completed', code: 'SYS_112' })
  await made.clock.advance(1_800_000)
  t.match(await made.store.execution(id, device), { state: 'completed', code: 'SYS_112' }, 'it stays so')
  t.match(await made.store.operation(id), { counts: { pending: 0, inProgress: 1, completed: 1, skipped: 0 } })
  t.same(failures, [])
})

t.test("names that are the broker's to give are kept as the device's own words", async t => {
  const made = await world()
  const connection = made.connect(deviceId('sensor-1'))
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never)
  const { operation: _, ...alone } = event
  await made.orchestrator.event(connection, { ...alone, data: { campaign_id: 'forged', late: 'true', reason: 'r' } })
  const { items } = await made.store.events({ code: 'UPD4_FAIL_41', order: 'ASC', limit: 2 })
  t.same(items[0]?.data, { device_campaign_id: 'forged', device_late: 'true', reason: 'r' })
})

t.test('an execution is remembered as long as its device is a candidate or set aside, and as it is stored', async t => {
  const candidates = new Candidates(2)
  const operation = operationId('0'.repeat(26))
  const pending = (device: DeviceId, attempt = 0) =>
    ({ operation, device, state: 'pending', attempt, addedAt: 1 }) as const
  const [one, two, three] = fleetOf(3) as [DeviceId, DeviceId, DeviceId]
  for (const device of [one, two, three]) candidates.add(pending(device), 10)
  t.strictSame(candidates.executionOf(one), pending(one))
  t.equal(candidates.executionOf(three), undefined, 'for the third there was no room')

  candidates.setAside(one)
  t.strictSame(candidates.firstOf(9, true), [two])
  candidates.changed(pending(one, 3))
  t.strictSame(candidates.executionOf(one), pending(one, 3))
  candidates.changed(pending(three))
  t.equal(candidates.executionOf(three), undefined, 'a change makes nobody known')
  candidates.add(pending(one, 3), 10)
  t.strictSame(candidates.firstOf(9, true), [one, two], 'free again')

  for (const device of [one, two]) candidates.setAside(device)
  candidates.add(pending(three), 10)
  candidates.setAside(three)
  t.equal(candidates.executionOf(three), undefined, 'two are set aside already')
  t.equal(candidates.count(true), 0)
  candidates.remove(two)
  t.equal(candidates.executionOf(two), undefined)
})
