// The device event log.
import { isEventCode } from '../../proto/event-codes.ts'
import type { EventListing, EventView } from '../../proto/http-api.ts'
import { deviceId, eventId, operationId } from '../../proto/ids.ts'
import type { EventRecord } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { EventPage } from '../ports.ts'
import { eventView } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId, parsedPage } from './parsing.ts'
import type { UseCases } from './use-cases.ts'

/** Store pages read for one page of an operator. */
const storePagesMax = 8

export function eventUseCases({ store }: Dependencies): Pick<UseCases, 'listEvents' | 'showEvent'> {
  return {
    async listEvents(by, request): Promise<EventListing> {
      requireRole(by, 'viewer')
      const page = parsedPage(request, eventId, 2)
      const order = request.order ?? 'DESC'
      if (request.code !== undefined && !isEventCode(request.code))
        throw new RequestRefused('INVALID', `no event code ${request.code}`, [
          { name: 'event_type', message: 'expected a code of the catalogue' },
        ])
      const query = {
        limit: page.limit,
        order,
        ...(request.device === undefined ? {} : { device: parsedId(deviceId, request.device, 'device_id') }),
        ...(request.operation === undefined
          ? {}
          : { operation: parsedId(operationId, request.operation, 'data.campaign_id') }),
        ...(request.code === undefined ? {} : { code: request.code }),
      }
      // A store reads a bounded number of rows for a page and may give a short one, even an empty one, with more to come.
      const items: EventRecord[] = []
      let found: EventPage = { items: [], hasMore: true, ...(page.after === undefined ? {} : { next: page.after }) }
      for (let read = 0; found.hasMore && items.length < page.limit && read < storePagesMax; read += 1) {
        const after = found.next === undefined ? {} : { after: found.next }
        found = await store.events({ ...query, limit: page.limit - items.length, ...after })
        items.push(...found.items)
      }
      return {
        object: 'list',
        data: items.map(eventView),
        limit: page.limit,
        after: request.after ?? null,
        order,
        has_more: found.hasMore,
      }
    },

    async showEvent(by, text): Promise<EventView> {
      requireRole(by, 'viewer')
      const id = parsedId(eventId, text, 'id')
      const event = await store.event(id)
      if (event === undefined) throw new RequestRefused('NOT_FOUND', `no event ${id}`)
      return eventView(event)
    },
  }
}
