// Live messages for one reader: first what he missed, from the log, then what happens. A reader who does not keep up is
// cut off, and resumes from the last event he has; nothing waits for him.
import { deviceId, type EventId, eventId, eventIdOf, eventNumberOf, operationId } from '../../proto/ids.ts'
import type { EventRecord, Operation } from '../core/records.ts'
import type { LiveFeed } from '../orchestrator/live.ts'
import type { Clock, Store } from '../ports.ts'
import { requireRole } from './access.ts'
import { Activity } from './activity.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId } from './parsing.ts'
import type { LiveKind, LiveMessage, UseCases } from './use-cases.ts'

/** Messages that wait for one reader. */
const waitingMax = 1000
const kindsDefault: readonly LiveKind[] = ['device-event', 'operation']
const activityMsDefault = 15_000

export function watchUseCases({ store, clock, orchestrator }: Dependencies): Pick<UseCases, 'watch'> {
  return {
    async watch(by, request, signal): Promise<AsyncIterable<LiveMessage>> {
      requireRole(by, 'viewer')
      const operation =
        request.operation === undefined ? undefined : parsedId(operationId, request.operation, 'operation')
      const device = request.device === undefined ? undefined : parsedId(deviceId, request.device, 'device')
      const after =
        request.lastEventId === undefined ? undefined : parsedId(eventId, request.lastEventId, 'lastEventId')
      const kinds = request.kinds ?? kindsDefault
      const wanted: Wanted = {
        kinds: new Set(kinds),
        activityMs: request.activityMs ?? activityMsDefault,
        event: record =>
          (operation === undefined || record.operation === operation) &&
          (device === undefined || record.device === device),
        operation: changed => device === undefined && (operation === undefined || changed.id === operation),
        query: { ...(operation === undefined ? {} : { operation }), ...(device === undefined ? {} : { device }) },
      }
      return messages({ store, clock }, orchestrator.live, wanted, after, signal)
    },
  }
}

interface Wanted {
  readonly kinds: ReadonlySet<LiveKind>
  readonly activityMs: number
  readonly event: (record: EventRecord) => boolean
  readonly operation: (operation: Operation) => boolean
  readonly query: { readonly operation?: Operation['id']; readonly device?: EventRecord['device'] }
}

async function* messages(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  live: LiveFeed,
  wanted: Wanted,
  after: EventId | undefined,
  signal: AbortSignal,
): AsyncIterable<LiveMessage> {
  const { kinds } = wanted
  /** Of the activity only that it is to be told: what it is by then, is told. */
  const waiting: (LiveMessage | 'activity')[] = []
  let overrun = false
  let wake = (): void => {}
  const push = (message: LiveMessage | 'activity'): void => {
    if (waiting.length >= waitingMax) overrun = true
    else waiting.push(message)
    wake()
  }
  const activity = kinds.has('activity')
    ? new Activity({
        ...{ clock, silenceMs: wanted.activityMs },
        newest: () => store.eventRange().newest,
        due: () => push('activity'),
      })
    : undefined
  const tellsEvents = kinds.has('device-event')
  // Listening begins before the log is read, so that nothing falls between; what is in both is told once, by its number.
  const unsubscribe = live.subscribe({
    event: record => {
      if ((!tellsEvents && activity === undefined) || !wanted.event(record)) return
      if (tellsEvents) push({ kind: 'event', record })
      activity?.logged()
    },
    operation: (operation, view) => {
      if (kinds.has('operation') && wanted.operation(operation)) push({ kind: 'operation', operation: view })
    },
    closed: () => {
      overrun = true
      wake()
    },
  })
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  try {
    let told = after === undefined ? store.eventRange().newest : eventNumberOf(after)
    for (let more = tellsEvents && after !== undefined; more && !signal.aborted; ) {
      const page = await store.events({ ...wanted.query, ...afterOf(told), order: 'ASC', limit: 500 })
      for (const record of page.items) {
        told = eventNumberOf(record.id)
        yield { kind: 'event', record }
      }
      if (page.next !== undefined) told = Math.max(told, eventNumberOf(page.next))
      more = page.hasMore
    }
    while (!signal.aborted && !overrun) {
      const message = waiting.shift()
      if (message === undefined) {
        await new Promise<void>(resolve => {
          wake = resolve
          if (signal.aborted || overrun || waiting.length > 0) resolve()
        })
        continue
      }
      if (message === 'activity') {
        if (activity !== undefined) yield { kind: 'activity', activity: activity.told() }
        continue
      }
      if (message.kind === 'event') {
        if (eventNumberOf(message.record.id) <= told) continue
        told = eventNumberOf(message.record.id)
      }
      yield message
    }
  } finally {
    unsubscribe()
    activity?.close()
    signal.removeEventListener('abort', onAbort)
  }
}

/** Beyond this number; all of them from the beginning of the log. */
function afterOf(number: number): { readonly after?: EventId } {
  return number < 1 ? {} : { after: eventIdOf(number) }
}
