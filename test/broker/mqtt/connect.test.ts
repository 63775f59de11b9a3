// MQTT 3.1.1 on the wire: CONNECT, CONNACK, strings, wills, keep-alive, DISCONNECT. Titles name the clauses.
import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import type { RawClient } from '../adapters/mqtt/raw-client.ts'
import { clauses } from './clauses.ts'
import { connect, heard, openPlainBroker, packet, publish, settled, string, subscribe } from './plain-clients.ts'

const broker = await openPlainBroker(t)

/** What comes back for bytes on a new connection: the CONNACK as numbers, and whether the connection ended. */
async function answerTo(bytes: Buffer): Promise<{ connack: readonly number[] | undefined; closed: boolean }> {
  const client = broker.socket()
  client.write(bytes)
  await client.until(() => client.of('connack').length > 0, 3_000)
  const [connack] = client.of('connack')
  if (connack?.returnCode !== 0) await client.whenClosed(3_000)
  const numbers = connack && [connack.sessionPresent ? 1 : 0, connack.returnCode ?? -1]
  return { connack: numbers, closed: client.closed }
}
const silently = { connack: undefined, closed: true }
const refused = (code: number) => ({ connack: [0, code], closed: true })
const accepted = { connack: [0, 0], closed: false }

const surrogate = [0x61, 0xed, 0xa0, 0x80]
const strings: Record<string, readonly number[]> = {
  'a surrogate': surrogate,
  'an overlong form': [0x61, 0xc0, 0xaf],
  'half a character': [0x61, 0xe2, 0x82],
  'beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'U+0000': [0x61, 0],
  'a control character': [0x61, 0x1f],
  'U+009F': [0xc2, 0x9f],
  'U+FFFF': [0xef, 0xbf, 0xbf],
}

t.test(
  '[1.5.3-1, 1.5.3-2, 3.1.3-4, 3.1.3-10, 3.1.3-11] a string of CONNECT that is no text closes without CONNACK',
  async t => {
    for (const [what, bytes] of Object.entries(strings)) {
      t.same(await answerTo(connect(2, string(bytes))), silently, `${what} in the client id`)
      t.same(await answerTo(connect(6, string('c'), string(bytes), string('x'))), silently, `${what} in the will topic`)
      t.same(await answerTo(connect(0x82, string('c'), string(bytes))), silently, `${what} in the user name`)
    }
    t.same(
      await answerTo(connect(6, string('c'), string('w'), string([0, 0xff]))),
      accepted,
      'a will message is no text',
    )
  },
)

t.test('[1.5.3-3] U+FEFF is a character like any other, and is not stripped', async t => {
  t.same(await answerTo(connect(2, string('\ufffd'))), accepted, 'nor is U+FFFD, which stands for what was none')
  const client = await broker.client('\ufeffbom')
  t.same(await subscribe(client, ['\ufefft', 0], ['t', 0]), [0, 0])
  await publish(client, '\ufefft', 'with')
  await publish(client, 't', 'without')
  await client.until(() => heard(client).length === 2)
  t.same(heard(client), ['\ufefft=with', 't=without'])
})

t.test('[3.1.0-1, 4.8.0-1] the first packet must be CONNECT', async t => {
  const publishBytes = packet(0x30, string('a'), [1])
  for (const first of [publishBytes, packet(0xc0), packet(0xe0), packet(0x82, [0, 1], string('a'), [0])]) {
    t.same(await answerTo(Buffer.concat([first, connect(2, string('late'))])), silently)
  }
})

t.test('[3.1.0-2] a second CONNECT closes', async t => {
  const client = await broker.client('twice')
  client.write(connect(2, string('twice')))
  await client.whenClosed(3_000)
  const together = broker.socket()
  together.write(Buffer.concat([connect(2, string('both')), connect(2, string('both'))]))
  await together.whenClosed(3_000)
  t.equal(together.of('connack').length, 1)
})

t.test('[3.1.2-1, 3.1.2-2, 3.2.2-4, 3.2.2-5] protocol name and level', async t => {
  const of = (name: string, level: number) => packet(0x10, string(name), [level, 2, 0, 60], string('c'))
  t.same(await answerTo(of('MQTT', 4)), accepted)
  t.same(await answerTo(of('MQIsdp', 3)), accepted, 'MQTT 3.1')
  for (const level of [0, 1, 2, 3, 5, 6, 127, 0x84, 255])
    t.same(await answerTo(of('MQTT', level)), refused(1), `${level}`)
  t.same(await answerTo(of('MQIsdp', 4)), refused(1))
  for (const name of ['MQTX', 'mqtt', '', 'MQTTT']) t.same(await answerTo(of(name, 4)), silently, name)
})

