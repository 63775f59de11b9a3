// drover events: the device event log, as it was and as it grows.
import type { Command } from 'commander'
import { type EventCode, isEventCode } from '../../proto/event-codes.ts'
import type { EventView } from '../../proto/http-api.ts'
import { deviceId, eventId, operationId } from '../../proto/ids.ts'
import { anyOtherField, type Call, type Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'
import { parsedBy, whole, word } from './values.ts'

interface Wishes {
  readonly device?: string
  readonly operation?: string
  readonly code?: EventCode
  readonly filter?: string
  readonly order: 'ASC' | 'DESC'
}

export function addEventCommands(program: Command, finish: Finish): void {
  const events = program.command('events').alias('event').description('what happened to devices, and what happens now')
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
      limit: '--limit',
      [anyOtherField]: '--filter',
    },
    run: async (context, call) => {
      const { limit, after, all, ...wishes } = call.options as unknown as PagingOptions & Wishes
      const paging = { limit, ...(after === undefined ? {} : { after }), ...(all === undefined ? {} : { all }) }
      const client = await context.client()
      await showList(context, paging, {
        pageOf: page => client.events({ ...page, ...wanted(wishes) }),
        keyOf: ({ id }) => id,
        columns,
        whenEmpty: 'No events match.',
      })
    },
  })

  const follow = events
    .command('follow')
    .description('events as they are logged, until Ctrl-C; a lost connection is made anew and nothing is missed')
    .option('--device <id>', 'only of this device', parsedBy(deviceId))
    .option('--operation <id>', 'only of this operation', parsedBy(operationId))
    .option('--after <id>', 'begin behind this event instead of with the next one', parsedBy(eventId))
    .option('--limit <n>', 'end after so many', whole(1, 1_000_000))
  finish(follow, {
    flags: { device: '--device', operation: '--operation', lastEventId: '--after', 'last-event-id': '--after' },
    run: (context, { options }) => runFollow(context, options),
  })
}

async function runFollow(context: CliContext, options: Call['options']): Promise<void> {
  const { device, operation, after, limit } = options as {
    readonly device?: string
    readonly operation?: string
    readonly after?: string
    readonly limit?: number
  }
  const { world, out } = context
  const client = await context.client()
  const ended = new AbortController()
  const messages = client.live({
    ...(device === undefined ? {} : { device }),
    ...(operation === undefined ? {} : { operation }),
    ...(after === undefined ? {} : { lastEventId: after }),
    signal: AbortSignal.any([world.signal, ended.signal]),
    onLost: ({ message }) => {
      if (!out.json) out.hint(`Waiting: ${message}.`)
    },
  })
  let count = 0
  try {
    for await (const message of messages) {
      // Operations come along; they are for those who watch one.
      if (message.kind !== 'event') continue
      if (out.json) await out.flushed(message.event)
      else out.line(lineOf(message.event))
      count += 1
      if (count === limit) return
    }
  } finally {
    ended.abort()
  }
  world.signal.throwIfAborted()
}

function lineOf({ created_at, device_id, event_type, event_type_description, data, description }: EventView): string {
  const operation = data.campaign_id === undefined ? '' : `  ${data.campaign_id}`
  return `${timeOf(created_at)}  ${device_id}  ${event_type}  ${event_type_description}${operation}  ${description}`
}

function wanted({ device, operation, code, filter, order }: Wishes): Wishes {
  return {
    order,
    ...(filter === undefined ? {} : { filter }),
    ...(device === undefined ? {} : { device }),
    ...(operation === undefined ? {} : { operation }),
    ...(code === undefined ? {} : { code }),
  }
}

const columns = [
  { head: 'time', of: ({ created_at }: EventView) => timeOf(created_at) },
  { head: 'device', of: (event: EventView) => event.device_id },
  { head: 'code', of: (event: EventView) => event.event_type },
  { head: 'type', rank: 3, of: (event: EventView) => event.event_type_description },
  { head: 'operation', rank: 2, of: ({ data }: EventView) => data.campaign_id ?? null },
  { head: 'description', rank: 1, text: true, of: ({ description }: EventView) => description },
]

function eventCode(text: string): EventCode {
  if (!isEventCode(text)) throw new RangeError('Expected an event code like SYS_112 or UPD4_FAIL_23.')
  return text
}
