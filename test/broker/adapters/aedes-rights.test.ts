// Who may publish, subscribe, receive and leave a will on what: as a rule (pure), and over the wire.
import t from 'tap'
import { mayPublish, mayReceive, maySubscribe, mayWill, type Party } from '../../../broker/adapters/aedes/rights.ts'
import { identityOf, openBroker } from './mqtt/broker-under-test.ts'

type Verb = 'publish' | 'subscribe' | 'forward' | 'will'
const rules: Record<Verb, (party: Party, topic: string) => boolean> = {
  publish: mayPublish,
  subscribe: maySubscribe,
  forward: mayReceive,
  will: mayWill,
}
const verbs = Object.keys(rules) as Verb[]
const identity = (name: string): Party => identityOf(name) ?? { kind: 'stranger' }
const parties: Record<string, Party> = {
  device: identity('device-1'),
  operator: identity('alice'),
  stranger: identity('x'),
}

const uplinks = ['hello', 'events', 'progress', 'chunks/request', 'presence', 'configuration', 'log']
const downlinks = ['offer', 'command', 'chunks/data']
const base = 'drover/v1'
const requestIds = ['r1', 'create-operation', 'Bad']
const own = `${base}/devices/device-1`
const other = `${base}/devices/device-2`
const session = `${base}/broadcast/0123456789abcdef`
const sessions = ['control', 'data'].map(channel => `${session}/${channel}`)

/** Everything that is allowed, spelled out; each other cell of the matrix is denied. */
const allowed: Record<string, Record<Verb, string[]>> = {
  device: {
    publish: [...uplinks, 'telemetry'].map(name => `${own}/${name}`),
    subscribe: [...downlinks.map(name => `${own}/${name}`), ...sessions],
    forward: downlinks.map(name => `${own}/${name}`),
    will: [`${own}/presence`],
  },
  operator: {
    publish: [`${base}/operators/alice/request/create-operation`],
    subscribe: [
      ...['accepted', 'rejected'].flatMap(way =>
        [...requestIds, '+', '#'].map(last => `${base}/operators/alice/${way}/${last}`),
      ),
      ...['o1/state', '+/state', '+/+', 'o1/+', '#'].map(rest => `${base}/operations/${rest}`),
      ...['device-1', 'device-2', '+', '#'].map(rest => `${base}/events/${rest}`),
      ...['device-1', 'device-2', 'device-1x', '+'].map(id => `${base}/devices/${id}/telemetry`),
    ],
    forward: [
      ...['accepted', 'rejected'].flatMap(way => requestIds.map(id => `${base}/operators/alice/${way}/${id}`)),
      `${base}/operations/o1/state`,
      ...['device-1', 'device-2'].map(rest => `${base}/events/${rest}`),
      ...['device-1', 'device-2', 'device-1x'].map(id => `${base}/devices/${id}/telemetry`),
    ],
    will: [],
  },
}
const foreign = [
  'home/lamp',
  'a',
  '/',
  '',
  'drover',
  'drover/v2/x',
  'drover/v10',
  'sport/+',
  '$aws/x',
  '#',
  '+/#',
  '+/v1/#',
]
const foreignFilters = ['drover/#', 'drover/+/devices/#', '+/+/devices/+/offer', '+', '/+']

const topics = [
  ...new Set([
    ...[
      ...uplinks,
      ...downlinks,
      'telemetry',
      'telemetry/x',
      '',
      '+',
      '#',
      'chunks',
      'chunks/+',
      'hello/x',
      'HELLO',
      'offer/',
    ].flatMap(name =>
      [own, other, `${base}/devices/device-1x`, `${base}/devices/+`, `${base}/devices/`].map(
        prefix => `${prefix}/${name}`,
      ),
    ),
    ...['accepted', 'rejected', 'request'].flatMap(way =>
      ['alice', 'bob', '+', 'device-1', ''].flatMap(name =>
        [...requestIds, '+', '#', 'a/b', ''].map(last => `${base}/operators/${name}/${way}/${last}`),
      ),
    ),
    ...['o1/state', '+/state', '+/+', 'o1/+', '#', 'o1', 'o1/state/x', 'o1/other'].map(
      rest => `${base}/operations/${rest}`,
    ),
    ...['device-1', 'device-2', '+', '#', 'device-1/x', ''].map(rest => `${base}/events/${rest}`),
    ...sessions,
    ...['', '+', '#', 'contro', 'control/', 'control/x', 'Data'].map(last => `${session}/${last}`),
    ...['+', '#', '0123456789abcde', '0123456789abcdef0', '0123456789ABCDEF', 'g123456789abcdef', ''].flatMap(name =>
      ['control', 'data', '+'].map(channel => `${base}/broadcast/${name}/${channel}`),
    ),
    ...['broadcast', 'broadcast/#', 'broadcast/+', session.slice(base.length + 1)].map(rest => `${base}/${rest}`),
    ...[base, `${base}/`, `${base}/#`, `${base}/+`, `${base}/x`, own, `${own}/`, `/${own}/hello`, `${own}/hello\0`],
    ...[`${own}/hell\u00f6`, `${base}/devices/__proto__/hello`, `${base}/devices/constructor/hello`, `${base}//hello`],
    ...[
      '$SYS',
      '$SYS/#',
      '$SYS/+/new/clients',
      '$share',
      '$share/g/#',
      `$share/g/${own}/offer`,
      '$drover/sink',
      '$drover/#',
    ],
    `${'a/'.repeat(199)}a`,
    `${own}/${'a/'.repeat(199)}a`,
    ...foreign,
    ...foreignFilters,
  ]),
]

