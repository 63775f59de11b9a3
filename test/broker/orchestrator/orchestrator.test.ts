// The orchestrator on the memory store: what devices and operators see, and that nothing is ever lost, doubled or over
// the limit, whenever the broker dies.
import t from 'tap'
import { deviceId } from '../../../proto/ids.ts'
import type { DeviceEvent } from '../../../proto/messages.ts'
import { eventOf, helloOf, oldDigest, settled, targetDigest, World } from './world.ts'

const one = deviceId('sensor-1')
const two = deviceId('sensor-2')

async function world(): Promise<World> {
  const made = new World()
  await made.start()
  return made
}

async function codes(made: World, device = one): Promise<string[]> {
  const { items } = await made.store.events({ device, order: 'ASC', limit: 100 })
  return items.map(event => `${event.code} ${event.type}`)
}

t.test(
  'a device is registered by its first hello, handed the manifest, and updated when its hello says so',
  async t => {
    const made = await world()
    const connection = made.connect(one)
    await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    const id = await made.operation([one])
    await settled()
    t.match(connection.received, [{ kind: 'offer', operation: id, attempt: 1, lease: 1 }])
    t.equal((await made.store.operation(id))?.state, 'running')
    await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'downloading' }, id))
    await made.orchestrator.event(connection, eventOf(2, { kind: 'step', step: 'rebooting' }, id))
    made.orchestrator.deviceDisconnected(connection)
    const again = made.connect(one)
    await made.orchestrator.hello(again, helloOf('2.0.0', targetDigest))
    await settled()
    t.match(await made.store.operation(id), { state: 'completed', counts: { total: 1, completed: 1, inProgress: 0 } })
    t.same(await codes(made), ['SYS_106 INFO', 'SYS_108 INFO', 'SYS_112 SUCCESS'])
    t.same(made.violations, [])
  },
)

t.test('the broker does not judge a hello before the outbox events it announced are stored', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest, { outboxEventCount: 1, outboxLastEventNumber: 2 }))
  await settled()
  t.equal((await made.store.execution(id, one))?.state, 'in-progress', 'not judged yet')
  await made.orchestrator.event(again, eventOf(2, { kind: 'code', code: 'UPD4_FAIL_40' }, id))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'UPD4_FAIL_40' }, "the device's own code wins")
  t.notOk((await codes(made)).includes('SYS_111 FAIL'))
})

t.test('an old version after the reboot with nothing in the outbox is SYS_111', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  await made.orchestrator.hello(made.connect(one), helloOf('1.0.0', oldDigest))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_111' })
})

t.test('the right version with another digest is no success', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  await made.orchestrator.hello(made.connect(one), helloOf('2.0.0', oldDigest))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_111' })
})

t.test('an event sent twice is acknowledged twice and stored once', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_31' }, id)
  await Promise.all([made.orchestrator.event(connection, event), made.orchestrator.event(connection, event)])
  await made.orchestrator.event(connection, event)
  t.equal((await codes(made)).filter(code => code.startsWith('UPD4')).length, 1)
  t.match(await made.store.operation(id), { counts: { failed: 1, byCode: { UPD4_FAIL_31: 1 } } })
})

t.test('a step writes the journals of the device and not its record, and is known after a restart', async t => {
  const made = await world()
  const connection = made.connect(one)
  const kinds: string[] = []
  const commit = made.store.commit.bind(made.store)
  made.store.commit = changes => {
    kinds.push(...changes.map(({ kind }) => kind))
    return commit(changes)
  }
  // The first words of a device may come in one read: its record is new then, and must be there whole.
  const first = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never)
  await Promise.all([
    made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest)),
    made.orchestrator.event(connection, first),
  ])
  t.match(await made.store.device(one), { components: [{ version: '1.0.0' }], journals: [{ floor: 1 }] })
  t.notOk(kinds.includes('put-journals'))
  kinds.length = 0
  const second = eventOf(2, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never)
  await made.orchestrator.event(connection, second)
  t.strictSame(
    kinds.filter(kind => kind === 'put-device' || kind === 'put-journals'),
    ['put-journals'],
  )
  await made.kill()
  await made.start()
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest))
  await made.orchestrator.event(again, second)
  t.match(await made.store.device(one), { components: [{ version: '1.0.0' }], journals: [{ floor: 2 }] })
  t.equal((await codes(made)).filter(code => code.startsWith('UPD4')).length, 2)
})

