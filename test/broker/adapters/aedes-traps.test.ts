// The ways in which plain Aedes 1.2.0 loses messages, stands still, dies, or lets somebody in, each shown to be closed.
import { Duplex } from 'node:stream'
import { Aedes } from 'aedes'
import t from 'tap'
import { aedesOptions } from '../../../broker/adapters/aedes/settings.ts'
import { connectionOf, eventually, openBroker, sleep, slowPersistence } from './mqtt/broker-under-test.ts'
import { connectBytes, RawClient } from './mqtt/raw-client.ts'

const own = (device: string, name: string) => `drover/v1/devices/${device}/${name}`
const message = (topic: string, qos: 0 | 1, payload: string | Buffer = '', retain = false) =>
  ({ cmd: 'publish', topic, payload, qos, retain, dup: false }) as const
const noop = () => {}

t.test('A: 10,000 of 10,000 QoS 1 messages arrive with QoS 0 and retained ones between them', async t => {
  const { aedes, device } = await openBroker(t)
  const client = await device('device-1')
  await client.subscribeAt(1, own('device-1', 'offer'))
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < 100; n++) {
      aedes.publish(message(own('device-1', 'offer'), 1, 'one'), noop)
      aedes.publish(message(own('device-1', 'offer'), 0, 'nil', n === 50), noop)
    }
    await sleep(0)
  }
  // CONNACK and SUBACK came before.
  await client.until(() => client.received.length >= 20_002)
  const qosOnes = client.of('publish').filter(packet => packet.payload.toString() === 'one')
  t.equal(qosOnes.length, 10_000)
  t.equal(client.of('publish').length, 20_000)
})

t.test('B: messages that waited in the emitter do not overflow the stack', async t => {
  const { aedes } = await openBroker(t)
  const held: (() => void)[] = []
  aedes.subscribe('held', (_packet, done) => held.push(done), noop)
  aedes.subscribe('quick', (_packet, done) => done(), noop)
  for (let n = 0; n < 100; n++) aedes.publish(message('held', 0), noop)
  for (let n = 0; n < 12_000; n++) aedes.publish(message(n % 2 === 0 ? 'quick' : 'nobody', 0), noop)
  await eventually(() => held.length === 100)
  t.doesNotThrow(() => {
    for (const release of held) release()
  })
})

t.test('C: one client that stops reading is closed, and everybody else gets everything meanwhile', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const { attachment, port } = broker
  const frozen = await broker.stranger('frozen')
  await frozen.subscribe('a/#')
  frozen.stopReading()
  const healthy = await broker.stranger('healthy')
  await healthy.subscribe('b/#', 'a/0')
  const publishers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => RawClient.connect(port, { clientId: `p${n}` })),
  )
  const payload = Buffer.alloc(4096)
  for (let round = 0; round < 30; round++) {
    for (const [n, publisher] of publishers.entries()) {
      publisher.publish(`a/${n}`, payload)
      publisher.publish(`b/${n}`, 'b')
    }
    await Promise.all(publishers.map(publisher => publisher.ping()))
  }
  await healthy.until(() => healthy.topics().length >= 31 * 50 - 20)
  t.equal(healthy.topics().filter(topic => topic.startsWith('b/')).length, 1500)
  t.equal(healthy.topics().filter(topic => topic === 'a/0').length, 30)
  t.ok(await eventually(() => attachment.figures().closed.backlog === 1), 'closed for its backlog')
  t.equal(attachment.figures().connections.stranger, 51)
  for (const client of [frozen, healthy, ...publishers]) client.destroy()
})

t.test('C: a device that stops reading what is written straight to it is closed by our own stall timer', async t => {
  const broker = await openBroker(t, { settings: { stallMs: 150 } })
  const client = await broker.device('device-1')
  client.stopReading()
  const connection = await connectionOf(broker, 'device-1')
  const chunk = Buffer.alloc(64 * 1024)
  // Beyond what the kernel's buffers take.
  for (let n = 0; n < 200; n++) connection.publish('chunks/data', [chunk])
  t.ok(connection.undrainedBytes > 0)
  t.ok(await eventually(() => broker.events.disconnected.length === 1))
  t.match(broker.attachment.figures().closed, { stalled: 1 })
  t.equal(connection.closed, true)
  client.destroy()
})

