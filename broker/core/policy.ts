// The numbers an operation runs under: defaults, the concurrency limit in force, and the deadline of an execution.
// Source of the rules: docs/PROTOCOL.md, "Timers and limits of an operation".
import type { Execution, Operation, Policy } from './records.ts'

export const policyDefaults: Policy = {
  concurrency: 500,
  concurrencyPercent: 25,
  timeoutDays: 14,
  stepTimeoutMinutes: 60,
  inProgressTimeoutMinutes: 10_080,
  confirmTimeoutMinutes: 30,
  stopTimeoutMinutes: 240,
}

const minuteMs = 60_000
const dayMs = 86_400_000

/** Executions that may be in progress at once, 1 or more: a share is taken of the targets found so far, rounded up. */
export function concurrencyLimit(operation: Operation): number {
  const { concurrency, concurrencyPercent } = operation.policy
  if (concurrencyPercent === undefined) return concurrency
  return Math.min(concurrency, Math.max(1, Math.ceil((operation.counts.total * concurrencyPercent) / 100)))
}

/** When the whole operation times out, milliseconds since 1970. */
export function operationDeadline(operation: Operation): number {
  return (operation.startedAt ?? operation.requestedAt) + operation.policy.timeoutDays * dayMs
}

export type DeadlineKind = 'step' | 'in-progress' | 'confirm' | 'stop'

/**
 * The deadline that comes first for an execution in progress. `lastSignAt` is the device's last sign of life in this
 * execution (report or progress); timers never run from before the hand-over.
 */
export function executionDeadline(
  operation: Operation,
  execution: Execution,
  lastSignAt: number,
): { readonly kind: DeadlineKind; readonly at: number } {
  const { policy } = operation
  const handedOverAt = execution.handedOverAt ?? operation.requestedAt
  const deadlines: { kind: DeadlineKind; at: number }[] = [
    { kind: 'in-progress', at: handedOverAt + policy.inProgressTimeoutMinutes * minuteMs },
  ]
  if (isAwaitingConfirmation(execution))
    deadlines.push({
      kind: 'confirm',
      at: (execution.reportedAt ?? handedOverAt) + policy.confirmTimeoutMinutes * minuteMs,
    })
  else deadlines.push({ kind: 'step', at: Math.max(lastSignAt, handedOverAt) + policy.stepTimeoutMinutes * minuteMs })
  if (operation.stopRequestedAt !== undefined)
    deadlines.push({ kind: 'stop', at: operation.stopRequestedAt + policy.stopTimeoutMinutes * minuteMs })
  return deadlines.reduce((first, next) => (next.at < first.at ? next : first))
}

/** The device has said that it restarts into the new image: only its next hello decides. */
export function isAwaitingConfirmation(execution: Execution): boolean {
  return execution.step === 'rebooting' || execution.step === 'confirming'
}
