// drover events: the device event log.
import type { Command } from 'commander'
import { type EventCode, isEventCode } from '../../proto/event-codes.ts'
import type { EventView } from '../../proto/http-api.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import { gather } from '../gather.ts'
import type { Finish } from './command.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, tellMore } from './paging.ts'
import { parsedBy, word } from './values.ts'

interface ListOptions extends PagingOptions {
  readonly device?: string
  readonly operation?: string
  readonly code?: EventCode
  readonly order: 'ASC' | 'DESC'
}

export function addEventCommands(program: Command, finish: Finish): void {
  const events = program.command('events').description('what happened to devices')
  const list = addPaging(events.command('list').description('the event log, newest first'))
    .option('--device <id>', 'only of this device', parsedBy(deviceId))
    .option('--operation <id>', 'only of this operation', parsedBy(operationId))
    .option('--code <code>', 'only this code, like SYS_112', parsedBy(eventCode))
    .option('--order <order>', 'ASC or DESC by time (default DESC)', word(['ASC', 'DESC']), 'DESC' as const)
  finish(list, {
    flags: {
      device_id__eq: '--device',
      'data.campaign_id__eq': '--operation',
      event_type__eq: '--code',
      after: '--after',
    },
    run: async (context, call) => {
      const { limit, after, ...filter } = call.options as unknown as ListOptions
      const { device, operation, code, order } = filter
      const wanted = {
        order,
        ...(device === undefined ? {} : { device }),
        ...(operation === undefined ? {} : { operation }),
        ...(code === undefined ? {} : { code }),
      }
      const client = await context.client()
      const found = await gather(
        limit,
        after,
        ({ id }: EventView) => id,
        page => client.events({ ...page, ...wanted }),
      )
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
    },
  })
}

function eventCode(text: string): EventCode {
  if (!isEventCode(text)) throw new RangeError('Expected an event code like SYS_112 or UPD4_FAIL_23.')
  return text
}
