// The operations that have not ended, and those that ended with errors of late: three lists of the broker, kept up to date
// by the live stream, one operation never twice.
import type { OperationView } from '../../../../proto/http-api.ts'
import type { ApiProblem } from '../../state/api.ts'
import { hasEnded, useOperations } from '../../state/operations.ts'
import { addressOf } from '../../state/route.ts'

export interface OpenOperations {
  /** Newest first; undefined: not known yet. */
  readonly operations: readonly OperationView[] | undefined
  /** There are more than are shown here. */
  readonly more: boolean
  /** Ended with errors, newest first; a few. */
  readonly failed: readonly OperationView[]
  readonly problem: ApiProblem | undefined
}

const openMax = 50
const failedMax = 10

export function useOpenOperations(): OpenOperations {
  const running = useOperations(listOf('Running', openMax))
  const pending = useOperations(listOf('Pending', openMax))
  const failed = useOperations(listOf('Failed', failedMax))
  const [runningList, pendingList] = [running.data.value, pending.data.value]
  const known = [...(runningList?.data ?? []), ...(pendingList?.data ?? []), ...(failed.data.value?.data ?? [])]
  const byId = new Map(known.map(operation => [operation.id, operation]))
  const newestFirst = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  return {
    operations:
      runningList === undefined || pendingList === undefined
        ? undefined
        : newestFirst.filter(operation => !hasEnded(operation)),
    more: runningList?.has_more === true || pendingList?.has_more === true,
    failed: newestFirst.filter(({ operationStatus }) => operationStatus === 'Failed'),
    problem: running.problem.value ?? pending.problem.value,
  }
}

function listOf(status: string, limit: number): string {
  return addressOf('/v1/operations', { status, limit: String(limit) })
}