t.test('C: a slow but steady reader is not taken for a stalled one', async t => {
  const broker = await openBroker(t, { settings: { stallMs: 200 } })
  const client = await broker.device('device-1')
  const connection = await connectionOf(broker, 'device-1')
  client.stopReading()
  const chunk = Buffer.alloc(64 * 1024)
  for (let n = 0; n < 300; n++) connection.publish('chunks/data', [chunk])
  for (let n = 0; n < 300 && connection.undrainedBytes > 0; n++) {
    client.socket.resume()
    await sleep(1)
    client.socket.pause()
    await sleep(5)
  }
  client.socket.resume()
  await client.until(() => client.topics().length === 300)
  t.same(broker.events.disconnected, [])
})

t.test('D: nothing of a client is heard before it is authenticated', async t => {
  const broker = await openBroker(t, {
    settings: { strangers: 'host' },
    prepare: aedes => {
      aedes.preConnect = (_client, _packet, done) => setTimeout(done, 60, null, true)
      aedes.authenticate = (_client, _user, _password, done) => setTimeout(done, 60, null, false)
    },
  })
  const heard: string[] = []
  broker.aedes.subscribe(
    'early',
    (packet, done) => {
      heard.push(packet.topic)
      done()
    },
    noop,
  )
  for (const username of ['device-1', 'nobody']) {
    const client = new RawClient(broker.port)
    client.write(connectBytes({ clientId: 'device-1', username, password: Buffer.from('wrong') }))
    await sleep(25)
    client.publish(own('device-1', 'events'), 'x', { qos: 1 })
    client.publish('early', 'x', { qos: 1 })
    client.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'secret', qos: 0 }] })
    await sleep(70)
    client.publish('early', 'x', { qos: 1 })
    broker.aedes.publish(message('secret', 0, 'x'), noop)
    await client.whenClosed()
    t.same(
      client.received.map(packet => packet.cmd),
      ['connack'],
      username,
    )
  }
  t.same(heard, [])
  t.same(broker.events.messages, [])
})

t.test('D: what a client sends right behind its CONNECT is handled after it is let in', async t => {
  const broker = await openBroker(t)
  broker.events.authenticateDelayMs = 30
  for (const pauseMs of [0, 10]) {
    const client = new RawClient(broker.port)
    client.write(connectBytes({ clientId: 'device-1', username: 'device-1', password: Buffer.from('secret') }))
    if (pauseMs > 0) await sleep(pauseMs)
    client.publish(own('device-1', 'events'), `after ${pauseMs} ms`, { qos: 1 })
    await client.until(() => client.of('puback').length === 1)
    t.same(
      client.received.map(packet => packet.cmd),
      ['connack', 'puback'],
    )
    t.equal(broker.events.messages.at(-1)?.connection, broker.events.connected.at(-1))
    client.destroy()
  }
  t.equal(broker.events.messages.length, 2)
})

t.test('E, K: no session is kept for a device or an operator, nor anything queued', async t => {
  const broker = await openBroker(t)
  for (const open of [
    () => broker.device('device-1', { clean: false }),
    () => broker.operator('alice', { clean: false }),
  ]) {
    const topic = open === undefined ? '' : 'x'
    const first = await open()
    const allowed = first.returnCode === 0 ? own('device-1', 'offer') : topic
    await first.subscribeAt(1, allowed, 'drover/v1/events/+', own('device-2', 'offer'))
    first.destroy()
    await eventually(() => broker.aedes.connectedClients === 0)
    for (const target of [own('device-1', 'offer'), own('device-2', 'offer'), 'drover/v1/events/device-1']) {
      await new Promise<void>(resolve => broker.aedes.publish(message(target, 1, 'late'), () => resolve()))
    }
    const again = await open()
    t.equal(again.of('connack')[0]?.sessionPresent, false)
    await again.ping()
    await sleep(20)
    t.same(again.topics(), [])
    again.destroy()
    await eventually(() => broker.aedes.connectedClients === 0)
  }
})

