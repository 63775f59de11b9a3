// What the shell adds to the rules of a rollout: windows, rates, retries that wait, joins, the go for an installation, and
// what is kept along with a decision. The rules themselves are tables in test/broker/core.
import t from 'tap'
import { type Policy, policyDefaults } from '../../../broker/core/policy.ts'
import type { Operation, Release } from '../../../broker/core/records.ts'
import { deviceId, releaseIdOf } from '../../../proto/ids.ts'
import { eventOf, helloOf, oldDigest, release, type ScriptedConnection, settled, targetDigest, World } from './world.ts'

const fleetOf = (count: number) => Array.from({ length: count }, (_, index) => deviceId(`sensor-${index + 1}`))
const minute = 60_000

async function fleetWorld(count: number, settings: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World(settings)
  await world.start()
  const fleet = fleetOf(count)
  const connections = fleet.map(device => world.connect(device))
  for (const connection of connections) await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  return { world, fleet, connections }
}
const offersOf = (connections: readonly ScriptedConnection[]): number =>
  connections.filter(({ received }) => received.some(({ kind }) => kind === 'offer')).length
const stored = async (world: World, id: Operation['id']): Promise<Operation> =>
  (await world.store.operation(id)) as Operation
const schedule = (fields: Partial<Policy['schedule']>): Pick<Policy, 'schedule'> => ({
  schedule: { ...policyDefaults.schedule, ...fields },
})

t.test('a rate is kept in any 60 seconds, also over a restart, and a second person can lift it', async t => {
  const { world, fleet, connections } = await fleetWorld(10)
  const id = await world.operation(fleet, { concurrency: 10, rate: { maximumPerMinute: 3 } })
  await settled()
  t.equal(offersOf(connections), 3)
  await world.clock.advance(59_000)
  t.equal(offersOf(connections), 3, 'not one more within the minute')
  await world.clock.advance(3_000)
  t.equal(offersOf(connections), 6)
  await world.kill()
  await world.start()
  const again = fleet.map(device => world.connect(device))
  for (const connection of again) await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  await world.clock.advance(50_000)
  t.equal((await stored(world, id)).counts.inProgress, 6, 'what the minute before the start saw is not known')
  await world.orchestrator.control({
    id,
    verb: 'override',
    input: (_, at) => ({ kind: 'overridden', at, by: 'kim' as never, reason: 'urgent' }),
    along: () => [],
  })
  await settled()
  t.equal((await stored(world, id)).counts.inProgress, 10)
})

t.test(
  'outside a maintenance window nothing is handed over, and what waits for its go gets it when it opens',
  async t => {
    const { world, fleet, connections } = await fleetWorld(2)
    // The clock of this world begins at 00:16:40 on the first of January 1970.
    const windows = [{ cron: '30 * * * *', minutes: 10, timeZone: 'UTC' }]
    const id = await world.operation(fleet, { ...schedule({ windows, install: 'in-window' }) })
    await world.clock.advance(10 * minute)
    t.equal(offersOf(connections), 0)
    await world.clock.advance(4 * minute)
    t.equal(offersOf(connections), 2, 'the window is open')
    t.ok(connections[0]?.received.every(message => message.kind !== 'offer' || message.installHold))
    await world.clock.advance(10 * minute)
    const [first] = connections as [ScriptedConnection]
    await world.orchestrator.event(first, eventOf(1, { kind: 'step', step: 'awaiting-install' }, id))
    await world.clock.advance(20 * minute)
    t.notOk(
      first.received.some(({ kind }) => kind === 'proceed'),
      'it waits',
    )
    await world.clock.advance(30 * minute)
    t.ok(
      first.received.some(({ kind }) => kind === 'proceed'),
      'the next window',
    )
    t.equal((await world.store.execution(id, fleet[0] as never))?.state, 'in-progress', 'waiting is no silence')
  },
)

