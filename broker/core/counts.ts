// The counts of an operation follow each change of an execution. At the end they add up to the targets.
import type { EventCode } from '../../proto/event-codes.ts'
import type { Execution, ExecutionState, OperationCounts } from './records.ts'

export const noCounts: OperationCounts = {
  total: 0,
  pending: 0,
  inProgress: 0,
  completed: 0,
  failed: 0,
  skipped: 0,
  byCode: {},
}

/** `previous` is absent for a new execution; `previousCode` is that of an ending which is replaced now. */
export function recounted(
  counts: OperationCounts,
  execution: Execution,
  previous: ExecutionState | undefined,
  previousCode: EventCode | undefined,
): OperationCounts {
  const next = { ...counts, byCode: { ...counts.byCode } }
  if (previous === undefined) next.total += 1
  else {
    next[countNames[previous]] -= 1
    if (previousCode !== undefined) next.byCode[previousCode] = (next.byCode[previousCode] ?? 0) - 1
    if (previousCode !== undefined && next.byCode[previousCode] === 0) delete next.byCode[previousCode]
  }
  next[countNames[execution.state]] += 1
  if (execution.code !== undefined) next.byCode[execution.code] = (next.byCode[execution.code] ?? 0) + 1
  return next
}

const countNames: Readonly<Record<ExecutionState, 'pending' | 'inProgress' | 'completed' | 'failed' | 'skipped'>> = {
  pending: 'pending',
  'in-progress': 'inProgress',
  completed: 'completed',
  failed: 'failed',
  skipped: 'skipped',
}
