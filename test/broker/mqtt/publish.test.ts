// MQTT 3.1.1 on the wire: PUBLISH and its acknowledgements, retained messages. Titles name the clauses.

import { generate } from 'mqtt-packet'
import t from 'tap'
import { PacketIds } from '../../../broker/adapters/aedes/packet-ids.ts'
import { long } from '../../fixtures/cases.ts'
import {
  acknowledging,
  heard,
  openPlainBroker,
  packet,
  publish,
  settled,
  string,
  subscribe,
  unsubscribe,
} from './plain-clients.ts'

const broker = await openPlainBroker(t)

t.test(
  '[2.2.2-1, 2.2.2-2, 3.3.1-2, 3.3.1-4, 3.3.2-1, 3.3.2-2, 2.3.1-1, 4.7.1-1, 4.7.3-1, 4.7.3-2] a PUBLISH that is none closes',
  async t => {
    const rows: Record<string, Buffer> = {
      'DUP at QoS 0': packet(0x38, string('a'), [1]),
      'QoS 3': packet(0x36, string('a'), [0, 1]),
      'identifier 0 at QoS 1': packet(0x32, string('a'), [0, 0]),
      'identifier 0 at QoS 2': packet(0x34, string('a'), [0, 0]),
      'no identifier at QoS 1': packet(0x32, string('a')),
      'a topic longer than the packet': packet(0x30, [0, 9], [0x61]),
      'no topic': packet(0x30),
      'an empty topic': packet(0x30, string(''), [1]),
      'U+0000': packet(0x30, string('a\0b'), [1]),
      'a surrogate': packet(0x30, string([0xed, 0xbf, 0xbf]), [1]),
      '+': packet(0x30, string('a/+'), [1]),
      '#': packet(0x30, string('#'), [1]),
      '+ inside a level': packet(0x30, string('a+b'), [1]),
    }
    for (const [what, bytes] of Object.entries(rows)) {
      const client = await broker.client('bad-publish')
      client.write(bytes)
      await client.whenClosed(3_000).catch(() => t.fail(`${what}: still open`))
      t.equal(client.received.length, 1, what)
    }
  },
)

t.test(
  '[2.3.1-5, 2.3.1-6, 3.3.4-1, 4.3.1-1, 4.3.2-2, 4.3.3-2] each QoS is answered as it should be, with the same identifier',
  async t => {
    const client = await broker.client('answers')
    await publish(client, 'answers/0', 'x')
    client.publish('answers/1', 'x', { qos: 1, id: 0x1234 })
    client.publish('answers/2', 'x', { qos: 2, id: 0xfffe })
    await client.until(() => client.of('pubrec').length === 1)
    client.send({ cmd: 'pubrel', messageId: 0xfffe })
    await client.until(() => client.of('pubcomp').length === 1)
    const answers = client.received.slice(2).map(({ cmd, messageId }) => `${cmd} ${messageId}`)
    t.same(answers, [`puback ${0x1234}`, `pubrec ${0xfffe}`, `pubcomp ${0xfffe}`])
  },
)

t.test('[4.6.0-2, 4.6.0-3, 4.6.0-4] acknowledgements come in the order of what they acknowledge', async t => {
  const client = await broker.client('in-order')
  const ids = [5, 3, 9, 1, 7, 2]
  for (const id of ids) client.publish('order/1', 'x', { qos: 1, id })
  await client.until(() => client.of('puback').length === ids.length)
  t.same(
    client.of('puback').map(({ messageId }) => messageId),
    ids,
  )
  for (const id of ids) client.publish('order/2', 'x', { qos: 2, id })
  await client.until(() => client.of('pubrec').length === ids.length)
  t.same(
    client.of('pubrec').map(({ messageId }) => messageId),
    ids,
  )
  const reader = await broker.client('order-reader')
  await subscribe(reader, ['order/3', 2])
  for (const id of ids) client.publish('order/3', `${id}`, { qos: 2, id: 100 + id })
  await reader.until(() => heard(reader).length === ids.length)
  const received = reader.of('publish').map(({ messageId }) => messageId ?? 0)
  for (const messageId of [...received].reverse()) reader.send({ cmd: 'pubrec', messageId })
  await reader.until(() => reader.of('pubrel').length === ids.length)
  t.same(
    reader.of('pubrel').map(({ messageId }) => messageId),
    [...received].reverse(),
  )
})

