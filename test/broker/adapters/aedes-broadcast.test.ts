// Broadcast sessions over real sockets: who is let in, in which order things are written, and what one frozen listener
// costs the others.
import t from 'tap'
import { systemClock } from '../../../broker/adapters/system-clock.ts'
import { Carousel } from '../../../broker/delivery/carousel.ts'
import { ChunkDelivery } from '../../../broker/delivery/chunk-delivery.ts'
import { artifactId, deviceId, operationId } from '../../../proto/ids.ts'
import { publishPacket, topicField } from '../../../proto/packets.ts'
import { readSessionControl, readSessionData } from '../../../proto/session-messages.ts'
import { type SessionChannel, sessionTopic } from '../../../proto/topics.ts'
import { Told } from '../delivery/session-world.ts'
import { eventually, openBroker, RecordingLog } from './mqtt/broker-under-test.ts'
import type { RawClient } from './mqtt/raw-client.ts'

const name = '0123456789abcdef'
const topics = ['control', 'data'].map(channel => sessionTopic(name, channel as SessionChannel)) as [string, string]
const [control, data] = topics

function unsubscribe(client: RawClient, ...unsubscriptions: string[]): Promise<void> {
  const before = client.of('unsuback').length
  client.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions })
  return client.until(() => client.of('unsuback').length > before)
}

t.test('a device listens from the SUBACK on with which it holds both topics', async t => {
  const broker = await openBroker(t)
  const { events } = broker
  events.invited.add(name)
  const word = publishPacket(topicField(control), Buffer.from('start'))
  events.onJoined = connection => connection.write(word)
  const device = await broker.device('device-1')

  t.same(await device.subscribe(control), [0])
  t.same(events.joined, [], 'half a listener is none')
  t.same(await device.subscribeAt(1, data), [1])
  await device.until(() => device.topics().length === 1)
  t.match(events.joined, [{ connection: { device: 'device-1', number: 1 }, session: name }])
  t.same(
    device.received.slice(-2).map(({ cmd }) => cmd),
    ['suback', 'publish'],
    'nothing overtakes the SUBACK',
  )

  await device.subscribe(control, data)
  await device.until(() => device.topics().length === 2)
  t.equal(events.joined.length, 2, 'once for a SUBSCRIBE, again for each')

  await unsubscribe(device, data)
  t.match(events.left, [{ connection: { device: 'device-1' }, session: name }])
  await unsubscribe(device, control, data)
  t.equal(events.left.length, 1, 'it has left already')
  await device.subscribe(data)
  await device.ping()
  t.equal(events.joined.length, 2, 'it has given up both')
  await device.subscribe(control)
  t.equal(events.joined.length, 3)

  const again = await broker.device('device-1')
  await device.whenClosed()
  t.equal(events.left.length, 1, 'a connection that ends is told as that')
  await again.subscribe(...topics)
  t.equal(events.joined.length, 4)
  t.equal(events.joined.at(-1)?.connection.number, 2)
})

t.test('a device that was not asked is refused, whatever else it asks for in the same packet', async t => {
  const broker = await openBroker(t)
  const { events } = broker
  const device = await broker.device('device-1')
  const own = 'drover/v1/devices/device-1/offer'
  t.same(await device.subscribe(control, own, data), [0x80, 0, 0x80])
  t.equal(await device.ping(), true)
  t.same(events.joined, [])
  events.invited.add(name)
  t.same(await device.subscribe(control), [0])
  events.invited.delete(name)
  t.same(await device.subscribe(data), [0x80])
  t.same(events.joined, [], 'and what was refused does not count')
  const alice = await broker.operator('alice')
  events.invited.add(name)
  t.same(await alice.subscribe(...topics), [0x80, 0x80], 'people do not listen')
})

t.test('a SUBSCRIBE in the same segment as the CONNECT is answered for as any other', async t => {
  const broker = await openBroker(t)
  broker.events.invited.add(name)
  broker.events.authenticateDelayMs = 20
  const { RawClient: Client, connectBytes } = await import('./mqtt/raw-client.ts')
  const client = new Client(broker.port)
  client.write(connectBytes({ clientId: 'device-1', username: 'device-1', password: Buffer.from('secret') }))
  client.send({ cmd: 'subscribe', messageId: 7, subscriptions: topics.map(topic => ({ topic, qos: 0 })) })
  await client.until(() => client.of('suback').length === 1)
  t.same(client.of('suback')[0]?.granted, [0, 0])
  t.equal(broker.events.joined.length, 1)
  client.destroy()
})

