// How many operations and executions there are of which kind: what has not ended, counted when somebody asks.
import type { ExecutionStep, OperationState } from '../core/records.ts'
import type { RunningOperation } from './running-operation.ts'

export interface Census {
  /** Not ended, by state. */
  readonly operations: Readonly<Partial<Record<OperationState, number>>>
  /** In progress, by step. */
  readonly steps: Readonly<Partial<Record<ExecutionStep, number>>>
  /** Executions of these operations that are not handed over, or wait for a retry. */
  readonly pending: number
}

export function censusOf(all: Iterable<RunningOperation>): Census {
  const operations: Partial<Record<OperationState, number>> = {}
  const steps: Partial<Record<ExecutionStep, number>> = {}
  let pending = 0
  for (const { operation, inProgress } of all) {
    operations[operation.state] = (operations[operation.state] ?? 0) + 1
    pending += operation.counts.pending
    for (const { step = 'offered' } of inProgress.values()) steps[step] = (steps[step] ?? 0) + 1
  }
  return { operations, steps, pending }
}
