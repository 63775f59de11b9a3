// MQTT 3.1.1 on the wire: sessions that outlive their connection, and what is sent again. Titles name the clauses.
// Sessions of devices and operators end with the connection whatever they ask for (docs/PROTOCOL.md, 1).
import t from 'tap'
import type { RawClient } from '../adapters/mqtt/raw-client.ts'
import { acknowledging, heard, openPlainBroker, publish, settled, subscribe } from './plain-clients.ts'

const broker = await openPlainBroker(t)
const keep = { clean: false }
const present = (client: RawClient) => client.of('connack')[0]?.sessionPresent

async function gone(client: RawClient, how: 'politely' | 'broken' = 'broken'): Promise<void> {
  if (how === 'politely') client.send({ cmd: 'disconnect' })
  else client.destroy()
  await client.whenClosed()
  // The broker has seen it, too, when it lets the next one in.
  await settled(await broker.client('usher'))
}

t.test(
  '[3.2.2-1, 3.2.2-2, 3.2.2-3, 3.1.4-3, 4.1.0-1] session present says whether there is one, with filters or without',
  async t => {
    const connects: [boolean, boolean][] = [
      [false, false],
      [false, true],
      [true, false],
      [false, false],
      [false, true],
      [false, true],
      [true, false],
      [true, false],
    ]
    for (const filter of [undefined, 'present/x']) {
      for (const [n, [clean, expected]] of connects.entries()) {
        const client = await broker.client(`present-${filter}`, { clean })
        t.equal(present(client), expected, `${filter} ${n}`)
        if (filter !== undefined && n === 0) await subscribe(client, [filter, 1])
        await gone(client, n % 2 === 0 ? 'politely' : 'broken')
      }
    }
    const two = [await broker.client('present-2', keep), await broker.client('present-2', keep)]
    t.same(two.map(present), [false, true], 'also when the second takes over from the first')
  },
)

t.test('[3.1.2-4, 3.1.2-5, 4.5.0-1] filters stay, and what they match at QoS 1 and 2 waits', async t => {
  const sender = await broker.client('wait-sender')
  const first = await broker.client('wait', keep)
  await subscribe(first, ['wait/+', 2], ['once/+', 1], ['none/+', 0])
  await gone(first, 'politely')
  for (const qos of [0, 1, 2] as const) {
    for (const tree of ['wait', 'once', 'none']) await publish(sender, `${tree}/${qos}`, 'x', { qos })
  }
  const back = acknowledging(await broker.client('wait', keep))
  await back.until(() => heard(back).length === 4)
  t.same(heard(back), ['wait/1=x @1', 'once/1=x @1', 'wait/2=x @2', 'once/2=x @1'])
  await subscribe(back, ['wait/#', 1], ['#', 2])
  await publish(sender, 'wait/later', 'x', { qos: 2 })
  await publish(sender, '$wait', 'x', { qos: 1 })
  await back.until(() => heard(back).length === 5)
  await settled(back)
  await gone(back)
  const third = await broker.client('wait', keep)
  await settled(third, third)
  t.same(heard(third), [], 'what was acknowledged is not sent again')
})

t.test('[3.1.2-6] a clean session knows nothing of the one before, and leaves nothing', async t => {
  const sender = await broker.client('clean-sender')
  const first = await broker.client('clean', keep)
  await subscribe(first, ['clean', 2])
  await publish(sender, 'clean', 'unacknowledged', { qos: 1 })
  await first.until(() => heard(first).length === 1)
  await gone(first)
  await publish(sender, 'clean', 'waiting', { qos: 1 })
  const clean = await broker.client('clean')
  await publish(sender, 'clean', 'live', { qos: 1 })
  await settled(clean, clean)
  t.same(heard(clean), [])
  clean.publish('clean-half', 'x', { qos: 2, id: 5 })
  await clean.until(() => clean.of('pubrec').length === 1)
  await gone(clean)
  const last = await broker.client('clean', keep)
  const reader = await broker.client('clean-reader')
  await subscribe(reader, ['clean-half', 0])
  await publish(sender, 'clean', 'after', { qos: 1 })
  last.publish('clean-half', 'new', { qos: 2, id: 5 })
  await reader.until(() => heard(reader).length === 1)
  t.same([heard(last), heard(reader)], [[], ['clean-half=new']])
})

t.test('[3.1.2-7] retained messages are no part of the session', async t => {
  const client = await broker.client('not-mine')
  await publish(client, 'not-mine', 'kept', { retain: true })
  await gone(client)
  const reader = await broker.client('not-mine')
  await subscribe(reader, ['not-mine', 0])
  await reader.until(() => heard(reader).length === 1)
  t.same(heard(reader), ['not-mine=kept retained'])
  await publish(reader, 'not-mine', '', { retain: true })
})