t.test('the emitter knows nothing of sessions, and nothing is left behind of many', async t => {
  const broker = await openBroker(t)
  const { events, aedes } = broker
  const devices = await Promise.all(['device-1', 'device-2'].map(id => broker.device(id)))
  const [device] = devices as [RawClient]
  const names = Array.from({ length: 40 }, (_, at) => at.toString(16).padStart(16, '0'))
  for (const each of names) {
    events.invited.add(each)
    for (const client of devices) await client.subscribe(sessionTopic(each, 'control'), sessionTopic(each, 'data'))
  }
  const internals = aedes as unknown as {
    mq: { _matcher: { match(topic: string): unknown[] } }
    clients: Record<string, { subscriptions: object }>
  }
  for (const each of names) t.equal(internals.mq._matcher.match(sessionTopic(each, 'data')).length, 0)
  t.equal(Object.keys(internals.clients['device-1']?.subscriptions ?? {}).length, 1, 'one place for all of them')
  t.equal(events.joined.length, 80)
  t.same(
    events.left.filter(({ connection }) => connection.device === 'device-1').map(({ session }) => session),
    names.slice(0, 24),
    'the oldest are forgotten',
  )
  t.same(await device.subscribe('drover/v1/devices/device-1/offer'), [0], 'and there is room for others')
})

t.test('one frozen socket among 200: the others get every byte', async t => {
  const broker = await openBroker(t)
  const { events } = broker
  const operation = operationId('0123456789abcdefghjkmnpqrs')
  const artifact = artifactId('ab'.repeat(32))
  const chunks = Array.from({ length: 176 }, (_, at) => Buffer.alloc(32_000, at))
  const reader = {
    id: artifact,
    chunkCount: chunks.length,
    chunkIndex: Buffer.alloc(0),
    encodingOf: () => 'plain' as const,
    encodedLengthOf: () => 32_000,
    read: async (chunk: number) => chunks[chunk] as Buffer,
  }
  const artifacts = {
    open: async () => reader,
    receive: () => Promise.reject(new Error('not here')),
    close: async () => {},
  }
  const world = { clock: systemClock, log: new RecordingLog() }
  const delivery = ChunkDelivery.open({ artifacts, ...world, mayPull: () => true })
  const carousel = new Carousel({ artifacts, ...world, plane: delivery.shared })
  t.teardown(async () => {
    await carousel.stop()
    await delivery.close()
  })
  events.onConnected = connection => delivery.connected(connection, 32 * 1024)
  events.maySubscribe = (connection, session) => carousel.mayHear(connection, session)
  events.sessionJoined = (connection, session) => carousel.joined(connection, session)
  const told = new Told()
  carousel.open({ name, operation, artifact }, told)

  const clients: RawClient[] = []
  for (let at = 0; at < 200; at += 1) {
    const device = await broker.device(`device-${at}`)
    clients.push(device)
    carousel.invite(name, deviceId(`device-${at}`))
    t.same(await device.subscribe(...topics), [0, 0])
  }
  t.equal(told.joinedDevices.length, 200)
  // One reads what it gets, one nothing, the others only count.
  const [frozen, whole, ...counting] = clients as [RawClient, RawClient, ...RawClient[]]
  frozen.stopReading()
  const counts = new Map<RawClient, number>(counting.map(client => [client, 0]))
  for (const client of counting) {
    client.socket.removeAllListeners('data')
    client.socket.on('data', bytes => void counts.set(client, (counts.get(client) ?? 0) + bytes.length))
  }
  const before = whole.of('publish').length
  carousel.start(name)
  t.ok(await eventually(() => told.endedCount === 1, 60_000), 'it comes to an end')
  await whole.until(() => whole.topics().at(-1) === control && whole.topics().length > 2, 20_000)
  const heard = whole.of('publish').slice(before)
  const pieces = heard.filter(({ topic }) => topic === data).map(({ payload }) => readSessionData(payload as Buffer))
  const sizes = new Map<number, number>()
  for (const piece of pieces) {
    if (piece.data.some(byte => byte !== piece.chunk)) t.fail(`chunk ${piece.chunk}`)
    sizes.set(piece.chunk, (sizes.get(piece.chunk) ?? 0) + piece.data.length)
  }
  t.same(
    [...sizes],
    chunks.map((_, chunk) => [chunk, 32_000]),
  )
  const words = heard
    .filter(({ topic }) => topic === control)
    .map(({ payload }) => readSessionControl(payload as Buffer).kind)
  t.same(words, ['start', 'end'])

  const { batchesTotal, skipsTotal, bytesTotal } = carousel.figures()
  t.ok(skipsTotal > 0 && skipsTotal < batchesTotal, `${skipsTotal} of ${batchesTotal} batches skipped`)
  const wordBytes = heard.filter(({ topic }) => topic === control).reduce((sum, { length = 0 }) => sum + length + 2, 0)
  t.ok(await eventually(() => new Set(counts.values()).size === 1, 20_000), 'all of them the same')
  const perMember = ([...counts.values()][0] ?? 0) - wordBytes
  t.ok(bytesTotal < 200 * perMember && bytesTotal >= 199 * perMember, `${bytesTotal} of 200 × ${perMember}`)
  t.ok((events.connected[0]?.undrainedBytes ?? 0) <= 128 * 1024 + 512, 'and its socket holds no more than it may')
})