t.test('F: 40 rounds of three connects at once leave one connection each, counted once', async t => {
  const broker = await openBroker(t, { prepare: slowPersistence(1) })
  const { aedes, attachment, events } = broker
  events.authenticateDelayMs = 5
  const anomalies: string[] = []
  for (let round = 0; round < 40; round++) {
    const name = `device-${round % 4}`
    const clients = await Promise.all([0, 1, 2].map(() => broker.device(name)))
    await eventually(() => clients.filter(client => !client.closed).length <= 1)
    // With a subscription Aedes takes a client off its table later than it says that it is closed.
    await Promise.all(
      clients.map(client => client.closed || client.subscribe(own(name, 'offer'), own(name, 'command'))),
    )
    const open = clients.filter(client => !client.closed)
    if (open.length !== 1) anomalies.push(`round ${round}: ${open.length} open`)
    if (aedes.connectedClients !== Math.min(round + 1, 4)) anomalies.push(`round ${round}: ${aedes.connectedClients}`)
    const live = events.connected.filter(connection => connection.device === name && !connection.closed)
    if (live.length !== 1) anomalies.push(`round ${round}: ${live.length} live connections`)
    if (registered(aedes, name)?.closed !== false) anomalies.push(`round ${round}: the table has another client`)
  }
  t.same(anomalies, [])
  t.equal(attachment.figures().connecting, 0, 'no turn is left')
  t.equal(events.connected.length - events.disconnected.length, 4)
  t.equal(new Set(events.disconnected.map(connection => connection.number)).size, events.disconnected.length)
})

t.test('F: connects that vanish while they are under way leave nothing behind', async t => {
  const broker = await openBroker(t, { prepare: slowPersistence(3) })
  const { aedes, attachment, events } = broker
  const anomalies: string[] = []
  for (let round = 0; round < 40; round++) {
    const connecting = round % 2 === 0 ? undefined : broker.device('device-1')
    await sleep(connecting === undefined ? 0 : 3)
    const vanishing = new RawClient(broker.port)
    vanishing.write(connectBytes({ clientId: 'device-1', username: 'device-1', password: Buffer.from('secret') }))
    setTimeout(() => vanishing.destroy(), round % 10)
    const staying = await (connecting ?? broker.device('device-1'))
    await eventually(() => staying.closed || attachment.figures().connecting === 0)
    if (staying.closed) continue
    await staying.ping()
    // The one that vanishes may take over as late as this.
    if (staying.closed) continue
    if (registered(aedes, 'device-1') === undefined) anomalies.push(`round ${round}: not on the table`)
    if (aedes.connectedClients !== 1) anomalies.push(`round ${round}: ${aedes.connectedClients} counted`)
    if (round % 4 < 2) staying.destroy()
  }
  t.same(anomalies, [])
  const last = await broker.device('device-1')
  await connectionOf(broker, 'device-1')
  last.destroy()
  t.ok(await eventually(() => aedes.connectedClients === 0 && attachment.figures().connections.device === 0))
  t.equal(registered(aedes, 'device-1'), undefined)
  t.equal(events.connected.length, events.disconnected.length)
})

function registered(aedes: Aedes, clientId: string): { readonly closed: boolean } | undefined {
  return (aedes as unknown as { clients: Record<string, { closed: boolean }> }).clients[clientId]
}

t.test('G: nothing of a device or operator is retained', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  const alice = await broker.operator('alice')
  device.publish(own('device-1', 'events'), 'x', { qos: 1, retain: true })
  alice.publish('drover/v1/operators/alice/request/list', '{}', { qos: 1, retain: true })
  await device.until(() => device.of('puback').length === 1)
  await alice.until(() => alice.of('puback').length === 1)
  await Promise.all([device.ping(), alice.ping()])
  const { persistence } = broker.aedes as unknown as {
    persistence: { createRetainedStreamCombi(patterns: string[]): AsyncIterable<{ topic: string }> }
  }
  const retained: string[] = []
  for await (const packet of persistence.createRetainedStreamCombi(['#', '$drover/#'])) retained.push(packet.topic)
  t.same(retained, [])
  t.equal(broker.events.messages.length, 1)
})

t.test('I: an error of broker, emitter or persistence does not end the process', async t => {
  const { EventEmitter } = await import('node:events')
  const state = new EventEmitter()
  const broker = await openBroker(t, {
    prepare: aedes => {
      const { mq, persistence } = aedes as unknown as {
        mq: { state?: unknown }
        persistence: { createRetainedStreamCombi: unknown; delWill: unknown }
      }
      mq.state = state
      persistence.createRetainedStreamCombi = () =>
        new Duplex({
          readableObjectMode: true,
          read() {
            this.destroy(new Error('retained messages cannot be read'))
          },
        })
      persistence.delWill = async () => {
        throw new Error('will cannot be deleted')
      }
    },
  })
  t.doesNotThrow(() => broker.aedes.emit('error', new Error('of the broker')))
  t.doesNotThrow(() => state.emit('error', new Error('of the emitter')))
  const device = await broker.device('device-1')
  t.equal(device.returnCode, 0)
  t.same(await device.subscribe(own('device-1', 'offer')), [0])
  t.equal(await device.ping(), true)
  t.ok(await eventually(() => broker.log.of('persistence-failed').length >= 2))
})

