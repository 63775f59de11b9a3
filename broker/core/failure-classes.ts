// Whose fault a failure is: the classes that abort and retry rules speak of. Every code that can end an execution as an
// error has exactly one class, or none where no rule may judge it: a person's own stop, a refusal before any traffic.
// The catalogue (proto/event-codes.ts) says which.
import { type EventCode, eventCodeEntry, type FailureClass } from '../../proto/event-codes.ts'

export type { FailureClass }

export const failureClasses: readonly FailureClass[] = [
  'author',
  'security',
  'targeting',
  'device',
  'network',
  'state',
  'consent',
  'image',
  'internal',
]

export function failureClassOf(code: EventCode): FailureClass | undefined {
  return eventCodeEntry(code).failureClass
}
