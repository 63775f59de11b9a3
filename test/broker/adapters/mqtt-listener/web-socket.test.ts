// MQTT in WebSockets: the same broker with the same limits, and what is refused before it.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connectAsync, type IClientOptions } from 'mqtt'
import { type Packet, parser, writeToStream } from 'mqtt-packet'
import t, { type Test } from 'tap'
import { type ClientOptions, WebSocket } from 'ws'
import { TlsTransport } from '../../../../broker/adapters/mqtt-listener/tls-transport.ts'
import { webSockets } from '../../../../broker/adapters/mqtt-listener/web-socket.ts'
import { MqttListener, plainTcp, type Transport } from '../../../../broker/adapters/mqtt-listener.ts'
import type { Clock } from '../../../../broker/ports.ts'
import { Authority } from '../../../fixtures/certificates.ts'
import { connectionOf, eventually, openBroker, RecordingLog, realClock } from '../mqtt/broker-under-test.ts'
import { connectBytes } from '../mqtt/raw-client.ts'

const authority = new Authority()
const own = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })
const log = new RecordingLog()

async function opened(t: Test, { clock = realClock, inner = plainTcp }: { clock?: Clock; inner?: Transport } = {}) {
  const broker = await openBroker(t, { settings: { stallMs: 300 } })
  const options = { host: '127.0.0.1', port: 0, connectionsMax: 100, clock, log, transport: webSockets(inner, clock) }
  const listener = await MqttListener.open(broker.aedes, options)
  t.teardown(() => listener.close())
  return { broker, listener, port: listener.port }
}

const ours = (name: string): IClientOptions => ({
  ...{ clientId: name, username: name, password: 'secret', protocolVersion: 4, reconnectPeriod: 0 },
})

/** A WebSocket that sends bytes as it is told; `answers` are the packets in what comes back. */
async function raw(port: number, options: ClientOptions = {}, path = '/mqtt', protocols: string[] = ['mqtt']) {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, options)
  const answers: Packet[] = []
  const reader = parser().on('packet', (packet: Packet) => answers.push(packet))
  webSocket.on('message', bytes => reader.parse(bytes as Buffer))
  await new Promise<void>((resolve, reject) => webSocket.once('open', resolve).once('error', reject))
  webSocket.on('error', () => {})
  const enter = async (name: string): Promise<void> => {
    webSocket.send(connectBytes({ clientId: name, username: name, password: Buffer.from('secret') }))
    t.ok(await eventually(() => answers[0]?.cmd === 'connack'), name)
  }
  const closed = () => eventually(() => webSocket.readyState === WebSocket.CLOSED)
  return { webSocket, answers, enter, closed }
}

t.test('devices come in by ws: and, with a certificate of the broker, by wss:', async t => {
  const plain = await opened(t)
  const client = await connectAsync(`ws://127.0.0.1:${plain.port}/mqtt`, ours('device-1'))
  await client.subscribeAsync('drover/v1/devices/device-1/offer')
  const connection = await connectionOf(plain.broker, 'device-1')
  const received = new Promise<Buffer>(resolve => client.once('message', (_, payload) => resolve(payload)))
  const long = randomBytes(100_000)
  connection.publish('offer', [long.subarray(0, 10), long.subarray(10)])
  t.ok((await received).equals(long), 'parts that were written together arrive in order')
  await client.publishAsync('drover/v1/devices/device-1/hello', 'h', { qos: 1 })
  t.match(plain.broker.events.messages, [{ uplink: 'hello', payload: 'h' }])
  await client.endAsync()
  t.ok(await eventually(() => plain.listener.figures().connections === 0))

  const tls = new TlsTransport({ material: own, clock: realClock, log })
  const secure = await opened(t, { inner: tls.transport })
  const url = `wss://127.0.0.1:${secure.port}/mqtt`
  const other = await connectAsync(url, { ...ours('device-2'), ca: authority.cert })
  await other.endAsync()
  await t.rejects(connectAsync(url, { ...ours('device-2'), ca: new Authority('Another').cert }), /certificate/)
})

