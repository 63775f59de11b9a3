// What was witnessed, picked out and put into words.
import type { OperationId } from '../../proto/ids.ts'
import type { Sign, SignOf } from './witness.ts'

/** Undefined: events of no operation of ours count, too. */
export function eventsOf(signs: readonly Sign[], operation: OperationId | undefined): readonly SignOf<'event'>[] {
  return signs.filter(
    (sign): sign is SignOf<'event'> =>
      sign.kind === 'event' && (operation === undefined || sign.event.operation === operation),
  )
}

export function wordOf({ content }: SignOf<'event'>['event']): string {
  return content.kind === 'code' ? content.code : content.step
}

/** Nothing more is told of the operation, unless it is asked for again. */
export function isLast({ content }: SignOf<'event'>['event']): boolean {
  return content.kind === 'code' || ['withdrawn', 'done', 'failed'].includes(content.step)
}

export function describe(sign: Sign): string {
  switch (sign.kind) {
    case 'event':
      return `event ${sign.event.eventNumber} ${wordOf(sign.event)}`
    case 'hello':
      return `hello with ${sign.hello.outboxEventCount} events to come`
    case 'request':
      return `chunk request (${sign.request.wanted.kind})`
    case 'progress':
      return `progress${sign.progress.refusedOperation === undefined ? '' : ' with refused_operation_id'}`
    case 'unreadable':
      return `unreadable message on ${sign.topic}: ${sign.problem}`
    case 'other':
      return `message on ${sign.topic}`
    case 'closed':
      return `connection closed by the ${sign.by}`
    case 'connect':
    case 'subscribe':
    case 'subscribed':
    case 'acknowledged':
    case 'data':
    case 'ping':
      return sign.kind
  }
}
