// Mistakes of the engine that random histories and worlds (test/simulator) have found, each told here alone, so that it is
// seen at once and not only by the seed that meets it.
import t from 'tap'
import { type Policy, policyDefaults } from '../../../broker/core/policy.ts'
import { StoreUnavailable } from '../../../broker/errors.ts'
import type { Change } from '../../../broker/ports.ts'
import { deviceId } from '../../../proto/ids.ts'
import { eventOf, helloOf, oldDigest, type ScriptedConnection, settled, World } from './world.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
const readsMax = 200
const noProgress = { imageBytes: 0, heldBytes: 0, receivedBytes: 0, wireBytes: 0 }

async function fleetWorld(count: number, settings: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World(settings)
  await world.start()
  const fleet = Array.from({ length: count }, (_, index) => deviceId(`sensor-${index + 1}`))
  const connections = fleet.map(device => world.connect(device))
  for (const connection of connections) await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  return { world, fleet, connections }
}
const offered = (connections: readonly ScriptedConnection[]): ScriptedConnection[] =>
  connections.filter(({ received }) => received.some(({ kind }) => kind === 'offer'))
const schedule = (fields: Partial<Policy['schedule']>): Pick<Policy, 'schedule'> => ({
  schedule: { ...policyDefaults.schedule, ...fields },
})

/** Commits that `holds` picks take as long as the test wants; what it calls lets them go on. */
function slowDisk({ store }: World, holds: (changes: readonly Change[]) => boolean): () => void {
  const commit = store.commit.bind(store)
  let release: () => void = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  store.commit = async changes => {
    if (holds(changes)) await released
    return commit(changes)
  }
  return release
}
/** Counts the reads of executions. Beyond the most the engine goes round without an end: no timer would ever fire. */
function readsOf({ store }: World): { count: number } {
  const reads = { count: 0 }
  const counted = <Read extends (...parameters: never[]) => Promise<unknown>>(read: Read): Read =>
    ((...parameters: Parameters<Read>) => {
      reads.count += 1
      return reads.count <= readsMax ? read(...parameters) : Promise.reject(new StoreUnavailable('read too often'))
    }) as Read
  store.execution = counted(store.execution.bind(store))
  store.executions = counted(store.executions.bind(store))
  return reads
}
const handsOver = (changes: readonly Change[]): boolean =>
  changes.some(change => change.kind === 'put-execution' && change.execution.step === 'offered')

t.test('a full wave with more devices ready than are remembered: the pending ones are not read for ever', async t => {
  const { world, fleet, connections } = await fleetWorld(8, { readyMax: 2 })
  const reads = readsOf(world)
  const wave = { successPercent: 100, errorPercent: 50, soakMinutes: 0, onSuccess: 'next' } as const
  const id = await world.operation(fleet, {
    concurrency: 8,
    waves: [{ size: { kind: 'count', value: 2 }, ...wave }],
    // One of the wave waits for its retry, so that a pending device is wanted though the wave takes nobody new.
    retries: [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 300, factor: 1, jitter: 0 }],
  })
  await settled()
  const [one, two] = offered(connections) as [ScriptedConnection, ScriptedConnection]
  await world.orchestrator.event(one, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_24' }, id))
  await settled()
  reads.count = 0
  await world.clock.advance(minuteMs)
  t.equal(offered(connections).length, 2, 'the wave is full')
  t.ok(reads.count <= 2, `${reads.count} reads in a minute in which nothing happens`)
  await world.clock.advance(5 * minuteMs)
  t.match(await world.store.execution(id, one.device), { state: 'in-progress', attempt: 2 }, 'the retry has its turn')
  const success = eventOf(2, { kind: 'code', code: 'UPD2_OK_18' }, id)
  await world.orchestrator.event(one, { ...success, attempt: 2 })
  await world.orchestrator.event(two, success)
  await settled()
  t.equal(offered(connections).length, 8, 'whom there was no room to remember is found when the wave has passed')
})

t.test('a rate counts from when the offers leave, not from before a commit that took long', async t => {
  const { world, fleet, connections } = await fleetWorld(6)
  const release = slowDisk(world, handsOver)
  await world.operation(fleet, { concurrency: 6, rate: { maximumPerMinute: 3 } })
  await world.clock.advance(40_000)
  t.equal(offered(connections).length, 0, 'nothing leaves before it is durable')
  release()
  await settled()
  t.equal(offered(connections).length, 3)
  await world.clock.advance(59_000)
  t.equal(offered(connections).length, 3, 'within a minute of the first offers not one more')
  await world.clock.advance(3_000)
  t.equal(offered(connections).length, 6)
})

t.test(
  'nothing is handed over after the end of the schedule, though the tick that closes it is still to come',
  async t => {
    const { world, fleet, connections } = await fleetWorld(2, { tickMs: minuteMs })
    const reads = readsOf(world)
    const endAt = world.clock.now() + 90_000
    const id = await world.operation(fleet, { concurrency: 1, ...schedule({ endAt }) })
    await settled()
    await world.clock.advance(100_000)
    const [first] = offered(connections) as [ScriptedConnection]
    await world.orchestrator.event(first, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, id))
    await settled()
    t.equal(offered(connections).length, 1, 'its permit is free, and nobody gets it')
    t.match(await world.store.operation(id), { state: 'running', counts: { pending: 1 } }, 'not closed yet')
    t.ok(reads.count <= 20, `${reads.count} reads: nor does the planner try for ever`)
    await world.clock.advance(minuteMs)
    t.match(await world.store.operation(id), { state: 'completed', counts: { failed: 1, byCode: { SYS_103: 1 } } })
  },
)

