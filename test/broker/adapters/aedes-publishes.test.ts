// The short way of what devices publish, past Aedes' handlers: what they promise is kept.
import { randomInt } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { generate, type Packet } from 'mqtt-packet'
import t from 'tap'
import { seeded } from '../../fixtures/seeded.ts'
import { type BrokerUnderTest, eventually, openBroker } from './mqtt/broker-under-test.ts'

const topic = (name: string) => `drover/v1/devices/device-1/${name}`
const event = (messageId: number) =>
  ({ cmd: 'publish', topic: topic('events'), payload: 'x', qos: 1, messageId, retain: false, dup: false }) as const

interface ServerSide {
  readonly conn: Duplex
  readonly _keepaliveTimer: { refresh: () => unknown }
}
/** The broker's end of the only device. */
function serverSide({ aedes }: BrokerUnderTest): ServerSide {
  return (aedes as unknown as { readonly clients: Readonly<Record<string, ServerSide>> }).clients[
    'device-1'
  ] as ServerSide
}

/** Lengths of what is written to the device from now on; `answer` in place of what the socket says. */
function watchWrites(broker: BrokerUnderTest, answer?: boolean): number[] {
  const { conn } = serverSide(broker)
  const lengths: number[] = []
  const write = conn.write.bind(conn) as (bytes: Uint8Array, ...rest: never[]) => boolean
  conn.write = ((bytes: Uint8Array, ...rest: never[]) => {
    lengths.push(bytes.length)
    return write(bytes, ...rest) && (answer ?? true)
  }) as Duplex['write']
  return lengths
}

t.test('what is stored together is acknowledged in one write, each message by its own number, in order', async t => {
  const broker = await openBroker(t)
  let stored = (): void => {}
  const commit = new Promise<void>(resolve => {
    stored = resolve
  })
  broker.events.onMessage = () => commit
  const device = await broker.device('device-1')
  const writes = watchWrites(broker)
  const ids = [65_535, 1, 256, 255, 32_768]
  device.send(...ids.map(event))
  await eventually(() => broker.events.messages.length === ids.length)
  t.same(device.of('puback'), [])
  stored()
  await device.until(() => device.of('puback').length === ids.length)
  t.same(
    device.of('puback').map(({ messageId }) => messageId),
    ids,
  )
  t.same(writes, [4 * ids.length])
})

t.test('a client is read on behind messages of one segment that wait, and behind those that do not', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  device.send(...[1, 2, 3, 4, 5].map(event))
  await device.until(() => device.of('puback').length === 5)
  const progress = {
    cmd: 'publish',
    topic: topic('progress'),
    payload: 'p',
    qos: 0,
    retain: false,
    dup: false,
  } as const
  device.send(progress, progress, progress, progress)
  await eventually(() => broker.events.messages.length === 9)
  device.send(event(6))
  await device.until(() => device.of('puback').length === 6)
  t.equal(await device.ping(), true)
})

t.test('every message is a sign of life', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1', { keepalive: 60 })
  const timer = serverSide(broker)._keepaliveTimer
  let refreshed = 0
  timer.refresh = () => {
    refreshed++
  }
  device.send(event(1))
  await device.until(() => device.of('puback').length === 1)
  t.equal(refreshed, 1)
  device.send(event(2), { cmd: 'publish', topic: topic('hello'), payload: 'x', qos: 0, retain: false, dup: false })
  await eventually(() => broker.events.messages.length === 3)
  t.ok(refreshed >= 2)
})

t.test('however the bytes are cut, every message arrives once, in order, and is acknowledged', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  const seed = randomInt(2 ** 31)
  const random = seeded(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const others = (payload: string, id: number): Packet[] => [
    { ...event(id), topic: topic('hello'), payload },
    { ...event(id), topic: topic('events'), payload, dup: true },
    { ...event(id), topic: topic('events'), payload, retain: true },
    { ...event(id), topic: topic('events'), payload, qos: 0 },
    { cmd: 'publish', topic: topic('progress'), payload, qos: 0, retain: false, dup: false },
    { cmd: 'pingreq' },
    { cmd: 'subscribe', messageId: id, subscriptions: [{ topic: topic('offer'), qos: 0 }] },
  ]
  const packets = Array.from({ length: 300 }, (_, index): Packet => {
    const payload = `${index}:${'x'.repeat([0, 1, 90, 130, 20_000, 9_000][below(6)] ?? 0)}`
    const plain: Packet = { ...event(index + 1), payload }
    return below(2) === 0 ? plain : (others(payload, index + 1)[below(7)] ?? plain)
  })
  const bytes = Buffer.concat(packets.map(packet => generate(packet)))
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below([3, 60, 4000, 70_000][below(4)] ?? 1)
    device.write(bytes.subarray(at, at + size))
    at += size
    // Some come in one read, some alone.
    if (below(3) === 0) await new Promise(resolve => setImmediate(resolve))
  }
  const published = packets.filter(packet => packet.cmd === 'publish')
  const acknowledged = published.flatMap(({ qos, messageId }) => (qos === 1 ? [messageId] : []))
  await device.until(() => device.of('puback').length >= acknowledged.length)
  await eventually(() => broker.events.messages.length >= published.length)
  t.strictSame(
    broker.events.messages.map(({ payload }) => payload.split(':')[0]),
    published.map(({ payload }) => String(payload).split(':')[0]),
    `seed ${seed}`,
  )
  const ids = device.of('puback').map(({ messageId }) => messageId)
  t.strictSame(new Set(ids), new Set(acknowledged))
  t.equal(ids.length, acknowledged.length)
  const pingCount = packets.filter(({ cmd }) => cmd === 'pingreq').length
  await device.until(() => device.of('pingresp').length >= pingCount)
  t.equal(device.of('pingresp').length, pingCount)
})

