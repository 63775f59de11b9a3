// The HTTP door: from a listening socket to the use cases and back. What can be asked is in the table of broker/doors and,
// where it is no JSON, in upload, download-routes and stream-route; who asks, what may be sent, what is answered and
// logged when it fails, and how it all ends, is here.
//
//   headers ─▶ admission (token, session → principal) ─▶ body (limits, depth) ─▶ schema ─▶ use case ─▶ schema ─▶ answer
//                 └──────────────┴─────────────────┴────────────────┴─▶ problems ─▶ error body
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { SecureContextOptions, Server as TlsServer } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RequestRefused } from '../../errors.ts'
import type { Clock, Log, Random } from '../../ports.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { Admission } from './admission.ts'
import { TokenGate } from './authentication.ts'
import { addConsoleRoutes, readConsole } from './console-files.ts'
import { addDownloadRoutes } from './download-routes.ts'
import { addEnrollRoute } from './enroll-route.ts'
import { newServer, securityHeaders } from './fastify-server.ts'
import { addHealthRoutes, type HealthReport, type MetricsPage } from './health-routes.ts'
import { addOpenApi } from './openapi.ts'
import { errorBody, problemOf } from './problems.ts'
import { checkHead } from './request-head.ts'
import type { Server } from './server.ts'
import { SessionCookie } from './session-cookie.ts'
import { addSessionRoutes } from './session-routes.ts'
import { Sessions } from './sessions.ts'
import type { HttpSettings } from './settings.ts'
import { Streams } from './stream-route.ts'
import { addTableRoutes } from './table-routes.ts'
import { addUploadRoutes } from './upload.ts'

export interface HttpDoorOptions {
  readonly useCases: UseCases
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  /** An address of this machine. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Certificate and key: then the door speaks HTTPS and nothing else. */
  readonly tls?: SecureContextOptions
  readonly settings: HttpSettings
  readonly health: () => HealthReport | Promise<HealthReport>
  readonly metrics?: () => Promise<MetricsPage>
  /** Folder of the built console; absent: none is served. */
  readonly consoleDir?: string
}

/** What is still read of a body that has been refused, so that the refusal is not lost in a reset connection. */
const lingerBytesMax = 16 * 1024 * 1024
const lingerMs = 2_000

export class HttpDoor {
  readonly #options: HttpDoorOptions
  readonly #server: Server
  readonly #gate: TokenGate
  readonly #sessions: Sessions
  readonly #cookie: SessionCookie
  readonly #admission: Admission
  readonly #streams: Streams
  /** Open connections. */
  readonly #sockets = new Set<Socket>()
  /** Those with TLS on which no request has come yet. */
  readonly #unasked = new Set<Socket>()
  #closing: Promise<void> | undefined
  #port = 0
  readonly #answered: Record<string, number> = { '2xx': 0, '4xx': 0, '5xx': 0 }

  /** Resolves when it listens; rejects with the system's error (EADDRINUSE) otherwise, and nothing is left open. */
  static async open(options: HttpDoorOptions): Promise<HttpDoor> {
    const server = await newServer(options)
    const door = new HttpDoor(options, server)
    await door.#listen()
    return door
  }

  private constructor(options: HttpDoorOptions, server: Server) {
    const { useCases, log, clock, random, settings, tls } = options
    this.#options = options
    this.#server = server
    this.#gate = new TokenGate(useCases, clock, settings.failedTokensPerMinute)
    this.#sessions = new Sessions({ useCases, clock, random, settings })
    this.#cookie = new SessionCookie(tls !== undefined)
    this.#admission = new Admission(this.#gate, this.#sessions, this.#cookie)
    const stillAdmitted = (request: FastifyRequest): Promise<boolean> => this.#admission.isStillGood(request)
    this.#streams = new Streams({ useCases, log, clock, settings, stillAdmitted })
  }

  get port(): number {
    return this.#port
  }

