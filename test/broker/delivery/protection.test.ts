// Devices that would take all there is: bounded memory, nobody else is kept from a byte, they are closed and the log says
// why. Real sockets where a socket's own behaviour counts, made ones where there are many.
import t, { type Test } from 'tap'
import { ChunkDelivery } from '../../../broker/delivery/chunk-delivery.ts'
import type { DeliverySettings } from '../../../broker/delivery/delivery-settings.ts'
import { encodeChunkRequest, readChunkData } from '../../../proto/chunk-messages.ts'
import { deviceId } from '../../../proto/ids.ts'
import { deviceTopic } from '../../../proto/topics.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { eventually, openBroker, realClock, sleep } from '../adapters/mqtt/broker-under-test.ts'
import type { RawClient } from '../adapters/mqtt/raw-client.ts'
import { chunkRequest, FakeConnection, HandClock, ListLog, MemoryArtifacts, settle } from './world.ts'

const KiB = 1024
const chunkBytes = 16 * KiB
const even = (bytes: number) => ({ minimumBytes: bytes, averageBytes: bytes, maximumBytes: bytes })
const image = makeImage(2 * 1024 * KiB, 21)
const bundle = makeBundle({ image, settings: even(chunkBytes) })
const chunkCount = bundle.index.count

async function world(t: Test, settings: Partial<DeliverySettings>) {
  const broker = await openBroker(t)
  const log = new ListLog()
  const artifacts = new MemoryArtifacts(bundle)
  const delivery = ChunkDelivery.open({ artifacts, clock: realClock, log, mayPull: () => true, settings })
  broker.events.onConnected = connection => delivery.connected(connection, 32 * KiB)
  broker.events.deviceDisconnected = connection => delivery.disconnected(connection)
  broker.events.deviceMessage = async (connection, _, payload) => delivery.request(connection, payload)
  t.teardown(() => delivery.close())
  const most = { undrainedBytes: 0, socketsBytes: 0, queuedRequests: 0, hotBytes: 0, linesCount: 0 }
  const watch = setInterval(() => {
    const figures = delivery.figures()
    most.undrainedBytes = Math.max(most.undrainedBytes, figures.undrainedBytes)
    most.socketsBytes = Math.max(most.socketsBytes, broker.attachment.figures().undrainedBytes)
    most.queuedRequests = Math.max(most.queuedRequests, figures.queuedRequests)
    most.hotBytes = Math.max(most.hotBytes, figures.hotBytes)
    most.linesCount = Math.max(most.linesCount, figures.linesCount)
  }, 3)
  t.teardown(() => clearInterval(watch))
  return { broker, log, delivery, most }
}

const ask = (client: RawClient, name: string, number: number, first: number, count: number): void =>
  client.publish(
    deviceTopic(deviceId(name), 'chunks/request'),
    encodeChunkRequest(chunkRequest(bundle, number, [{ first, count }], 1024 * KiB)),
  )

/** A device as it should be: a window at a time, until it has the image. Resolves with what it has. */
async function pull(client: RawClient, name: string): Promise<Buffer> {
  const windowChunks = 8
  const received: Buffer[] = []
  for (let first = 0; first < chunkCount; first += windowChunks) {
    const number = 1 + first / windowChunks
    const from = client.received.length
    ask(client, name, number, first, windowChunks)
    const pieces = () =>
      client.received.slice(from).flatMap(packet => {
        if (packet.cmd !== 'publish') return []
        const message = readChunkData(packet.payload as Buffer)
        return message.kind === 'piece' && message.requestNumber === number ? [Buffer.from(message.data)] : []
      })
    const bytes = Math.min(windowChunks, chunkCount - first) * chunkBytes
    await client.until(() => pieces().reduce((sum, { length }) => sum + length, 0) >= bytes, 60_000)
    received.push(...pieces())
    client.received.length = 0
  }
  return Buffer.concat(received)
}