t.test('an event cut anywhere is one event, also when its payload is one itself', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  const inner = generate(event(9))
  const bytes = generate({ ...event(1), payload: inner })
  const conn = serverSide(broker).conn as Duplex & { readonly bytesRead: number }
  const cuts = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)
  for (const [index, at] of cuts.entries()) {
    const before = conn.bytesRead
    device.write(bytes.subarray(0, at))
    await eventually(() => conn.bytesRead === before + at)
    device.write(bytes.subarray(at))
    await device.until(() => device.of('puback').length > index)
  }
  t.strictSame(
    device.of('puback').map(({ messageId }) => messageId),
    cuts.map(() => 1),
  )
  t.strictSame(
    broker.events.messages.map(({ payload }) => payload),
    cuts.map(() => inner.toString()),
  )
})

t.test('what is no event in good order is refused as ever, also behind one that is', async t => {
  const good = generate(event(1))
  const body = good.subarray(2)
  const wrong = {
    'message id 0': Buffer.concat([good.subarray(0, good.length - 3), Buffer.from([0, 0, 0x78])]),
    'a topic of somebody else': generate({ ...event(1), topic: 'drover/v1/devices/device-2/events' }),
    'a topic with an end that is not ours': generate({ ...event(1), topic: topic('eventz') }),
    'QoS 3': Buffer.concat([Buffer.from([0x36]), good.subarray(1)]),
    'a length over the limit': Buffer.concat([Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]), body]),
    'a length without an end': Buffer.concat([Buffer.from([0x32, 0x80, 0x80, 0x80, 0x80, 0x01]), body]),
  }
  for (const [what, bytes] of Object.entries(wrong)) {
    const broker = await openBroker(t)
    const device = await broker.device('device-1')
    device.write(Buffer.concat([good, bytes, generate(event(2))]))
    await device.whenClosed()
    t.equal(device.closed, true, what)
    t.ok(broker.events.messages.length <= 1, `${what}: nothing behind it is taken`)
  }
})

t.test('an event longer than a packet may be closes the connection, one of just that length does not', async t => {
  const broker = await openBroker(t, { settings: { packetBytesMax: 300 } })
  const device = await broker.device('device-1')
  const sized = (bytes: number) => {
    const packet = generate({ ...event(1), payload: 'x'.repeat(200) })
    return generate({ ...event(1), payload: 'x'.repeat(200 + bytes - packet.length) })
  }
  device.write(sized(300))
  await device.until(() => device.of('puback').length === 1)
  device.write(sized(301))
  await device.whenClosed()
  t.equal(device.closed, true)
  t.equal(broker.events.messages.length, 1)
})

t.test('a device that takes no acknowledgements is closed after the drain time-out', async t => {
  const broker = await openBroker(t, { options: { drainTimeout: 60 } })
  const device = await broker.device('device-1')
  watchWrites(broker, false)
  device.send(event(1))
  await device.whenClosed()
  t.equal(device.closed, true)
})

t.test('a connection that ends before the commit gets no acknowledgement and disturbs nobody', async t => {
  const broker = await openBroker(t)
  let stored = (): void => {}
  const commit = new Promise<void>(resolve => {
    stored = resolve
  })
  broker.events.onMessage = () => commit
  const device = await broker.device('device-1')
  const writes = watchWrites(broker)
  device.send(event(1), event(2))
  await eventually(() => broker.events.messages.length === 2)
  device.destroy()
  await eventually(() => broker.events.disconnected.length === 1)
  stored()
  const again = await broker.device('device-1')
  again.send(event(3))
  await again.until(() => again.of('puback').length === 1)
  t.same(writes, [])
})

t.test('who puts a hook of his own over ours sees every message, and it is acknowledged all the same', async t => {
  const broker = await openBroker(t)
  const seen: string[] = []
  const ours = broker.aedes.authorizePublish
  const device = await broker.device('device-1')
  device.send(event(1))
  await device.until(() => device.of('puback').length === 1)
  broker.aedes.authorizePublish = (client, packet, done) => {
    seen.push(packet.topic)
    ours.call(broker.aedes, client, packet, done)
  }
  device.send(event(2))
  await device.until(() => device.of('puback').length === 2)
  t.same(seen, [topic('events')])
  t.equal(broker.events.messages.length, 2)
  broker.aedes.authorizePublish = ours
})
