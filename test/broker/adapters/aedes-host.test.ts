// Attached to a broker that belongs to somebody else: his rules stay in force, ours are added, and close() leaves
// everything as it was.

import type { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { Aedes } from 'aedes'
import t from 'tap'
import { attachAedes } from '../../../broker/adapters/aedes/attach.ts'
import { aedesOptions } from '../../../broker/adapters/aedes/settings.ts'
import { connectionOf, openBroker, RecordingEvents, RecordingLog, realClock } from './mqtt/broker-under-test.ts'
import { RawClient } from './mqtt/raw-client.ts'

const hooks = [
  'handle',
  'preConnect',
  'authenticate',
  'authorizePublish',
  'authorizeSubscribe',
  'authorizeForward',
  'published',
] as const
const message = (topic: string, payload = '') =>
  ({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }) as const
const noop = () => {}

async function bareBroker(t: { teardown(action: () => Promise<void>): unknown }, options = {}): Promise<Aedes> {
  const aedes = await Aedes.createBroker({ ...aedesOptions(), ...options })
  t.teardown(() => new Promise<void>(resolve => aedes.close(resolve)))
  return aedes
}
const attach = (aedes: Aedes, settings = {}, events = new RecordingEvents(), log = new RecordingLog()) =>
  attachAedes(aedes, events, settings, { clock: realClock, log })

t.test('D1: the rules of the host hold for its clients, and are asked as methods of the broker', async t => {
  const asked: string[] = []
  const broker = await openBroker(t, {
    settings: { strangers: 'host' },
    prepare: aedes => {
      const note = (hook: string, self: unknown) => asked.push(self === aedes ? hook : `${hook} without its broker`)
      aedes.preConnect = function (_client, packet, done) {
        note(`preConnect ${packet.clientId}`, this)
        done(null, packet.clientId !== 'banned')
      }
      aedes.authenticate = function (client, user, password, done) {
        note(`authenticate ${client.id}`, this)
        done(null, user === 'guest' && password?.toString() === 'pass')
      }
      aedes.authorizePublish = function (_client, packet, done) {
        note(`authorizePublish ${packet.topic}`, this)
        const rewritten = packet.topic === 'home/rewritten'
        if (rewritten) packet.topic = 'drover/v1/devices/device-1/offer'
        done(rewritten || packet.topic.startsWith('home/') ? null : new Error('only home/'))
      }
      aedes.authorizeSubscribe = function (_client, subscription, done) {
        note(`authorizeSubscribe ${subscription.topic}`, this)
        if (subscription.topic === 'home/ours') return done(null, { ...subscription, topic: 'drover/v1/events/#' })
        done(null, subscription.topic === 'home/denied' ? null : subscription)
      }
      aedes.authorizeForward = function (_client, packet) {
        note(`authorizeForward ${packet.topic}`, this)
        if (packet.topic === 'home/forged') packet.topic = 'drover/v1/events/device-1'
        return packet.topic === 'home/hidden' ? null : packet
      }
      aedes.published = function (packet, _client, done) {
        if (!packet.topic.startsWith('$SYS')) note(`published ${packet.topic}`, this)
        done(null)
      }
    },
  })
  const guest = { username: 'guest', password: Buffer.from('pass') }
  t.equal((await broker.stranger('banned', guest)).returnCode, undefined)
  t.equal((await broker.stranger('g0', { ...guest, password: Buffer.from('no') })).returnCode, 5)
  const client = await broker.stranger('g1', guest)
  t.equal(client.returnCode, 0)
  t.same(await client.subscribe('home/#', 'home/denied', 'home/ours'), [0, 0x80, 0x80])
  client.publish('home/hidden', 'x')
  client.publish('home/forged', 'x')
  client.publish('home/lamp', 'on')
  await client.until(() => client.topics().length > 0)
  t.same(client.topics(), ['home/lamp'])
  const offender = await broker.stranger('g2', guest)
  offender.publish('other/lamp', 'on')
  await offender.whenClosed()
  const rewriter = await broker.stranger('g3', guest)
  rewriter.publish('home/rewritten', 'forged offer')
  await rewriter.whenClosed()
  t.notOk(asked.some(line => line.endsWith('without its broker')))
  for (const line of ['preConnect g1', 'authenticate g1', 'authorizePublish home/lamp', 'authorizeSubscribe home/#']) {
    t.ok(asked.includes(line), line)
  }
  for (const line of ['authorizeForward home/lamp', 'published home/lamp']) t.ok(asked.includes(line), line)

  t.test('and are not asked about devices and their topics', async t => {
    asked.length = 0
    const device = await broker.device('device-1')
    t.equal(device.returnCode, 0)
    t.same(await device.subscribe('drover/v1/devices/device-1/offer'), [0])
    const published: string[] = []
    broker.aedes.on('publish', packet => published.push(packet.topic))
    device.publish('drover/v1/devices/device-1/events', 'x', { qos: 1 })
    await device.until(() => device.of('puback').length === 1)
    await device.ping()
    t.same(asked, ['preConnect device-1'])
    t.same(published, [], 'nor told')
  })
})

t.test('D1: a second attach is refused, until the first is closed', async t => {
  const aedes = await bareBroker(t)
  const first = await attach(aedes)
  await t.rejects(attach(aedes), { name: 'AttachRefused', code: 'ATTACH_REFUSED' })
  await first.close()
  const second = await attach(aedes)
  await second.close()
})

t.test('D1: close() gives back every hook, listener and method exactly, and may be called twice', async t => {
  const aedes = await bareBroker(t)
  aedes.authenticate = (_client, _user, _password, done) => done(null, true)
  const inner = aedes as unknown as { mq: object; persistence: object }
  const picture = () => ({
    hooks: hooks.map(name => aedes[name]),
    properties: hooks.map(name => Object.getOwnPropertyDescriptor(aedes, name)),
    keys: Reflect.ownKeys(aedes).map(String).sort(),
    listeners: ['client', 'clientDisconnect', 'connackSent', 'clientError', 'connectionError', 'error'].map(event =>
      aedes.listenerCount(event),
    ),
    persistence: Reflect.ownKeys(inner.persistence).map(String).sort(),
  })
  const before = picture()
  const attachment = await attach(aedes)
  t.notSame(picture().listeners, before.listeners)
  for (const [n, name] of hooks.entries()) t.not(aedes[name], before.hooks[n], name)
  await Promise.all([attachment.close(), attachment.close()])
  await attachment.close()
  const after = picture()
  for (const [n, name] of hooks.entries()) t.equal(after.hooks[n], before.hooks[n], name)
  t.same(after, before)
})

t.test('close() ends devices and operators, keeps strangers, and their rules are the host’s alone again', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const [device, alice, stranger] = await Promise.all([
    broker.device('device-1'),
    broker.operator('alice'),
    broker.stranger('s'),
  ])
  await connectionOf(broker, 'device-1')
  await broker.attachment.close()
  await Promise.all([device.whenClosed(), alice.whenClosed()])
  t.equal(broker.events.disconnected.length, 1)
  t.equal(await stranger.ping(), true)
  t.same(await stranger.subscribe('drover/v1/#'), [0])
  stranger.publish('drover/v1/x', 'y')
  await stranger.until(() => stranger.topics().length === 1)
  const late = await broker.stranger('late')
  t.equal(late.returnCode, 0)
  for (const client of [stranger, late]) client.destroy()
})