const isReserved = (topic: string) =>
  [base, '$SYS', '$share', '$drover'].some(tree => topic === tree || topic.startsWith(`${tree}/`))
/** Some filters may be subscribed to that are no topics; those never come to the forward check. */
const isTopic = (topic: string) => !/[+#]/.test(topic)

t.test('every cell of parties × verbs × topics is as the table says', async t => {
  const wrong: string[] = []
  let cells = 0
  for (const [name, party] of Object.entries(parties)) {
    for (const verb of verbs) {
      for (const topic of topics) {
        if (verb === 'forward' && !isTopic(topic)) continue
        cells++
        const expected = name === 'stranger' ? !isReserved(topic) : (allowed[name]?.[verb].includes(topic) ?? false)
        if (rules[verb](party, topic) !== expected) wrong.push(`${name} ${verb} ${topic}: expected ${expected}`)
      }
    }
  }
  t.same(wrong, [])
  t.ok(cells >= 400, `${cells} cells`)
})

t.test('what the table allows is in the list of topics', async t => {
  for (const [name, byVerb] of Object.entries(allowed)) {
    for (const list of Object.values(byVerb)) {
      for (const topic of list) t.ok(topics.includes(topic), `${name} ${topic}`)
    }
  }
})

t.test('over the wire', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const { events, aedes, attachment } = broker

  t.test('a device gets 0x80 for each filter that is not its own, and keeps the others', async t => {
    events.invited.add('0123456789abcdef')
    const device = await broker.device('device-1')
    const [control = '', data = ''] = sessions
    t.same(await device.subscribe(control, data, `${session}/+`, `${base}/broadcast/+/data`), [0, 0, 0x80, 0x80])
    const denied = [`${other}/offer`, `${own}/#`, `${own}/+`, `${own}/hello`, '#', '+/#', '$SYS/#', '$share/g/x', 'a/b']
    t.same(await device.subscribe(`${own}/offer`, ...denied), [0, ...denied.map(() => 0x80)])
    t.equal(await device.ping(), true)
    device.destroy()
  })

  t.test('what goes through the emitter on the topics of a session reaches nobody, whoever published it', async t => {
    events.invited.add('0123456789abcdef')
    const device = await broker.device('device-1')
    const stranger = await broker.stranger('curious')
    t.same(await device.subscribe(...sessions), [0, 0])
    await stranger.subscribe('#', '+/#')
    for (const topic of sessions) {
      const packet = { cmd: 'publish', topic, payload: 'x', qos: 1, dup: false, retain: false } as const
      await new Promise<void>((done, fail) => aedes.publish(packet, error => (error ? fail(error) : done())))
    }
    for (const client of [device, stranger]) {
      t.equal(await client.ping(), true)
      t.same(client.topics(), [])
      client.destroy()
    }
  })

  t.test(
    'publishing anything but its own uplinks ends the connection of a device, and nothing is delivered',
    async t => {
      const listener = await broker.stranger('listener')
      await listener.subscribe('#', '+/#')
      const before = events.messages.length
      for (const topic of [
        `${other}/events`,
        `${own}/offer`,
        ...sessions,
        `${own}/events/x`,
        'home/lamp',
        '$SYS/x/new/clients',
        '$share/g/a',
      ]) {
        const device = await broker.device('device-1')
        device.publish(topic, 'x', { qos: 1 })
        await device.whenClosed()
        t.same(device.of('puback'), [], topic)
      }
      t.equal(events.messages.length, before)
      t.equal(await listener.ping(), true)
      t.same(listener.topics(), [])
      listener.destroy()
    },
  )

  t.test('an operator sends requests in his own name only', async t => {
    const alice = await broker.operator('alice')
    alice.publish(`${base}/operators/alice/request/create-operation`, '{"a":1}', { qos: 1 })
    await alice.until(() => alice.of('puback').length === 1)
    t.same(events.requests.at(-1), { name: 'alice', verb: 'create-operation', payload: '{"a":1}' })
    const count = events.requests.length
    alice.publish(`${base}/operators/bob/request/create-operation`, '{}', { qos: 1 })
    await alice.whenClosed()
    t.equal(events.requests.length, count)
  })

  t.test('operators read live topics and their own answers, strangers with any wildcard do not', async t => {
    const alice = await broker.operator('alice')
    const bob = await broker.operator('bob')
    const stranger = await broker.stranger('dashboard')
    t.same(await alice.subscribe(`${base}/operators/alice/accepted/#`, `${base}/events/#`), [0, 0])
    t.same(await bob.subscribe(`${base}/operators/alice/accepted/#`, `${base}/operators/bob/accepted/+`), [0x80, 0])
    t.same(await stranger.subscribe('#', '+/v1/#', 'drover/#', 'home/#'), [0, 0, 0, 0])
    t.same(
      await stranger.subscribe(`${base}/#`, `${base}/events/+`, '$SYS/#', '$share/g/home/#'),
      [0x80, 0x80, 0x80, 0x80],
    )
    attachment.channel.publish(`${base}/operators/alice/accepted/r1`, { requestId: 'r1' })
    attachment.channel.publish(`${base}/events/device-1`, { code: 'SYS_112' })
    await alice.until(() => alice.topics().length === 2)
    t.same(alice.topics().sort(), [`${base}/events/device-1`, `${base}/operators/alice/accepted/r1`])
    t.same(
      alice.of('publish').map(packet => [packet.qos, packet.retain]),
      [
        [0, false],
        [0, false],
      ],
    )
    aedes.publish({ cmd: 'publish', topic: 'home/lamp', payload: 'on', qos: 0, retain: false, dup: false }, () => {})
    await stranger.until(() => stranger.topics().includes('home/lamp'))
    t.same([...new Set(stranger.topics())], ['home/lamp'])
    t.equal(await bob.ping(), true)
    t.same(bob.topics(), [])
    for (const client of [alice, bob, stranger]) client.destroy()
  })

  t.test('a retained message on our topics does not reach a stranger', async t => {
    await new Promise<void>(resolve => {
      const packet = {
        cmd: 'publish',
        topic: `${base}/secret`,
        payload: 'x',
        qos: 0,
        retain: true,
        dup: false,
      } as const
      aedes.publish(packet, () => resolve())
    })
    await new Promise<void>(resolve => {
      aedes.publish({ cmd: 'publish', topic: 'home/kept', payload: 'y', qos: 0, retain: true, dup: false }, () =>
        resolve(),
      )
    })
    const stranger = await broker.stranger('late')
    await stranger.subscribe('#')
    await stranger.until(() => stranger.topics().includes('home/kept'))
    await stranger.ping()
    t.same(stranger.topics(), ['home/kept'])
    stranger.destroy()
  })

  t.test('a will is allowed to a device on its presence only, and to strangers beside our topics', async t => {
    const will = (topic: string) => ({ will: { topic, payload: Buffer.from('bye'), qos: 1 as const, retain: true } })
    t.equal((await broker.device('device-3', will(`${base}/devices/device-3/events`))).returnCode, 5)
    t.equal((await broker.device('device-3', will(`${other}/presence`))).returnCode, 5)
    t.equal((await broker.device('device-3', will('home/lamp'))).returnCode, 5)
    t.equal((await broker.operator('alice', will(`${base}/operators/alice/request/stop`))).returnCode, 5)
    t.equal((await broker.stranger('s1', will(`${base}/events/device-1`))).returnCode, 5)
    t.equal((await broker.stranger('s1', will('$SYS/x/new/clients'))).returnCode, 5)
    t.equal((await broker.stranger('s1', will('home/gone'))).returnCode, 0)
    t.equal((await broker.device('device-3', will(`${base}/devices/device-3/presence`))).returnCode, 0)
  })

  t.test(
    'client ids: a device has its own, an empty one without a clean session is refused, wrong secrets too',
    async t => {
      t.equal((await broker.device('device-4', { clientId: 'device-5' })).returnCode, 2)
      t.equal((await broker.device('device-4', { clientId: '' })).returnCode, 2)
      t.equal((await broker.device('device-4', { password: Buffer.from('wrong') })).returnCode, 4)
      t.equal((await broker.stranger('', { clean: false })).returnCode, 2)
      t.equal((await broker.operator('alice', { clientId: '', clean: false })).returnCode, 2)
      t.equal((await broker.operator('alice', { clientId: '' })).returnCode, 0, 'mosquitto_pub sends none')
    },
  )
})

t.test('strangers: refuse answers CONNACK 5 to everyone who is not ours', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'refuse' } })
  t.equal((await broker.stranger('x')).returnCode, 5)
  t.equal((await broker.stranger('x', { username: 'mallory', password: Buffer.from('secret') })).returnCode, 5)
  t.equal((await broker.device('device-1')).returnCode, 0)
  t.match(broker.attachment.figures(), { connections: { device: 1, stranger: 0 }, refused: { unknown: 2 } })
})
