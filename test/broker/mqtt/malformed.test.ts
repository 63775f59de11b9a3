// Packets of every type, cut at every byte, with every flag, and with lengths that lie: whatever comes, the connection
// it comes by ends, and a pair of clients beside it goes on exchanging QoS 1 messages.
import { generate, type Packet } from 'mqtt-packet'
import t from 'tap'
import { sleep } from '../adapters/mqtt/broker-under-test.ts'
import type { RawClient } from '../adapters/mqtt/raw-client.ts'
import { acknowledging, heard, openPlainBroker, packet, publish, string, subscribe } from './plain-clients.ts'

const broker = await openPlainBroker(t)

interface Sample {
  readonly bytes: Buffer
  /** Flags of the first byte with which it is a packet still; 16 stands for the type with its own. */
  readonly flags: readonly number[]
  /** Lengths of the body with which it is a packet still, the length told truly. */
  readonly wholeAt: readonly number[]
}

function sample(bytes: Buffer, flags: readonly number[], wholeAt: readonly number[]): Sample {
  return { bytes, flags, wholeAt: [...wholeAt, bytes.length - 2] }
}

const made = (value: Packet): Buffer => generate(value)
const message = { cmd: 'publish', topic: 'bad/x', payload: 'hello', retain: false, dup: false } as const
const samples: Record<string, Sample> = {
  'PUBLISH QoS 0': sample(made({ ...message, qos: 0 }), [0, 1], [7, 8, 9, 10, 11]),
  'PUBLISH QoS 1': sample(
    made({ ...message, qos: 1, messageId: 0x2100 }),
    [0, 1, 2, 3, 4, 5, 10, 11, 12, 13],
    [9, 10, 11, 12, 13],
  ),
  'PUBLISH QoS 2': sample(
    made({ ...message, qos: 2, messageId: 0x2100 }),
    [0, 1, 2, 3, 4, 5, 10, 11, 12, 13],
    [9, 10, 11, 12, 13],
  ),
  PUBACK: sample(made({ cmd: 'puback', messageId: 9 }), [0], []),
  PUBREC: sample(made({ cmd: 'pubrec', messageId: 9 }), [0], []),
  PUBREL: sample(made({ cmd: 'pubrel', messageId: 9 }), [2], []),
  PUBCOMP: sample(made({ cmd: 'pubcomp', messageId: 9 }), [0], []),
  SUBSCRIBE: sample(packet(0x82, [0, 9], string('bad/a'), [0], string('bad/b'), [1]), [2], [10]),
  UNSUBSCRIBE: sample(packet(0xa2, [0, 9], string('bad/a'), string('bad/b')), [2], [9]),
  PINGREQ: sample(packet(0xc0), [0], []),
  DISCONNECT: sample(packet(0xe0), [0], []),
}
const connectPacket = made({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  clientId: 'bad',
  keepalive: 60,
  username: 'user',
  password: Buffer.from('secret'),
  will: { topic: 'bad/will', payload: Buffer.from('gone'), qos: 1, retain: false },
})

/** Runs `work` while a pair of clients exchanges messages, each of which must arrive. */
async function besideOthers(work: () => Promise<void>): Promise<number> {
  const [sender, reader] = [await broker.client('witness'), acknowledging(await broker.client('witness-reader'))]
  await subscribe(reader, ['witness', 1])
  let over = false
  let sent = 0
  let slowestMs = 0
  const exchange = async () => {
    while (!over) {
      const started = performance.now()
      await publish(sender, 'witness', `${sent++}`, { qos: 1 })
      await reader.until(() => heard(reader).length === sent)
      slowestMs = Math.max(slowestMs, performance.now() - started)
      await sleep(5)
    }
  }
  await Promise.all([
    exchange(),
    work().finally(() => {
      over = true
    }),
  ])
  t.same(
    heard(reader),
    Array.from({ length: sent }, (_, n) => `witness=${n} @1`),
  )
  t.ok(slowestMs < 2_000, `the slowest exchange took ${Math.round(slowestMs)} ms`)
  sender.destroy()
  reader.destroy()
  return sent
}

/** Twenty at a time. */
async function together<T>(cases: readonly T[], work: (value: T, lane: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < cases.length; at += 20) await Promise.all(cases.slice(at, at + 20).map(work))
}

/** True when the broker closed; false when it answers still. A packet that waits for more does not answer. */
async function closes(client: RawClient): Promise<boolean> {
  await client.ping().catch(() => false)
  return client.closed
}

