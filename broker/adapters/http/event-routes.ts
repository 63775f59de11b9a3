// The device event log in its documented form: GET /v3/device-events and /v3/device-events/{id}. What the filters mean
// is in broker/core/event-filter.ts; here is how they stand in an address.
import { EventListing, EventView } from '../../../proto/http-api.ts'
import {
  filterLengthMax,
  filterNames,
  filterTextOf,
  partsOf,
  problemOfName,
  splitFilter,
} from '../../core/event-filter.ts'
import type { EventListRequest, UseCases } from '../../use-cases/use-cases.ts'
import { pageOf, readQuery, refusedQuery, wordOf } from './query.ts'
import { answers, principalOf, type Server } from './server.ts'

/** The conditions that the request has a field of its own for. */
const ownFields: ReadonlyMap<string, 'device' | 'code' | 'operation'> = new Map([
  ['device_id', 'device'],
  ['event_type', 'code'],
  ['data.campaign_id', 'operation'],
])
const pageParameters = ['limit', 'after', 'order', 'include', 'filter']
const parameters = [...pageParameters, ...filterNames]
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

/** Throws RequestRefused INVALID that names each parameter which cannot be used. Values of conditions are not read yet. */
export function eventListRequest(query: unknown): EventListRequest {
  const values = readQuery(query, parameters, {
    lengthMax: filterLengthMax,
    unknown: name => `${problemOfName(name) ?? 'is not known here'}; beside conditions: ${pageParameters.join(', ')}`,
  })
  if ((values.get('after') ?? '').length > 256)
    throw refusedQuery([{ name: 'after', message: 'must be 1 to 256 characters' }])
  const direct = [...values].filter(([name]) => !pageParameters.includes(name))
  mustStandOnce(direct, values.get('filter'))
  const wanted: { device?: string; code?: string; operation?: string } = {}
  const others: (readonly [name: string, value: string])[] = []
  for (const [name, value] of direct) {
    const { field, operator } = partsOf(name)
    const own = ownFields.get(field)
    const alone = direct.filter(([other]) => partsOf(other).field === field).length === 1
    if (own !== undefined && operator === 'eq' && alone) wanted[own] = value
    else others.push([name, value])
  }
  const filters = [others.length === 0 ? undefined : filterTextOf(others), values.get('filter')]
  const filter = filters.filter(text => text !== undefined).join('&')
  const include = wordOf(values, 'include', ['total_count'])
  return {
    ...pageOf(values, limitLeast),
    order: wordOf(values, 'order', ['ASC', 'DESC']) ?? 'DESC',
    ...wanted,
    ...(filter === '' ? {} : { filter }),
    ...(include === undefined ? {} : { include }),
  }
}

function mustStandOnce(direct: readonly (readonly [name: string, value: string])[], filter: string | undefined): void {
  const inFilter = new Set(filter === undefined ? [] : splitFilter(filter).map(({ name }) => partsOf(name).field))
  const problems = direct.flatMap(([name]) => {
    const { field, operator } = partsOf(name)
    if (inFilter.has(field)) return [{ name, message: 'is also in filter: give one of them' }]
    if (name !== field && operator === 'eq' && direct.some(([other]) => other === field))
      return [{ name, message: `says the same as ${field}: give one of them` }]
    return []
  })
  if (problems.length > 0) throw refusedQuery(problems)
}