t.test('packets cut and gathered over messages are one stream; text is none', async t => {
  const { port, broker } = await opened(t)
  const { webSocket, answers, closed } = await raw(port)
  const bytes = connectBytes({ clientId: 'device-1', username: 'device-1', password: Buffer.from('secret') })
  for (const byte of bytes) webSocket.send(Uint8Array.of(byte))
  webSocket.send(Buffer.from([0xc0, 0, 0xc0, 0]))
  t.ok(await eventually(() => answers.map(({ cmd }) => cmd).join(' ') === 'connack pingresp pingresp'))
  // A PUBLISH that would be taken in a binary message.
  const topic = 'drover/v1/devices/device-1/progress'
  webSocket.send(`0${String.fromCharCode(topic.length + 3)}\0${String.fromCharCode(topic.length)}${topic}x`)
  t.ok(await closed(), 'MQTT-6.0.0-1')
  t.same(broker.events.messages, [])
})

t.test('packets, messages and undrained bytes have their limits', async t => {
  const { port, broker } = await opened(t)
  const greedy = await raw(port)
  await greedy.enter('device-1')
  greedy.webSocket.send(Buffer.from([0x30, 0xff, 0xff, 0x7f]))
  t.ok(await greedy.closed())
  t.equal(broker.attachment.figures().closed['packet-too-large'], 1)
  const long = await raw(port)
  await long.enter('device-2')
  long.webSocket.send(Buffer.alloc(300_000, Buffer.from([0xc0, 0])))
  t.ok(await long.closed(), 'a message longer than any packet')

  const frozen = await raw(port)
  await frozen.enter('device-3')
  const connection = await connectionOf(broker, 'device-3')
  frozen.webSocket.pause()
  t.ok(
    await eventually(() => {
      if (connection.undrainedBytes < 200_000) connection.publish('chunks/data', [randomBytes(64 * 1024)])
      return connection.undrainedBytes >= 128 * 1024
    }),
  )
  t.ok(await eventually(() => broker.attachment.figures().closed.stalled === 1))
})

t.test('what is no MQTT in a WebSocket is refused before the broker sees it', async t => {
  const { port, broker, listener } = await opened(t)
  await t.rejects(raw(port, {}, '/other'), /404/)
  await t.rejects(raw(port, {}, '/mqtt', ['mqttv5']), /400/, 'MQTT-6.0.0-3')
  t.equal((await fetch(`http://127.0.0.1:${port}/mqtt`)).status, 426)
  const plain = connect(port, '127.0.0.1').on('error', () => {})
  writeToStream({ cmd: 'pingreq' }, plain)
  t.ok(await eventually(() => plain.destroyed))
  await t.rejects(raw(port, { headers: { cookie: 'c'.repeat(10_000) } }))
  t.match(listener.figures().refused, { 'web-socket-path': 1, 'web-socket-protocol': 1 })
  t.same(broker.attachment.figures().connections, { device: 0, operator: 0, stranger: 0 })
})

t.test('an upgrade has a time, and pings are not answered to who does not read', async t => {
  const due: (() => void)[] = []
  const clock: Clock = {
    ...realClock,
    after(delayMs, action) {
      if (delayMs === 5_000) due.push(action)
      return realClock.after(delayMs, action)
    },
  }
  const { port, listener } = await opened(t, { clock })
  const silent = connect(port, '127.0.0.1').on('error', () => {})
  silent.write('GET /mqtt HTTP/1.1\r\n')
  t.ok(await eventually(() => due.length === 1))
  due[0]?.()
  t.ok(await eventually(() => silent.destroyed))
  t.equal(listener.figures().refused['upgrade-timeout'], 1)

  const { webSocket, enter } = await raw(port)
  await enter('device-1')
  const answered = new Promise(resolve => webSocket.once('pong', resolve))
  webSocket.ping('there?')
  t.match(String(await answered), 'there?')
  const socket = (webSocket as unknown as { readonly _socket: Socket })._socket
  socket.pause()
  const pings = 130_000
  let answers = 0
  webSocket.on('pong', () => {
    answers += 1
  })
  for (let count = 0; count < pings; count++) webSocket.ping('x'.repeat(125))
  t.ok(await eventually(() => socket.writableLength === 0, 20_000), 'they were read')
  socket.resume()
  const last = new Promise<void>(resolve => {
    webSocket.on('pong', data => {
      if (String(data) === 'last') resolve()
    })
  })
  await eventually(() => false, 300)
  webSocket.ping('last')
  await last
  t.ok(answers < pings, `${answers} of ${pings} were answered, what the kernel holds`)
})
