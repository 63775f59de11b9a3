// The OpenAPI 3.1 document, made from the very schemas that the routes validate and answer with. @fastify/swagger walks
// over the routes; the schemas themselves pass by it untouched (it is made for the dialect of OpenAPI 3.0 and loses the
// patterns of names), and those with a name of their own in proto/http-*.ts stand once, under that name.
import { fastifySwagger } from '@fastify/swagger'
import Type, { type TProperties, type TSchema } from 'typebox'
import * as admin from '../../../proto/http-admin.ts'
import * as api from '../../../proto/http-api.ts'
import * as certificates from '../../../proto/http-certificates.ts'
import * as consoleApi from '../../../proto/http-console.ts'
import * as policy from '../../../proto/http-policy.ts'
import { readQuery } from './query.ts'
import { inJson, type RouteDocument } from './route-document.ts'
import type { Server } from './server.ts'
import { sessionCookieName } from './session-cookie.ts'

type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
type JsonObject = { [name: string]: Json }

/** Stands for a schema while the document is made; the number says which. */
const placeholder = 'x-schema'
const info = {
  title: 'Drover',
  version: '1',
  description: [
    'Operations over a fleet of devices. Every address but the health checks takes `Authorization: Bearer <token>`,',
    'or the cookie of a session.',
    'Roles in a row: viewer, operator, approver, admin; each may do what the ones before may.',
    'Parameters and fields that are not known are refused by name. Lists go on with `after`.',
  ].join(' '),
}

const sessionWords = [
  'For browsers, from POST /v1/session; `__Host-drover_session` over HTTPS. What is not GET or HEAD needs the header',
  '`x-drover-console: 1` beside it. Where there is an Authorization header, the cookie is not looked at.',
].join(' ')

const errors: Readonly<Record<string, readonly [name: string, description: string]>> = {
  400: ['Invalid', 'What was sent cannot be used; `fields` names what'],
  401: ['Unauthenticated', 'No token, or a wrong one'],
  403: ['Forbidden', 'The role is not enough, or it takes another person, or another site asks'],
  404: ['NotFound', 'There is no such thing'],
  409: ['Conflict', 'Not in the state that things are in'],
  413: ['TooLarge', 'The body is larger than allowed'],
  415: ['UnsupportedMediaType', 'The content type does not fit this address'],
  429: ['TooManyRequests', 'Too many wrong tokens from this address; see Retry-After'],
  503: ['Unavailable', 'Not now; nothing was changed. See Retry-After'],
}

/** Must be in place before the routes are added. */
export async function addOpenApi(server: Server): Promise<void> {
  const schemas: TSchema[] = []
  const marked = (schema: TSchema): JsonObject => ({ [placeholder]: schemas.push(schema) - 1 })
  await server.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.1',
      info,
      security: [{ token: [] }, { session: [] }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: sessionCookieName(false),
            description: sessionWords,
          },
        },
      },
    },
    transform: ({ url, route }) => {
      const { document } = route.config ?? {}
      return document === undefined
        ? { schema: { hide: true }, url }
        : { schema: described(document, url, marked), url }
    },
    transformObject: source =>
      'openapiObject' in source ? finished(source.openapiObject as unknown as JsonObject, schemas) : {},
  } as Parameters<typeof fastifySwagger>[1])
  const document: RouteDocument = {
    name: 'api-document',
    summary: 'This document',
    role: 'viewer',
    answer: inJson(200, 'OpenAPI 3.1', Type.Object({})),
  }
  let text: string | undefined
  server.get('/v1/openapi.json', { config: { document } }, async (request, reply) => {
    readQuery(request.query, [])
    text ??= JSON.stringify(server.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
}

/** The schema of a route as @fastify/swagger reads it. */
function described(document: RouteDocument, url: string, marked: (schema: TSchema) => JsonObject): object {
  const { name, summary, role, mqtt, query, headers, body, answer } = document
  const parameters = (properties: TProperties): object => ({
    type: 'object',
    required: Type.Object(properties).required,
    properties: Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, { ...marked(value), ...worded(value) }]),
    ),
  })
  const path = Object.fromEntries(
    [...url.matchAll(/:(\w+)/g)].map(([, key = '']) => [key, Type.String({ minLength: 1, maxLength: 256 })]),
  )
  const { content } = answer
  return {
    operationId: name,
    summary,
    tags: [name.split('-')[0]],
    ...(role === undefined
      ? { security: [] }
      : { description: `Least role: ${role}.${mqtt === true ? ` MQTT verb: ${name}.` : ''}`, 'x-role': role }),
    ...(Object.keys(path).length === 0 ? {} : { params: parameters(path) }),
    ...(query === undefined || Object.keys(query).length === 0 ? {} : { querystring: parameters(query) }),
    ...(headers === undefined ? {} : { headers: parameters(headers) }),
    ...(body === undefined ? {} : { body: marked(body.schema), consumes: [body.type] }),
    ...(content === undefined ? {} : { produces: [content.type] }),
    response: {
      [answer.status]: {
        description: answer.description,
        ...(content === undefined ? { type: 'null' } : marked(content.schema)),
      },
    },
  }
}

