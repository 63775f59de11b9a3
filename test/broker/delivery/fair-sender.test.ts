import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import t from 'tap'
import { ChunkDelivery } from '../../../broker/delivery/chunk-delivery.ts'
import { type DeliverySettings, deliverySettings } from '../../../broker/delivery/delivery-settings.ts'
import { DeviceLine } from '../../../broker/delivery/device-line.ts'
import { FairSender, type Packet, type PacketSource } from '../../../broker/delivery/fair-sender.ts'
import type { DeviceConnection } from '../../../broker/ports.ts'
import { chunkDataPacketHead } from '../../../proto/chunk-messages.ts'
import { type DeviceId, deviceId } from '../../../proto/ids.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { chunkRequest, FakeConnection, HandClock, ListLog, MemoryArtifacts, settle } from './world.ts'

const KiB = 1024

/** Lines that owe `owedBytes` each, in pieces of the size they are made with. */
function world(wishes: Partial<DeliverySettings> = {}) {
  const clock = new HandClock()
  const log = new ListLog()
  const owed = new Map<DeviceLine, { left: number; readonly size: number }>()
  const source: PacketSource<Packet> = {
    next(line) {
      const account = owed.get(line)
      if (account === undefined || account.left <= 0) return undefined
      const data = Buffer.alloc(Math.min(account.size, account.left))
      const about = { requestNumber: 1, chunk: 1, encoding: 'plain', encodedSize: data.length, offset: 0 } as const
      return { head: chunkDataPacketHead(line.topic, { ...about, dataLength: data.length }), data }
    },
    sent(line, { data }) {
      const account = owed.get(line)
      if (account !== undefined) account.left -= data.length
    },
  }
  const sender = new FairSender(deliverySettings(wishes), clock, log, source)
  const line = (
    name: string,
    {
      owes,
      size = 4 * KiB,
      reading = true,
      onPublish = () => {},
    }: {
      owes: number
      size?: number
      reading?: boolean
      onPublish?: (connection: FakeConnection) => void
    },
  ) => {
    const connection = new FakeConnection(name, { reading, onPublish })
    const line = new DeviceLine(connection, size + 128)
    owed.set(line, { left: owes, size })
    sender.add(line)
    sender.ready(line)
    return { line, connection, owe: (bytes: number) => owed.set(line, { left: bytes, size }) }
  }
  return { clock, log, sender, line }
}

t.test('who asks for little is not kept waiting by who asks for much', async t => {
  const { clock, line } = world({ turnBytes: 64 * KiB, socketUndrainedBytesMax: 4096 * KiB, tickBytes: 128 * KiB })
  let greedyBytes = 0
  const greedy = ['g1', 'g2', 'g3'].map(name => line(name, { owes: 3000 * KiB }))
  await clock.advance(3)
  const before = greedy.map(({ connection }) => connection.bytes)
  const modest = line('m', {
    owes: 4 * KiB,
    onPublish: () => {
      greedyBytes = Math.max(...greedy.map(({ connection }, at) => connection.bytes - (before[at] as number)))
    },
  })
  await clock.advance(10)
  t.equal(modest.connection.pieces.length, 1)
  t.ok(greedyBytes <= 2 * 64 * KiB, `the greediest got ${greedyBytes} bytes before it`)
})

t.test('shares are equal in bytes whatever the size of the packets', async t => {
  const { clock, line } = world({ turnBytes: 16 * KiB, tickBytes: 64 * KiB, socketUndrainedBytesMax: 4096 * KiB })
  const lines = [700, 4 * KiB, 30 * KiB, 100 * KiB].map((size, at) => line(`d${at}`, { owes: 3000 * KiB, size }))
  await clock.advance(100)
  const shares = lines.map(({ connection }) => connection.bytes)
  t.ok(Math.min(...shares) > 500 * KiB, `${shares}`)
  t.ok(Math.max(...shares) - Math.min(...shares) <= 100 * KiB + 2 * 16 * KiB, `${shares}`)
})

t.test('a turn is one batch, up to the packet that fills the turn; a tick gives out no more than the tick', async t => {
  const { clock, line } = world({ turnBytes: 64 * KiB, tickBytes: 256 * KiB })
  const lines = Array.from({ length: 20 }, (_, at) => line(`d${at}`, { owes: 64 * KiB, size: 2 * KiB, reading: false }))
  const given = (): number => lines.reduce((sum, { connection }) => sum + connection.bytes, 0)
  await settle()
  t.ok(given() <= 256 * KiB + 64 * KiB && given() > 200 * KiB, `first tick ${given()}`)
  t.equal(clock.timerCount, 2, 'the next tick and the look at what the sockets hold')
  await clock.advance(10)
  t.ok(given() > 20 * 64 * KiB)
  for (const { connection } of lines)
    t.ok(connection.batches.every(bytes => bytes < 64 * KiB + 2200) && connection.batches.length <= 2)
})