t.test('the same number of another journal is another event', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const event: DeviceEvent = { ...eventOf(1, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never), data: {} }
  await made.orchestrator.event(connection, event)
  await made.orchestrator.event(connection, { ...event, journalId: '44'.repeat(8) })
  t.equal((await codes(made)).filter(code => code.startsWith('UPD4')).length, 2)
})

t.test('an event before any hello is refused', async t => {
  const made = await world()
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never)
  await t.rejects(made.orchestrator.event(made.connect(one), event), { code: 'MESSAGE_REFUSED', reason: 'hello-first' })
})

t.test('an unanswered offer is repeated with growing pauses until it is answered', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.clock.advance(20_000)
  const sent = connection.received.length
  t.equal(sent, 3, 'at once, after 5 s and after 10 s more')
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'downloading' }, id))
  await made.clock.advance(300_000)
  t.equal(connection.received.length, sent)
})

t.test('a device that is not connected is noted once as SYS_100 INFO and takes no permit', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const other = made.connect(two)
  await made.orchestrator.hello(other, helloOf('1.0.0', oldDigest))
  made.orchestrator.deviceDisconnected(connection)
  const id = await made.operation([one, two], { concurrency: 1 })
  await settled()
  await made.clock.advance(60_000)
  t.equal(other.received[0]?.kind, 'offer', 'the connected one has the permit')
  // The first's turn comes when the permit is free again.
  await made.orchestrator.event(other, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_39' }, id))
  await made.clock.advance(60_000)
  t.equal((await codes(made)).filter(code => code === 'SYS_100 INFO').length, 1)
  const back = made.connect(one)
  await made.orchestrator.hello(back, helloOf('1.0.0', oldDigest))
  await settled()
  t.equal(back.received[0]?.kind, 'offer', 'offered at its hello')
})

t.test('silence past the step time-out ends with SYS_100 and frees the permit for the next', async t => {
  const made = await world()
  const connections = [one, two].map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one, two], { concurrency: 1, stepTimeoutMinutes: 10 })
  await settled()
  await made.clock.advance(11 * 60_000)
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_100', provisional: true })
  t.equal(connections[1]?.received[0]?.kind, 'offer')
  await made.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_24' }, id))
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'UPD4_FAIL_24' }, 'the late result replaces it')
})

t.test('after timeoutDays everything that is left ends with SYS_100 and the operation completes', async t => {
  const made = await world()
  for (const device of [one, two]) {
    const connection = made.connect(device)
    await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    made.orchestrator.deviceDisconnected(connection)
  }
  const id = await made.operation([one, two], { timeoutDays: 0.5 })
  await settled()
  await made.clock.advance(10_000)
  t.match(await made.store.operation(id), { state: 'pending' })
  await advanceDays(made, 0.5)
  t.match(await made.store.operation(id), { state: 'completed', counts: { failed: 2, byCode: { SYS_100: 2 } } })
})

/** The broker is down meanwhile: the days pass in one jump, and it finds them past when it starts. */
async function advanceDays(made: World, days: number): Promise<void> {
  await made.kill()
  await made.clock.advance(days * 86_400_000 + 1)
  await made.start()
  await made.clock.advance(5_000)
}

