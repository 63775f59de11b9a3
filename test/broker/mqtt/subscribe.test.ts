// MQTT 3.1.1 on the wire: SUBSCRIBE, UNSUBSCRIBE and which filter matches which topic. Titles name the clauses.
import t from 'tap'
import { filterProblem, matches } from '../../../broker/adapters/aedes/topic-filter.ts'
import { sleep } from '../adapters/mqtt/broker-under-test.ts'
import {
  heard,
  openPlainBroker,
  packet,
  publish,
  type Qos,
  settled,
  string,
  subscribe,
  unsubscribe,
} from './plain-clients.ts'

const broker = await openPlainBroker(t)

t.test(
  '[3.8.1-1, 3.8.3-1, 3.8.3-3, 3-8.3-4, 3.10.1-1, 3.10.3-1, 3.10.3-2] a SUBSCRIBE or UNSUBSCRIBE that is none closes',
  async t => {
    const a = string('a')
    const rows: Record<string, Buffer> = {
      'SUBSCRIBE without its flags': packet(0x80, [0, 1], a, [0]),
      'SUBSCRIBE with more flags': packet(0x8a, [0, 1], a, [0]),
      'SUBSCRIBE without a filter': packet(0x82, [0, 1]),
      'SUBSCRIBE without anything': packet(0x82),
      'SUBSCRIBE with identifier 0': packet(0x82, [0, 0], a, [0]),
      'SUBSCRIBE without QoS': packet(0x82, [0, 1], a),
      'QoS 3': packet(0x82, [0, 1], a, [3]),
      'reserved bits': packet(0x82, [0, 1], a, [0x80]),
      'a second filter cut short': packet(0x82, [0, 1], a, [0], [0, 5, 0x61]),
      'a surrogate': packet(0x82, [0, 1], string([0xed, 0xa0, 0x80]), [0]),
      'U+0000': packet(0x82, [0, 1], string('a\0'), [0]),
      'an empty filter': packet(0x82, [0, 1], string(''), [0]),
      'UNSUBSCRIBE without its flags': packet(0xa0, [0, 1], a),
      'UNSUBSCRIBE without a filter': packet(0xa2, [0, 1]),
      'UNSUBSCRIBE with identifier 0': packet(0xa2, [0, 0], a),
      'UNSUBSCRIBE cut short': packet(0xa2, [0, 1], [0, 2, 0x61]),
      'UNSUBSCRIBE of a surrogate': packet(0xa2, [0, 1], string([0xed, 0xa0, 0x80])),
      'UNSUBSCRIBE of nothing': packet(0xa2, [0, 1], string('')),
    }
    for (const filter of ['a#', '#a', 'a/#/b', '##', 'a+', '+a', 'a/+b', 'a/b+/c', '++', '+#', '#/', 'a/b#']) {
      rows[`SUBSCRIBE ${filter}`] = packet(0x82, [0, 1], string(filter), [0])
      rows[`UNSUBSCRIBE ${filter}`] = packet(0xa2, [0, 1], string(filter))
    }
    for (const [what, bytes] of Object.entries(rows)) {
      const client = await broker.client('bad-subscribe')
      client.write(bytes)
      await client.whenClosed(3_000).catch(() => t.fail(`${what}: still open`))
      t.equal(client.received.length, 1, what)
    }
  },
)

/** Filter, topics it matches, topics it does not. */
const table: [string, string[], string[]][] = [
  [
    'sport/tennis/player1/#',
    ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/a/b'],
    ['sport/tennis'],
  ],
  ['sport/#', ['sport', 'sport/', 'sport//x'], ['sports', 'Sport']],
  ['#', ['a', '/', '/a', 'a/b/c'], ['$a', '$a/b']],
  ['+', ['a', 'sport'], ['/a', 'a/', 'a/b', '$a']],
  ['sport/+', ['sport/', 'sport/a'], ['sport', 'sport/a/b']],
  ['sport/+/x', ['sport/a/x', 'sport//x'], ['sport/x', 'sport/a/b/x']],
  ['+/+', ['/finance', 'a/b', '/'], ['a', '/a/b', '$a/b']],
  ['/+', ['/finance', '/'], ['finance', '//']],
  ['+/tennis/#', ['sport/tennis', '/tennis/x'], ['$a/tennis', 'tennis']],
  ['/', ['/'], ['', '//']],
  ['$a/#', ['$a', '$a/b'], ['a', '$b']],
  ['$a/+', ['$a/b'], ['$a/b/c']],
  ['a b/ü', ['a b/ü'], ['a b/u']],
]