t.test('a hand-over that waited behind a slow commit until the schedule was over is not made', async t => {
  const { world, fleet, connections } = await fleetWorld(2)
  const endAt = world.clock.now() + 65_000
  const id = await world.operation(fleet, { concurrency: 2, rate: { maximumPerMinute: 1 }, ...schedule({ endAt }) })
  await world.clock.advance(59_500)
  t.equal(offered(connections).length, 1, 'the rate holds the second back')
  const release = slowDisk(world, changes => changes.some(({ kind }) => kind === 'put-device'))
  const hello = world.orchestrator.hello(world.connect(deviceId('other')), helloOf('1.0.0', oldDigest))
  await world.clock.advance(10_000)
  release()
  await hello
  await settled()
  t.equal(offered(connections).length, 1)
  t.match(await world.store.operation(id), { closedAt: Number, counts: { inProgress: 1, skipped: 1 } })
})

t.test(
  'a device that answers each offer by a hello gets the next one from the timer, and its step times out',
  async t => {
    const { world, fleet, connections } = await fleetWorld(1)
    const [connection] = connections as [ScriptedConnection]
    let answers = 0
    const publish = connection.publish.bind(connection)
    // It believes that it is done; beyond the most the broker would go round for ever.
    connection.publish = (kind, parts) => {
      publish(kind, parts)
      answers += 1
      if (answers <= 50) void world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    }
    const id = await world.operation(fleet, { stepTimeoutMinutes: 10 })
    await settled()
    t.equal(connection.received.length, 1, 'one offer as long as no time passes')
    await world.clock.advance(20_000)
    t.equal(connection.received.length, 3, 'after 5 s and after 10 s more')
    await world.clock.advance(10 * minuteMs)
    t.match(await world.store.execution(id, connection.device), { state: 'failed', code: 'SYS_100', attempt: 1 })
  },
)

t.test('a device that says hello twice in one breath is offered once', async t => {
  const { world, fleet, connections } = await fleetWorld(1)
  await world.operation(fleet)
  await settled()
  world.orchestrator.deviceDisconnected(connections[0] as ScriptedConnection)
  const again = world.connect(deviceId('sensor-1'))
  const hello = helloOf('1.0.0', oldDigest)
  await Promise.all([world.orchestrator.hello(again, hello), world.orchestrator.hello(again, hello)])
  await settled()
  t.equal(again.received.length, 1)
})

t.test('a device that waits for the go of an operation that has ended is told that none will come', async t => {
  for (const targets of [1, 2]) {
    const { world, fleet, connections } = await fleetWorld(targets)
    const [connection] = connections as [ScriptedConnection]
    // With a second device the operation goes on without it.
    const id = await world.operation(fleet, { stepTimeoutMinutes: 10, ...schedule({ install: 'in-window' }) })
    await settled()
    const say = (number: number, step: 'verifying' | 'awaiting-install') =>
      world.orchestrator.event(connection, eventOf(number, { kind: 'step', step }, id))
    await say(1, 'verifying')
    for (let minute = 0; minute < 12; minute += 1) {
      await world.clock.advance(minuteMs)
      const [, other] = connections
      if (other !== undefined) world.orchestrator.progress(other, { ...noProgress, operation: id })
    }
    t.match(await world.store.execution(id, connection.device), { state: 'failed', code: 'SYS_100' })
    t.match(await world.store.operation(id), { state: targets === 1 ? 'completed' : 'running' })
    const before = connection.received.length
    await say(2, 'awaiting-install')
    await settled()
    t.match(connection.received.slice(before), [{ kind: 'withdraw', operation: id, reason: 'ended' }])
    await say(2, 'awaiting-install')
    t.equal(connection.received.length, before + 1, 'once for each time it says so')
  }
})

t.test('a look at who is overdue that a death interrupted waits, after a start with a clock far ahead', async t => {
  const { world, connections } = await fleetWorld(1)
  const [connection] = connections as [ScriptedConnection]
  world.orchestrator.deviceDisconnected(connection)
  const id = await world.operation({ kind: 'filter', filter: 'id=sensor-1', open: true })
  await settled()
  const operation = await world.store.operation(id)
  if (operation === undefined) throw new TypeError('no operation')
  await world.store.commit([{ kind: 'put-operation', operation: { ...operation, sweep: { kind: 'expire-joined' } } }])
  await world.kill()
  await world.clock.advance((operation.policy.timeoutDays + 1) * dayMs)
  await world.start()
  await settled()
  t.match(await world.store.execution(id, connection.device), { state: 'pending' }, 'devices may report first')
  await world.clock.advance(31 * minuteMs)
  t.match(await world.store.execution(id, connection.device), { state: 'failed', code: 'SYS_100' })
})
