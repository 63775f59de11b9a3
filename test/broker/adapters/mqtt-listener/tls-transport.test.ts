// MQTT over TLS: the same broker behind it, what is refused before and during a handshake, certificates renewed under
// connections that stand.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { type HandshakeLimits, TlsTransport } from '../../../../broker/adapters/mqtt-listener/tls-transport.ts'
import { MqttListener } from '../../../../broker/adapters/mqtt-listener.ts'
import { Authority } from '../../../fixtures/certificates.ts'
import { connectionOf, eventually, openBroker, RecordingLog, realClock } from '../mqtt/broker-under-test.ts'
import { RawClient } from '../mqtt/raw-client.ts'

const authority = new Authority()
const own = authority.issue({ name: 'broker', hosts: ['localhost', '127.0.0.1'] })

class Door {
  readonly streams: Duplex[] = []
  handle(stream: Duplex): void {
    this.streams.push(stream)
    stream.on('error', () => {})
  }
}

async function listening(t: Test, broker: { handle(stream: Duplex): unknown }, limits: Partial<HandshakeLimits> = {}) {
  const log = new RecordingLog()
  const tls = new TlsTransport({ material: own, clock: realClock, log, limits })
  const listener = await MqttListener.open(broker, {
    ...{ host: '127.0.0.1', port: 0, connectionsMax: 2000, clock: realClock, log },
    transport: tls.transport,
  })
  t.teardown(() => listener.close())
  return { listener, tls, log, port: listener.port }
}

/** Resolves when the handshake is done; rejects with what the client says otherwise. */
async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.cert, ...options })
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  socket.on('error', () => {})
  return socket
}

async function knock(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await Promise.all(sockets.map(socket => new Promise<void>(resolve => socket.once('connect', resolve))))
  return sockets
}

t.test('a device comes in by password over TLS; frame limit, byte counts and stall watch are in force', async t => {
  const broker = await openBroker(t, { settings: { stallMs: 300 } })
  const { port, listener } = await listening(t, broker.aedes)
  const device = async (name: string): Promise<RawClient> => {
    const client = new RawClient(await secured(port))
    const password = Buffer.from('secret')
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: name,
      username: name,
      keepalive: 60,
      password,
    })
    t.equal(await client.connack(), 0)
    return client
  }
  const greedy = await device('device-1')
  const wide = await connectionOf(broker, 'device-1')
  t.equal(wide.undrainedBytes, 0)
  greedy.write(Buffer.from([0x30, 0xff, 0xff, 0x7f]))
  await greedy.whenClosed()
  t.equal(broker.attachment.figures().closed['packet-too-large'], 1, 'at the first bytes of the packet')

  const frozen = await device('device-2')
  const connection = await connectionOf(broker, 'device-2')
  frozen.stopReading()
  t.ok(
    await eventually(() => {
      if (connection.undrainedBytes < 200_000) connection.publish('chunks/data', [randomBytes(64 * 1024)])
      return connection.undrainedBytes >= 128 * 1024
    }),
    'bytes the kernel has not taken are counted',
  )
  t.ok(await eventually(() => broker.attachment.figures().closed.stalled === 1), 'and who takes none is closed')
  t.ok(await eventually(() => listener.figures().connections === 0))
})

t.test('a stream has room for 128 KiB like a plain one, and speaks TLS 1.2 or better', async t => {
  const door = new Door()
  const { port } = await listening(t, door)
  const socket = await secured(port)
  t.ok(await eventually(() => door.streams.length === 1))
  t.equal(door.streams[0]?.writableHighWaterMark, 128 * 1024)
  t.equal(socket.getProtocol(), 'TLSv1.3')
  const older = await secured(port, { maxVersion: 'TLSv1.2' })
  t.match(older.getCipher().name, /^ECDHE-.*(GCM|POLY1305)/)
  const seclevel = { ciphers: 'DEFAULT@SECLEVEL=0' }
  await t.rejects(secured(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ...seclevel }), /alert|version/)
  await t.rejects(secured(port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }), /alert|handshake/)
  socket.destroy()
  older.destroy()
})

t.test('MQTT in plain text, and any other bytes, do not reach the broker, nor keep the door from others', async t => {
  const door = new Door()
  const { port, listener } = await listening(t, door)
  const plain = await RawClient.connect(port, { clientId: 'device-1' })
  t.equal(plain.returnCode, undefined)
  t.ok(plain.closed)
  const [junk] = await knock(port, 1)
  junk?.write(randomBytes(50_000))
  t.ok(await eventually(() => (listener.figures().refused['handshake-failed'] ?? 0) === 2))
  t.equal(door.streams.length, 0)
  const socket = await secured(port)
  t.ok(await eventually(() => door.streams.length === 1))
  socket.destroy()
})

t.test('who says nothing, or says it a byte at a time, is closed when the time for a handshake is over', async t => {
  const door = new Door()
  const { port, listener, tls } = await listening(t, door, { timeoutMs: 300 })
  const sockets = await knock(port, 20)
  const [dripping] = sockets
  dripping?.write(Buffer.from([0x16]))
  t.ok(await eventually(() => tls.underWayCount === 20))
  t.ok(await eventually(() => sockets.every(socket => socket.destroyed)))
  t.equal(listener.figures().refused['handshake-timeout'], 20)
  t.equal(tls.underWayCount, 0)
  t.equal(listener.figures().connections, 0)
})

t.test('half-open handshakes of one address, and of all, have a number; those done do not count', async t => {
  const door = new Door()
  const { port, listener, tls } = await listening(t, door, { underWayEachMax: 4, underWayMax: 100 })
  const first = await secured(port)
  t.ok(await eventually(() => tls.underWayCount === 0))
  const silent = await knock(port, 6)
  t.ok(await eventually(() => listener.figures().refused['handshakes-address-max'] === 2))
  t.equal(tls.underWayCount, 4)
  await t.rejects(secured(port))
  for (const socket of silent) socket.destroy()
  t.ok(await eventually(() => tls.underWayCount === 0))
  const after = await secured(port)
  t.notOk(first.destroyed, 'whoever was in stays in')
  first.destroy()
  after.destroy()
  const all = await listening(t, door, { underWayEachMax: 100, underWayMax: 3 })
  await knock(all.port, 5)
  t.ok(await eventually(() => all.listener.figures().refused['handshakes-max'] === 2))
})

t.test('new handshakes come only so fast, over all addresses', async t => {
  const { port, listener } = await listening(t, new Door(), { rate: { perSecond: 0.001, burst: 3 } })
  await knock(port, 5)
  t.ok(await eventually(() => listener.figures().refused['handshake-rate'] === 2))
})

t.test('renewed certificates are for new connections; those that stand go on', async t => {
  const door = new Door()
  const { port, tls } = await listening(t, door)
  const before = await secured(port)
  const other = new Authority('Another Authority')
  tls.renew(other.issue({ name: 'broker', hosts: ['localhost'] }))
  await t.rejects(secured(port), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'the old authority is not enough now')
  const after = await secured(port, { ca: other.cert })
  t.ok(await eventually(() => door.streams.length === 2))
  const echoed = new Promise(resolve => before.once('data', resolve))
  door.streams[0]?.write('still here')
  t.match(String(await echoed), 'still here')
  t.throws(() => tls.renew({ cert: 'no certificate', key: 'no key' }))
  t.ok(await secured(port, { ca: other.cert }), 'what cannot be used changes nothing')
  before.destroy()
  after.destroy()
})