t.test('stop: the pending end at once, those in progress by their own word, then the operation is stopped', async t => {
  const made = await world()
  const connections = [one, two].map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one, two], { concurrency: 1 })
  await settled()
  await made.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'step', step: 'downloading' }, id))
  await made.stop(id)
  await settled()
  t.match(await made.store.execution(id, two), { state: 'skipped', code: 'SYS_103' })
  t.equal(connections[0]?.received.at(-1)?.kind, 'withdraw')
  t.match(await made.store.operation(id), { state: 'stopping', stoppedBy: { kind: 'principal', name: 'kim' } })
  await made.orchestrator.event(connections[0] as never, eventOf(2, { kind: 'step', step: 'withdrawn' }, id))
  await settled()
  t.match(await made.store.operation(id), { state: 'stopped', counts: { skipped: 2, byCode: { SYS_103: 2 } } })
  await t.rejects(made.stop(id), { code: 'CONFLICT' })
})

t.test('stop: a device that stays silent ends with SYS_104 at the stop time-out', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one], { stopTimeoutMinutes: 5 })
  await settled()
  await made.stop(id)
  await made.clock.advance(6 * 60_000)
  t.match(await made.store.operation(id), { state: 'stopped', counts: { failed: 1, byCode: { SYS_104: 1 } } })
})

t.test('two operations over one device: the older first, the younger when it is free', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const first = await made.operation([one])
  const second = await made.operation([one])
  await settled()
  t.same(
    connection.received.map(message => message.operation),
    [first],
  )
  await made.orchestrator.event(connection, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, first))
  await settled()
  t.same(
    connection.received.map(message => message.operation),
    [first, second],
  )
  t.same(made.violations, [])
})

t.test('a restart takes running operations up by itself, under a higher lease', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.kill()
  await made.start()
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest))
  await settled()
  t.match(again.received, [{ kind: 'offer', operation: id, lease: 2 }], 'the offer was never answered: it comes again')
  t.equal((await made.store.operation(id))?.counts.inProgress, 1)
})

t.test('a failed commit changes nothing, answers nothing, and the next one works', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  made.commitsLeft = 0
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_31' }, id)
  await t.rejects(made.orchestrator.event(connection, event), { code: 'STORE_UNAVAILABLE' })
  t.equal(made.orchestrator.figures.inProgress, 1)
  await made.kill()
  await made.start()
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest, { outboxEventCount: 1, outboxLastEventNumber: 1 }))
  await made.orchestrator.event(again, event)
  t.match(await made.store.operation(id), { state: 'completed', counts: { failed: 1 } })
})

t.test(
  'an event naming an operation the device is no target of is kept as its claim, not under that operation',
  async t => {
    const made = await world()
    const connections = [one, two].map(device => made.connect(device))
    for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    const id = await made.operation([one])
    await settled()
    await made.orchestrator.event(connections[1] as never, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_40' }, id))
    const { items } = await made.store.events({ operation: id, order: 'ASC', limit: 100 })
    t.same(
      items.map(event => event.device),
      [one],
    )
    const [claimed] = (await made.store.events({ device: two, code: 'UPD4_FAIL_40', order: 'ASC', limit: 10 })).items
    t.match(claimed, { data: { claimed_campaign_id: id }, stateChange: false })
    t.equal((await made.store.operation(id))?.counts.inProgress, 1)
  },
)

t.test('what was in progress before a restart keeps its permit, its right to chunks and its deadlines', async t => {
  const made = await world()
  const connections = [one, two].map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one, two], { concurrency: 1, stepTimeoutMinutes: 10 })
  await settled()
  await made.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'step', step: 'downloading' }, id))
  await made.kill()
  await made.start()
  t.same(made.orchestrator.figures, { running: 1, inProgress: 1, waiting: 0 })
  const back = made.connect(two)
  await made.orchestrator.hello(back, helloOf('1.0.0', oldDigest))
  await settled()
  t.same(back.received, [], 'the permit is taken')
  await made.clock.advance(11 * 60_000)
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_100' }, 'the silent one times out')
  t.equal(back.received[0]?.kind, 'offer', 'then the permit is free')
  t.ok(made.orchestrator.mayPull(two, id, targetDigest))
  t.notOk(made.orchestrator.mayPull(one, id, targetDigest))
})
