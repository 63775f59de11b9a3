// Trap H: how large a packet may be, from its first bytes, for whom and from when.
import { Duplex } from 'node:stream'
import t from 'tap'
import { FrameScanner, guardFrames } from '../../../broker/adapters/aedes/frame-guard.ts'
import { openBroker, sleep } from './mqtt/broker-under-test.ts'
import { connectBytes, RawClient } from './mqtt/raw-client.ts'

const own = (device: string, name: string) => `drover/v1/devices/${device}/${name}`
const noop = () => {}

t.test('H: ten sockets that send 50 MB before CONNECT are closed, and take no memory', async t => {
  const broker = await openBroker(t)
  const before = process.memoryUsage().rss
  const headers = [Buffer.from([0x30, 0x80, 0xc0, 0xeb, 0x17]), Buffer.from([0x10, 0x80, 0xc0, 0xeb, 0x17])]
  const block = Buffer.alloc(256 * 1024)
  const clients = Array.from({ length: 10 }, () => new RawClient(broker.port))
  await Promise.all(
    clients.map(async (client, n) => {
      client.write(headers[n % 2] ?? block)
      for (let sent = 0; sent < 200 && !client.closed; sent++) {
        client.write(block)
        await sleep(0)
      }
      await client.whenClosed()
    }),
  )
  t.ok(clients.every(client => client.closed))
  const growth = process.memoryUsage().rss - before
  t.ok(growth < 64 * 1024 * 1024, `${Math.round(growth / 1024 / 1024)} MiB`)
  const { closed } = broker.attachment.figures()
  t.equal((closed['first-not-connect'] ?? 0) + (closed['packet-too-large'] ?? 0), 10)
})

t.test('H: the limit counts the whole packet, before and after CONNECT', async t => {
  const broker = await openBroker(t)
  const connectOf = (bytes: number) => {
    const will = (size: number) =>
      ({ topic: own('device-1', 'presence'), payload: Buffer.alloc(size), qos: 0, retain: false }) as const
    const options = { clientId: 'device-1', username: 'device-1', password: Buffer.from('secret') }
    return { ...options, will: will(bytes - connectBytes({ ...options, will: will(1000) }).length + 1000) }
  }
  t.equal((await broker.device('device-1', connectOf(8192))).returnCode, 0)
  t.equal((await broker.device('device-1', connectOf(8193))).returnCode, undefined)
  const device = await broker.device('device-1')
  const overhead = 4 + 2 + own('device-1', 'events').length + 2
  device.publish(own('device-1', 'events'), Buffer.alloc(256 * 1024 - overhead), { qos: 1 })
  await device.until(() => device.of('puback').length === 1)
  t.equal(device.closed, false)
  device.publish(own('device-1', 'events'), Buffer.alloc(256 * 1024 - overhead + 1), { qos: 1 })
  await device.whenClosed()
  t.equal(device.of('puback').length, 1)
  t.equal(broker.events.messages.length, 1)
})

t.test('H: packet borders are found however the bytes are cut', async t => {
  const limits = { connectPacketBytesMax: 40, packetBytesMax: 300 }
  const connect = connectBytes({ clientId: 'c' })
  const publish = (bytes: number) =>
    Buffer.concat([Buffer.from([0x30, (bytes & 0x7f) | 0x80, bytes >> 7]), Buffer.alloc(bytes)])
  const good = Buffer.concat([connect, publish(297), Buffer.from([0xc0, 0]), publish(200), Buffer.from([0xe0, 0])])
  const scan = (bytes: Buffer, size: number) => {
    const scanner = new FrameScanner(limits)
    for (let at = 0; at < bytes.length; at += size) {
      const problem = scanner.scan(bytes.subarray(at, at + size))
      if (problem !== undefined) return problem
    }
    return undefined
  }
  for (const size of [1, 2, 3, 7, 64, 1024]) {
    t.equal(scan(good, size), undefined)
    t.equal(scan(Buffer.concat([good, publish(298)]), size), 'packet-too-large')
    t.equal(scan(publish(10), size), 'first-not-connect')
    t.equal(scan(Buffer.from([0x10, 0x26, ...Buffer.alloc(38)]), size), undefined)
    t.equal(scan(Buffer.from([0x10, 0x27, ...Buffer.alloc(39)]), size), 'packet-too-large')
    t.equal(scan(Buffer.concat([connect, Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01])]), size), 'length-malformed')
  }
})

t.test('H: guardFrames lets a refused stream be read no further', async t => {
  const conn = new Duplex({ read: noop, write: (_bytes, _encoding, done) => done() })
  const problems: string[] = []
  guardFrames(conn, { connectPacketBytesMax: 100, packetBytesMax: 100 }, problem => problems.push(problem))
  conn.push(Buffer.concat([connectBytes({ clientId: 'c' }), Buffer.from([0x30, 0xff, 0x7f])]))
  t.equal(conn.read(), null)
  t.equal(conn.read(), null)
  t.same(problems, ['packet-too-large'])
  t.equal(conn.destroyed, true)
})