t.test('no socket holds more than its limit, and the rest follows when it drains', async t => {
  const { clock, sender, line } = world({ socketUndrainedBytesMax: 128 * KiB })
  const { connection } = line('a', { owes: 1000 * KiB, size: 10_000, reading: false })
  await clock.advance(500)
  t.ok(connection.undrainedBytes <= 128 * KiB && connection.undrainedBytes > 118 * KiB, `${connection.undrainedBytes}`)
  t.equal(sender.undrainedBytes, connection.undrainedBytes)
  for (let round = 0; round < 8; round += 1) {
    connection.drain()
    await settle()
    await clock.advance(3)
  }
  t.equal(
    connection.pieces.reduce((sum, { data }) => sum + data.length, 0),
    1000 * KiB,
  )
  t.ok(connection.undrainedMost <= 128 * KiB, `${connection.undrainedMost}`)
})

t.test('a socket that drains without saying so is found by looking', async t => {
  const { clock, line } = world({ socketUndrainedBytesMax: 8 * KiB, pollMs: 100 })
  const { connection } = line('a', { owes: 40 * KiB, reading: false })
  await clock.advance(10)
  t.equal(connection.pieces.length, 1)
  connection.undrainedBytes = 100
  await clock.advance(90)
  t.equal(connection.pieces.length, 2)
})

t.test('all sockets together hold no more than their limit, and every device gets its turn', async t => {
  const { clock, sender, line } = world({ undrainedBytesMax: 256 * KiB, socketUndrainedBytesMax: 64 * KiB })
  let most = 0
  const lines: ReturnType<typeof line>[] = []
  const onPublish = (): void => {
    most = Math.max(
      most,
      lines.reduce((sum, { connection }) => sum + connection.undrainedBytes, 0),
    )
  }
  for (let at = 0; at < 50; at += 1) lines.push(line(`d${at}`, { owes: 128 * KiB, reading: false, onPublish }))
  await clock.advance(50)
  t.ok(most > 240 * KiB, 'the limit is used')
  t.ok(lines.filter(({ connection }) => connection.bytes > 0).length <= 5)
  for (let round = 0; round < 400; round += 1) {
    lines.find(({ connection }) => connection.undrainedBytes > 0)?.connection.drain()
    await settle()
    await clock.advance(1)
  }
  t.ok(most <= 256 * KiB, `${most}`)
  for (const { connection } of lines) connection.drain()
  t.ok(
    lines.every(({ connection }) => connection.bytes > 0),
    'nobody was forgotten',
  )
  t.ok(sender.undrainedBytes <= 256 * KiB)
})

t.test('who comes later does not overtake who waits for room', async t => {
  const { line } = world({ undrainedBytesMax: 64 * KiB, socketUndrainedBytesMax: 64 * KiB })
  const holder = line('h', { owes: 60 * KiB, reading: false })
  await settle()
  const waiting = line('w', { owes: 60 * KiB, reading: false })
  await settle()
  t.strictSame(
    [holder, waiting].map(({ connection }) => connection.pieces.length),
    [15, 0],
  )
  const later = line('l', { owes: 60 * KiB, reading: false })
  holder.connection.drain()
  await settle()
  t.strictSame(
    [waiting, later].map(({ connection }) => connection.pieces.length),
    [15, 0],
  )
})

t.test('a socket that takes nothing is closed after the stall time and the log says why', async t => {
  const { clock, log, sender, line } = world({ stallMs: 30_000 })
  const { connection } = line('frozen', { owes: 1000 * KiB, reading: false })
  const idle = line('idle', { owes: 4 * KiB })
  const slow = line('slow', { owes: 1000 * KiB, reading: false })
  for (let second = 0; second < 29; second += 1) {
    await clock.advance(1000)
    if (second % 20 === 5) slow.connection.drain(100)
  }
  t.equal(connection.closed, false)
  await clock.advance(1500)
  t.match(connection.closeReason, /has taken nothing for 30\d\d\d ms and holds \d+ bytes/)
  t.match(log.entries, [{ event: 'delivery-stalled', device: 'frozen' }])
  t.equal(sender.stallsTotal, 1)
  t.equal(slow.connection.closed, false, 'a slow one is not a frozen one')
  t.equal(idle.connection.closed, false)
  t.equal(sender.undrainedBytes, slow.connection.undrainedBytes)
})

t.test('frozen sockets that hold what others wait for are closed sooner', async t => {
  const { clock, log, line } = world({
    undrainedBytesMax: 256 * KiB,
    socketUndrainedBytesMax: 128 * KiB,
    stallMs: 60_000,
    pressedStallMs: 5000,
  })
  const frozen = [1, 2].map(at => line(`f${at}`, { owes: 1000 * KiB, reading: false }))
  await clock.advance(10_000)
  t.ok(
    frozen.every(({ connection }) => !connection.closed),
    'nobody waits: there is time',
  )
  const modest = line('m', { owes: 100 * KiB })
  await clock.advance(200)
  t.equal(modest.connection.pieces.length, 25, 'what they leave is enough for small packets')
  t.strictSame(log.events, [])
  const healthy = line('h', { owes: 96 * KiB, size: 16 * KiB })
  await clock.advance(200)
  t.equal(log.events[0], 'delivery-stalled')
  t.equal(healthy.connection.pieces.length, 6)
  t.ok(frozen.some(({ connection }) => connection.closed))
})