t.test(
  'frozen, dripping, greedy and flickering devices: the others get every byte, memory stays in its limits',
  async t => {
    const settings = {
      undrainedBytesMax: 1024 * KiB,
      stallMs: 2000,
      pressedStallMs: 1000,
      hotBytesMax: 1024 * KiB,
      requestsMax: 4,
    }
    const { broker, log, delivery, most } = await world(t, settings)
    const named = async (name: string) => ({ name, client: await broker.device(name) })
    const frozen = await Promise.all(Array.from({ length: 6 }, (_, at) => named(`device-frozen-${at}`)))
    const dripping = await Promise.all(Array.from({ length: 2 }, (_, at) => named(`device-drip-${at}`)))
    const greedy = await named('device-greedy')
    const bad = [...frozen, ...dripping]
    for (const { client } of bad) client.stopReading()
    const drip = setInterval(() => {
      for (const { client } of dripping) client.socket.read(1)
    }, 200)
    t.teardown(() => clearInterval(drip))
    // All of them ask for everything for ever: the kernel's buffers are filled, too.
    let asked = 0
    const flood = setInterval(() => {
      for (const { name, client } of [...bad, greedy]) {
        asked += 1
        ask(client, name, asked, asked % 7, chunkCount - 7)
      }
      greedy.client.received.length = 0
    }, 5)
    t.teardown(() => clearInterval(flood))
    let flickers = 0
    let flickering = true
    const flicker = (async () => {
      while (flickering) {
        const client = await broker.device('device-flicker')
        ask(client, 'device-flicker', 1, 0, chunkCount)
        if (flickers % 2 === 0) await sleep(2)
        client.destroy()
        flickers += 1
      }
    })()

    const healthy = await Promise.all(Array.from({ length: 5 }, (_, at) => named(`device-healthy-${at}`)))
    const got = await Promise.all(healthy.map(({ name, client }) => pull(client, name)))
    t.ok(
      got.every(bytes => bytes.equals(image)),
      'every healthy device has the whole image',
    )
    t.ok(asked > 100 && flickers > 3, `meanwhile ${asked} requests of the greedy one, ${flickers} short connections`)
    flickering = false
    await flicker

    const closed = (name: string): boolean =>
      broker.events.connected.every(connection => connection.device !== name || connection.closed)
    t.ok(await eventually(() => bad.every(({ name }) => closed(name))), 'those that do not read are closed')
    clearInterval(flood)
    const told = log.entries.filter(({ event }) => event === 'delivery-stalled')
    t.strictSame(
      [...new Set(told.map(({ device }) => device))].toSorted(),
      bad.map(({ name }) => name).toSorted(),
      'and the log says which and why',
    )
    t.ok(told.every(({ heldBytes, stalledMs }) => Number(heldBytes) > 0 && Number(stalledMs) >= 1000))
    t.ok(most.undrainedBytes <= settings.undrainedBytesMax, `${most.undrainedBytes} bytes undrained at most`)
    t.ok(
      most.socketsBytes <= settings.undrainedBytesMax + 64 * KiB,
      `${most.socketsBytes} bytes in the sockets at most`,
    )
    t.ok(most.undrainedBytes > 200 * KiB, 'they did hold something')
    t.ok(most.hotBytes <= settings.hotBytesMax, `${most.hotBytes} bytes of chunks`)
    t.ok(most.queuedRequests <= settings.requestsMax * most.linesCount, `${most.queuedRequests} requests queued`)
    t.ok(await eventually(() => delivery.figures().linesCount === healthy.length + 1), 'their lines are forgotten')
    t.ok(await eventually(() => delivery.figures().undrainedBytes === 0))
    t.ok(healthy.every(({ client }) => !client.closed))
  },
)

t.test('ten thousand devices that pull never hold more than the one limit, and every one is served', async t => {
  const clock = new HandClock()
  const small = makeBundle({ image: makeImage(64 * KiB, 22), settings: even(4 * KiB) })
  const undrainedBytesMax = 4 * 1024 * KiB
  const delivery = ChunkDelivery.open({
    artifacts: new MemoryArtifacts(small),
    clock,
    log: new ListLog(),
    mayPull: () => true,
    settings: { undrainedBytesMax, stallMs: 3_600_000, pressedStallMs: 3_600_000 },
  })
  const connections = Array.from({ length: 10_000 }, (_, at) => new FakeConnection(`d${at}`, { reading: false }))
  for (const connection of connections) {
    delivery.connected(connection, 32 * KiB)
    delivery.request(connection, chunkRequest(small, 1, [{ first: 2, count: 3 }]))
  }
  let most = 0
  let rounds = 0
  while (delivery.figures().queuedRequests > 0 && rounds < 2000) {
    rounds += 1
    await settle()
    await clock.advance(1)
    const held = connections.filter(({ undrainedBytes }) => undrainedBytes > 0)
    const heldBytes = held.reduce((sum, { undrainedBytes }) => sum + undrainedBytes, 0)
    most = Math.max(most, heldBytes)
    if (heldBytes > delivery.figures().undrainedBytes) t.fail(`${heldBytes} bytes held, fewer counted`)
    for (const connection of held) connection.drain()
  }
  t.ok(most <= undrainedBytesMax, `${most} bytes at most`)
  t.ok(most > undrainedBytesMax * 0.9, 'the limit was reached')
  t.ok(
    connections.every(({ chunksEnded }) => chunksEnded.length === 3),
    `everybody was served in ${rounds} rounds`,
  )
})
