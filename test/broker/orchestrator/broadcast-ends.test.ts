// How broadcast sessions end, for one device and for all: the word to install, what is done without it, aborts,
// withdrawals, END.
import t from 'tap'
import { deviceId } from '../../../proto/ids.ts'
import { executionOf, Fleet, operationOf, sessionOf } from './broadcast-fleet.ts'
import { helloOf, oldDigest, settled, targetDigest } from './world.ts'

const minute = 60_000
const abc = ['a', 'b', 'c'] as const
const failure = (code: 'UPD4_FAIL_45' | 'UPD4_FAIL_24') => ({ kind: 'code', code }) as const

t.test('who has everything is activated at once, and again until its step changes', async t => {
  const fleet = await Fleet.of(abc)
  const { sender, world } = fleet
  const id = await fleet.operation(abc)
  await fleet.say(id, abc, 'downloading')
  await world.clock.advance(1000)
  sender.listen(...abc)
  sender.news()
  const session = sender.opened[0]?.session.name ?? ''
  await fleet.say(id, ['a'], 'verifying')
  await fleet.say(id, ['a'], 'awaiting-install', { data: { session } })
  t.same(sender.news(), ['activate a'])
  t.match(await executionOf(fleet, id, 'a'), { step: 'awaiting-install', awaitsSession: session })
  await world.clock.advance(16_000)
  t.same(sender.news(), ['activate a', 'activate a'], 'after 5 s and 10 s more')
  await fleet.say(id, ['a'], 'installing')
  t.same(sender.news(), ['leave a'], 'what is sent from now on is of no use to it')
  t.notMatch(await executionOf(fleet, id, 'a'), { awaitsSession: session })
  await world.clock.advance(60_000)
  t.same(sender.news(), [])
  t.same(fleet.received('a'), ['offer', 'join'], 'no other go')
})

t.test(
  'who waits for a session that is not known here goes on alone: after a restart, in another, or deaf',
  async t => {
    const fleet = await Fleet.of(abc)
    const { sender, world } = fleet
    const id = await fleet.operation(abc)
    await fleet.say(id, abc, 'downloading')
    await world.clock.advance(1000)
    sender.listen('a', 'b')
    const session = sender.opened[0]?.session.name ?? ''
    await fleet.say(id, ['c'], 'awaiting-install', { data: { session } })
    t.same(fleet.received('c'), ['offer', 'join', 'proceed'], 'it is not subscribed any more')
    await fleet.say(id, ['b'], 'awaiting-install', { data: { session: '00000000000000ff' } })
    t.same(fleet.received('b'), ['offer', 'join', 'proceed'], 'it speaks of another')
    await fleet.say(id, ['a'], 'awaiting-install', { data: { session } })
    t.same(fleet.received('a'), ['offer', 'join'], 'the word of its session')
    await fleet.say(id, ['c'], 'awaiting-install', { data: { session: 'no name of one' } })
    t.notOk(Object.hasOwn(await executionOf(fleet, id, 'c'), 'awaitsSession'))
    await fleet.restart()
    for (const connection of fleet.connections.values())
      await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest, { operation: id }))
    await world.clock.advance(1000)
    t.same(abc.map(fleet.received, fleet), [['proceed'], ['proceed'], ['proceed']])
    t.match(fleet.connections.get('a')?.received, [{ kind: 'proceed', lease: 2, attempt: 1 }])
  },
)

t.test('the activation waits for the window when installing does, and the silence until then is ours', async t => {
  const schedule = {
    onEnd: 'finish',
    windows: [{ cron: '30 * * * *', minutes: 10, timeZone: 'UTC' }],
    install: 'in-window',
  } as const
  const fleet = await Fleet.of(['a'], { tickMs: 10_000 })
  const { sender, world } = fleet
  // The clock of the world begins at 00:16:40: handed over in one window, ready after it.
  await world.clock.advance(14 * minute)
  const delivery = { transport: 'broadcast', retryByPull: true } as const
  const id = await fleet.operation(['a'], { schedule, delivery, stepTimeoutMinutes: 20 })
  await world.clock.advance(1000)
  await fleet.say(id, ['a'], 'downloading')
  sender.listen('a')
  await world.clock.advance(10 * minute)
  sender.news()
  await fleet.say(id, ['a'], 'awaiting-install', { data: { session: sessionOf(fleet).name } })
  await world.clock.advance(48 * minute)
  t.same(sender.news(), [], 'the window is closed')
  t.match(await executionOf(fleet, id, 'a'), { state: 'in-progress' }, 'longer than the step timeout')
  await world.clock.advance(2 * minute)
  t.equal(sender.news()[0], 'activate a')
  t.match(await executionOf(fleet, id, 'a'), { state: 'in-progress' }, 'its own silence begins now')
})