t.test('[4.3.3-1, 4.3.3-2] a QoS 2 message is delivered once, however often it is sent before its PUBREL', async t => {
  const [sender, reader] = [await broker.client('once'), acknowledging(await broker.client('once-reader'))]
  await subscribe(reader, ['once', 2])
  const message = (text: string, dup: boolean) =>
    ({ cmd: 'publish', topic: 'once', payload: text, qos: 2, retain: false, dup, messageId: 9 }) as const
  // In one segment: three times the same, its end, and the next of the same number.
  sender.send(
    message('a', false),
    message('a', true),
    message('a', true),
    { cmd: 'pubrel', messageId: 9 },
    message('b', false),
  )
  sender.send({ cmd: 'pubrel', messageId: 9 }, { cmd: 'pubrel', messageId: 9 })
  await sender.until(() => sender.of('pubcomp').length === 3)
  await settled(sender, reader)
  t.same(heard(reader), ['once=a @2', 'once=b @2'])
  t.equal(sender.of('pubrec').length, 4)
  t.equal(reader.of('pubrel').length, 2)
})

t.test('[4.3.2-1, 2.3.1-4] identifiers of the broker begin at 1, and none is used while it is in flight', async t => {
  const [sender, reader] = [await broker.client('numbers'), await broker.client('numbers-reader')]
  await subscribe(reader, ['numbers', 1])
  for (let n = 1; n <= 5; n++) await publish(sender, 'numbers', `${n}`, { qos: 1 })
  await reader.until(() => heard(reader).length === 5)
  t.same(
    reader.of('publish').map(({ messageId }) => messageId),
    [1, 2, 3, 4, 5],
  )
  if (!long) return
  reader.send({ cmd: 'puback', messageId: 2 })
  await settled(reader)
  for (let n = 0; n < 65_531; n++) {
    sender.publish('numbers', '', { qos: 1, id: 1 })
    if (n % 500 === 0) await sender.ping()
  }
  await reader.until(() => reader.of('publish').length === 65_536, 60_000)
  const ids = reader.of('publish').map(({ messageId }) => messageId)
  t.equal(new Set(ids.slice(0, 65_535)).size, 65_535)
  t.equal(ids[65_535], 2, 'the only one that was free again')
  await publish(sender, 'numbers', 'one too many', { qos: 1 })
  await reader.whenClosed(5_000)
})

t.test('an identifier is given again only when it has been acknowledged', async t => {
  const ids = new PacketIds()
  const all = new Set(Array.from({ length: 65_535 }, () => ids.take('puback')))
  t.equal(all.size, 65_535)
  t.notOk(all.has(0) || all.has(undefined))
  t.equal(ids.take('puback'), undefined)
  t.equal(ids.acknowledged(7, 'puback'), 'expected')
  t.equal(ids.take('pubrec'), 7)
  const meanings = (['pubcomp', 'pubrec', 'pubrec', 'puback', 'pubcomp', 'pubcomp'] as const).map(kind =>
    ids.acknowledged(7, kind),
  )
  t.same(meanings, ['wrong', 'expected', 'expected', 'wrong', 'expected', 'unknown'])
})

t.test('[4.8.0-1] an acknowledgement of the wrong kind closes; one of nothing is brought to its end', async t => {
  const sender = await broker.client('ack-sender')
  const wrong: [1 | 2, ('puback' | 'pubrec' | 'pubcomp')[]][] = [
    [1, ['pubrec']],
    [1, ['pubcomp']],
    [2, ['puback']],
    [2, ['pubcomp']],
    [2, ['pubrec', 'puback']],
  ]
  for (const [qos, acks] of wrong) {
    const reader = await broker.client('ack-reader')
    await subscribe(reader, ['ack', 2])
    await publish(sender, 'ack', 'x', { qos })
    await reader.until(() => heard(reader).length === 1)
    for (const cmd of acks) reader.send({ cmd, messageId: 1 })
    await reader.whenClosed(3_000).catch(() => t.fail(`QoS ${qos} ${acks}: still open`))
  }
  for (const clean of [true, false]) {
    const client = await broker.client(`ack-nothing-${clean}`, { clean })
    client.send({ cmd: 'puback', messageId: 7 }, { cmd: 'pubcomp', messageId: 7 }, { cmd: 'pubrec', messageId: 7 })
    client.send({ cmd: 'pubrel', messageId: 8 })
    await client.until(() => client.of('pubrel').length === 1 && client.of('pubcomp').length === 1)
    t.same([client.of('pubrel')[0]?.messageId, client.of('pubcomp')[0]?.messageId], [7, 8])
    t.equal(await client.ping(), true)
    client.write(packet(0x62, [0, 8]))
    await client.until(() => client.of('pubcomp').length === 2)
  }
})

t.test('[3.6.1-1] acknowledgements with other flags, lengths or identifier 0 close', async t => {
  const rows = [0x40, 0x50, 0x62, 0x70].flatMap(first => [
    packet(first, [0, 0]),
    packet(first),
    packet(first, [0]),
    packet(first, [0, 1, 0]),
    packet(first ^ 1, [0, 1]),
    packet(first ^ 2, [0, 1]),
    packet(first ^ 8, [0, 1]),
  ])
  const others = [[0x00], [0x20, 0, 0], [0x90, 0, 1, 0], [0xb0, 0, 1], [0xd0], [0xf0]]
  for (const bytes of [...rows, ...others.map(([first = 0, ...body]) => packet(first, body))]) {
    const client = await broker.client('bad-ack')
    client.write(bytes)
    await client.whenClosed(3_000).catch(() => t.fail(`${bytes.toString('hex')}: still open`))
  }
})

