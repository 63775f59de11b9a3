// The id of an operation that is named before the broker knows of it: a command signed by people is good for exactly one
// operation, so its id is made where the key is. The form is that of the broker's own ids, so that they sort by age.
import { type OperationId, operationId } from '../proto/ids.ts'
import type { Clock, Random } from './ports.ts'

/** 9 of base-36 milliseconds since 1970, 17 of chance. */
export function newOperationId(clock: Pick<Clock, 'now'>, random: Random): OperationId {
  const time = clock.now().toString(36).padStart(9, '0')
  // Four of the 36 are drawn a little more often than the others: 85 bits that nobody can foretell, at the least.
  const chance = Array.from(random.bytes(17), byte => (byte % 36).toString(36)).join('')
  return operationId(`${time}${chance}`)
}