t.test('windows that are for hand-overs alone hold back no activation', async t => {
  const windows = [{ cron: '30 * * * *', minutes: 10, timeZone: 'UTC' }]
  const fleet = await Fleet.of(['a'])
  await fleet.world.clock.advance(14 * minute)
  const schedule = { onEnd: 'finish', windows, install: 'any-time' } as const
  const id = await fleet.operation(['a'], { schedule, delivery: { transport: 'broadcast', retryByPull: true } })
  await fleet.world.clock.advance(1000)
  await fleet.say(id, ['a'], 'downloading')
  fleet.sender.listen('a')
  await fleet.world.clock.advance(10 * minute)
  fleet.sender.news()
  await fleet.say(id, ['a'], 'awaiting-install', { data: { session: sessionOf(fleet).name } })
  t.same(fleet.sender.news(), ['activate a'])
})

t.test('a device that does not go on when it may is silent like any other', async t => {
  const fleet = await Fleet.of(['a'])
  const delivery = { transport: 'broadcast', retryByPull: true } as const
  const id = await fleet.operation(['a'], { delivery, stepTimeoutMinutes: 10 })
  await fleet.say(id, ['a'], 'downloading')
  fleet.sender.listen('a')
  const session = fleet.sender.opened[0]?.session.name ?? ''
  await fleet.say(id, ['a'], 'awaiting-install', { data: { session } })
  await fleet.world.clock.advance(9 * minute)
  t.match(await executionOf(fleet, id, 'a'), { state: 'in-progress' })
  await fleet.world.clock.advance(2 * minute)
  t.match(await executionOf(fleet, id, 'a'), { state: 'failed', code: 'SYS_100' })
  t.same(fleet.sender.asked.slice(-2), ['leave a', 'close'])
})

t.test('an artifact that cannot be read aborts for those who lack something; they pull at once, once', async t => {
  const fleet = await Fleet.of(abc)
  const { sender, world } = fleet
  const id = await fleet.operation(abc, { delivery: { transport: 'broadcast', retryByPull: true } })
  await fleet.say(id, abc, 'downloading')
  await world.clock.advance(1000)
  sender.listen(...abc)
  await fleet.say(id, ['c'], 'verifying')
  sender.news()
  sender.opened[0]?.told.failed('the disk gave nothing')
  t.same(sender.news(), ['abort a (the disk gave nothing)', 'abort b (the disk gave nothing)', 'close'])
  await fleet.say(id, ['c'], 'awaiting-install', { data: { session: sender.opened[0]?.session.name ?? '' } })
  t.equal(fleet.received('c').at(-1), 'proceed', 'who has everything goes on alone')
  await fleet.say(id, ['a'], failure('UPD4_FAIL_45'), { data: { reason: 'aborted' } })
  await world.clock.advance(1)
  t.match(await executionOf(fleet, id, 'a'), { state: 'in-progress', attempt: 2, pullOnly: true })
  t.match(fleet.connections.get('a')?.received.at(-1), { kind: 'offer', attempt: 2 })
  await fleet.say(id, ['a'], 'downloading', { attempt: 2 })
  await world.clock.advance(60_000)
  t.equal(sender.opened.length, 1, 'b, which did not hear it, is not asked to hear the same again')
  await fleet.say(id, ['a'], failure('UPD4_FAIL_45'), { attempt: 2 })
  t.match(await executionOf(fleet, id, 'a'), { state: 'failed', code: 'UPD4_FAIL_45', attempt: 2 })
})

