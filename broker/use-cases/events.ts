// The device event log, and what its codes mean.
import { type EventCodeEntry, eventCodeEntry, eventCodeNames } from '../../proto/event-codes.ts'
import type { EventListing, EventView } from '../../proto/http-api.ts'
import type { EventCodeListing } from '../../proto/http-console.ts'
import { eventId } from '../../proto/ids.ts'
import { type EventFilter, filterTextOf, parseEventFilter } from '../core/event-filter.ts'
import { type FieldProblem, RequestRefused } from '../errors.ts'
import { eventView } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { countEvents, readEvents } from './event-reading.ts'
import { parsedId, parsedPage } from './parsing.ts'
import type { EventListRequest, UseCases } from './use-cases.ts'

/** The fields of a request that are short for a condition. */
const shortForms = { device: 'device_id', operation: 'data.campaign_id', code: 'event_type' } as const

export function eventUseCases({
  store,
}: Pick<Dependencies, 'store'>): Pick<UseCases, 'listEvents' | 'showEvent' | 'listEventCodes'> {
  return {
    async listEvents(by, request): Promise<EventListing> {
      requireRole(by, 'viewer')
      const page = parsedPage(request, eventId, 2)
      const order = request.order ?? 'DESC'
      const filter = filterOf(request)
      const { items, hasMore, next } = await readEvents(store, filter, { ...page, order })
      const isWhole = page.after === undefined && !hasMore
      const count = () => (isWhole ? items.length : countEvents(store, filter))
      const total = request.include === 'total_count' ? await count() : undefined
      return {
        object: 'list',
        data: items.map(eventView),
        limit: page.limit,
        after: request.after ?? null,
        order,
        has_more: hasMore,
        ...(next === undefined ? {} : { next }),
        ...(total === undefined ? {} : { total_count: total }),
      }
    },

    async showEvent(by, text): Promise<EventView> {
      requireRole(by, 'viewer')
      const id = parsedId(eventId, text, 'id')
      const event = await store.event(id)
      if (event === undefined) throw new RequestRefused('NOT_FOUND', `no event ${id}`)
      return eventView(event)
    },

    async listEventCodes(by): Promise<EventCodeListing> {
      requireRole(by, 'viewer')
      return { data: eventCodeNames.map(code => ({ code, ...codeView(eventCodeEntry(code)) })) }
    },
  }
}

function codeView({ correctiveAction, types, failureClass, ...words }: EventCodeEntry) {
  return {
    ...words,
    correctiveAction: correctiveAction === 'None.' ? null : correctiveAction,
    types: [...types],
    failureClass: failureClass ?? null,
  }
}

/** Throws RequestRefused INVALID naming each parameter that cannot be used. */
function filterOf(request: EventListRequest): EventFilter {
  const short = Object.entries(shortForms).flatMap(([name, field]) => {
    const value = request[name as keyof typeof shortForms]
    return value === undefined ? [] : [[field, value] as const]
  })
  const shortFilter = short.length === 0 ? undefined : parsed(filterTextOf(short))
  const filter = request.filter === undefined ? undefined : parsed(request.filter)
  const twice = [...(filter?.fields ?? [])].filter(field => shortFilter?.fields.has(field))
  if (twice.length > 0)
    throw refused(twice.map(name => ({ name, message: 'is given beside the filter and in it: give one of them' })))
  return {
    conditions: [...(shortFilter?.conditions ?? []), ...(filter?.conditions ?? [])],
    fields: new Set([...(shortFilter?.fields ?? []), ...(filter?.fields ?? [])]),
  }
}

function parsed(text: string): EventFilter {
  const result = parseEventFilter(text)
  if ('problems' in result) throw refused(result.problems)
  return result.filter
}

function refused(problems: readonly FieldProblem[]): RequestRefused {
  const named = problems.map(({ name, message }) => `${name} ${message}`).slice(0, 3)
  return new RequestRefused('INVALID', `The filter is not valid: ${named.join('; ')}.`, problems)
}
