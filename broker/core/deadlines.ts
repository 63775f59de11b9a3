// What time alone brings about: deadlines of executions, the end of an operation's days, start and end of its schedule.
import { failed, isConfirmed, notReached } from './device-words.ts'
import type { Draft } from './draft.ts'
import type { Input } from './operation-facts.ts'
import { isOpen, joinedDeadline } from './policy.ts'
import type { Execution, Operation } from './records.ts'
import { isUnproven, proofData } from './report-facts.ts'
import { dropRetry } from './retry.ts'
import { endSoak } from './rollout.ts'
import { stopNow } from './stopping.ts'

type Passed = Omit<Extract<Input, { kind: 'deadline-passed' }>, 'kind' | 'at'>

export function deadlinePassed(draft: Draft, { execution, deadline, device, proof, chance }: Passed): void {
  if (execution.state !== 'in-progress') return
  switch (deadline) {
    case 'step':
    case 'in-progress':
      failed(draft, execution, execution, 'SYS_100', { reason: `${deadline}-timeout` }, chance, { byBroker: true })
      return
    case 'operation':
      draft.end(execution, execution, 'failed', 'SYS_100', { reason: 'timeout' })
      return
    case 'confirm':
      if (device !== undefined && execution.undecided !== true && isConfirmed(draft.operation, execution, device)) {
        if (!isUnproven(proof))
          draft.end(execution, execution, 'completed', 'SYS_112', { ...execution.transfer, ...proofData(proof) })
        else notReached(draft, execution, device, chance, execution.reportProblem ?? proof)
      } else notReached(draft, execution, device, chance, execution.reportProblem)
      return
    case 'stop':
      draft.end(execution, execution, 'failed', 'SYS_104')
      return
  }
}

export function operationTimedOut(draft: Draft, inProgress: readonly Execution[]): void {
  const sweeping = draft.operation.sweep?.kind
  // An expansion is finished first, or targets would be forgotten; the deadline is still past then.
  if (sweeping === 'time-out-pending' || sweeping === 'expand') return
  for (const execution of inProgress) draft.end(execution, execution, 'failed', 'SYS_100', { reason: 'timeout' })
  // A stop that is under way goes over the pending ones itself.
  if (draft.operation.state !== 'stopping') draft.sweep({ kind: 'time-out-pending' })
}

export function pendingSwept(draft: Draft, executions: readonly Execution[], more: boolean): void {
  const { sweep } = draft.operation
  if (sweep === undefined || sweep.kind === 'expand') return
  for (const execution of executions) {
    if (execution.state !== 'pending') continue
    const { lastFailure } = execution
    switch (sweep.kind) {
      case 'time-out-pending':
        draft.end(execution, execution, 'failed', 'SYS_100', { reason: 'timeout' })
        break
      case 'expire-joined':
        if (draft.at >= joinedDeadline(draft.operation, execution))
          draft.end(execution, execution, 'failed', 'SYS_100', { reason: 'timeout' })
        break
      case 'skip-pending':
      case 'end-pending':
        if (lastFailure !== undefined) dropRetry(draft, execution, lastFailure)
        else if (sweep.kind === 'skip-pending') draft.end(execution, execution, 'skipped', 'SYS_103')
        else draft.end(execution, execution, 'skipped', 'SYS_103', { reason: 'schedule-end' })
        break
    }
  }
  const after = executions.at(-1)?.device
  draft.sweep(more && after !== undefined ? { kind: sweep.kind, after } : undefined)
}

export function joinedExpiryDue(draft: Draft): void {
  if (isOpen(draft.operation) && draft.operation.sweep === undefined) draft.sweep({ kind: 'expire-joined' })
}

/** A start, an end or a soak may be due. */
export function clockStruck(draft: Draft, inProgress: readonly Execution[]): void {
  const { state, policy, closedAt } = draft.operation
  const { startAt, endAt, onEnd } = policy.schedule
  if (endAt !== undefined && draft.at >= endAt && closedAt === undefined && state !== 'stopping') {
    const by = { kind: 'policy', rule: 'schedule.endAt' } as const
    if (onEnd === 'stop') {
      draft.audit(by, 'operation.stop', { rule: by.rule })
      stopNow(draft, by, inProgress)
      return
    }
    draft.audit(by, 'operation.close', { rule: by.rule })
    draft.drop('pause')
    // Without an approval it stays what it is: it only ends.
    draft.change({ closedAt: draft.at, ...(state === 'paused' ? { state: runningState(draft.operation) } : {}) })
    if (draft.operation.sweep?.kind !== 'expand') draft.sweep({ kind: 'end-pending' })
    return
  }
  if (state === 'scheduled' && (startAt === undefined || draft.at >= startAt)) {
    draft.audit({ kind: 'policy', rule: 'schedule.startAt' }, 'operation.open', { rule: 'schedule.startAt' })
    draft.change({ state: 'pending', openedAt: draft.at })
  }
  if (state === 'pending' || state === 'running') endSoak(draft)
}

/** The state of an operation that may go on, whatever it was before. */
export function idleState(
  { startedAt, policy }: Pick<Operation, 'startedAt' | 'policy'>,
  at: number,
): Operation['state'] {
  if (startedAt !== undefined) return 'running'
  const { startAt } = policy.schedule
  return startAt !== undefined && at < startAt ? 'scheduled' : 'pending'
}

function runningState({ startedAt }: Operation): Operation['state'] {
  return startedAt === undefined ? 'pending' : 'running'
}