  /** Requests answered since the start, by the first digit of the status. */
  figures(): { readonly requestsTotal: Readonly<Record<string, number>> } {
    return { requestsTotal: { ...this.#answered } }
  }

  /** For handshakes from now on; connections that stand keep what they were made with. Throws what OpenSSL says. */
  renewTls(material: SecureContextOptions): void {
    if (this.#options.tls !== undefined) (this.#server.server as unknown as TlsServer).setSecureContext(material)
  }

  /** Takes no new requests, finishes those that run, and after `closeGraceMs` cuts them off. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #listen(): Promise<void> {
    const { useCases, log, settings, host, port, consoleDir } = this.#options
    const server = this.#server
    const count = (socket: Socket): void => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    server.server.on('connection', count)
    // The same connection once more: of the one below, the handshake alone has read bytes.
    server.server.on('secureConnection', socket => {
      if (this.#closing !== undefined) socket.destroy()
      this.#unasked.add(socket)
      socket.once('close', () => this.#unasked.delete(socket))
    })
    server.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      log.debug({ event: 'http-handshake-failed', code: error.code, remoteAddress: socket.remoteAddress }, 'no TLS')
      socket.destroy()
    })
    server.addHook('onRequest', async (request, reply) => {
      this.#unasked.delete(request.raw.socket)
      reply.headers({ ...securityHeaders, 'x-request-id': request.id })
      if (this.#closing !== undefined) {
        reply.header('connection', 'close')
        throw new RequestRefused('UNAVAILABLE', 'The broker is shutting down.')
      }
      checkHead(request.raw, settings)
      if (request.is404 || request.routeOptions.config.open === true) return
      await this.#admission.admit(request)
    })
    server.addHook('onSend', async (request, reply) => {
      if (this.#closing !== undefined) reply.header('connection', 'close')
      if (!request.raw.complete) this.#linger(request.raw)
    })
    server.addHook('onResponse', async (request, reply) => this.#logAnswer(request, reply))
    server.setErrorHandler((error, request, reply) => this.#answerError(error, request, reply))
    server.setNotFoundHandler((request, reply) =>
      this.#answerError(new RequestRefused('NOT_FOUND', 'There is nothing at this address.'), request, reply),
    )
    try {
      await addOpenApi(server)
      addHealthRoutes(server, this.#options.health, this.#options.metrics)
      addTableRoutes(server, useCases)
      addSessionRoutes(server, { gate: this.#gate, sessions: this.#sessions, cookie: this.#cookie, settings })
      addEnrollRoute(server, useCases, this.#gate)
      addUploadRoutes(server, { useCases, log, settings })
      addDownloadRoutes(server, { useCases, log, settings })
      this.#streams.addRoute(server)
      const files = consoleDir === undefined ? undefined : await readConsole(consoleDir, log)
      if (files !== undefined) addConsoleRoutes(server, files)
      await server.listen({ host, port })
    } catch (error) {
      await server.close()
      throw error
    }
    const address = server.server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : port
    const tls = this.#options.tls !== undefined
    log.info({ event: 'http-listening', host, port: this.#port, tls }, 'HTTP door is open')
  }

  async #close(): Promise<void> {
    const { log, clock, settings } = this.#options
    this.#streams.close()
    // Node calls a connection idle after its first request; one that has not sent a byte has nothing to lose.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
    for (const socket of this.#unasked) socket.destroy()
    const cancel = clock.after(settings.closeGraceMs, () => {
      log.warn({ event: 'http-cut-off', graceMs: settings.closeGraceMs }, 'requests still running are cut off')
      this.#server.server.closeAllConnections()
    })
    try {
      await this.#server.close()
    } finally {
      cancel()
    }
    log.info({ event: 'http-closed' }, 'HTTP door is closed')
  }

  #answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const found = problemOf(error)
    if (found.status >= 500 && !(error instanceof RequestRefused))
      this.#options.log.error({ event: 'http-failed', requestId: request.id, err: error }, 'a request failed')
    if (found.retryAfterSeconds !== undefined) reply.header('retry-after', String(found.retryAfterSeconds))
    if (found.status === 401) reply.header('www-authenticate', 'Bearer')
    if (found.status === 414 || found.status === 431) reply.header('connection', 'close')
    return reply.code(found.status).type('application/json; charset=utf-8').send(errorBody(found, request.id))
  }

  /** The pattern of the route, never the address: people paste tokens into addresses. */
  #logAnswer(request: FastifyRequest, reply: FastifyReply): void {
    const kind = `${Math.floor(reply.statusCode / 100)}xx`
    this.#answered[kind] = (this.#answered[kind] ?? 0) + 1
    const fields = {
      event: 'http-request',
      requestId: request.id,
      method: request.method,
      route: request.is404 ? 'unknown' : request.routeOptions.url,
      status: reply.statusCode,
      principal: request.principal?.name,
      remoteAddress: request.ip,
      elapsedMs: Math.round(reply.elapsedTime),
    }
    if (reply.statusCode >= 400) this.#options.log.warn(fields, 'request refused')
    else if (request.method === 'GET') this.#options.log.debug(fields, 'request answered')
    else this.#options.log.info(fields, 'request answered')
  }

  /** Reads on for a while, so that the answer is not lost in a reset. Node by itself would read without an end. */
  #linger(request: IncomingMessage): void {
    let left = lingerBytesMax
    const cancel = this.#options.clock.after(lingerMs, () => request.destroy())
    request.once('close', cancel)
    request.once('end', cancel)
    request.on('error', () => {
      // The client went away in the middle of what nobody wanted.
    })
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) request.destroy()
    })
  }
}
