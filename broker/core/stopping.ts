// The end that somebody decides: of an operation, or of one device in it.
import type { Draft } from './draft.ts'
import { isAwaitingConfirmation } from './policy.ts'
import type { Actor, Execution } from './records.ts'

/** Pending ones end, those in progress are told to withdraw. Asking again changes nothing. */
export function stopNow(draft: Draft, by: Actor, inProgress: readonly Execution[]): void {
  const { state, sweep } = draft.operation
  if (state !== 'stopping') {
    draft.drop('pause')
    draft.change({ state: 'stopping', stopRequestedAt: draft.at, stoppedBy: by })
    if (sweep?.kind !== 'expand') draft.sweep({ kind: 'skip-pending' })
  }
  for (const execution of inProgress) withdraw(draft, execution)
}

export function removeDevice(draft: Draft, execution: Execution): void {
  if (execution.state === 'pending') draft.end(execution, execution, 'skipped', 'SYS_109')
  else if (execution.state === 'in-progress' && execution.removal === undefined)
    withdraw(draft, { ...execution, removal: { at: draft.at } }, execution)
}

/** It left the registry: nobody is there to withdraw or to report. */
export function deregisterDevice(draft: Draft, execution: Execution): void {
  if (execution.state === 'pending' || execution.state === 'in-progress')
    draft.end(execution, execution, 'failed', 'SYS_101', { reason: 'deregistered' })
}

/** It has not been told to withdraw yet, and it is not too late: who installs or has installed finishes. */
export function mayBeToldToWithdraw(execution: Execution): boolean {
  const { step } = execution
  return step !== 'withdrawing' && step !== 'installing' && !isAwaitingConfirmation(execution)
}

function withdraw(draft: Draft, execution: Execution, previous: Execution = execution): void {
  const told: Execution = mayBeToldToWithdraw(execution) ? { ...execution, step: 'withdrawing' } : execution
  if (told !== previous) draft.put(told, previous)
  draft.effect({ kind: 'withdraw', execution: told })
}
