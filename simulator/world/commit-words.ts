// What a commit changes, in words for the transcript.
import type { Change } from '../../broker/ports.ts'
import { nameOf } from '../checkers/checker.ts'

/** Nothing for what no reader of a failure would ask about. */
export function wordsOf(change: Change): readonly string[] {
  if (change.kind === 'put-execution') {
    const { operation, device, state, step, code, attempt } = change.execution
    return [`${nameOf(operation, device)} ${state} ${step ?? ''}${code ?? ''}#${attempt}`]
  }
  if (change.kind === 'put-operation') {
    const { id, state, sweep } = change.operation
    return [`${nameOf(id)} ${state}${sweep === undefined ? '' : ` (${sweep.kind})`}`]
  }
  if (change.kind === 'append-audit') return [`audit ${change.entry.action}`]
  return change.kind === 'append-event' ? [change.event.code] : []
}
