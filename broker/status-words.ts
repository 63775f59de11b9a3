// Both status vocabularies of operations, and the words of their devices, are made here and nowhere else.
import type { OperationStatus, UpdateStatus } from '../proto/http-console.ts'
import type { ExecutionState, Operation } from './core/records.ts'

/** Of the update-status page. */
export function updateStatus({ state }: Operation): UpdateStatus {
  switch (state) {
    case 'awaiting-approval':
    case 'scheduled':
    case 'pending':
      return 'Pending'
    case 'running':
    case 'paused':
    case 'stopping':
      return 'Processing'
    case 'completed':
      return 'Completed'
    case 'stopped':
      return 'Stopped'
  }
}

/** Of the operations page. */
export function operationStatus(operation: Operation): OperationStatus {
  switch (operation.state) {
    case 'awaiting-approval':
    case 'scheduled':
    case 'pending':
      return 'Pending'
    case 'running':
    case 'paused':
    case 'stopping':
      return 'Running'
    case 'completed':
      return errorsOf(operation) === 0 ? 'Completed' : 'Failed'
    case 'stopped':
      return 'Cancelled'
  }
}

/** Devices that count as errors on the update-status page: ended, and not updated. */
export function errorsOf({ counts }: Operation): number {
  return counts.failed + counts.skipped - (counts.byCode.SYS_110 ?? 0)
}

export const executionStatuses: Readonly<Record<ExecutionState, string>> = {
  pending: 'Pending',
  'in-progress': 'In Progress',
  completed: 'Completed',
  failed: 'Failed',
  skipped: 'Skipped',
}
