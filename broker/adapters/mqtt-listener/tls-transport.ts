// MQTT over TLS: between the TCP connection and the first byte of MQTT stands a handshake, which costs us a thousand times
// what it costs somebody who only pretends. So its time has an end, those under way have a number, over all and for one
// address, and so have new ones in a second; whoever is over is closed before a byte of his is looked at.
//
// A client with a certificate that is not to be believed passes here, too: that is answered in the words of MQTT, by who
// knows the devices (broker/adapters/aedes/peer.ts).
import { constants } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContextOptions, type Server as TlsServer } from 'node:tls'
import { TokenBuckets, type TokenRate } from '../../core/token-bucket.ts'
import type { Clock, Log } from '../../ports.ts'
import { highWaterMark, type Transport } from '../mqtt-listener.ts'

export interface TlsTransportOptions {
  /** With `ca`, clients are asked for a certificate. */
  readonly material: SecureContextOptions
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Log
  readonly limits?: Partial<HandshakeLimits>
}

export interface HandshakeLimits {
  /** From the TCP connection to the last byte of the handshake. */
  readonly timeoutMs: number
  /** Under way at once: all, and of one address. */
  readonly underWayMax: number
  readonly underWayEachMax: number
  /** New ones, over all addresses. */
  readonly rate: TokenRate
}

export const handshakeLimitsDefault: HandshakeLimits = {
  timeoutMs: 10_000,
  underWayMax: 4_000,
  underWayEachMax: 1_000,
  rate: { perSecond: 500, burst: 4_000 },
}

export class TlsTransport {
  readonly #limits: HandshakeLimits
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #log: Log
  readonly #rate: TokenBuckets
  /** Handshakes under way, by the client's address and port: the end of each. */
  readonly #underWay = new Map<string, () => void>()
  readonly #underWayOf = new Map<string, number>()
  readonly #servers = new Set<TlsServer>()
  #material: SecureContextOptions

  constructor({ material, clock, log, limits }: TlsTransportOptions) {
    this.#material = material
    this.#clock = clock
    this.#log = log
    this.#limits = { ...handshakeLimitsDefault, ...limits }
    this.#rate = new TokenBuckets(this.#limits.rate, 1)
  }

  get underWayCount(): number {
    return this.#underWay.size
  }

  /** For handshakes from now on; connections that stand keep what they were made with. Throws what OpenSSL says. */
  renew(material: SecureContextOptions): void {
    for (const server of this.#servers) server.setSecureContext(material)
    this.#material = material
  }

  /** For MqttListener. */
  readonly transport: Transport = (onSocket, onStream, refuse) => {
    const asksCertificate = this.#material.ca !== undefined
    const tls = createTlsServer({
      ...this.#material,
      handshakeTimeout: this.#limits.timeoutMs,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      requestCert: asksCertificate,
      rejectUnauthorized: false,
      noDelay: true,
    })
    this.#servers.add(tls)
    tls.on('secureConnection', stream => {
      this.#underWay.get(nameOf(stream))?.()
      roomOf(stream)
      onStream(stream)
    })
    tls.on('tlsClientError', (error, stream) => {
      const { code } = error as NodeJS.ErrnoException
      refuse(reasonOf(code), stream.remoteAddress)
      this.#log.debug({ event: 'handshake-failed', code, err: error }, 'TLS handshake failed')
      stream.destroy()
    })
    const server = createServer({ noDelay: true, keepAlive: true }, socket => {
      onSocket(socket, () => {
        const problem = this.#begin(socket)
        if (problem === undefined) {
          tls.emit('connection', socket)
          return
        }
        refuse(problem, socket.remoteAddress)
        socket.destroy()
      })
    })
    server.once('close', () => this.#servers.delete(tls))
    return server
  }

  /** Why this one may not begin, or undefined: then it counts until it is done or closed. */
  #begin(socket: Socket): string | undefined {
    const { underWayMax, underWayEachMax } = this.#limits
    const address = socket.remoteAddress ?? ''
    const ofAddress = this.#underWayOf.get(address) ?? 0
    if (this.#underWay.size >= underWayMax) return 'handshakes-max'
    if (ofAddress >= underWayEachMax) return 'handshakes-address-max'
    if (!this.#rate.take('', this.#clock.monotonic())) return 'handshake-rate'
    const name = nameOf(socket)
    const end = (): void => {
      if (!this.#underWay.delete(name)) return
      const left = (this.#underWayOf.get(address) ?? 1) - 1
      if (left > 0) this.#underWayOf.set(address, left)
      else this.#underWayOf.delete(address)
    }
    this.#underWay.set(name, end)
    this.#underWayOf.set(address, ofAddress + 1)
    socket.once('close', end)
    return undefined
  }
}

/** The same before and after the handshake, and of one connection at a time. */
function nameOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}

/** Node's server has no option for it: a TLS socket would begin to wait at 16 KiB, where a plain one takes 128. */
function roomOf(stream: object): void {
  const { _writableState: state } = stream as { readonly _writableState?: { highWaterMark: number } }
  if (state !== undefined) state.highWaterMark = highWaterMark
}

/** A fixed word for log and metric. */
function reasonOf(code: string | undefined): string {
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'handshake-timeout'
  if (code === 'ECONNRESET') return 'handshake-left'
  return 'handshake-failed'
}