t.test('[4.7.1-2, 4.7.1-3, 4.7.2-1] wildcards match what the standard says, live and retained', async t => {
  const all = [...new Set(table.flatMap(([, yes, no]) => [...yes, ...no]))].filter(topic => topic !== '')
  for (const [filter, yes, no] of table) {
    t.equal(filterProblem(filter), undefined, filter)
    for (const topic of yes) t.equal(matches(filter, topic), true, `${filter} matches ${topic}`)
    for (const topic of no) t.equal(matches(filter, topic), false, `${filter} does not match ${topic}`)
  }
  const sender = await broker.client('wild')
  const live = await Promise.all(
    table.map(async ([filter], n) => {
      const client = await broker.client(`wild-${n}`)
      t.same(await subscribe(client, [filter, 0]), [0], filter)
      return client
    }),
  )
  for (const topic of all) await publish(sender, topic, 'x', { retain: true })
  await settled(sender, ...live)
  for (const [n, [filter]] of table.entries()) {
    const expected = all.filter(topic => matches(filter, topic)).sort()
    t.same(live[n]?.topics().sort(), expected, `live: ${filter}`)
    const late = await broker.client('wild-late')
    await subscribe(late, [filter, 0])
    await late.until(() => late.topics().length >= expected.length)
    await settled(late, late)
    t.same(late.topics().sort(), expected, `retained: ${filter}`)
  }
  for (const topic of all) await publish(sender, topic, '', { retain: true })
})

t.test(
  '[2.3.1-7, 3.8.4-1, 3.8.4-2, 3.8.4-4, 3.8.4-5, 3.9.3-1, 3.9.3-2] SUBACK has a code for each filter, in order, refused and repeated ones too',
  async t => {
    const client = await broker.client('codes')
    const filters: [string, Qos][] = [
      ['a', 2],
      ['drover/v1/#', 1],
      ['b', 0],
      ['a', 1],
      ['$SYS/#', 0],
      ['c/+', 1],
      ['$SYS/#', 2],
    ]
    t.same(await subscribe(client, ...filters), [2, 0x80, 0, 1, 0x80, 1, 0x80])
    t.same(await subscribe(client, ['$share/g/a', 1]), [0x80])
    const many = Array.from({ length: 300 }, (_, n): [string, Qos] => [`many/${n % 200}`, (n % 3) as Qos])
    t.same(
      await subscribe(client, ...many),
      many.map(([, qos]) => qos),
      'a SUBACK of more than 127 bytes',
    )
    await publish(await broker.client('codes-sender'), 'a', 'x', { qos: 2 })
    await client.until(() => heard(client).length > 0)
    t.same(heard(client), ['a=x @1'], 'the last of the same filter is the one in force')
  },
)

t.test(
  '[3.8.4-3] a filter again takes the place of the first, brings the retained message again, and misses nothing',
  async t => {
    const [sender, reader] = [await broker.client('again'), await broker.client('again-reader')]
    await publish(sender, 'again', 'kept', { qos: 1, retain: true })
    await subscribe(reader, ['again', 0])
    await subscribe(reader, ['again', 1])
    await subscribe(reader, ['again', 1])
    await settled(reader, reader)
    t.same(heard(reader), ['again=kept retained', 'again=kept @1 retained', 'again=kept @1 retained'])
    await unsubscribe(reader, 'again')
    await subscribe(reader, ['again', 0])
    await settled(reader, reader)
    const before = heard(reader).length
    let sent = 0
    for (let round = 0; round < 30; round++) {
      sender.publish('again', `${sent++}`)
      reader.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'again', qos: (round % 3) as Qos }] })
      sender.publish('again', `${sent++}`)
      await settled(sender, reader)
    }
    const numbers = heard(reader)
      .slice(before)
      .filter(text => !text.includes('retained'))
      .map(text => Number(/=(\d+)/.exec(text)?.[1]))
    t.same(
      numbers,
      Array.from({ length: sent }, (_, n) => n),
    )
    await publish(sender, 'again', '', { retain: true })
  },
)

