// The line between a device and the broker behind it, as the script of a case wants it: a TCP proxy that knows packets. Each
// is passed, dropped, replaced or held, in its order; what the device never asked for can be put in between; the line can
// be cut, and can stay down.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Packet, PacketCutter } from './packets.ts'
import type { Witness } from './witness.ts'

/** `cut`: the connection ends before the packet is passed. Buffers take its place. */
export type Passed = 'pass' | 'drop' | 'cut' | readonly Buffer[]
/** Asked for each packet; the next one of the same direction waits for the answer. */
export interface Weather {
  readonly toDevice?: (packet: Packet) => Passed | Promise<Passed>
  readonly toBroker?: (packet: Packet) => Passed | Promise<Passed>
}

export interface LineOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly witness: Witness
  /** Of the broker, asked at each connection. */
  readonly brokerPort: () => number
  readonly signal: AbortSignal
}

interface Connection {
  readonly number: number
  readonly device: Socket
  readonly broker: Socket
}

export class Line {
  /** Fair unless a case says otherwise. */
  weather: Weather = {}
  /** False: a connection is closed as soon as it comes. */
  up = true
  /** Said instead of an answer of the broker to CONNECT; the connection is closed after it. */
  connectAnswer: Buffer | undefined
  readonly #options: LineOptions
  readonly #server: Server
  #connections = new Map<number, Connection>()
  #count = 0
  #tries = 0

  private constructor(options: LineOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true }, device => this.#take(device))
  }

  static async open(options: LineOptions): Promise<Line> {
    const line = new Line(options)
    await new Promise<void>((resolve, reject) => {
      line.#server.once('error', reject)
      line.#server.listen(options.port, options.host, () => resolve())
    })
    return line
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** TCP connects so far, those that were closed at once included. */
  get tries(): number {
    return this.#tries
  }

  get connected(): boolean {
    return this.#connections.size > 0
  }

  /** Whole packets, between two of the broker's. Nothing happens without a connection. */
  inject(...packets: readonly Buffer[]): void {
    const last = [...this.#connections.values()].at(-1)
    for (const packet of packets) last?.device.write(packet)
  }

  /** As a cable that is pulled out. */
  cut(): void {
    for (const connection of this.#connections.values()) this.#end(connection, 'script')
  }

  async close(): Promise<void> {
    this.up = false
    this.cut()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #take(device: Socket): void {
    this.#tries += 1
    device.on('error', () => {
      // A reset is one way to be closed.
    })
    if (!this.up) {
      device.destroy()
      return
    }
    this.#count += 1
    const broker = connect(this.#options.brokerPort(), '127.0.0.1')
    broker.setNoDelay(true)
    const connection = { number: this.#count, device, broker }
    this.#connections.set(connection.number, connection)
    broker.on('error', () => {
      // The broker is away for a moment: the device is closed with it.
    })
    this.#pass(connection, device, broker, packet => this.#fromDevice(connection, packet))
    this.#pass(connection, broker, device, packet => this.#fromBroker(connection, packet))
    device.on('close', () => this.#end(connection, 'device'))
    broker.on('close', () => this.#end(connection, 'broker'))
  }

  #end(connection: Connection, by: 'device' | 'broker' | 'script'): void {
    if (!this.#connections.delete(connection.number)) return
    connection.device.destroy()
    connection.broker.destroy()
    this.#options.witness.closed(connection.number, by)
  }

  #pass(
    connection: Connection,
    from: Socket,
    to: Socket,
    judge: (packet: Packet) => readonly Buffer[] | 'cut' | Promise<readonly Buffer[] | 'cut'>,
  ): void {
    const cutter = new PacketCutter()
    let passing: Promise<void> = Promise.resolve()
    from.on('data', bytes => {
      // A slow script slows the sender as a slow line does.
      from.pause()
      passing = passing
        .then(async () => {
          for (const packet of cutter.push(bytes)) {
            const passed = await judge(packet)
            if (passed === 'cut') return this.#end(connection, 'script')
            for (const each of passed) if (!to.destroyed) to.write(each)
          }
          from.resume()
        })
        .catch(() => this.#end(connection, 'script'))
    })
  }

  async #fromDevice({ number }: Connection, packet: Packet): Promise<readonly Buffer[] | 'cut'> {
    const { witness } = this.#options
    if (packet.kind === 'connect') witness.connected(number, packet.connect)
    else if (packet.kind === 'subscribe') witness.subscribing(number, packet.packetId, packet.filters)
    else if (packet.kind === 'publish') witness.heard(number, packet.publish)
    else if (packet.kind === 'ping') witness.pinged(number)
    const passed = await (this.weather.toBroker?.(packet) ?? 'pass')
    return passed === 'pass' ? [packet.bytes] : passed === 'drop' ? [] : passed
  }

  async #fromBroker(connection: Connection, packet: Packet): Promise<readonly Buffer[] | 'cut'> {
    const { witness } = this.#options
    if (packet.kind === 'connack' && this.connectAnswer !== undefined) {
      connection.device.end(this.connectAnswer)
      return []
    }
    const verdict = await (this.weather.toDevice?.(packet) ?? 'pass')
    if (verdict === 'cut') return 'cut'
    const passed = verdict === 'pass' ? [packet.bytes] : verdict === 'drop' ? [] : verdict
    if (verdict !== 'drop' && packet.kind === 'puback') witness.acknowledged(connection.number, packet.packetId)
    if (verdict !== 'drop' && packet.kind === 'suback')
      witness.subscribed(connection.number, packet.packetId, packet.bytes.subarray(4).includes(0x80))
    if (packet.kind === 'publish' && packet.publish.topic.endsWith('/chunks/data'))
      for (const bytes of passed)
        for (const each of new PacketCutter().push(bytes))
          if (each.kind === 'publish') witness.handed(connection.number, each.publish.payload)
    return passed
  }
}
