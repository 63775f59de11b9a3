// The TCP door of the standalone broker: how many connections there may be, how fast one address may make new ones, and
// socket options that only a listener can set. What comes in is handed to the broker's `handle`, looked up at each
// connection, because the packet limits stand in the one that the attachment has put there.
//
// `transport` is the seam for TLS and WebSocket: whatever makes a net.Server that hands over duplex streams
// (mqtt-listener/).
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TokenBuckets, type TokenRate } from '../core/token-bucket.ts'
import type { Clock, Log } from '../ports.ts'
import type { SlowLane } from './mqtt-listener/slow-lane.ts'

export interface MqttListenerOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly connectionsMax: number
  /** New connections of one address; 200 a second, 2,000 at once unless said otherwise. */
  readonly connects?: TokenRate
  readonly clock: Clock
  readonly log: Log
  readonly transport?: Transport
  /** Who has failed often waits there; it is told of those who were let in. Absent: everybody comes in at once. */
  readonly lane?: SlowLane
}

/**
 * `onSocket` is called for each TCP connection before, and calls `proceed` when the connection may go on, at once or later;
 * `onStream` when bytes of MQTT can be read and written. `refuse` counts a connection that the transport itself has closed,
 * under a fixed word.
 */
export type Transport = (
  onSocket: (socket: Socket, proceed: () => void) => void,
  onStream: (stream: Duplex) => void,
  refuse: (reason: string, address: string | undefined) => void,
) => Server

/** Node 20 gives server sockets 16 KiB; chunks leave in batches of up to 128 KiB (D7). */
export const highWaterMark = 128 * 1024

export const plainTcp: Transport = (onSocket, onStream) =>
  createServer({ noDelay: true, keepAlive: true, highWaterMark }, socket => {
    onSocket(socket, () => onStream(socket))
  })

export class MqttListener {
  readonly #server: Server
  readonly #sockets: Set<Socket>
  readonly #refused: Map<string, number>

  /** The server can be closed before the last socket says so, hence a promise from the beginning. */
  readonly #closed: Promise<void>

  private constructor(server: Server, sockets: Set<Socket>, refused: Map<string, number>) {
    this.#server = server
    this.#sockets = sockets
    this.#refused = refused
    this.#closed = new Promise(resolve => server.once('close', () => resolve()))
  }

  /** Resolves when the port is bound; rejects with the system's error, for example EADDRINUSE. */
  static async open(broker: { handle(stream: Duplex): unknown }, options: MqttListenerOptions): Promise<MqttListener> {
    const { connects = connectsDefault, clock, log, transport = plainTcp, lane } = options
    const sockets = new Set<Socket>()
    const refused = new Map<string, number>()
    const rates = new TokenBuckets(connects, addressesMax)
    const refuse = (reason: string, address: string | undefined): void => {
      refused.set(reason, (refused.get(reason) ?? 0) + 1)
      log.warn({ event: 'connection-refused', reason, address }, 'TCP connection refused')
    }
    const server = transport(
      (socket, proceed) => {
        // Resets before anybody else listens; afterwards the broker does.
        socket.on('error', error => log.debug({ event: 'socket-error', err: error }, 'socket failed'))
        if (!rates.take(socket.remoteAddress ?? '', clock.monotonic())) {
          refuse('connect-rate', socket.remoteAddress)
          socket.destroy()
          return
        }
        const shut = (): void => {
          refuse('connect-failures', socket.remoteAddress)
          socket.destroy()
        }
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
        if (lane === undefined) proceed()
        else if (!lane.enter(socket, proceed, shut)) shut()
      },
      stream => broker.handle(stream),
      refuse,
    )
    server.maxConnections = options.connectionsMax
    server.on('drop', dropped => refuse('connections-max', dropped?.remoteAddress))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port, options.host, () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
    server.on('error', error => log.error({ event: 'listener-error', err: error }, 'the listener failed'))
    return new MqttListener(server, sockets, refused)
  }

  /** The port that was bound. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  figures(): { readonly connections: number; readonly refused: Readonly<Record<string, number>> } {
    return { connections: this.#sockets.size, refused: Object.fromEntries(this.#refused) }
  }

  /** Takes no new connections; those there are go on. Comes before the broker is closed. */
  stopAccepting(): void {
    if (this.#server.listening) this.#server.close()
  }

  /** Ends what is still connected; resolves when the port is free. Repeatable. */
  async close(): Promise<void> {
    this.stopAccepting()
    for (const socket of this.#sockets) socket.destroy()
    await this.#closed
  }
}

const connectsDefault: TokenRate = { perSecond: 200, burst: 2_000 }
/** Addresses whose rate is remembered. */
const addressesMax = 10_000