function worded({ description }: { readonly description?: unknown }): object {
  return typeof description === 'string' ? { description } : {}
}

/** Schemas back in their places, shared ones by reference, the answers that every address may give. */
function finished(openapi: JsonObject, schemas: readonly TSchema[]): JsonObject {
  const shared = sharedSchemas()
  const replaced = (value: Json): Json => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(replaced)
    const number = value[placeholder]
    const schema = typeof number === 'number' ? schemas[number] : undefined
    if (schema !== undefined) return plain(asJson(schema), shared.names)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaced(inner)]))
  }
  const paths = replaced(openapi.paths ?? {}) as Record<string, Record<string, JsonObject>>
  const bySpelling = Object.keys(paths).sort()
  for (const address of bySpelling)
    for (const [method, operation] of Object.entries(paths[address] ?? {}))
      operation.responses = { ...(operation.responses as JsonObject), ...errorsOf(method, operation) }
  const components: JsonObject = {
    ...(openapi.components as JsonObject),
    schemas: shared.components,
    responses: Object.fromEntries(
      Object.values(errors).map(([name, description]) => [
        name,
        { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' } } } },
      ]),
    ),
  }
  return {
    ...openapi,
    paths: Object.fromEntries(bySpelling.map(address => [address, paths[address] ?? {}])),
    components,
  }
}

function errorsOf(method: string, operation: JsonObject): JsonObject {
  const open = Array.isArray(operation.security) && operation.security.length === 0
  if (open && method === 'get') return {}
  const parameters = (operation.parameters ?? []) as JsonObject[]
  // Signing in is no business of another site.
  const mayForbid = !open || operation.operationId === 'session-create'
  const wanted = ['400', '401', ...(mayForbid ? ['403'] : []), '429', '503']
  if (parameters.some(parameter => parameter.in === 'path')) wanted.push('404')
  if (method !== 'get' || operation.operationId === 'operation-export') wanted.push('409')
  // A body that nobody asked for is looked at, too.
  if (method !== 'get') wanted.push('413', '415')
  return Object.fromEntries(wanted.map(status => [status, { $ref: `#/components/responses/${errors[status]?.[0]}` }]))
}

/** The schemas that proto/http-*.ts export, by name and by what they say. */
function sharedSchemas(): { readonly names: ReadonlyMap<string, string>; readonly components: JsonObject } {
  const found = Object.entries({ ...api, ...admin, ...certificates, ...consoleApi, ...policy }).filter(
    ([, value]) => typeof value === 'object',
  ) as [string, TSchema][]
  const names = new Map(found.map(([name, schema]) => [JSON.stringify(schema), name]))
  const components = found
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, schema]) => [name, plain(asJson(schema), names, name)] as const)
  return { names, components: Object.fromEntries(components) }
}

/** Shared parts by reference, except the part that is `self`; words as `enum`, open records as `additionalProperties`. */
function plain(value: Json, names: ReadonlyMap<string, string>, self?: string): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inner => plain(inner, names))
  const name = names.get(JSON.stringify(value))
  if (name !== undefined && name !== self) return { $ref: `#/components/schemas/${name}` }
  const entries = Object.entries(value).map(([key, inner]) => [key, plain(inner, names)] as const)
  const { anyOf, patternProperties, ...rest } = Object.fromEntries(entries) as JsonObject
  const words = Array.isArray(anyOf) ? anyOf.map(wordOf) : []
  const open = (patternProperties as JsonObject | undefined)?.['^.*$']
  return {
    ...rest,
    ...(anyOf === undefined
      ? {}
      : words.length > 0 && !words.includes(undefined)
        ? { type: 'string', enum: words as string[] }
        : { anyOf }),
    ...(patternProperties === undefined
      ? {}
      : open === undefined
        ? { patternProperties }
        : { additionalProperties: open }),
  }
}

function wordOf(branch: Json): string | undefined {
  const { const: word } = (branch ?? {}) as JsonObject
  return typeof word === 'string' ? word : undefined
}

function asJson(schema: TSchema): Json {
  return JSON.parse(JSON.stringify(schema))
}