t.test('J: what is written to a device is a whole, well-formed PUBLISH at QoS 0, of any length', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  const connection = await connectionOf(broker, 'device-1')
  const topicBytes = 2 + own('device-1', 'chunks/data').length
  const sizes = [
    0,
    1,
    127 - topicBytes,
    128 - topicBytes,
    16_383 - topicBytes,
    16_384 - topicBytes,
    2_097_152 - topicBytes,
  ]
  connection.cork()
  for (const [n, size] of sizes.entries()) {
    const bytes = Buffer.alloc(size, n)
    connection.publish('chunks/data', [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)])
  }
  t.ok(connection.undrainedBytes >= sizes.reduce((sum, size) => sum + size, 0), 'gathered until uncork')
  connection.uncork()
  connection.publish('offer', [Buffer.from('an '), Buffer.from('offer')])
  await device.until(() => device.topics().length === sizes.length + 1)
  const received = device.of('publish')
  for (const [n, size] of sizes.entries()) {
    t.same(Buffer.compare(received[n]?.payload as Buffer, Buffer.alloc(size, n)), 0, `${size} bytes`)
  }
  t.match(received.at(-1), { topic: own('device-1', 'offer'), qos: 0, retain: false, dup: false })
  t.equal(received.at(-1)?.payload.toString(), 'an offer')
})

t.test('J: a drained socket says so', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  const connection = await connectionOf(broker, 'device-1')
  device.stopReading()
  let drained = 0
  connection.onDrain(() => drained++)
  for (let n = 0; n < 150; n++) connection.publish('chunks/data', [Buffer.alloc(64 * 1024)])
  t.ok(connection.undrainedBytes > 128 * 1024)
  t.ok(broker.attachment.figures().undrainedBytes > 128 * 1024)
  device.socket.resume()
  t.ok(await eventually(() => connection.undrainedBytes === 0))
  t.ok(drained > 0)
  const before = drained
  connection.close('test')
  await device.whenClosed()
  connection.publish('offer', [Buffer.from('late')])
  t.equal(drained, before, 'closing is no drain')
})

const withWill = (device: string) => ({
  will: { topic: own(device, 'presence'), payload: Buffer.from('gone'), qos: 1 as const, retain: false },
})

t.test('L, D3: a will is heard when a connection breaks; not after DISCONNECT, a takeover or a shutdown', async t => {
  const broker = await openBroker(t)
  const { events, attachment } = broker
  const wills = () =>
    events.messages.filter(({ uplink }) => uplink === 'presence').map(({ connection }) => connection.device)
  const broken = await broker.device('device-1', withWill('device-1'))
  broken.destroy()
  t.ok(await eventually(() => events.disconnected.length === 1))
  t.same(wills(), ['device-1'])

  const polite = await broker.device('device-2', withWill('device-2'))
  polite.send({ cmd: 'disconnect' })
  t.ok(await eventually(() => events.disconnected.length === 2))

  const old = await broker.device('device-3', withWill('device-3'))
  const fresh = await broker.device('device-3', withWill('device-3'))
  await old.whenClosed()
  t.ok(await eventually(() => events.disconnected.length === 3))
  t.same(wills(), ['device-1'])
  t.equal(await fresh.ping(), true)
  t.equal(attachment.figures().connections.device, 1)

  await attachment.close()
  await fresh.whenClosed()
  t.equal(events.disconnected.length, 4)
  t.same(wills(), ['device-1'])
})

t.test('L: closing the broker itself sends no wills of devices', async t => {
  const broker = await openBroker(t)
  await broker.device('device-1', withWill('device-1'))
  await connectionOf(broker, 'device-1')
  await new Promise<void>(resolve => broker.aedes.close(resolve))
  t.ok(await eventually(() => broker.events.disconnected.length === 1))
  t.same(broker.events.messages, [])
})

t.test('the options of our own broker hold no queue and no slots', async t => {
  t.match(aedesOptions(), { concurrency: 0, keepaliveLimit: 0 })
  const aedes = await Aedes.createBroker(aedesOptions())
  t.teardown(() => new Promise<void>(resolve => aedes.close(resolve)))
  t.equal((aedes as unknown as { mq: { concurrency: number } }).mq.concurrency, 0)
})