t.test('who pulls after a session that failed is in no session any more', async t => {
  const fleet = await Fleet.of(abc)
  const delivery = { transport: 'broadcast', retryByPull: true } as const
  const id = await fleet.operation(['a', 'b'], { delivery })
  await fleet.say(id, ['a'], 'downloading')
  fleet.sender.listen('a')
  fleet.sender.news()
  // Out of sequence, say: the device gave up by itself.
  await fleet.say(id, ['a'], failure('UPD4_FAIL_45'))
  t.same(fleet.sender.news(), ['leave a', 'close'])
  await fleet.say(id, ['a'], 'downloading', { attempt: 2 })
  await fleet.world.clock.advance(60_000)
  t.same(fleet.sender.news(), [])
  await fleet.say(id, ['b'], 'downloading')
  t.same(fleet.sender.news(), ['invite b'], 'others are')
})

t.test('an edit to pull aborts what is under way, and nothing is broadcast again', async t => {
  const fleet = await Fleet.of(abc)
  const id = await fleet.operation(abc)
  await fleet.say(id, abc, 'downloading')
  await fleet.world.clock.advance(1000)
  fleet.sender.listen(...abc)
  fleet.sender.news()
  const delivery = { transport: 'pull', retryByPull: true } as const
  await fleet.world.orchestrator.control({
    id,
    verb: 'edit',
    input: ({ policy }, at) => ({ kind: 'edited', at, policy: { ...policy, delivery } }),
    along: () => [],
  })
  await fleet.world.clock.advance(1000)
  t.match(fleet.sender.news(), [/^abort a \(.*pull/, /^abort b/, /^abort c/, 'close'])
  await fleet.world.clock.advance(60_000)
  t.same(fleet.sender.news(), [])
  t.same(fleet.world.orchestrator.figures.inProgress, 3)
})

t.test('stop and removal withdraw, and the members leave without a word of the session', async t => {
  const fleet = await Fleet.of(abc)
  const { sender, world } = fleet
  const id = await fleet.operation(abc)
  await fleet.say(id, abc, 'downloading')
  await world.clock.advance(1000)
  sender.listen(...abc)
  sender.news()
  await world.orchestrator.removeDevice(id, deviceId('b'), () => [])
  await settled()
  t.same(sender.news(), ['leave b'])
  await world.stop(id)
  await settled()
  t.same(sender.news().sort(), ['close', 'leave a', 'leave c'])
  for (const device of abc) t.equal(fleet.received(device).at(-1), 'withdraw')
  await fleet.say(id, abc, 'withdrawn')
  t.match(await operationOf(fleet, id), { state: 'stopped', counts: { skipped: 3 } })
})

t.test(
  'after END nobody is asked any more; it is closed with its last member, and those who come later get their own',
  async t => {
    const devices = [...abc, 'd', 'e', 'f']
    const fleet = await Fleet.of(devices)
    const { sender, world } = fleet
    const id = await fleet.operation(devices, { concurrency: 5 })
    await fleet.say(id, abc, 'downloading')
    await world.clock.advance(5000)
    sender.listen('a')
    await world.clock.advance(1000)
    const first = sender.opened[0]
    t.same(sender.news().at(-1), 'start')
    first?.told.ended()
    await fleet.say(id, ['d', 'e'], 'downloading')
    await world.clock.advance(5000)
    t.same(sender.news(), [], 'two of them are not enough for another')
    await fleet.say(id, ['a'], { kind: 'code', code: 'UPD2_OK_18' }, { digest: targetDigest })
    t.same(sender.news(), ['leave a'])
    await fleet.say(id, ['f'], 'downloading')
    await world.clock.advance(1000)
    t.same(sender.news(), ['invite d', 'invite e', 'invite f'], 'the place that a left was taken by f')
    t.equal(sender.opened.length, 2)
    t.not(sender.opened[1]?.session.name, first?.session.name)
    for (const device of ['b', 'c'])
      await fleet.say(id, [device], { kind: 'code', code: 'UPD2_OK_18' }, { digest: targetDigest })
    t.same(sender.news(), ['leave b', 'leave c', 'close'])
  },
)