t.test('nothing is left to do once everything has been taken', async t => {
  const { clock, line } = world()
  const { connection, owe, line: own } = line('a', { owes: 100 * KiB })
  await clock.advance(300)
  t.equal(connection.pieces.length, 25)
  t.equal(clock.timerCount, 0)
  t.equal(own.deficitBytes, 0, 'nobody saves up turns while it asks for nothing')
  owe(4 * KiB)
  await clock.advance(10)
  t.equal(connection.pieces.length, 25, 'nothing is asked until the line is ready')
})

t.test('real sockets: one stops reading and holds its limit, the other gets everything', async t => {
  const image = makeImage(6 * 1024 * KiB, 12)
  const bundle = makeBundle({
    image,
    settings: { minimumBytes: 32 * KiB, averageBytes: 32 * KiB, maximumBytes: 32 * KiB },
  })
  const clock = new HandClock()
  const log = new ListLog()
  const settings = { windowBytesMax: 16 * 1024 * KiB, stallMs: 10_000 }
  const artifacts = new MemoryArtifacts(bundle)
  const delivery = ChunkDelivery.open({ artifacts, clock, log, mayPull: () => true, settings })
  const [frozen, healthy] = await Promise.all([socketPair(t), socketPair(t)])
  const connections = [frozen, healthy].map(({ server }, at) => new SocketConnection(deviceId(`s${at}`), server))
  frozen.client.pause()
  const received: Buffer[] = []
  healthy.client.on('data', (bytes: Buffer) => received.push(bytes))
  for (const connection of connections) {
    delivery.connected(connection, 32 * KiB)
    delivery.request(connection, chunkRequest(bundle, 1, [{ first: 0, count: bundle.index.count }], 16 * 1024 * KiB))
  }
  const [stuck, well] = connections as [SocketConnection, SocketConnection]
  while (delivery.figures().queuedRequests > 1) {
    await clock.advance(1)
    await new Promise(resolve => setImmediate(resolve))
  }
  await clock.advance(200)
  t.equal(delivery.figures().queuedChunks > 0, true, 'the frozen one has not got everything')
  t.ok(stuck.heldMost <= 128 * KiB && stuck.heldMost > 90 * KiB, `${stuck.heldMost} bytes held`)
  t.ok(well.heldMost <= 128 * KiB)
  healthy.server.end()
  await once(healthy.client, 'end')
  t.ok(publishedBytes(Buffer.concat(received)).includes(image.subarray(5_000_000, 5_000_100)))
  t.equal(Buffer.concat(received).length, well.written)
  t.equal(log.entries.length, 0)
  await clock.advance(11_000)
  t.strictSame(log.events, ['delivery-stalled'])
  t.ok(frozen.server.destroyed)
  await delivery.close()
})

class SocketConnection implements DeviceConnection {
  readonly device: DeviceId
  readonly number = 1
  readonly #socket: Socket
  heldMost = 0
  written = 0

  constructor(device: DeviceId, socket: Socket) {
    this.device = device
    this.#socket = socket
  }
  get closed(): boolean {
    return this.#socket.destroyed
  }
  get undrainedBytes(): number {
    return this.#socket.writableLength
  }
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
    this.written += bytes.length
    this.heldMost = Math.max(this.heldMost, this.#socket.writableLength)
  }
  publish(): void {
    throw new Error('whole packets are written here')
  }
  cork(): void {
    this.#socket.cork()
  }
  uncork(): void {
    this.#socket.uncork()
  }
  onDrain(listener: () => void): void {
    this.#socket.on('drain', listener)
  }
  close(): void {
    this.#socket.destroy()
  }
}

async function socketPair(t: { teardown(action: () => void): void }): Promise<{ server: Socket; client: Socket }> {
  const listener: Server = createServer({ highWaterMark: 64 * KiB }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  const client = connect(address.port, '127.0.0.1')
  const [server] = (await once(listener, 'connection')) as [Socket]
  t.teardown(() => {
    client.destroy()
    server.destroy()
    listener.close()
  })
  return { server, client }
}

/** The whole stream is made of well-formed PUBLISH packets; gives it back. */
function publishedBytes(stream: Buffer): Buffer {
  let position = 0
  while (position < stream.length) {
    if (stream[position] !== 0x30) throw new RangeError(`no PUBLISH at ${position}`)
    let length = 0
    let shift = 0
    position += 1
    for (;;) {
      const byte = stream[position] as number
      position += 1
      length += (byte & 127) << shift
      shift += 7
      if (byte < 128) break
    }
    position += length
  }
  if (position !== stream.length) throw new RangeError('cut inside a packet')
  return stream
}