t.test('a wrapper the host puts around ours later stays, and works without us', async t => {
  const log = new RecordingLog()
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const ours = broker.aedes.authorizePublish
  let wrapped = 0
  broker.aedes.authorizePublish = (client, packet, done) => {
    wrapped++
    ours.call(broker.aedes, client, packet, done)
  }
  const wrapper = broker.aedes.authorizePublish
  const offender = await broker.stranger('a')
  offender.publish('drover/v1/devices/device-1/offer', 'x')
  await offender.whenClosed()
  await broker.attachment.close()
  t.equal(broker.aedes.authorizePublish, wrapper)
  t.equal(broker.log.of('hook-replaced').length, 1)
  const stranger = await broker.stranger('b')
  stranger.publish('drover/v1/devices/device-1/offer', 'x')
  t.equal(await stranger.ping(), true)
  t.equal(wrapped, 2)
  t.same(log.lines, [])
  stranger.destroy()
})

t.test('D28: an Aedes that is not as we know it is refused by name, and left as it was', async t => {
  const refusal = (message: RegExp) => ({ name: 'AttachRefused', code: 'ATTACH_REFUSED', message })
  const other = await bareBroker(t)
  Object.defineProperty(other, 'version', { value: '1.3.0' })
  const before = hooks.map(name => other[name])
  await t.rejects(attach(other), refusal(/1\.2\.0.*1\.3\.0/))
  t.same(
    hooks.map(name => other[name]),
    before,
  )
  await t.rejects(attach(other), refusal(/1\.3\.0/), 'it is not taken for attached')
  await t.rejects(attach(new Aedes(aedesOptions())), refusal(/listen/))
})

/** A property that keeps whatever it was given, against a later null. */
function stubborn(): PropertyDescriptor {
  let kept: unknown = null
  return {
    get: () => kept,
    set: value => {
      kept ??= value
    },
  }
}