t.test('[3.3.1-3] DUP of the publisher is not handed on', async t => {
  const [sender, reader] = [await broker.client('dup'), await broker.client('dup-reader')]
  await subscribe(reader, ['dup', 2])
  for (const qos of [1, 2] as const) {
    sender.write(
      generate({ cmd: 'publish', topic: 'dup', payload: `${qos}`, qos, dup: true, retain: false, messageId: qos }),
    )
  }
  await reader.until(() => heard(reader).length === 2)
  t.same(heard(reader), ['dup=1 @1', 'dup=2 @2'])
})

t.test(
  '[3.3.1-5, 3.3.1-6, 3.3.1-7, 3.3.1-8, 3.3.1-9] the last retained message goes to who subscribes later, marked',
  async t => {
    const [sender, early, late] = [
      await broker.client('keep'),
      await broker.client('keep-early'),
      await broker.client('keep-late'),
    ]
    await subscribe(early, ['keep/#', 2])
    for (const qos of [0, 1, 2] as const) await publish(sender, `keep/${qos}`, 'old', { qos, retain: true })
    await publish(sender, 'keep/1', 'new', { retain: true })
    await early.until(() => heard(early).length === 4)
    t.same(heard(early).sort(), ['keep/0=old', 'keep/1=new', 'keep/1=old @1', 'keep/2=old @2'])
    await subscribe(late, ['keep/+', 2])
    await late.until(() => heard(late).length === 3)
    t.same(heard(late).sort(), ['keep/0=old retained', 'keep/1=new retained', 'keep/2=old @2 retained'])
  },
)

t.test(
  '[3.3.1-10, 3.3.1-11, 3.3.1-12] an empty retained message ends the retained one and is delivered; others leave it',
  async t => {
    const [sender, early] = [await broker.client('erase'), await broker.client('erase-early')]
    await publish(sender, 'erase', 'kept', { retain: true })
    await publish(sender, 'erase', 'passing')
    await publish(sender, 'erase', '')
    await subscribe(early, ['erase', 0])
    await early.until(() => heard(early).length === 1)
    await publish(sender, 'erase', '', { retain: true })
    await early.until(() => heard(early).length === 2)
    t.same(heard(early), ['erase=kept retained', 'erase='])
    await unsubscribe(early, 'erase')
    await subscribe(early, ['erase', 0])
    await settled(early)
    t.equal(heard(early).length, 2)
  },
)

t.test('[3.3.5-2] a message that may not be published ends the connection without an acknowledgement', async t => {
  for (const topic of ['drover/v1/devices/d/hello', '$SYS/x', '$share/a/b']) {
    const client = await broker.client('not-yours')
    client.publish(topic, 'x', { qos: 1, id: 1 })
    await client.whenClosed(3_000)
    t.same(client.of('puback'), [])
  }
})

t.test('[3.3.2-3, 4.7.3-4] the topic is delivered as it was published, character by character', async t => {
  const [sender, reader] = [await broker.client('exact'), await broker.client('exact-reader')]
  await subscribe(reader, ['Exact/é', 0], ['exact//x', 0], ['/exact', 0])
  for (const topic of ['exact/é', 'Exact/e\u0301', 'Exact/é', 'exact//x', 'exact/x', '/exact', 'exact', '/exact/']) {
    await publish(sender, topic, 'x')
  }
  await settled(sender, reader)
  t.same(reader.topics(), ['Exact/é', 'exact//x', '/exact'])
})

t.test('[4.6.0-5, 4.6.0-6] messages on one topic arrive in the order they were sent, retained or not', async t => {
  const [sender, reader] = [await broker.client('row'), acknowledging(await broker.client('row-reader'))]
  await subscribe(reader, ['row', 2])
  for (const qos of [0, 1, 2] as const) {
    const before = heard(reader).length
    for (let n = 0; n < 60; n++) sender.publish('row', `${n}`, { qos, id: n + 1, retain: n % 3 === 0 })
    await reader.until(() => heard(reader).length === before + 60)
    const texts = reader
      .of('publish')
      .slice(before)
      .map(({ payload }) => Number(payload.toString()))
    t.same(
      texts,
      [...texts].sort((a, b) => a - b),
      `QoS ${qos}`,
    )
    if (qos === 2) for (let n = 0; n < 60; n++) sender.send({ cmd: 'pubrel', messageId: n + 1 })
  }
})
