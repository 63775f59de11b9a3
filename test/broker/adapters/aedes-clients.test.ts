// One client against another: whose client id it is, how often one may connect, how long one may be silent, and what
// one operator may hold.
import t from 'tap'
import { connectionOf, eventually, openBroker, sleep } from './mqtt/broker-under-test.ts'

const noop = () => {}

t.test('T17: client ids cannot be taken over by another identity', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const victim = await broker.device('device-1')
  await connectionOf(broker, 'device-1')
  for (let round = 0; round < 100; round++) {
    const attempts = [
      broker.device('device-2', { clientId: 'device-1' }),
      broker.device('device-1', { password: Buffer.from('guess') }),
      broker.stranger('device-1'),
      broker.operator('alice', { clientId: 'device-1' }),
    ]
    const codes = (await Promise.all(attempts)).map(client => {
      client.destroy()
      return client.returnCode
    })
    if (codes.join() !== '2,4,2,0') t.same(codes, [2, 4, 2, 0])
  }
  t.equal(await victim.ping(), true)
  t.equal(broker.events.disconnected.length, 0)

  const alice = await broker.operator('alice', { clientId: 'desk' })
  const bob = await broker.operator('bob', { clientId: 'desk' })
  const stranger = await broker.stranger('desk')
  t.same(await Promise.all([alice.ping(), bob.ping(), stranger.ping()]), [true, true, true])
  const aliceAgain = await broker.operator('alice', { clientId: 'desk' })
  await alice.whenClosed()
  t.same(await Promise.all([aliceAgain.ping(), bob.ping(), stranger.ping()]), [true, true, true])

  const squatter = await broker.stranger('device-9')
  const rightful = await broker.device('device-9')
  t.equal(rightful.returnCode, 0, 'a device gets its own id from a stranger')
  await squatter.whenClosed()
})

t.test('T17: one identity that connects too often has to wait', async t => {
  const broker = await openBroker(t, { settings: { connects: { perSecond: 0.001, burst: 3 } } })
  const codes: (number | undefined)[] = []
  for (let n = 0; n < 5; n++) codes.push((await broker.device('device-1')).returnCode)
  t.same(codes, [0, 0, 0, 3, 3])
  t.equal((await broker.device('device-2')).returnCode, 0)
})

t.test('an authenticate that never answers, or fails, is answered with return code 3', async t => {
  const broker = await openBroker(t, { settings: { authenticateTimeoutMs: 40 } })
  broker.events.authenticateDelayMs = 400
  t.equal((await broker.device('device-1')).returnCode, 3)
  broker.events.authenticateDelayMs = 0
  broker.events.authenticate = async () => {
    throw new Error('the store is away')
  }
  t.equal((await broker.device('device-1')).returnCode, 3)
  t.equal(broker.attachment.figures().refused.unavailable, 2)
})

t.test('a keep-alive of zero, or a long one, becomes the longest allowed', async t => {
  const broker = await openBroker(t, { settings: { keepaliveSecondsMax: 1 } })
  const silent = await broker.device('device-1', { keepalive: 0 })
  await silent.whenClosed(4_000)
  t.ok(await eventually(() => broker.events.disconnected.length === 1))
})

t.test('when the emitter stands still, messages to operators are dropped beyond a limit', async t => {
  const broker = await openBroker(t, { settings: { operatorPublishesMax: 10 } })
  const held: (() => void)[] = []
  broker.aedes.subscribe('drover/v1/events/+', (_packet, done) => held.push(done), noop)
  for (let n = 0; n < 15; n++) broker.attachment.channel.publish('drover/v1/events/device-1', { n })
  await sleep(5)
  t.equal(held.length, 10)
  t.equal(broker.attachment.figures().refused['operator-publish'], 5)
  for (const release of held) release()
  await sleep(5)
  broker.attachment.channel.publish('drover/v1/events/device-1', {})
  await eventually(() => held.length === 11)
  t.equal(held.length, 11)
})

t.test('an operator holds a bounded number of filters', async t => {
  const broker = await openBroker(t, { settings: { subscriptionsMax: 3 } })
  const alice = await broker.operator('alice')
  const granted: (number | undefined)[] = []
  for (let n = 0; n < 5; n++) granted.push((await alice.subscribe(`drover/v1/events/d${n}`))?.[0])
  t.same(granted, [0, 0, 0, 0x80, 0x80])
})