t.test('a failure that is retried waits for its time and takes a permit again', async t => {
  const { world, fleet, connections } = await fleetWorld(2)
  const retries: Policy['retries'] = [
    { match: { kind: 'codes', codes: ['UPD4_FAIL_24'] }, limit: 1, delaySeconds: 120, factor: 1, jitter: 0 },
  ]
  const id = await world.operation(fleet, { concurrency: 1, retries })
  await settled()
  const [first] = connections as [ScriptedConnection]
  await world.orchestrator.event(first, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_24' }, id))
  await settled()
  t.match(await world.store.execution(id, fleet[0] as never), { state: 'pending', attempt: 1 })
  t.equal(offersOf(connections), 2, 'the permit went to the other one')
  const second = connections[1] as ScriptedConnection
  await world.orchestrator.event(second, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, id))
  await world.clock.advance(60_000)
  t.equal((await world.store.execution(id, fleet[0] as never))?.state, 'pending', 'not before its time')
  await world.clock.advance(61_000)
  t.match(await world.store.execution(id, fleet[0] as never), { state: 'in-progress', attempt: 2 })
  const event = eventOf(2, { kind: 'code', code: 'UPD4_FAIL_24' }, id)
  await world.orchestrator.event(first, { ...event, attempt: 2 })
  await settled()
  t.match(await stored(world, id), { state: 'completed', counts: { failed: 2 } })
  const { items } = await world.store.audit({ order: 'ASC', limit: 100 })
  t.match(
    items.filter(({ action }) => action === 'execution.retry'),
    [{ actor: { kind: 'policy', rule: 'retries.0' }, data: { device: 'sensor-1', code: 'UPD4_FAIL_24', retry: 1 } }],
  )
})

t.test('a device that leaves before its retry is due is skipped when that is the policy', async t => {
  const { world, fleet, connections } = await fleetWorld(1)
  const retries: Policy['retries'] = [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 60, factor: 1, jitter: 0 }]
  const id = await world.operation(fleet, { offlinePolicy: 'skip', retries })
  await settled()
  await world.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_24' }, id))
  world.orchestrator.deviceDisconnected(connections[0] as never)
  await world.clock.advance(62_000)
  t.match(await stored(world, id), { state: 'completed', counts: { failed: 1, byCode: { UPD4_FAIL_24: 1 } } })
})

t.test('waves: the next opens when this one has succeeded and soaked', async t => {
  const { world, fleet, connections } = await fleetWorld(4)
  const wave = { successPercent: 100, errorPercent: 0, soakMinutes: 5, onSuccess: 'next' } as const
  const id = await world.operation(fleet, { concurrency: 4, waves: [{ size: { kind: 'count', value: 1 }, ...wave }] })
  await settled()
  t.equal(offersOf(connections), 1)
  const first = connections.find(({ received }) => received.length > 0) as ScriptedConnection
  await world.orchestrator.event(first, eventOf(1, { kind: 'code', code: 'UPD2_OK_18' }, id))
  await world.clock.advance(4 * minute)
  t.equal(offersOf(connections), 1, 'it soaks')
  await world.clock.advance(2 * minute)
  t.equal(offersOf(connections), 4)
})

t.test(
  'offline policy skip: a device that is away when its turn comes is skipped, not while its wave is full',
  async t => {
    const { world, fleet, connections } = await fleetWorld(3)
    for (const connection of connections.slice(1)) world.orchestrator.deviceDisconnected(connection)
    const wave = { successPercent: 100, errorPercent: 0, soakMinutes: 1, onSuccess: 'next' } as const
    const id = await world.operation(fleet, {
      concurrency: 3,
      offlinePolicy: 'skip',
      waves: [{ size: { kind: 'count', value: 1 }, ...wave }],
    })
    await settled()
    await world.clock.advance(3_000)
    t.match((await stored(world, id)).counts, { inProgress: 1, pending: 2, skipped: 0 }, 'the wave is full')
    await world.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'code', code: 'UPD2_OK_18' }, id))
    await world.clock.advance(2 * minute)
    t.match(await stored(world, id), {
      state: 'completed',
      counts: { completed: 1, skipped: 2, byCode: { SYS_100: 2 }, byReason: { unresponsive: 2 } },
    })
  },
)

