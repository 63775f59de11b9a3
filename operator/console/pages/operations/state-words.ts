// What stands beside the documented status word of an operation: the finer state behind it, where there is one.
import type { OperationView } from '../../../../proto/http-api.ts'

/** Undefined: the status word says it all. */
export function stateNote({ state, pause }: OperationView): string | undefined {
  switch (state) {
    case 'awaiting-approval':
      return 'awaits approval'
    case 'scheduled':
      return 'starts later'
    case 'paused':
      return pause?.by.startsWith('policy:') === true ? 'paused by a rule' : 'paused'
    case 'stopping':
      return 'stopping'
    default:
      return undefined
  }
}
