// drover events: the device event log.
import type { Command } from 'commander'
import { type EventCode, isEventCode } from '../../proto/event-codes.ts'
import type { EventListing, EventView } from '../../proto/http-api.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import { gather, type Page } from '../gather.ts'
import type { Finish } from './command.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, tellMore } from './paging.ts'
import { parsedBy, word } from './values.ts'

interface ListOptions extends PagingOptions {
  readonly device?: string
  readonly operation?: string
  readonly code?: EventCode
  readonly filter?: string
  readonly order: 'ASC' | 'DESC'
}

/** Requests in a row that may find nothing: one looks at 10,000 events. */
const emptyPagesMax = 1_000

export function addEventCommands(program: Command, finish: Finish): void {
  const events = program.command('events').description('what happened to devices')
  const list = addPaging(events.command('list').description('the event log, newest first'))
    .option('--device <id>', 'only of this device', parsedBy(deviceId))
    .option('--operation <id>', 'only of this operation', parsedBy(operationId))
    .option('--code <code>', 'only this code, like SYS_112', parsedBy(eventCode))
    .option(
      '--filter <conditions>',
      'further conditions, like "event_type_description=FAIL&date_time__gte=20270101T000000Z"',
    )
    .option('--order <order>', 'ASC or DESC by time (default DESC)', word(['ASC', 'DESC']), 'DESC' as const)
  finish(list, {
    flags: {
      device_id__eq: '--device',
      'data.campaign_id__eq': '--operation',
      event_type__eq: '--code',
      filter: '--filter',
      after: '--after',
    },
    run: async (context, call) => {
      const { limit, after, device, operation, code, filter, order } = call.options as unknown as ListOptions
      const wanted = {
        order,
        ...(filter === undefined ? {} : { filter }),
        ...(device === undefined ? {} : { device }),
        ...(operation === undefined ? {} : { operation }),
        ...(code === undefined ? {} : { code }),
      }
      const client = await context.client()
      let goOn: string | undefined
      /** The next page with something on it. */
      const pageOf = async (page: Page): Promise<EventListing> => {
        let found = await client.events({ ...page, ...wanted })
        for (let empty = 0; found.data.length === 0 && found.next !== undefined && empty < emptyPagesMax; empty += 1)
          found = await client.events({ ...page, ...wanted, after: found.next })
        goOn = found.next
        return found
      }
      const found = await gather(limit, after, ({ id }: EventView) => id, pageOf)
      context.out.items(
        found.items,
        [
          { head: 'time', of: ({ created_at }) => timeOf(created_at) },
          { head: 'device', of: event => event.device_id },
          { head: 'code', of: event => event.event_type },
          { head: 'type', of: event => event.event_type_description },
          { head: 'operation', of: ({ data }) => data.campaign_id ?? null },
          { head: 'description', of: ({ description }) => description },
        ],
        'No events match.',
      )
      tellMore(context, found, ({ id }) => id)
      if (found.items.length === 0 && goOn !== undefined && !context.out.json)
        context.out.hint(`Not all events were looked at: go on with --after ${goOn}.`)
    },
  })
}

function eventCode(text: string): EventCode {
  if (!isEventCode(text)) throw new RangeError('Expected an event code like SYS_112 or UPD4_FAIL_23.')
  return text
}
