// The addresses that speak JSON, one for each row of the table of broker/doors. Roles are judged by the use cases.
import type { FastifyRequest } from 'fastify'
import Type, { type TProperties, type TSchema } from 'typebox'
import type { Verb } from '../../doors/verb.ts'
import { requestIdPattern, verbs } from '../../doors/verbs.ts'
import { RequestRefused } from '../../errors.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { eventListRequest, eventQuerySchema } from './event-query.ts'
import { readQuery } from './query.ts'
import { inJson, json, type RouteDocument } from './route-document.ts'
import { answers, callerOf, principalOf, type Server } from './server.ts'

export const idempotencyHeader: TProperties = {
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: requestIdPattern.source,
      description: 'a repetition under the same key is answered as the first request was, and carried out once',
    }),
  ),
}

/** The event log has the documented query, which is wider than the parameters of its row. */
const ownQueries: ReadonlyMap<string, { readonly read: (query: unknown) => object; readonly schema: TProperties }> =
  new Map([['event-list', { read: eventListRequest, schema: eventQuerySchema }]])

export function addTableRoutes(server: Server, useCases: UseCases): void {
  for (const verb of verbs) {
    const answer: TSchema = verb.answer ?? Type.Null()
    server.route({
      method: verb.method,
      url: verb.path,
      config: { document: documentOf(verb) },
      schema: { ...(verb.body === undefined ? {} : { body: verb.body }), ...answers(verb.status, answer) },
      async handler(request, reply) {
        if (verb.body === undefined) mustBeEmpty(request.body)
        const query = (ownQueries.get(verb.name)?.read ?? (given => queryOf(verb, given)))(request.query)
        const answered = await verb.perform(useCases, verb.changes ? callerOf(request) : principalOf(request), {
          path: request.params as Readonly<Record<string, string>>,
          query: query as Readonly<Record<string, unknown>>,
          body: request.body,
        })
        reply.code(verb.status)
        if (answered === undefined || verb.status === 204) return reply.send()
        if (verb.location !== undefined) reply.header('location', verb.location(answered))
        return reply.send(answered as never)
      },
    })
  }
}

function queryOf(verb: Verb, given: unknown): object {
  const lengthMax = Math.max(256, ...Object.values(verb.query).map(parameter => parameter.lengthMax))
  const values = readQuery(given, Object.keys(verb.query), { lengthMax })
  return Object.fromEntries([...values].map(([name, value]) => [name, verb.query[name]?.read(value, name)]))
}

/** What is sent and not looked at is a misunderstanding; an empty object is what some clients send for nothing. */
export function mustBeEmpty(body: FastifyRequest['body']): void {
  if (body === undefined || body === null) return
  if (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0) return
  throw new RequestRefused('INVALID', 'This address takes no body.', [{ name: 'body', message: 'must be empty' }])
}

function documentOf(verb: Verb): RouteDocument {
  const parameters = Object.entries(verb.query).map(([name, { schema }]) => [name, Type.Optional(schema)] as const)
  const query = ownQueries.get(verb.name)?.schema ?? Object.fromEntries(parameters)
  return {
    name: verb.name,
    summary: verb.summary,
    role: verb.role,
    mqtt: true,
    query,
    ...(verb.changes ? { headers: idempotencyHeader } : {}),
    ...(verb.body === undefined ? {} : { body: { type: json, schema: verb.body } }),
    answer:
      verb.answer === undefined
        ? { status: verb.status, description: 'Done' }
        : inJson(verb.status, verb.status === 201 ? 'Made' : 'Answer', verb.answer),
  }
}
