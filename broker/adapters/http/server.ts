// The types that the routes of this door share.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { TSchema } from 'typebox'
import type { Principal } from '../../core/records.ts'

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
  }
  interface FastifyContextConfig {
    /** Needs no token. */
    readonly open?: boolean
  }
}

/** Who asks; the gate has let him in. */
export function principalOf(request: Pick<FastifyRequest, 'principal'>): Principal {
  if (request.principal === undefined) throw new Error('a route that needs a principal is open')
  return request.principal
}

/**
 * The schema of an answer: only its fields leave the broker. Its static type is given up, because the use cases return
 * the same types with `readonly`.
 */
export function answers(status: number, schema: TSchema): { readonly response: Record<number, TSchema> } {
  return { response: { [status]: schema } }
}