t.test('an abort rule that stops tells those in progress, and a rollback is made in the same breath', async t => {
  const { world, fleet, connections } = await fleetWorld(3)
  const back: Release = {
    ...release,
    id: releaseIdOf('main', '3.0.0', oldDigest),
    version: '3.0.0',
    installedSha256: oldDigest,
  }
  await world.store.commit([{ kind: 'put-release', release: back }])
  const abort: Policy['abort'] = [
    { match: { kind: 'ALL' }, minExecuted: 1, percent: 0, action: { kind: 'rollback', release: back.id } },
  ]
  const id = await world.operation(fleet, { concurrency: 2, abort })
  await settled()
  const offered = connections.filter(({ received }) => received.length > 0)
  t.equal(offered.length, 2)
  const [one, two] = offered as [ScriptedConnection, ScriptedConnection]
  await world.orchestrator.event(one, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_40' }, id))
  await settled()
  t.equal(two.received.at(-1)?.kind, 'withdraw', 'the one in progress is told')
  await world.orchestrator.event(two, eventOf(1, { kind: 'step', step: 'withdrawn' }, id))
  await world.clock.advance(3_000)
  const before = await stored(world, id)
  t.match(before, { state: 'stopped', stoppedBy: { kind: 'policy', rule: 'abort.0' } })
  const made = before.rollback?.operation
  t.match(await stored(world, made as never), {
    origin: { kind: 'rollback', operation: id },
    targets: { kind: 'executions', which: 'handed-over' },
    counts: { total: 2 },
  })
  t.equal(one.received.at(-1)?.kind, 'offer', 'the rollback is offered')
})

t.test('open targets: who matches later joins, until the operation is stopped', async t => {
  const { world } = await fleetWorld(1)
  const filter = { kind: 'filter', filter: 'group=north', open: true } as const
  const id = await world.operation(filter, { concurrency: 10 })
  await settled()
  t.match(await stored(world, id), { state: 'pending', counts: { total: 0 } })
  await world.orchestrator.editDevice(
    deviceId('sensor-1'),
    device => ({ ...device, group: 'north' }),
    () => [],
  )
  await settled()
  t.match(await stored(world, id), { state: 'running', counts: { total: 1, inProgress: 1 } })
  const late = world.connect(deviceId('late'))
  await world.orchestrator.hello(late, helloOf('1.0.0', oldDigest))
  await settled()
  t.equal((await stored(world, id)).counts.total, 1, 'it is of no group')
  await world.stop(id)
  await world.orchestrator.editDevice(
    deviceId('late'),
    device => ({ ...device, group: 'north' }),
    () => [],
  )
  await settled()
  t.equal((await stored(world, id)).counts.total, 1)
})

t.test('a device that leaves the registry ends everywhere with SYS_101 and loses its connection', async t => {
  const { world, fleet, connections } = await fleetWorld(2)
  const id = await world.operation(fleet, { concurrency: 1 })
  const other = await world.operation(fleet, { concurrency: 1 })
  await settled()
  await world.orchestrator.deregisterDevice(fleet[0] as never, [])
  await settled()
  for (const operation of [id, other])
    t.match(await world.store.execution(operation, fleet[0] as never), {
      state: 'failed',
      code: 'SYS_101',
      errorReason: 'not-found',
    })
  t.ok(connections[0]?.closed)
  t.equal(await world.store.device(fleet[0] as never), undefined)
  const { items } = await world.store.events({ device: fleet[0] as never, order: 'ASC', limit: 50 })
  t.ok(
    items.some(({ code }) => code === 'SYS_105'),
    'its log stays',
  )
  await t.rejects(world.orchestrator.deregisterDevice(fleet[0] as never, []), { code: 'NOT_FOUND' })
})

t.test('a hello on its way while its device leaves the registry brings it back neither here nor there', async t => {
  const { world, fleet, connections } = await fleetWorld(1)
  const [connection] = connections as [ScriptedConnection]
  const [left, said] = await Promise.allSettled([
    world.orchestrator.deregisterDevice(fleet[0] as never, []),
    world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest)),
  ])
  t.equal(left.status, 'fulfilled')
  t.match(said, { status: 'rejected', reason: { code: 'MESSAGE_REFUSED', reason: 'deregistered' } })
  t.equal(await world.store.device(fleet[0] as never), undefined)
  const { items } = await world.store.events({ device: fleet[0] as never, order: 'ASC', limit: 50 })
  t.strictSame(
    items.map(({ code }) => code),
    ['SYS_106', 'SYS_105'],
  )
})