t.test(
  '[4.4.0-1, 3.3.1-1] what was not acknowledged is sent again with DUP and its identifier, what was not sent yet without',
  async t => {
    const sender = await broker.client('resend-sender')
    const first = await broker.client('resend', keep)
    await publish(sender, 'resend/kept', 'r', { qos: 1, retain: true })
    await subscribe(first, ['resend/#', 2])
    for (const qos of [1, 2, 2] as const) await publish(sender, 'resend/x', `${qos}`, { qos })
    await first.until(() => heard(first).length === 4)
    const ids = first.of('publish').map(({ messageId }) => messageId)
    const [, , , last = 0] = ids
    first.send({ cmd: 'pubrec', messageId: last })
    await first.until(() => first.of('pubrel').length === 1)
    await gone(first)
    await publish(sender, 'resend/x', 'new', { qos: 1 })
    const back = await broker.client('resend', keep)
    await back.until(() => heard(back).length === 4 && back.of('pubrel').length === 1)
    t.same(
      heard(back).sort(),
      ['resend/kept=r @1 retained dup', 'resend/x=1 @1 dup', 'resend/x=2 @2 dup', 'resend/x=new @1'].sort(),
    )
    t.equal(back.of('pubrel')[0]?.messageId, last)
    const again = back
      .of('publish')
      .filter(({ dup }) => dup)
      .map(({ messageId }) => messageId)
    t.same(again.sort(), ids.slice(0, 3).sort())
    await publish(sender, 'resend/x', 'newer', { qos: 1 })
    await back.until(() => heard(back).length === 5)
    const all = [...back.of('publish').map(({ messageId }) => messageId), last]
    t.equal(new Set(all).size, 6, 'no identifier twice')
    await publish(sender, 'resend/kept', '', { retain: true })
  },
)

t.test('[4.3.3-1] several QoS 2 exchanges at once, broken off at any step, deliver each message once', async t => {
  const sender = await broker.client('exact-sender')
  let client = await broker.client('exact', keep)
  await subscribe(client, ['exact', 2])
  for (let n = 0; n < 6; n++) await publish(sender, 'exact', `${n}`, { qos: 2 })
  await client.until(() => heard(client).length === 6)
  const received = new Set(client.of('publish').map(({ messageId }) => messageId))
  const texts = heard(client)
  // Two get their PUBREC, one of them its PUBCOMP as well, and the rest nothing.
  for (const messageId of [1, 2, 3]) client.send({ cmd: 'pubrec', messageId })
  await client.until(() => client.of('pubrel').length === 3)
  client.send({ cmd: 'pubcomp', messageId: 2 })
  await settled(client)
  await gone(client)
  client = await broker.client('exact', keep)
  await client.until(() => client.of('pubrel').length === 2 && heard(client).length === 3)
  t.same(
    client.of('pubrel').map(({ messageId }) => messageId),
    [1, 3],
  )
  t.same(
    client.of('publish').map(({ messageId, dup }) => [received.has(messageId), dup]),
    [
      [true, true],
      [true, true],
      [true, true],
    ],
  )
  t.same(
    heard(client),
    texts.slice(3).map(text => `${text} dup`),
  )
  for (const messageId of [4, 5, 6]) client.send({ cmd: 'pubrec', messageId })
  await client.until(() => client.of('pubrel').length === 5)
  for (const messageId of [1, 3, 4, 5, 6]) client.send({ cmd: 'pubcomp', messageId })
  await settled(client)
  await gone(client)
  const last = await broker.client('exact', keep)
  await settled(last, last)
  t.same(
    last.received.map(({ cmd }) => cmd).filter(cmd => cmd !== 'pingresp'),
    ['connack'],
    'nothing is left',
  )
})

t.test('[4.3.3-2] a QoS 2 message of a kept session is published once across two connections', async t => {
  const reader = await broker.client('half-reader')
  await subscribe(reader, ['half', 0])
  const first = await broker.client('half', keep)
  first.publish('half', 'x', { qos: 2, id: 77 })
  await first.until(() => first.of('pubrec').length === 1)
  await gone(first)
  const back = await broker.client('half', keep)
  back.send({ cmd: 'publish', topic: 'half', payload: 'x', qos: 2, dup: true, retain: false, messageId: 77 })
  back.send({ cmd: 'pubrel', messageId: 77 })
  await back.until(() => back.of('pubcomp').length === 1)
  await settled(back, reader)
  t.same(heard(reader), ['half=x'])
})

t.test('[4.6.0-6] what waited comes before what is published while it is sent', async t => {
  const sender = await broker.client('queue-sender')
  const first = await broker.client('queue', keep)
  await subscribe(first, ['queue', 1], ['queue/#', 1], ['+', 0])
  await gone(first)
  for (let n = 0; n < 200; n++) sender.publish('queue', `${n}`, { qos: 1, id: n + 1 })
  await settled(sender)
  const connecting = broker.client('queue', keep)
  for (let n = 200; n < 400; n++) {
    sender.publish('queue', `${n}`, { qos: 1, id: n + 1 })
    if (n % 20 === 0) await settled(sender)
  }
  const back = await connecting
  await back.until(() => heard(back).length >= 400)
  await settled(sender, back)
  t.same(
    back.of('publish').map(({ payload }) => Number(payload.toString())),
    Array.from({ length: 400 }, (_, n) => n),
  )
})

t.test('a message on a topic with an empty level does not end a kept session', async t => {
  const [sender, reader] = [await broker.client('empty-sender'), await broker.client('empty', keep)]
  await subscribe(reader, ['+/empty', 1])
  await publish(sender, '/empty', 'x', { qos: 1 })
  await reader.until(() => heard(reader).length === 1)
  t.same(heard(reader), ['/empty=x @1'])
  await gone(reader)
  const back = await broker.client('empty', keep)
  await back.until(() => heard(back).length === 1)
  t.same(heard(back), ['/empty=x @1 dup'])
})