t.test(
  '[3.1.2-3, 3.1.2-11, 3.1.2-13, 3.1.2-14, 3.1.2-15, 3.1.2-22, 3.1.4-1, 3.2.2-6] connect flags that MQTT forbids',
  async t => {
    const forbidden = { reserved: 0x03, 'QoS without will': 0x0a, 'retain without will': 0x22, 'password alone': 0x42 }
    for (const [what, flags] of Object.entries(forbidden)) {
      t.same(await answerTo(connect(flags, string('c'), string('p'))), silently, what)
    }
    t.same(await answerTo(connect(0x1e, string('c'), string('w'), string('x'))), silently, 'will QoS 3')
  },
)

t.test(
  '[3.1.2-9, 3.1.2-18, 3.1.2-19, 3.1.2-20, 3.1.2-21, 3.1.3-1, 3.1.3-3] the payload has what the flags say, in order',
  async t => {
    const [c, w, x, u, p] = ['c', 'w', 'x', 'u', 'p'].map(string) as [Buffer, Buffer, Buffer, Buffer, Buffer]
    t.same(await answerTo(connect(0xc6, c, w, x, u, p)), accepted)
    t.same(await answerTo(connect(0x02)), silently, 'no client id')
    t.same(await answerTo(connect(0x06, c)), silently, 'no will')
    t.same(await answerTo(connect(0x06, c, w)), silently, 'no will message')
    t.same(await answerTo(connect(0x02, c, w, x)), silently, 'a will without its flag')
    t.same(await answerTo(connect(0x82, c)), silently, 'no user name')
    t.same(await answerTo(connect(0x02, c, u)), silently, 'a user name without its flag')
    t.same(await answerTo(connect(0xc2, c, u)), silently, 'no password')
    t.same(await answerTo(connect(0x82, c, u, p)), silently, 'a password without its flag')
  },
)

t.test('[3.1.3-5] client ids of 1 to 23 letters and digits, and longer ones', async t => {
  for (const id of ['0', 'a', 'Z'.repeat(23), 'abcdefghijklmnopqrstuvw', '0123456789ABCDEFGHIJKLM', 'x'.repeat(500)]) {
    t.same(await answerTo(connect(2, string(id))), accepted, id)
  }
})

t.test(
  '[3.1.3-6, 3.1.3-8, 3.1.3-9] an empty client id gets one of its own, and none without a clean session',
  async t => {
    t.same(await answerTo(connect(0, string(''))), refused(2))
    t.same(await answerTo(packet(0x10, string('MQIsdp'), [3, 2, 0, 60], string(''))), refused(2), 'none in MQTT 3.1')
    const both = [await broker.client(''), await broker.client('')]
    t.same(await Promise.all(both.map(client => client.ping())), [true, true])
  },
)

t.test('[3.1.3-2, 3.1.4-2] a client id belongs to the last one who came with it', async t => {
  const first = await broker.client('one-of-us')
  const second = await broker.client('one-of-us')
  await first.whenClosed(3_000)
  t.equal(await second.ping(), true)
})

t.test('[3.1.4-4, 3.2.0-1] CONNACK comes before everything else, whatever waits', async t => {
  const away = await broker.client('first-word', { clean: false })
  await subscribe(away, ['first/#', 1])
  away.destroy()
  const sender = await broker.client('first-sender')
  for (let round = 0; round < 20; round++) {
    const back = broker.socket()
    back.write(connect(0, string('first-word')))
    sender.publish('first/now', `${round}`, { qos: 1, id: round + 1 })
    await back.until(() => back.received.length > 1)
    t.equal(back.received[0]?.cmd, 'connack')
    back.destroy()
  }
})

t.test('[3.1.4-5] nothing is done of what comes behind a CONNECT that is refused', async t => {
  const reader = await broker.client('refused-reader')
  await subscribe(reader, ['refused/#', 0])
  const client = broker.socket()
  client.write(Buffer.concat([connect(0, string('')), packet(0x30, string('refused/a'), [1])]))
  await client.whenClosed(3_000)
  await settled(reader)
  t.same(heard(reader), [])
})

