// The device event log in its documented form: GET /v3/device-events and /v3/device-events/{id}.
import { EventListing, EventView } from '../../../proto/http-api.ts'
import type { EventListRequest, UseCases } from '../../use-cases/use-cases.ts'
import { pageOf, readQuery, refusedQuery, wordOf } from './query.ts'
import { answers, principalOf, type Server } from './server.ts'

/** Field of the event to field of the request. A plain `=` means `__eq`; the other operators and `filter=` are not here yet. */
const filters = {
  device_id: 'device',
  event_type: 'code',
  'data.campaign_id': 'operation',
} as const satisfies Readonly<Record<string, keyof EventListRequest>>
const parameters = ['limit', 'after', 'order', ...Object.keys(filters).flatMap(field => [field, `${field}__eq`])]
/** The documented bounds: a limit outside is moved to the nearer one, not refused. */
const limitLeast = 2

export function addEventRoutes(server: Server, useCases: UseCases): void {
  server.get('/v3/device-events', { schema: answers(200, EventListing) }, async request =>
    useCases.listEvents(principalOf(request), eventListRequest(request.query)),
  )
  server.get<{ Params: { readonly id: string } }>(
    '/v3/device-events/:id',
    { schema: answers(200, EventView) },
    async request => {
      readQuery(request.query, [])
      return useCases.showEvent(principalOf(request), request.params.id)
    },
  )
}

/** Throws RequestRefused INVALID that names each parameter which cannot be used. */
export function eventListRequest(query: unknown): EventListRequest {
  const values = readQuery(query, parameters)
  const wanted: { -readonly [Field in 'device' | 'code' | 'operation']?: string } = {}
  for (const [field, name] of Object.entries(filters)) {
    const plain = values.get(field)
    const equal = values.get(`${field}__eq`)
    if (plain !== undefined && equal !== undefined)
      throw refusedQuery([{ name: `${field}__eq`, message: `says the same as ${field}: give one of them` }])
    const value = plain ?? equal
    if (value !== undefined) wanted[name] = value
  }
  return { ...pageOf(values, limitLeast), order: wordOf(values, 'order', ['ASC', 'DESC']) ?? 'DESC', ...wanted }
}
