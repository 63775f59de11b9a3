// The chunk plane beside `aedes.publish`: 200 devices ask for windows of 256 KiB, the same requests through the same
// broker, answered by ChunkDelivery or by publishing. CPU is that of this process alone; the devices live in another one.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Aedes, type Client } from 'aedes'
import { systemClock } from '../broker/adapters/system-clock.ts'
import { ChunkDelivery } from '../broker/delivery/chunk-delivery.ts'
import type { ArtifactReader, DeviceConnection } from '../broker/ports.ts'
import { artifactId, deviceId } from '../proto/ids.ts'
import { encodeChunkData, readChunkRequest } from '../proto/messages.ts'
import { type Downlink, deviceTopic } from '../proto/topics.ts'
import type { ClientOrders } from './delivery-clients.ts'

const deviceCount = 200
const windowBytes = 256 * 1024
const imageBytes = 16 * 1024 * 1024
const bytesPerDevice = 2 * 1024 * 1024
const repetitions = 3

interface Figures {
  readonly cpuMicrosPerChunk: number
  readonly megabytesPerSecond: number
}

/** Takes about half a minute on two free cores. */
export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const print = (metric: string, value: number, unit: string, peer?: string): void =>
    console.log(
      json
        ? JSON.stringify({
            bench: 'delivery',
            metric,
            value: Number(value.toPrecision(4)),
            unit,
            ...(peer && { peer }),
          })
        : `delivery  ${metric.padEnd(36)} ${value.toPrecision(4).padStart(10)} ${unit}${peer ? ` (${peer})` : ''}`,
    )
  for (const chunkBytes of [16 * 1024, 64 * 1024]) {
    // Taken in turns, so that what disturbs the machine disturbs both; the best of each counts.
    const ours: Figures[] = []
    const peer: Figures[] = []
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      ours.push(await measure('delivery', chunkBytes))
      peer.push(await measure('publish', chunkBytes))
    }
    const size = `${chunkBytes / 1024}-kib`
    for (const [figures, name] of [
      [ours, undefined],
      [peer, 'aedes.publish'],
    ] as const) {
      print(`cpu-per-chunk-${size}`, Math.min(...figures.map(of => of.cpuMicrosPerChunk)), 'us', name)
      print(`throughput-${size}`, Math.max(...figures.map(of => of.megabytesPerSecond)), 'MB/s', name)
    }
  }
}

async function measure(how: 'delivery' | 'publish', chunkBytes: number): Promise<Figures> {
  const reader = memoryReader(chunkBytes)
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const delivery = ChunkDelivery.open({
    artifacts: {
      open: async () => reader,
      receive: () => Promise.reject(new Error('not here')),
      close: async () => {},
    },
    clock: systemClock,
    log: silent,
    mayPull: () => true,
  })
  const connections = new WeakMap<Client, SocketConnection>()
  const broker = await Aedes.createBroker({
    concurrency: 0,
    authorizePublish(client, packet, done) {
      if (client === null) return done(null)
      const payload = packet.payload as Buffer
      if (how === 'delivery') {
        const connection = connections.get(client)
        if (connection !== undefined) delivery.request(connection, payload)
      } else void publish(broker, client, payload, reader)
      packet.topic = 'sink'
      done(null)
    },
  })
  broker.on('clientReady', client => {
    const connection = new SocketConnection(client)
    connections.set(client, connection)
    delivery.connected(connection, 128 * 1024)
  })
  const server = createServer({ noDelay: true, highWaterMark: 64 * 1024 }, socket => broker.handle(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')

  const clients = fork(fileURLToPath(new URL('./delivery-clients.js', import.meta.url)))
  const chunksPerRequest = windowBytes / chunkBytes
  const roundCount = bytesPerDevice / windowBytes
  const orders: ClientOrders = {
    port: address.port,
    deviceCount,
    artifact: reader.id,
    chunkCount: reader.chunkCount,
    chunksPerRequest,
    windowBytes,
    roundCount,
  }
  clients.send(orders)
  await once(clients, 'message')
  const cpu = process.cpuUsage()
  const started = performance.now()
  clients.send('go')
  await once(clients, 'message')
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  clients.disconnect()
  await once(clients, 'exit')
  await delivery.close()
  await new Promise<void>(resolve => broker.close(resolve))
  server.close()
  return {
    cpuMicrosPerChunk: (user + system) / (deviceCount * roundCount * chunksPerRequest),
    megabytesPerSecond: (deviceCount * bytesPerDevice) / 1e6 / seconds,
  }
}

/** What a broker without a chunk plane would do with a request. */
async function publish(broker: Aedes, client: Client, payload: Buffer, reader: ArtifactReader): Promise<void> {
  const { wanted, requestNumber } = readChunkRequest(payload)
  if (wanted.kind === 'index') return
  const topic = deviceTopic(deviceId(client.id), 'chunks/data')
  for (const { first, count } of wanted.ranges)
    for (let chunk = first; chunk < first + count; chunk += 1) {
      const data = await reader.read(chunk)
      const about = {
        kind: 'piece',
        requestNumber,
        chunk,
        encoding: 'plain',
        encodedSize: data.length,
        offset: 0,
      } as const
      const answer = {
        cmd: 'publish',
        topic,
        payload: encodeChunkData({ ...about, data }),
        qos: 0,
        retain: false,
        dup: false,
      } as const
      broker.publish(answer, () => {})
    }
}

function memoryReader(chunkBytes: number): ArtifactReader {
  const image = Buffer.alloc(imageBytes, 'drover')
  return {
    id: artifactId('ab'.repeat(32)),
    chunkCount: imageBytes / chunkBytes,
    chunkIndex: new Uint8Array(1),
    encodingOf: () => 'plain',
    encodedLengthOf: () => chunkBytes,
    read: async chunk => image.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes),
  }
}

class SocketConnection implements DeviceConnection {
  readonly device
  readonly number = 1
  readonly #socket: Socket

  constructor(client: Client) {
    this.device = deviceId(client.id)
    this.#socket = client.conn as Socket
  }
  get closed(): boolean {
    return this.#socket.destroyed
  }
  get undrainedBytes(): number {
    return this.#socket.writableLength
  }
  publish(downlink: Downlink, parts: readonly Uint8Array[]): void {
    const topic = deviceTopic(this.device, downlink)
    let rest = parts.reduce((sum, part) => sum + part.length, 2 + topic.length)
    const head = Buffer.allocUnsafe(5 + 2 + topic.length)
    let at = head.writeUInt8(0x30)
    for (; rest > 127; rest >>>= 7) at = head.writeUInt8((rest & 127) | 128, at)
    at = head.writeUInt8(rest, at)
    at = head.writeUInt16BE(topic.length, at)
    at += head.write(topic, at, 'latin1')
    this.#socket.write(head.subarray(0, at))
    for (const part of parts) this.#socket.write(part)
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
