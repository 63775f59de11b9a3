// Fastify as this door wants it: every limit set, JSON read by our own parser, what arrives broken answered in the
// documented form.
import type { SecureContextOptions } from 'node:tls'
import Fastify, { type FastifyReply } from 'fastify'
import { refusalOf, type SchemaError } from '../../doors/field-problems.ts'
import { parseJsonText } from '../../doors/json-text.ts'
import type { Log, Random } from '../../ports.ts'
import { compileWhenUsed } from './lazy-schemas.ts'
import { errorBody, HttpProblem, problemOf, problemOfConnection, rawAnswer } from './problems.ts'
import type { Server } from './server.ts'
import type { HttpSettings } from './settings.ts'

/** Answers here are data for programs; nothing in them is ever to be run, framed, guessed at or kept. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Fastify would quietly drop what it does not know and make numbers of texts. */
const ajv = {
  customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true },
} as const

export interface ServerParts {
  readonly random: Random
  readonly settings: HttpSettings
  readonly log: Log
  readonly tls?: SecureContextOptions
}

/** Without a route, and not listening. */
export async function newServer({ random, settings, log, tls }: ServerParts): Promise<Server> {
  const newId = (): string => random.bytes(12).toString('hex')
  const limits = {
    headersTimeout: settings.headersTimeoutMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: settings.addressBytesMax + settings.headerBytesMax,
  }
  const server = Fastify({
    logger: false,
    genReqId: newId,
    requestIdHeader: false,
    bodyLimit: settings.bodyBytesMax,
    connectionTimeout: settings.idleTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    ...(tls === undefined
      ? { http: limits }
      : { https: { ...tls, ...limits, handshakeTimeout: settings.headersTimeoutMs, requestCert: false } }),
    forceCloseConnections: 'idle',
    // New requests on a closing door are answered by the gate, in the documented form.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    ajv,
    schemaErrorFormatter: errors => refusalOf(errors as unknown as readonly SchemaError[]),
    frameworkErrors: (error, _request, reply) => answerUnrouted(error, reply as unknown as FastifyReply, newId()),
    clientErrorHandler: (error, socket) => {
      const found = problemOfConnection(error)
      log.debug({ event: 'http-unreadable', code: error.code, status: found.status }, 'a connection made no sense')
      if (socket.writable) socket.end(rawAnswer(found, newId()))
      else socket.destroy()
    },
  }) as unknown as Server
  server.server.maxConnections = settings.connectionsMax
  server.decorateRequest('principal', undefined)
  server.decorateRequest('session', undefined)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseJsonText(text as string, settings.jsonDepthMax))
    } catch (error) {
      done(error as Error)
    }
  })
  server.addHook('preParsing', async (request, _reply, payload) => {
    if (request.headers['content-encoding'] === undefined || request.headers['content-encoding'] === 'identity')
      return payload
    throw new HttpProblem({
      status: 415,
      type: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'Compressed bodies are not read.',
      fields: [{ name: 'content-encoding', message: 'expected none' }],
    })
  })
  await compileWhenUsed(server, ajv)
  return server
}

/** An address that the router cannot even read. */
function answerUnrouted(error: unknown, reply: FastifyReply, requestId: string): void {
  const found = problemOf(error)
  reply.headers({ ...securityHeaders, 'x-request-id': requestId })
  reply.code(found.status).type('application/json; charset=utf-8').send(errorBody(found, requestId))
}
