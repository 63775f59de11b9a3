// The light link against brokers that are none, half of one, or slow to answer: it ends the connection, says why, comes back
// with patience, and keeps no more than a packet may have.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { parser as mqttParser, type Packet } from 'mqtt-packet'
import t, { type Test } from 'tap'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import type { Clock } from '../../../agent/ports.ts'
import { deviceId } from '../../../proto/ids.ts'
import { readPresence } from '../../../proto/messages.ts'
import { LightLink, type LightLinkSettings } from '../../../simulator/fleet/sensor/light-link.ts'
import { encodePacket, idField, PacketSplitter, publishPacketOf } from '../../../simulator/fleet/sensor/mqtt-packets.ts'
import type { BrokerAddress } from '../../../simulator/fleet/sensor/shared.ts'
import { Seed } from '../../../simulator/world/seed.ts'
import { Authority } from '../../fixtures/certificates.ts'
import { untilValue } from '../../stories/process.ts'

const device = deviceId('sensor-1')
const topic = (name: string): string => `drover/v1/devices/sensor-1/${name}`
const session = '0123456789abcdef'
const connack = Buffer.from([0x20, 2, 0, 0])
const suback = Buffer.from([0x90, 5, 0, 1, 1, 1, 0])

/** A peer that answers as `answer` says; everything it is told, and the reasons why connections ended. */
async function lineTo(
  t: Test,
  answer: (packet: Packet, socket: Socket, connection: number) => void,
  wishes: Partial<LightLinkSettings> & { readonly clock?: Clock } = {},
) {
  const heard: Packet[] = []
  const reasons: string[] = []
  const messages: string[] = []
  let connections = 0
  let links = 0
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    connections += 1
    const connection = connections
    sockets.add(socket)
    const reader = mqttParser()
    reader.on('packet', packet => {
      heard.push(packet)
      answer(packet, socket, connection)
    })
    socket.on('data', bytes => reader.parse(bytes))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const settings: LightLinkSettings = {
    ...{
      device,
      secret: 'secret',
      keepAliveSeconds: 60,
      receiveBytesMax: 4096,
      taps: [],
      downBytesPerSecond: undefined,
    },
    broker: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    reconnect: { baseMs: 1, capMs: 5 },
    ...wishes,
  }
  const link = new LightLink(settings, wishes.clock ?? systemClock, new Seed('line'), {
    linked: () => {
      links += 1
    },
    unlinked: reason => reasons.push(reason),
    offered: () => {},
    moved: () => {},
  })
  t.teardown(async () => {
    await link.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const begin = (): void =>
    link.start({
      connected: () => messages.push('connected'),
      disconnected: reason => messages.push(`disconnected: ${reason}`),
      message: (downlink, bytes) => messages.push(`${downlink} ${Buffer.from(bytes)}`),
      broadcast: (channel, name, bytes) => messages.push(`${channel} ${name} ${Buffer.from(bytes)}`),
    })
  const until = (there: () => boolean): Promise<boolean> => untilValue(async () => there() || undefined)
  return { link, begin, heard, reasons, messages, until, connections: () => connections, links: () => links }
}

/** As a broker answers. */
function welcome(packet: Packet, socket: Socket): void {
  if (packet.cmd === 'connect') socket.write(connack)
  if (packet.cmd === 'subscribe') {
    const codes = packet.subscriptions.map(({ qos }) => qos)
    socket.write(encodePacket(0x90, idField(packet.messageId ?? 0), Buffer.from(codes)))
  }
  if (packet.cmd === 'unsubscribe') socket.write(encodePacket(0xb0, idField(packet.messageId ?? 0)))
  if (packet.cmd === 'publish' && packet.qos === 1) socket.write(encodePacket(0x40, idField(packet.messageId ?? 0)))
}

const hurried: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs / 20, run) }

