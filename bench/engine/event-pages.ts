// The first and the last page of the event log by each of its filters, through the HTTP door as a console asks for them.
import { join } from 'node:path'
import { LevelStore } from '../../broker/adapters/level-store.ts'
import { operationIdOf } from '../../broker/core/new-operation.ts'
import type { NewEvent } from '../../broker/core/records.ts'
import type { EventCode, EventType } from '../../proto/event-codes.ts'
import type { EventListing } from '../../proto/http-api.ts'
import type { OperationId } from '../../proto/ids.ts'
import { BrokerProcess } from './broker-process.ts'
import { Opened } from './opened.ts'
import { median, type Print, sizeWord } from './printing.ts'
import { deviceName, fillRegistry, token } from './registry.ts'
import type { EngineSettings } from './settings.ts'

const page = 50
/** Reads of each page that are not counted: the broker has been up for a moment only. */
const warmUp = 10
const devicesMost = 1000
const eventsAtOnce = 2000
/** One event each 100 ms of the log's time. */
const spacingMs = 100
const firstAt = 1_700_000_000_000

const kinds: readonly (readonly [EventCode, EventType])[] = [
  ['SYS_108', 'INFO'],
  ['SYS_112', 'SUCCESS'],
  ['UPD4_FAIL_24', 'FAIL'],
  ['SYS_108', 'INFO'],
  ['SYS_110', 'SKIPPED'],
]

export function measureEventPages(folder: string, settings: EngineSettings, print: Print): Promise<void> {
  return Opened.during(opened => measure(opened, folder, settings, print))
}

async function measure(opened: Opened, folder: string, settings: EngineSettings, print: Print): Promise<void> {
  const { events, reads } = settings
  await fillRegistry(folder, deviceCountOf(events), [])
  await fillLog(folder, events)
  const broker = await BrokerProcess.start({ folder, token, args: ['--log-level', 'warn'] })
  opened.add(() => broker.stop())
  print(`open_seconds_${sizeWord(events)}_events`, broker.readySeconds, 's')
  const worst = { first: 0, last: 0 }
  // What is measured first must not pay for compiling what all of them use.
  for (let round = 0; round < warmUp; round += 1)
    for (const [, filter] of filtersOf(events)) await list(broker, `${filter}&limit=${page}`)
  for (const [name, filter] of filtersOf(events)) {
    const end = await list(broker, `${filter}&order=ASC&limit=${page + 1}`)
    const beforeLast = end.data.at(-1)
    if (beforeLast === undefined || end.data.length <= page) throw new Error(`fewer than two pages by ${name}`)
    for (const [which, query] of [
      ['first', ''],
      ['last', `&after=${beforeLast.id}`],
    ] as const) {
      const times: number[] = []
      for (let read = -warmUp; read < reads; read += 1) {
        const started = performance.now()
        const { data } = await list(broker, `${filter}&limit=${page}${query}`)
        if (read >= 0) times.push(performance.now() - started)
        if (data.length !== page) throw new Error(`the ${which} page by ${name} has ${data.length} events`)
      }
      const ms = median(times)
      worst[which] = Math.max(worst[which], ms)
      print(`events_page_ms_${which}_by_${name}`, ms, 'ms')
    }
  }
  print('events_page_ms_first', worst.first, 'ms')
  print('events_page_ms_last', worst.last, 'ms')
}

function list(broker: BrokerProcess, query: string): Promise<EventListing> {
  return broker.call('GET', `/v3/device-events?${query}`)
}

/** All but `time` have far more matches than two pages; the times are the middle half of the log. */
function filtersOf(events: number): readonly (readonly [name: string, filter: string])[] {
  const time = (share: number): string => new Date(firstAt + Math.floor(share * events) * spacingMs).toISOString()
  return [
    ['device', `device_id=${deviceName(7)}`],
    ['operation', `data.campaign_id=${operationAt(events / 2)}`],
    ['code', 'event_type=SYS_108'],
    ['type', 'event_type_description=FAIL'],
    ['time', `created_at__gte=${time(0.25)}&created_at__lte=${time(0.75)}`],
  ]
}

/** A tenth of the log belongs to one operation. */
function operationAt(index: number): OperationId {
  return operationIdOf(firstAt, new Uint8Array(17).fill(Math.floor(index / 100) % 10))
}

async function fillLog(folder: string, events: number): Promise<void> {
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  try {
    for (let from = store.eventRange().newest; from < events; from += eventsAtOnce) {
      const count = Math.min(eventsAtOnce, events - from)
      const event = (index: number) => ({
        kind: 'append-event' as const,
        event: eventAt(from + index, deviceCountOf(events)),
      })
      await store.commit(Array.from({ length: count }, (_, index) => event(index)))
    }
  } finally {
    await store.close()
  }
}

/** Each device has some pages of events. */
function deviceCountOf(events: number): number {
  return Math.max(1, Math.min(devicesMost, Math.floor(events / (4 * page))))
}

function eventAt(index: number, deviceCount: number): NewEvent {
  const [code, type] = kinds[index % kinds.length] as (typeof kinds)[number]
  return {
    recordedAt: firstAt + index * spacingMs,
    device: deviceName(index % deviceCount),
    code,
    type,
    category: type === 'FAIL' ? 'FAIL_NETWORK' : type,
    operation: operationAt(index),
    stateChange: true,
    changes: { state: { from: 'in-progress', to: 'completed' } },
    data: { component: 'main', attempt: '1' },
    source: { journalId: '0123456789abcdef', eventNumber: index + 1, deviceTime: firstAt + index * spacingMs },
  }
}
