// What every side of a measurement is to the process it lives in, and the doors all of them are reached by: the same
// listener options for everybody, plain or TLS.
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { highWaterMark, type Transport } from '../../broker/adapters/mqtt-listener.ts'
import type { DeliveryFigures } from '../../broker/delivery/chunk-delivery.ts'
import type { SelfSigned } from './self-signed.ts'

export interface SideOrders {
  readonly chunkBytes: number
  /** Absent: all of the image in memory. */
  readonly imageBytes?: number
  /** Absent: plain TCP. */
  readonly tls?: SelfSigned
}

export interface Side {
  readonly port: number
  /** Of the chunk plane, where there is one. */
  figures?(): DeliveryFigures
  /** Opens a broadcast session for these devices. */
  invite?(session: string, devices: readonly string[]): void
  /** Sends all of the image to who listens; resolves when it is written. */
  broadcast?(session: string): Promise<void>
  /** Batches that were not written because the socket was full. */
  skips?(): number
  /** So many chunks to who has subscribed to `topic`, one after the other; resolves when all are written. */
  publish?(topic: string, chunks: number): Promise<void>
}

/** As the product's own listener makes its sockets; over TLS the same below. */
export function transportOf(tls: SelfSigned | undefined): Transport {
  const options = { noDelay: true, keepAlive: true, highWaterMark }
  return (onSocket, onStream) => {
    const opened = (socket: Socket): void => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      socket.on('error', () => {})
    }
    if (tls === undefined)
      return createServer(options, socket => {
        opened(socket)
        onSocket(socket, () => onStream(socket))
      })
    const server = createTlsServer({ ...options, ...tls }, stream => {
      opened(stream)
      onStream(stream)
    })
    // Its handshake begins whatever `onSocket` says: here nobody has to wait.
    server.on('connection', (socket: Socket) => onSocket(socket, () => {}))
    return server
  }
}

const sockets = new Set<Socket>()

/** Handed to all sockets of this process and not taken by the kernel, counted at the sockets themselves. */
export function undrainedBytes(): number {
  let bytes = 0
  for (const socket of sockets) bytes += socket.writableLength
  return bytes
}

/** For the sides that bring no listener of their own; resolves with the port. */
export function listen(tls: SelfSigned | undefined, onStream: (stream: Duplex) => void): Promise<number> {
  const server = transportOf(tls)(
    (_, proceed) => proceed(),
    onStream,
    () => {},
  )
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(portOf(server)))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
