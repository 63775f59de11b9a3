// One TCP (or TLS) connection of a light link, from connect to its end: bytes in and out, counted, at the speed the line
// has, and bounded in both directions. All plain connections of a process read into one buffer: what is not a whole packet
// yet is the only thing kept for a sensor.
import { connect as openSocket, type Socket } from 'node:net'
import { connect as openTls, type TLSSocket } from 'node:tls'
import type { Clock, Timer } from '../../../agent/ports.ts'
import type { Seed } from '../../world/seed.ts'
import { Line, type LineTap } from './line.ts'
import { encoded, type Packet, PacketSplitter } from './mqtt-packets.ts'
import type { BrokerAddress } from './shared.ts'

export interface ConnectionSettings {
  readonly broker: BrokerAddress
  readonly clock: Clock
  readonly seed: Seed
  /** Largest packet taken, with its fixed header; bytes. */
  readonly receiveBytesMax: number
  /** Undefined: as fast as it comes. */
  readonly downBytesPerSecond: number | undefined
  readonly taps: readonly LineTap[]
}

export interface ConnectionHandlers {
  opened(): void
  /** The body is a view that is good during the call. */
  packet(packet: Packet): void
  /** Exactly once. */
  ended(reason: string): void
}

/** Where plain sockets read into; used up before the next read. */
const readMemory = Buffer.allocUnsafeSlow(64 * 1024)

export class LightConnection {
  readonly #settings: ConnectionSettings
  readonly #handlers: ConnectionHandlers
  readonly #splitter: PacketSplitter
  readonly #line: Line | undefined
  #socket: Socket | TLSSocket | undefined
  #finishing = false
  #ended = false
  #rest: Timer | undefined
  /** When what has been received would have come at the speed of the line; monotonic milliseconds. */
  #busyUntilMs = 0
  downBytes = 0
  upBytes = 0

  constructor(settings: ConnectionSettings, handlers: ConnectionHandlers) {
    this.#settings = settings
    this.#handlers = handlers
    this.#splitter = new PacketSplitter(settings.receiveBytesMax)
    const { taps, clock, seed } = settings
    if (taps.length > 0)
      this.#line = new Line(
        taps,
        {
          down: packet => handlers.packet(packet),
          up: packet => this.#write(encoded(packet)),
          cut: reason => this.end(reason),
          isOpen: () => !this.#ended,
        },
        clock,
        seed,
      )
  }

  open(): void {
    const { host, port, tls } = this.#settings.broker
    const opened = (): void => {
      if (this.#ended) return
      this.#line?.opened()
      this.#handlers.opened()
    }
    const onread = { buffer: readMemory, callback: this.#onRead }
    const socket =
      tls === undefined
        ? openSocket({ host, port, noDelay: true, onread })
        : openTls({ host, port, ...tls, ...(tls.servername === undefined ? nameOf(host) : {}) })
    this.#socket = socket
    if (tls === undefined) socket.once('connect', opened)
    else {
      socket.once('secureConnect', opened)
      socket.on('data', (bytes: Buffer) => {
        if (!this.#take(bytes)) socket.pause()
      })
    }
    socket.once('error', error => this.end(error.message || String((error as NodeJS.ErrnoException).code)))
    socket.once('close', () => this.end(this.#finishing ? 'closed' : 'closed by the broker or the network'))
  }

  /** Bytes written and not taken by the system yet. */
  get waitingBytes(): number {
    return this.#socket?.writableLength ?? 0
  }

  write(bytes: Buffer): void {
    if (this.#ended) return
    const line = this.#line
    if (line === undefined) {
      this.#write(bytes)
      return
    }
    // Taps are told packets, whatever is written.
    new PacketSplitter(Number.MAX_SAFE_INTEGER).take(bytes, packet => {
      line.up(packet)
      return true
    })
  }

  /** Resolves when what was written has left and the socket is closed, or after `mostMs`. */
  async finish(mostMs: number): Promise<void> {
    const socket = this.#socket
    if (this.#ended || socket === undefined) return
    this.#finishing = true
    await new Promise<void>(resolve => {
      const timer = this.#settings.clock.after(mostMs, resolve)
      socket.once('close', () => {
        timer.cancel()
        resolve()
      })
      socket.end()
      // Nobody reads any more, and a socket that is not read never sees its end.
      socket.resume()
    })
  }

  /** The first reason is told; may be called again. */
  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#rest?.cancel()
    this.#socket?.destroy()
    this.#handlers.ended(reason)
  }

  /** False stops the reading. */
  readonly #onRead = (count: number, memory: Uint8Array): boolean =>
    this.#take(Buffer.from(memory.buffer, memory.byteOffset, count))

  #take(bytes: Buffer): boolean {
    if (this.#ended) return false
    this.downBytes += bytes.length
    const problem = this.#splitter.take(bytes, packet => {
      if (this.#line === undefined) this.#handlers.packet(packet)
      else this.#line.down(packet)
      return !this.#ended
    })
    if (problem !== undefined) this.end(problem)
    return !this.#ended && !this.#isResting(bytes.length)
  }

  /** A line that is slow: what has come already is paid for by not reading. */
  #isResting(bytes: number): boolean {
    const { downBytesPerSecond, clock } = this.#settings
    if (downBytesPerSecond === undefined) return false
    const now = clock.monotonicMs()
    this.#busyUntilMs = Math.max(this.#busyUntilMs, now) + (bytes / downBytesPerSecond) * 1000
    const restMs = this.#busyUntilMs - now
    if (restMs < 1) return false
    this.#rest?.cancel()
    this.#rest = clock.after(restMs, () => {
      if (!this.#ended) this.#socket?.resume()
    })
    return true
  }

  #write(bytes: Buffer): void {
    if (this.#ended) return
    this.upBytes += bytes.length
    this.#socket?.write(bytes)
  }
}

/** RFC 6066, 3: an address is no server name. */
function nameOf(host: string): { readonly servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host }
}
