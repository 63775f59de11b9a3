import { generate } from 'mqtt-packet'
import t from 'tap'
import { type Packet, PacketCutter, publication } from '../../../simulator/conformance/packets.ts'

const publish = (topic: string, payload: Buffer, qos: 0 | 1 = 1) =>
  generate({ cmd: 'publish', topic, payload, qos, dup: false, retain: false, ...(qos > 0 ? { messageId: 77 } : {}) })
const connect = generate({
  ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'probe', keepalive: 30 },
  ...{ username: 'probe', password: Buffer.from('secret') },
  will: { topic: 'will/topic', payload: Buffer.from('gone'), qos: 1, retain: true },
})
const subscribe = generate({
  ...{ cmd: 'subscribe', messageId: 5 },
  subscriptions: [
    { topic: 'one', qos: 1 },
    { topic: 'two/+', qos: 0 },
  ],
})

t.test('a stream is cut into the same packets wherever it is torn', async t => {
  const stream = Buffer.concat([
    ...[connect, subscribe, publish('a/b', Buffer.alloc(300, 1)), publish('c', Buffer.alloc(0), 0)],
    ...[generate({ cmd: 'pingreq' }), generate({ cmd: 'puback', messageId: 9 }), generate({ cmd: 'disconnect' })],
  ])
  const kinds = ['connect', 'subscribe', 'publish', 'publish', 'ping', 'puback', 'disconnect']
  for (const size of [1, 2, 3, 7, 100, stream.length]) {
    const cutter = new PacketCutter()
    const packets: Packet[] = []
    for (let at = 0; at < stream.length; at += size) packets.push(...cutter.push(stream.subarray(at, at + size)))
    t.strictSame(
      packets.map(({ kind }) => kind),
      kinds,
      `torn every ${size} bytes`,
    )
    t.strictSame(Buffer.concat(packets.map(({ bytes }) => bytes)), stream, 'nothing is lost')
    t.match(packets[0], {
      connect: { clientId: 'probe', userName: 'probe', level: 4, cleanSession: true, keepAliveSeconds: 30 },
    })
    t.match(packets[0], { connect: { will: { topic: 'will/topic', retain: true } } })
    t.match(packets[1], { packetId: 5, filters: ['one', 'two/+'] })
    t.match(packets[2], { publish: { topic: 'a/b', qos: 1, packetId: 77, payload: Buffer.alloc(300, 1) } })
    t.match(packets[3], { publish: { topic: 'c', qos: 0, payload: Buffer.alloc(0) } })
    t.match(packets[5], { packetId: 9 })
  }
})

t.test('what is no packet ends the line or is passed unread, and never throws anything else', async t => {
  t.throws(() => new PacketCutter().push(Buffer.of(0x30, 0xff, 0xff, 0xff, 0xff)), { code: 'LINE_GARBAGE' })
  t.throws(() => new PacketCutter().push(Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f)), { code: 'LINE_GARBAGE' }, '256 MB')
  t.match(new PacketCutter().push(Buffer.of(0x10, 3, 0, 9, 1)), [{ kind: 'connect', connect: undefined }])
  t.match(new PacketCutter().push(Buffer.of(0x32, 2, 0, 9)), [{ kind: 'other' }], 'a topic past the end')
})

t.test('a publication reads as what it says', async t => {
  const [packet] = new PacketCutter().push(publication('a/b', Buffer.alloc(200, 7), true))
  t.match(packet, { kind: 'publish', publish: { topic: 'a/b', retain: true, qos: 0, payload: Buffer.alloc(200, 7) } })
})