t.test(
  '[3.3.5-1, 3.8.4-6] a message comes at the lesser of its own QoS and the highest granted, once for overlapping filters',
  async t => {
    const sender = await broker.client('least')
    for (const filters of [['least/x'], ['least/#'], ['+/x', 'least/x'], ['least/x', 'least/+', '#']] as const) {
      for (const granted of [0, 1, 2] as const) {
        const reader = await broker.client('least-reader')
        // The highest is given to one of them, first or last.
        const at = granted % 2 === 0 ? 0 : filters.length - 1
        await subscribe(reader, ...filters.map((filter, n): [string, Qos] => [filter, n === at ? granted : 0]))
        for (const qos of [0, 1, 2] as const) {
          const before = heard(reader).length
          await publish(sender, 'least/x', `${qos}`, { qos })
          await reader.until(() => heard(reader).length > before)
        }
        await settled(sender, reader)
        const expected = [0, 1, 2].map(
          qos => `least/x=${qos}${Math.min(qos, granted) > 0 ? ` @${Math.min(qos, granted)}` : ''}`,
        )
        t.same(heard(reader), expected, `${filters} at ${granted}`)
        reader.destroy()
      }
    }
    await publish(sender, 'least/kept', 'x', { qos: 2, retain: true })
    const late = await broker.client('least-late')
    await subscribe(late, ['least/+', 1])
    await subscribe(late, ['least/#', 0])
    await settled(late, late)
    t.same(heard(late)[0], 'least/kept=x @1 retained')
    await publish(sender, 'least/kept', '', { retain: true })
  },
)

t.test(
  '[3.10.4-1, 3.10.4-2, 3.10.4-4, 3.10.4-5, 3.10.4-6] UNSUBSCRIBE takes exactly the filters named, and is always answered',
  async t => {
    const [sender, reader] = [await broker.client('un'), await broker.client('un-reader')]
    await subscribe(reader, ['un/a', 0], ['un/+', 1], ['un/b', 0])
    await unsubscribe(reader, 'un/A', 'un/#', 'never/had')
    await publish(sender, 'un/a', '1')
    await unsubscribe(reader, 'un/+', 'un/a')
    await publish(sender, 'un/a', '2')
    await publish(sender, 'un/b', '3')
    await reader.until(() => heard(reader).length === 2)
    t.same(heard(reader), ['un/a=1', 'un/b=3'])
  },
)

t.test('[3.10.4-3] what has begun when UNSUBSCRIBE comes is brought to its end', async t => {
  const [sender, reader] = [await broker.client('begun'), await broker.client('begun-reader', { clean: false })]
  await subscribe(reader, ['begun', 2])
  await publish(sender, 'begun', 'x', { qos: 2 })
  await reader.until(() => heard(reader).length === 1)
  await unsubscribe(reader, 'begun')
  reader.destroy()
  const back = await broker.client('begun-reader', { clean: false })
  await back.until(() => heard(back).length === 1)
  t.same(heard(back), ['begun=x @2 dup'])
  back.send({ cmd: 'pubrec', messageId: 1 })
  await back.until(() => back.of('pubrel').length === 1)
  back.send({ cmd: 'pubcomp', messageId: 1 })
  await settled(back)
})

t.test('a SUBSCRIBE sees the retained message that the same client published right before it', async t => {
  // One that writes to a disk, as it were.
  const slow = await openPlainBroker(t, aedes => {
    const { persistence } = aedes as unknown as { persistence: { storeRetained(packet: object): Promise<void> } }
    const original = persistence.storeRetained
    persistence.storeRetained = async packet => {
      await sleep(3)
      await original.call(persistence, packet)
    }
  })
  const client = await slow.client('segment')
  for (let round = 0; round < 20; round++) {
    const topic = `segment/${round}`
    client.write(Buffer.concat([packet(0x31, string(topic), [0x78]), packet(0x82, [1, round], string(topic), [0])]))
  }
  await client.until(() => client.of('suback').length === 20)
  await settled(client, client)
  t.equal(heard(client).filter(text => text.endsWith('retained')).length, 20)
})
