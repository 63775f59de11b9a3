// The query of GET /v3/device-events in its documented form. What the filters mean is in broker/core/event-filter.ts;
// here is how they stand in an address.
import Type from 'typebox'
import {
  filterLengthMax,
  filterNames,
  filterTextOf,
  partsOf,
  problemOfName,
  splitFilter,
} from '../../core/event-filter.ts'
import type { EventListRequest } from '../../use-cases/use-cases.ts'
import { pageOf, readQuery, refusedQuery, wordOf } from './query.ts'

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

export const eventQuerySchema: Type.TProperties = {
  limit: Type.Optional(Type.Integer({ description: 'moved into 2 to 1000; default 50' })),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'id of the last event before' })),
  order: Type.Optional(
    Type.Union([Type.Literal('ASC'), Type.Literal('DESC')], { description: 'by creation; default DESC' }),
  ),
  include: Type.Optional(Type.Literal('total_count', { description: 'also how many events match' })),
  filter: Type.Optional(condition('conditions as below, joined with &, percent-encoded as one value')),
  ...Object.fromEntries(filterNames.map(name => [name, Type.Optional(condition('condition'))])),
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

function condition(description: string): Type.TString {
  return Type.String({ minLength: 1, maxLength: filterLengthMax, description })
}
