// MQTT in WebSockets (MQTT 3.1.1, 6), over TCP or TLS: a transport around another one. What arrives is a stream of bytes
// like any other to the broker, so all its limits hold; what can be asked of us before that has limits here.
//
//   socket, TLS ─▶ GET /mqtt, Upgrade, subprotocol mqtt ─▶ binary messages ─▶ stream of MQTT
import type { X509Certificate } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type WebSocket, WebSocketServer } from 'ws'
import { packetBytesMax } from '../../../proto/limits.ts'
import type { Clock } from '../../ports.ts'
import { highWaterMark, type Transport } from '../mqtt-listener.ts'

/** From the first byte that can be read to the end of the upgrade. */
const upgradeMs = 5_000
const headBytesMax = 8 * 1024
const path = '/mqtt'
/** Who sends pings and reads no answers gets none any more. */
const undrainedBytesMax = 64 * 1024

export function webSockets(inner: Transport, clock: Pick<Clock, 'after'>): Transport {
  return (onSocket, onStream, refuse) => {
    const upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      // A message may hold several packets, or a part of one; whatever is longer than a packet is none of ours.
      maxPayload: packetBytesMax,
      handleProtocols: offered => (offered.has('mqtt') ? 'mqtt' : false),
    })
    const http = createServer({ maxHeaderSize: headBytesMax, keepAliveTimeout: 1 }, (_, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end()
    })
    http.on('clientError', (_, socket) => socket.destroy())
    const waiting = new WeakMap<object, () => void>()
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      waiting.get(socket)?.()
      const problem = upgradeProblem(request)
      if (problem !== undefined) {
        refuse(problem.reason, (socket as Socket).remoteAddress)
        socket.end(`HTTP/1.1 ${problem.status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      upgrades.handleUpgrade(request, socket, head, webSocket =>
        onStream(new WebSocketStream(webSocket, socket as Socket)),
      )
    })
    return inner(
      onSocket,
      stream => {
        const cancel = clock.after(upgradeMs, () => {
          refuse('upgrade-timeout', (stream as Socket).remoteAddress)
          stream.destroy()
        })
        waiting.set(stream, cancel)
        stream.once('close', cancel)
        http.emit('connection', stream)
      },
      refuse,
    )
  }
}

interface Problem {
  readonly reason: string
  readonly status: string
}

function upgradeProblem({ url, headers }: IncomingMessage): Problem | undefined {
  if (url !== path) return { reason: 'web-socket-path', status: '404 Not Found' }
  // MQTT-6.0.0-3
  const offered = headers['sec-websocket-protocol']?.split(',').map(name => name.trim()) ?? []
  if (!offered.includes('mqtt')) return { reason: 'web-socket-protocol', status: '400 Bad Request' }
  return undefined
}

/** The bytes in the binary messages of one WebSocket, both ways. Destroying it ends the connection. */
class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket
  readonly #socket: Socket

  constructor(webSocket: WebSocket, socket: Socket) {
    super({ highWaterMark })
    this.#webSocket = webSocket
    this.#socket = socket
    webSocket.on('message', (bytes, isBinary) => {
      // MQTT-6.0.0-1: the connection is closed on anything but binary data.
      if (!isBinary) this.destroy()
      else if (!this.push(bytes)) webSocket.pause()
    })
    webSocket.on('ping', payload => {
      if (socket.writableLength < undrainedBytesMax) webSocket.pong(payload)
    })
    webSocket.on('error', error => this.destroy(error))
    webSocket.on('close', () => this.destroy())
  }

  /** As of a socket: less `writableLength` it is what the kernel has taken. */
  get bytesWritten(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength + this.writableLength
  }

  /** Of the connection below. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }
  get remotePort(): number | undefined {
    return this.#socket.remotePort
  }

  /** Of the TLS socket below, where there is one: who the peer is. */
  get authorized(): boolean | undefined {
    return this.#tls?.authorized
  }
  get authorizationError(): unknown {
    return this.#tls?.authorizationError
  }
  getPeerX509Certificate(): X509Certificate | undefined {
    return this.#tls?.getPeerX509Certificate()
  }
  get #tls(): TLSSocket | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket : undefined
  }

  override _read(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume()
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#webSocket.send(bytes, { binary: true }, done)
  }

  override _writev(writes: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const last = writes.length - 1
    this.#socket.cork()
    for (const [index, { chunk }] of writes.entries())
      this.#webSocket.send(chunk, { binary: true }, index === last ? done : undefined)
    this.#socket.uncork()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#webSocket.close()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#webSocket.terminate()
    done(error)
  }
}