t.test('a device that failed three operations is left out of the fourth until a person releases it', async t => {
  const { world, fleet, connections } = await fleetWorld(1)
  const [connection] = connections as [ScriptedConnection]
  for (let number = 1; number <= 3; number += 1) {
    const id = await world.operation(fleet)
    await settled()
    await world.orchestrator.event(connection, eventOf(number, { kind: 'code', code: 'UPD4_FAIL_33' }, id))
    await settled()
  }
  t.ok((await world.store.device(fleet[0] as never))?.quarantinedAt)
  const fourth = await world.operation(fleet)
  await settled()
  t.match(await world.store.execution(fourth, fleet[0] as never), {
    state: 'skipped',
    code: 'SYS_109',
    data: { reason: 'quarantined' },
    errorReason: 'error',
  })
  const { items } = await world.store.audit({ order: 'DESC', limit: 100 })
  t.ok(items.some(({ action, subject }) => action === 'device.quarantine' && subject === fleet[0]))
})

t.test('higher priority goes first; explain names what holds a device back', async t => {
  const { world, fleet, connections } = await fleetWorld(2)
  const low = await world.operation(fleet, { concurrency: 1 })
  await settled()
  const high = await world.operation(fleet, { concurrency: 1, priority: 9 })
  await settled()
  const busy = connections.findIndex(({ received }) => received.length > 0 && received[0]?.operation === low)
  const why = async (id: Operation['id'], index: number) => {
    const device = fleet[index] as never
    const execution = (await world.store.execution(id, device)) as never
    return (await world.orchestrator.explain(await stored(world, id), execution, await world.store.device(device))).rule
  }
  t.equal(await why(low, busy), 'in-progress')
  t.equal(await why(high, busy), 'other-operation')
  t.equal(await why(high, 1 - busy), 'in-progress')
  t.equal(await why(low, 1 - busy), 'other-operation')
  await world.orchestrator.event(
    connections[busy] as ScriptedConnection,
    eventOf(1, { kind: 'code', code: 'UPD2_OK_18' }, low),
  )
  await settled()
  t.equal(await why(low, busy), 'ended')
  t.same(world.violations, [])
})

t.test('whom an operation is aimed at and how it ended on each device is in the audit chain', async t => {
  const { world, fleet, connections } = await fleetWorld(2)
  const id = await world.operation([...fleet, 'unknown'], { concurrency: 2 })
  await settled()
  await world.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'code', code: 'UPD2_OK_18' }, id))
  await world.orchestrator.event(connections[1] as never, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_35' }, id))
  await settled()
  const { items } = await world.store.audit({ operation: id, order: 'ASC', limit: 100 })
  const targets = items.filter(({ action }) => action === 'operation.targets').flatMap(({ data }) => data.devices)
  t.same([...targets].sort(), ['sensor-1', 'sensor-2', 'unknown'])
  const results = Object.assign(
    {},
    ...items.filter(({ action }) => action === 'operation.results').map(({ data }) => data.devices),
  )
  t.match(results, {
    'sensor-1': { state: 'completed', code: 'UPD2_OK_18', from: '1.0.0', to: '2.0.0' },
    'sensor-2': { state: 'failed', code: 'UPD4_FAIL_35' },
    unknown: { state: 'failed', code: 'SYS_101' },
  })
})

t.test('after a start with a clock far ahead nothing fires for half an hour of run time', async t => {
  const { world, fleet } = await fleetWorld(1)
  const id = await world.operation(fleet, { timeoutDays: 3 })
  await settled()
  await world.kill()
  await world.clock.advance(30 * 24 * 60 * minute)
  await world.start()
  await world.clock.advance(29 * minute)
  t.equal((await stored(world, id)).state, 'running', 'devices can report')
  await world.clock.advance(2 * minute)
  t.match(await stored(world, id), { state: 'completed', counts: { byCode: { SYS_100: 1 } } })
})

t.test('the digest decides, not the version: the operation is confirmed by the hello alone', async t => {
  const { world, fleet } = await fleetWorld(1)
  const id = await world.operation(fleet)
  await settled()
  await world.orchestrator.hello(world.connect(fleet[0] as never), helloOf('2.0.0', targetDigest))
  await settled()
  t.match(await stored(world, id), { state: 'completed', counts: { completed: 1 } })
})
