// The types that the routes of this door share.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { TSchema } from 'typebox'
import type { Principal } from '../../core/records.ts'
import { requestIdPattern, requestIdWords } from '../../doors/verbs.ts'
import { RequestRefused } from '../../errors.ts'
import type { Caller } from '../../use-cases/use-cases.ts'
import type { RouteDocument } from './route-document.ts'
import type { OpenSession } from './sessions.ts'

export type Server = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a handler runs, on every route that is not open. */
    principal: Principal | undefined
    /** Set where the caller came in by the cookie of a session. */
    session: OpenSession | undefined
  }
  interface FastifyContextConfig {
    /** Needs no token. */
    readonly open?: boolean
    /** What the OpenAPI document says of the route. */
    readonly document?: RouteDocument
  }
}

/** Who asks; the gate has let him in. */
export function principalOf(request: Pick<FastifyRequest, 'principal'>): Principal {
  if (request.principal === undefined) throw new Error('a route that needs a principal is open')
  return request.principal
}

/**
 * Who asks for a change, with the id that makes a repetition harmless. Throws RequestRefused INVALID when the header
 * Idempotency-Key is there and is none.
 */
export function callerOf(request: Pick<FastifyRequest, 'principal' | 'headers'>): Caller {
  const principal = principalOf(request)
  const requestId = request.headers['idempotency-key']
  if (requestId === undefined) return principal
  if (typeof requestId !== 'string' || !requestIdPattern.test(requestId))
    throw new RequestRefused('INVALID', `The header Idempotency-Key is not valid: ${requestIdWords}.`, [
      { name: 'idempotency-key', message: requestIdWords },
    ])
  return { ...principal, requestId }
}

/**
 * The schema of an answer: only its fields leave the broker. Its static type is given up, because the use cases return
 * the same types with `readonly`.
 */
export function answers(status: number, schema: TSchema): { readonly response: Record<number, TSchema> } {
  return { response: { [status]: schema } }
}