t.test('D28: each private field is proved at attach', async t => {
  const cases: [RegExp, (client: Record<string, unknown>) => void][] = [
    [/client\.duplicates/, client => void delete client.duplicates],
    [
      /client\._parser\._parseHeader/,
      client => void Object.assign(client._parser as object, { _parseHeader: undefined }),
    ],
    [/client\.deliver0/, client => void delete client.deliver0],
    [/client\.deliverQoS/, client => void delete client.deliverQoS],
    [/client\._nextId/, client => void delete client._nextId],
    [/client\._disconnected/, client => void delete client._disconnected],
    [/client\._authorized/, client => void delete client._authorized],
    [/client\._will/, client => void delete client._will],
    [/client\.conn/, client => void Object.assign(client, { conn: new PassThrough() })],
    [/client\._nextBatch/, client => void delete client._nextBatch],
    [/client\._parsingBatch/, client => void delete client._parsingBatch],
    [/client\._keepaliveTimer/, client => void delete client._keepaliveTimer],
    [/client\._keepaliveInterval/, client => void delete client._keepaliveInterval],
    [/client\.errored/, client => void delete client.errored],
    [/client\.waitForDrain/, client => void Object.assign(client, { waitForDrain: undefined })],
    [/one listener for 'packet'/, client => void (client._parser as EventEmitter).on('packet', () => {})],
    [/client\.pause/, client => void Object.assign(client, { pause: undefined })],
    [/client\.pause\(\) to hold/, client => void Object.assign(client, { pause: () => {} })],
    [/client\.id to decide/, client => void Object.defineProperty(client, 'id', { get: () => 'fixed', set: () => {} })],
    [/client\._will to decide/, client => void Object.defineProperty(client, '_will', stubborn())],
  ]
  for (const [message, spoil] of cases) {
    class Changed extends Aedes {
      constructor(options?: ConstructorParameters<typeof Aedes>[0]) {
        super(options)
        const { handle } = this
        this.handle = (conn, request) => {
          const client = handle(conn, request)
          spoil(client as unknown as Record<string, unknown>)
          return client
        }
      }
    }
    const aedes = new Changed(aedesOptions())
    await aedes.listen()
    const before = hooks.map(hook => aedes[hook])
    await t.rejects(attach(aedes), { name: 'AttachRefused', message })
    t.ok(
      hooks.every((hook, n) => aedes[hook] === before[n]),
      'the hooks are untouched',
    )
    await new Promise<void>(resolve => aedes.close(resolve))
  }
})

t.test('the host is told what only it can set', async t => {
  const plain = await Aedes.createBroker()
  const log = new RecordingLog()
  const attachment = await attach(plain, { strangers: 'host' }, new RecordingEvents(), log)
  for (const word of ['concurrency', 'drainTimeout', 'connectTimeout', 'highWaterMark', 'noDelay', 'guardFrames']) {
    t.ok(
      attachment.advice.some(sentence => sentence.includes(word)),
      word,
    )
  }
  t.equal(log.of('host-advice').length, attachment.advice.length)
  await attachment.close()
  await new Promise<void>(resolve => plain.close(resolve))
  const ours = await bareBroker(t)
  const quiet = await attach(ours)
  t.notOk(quiet.advice.some(sentence => /concurrency is|drainTimeout is|connectTimeout is/.test(sentence)))
  await quiet.close()
})

t.test('clients from before the attach are strangers: nothing of ours reaches them', async t => {
  const aedes = await bareBroker(t)
  const server = createServer(socket => aedes.handle(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const early = await RawClient.connect(port, { clientId: 'early' })
  await early.subscribe('#', 'drover/v1/#')
  const attachment = await attach(aedes, { strangers: 'host' })
  attachment.channel.publish('drover/v1/events/device-1', { code: 'SYS_112' })
  aedes.publish(message('home/lamp'), noop)
  await early.until(() => early.topics().includes('home/lamp'))
  t.same(early.topics(), ['home/lamp'])
  early.publish('drover/v1/devices/device-1/offer', 'forged')
  await early.whenClosed()
  await attachment.close()

  const before = await RawClient.connect(port, { clientId: 'before' })
  const strict = await attach(aedes, { strangers: 'refuse' })
  await before.whenClosed()
  await strict.close()
  server.close()
})

t.test('H: a listener that got aedes.handle before the attach is guarded from CONNECT on', async t => {
  const aedes = await bareBroker(t)
  const server = createServer(aedes.handle as (socket: unknown) => void)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const attachment = await attach(aedes)
  const ours = { username: 'device-1', password: Buffer.from('secret') }
  const device = await RawClient.connect(port, { clientId: 'device-1', ...ours })
  t.equal(device.returnCode, 0)
  device.write(Buffer.from([0x30, 0xff, 0xff, 0x7f]))
  await device.whenClosed()
  t.equal(attachment.figures().closed['packet-too-large'], 1)
  await attachment.close()
  server.close()
})

t.test('packets of strangers have a limit of their own', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host', strangerPacketBytesMax: 2_000_000 } })
  const stranger = await broker.stranger('camera')
  await stranger.subscribe('home/picture')
  stranger.publish('home/picture', Buffer.alloc(1_900_000))
  await stranger.until(() => stranger.topics().length === 1)
  stranger.publish('home/picture', Buffer.alloc(2_000_000))
  await stranger.whenClosed()
  t.equal(stranger.closed, true)
})
