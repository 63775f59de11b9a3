// The subscription to a broadcast session, through the whole line and against a real Aedes.
import type { Socket } from 'node:net'
import type { Aedes } from 'aedes'
import t from 'tap'
import { MqttLink } from '../../../../agent/adapters/mqtt/mqtt-link.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../../../agent/adapters/system-random.ts'
import { sessionTopic } from '../../../../proto/topics.ts'
import { aedes, device, linkTo, log, until, watched } from './line.ts'

const [first, second] = ['0000000000000001', '0000000000000002']

/** Says something in the session, to whoever listens, and in the other one. */
async function say(broker: Aedes, session: string, word: string): Promise<void> {
  const packet = { cmd: 'publish' as const, qos: 1 as const, dup: false, retain: false, payload: word }
  for (const channel of ['control', 'data'] as const)
    await new Promise<void>(done => broker.publish({ ...packet, topic: sessionTopic(session, channel) }, () => done()))
}

/** Closes every connection of the broker from its side. */
function disconnectAll(broker: Aedes): void {
  const { clients } = broker as unknown as { clients: Record<string, { conn: Socket }> }
  for (const { conn } of Object.values(clients)) conn.destroy()
}

t.test(
  'a session is subscribed to before connected is said, at once when joined later, and after each connect',
  async t => {
    const { broker, port } = await aedes(t)
    const order: string[] = []
    broker.authorizeSubscribe = (_client, subscription, done) => {
      order.push(subscription.topic.slice('drover/v1/'.length))
      setTimeout(() => done(null, subscription), 10)
    }
    const granted: string[] = []
    broker.on('subscribe', all => {
      granted.push(...all.map(({ topic }) => topic).filter(topic => topic.includes('broadcast')))
    })
    broker.on('unsubscribe', topics => order.push(...topics.map(topic => `left ${topic.slice('drover/v1/'.length)}`)))
    const handlers = watched()
    const link = linkTo(t, port)
    link.join(first)
    link.start({
      ...handlers,
      connected() {
        order.push('connected')
        handlers.connected()
      },
    })
    await handlers.seen('connected')
    const of = (session: string): string[] => [`broadcast/${session}/control`, `broadcast/${session}/data`]
    t.same(order.splice(0).slice(3), [...of(first), 'connected'])
    await say(broker, first, 'a')
    await say(broker, second, 'b')
    await handlers.seen('broadcast', 2)
    link.join(second)
    await until('subscribed', () => granted.length === 4)
    t.same(order.splice(0), [...of(first).map(topic => `left ${topic}`), ...of(second)])
    await say(broker, first, 'c')
    await say(broker, second, 'd')
    await handlers.seen('broadcast', 4)
    disconnectAll(broker)
    await handlers.seen('connected', 2)
    t.same(
      order.filter(topic => topic.startsWith('broadcast')),
      of(second),
    )
    await say(broker, second, 'e')
    await handlers.seen('broadcast', 6)
    const said = (session: string, word: string): string[] => [
      `broadcast ${session} control ${word}`,
      `broadcast ${session} data ${word}`,
    ]
    t.same(
      handlers.facts.filter(fact => fact.startsWith('broadcast')),
      [...said(first, 'a'), ...said(second, 'd'), ...said(second, 'e')],
    )
  },
)

t.test('after leaving nothing of the session is heard, not even what was on its way', async t => {
  const { broker, port } = await aedes(t)
  const handlers = watched()
  const link = linkTo(t, port)
  link.join(first)
  link.start(handlers)
  await handlers.seen('connected')
  const left: string[] = []
  broker.on('unsubscribe', topics => left.push(...topics))
  link.leave()
  await say(broker, first, 'late')
  await until('unsubscribed', () => left.length === 2)
  // Joined, left and joined while nothing has been answered: the last one counts.
  for (const session of [first, second, first]) link.join(session)
  link.leave()
  link.join(second)
  await until('subscribed', () => broker.connectedClients === 1)
  await until('heard', () => {
    void say(broker, second, 'x')
    void say(broker, first, 'y')
    return handlers.facts.some(fact => fact.startsWith(`broadcast ${second}`))
  })
  t.notOk(handlers.facts.some(fact => fact.includes(first)))
})

t.test('a session that is refused is told in the log, and the connection stays', async t => {
  const { broker, port } = await aedes(t)
  broker.authorizeSubscribe = (_client, subscription, done) =>
    done(null, subscription.topic.includes('broadcast') ? null : subscription)
  const warned: unknown[] = []
  const link = new MqttLink(
    { clock: systemClock, random: systemRandom, log: { ...log, warn: facts => void warned.push(facts) } },
    {
      deviceId: device,
      host: '127.0.0.1',
      port,
      username: 'd1',
      password: 'secret',
      receiveBytesMax: 100_000,
      reconnect: { baseMs: 10, capMs: 50 },
    },
  )
  t.teardown(() => link.close())
  const handlers = watched()
  link.join(first)
  link.start(handlers)
  await handlers.seen('connected')
  t.match(warned, [{ event: 'session-refused', session: first }])
  link.join(second)
  await until('told', () => warned.length === 2)
  await link.publish('events', Buffer.from('still there'))
  t.same(handlers.facts, ['connected'])
})