const will = (topic: string, options: object = {}) => ({
  will: { topic, payload: Buffer.from('gone'), qos: 0, retain: false, ...options } as const,
})

t.test(
  '[3.1.2-8, 3.1.2-16, 3.1.2-17, 2.2.2-2, 3.14.1-1] a will is sent when the connection ends without DISCONNECT',
  async t => {
    const reader = await broker.client('will-reader')
    await subscribe(reader, ['will/#', 2])
    const ends: Record<string, (client: RawClient) => void> = {
      reset: client => client.socket.resetAndDestroy(),
      fin: client => client.socket.end(),
      protocol: client => client.write(packet(0xf0)),
      'disconnect-with-flags': client => client.write(packet(0xe1)),
      'disconnect-with-a-body': client => client.write(packet(0xe0, [0])),
    }
    for (const [how, end] of Object.entries(ends)) {
      end(await broker.client(`w-${how}`, will(`will/${how}`, { qos: 1 })))
      await reader.until(() => heard(reader).includes(`will/${how}=gone @1`))
    }
    const taken = await broker.client('w-taken', will('will/taken'))
    await broker.client('w-taken')
    await taken.whenClosed()
    await reader.until(() => heard(reader).includes('will/taken=gone'))
    const kept = await broker.client('w-kept', will('will/kept', { retain: true }))
    kept.destroy()
    await reader.until(() => heard(reader).includes('will/kept=gone'))
    const later = await broker.client('will-later')
    await subscribe(later, ['will/+', 0])
    await settled(later)
    t.same(heard(later), ['will/kept=gone retained'], 'only the retained one is there for who comes later')
  },
)

t.test('[3.1.2-10, 3.1.2-12, 3.14.4-3] no will behind DISCONNECT, and none without the flag', async t => {
  const reader = await broker.client('no-will-reader')
  await subscribe(reader, ['no-will/#', 0])
  const polite = await broker.client('polite', will('no-will/polite'))
  // In one segment with messages that wait for each other: it counts from where it stands.
  const message = (n: number) => packet(0x31, string('no-will/kept'), [n])
  polite.write(Buffer.concat([message(0x31), message(0x32), message(0x33), packet(0xe0)]))
  polite.socket.end()
  await polite.whenClosed()
  const back = await broker.client('polite')
  back.destroy()
  await reader.until(() => heard(reader).length === 3)
  await settled(reader)
  t.same(heard(reader), ['no-will/kept=1', 'no-will/kept=2', 'no-will/kept=3'])
})

t.test(
  '[3.1.2-24] silence for one and a half times the keep-alive closes, and any packet is a sign of life',
  async t => {
    const reader = await broker.client('alive-reader')
    await subscribe(reader, ['alive/#', 0])
    const started = performance.now()
    const silent = await broker.client('silent', { keepalive: 1, ...will('alive/silent') })
    const talking = await broker.client('talking', { keepalive: 1 })
    const never = await broker.client('never', { keepalive: 0 })
    await silent
      .until(() => {
        talking.publish('alive/x', '')
        return false
      }, 500)
      .catch(() => {})
    await talking.ping()
    await silent.whenClosed(4_000)
    t.ok(performance.now() - started >= 1_490, 'not before')
    await reader.until(() => heard(reader).includes('alive/silent=gone'))
    t.equal(await never.ping(), true)
  },
)

t.test('[3.12.4-1] PINGREQ is answered', async t => {
  const client = await broker.client('pinging')
  t.equal(await client.ping(), true)
  client.write(packet(0xc0, [0]))
  await client.whenClosed(3_000)
})

t.test('every statement of the standard is in the table, and every tested one in the title of a test', async t => {
  const folder = new URL('.', import.meta.url)
  const files = (await readdir(folder)).filter(file => file.endsWith('.test.js'))
  const named = new Set<string>()
  for (const file of files) {
    const text = await readFile(new URL(file, folder), 'utf8')
    for (const [, list = ''] of text.matchAll(/t\.test\(['`]\[([^\]]+)\]/g))
      for (const clause of list.split(', ')) named.add(clause)
  }
  const tested = Object.keys(clauses).filter(clause => clauses[clause] === 'tested')
  t.same(
    tested.filter(clause => !named.has(clause)),
    [],
    'not tested',
  )
  t.same(
    [...named].filter(clause => clauses[clause] !== 'tested'),
    [],
    'not in the table',
  )
  t.equal(Object.keys(clauses).length, 139)
})