const peers: Readonly<Record<string, { readonly says: Buffer; readonly reason: RegExp; readonly clock?: Clock }>> = {
  'another protocol': {
    says: Buffer.from('HTTP/1.1 400 Bad Request\r\n'),
    reason: /subscribed in time/,
    clock: hurried,
  },
  'bytes of chance': { says: Buffer.from([0xf7, 2, 9, 9, 1]), reason: /type 15, which no broker sends/ },
  'a packet of 200 MB': { says: Buffer.from([0x30, 0x80, 0x80, 0x80, 0x64]), reason: /packet of 209715205 bytes/ },
  'a length of five bytes': { says: Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]), reason: /malformed length/ },
  'one byte too many': { says: Buffer.from([0x30, 0xfe, 0x1f]), reason: /packet of 4097 bytes, expected at most 4096/ },
  'wrong password': { says: Buffer.from([0x20, 2, 0, 4]), reason: /return code 4/ },
  'a CONNACK that is none': { says: Buffer.from([0x20, 0]), reason: /return code none/ },
  'a subscription that is refused': {
    says: Buffer.concat([connack, Buffer.from([0x90, 5, 0, 1, 1, 0x80, 0])]),
    reason: /subscribe: refused/,
  },
  'a SUBACK that is too short': { says: Buffer.concat([connack, Buffer.from([0x90, 2, 0, 1])]), reason: /refused/ },
  'a PUBLISH without a topic': {
    says: Buffer.concat([connack, suback, Buffer.from([0x30, 1, 9])]),
    reason: /malformed PUB/,
  },
  'a PUBLISH at QoS 3': {
    says: Buffer.concat([connack, suback, Buffer.from([0x36, 5, 0, 1, 97, 0, 1])]),
    reason: /malformed PUBLISH/,
  },
  'a CONNECT from the broker': { says: Buffer.from([0x10, 0]), reason: /type 1, which no broker sends/ },
  'no answer at all': { says: Buffer.alloc(0), reason: /not connected and subscribed in time/, clock: hurried },
  'no answer to a ping': {
    says: Buffer.concat([connack, suback]),
    reason: /no answer to PINGREQ/,
    clock: hurried,
  },
}

t.test('what no broker should say ends the connection, with its reason, and another one is made', async t => {
  await Promise.all(
    Object.entries(peers).map(async ([name, { says, reason, clock }]) => {
      const answer = (packet: Packet, socket: Socket): void => {
        if (packet.cmd === 'connect') socket.write(says)
      }
      const line = await lineTo(t, answer, { keepAliveSeconds: 5, ...(clock === undefined ? {} : { clock }) })
      line.begin()
      await line.until(() => line.connections() > 2 && line.reasons.some(told => reason.test(told)))
      const others = new Set(line.reasons.filter(told => !reason.test(told)))
      others.delete('not connected and subscribed in time')
      t.strictSame([...others], [], name)
      await line.link.close()
    }),
  )
})

t.test('packets in halves, in single bytes, and several at once are the same packets', async t => {
  const offer = publishPacketOf(topic('offer'), Buffer.alloc(200, 'offer'))
  const said = Buffer.concat([
    ...[connack, suback, offer, publishPacketOf(topic('chunks/data'), Buffer.from('1'))],
    ...[publishPacketOf(topic('offer'), Buffer.from('2'), 7), publishPacketOf('drover/v1/devices/other/offer', offer)],
    publishPacketOf(topic('hello'), offer),
    publishPacketOf(topic('offer'), Buffer.from('last')),
  ])
  for (const size of [1, 3, 100, said.length]) {
    const line = await lineTo(t, (packet, socket) => {
      socket.setNoDelay(true)
      if (packet.cmd !== 'connect') return
      const send = (at: number): void => {
        if (at >= said.length) return
        socket.write(said.subarray(at, at + size))
        setImmediate(() => send(at + size))
      }
      send(0)
    })
    line.begin()
    await line.until(() => line.messages.includes('offer last'))
    const expected = ['connected', `offer ${'offer'.repeat(40)}`, 'chunks/data 1', 'offer 2', 'offer last']
    t.strictSame(line.messages, expected, `${size} bytes at a time; what is for others is not taken`)
    await line.until(() => line.heard.some(packet => packet.cmd === 'puback' && packet.messageId === 7))
  }
})

t.test('a splitter keeps no more than one packet may have', async t => {
  const splitter = new PacketSplitter(100)
  const found: number[] = []
  const take = (bytes: Buffer): string | undefined => splitter.take(bytes, ({ body }) => found.push(body.length) > 0)
  const memory = Buffer.alloc(64)
  memory.set([0x30, 98])
  t.equal(take(memory), undefined)
  memory.fill(0)
  t.equal(take(memory.subarray(0, 36)), undefined, 'what was kept does not lie in memory that is read into again')
  t.strictSame(found, [98])
  t.match(take(Buffer.from([0x30, 99])), /packet of 101 bytes/)
})

