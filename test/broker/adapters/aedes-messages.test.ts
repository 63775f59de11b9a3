// What a device or operator publishes: acknowledged when it is durable and not before, bounded in number and rate, and
// never in the emitter. And the bytes that are no MQTT.
import { generate } from 'mqtt-packet'
import t from 'tap'
import { MessageRefused } from '../../../broker/errors.ts'
import { eventually, openBroker, sleep } from './mqtt/broker-under-test.ts'
import { connectBytes, RawClient } from './mqtt/raw-client.ts'

const topic = (name: string, device = 'device-1') => `drover/v1/devices/${device}/${name}`

/** Holds promises back until it is told to let them go. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open: () => open() }
}

t.test('finding 1, D6: PUBACK and PUBREC follow the end of the work, not its beginning', async t => {
  const broker = await openBroker(t)
  const stored = gate()
  broker.events.onMessage = () => stored.opened
  const device = await broker.device('device-1')
  device.publish(topic('events'), 'one', { qos: 1, id: 11 })
  device.publish(topic('events'), 'two', { qos: 2, id: 12 })
  await eventually(() => broker.events.messages.length === 2)
  await sleep(30)
  t.same(
    device.received.map(packet => packet.cmd),
    ['connack'],
  )
  stored.open()
  await device.until(() => device.of('puback').length === 1 && device.of('pubrec').length === 1)
  t.equal(device.of('puback')[0]?.messageId, 11)
  t.equal(device.of('pubrec')[0]?.messageId, 12)
  device.send({ cmd: 'pubrel', messageId: 12 })
  await device.until(() => device.of('pubcomp').length === 1)
})

t.test('finding 1: a message that cannot be stored gets no PUBACK and ends the connection', async t => {
  const broker = await openBroker(t)
  broker.events.onMessage = async (uplink, payload) => {
    if (payload === 'bad') throw new MessageRefused('malformed', `${uplink} does not read`)
    if (payload === 'full') throw new Error('disk full')
    await new Promise(() => {})
  }
  for (const [payload, reason] of [
    ['bad', 'malformed'],
    ['full', 'message-failed'],
  ] as const) {
    for (const [name, qos] of [
      ['events', 1],
      ['hello', 0],
      ['progress', 0],
      ['chunks/request', 0],
    ] as const) {
      const device = await broker.device('device-1')
      device.publish(topic(name), payload, { qos })
      await device.whenClosed()
      t.same(device.of('puback'), [], `${name} ${payload}`)
    }
    t.equal(broker.attachment.figures().closed[reason], 4)
    t.equal(broker.log.of('message-refused').filter(line => line.reason === reason).length, 4)
  }
})

t.test('D2: chunk requests and progress hold nothing back, and go on while an event waits for its fsync', async t => {
  const broker = await openBroker(t)
  const stored = gate()
  broker.events.onMessage = () => stored.opened
  const device = await broker.device('device-1')
  const request = (payload: string) =>
    ({ cmd: 'publish', topic: topic('chunks/request'), payload, qos: 0, retain: false, dup: false }) as const
  // In one segment: Aedes reads on when each packet of it has called back.
  device.send(
    { ...request('slow'), topic: topic('events'), qos: 1, messageId: 1 },
    ...Array.from({ length: 5 }, () => request('same segment')),
    ...Array.from({ length: 5 }, () => ({ ...request('same segment'), topic: topic('progress') })),
  )
  await eventually(() => broker.events.messages.length === 11)
  device.send(request('later'))
  t.ok(await eventually(() => broker.events.messages.length === 12))
  t.same(device.of('puback'), [])
  stored.open()
  await device.until(() => device.of('puback').length === 1)
  t.equal(device.of('puback').length, 1)
})

t.test('D2: a reader that is slow does not hold back the acknowledgement of an event', async t => {
  const broker = await openBroker(t)
  const alice = await broker.operator('alice')
  await alice.subscribe('drover/v1/events/#')
  alice.stopReading()
  broker.events.onMessage = async () => {
    for (let n = 0; n < 20; n++)
      broker.attachment.channel.publish('drover/v1/events/device-1', { filler: 'x'.repeat(20_000) })
  }
  const device = await broker.device('device-1')
  for (let id = 1; id <= 50; id++) {
    device.publish(topic('events'), `${id}`, { qos: 1, id })
    await device.until(() => device.of('puback').length === id)
  }
  t.equal(device.of('puback').length, 50)
  t.ok(await eventually(() => broker.attachment.figures().closed.backlog === 1))
  alice.destroy()
})

t.test('messages of ours reach nobody through the emitter, not even a wildcard or an offline queue', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const sleeper = await broker.stranger('sleeper', { clean: false })
  await sleeper.subscribeAt(1, '#', '+/+')
  sleeper.destroy()
  const watcher = await broker.stranger('watcher')
  await watcher.subscribe('#', '+/#', '$drover/#')
  const device = await broker.device('device-1')
  for (let id = 1; id <= 20; id++) device.publish(topic('events'), 'x', { qos: 1, id })
  await device.until(() => device.of('puback').length === 20)
  await watcher.ping()
  t.same(watcher.topics(), [])
  const { persistence } = broker.aedes as unknown as {
    persistence: { outgoingStream(client: { id: string }): AsyncIterable<{ topic: string }> }
  }
  const queued: string[] = []
  for await (const packet of persistence.outgoingStream({ id: 'sleeper' })) queued.push(packet.topic)
  t.same(queued, [])
  watcher.destroy()
})

t.test('more unacknowledged messages than allowed end the connection', async t => {
  const broker = await openBroker(t, { settings: { inFlightMessagesMax: 8 } })
  broker.events.onMessage = () => new Promise(() => {})
  const device = await broker.device('device-1')
  for (let id = 1; id <= 9; id++) device.publish(topic('events'), 'x', { qos: 1, id })
  await device.whenClosed()
  t.equal(broker.events.messages.length, 8)
  t.equal(broker.attachment.figures().closed['in-flight'], 1)
})

t.test('a message that is never stored ends the connection after a while', async t => {
  const broker = await openBroker(t, { settings: { messageTimeoutMs: 40 } })
  broker.events.onMessage = () => new Promise(() => {})
  const device = await broker.device('device-1')
  device.publish(topic('events'), 'x', { qos: 1 })
  await device.whenClosed()
  t.same(device.of('puback'), [])
})

t.test('T23: a device that floods is closed, also when it comes back at once; others are not', async t => {
  const broker = await openBroker(t, {
    settings: { records: { perSecond: 0.001, burst: 20 }, requests: { perSecond: 0.001, burst: 5 } },
  })
  const flood = async (name: string) => {
    const device = await broker.device('device-1')
    for (let n = 0; n < 30; n++) device.publish(topic(name), 'x')
    await device.whenClosed()
  }
  await flood('events')
  t.equal(broker.events.messages.length, 20)
  await flood('events')
  t.equal(broker.events.messages.length, 20, 'a new connection is no new allowance')
  await flood('chunks/request')
  t.equal(broker.events.messages.length, 25)
  t.equal(broker.attachment.figures().closed.rate, 3)
  const other = await broker.device('device-2')
  other.publish(topic('events', 'device-2'), 'x', { qos: 1 })
  await other.until(() => other.of('puback').length === 1)
})

t.test('D5: the device can be written to from deviceConnected on, and that comes before any message of it', async t => {
  const broker = await openBroker(t)
  const order: string[] = []
  broker.events.onConnected = connection => {
    order.push('connected')
    connection.publish('command', [Buffer.from('first')])
  }
  broker.events.onMessage = async uplink => void order.push(uplink)
  const device = new RawClient(broker.port)
  device.send(
    {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: 'device-1',
      username: 'device-1',
      password: Buffer.from('secret'),
    },
    { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: topic('offer'), qos: 0 }] },
  )
  await device.until(() => device.of('suback').length === 1)
  broker.events.onMessage = async (uplink, _payload, connection) => {
    order.push(uplink)
    connection.publish('offer', [Buffer.from('right away')])
  }
  device.publish(topic('hello'), 'hello')
  await device.until(() => device.topics().includes(topic('offer')))
  t.same(order, ['connected', 'hello'])
  t.same(
    device.received.map(packet => packet.cmd),
    ['connack', 'publish', 'suback', 'publish'],
  )
  device.destroy()
})

t.test('D7: server sockets have room for 128 KiB', async t => {
  const broker = await openBroker(t)
  await broker.device('device-1')
  const { clients } = broker.aedes as unknown as {
    clients: Record<string, { conn: { writableHighWaterMark: number } }>
  }
  t.equal(clients['device-1']?.conn.writableHighWaterMark, 128 * 1024)
})

t.test('D3: what is kept for a device is cleared only by the connection that put it there', async t => {
  const broker = await openBroker(t)
  const { events } = broker
  const first = await broker.device('device-1')
  const second = await broker.device('device-1')
  await first.whenClosed()
  await eventually(() => events.disconnected.length === 1)
  t.equal(events.disconnected[0], events.connected[0])
  t.equal(events.connected[0]?.closed, true)
  t.equal(events.connected[1]?.closed, false)
  t.ok((events.connected[1]?.number ?? 0) > (events.connected[0]?.number ?? 0))
  events.connected[1]?.publish('offer', [Buffer.from('x')])
  await second.until(() => second.topics().length === 1)
  t.match(broker.attachment.figures().connections, { device: 1 })
})

t.test('finding 5: MQTT 5 and unknown levels are refused with return code 1', async t => {
  const broker = await openBroker(t)
  const connect = connectBytes({ clientId: 'device-1', username: 'device-1', password: Buffer.from('secret') })
  const level = connect.indexOf('MQTT') + 4
  for (const value of [3, 5]) {
    const client = new RawClient(broker.port)
    const bytes = Buffer.from(connect)
    bytes[level] = value
    // A version 5 CONNECT has a length of properties behind the keep-alive.
    client.write(value === 5 ? withProperties(bytes, level) : bytes)
    t.equal(await client.connack(), 1, `level ${value}`)
    await client.whenClosed()
  }
  t.same(broker.events.connected, [])
})

function withProperties(connect: Buffer, level: number): Buffer {
  const at = level + 4
  const bytes = Buffer.concat([connect.subarray(0, at), Buffer.from([0]), connect.subarray(at)])
  bytes.writeUInt8(bytes.readUInt8(1) + 1, 1)
  return bytes
}

t.test('T21: bytes that are no MQTT 3.1.1 end the connection', async t => {
  const broker = await openBroker(t, { settings: { strangers: 'host' } })
  const string = (bytes: number[] | string) => {
    const text = Buffer.from(bytes as string)
    return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), text])
  }
  const packet = (type: number, ...body: (Buffer | number[])[]) => {
    const rest = Buffer.concat(body.map(part => Buffer.from(part)))
    return Buffer.concat([Buffer.from([type, rest.length]), rest])
  }
  const surrogate = [0x61, 0xed, 0xa0, 0x80]
  const connect = (flags: number, ...body: (Buffer | number[])[]) =>
    packet(0x10, string('MQTT'), [4, flags, 0, 60], ...body)
  const beforeConnect: Record<string, Buffer> = {
    'PINGREQ first': Buffer.from([0xc0, 0]),
    'PUBLISH first': generate({ cmd: 'publish', topic: 'a', payload: '', qos: 0, retain: false, dup: false }),
    'NUL in the client id': connect(2, string('a\0b')),
    'a surrogate in the client id': connect(2, string(surrogate)),
    'NUL in the user name': connect(0x82, string('c'), string('a\0')),
    'NUL in the will topic': connect(6, string('c'), string('w\0'), string('x')),
    'a surrogate in the will topic': connect(6, string('c'), string(surrogate), string('x')),
    'a wildcard in the will topic': connect(6, string('c'), string('w/#'), string('x')),
    'will QoS 3': connect(0x1e, string('c'), string('w'), string('x')),
    'a will flag without a will': connect(6, string('c')),
    'will QoS without a will': connect(0x0a, string('c')),
    'the reserved flag': connect(3, string('c')),
    'a password without a user name': connect(0x42, string('c'), string('p')),
    'another protocol': packet(0x10, string('MQTX'), [4, 2, 0, 60], string('c')),
    'a length of five bytes': Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80, 0x01]),
  }
  const afterConnect: Record<string, Buffer> = {
    'a second CONNECT': connectBytes({ clientId: 'again' }),
    'NUL in a topic': packet(0x30, string('a\0'), [1]),
    'a control character in a topic': packet(0x30, string('a\u0001'), [1]),
    'a surrogate in a topic': packet(0x30, string(surrogate), [1]),
    'an empty topic': packet(0x30, string(''), [1]),
    'a wildcard in a topic': packet(0x30, string('a/+'), [1]),
    'QoS 3': packet(0x36, string('a'), [0, 1]),
    'packet identifier 0': packet(0x32, string('a'), [0, 0]),
    'DUP at QoS 0': packet(0x38, string('a'), [1]),
    'NUL in a filter': packet(0x82, [0, 1], string('a\0'), [0]),
    'a surrogate in a filter': packet(0x82, [0, 1], string(surrogate), [0]),
    'SUBSCRIBE with identifier 0': packet(0x82, [0, 0], string('a'), [0]),
    'SUBSCRIBE without a filter': packet(0x82, [0, 1]),
    'SUBSCRIBE with wrong header flags': packet(0x80, [0, 1], string('a'), [0]),
    'a filter with # in the middle': packet(0x82, [0, 1], string('a/#/b'), [0]),
    'CONNACK from a client': Buffer.from([0x20, 2, 0, 0]),
    'SUBACK from a client': Buffer.from([0x90, 3, 0, 1, 0]),
    'PINGRESP from a client': Buffer.from([0xd0, 0]),
    'packet type 0': Buffer.from([0x00, 0]),
    'packet type 15': Buffer.from([0xf0, 0]),
    '101 levels': packet(0x82, [0, 1], string('/'.repeat(100)), [0]),
  }
  for (const [what, bytes] of Object.entries(beforeConnect)) {
    const client = new RawClient(broker.port)
    client.write(bytes)
    await client.whenClosed(2_000).catch(() => t.fail(`${what}: still open`))
    t.same(client.received, [], what)
    client.destroy()
  }
  for (const [what, bytes] of Object.entries(afterConnect)) {
    const client = await broker.stranger('c')
    client.write(bytes)
    await client.whenClosed(2_000).catch(() => t.fail(`${what}: still open`))
    t.same(client.received.length, 1, what)
    client.destroy()
  }
  const good = await broker.stranger('\ufeffand\u00e9')
  t.same(await good.subscribe('\u{2a6d4}/\u00e9'), [0], 'whatever is a character may stand in a topic')
  t.equal(await good.ping(), true)
  good.destroy()
})
