// The counts of an operation follow each change of an execution. At the end they add up to the targets.
import type { EventCode } from '../../proto/event-codes.ts'
import type {
  ErrorReason,
  Execution,
  ExecutionState,
  Operation,
  OperationCounts,
  Tally,
  WaveProgress,
} from './records.ts'
import { transferOf, withTransfer } from './transfer.ts'

export const noCounts: OperationCounts = {
  total: 0,
  pending: 0,
  inProgress: 0,
  completed: 0,
  failed: 0,
  skipped: 0,
  byCode: {},
  byReason: {},
}
export const noTally: Tally = { executed: 0, succeeded: 0, failedByCode: {} }
export const firstWave: WaveProgress = { index: 0, handedOver: 0, ended: 0, executed: 0, succeeded: 0, failed: 0 }

/** The operation after one execution changed; `previous` is absent for a new one. */
export function recounted(operation: Operation, execution: Execution, previous: Execution | undefined): Operation {
  if (previous !== undefined && countsTheSame(execution, previous)) return operation
  const counts = {
    ...operation.counts,
    byCode: { ...operation.counts.byCode },
    byReason: { ...operation.counts.byReason },
  }
  const executed = { ...operation.executed, failedByCode: { ...operation.executed.failedByCode } }
  const wave = { ...operation.wave }
  let { retryingCount, transfer } = operation
  for (const [one, sign] of previous === undefined
    ? ([[execution, 1]] as const)
    : ([
        [previous, -1],
        [execution, 1],
      ] as const)) {
    counts[countNames[one.state]] += sign
    if (one.code !== undefined) add(counts.byCode, one.code, sign)
    if (one.errorReason !== undefined) add(counts.byReason, one.errorReason, sign)
    if (isRetrying(one)) retryingCount += sign
    if (isEndedExecution(one)) transfer = withTransfer(transfer, transferOf(one), sign)
    const outcome = outcomeOf(one)
    if (outcome !== undefined) {
      executed.executed += sign
      if (outcome === 'succeeded') executed.succeeded += sign
      else add(executed.failedByCode, outcome, sign)
    }
    if (one.wave !== wave.index) continue
    if (isEndedExecution(one)) wave.ended += sign
    if (outcome === undefined) continue
    wave.executed += sign
    if (outcome === 'succeeded') wave.succeeded += sign
    else wave.failed += sign
  }
  if (previous === undefined) counts.total += 1
  if (transfer !== undefined) return { ...operation, counts, executed, wave, retryingCount, transfer }
  if (operation.transfer === undefined) return { ...operation, counts, executed, wave, retryingCount }
  const { transfer: _, ...rest } = operation
  return { ...rest, counts, executed, wave, retryingCount }
}

/** A step, a first word: most changes move no count. */
function countsTheSame(execution: Execution, previous: Execution): boolean {
  return (
    execution.state === previous.state &&
    !isEndedExecution(execution) &&
    isRetrying(execution) === isRetrying(previous) &&
    execution.wave === previous.wave
  )
}

export function isEndedExecution({ state }: Execution): boolean {
  return state !== 'pending' && state !== 'in-progress'
}

/** Pending again after an attempt that failed. */
export function isRetrying({ state, attempt }: Execution): boolean {
  return state === 'pending' && attempt > 0
}

/** How an execution counts for waves and abort rules: `succeeded`, the code it failed with, or not at all. */
function outcomeOf(execution: Execution): 'succeeded' | EventCode | undefined {
  const { attempt, state, code } = execution
  if (attempt === 0 || code === undefined || !isEndedExecution(execution)) return undefined
  if (state === 'completed' || code === 'SYS_110') return 'succeeded'
  // Ended by a person's word: says nothing about the release.
  if (code === 'SYS_103' || code === 'SYS_104' || code === 'SYS_109' || code === 'SYS_101') return undefined
  return code
}

/** How many of a tally failed, those of a base left out. */
export function tallySince(tally: Tally, base: Tally): Tally {
  const failedByCode: Partial<Record<EventCode, number>> = {}
  for (const [code, count] of Object.entries(tally.failedByCode) as [EventCode, number][]) {
    const rest = count - (base.failedByCode[code] ?? 0)
    if (rest > 0) failedByCode[code] = rest
  }
  return { executed: tally.executed - base.executed, succeeded: tally.succeeded - base.succeeded, failedByCode }
}

/** The word of the update-status page for an ended execution that counts as an error; undefined for an updated one. */
export function errorReasonOf(
  state: 'completed' | 'failed' | 'skipped',
  code: EventCode,
  data: Readonly<Record<string, string>>,
): ErrorReason | undefined {
  if (state === 'completed' || code === 'SYS_110') return undefined
  switch (code) {
    case 'SYS_100':
      return 'unresponsive'
    case 'SYS_101':
      return 'not-found'
    case 'SYS_103':
    case 'SYS_104':
      return 'stopped'
    case 'SYS_109':
      // Left out by a check before any traffic, not by a person.
      return data.reason === undefined ? 'stopped' : 'error'
    default:
      return 'error'
  }
}

function add<Key extends string>(counts: Partial<Record<Key, number>>, key: Key, by: number): void {
  const next = (counts[key] ?? 0) + by
  if (next === 0) delete counts[key]
  else counts[key] = next
}

const countNames: Readonly<Record<ExecutionState, 'pending' | 'inProgress' | 'completed' | 'failed' | 'skipped'>> = {
  pending: 'pending',
  'in-progress': 'inProgress',
  completed: 'completed',
  failed: 'failed',
  skipped: 'skipped',
}