t.test('every packet with every flag, and cut at every byte: what is none closes, what is one does not', async t => {
  const sent = await besideOthers(async () => {
    for (const [what, { bytes, flags, wholeAt }] of Object.entries(samples)) {
      const body = bytes.subarray(2)
      const first = bytes.readUInt8(0)
      const cases: [string, Buffer, boolean][] = []
      for (let flag = 0; flag < 16; flag++) {
        if (what === 'PUBLISH QoS 0' && (flag & 6) !== 0) continue
        const whole = flags.includes(flag) && what !== 'DISCONNECT'
        cases.push([`flags ${flag}`, Buffer.concat([Buffer.from([(first & 0xf0) | flag]), bytes.subarray(1)]), whole])
      }
      for (let length = 0; length <= body.length; length++) {
        const whole = wholeAt.includes(length) && what !== 'DISCONNECT'
        cases.push([`cut at ${length}`, packet(first, body.subarray(0, length)), whole])
      }
      if (!what.startsWith('PUBLISH')) cases.push(['a byte too many', packet(first, body, [0]), false])
      await together(cases, async ([how, bytes, whole], lane) => {
        const client = await broker.client(`bad-${lane}`)
        client.write(bytes)
        t.equal(await closes(client), !whole, `${what}, ${how}`)
        client.destroy()
      })
    }
  })
  t.ok(sent > 5, `${sent} messages meanwhile`)
})

t.test(
  'a CONNECT cut at every byte, and with every byte changed, is answered or closed, and never let in half',
  async t => {
    await besideOthers(async () => {
      const body = connectPacket.subarray(2)
      await together([...body.keys()], async length => {
        const client = broker.socket()
        client.write(packet(0x10, body.subarray(0, length)))
        await client.whenClosed(3_000)
        t.same(
          client.of('connack').map(({ returnCode }) => returnCode),
          [],
          `cut at ${length}`,
        )
      })
      const changes = [...connectPacket.entries()].flatMap(([at, byte]) =>
        [0, 0xff, byte ^ 1, byte ^ 0x80].map(value => [at, value] as const),
      )
      await together(changes, async ([at, value]) => {
        const bytes = Buffer.from(connectPacket)
        bytes[at] = value
        const client = broker.socket()
        client.write(bytes)
        // What waits for more bytes gets none.
        client.socket.end()
        await client.whenClosed(8_000)
        t.ok(client.received.length <= 1 && client.received.every(({ cmd }) => cmd === 'connack'), `${at}: ${value}`)
      })
    })
  },
)

t.test('lengths that lie: more than comes waits and takes no memory, less makes packets of the rest', async t => {
  const before = process.memoryUsage().rss
  await besideOthers(async () => {
    const lengths = [
      [0x7f],
      [0xff, 0x7f],
      [0xff, 0xff, 0x7f],
      [0xff, 0xff, 0xff, 0x7f],
      [0x80, 0x80, 0x80, 0x80, 1],
      [0x80],
      [0],
    ]
    const waiting: RawClient[] = []
    for (const { bytes } of Object.values(samples)) {
      for (const length of lengths) {
        const client = await broker.client(`lying-${waiting.length}`)
        client.write(Buffer.concat([bytes.subarray(0, 1), Buffer.from(length), bytes.subarray(2)]))
        waiting.push(client)
      }
    }
    for (const client of waiting) client.socket.end()
    for (const client of waiting) await client.whenClosed(8_000)
  })
  const growthMiB = (process.memoryUsage().rss - before) / 2 ** 20
  t.ok(growthMiB < 64, `${Math.round(growthMiB)} MiB`)
})

t.test('valid packets byte by byte, and all in one segment, are the same packets', async t => {
  const all = Buffer.concat(
    Object.entries(samples)
      .filter(([what]) => what !== 'DISCONNECT')
      .map(([, { bytes }]) => bytes),
  )
  for (const size of [1, 3, all.length]) {
    const client = await broker.client('cut')
    for (let at = 0; at < all.length; at += size) client.write(all.subarray(at, at + size))
    t.equal(await client.ping(), true)
    t.same(
      client.received
        .slice(1)
        .map(({ cmd }) => cmd)
        .sort(),
      [
        'pingresp',
        'pingresp',
        'puback',
        'pubcomp',
        'pubrec',
        'pubrel',
        'suback',
        'unsuback',
        ...client.of('publish').map(() => 'publish'),
      ].sort(),
    )
    client.destroy()
  }
})
