// The short way of what devices publish, past Aedes' handlers: what they promise is kept.
import type { Duplex } from 'node:stream'
import t from 'tap'
import { type BrokerUnderTest, eventually, openBroker } from './mqtt/broker-under-test.ts'

const topic = (name: string) => `drover/v1/devices/device-1/${name}`
const event = (messageId: number) =>
  ({ cmd: 'publish', topic: topic('events'), payload: 'x', qos: 1, messageId, retain: false, dup: false }) as const

interface ServerSide {
  readonly conn: Duplex
  readonly _keepaliveTimer: { refresh: () => unknown }
}
/** The broker's end of the only device. */
function serverSide({ aedes }: BrokerUnderTest): ServerSide {
  return (aedes as unknown as { readonly clients: Readonly<Record<string, ServerSide>> }).clients[
    'device-1'
  ] as ServerSide
}

/** Lengths of what is written to the device from now on; `answer` in place of what the socket says. */
function watchWrites(broker: BrokerUnderTest, answer?: boolean): number[] {
  const { conn } = serverSide(broker)
  const lengths: number[] = []
  const write = conn.write.bind(conn) as (bytes: Uint8Array, ...rest: never[]) => boolean
  conn.write = ((bytes: Uint8Array, ...rest: never[]) => {
    lengths.push(bytes.length)
    return write(bytes, ...rest) && (answer ?? true)
  }) as Duplex['write']
  return lengths
}

t.test('what is stored together is acknowledged in one write, each message by its own number, in order', async t => {
  const broker = await openBroker(t)
  let stored = (): void => {}
  const commit = new Promise<void>(resolve => {
    stored = resolve
  })
  broker.events.onMessage = () => commit
  const device = await broker.device('device-1')
  const writes = watchWrites(broker)
  const ids = [65_535, 1, 256, 255, 32_768]
  device.send(...ids.map(event))
  await eventually(() => broker.events.messages.length === ids.length)
  t.same(device.of('puback'), [])
  stored()
  await device.until(() => device.of('puback').length === ids.length)
  t.same(
    device.of('puback').map(({ messageId }) => messageId),
    ids,
  )
  t.same(writes, [4 * ids.length])
})

t.test('a client is read on behind messages of one segment that wait, and behind those that do not', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1')
  device.send(...[1, 2, 3, 4, 5].map(event))
  await device.until(() => device.of('puback').length === 5)
  const progress = {
    cmd: 'publish',
    topic: topic('progress'),
    payload: 'p',
    qos: 0,
    retain: false,
    dup: false,
  } as const
  device.send(progress, progress, progress, progress)
  await eventually(() => broker.events.messages.length === 9)
  device.send(event(6))
  await device.until(() => device.of('puback').length === 6)
  t.equal(await device.ping(), true)
})

t.test('every message is a sign of life', async t => {
  const broker = await openBroker(t)
  const device = await broker.device('device-1', { keepalive: 60 })
  const timer = serverSide(broker)._keepaliveTimer
  let refreshed = 0
  timer.refresh = () => {
    refreshed++
  }
  device.send(event(1), event(2))
  await device.until(() => device.of('puback').length === 2)
  t.equal(refreshed, 2)
})

t.test('a device that takes no acknowledgements is closed after the drain time-out', async t => {
  const broker = await openBroker(t, { options: { drainTimeout: 60 } })
  const device = await broker.device('device-1')
  watchWrites(broker, false)
  device.send(event(1))
  await device.whenClosed()
  t.equal(device.closed, true)
})

t.test('a connection that ends before the commit gets no acknowledgement and disturbs nobody', async t => {
  const broker = await openBroker(t)
  let stored = (): void => {}
  const commit = new Promise<void>(resolve => {
    stored = resolve
  })
  broker.events.onMessage = () => commit
  const device = await broker.device('device-1')
  const writes = watchWrites(broker)
  device.send(event(1), event(2))
  await eventually(() => broker.events.messages.length === 2)
  device.destroy()
  await eventually(() => broker.events.disconnected.length === 1)
  stored()
  const again = await broker.device('device-1')
  again.send(event(3))
  await again.until(() => again.of('puback').length === 1)
  t.same(writes, [])
})

t.test('who puts a hook of his own over ours sees every message, and it is acknowledged all the same', async t => {
  const broker = await openBroker(t)
  const seen: string[] = []
  const ours = broker.aedes.authorizePublish
  const device = await broker.device('device-1')
  device.send(event(1))
  await device.until(() => device.of('puback').length === 1)
  broker.aedes.authorizePublish = (client, packet, done) => {
    seen.push(packet.topic)
    ours.call(broker.aedes, client, packet, done)
  }
  device.send(event(2))
  await device.until(() => device.of('puback').length === 2)
  t.same(seen, [topic('events')])
  t.equal(broker.events.messages.length, 2)
  broker.aedes.authorizePublish = ours
})