t.test('the handshake is what PROTOCOL says: clean session, will, all downlinks, presence, and a goodbye', async t => {
  const line = await lineTo(t, welcome)
  line.begin()
  await line.until(() => line.links() === 1 && line.heard.length === 3)
  const [connect, subscribe, presence] = line.heard
  t.match(connect, {
    ...{
      cmd: 'connect',
      protocolVersion: 4,
      protocolId: 'MQTT',
      clean: true,
      clientId: 'sensor-1',
      username: 'sensor-1',
    },
    keepalive: 60,
    will: { topic: topic('presence'), qos: 0, retain: false },
  })
  t.match(subscribe, {
    subscriptions: [
      { topic: topic('offer'), qos: 1 },
      { topic: topic('command'), qos: 1 },
      { topic: topic('chunks/data'), qos: 0 },
    ],
  })
  const presenceOf = (packet: Packet | undefined) =>
    packet?.cmd === 'publish' ? readPresence(Buffer.from(packet.payload)) : undefined
  const online = presenceOf(presence)
  t.equal(online?.online, true)
  if (connect?.cmd === 'connect')
    t.strictSame(
      readPresence(Buffer.from(connect.will?.payload ?? '')),
      { ...online, online: false },
      'of this connection',
    )
  await line.link.publish('hello', Buffer.from('hello'))
  t.match(line.heard[3], { cmd: 'publish', topic: topic('hello'), qos: 1 })
  await line.link.close()
  await line.until(() => line.heard.length === 6)
  t.strictSame(presenceOf(line.heard[4]), { ...online, online: false })
  t.equal(line.heard[5]?.cmd, 'disconnect')
  await t.rejects(line.link.publish('hello', Buffer.from('x')), { code: 'LINK_DOWN' })
})

t.test(
  'a session is joined now, and after each connect before the device is connected; what comes late is dropped',
  async t => {
    const line = await lineTo(t, (packet, socket, connection) => {
      welcome(packet, socket)
      if (packet.cmd !== 'subscribe' || !packet.subscriptions[0]?.topic.includes(session)) return
      socket.write(publishPacketOf(`drover/v1/broadcast/${session}/data`, Buffer.from(`piece ${connection}`)))
      if (connection === 1) socket.end()
    })
    line.begin()
    await line.until(() => line.links() === 1)
    line.link.join(session)
    await line.until(() => line.links() === 2)
    const again = line.heard.findLastIndex(packet => packet.cmd === 'subscribe')
    const online = line.heard.findLastIndex(packet => packet.cmd === 'publish')
    t.ok(again < online, 'subscribed first')
    t.ok(line.messages.includes(`data ${session} piece 1`) && line.messages.includes(`data ${session} piece 2`))
    line.link.leave()
    await line.until(() => line.heard.some(packet => packet.cmd === 'unsubscribe'))
  },
)

t.test('what was not acknowledged when the connection ends is rejected, and never sent twice', async t => {
  const line = await lineTo(t, (packet, socket) => {
    if (packet.cmd === 'publish' && packet.topic.endsWith('/events')) socket.destroy()
    else welcome(packet, socket)
  })
  line.begin()
  await line.until(() => line.links() === 1)
  await t.rejects(line.link.publish('events', Buffer.from('e')), { code: 'LINK_DOWN' })
  await line.until(() => line.links() === 2)
  t.equal(line.heard.filter(packet => packet.cmd === 'publish' && packet.topic.endsWith('/events')).length, 1)
})

t.test('over TLS: with a broker that proves its name, and with no other', async t => {
  const authority = new Authority()
  const { cert, key } = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })
  const server = createTlsServer({ cert, key }, socket => {
    const reader = mqttParser()
    reader.on('packet', packet => welcome(packet, socket))
    socket.on('data', bytes => reader.parse(bytes))
    socket.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const at = (tls: BrokerAddress['tls']) => ({ broker: { host: '127.0.0.1', port, ...(tls && { tls }) } })
  const trusting = await lineTo(t, welcome, at({ ca: authority.cert }))
  trusting.begin()
  await trusting.until(() => trusting.links() === 1)
  await trusting.link.publish('hello', Buffer.alloc(3000))
  const careless = await lineTo(t, welcome, at({ rejectUnauthorized: false }))
  careless.begin()
  await careless.until(() => careless.links() === 1)
  const careful = await lineTo(t, welcome, at({}))
  careful.begin()
  await careful.until(() => careful.reasons.length > 0)
  t.match(careful.reasons[0], /certificate|issuer/)
  t.equal(careful.links(), 0)
})

t.test('out of reach there is no try; a slow line takes its time', async t => {
  const line = await lineTo(t, welcome)
  line.link.goOffline('away')
  line.begin()
  await new Promise(resolve => setTimeout(resolve, 30))
  t.equal(line.connections(), 0)
  line.link.goOnline()
  await line.until(() => line.links() === 1)

  const large = publishPacketOf(topic('offer'), Buffer.alloc(4000))
  const slow = await lineTo(
    t,
    (packet, socket) => {
      welcome(packet, socket)
      if (packet.cmd === 'subscribe') for (let count = 0; count < 5; count += 1) socket.write(large)
    },
    { downBytesPerSecond: 40_000 },
  )
  const beganMs = performance.now()
  slow.begin()
  await slow.until(() => slow.messages.length === 6)
  await slow.link.publish('hello', Buffer.from('after them'))
  t.ok(performance.now() - beganMs > 450, '20,000 bytes at 40,000 a second: the answer behind them comes later')
})
