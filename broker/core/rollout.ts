// How far an operation may go: permits, the room of the wave, and what the policy decides when an execution has ended.
// Source of the rules: docs/PROTOCOL.md, "Rollout". Every decision made here is told to the audit with its counts.
import type { EventCode } from '../../proto/event-codes.ts'
import { firstWave, tallySince } from './counts.ts'
import type { Draft } from './draft.ts'
import { failureClassOf } from './failure-classes.ts'
import { type AbortRule, concurrencyLimit, isOpen, type Match, type Wave } from './policy.ts'
import type { Execution, Operation, Tally } from './records.ts'
import { stopNow } from './stopping.ts'

/** Permits that are free now: none while the operation hands nothing over. */
export function freePermits(operation: Operation): number {
  return isHandingOver(operation) ? Math.max(0, concurrencyLimit(operation) - operation.counts.inProgress) : 0
}

/** It may hand something over, as far as its own state says. */
export function isHandingOver({ state, closedAt, sweep }: Operation): boolean {
  if (state !== 'pending' && state !== 'running') return false
  return closedAt === undefined && sweep?.kind !== 'time-out-pending' && sweep?.kind !== 'end-pending'
}

/** Devices the wave still takes; a device that was handed over before (a retry) needs no room. */
export function waveRoom(operation: Operation): number {
  const wave = currentWave(operation)
  if (wave === undefined) return Number.POSITIVE_INFINITY
  if (operation.wave.soakUntil !== undefined) return 0
  return Math.max(0, waveSize(operation, wave) - operation.wave.handedOver)
}

/** Whether this execution may be handed over now as far as permits and waves say. */
export function hasRoom(operation: Operation, execution: Execution): boolean {
  return freePermits(operation) > 0 && (execution.attempt > 0 || waveRoom(operation) > 0)
}

/** The wave that is open; undefined when there are none or all are passed. */
export function currentWave({ policy, wave }: Operation): Wave | undefined {
  return policy.waves[wave.index]
}

/** Devices of a wave, 1 or more; 0 while a share cannot be taken because the targets are still being found. */
export function waveSize(operation: Operation, { size }: Wave): number {
  if (size.kind === 'count') return size.value
  if (operation.sweep?.kind === 'expand') return 0
  return Math.max(1, Math.ceil((operation.counts.total * size.value) / 100))
}

/** What follows from executions that have ended: abort rules first, then the wave. The first hit wins. */
export function judge(draft: Draft): void {
  if (!isJudged(draft.operation)) return
  judgeAbort(draft)
  if (isJudged(draft.operation)) judgeWave(draft)
}

/** A soak that is over opens the next wave. */
export function endSoak(draft: Draft): void {
  const { wave } = draft.operation
  if (wave.soakUntil !== undefined && draft.at >= wave.soakUntil) passWave(draft)
}

/** The next wave, without a judgement of this one. */
export function passWave(draft: Draft): void {
  draft.change({ wave: { ...firstWave, index: draft.operation.wave.index + 1 } })
}

export function matches(match: Match, code: EventCode): boolean {
  switch (match.kind) {
    case 'ALL':
      return true
    case 'TIMED_OUT':
      return code === 'SYS_100'
    case 'FAIL':
      return code !== 'SYS_100'
    case 'class':
      return failureClassOf(code) === match.class
    case 'codes':
      return match.codes.includes(code)
  }
}

function isJudged({ state }: Operation): boolean {
  return state === 'pending' || state === 'running'
}

function judgeAbort(draft: Draft): void {
  const { policy, executed, abortBase, wave } = draft.operation
  const since = tallySince(executed, abortBase)
  for (const [index, rule] of policy.abort.entries()) {
    if (rule.firstWaveOnly === true && wave.index > 0) continue
    const failed = failedIn(since, rule)
    if (since.executed < rule.minExecuted || failed * 100 <= rule.percent * since.executed) continue
    const name = `abort.${index}`
    const data = { rule: name, executed: since.executed, failed, percent: rule.percent, minExecuted: rule.minExecuted }
    abort(draft, rule, name, data)
    return
  }
}

function failedIn(tally: Tally, { match }: AbortRule): number {
  let count = 0
  for (const [code, number] of Object.entries(tally.failedByCode) as [EventCode, number][])
    if (matches(match, code)) count += number
  return count
}

function abort(
  draft: Draft,
  { action }: AbortRule,
  rule: string,
  data: Readonly<Record<string, string | number>>,
): void {
  const by = { kind: 'policy', rule } as const
  const reason = `${data.failed} of ${data.executed} executed failed, more than ${data.percent} %`
  if (action.kind === 'pause') {
    pause(draft, rule, reason, data)
    return
  }
  draft.audit(by, action.kind === 'rollback' ? 'operation.rollback' : 'operation.stop', { ...data, reason })
  if (action.kind === 'rollback') draft.change({ rollback: { rule, release: action.release } })
  // Who is in progress is not known here: the planner has them told.
  stopNow(draft, by, [])
}

function judgeWave(draft: Draft): void {
  const { operation } = draft
  const rule = currentWave(operation)
  const { wave } = operation
  if (rule === undefined || wave.handedOver === 0) return
  const size = waveSize(operation, rule)
  const enough = wave.executed >= Math.min(rule.minExecuted ?? size, size)
  // Nobody is left to fill it: it is as large as it could be.
  const { counts, sweep, closedAt } = operation
  const nobodyLeft = counts.pending === 0 && sweep === undefined && (closedAt !== undefined || !isOpen(operation))
  const allEnded = (wave.handedOver >= size || nobodyLeft) && wave.ended >= wave.handedOver
  if (!enough && !allEnded) return
  const name = `waves.${wave.index}`
  const data = { rule: name, executed: wave.executed, succeeded: wave.succeeded, failed: wave.failed, size }
  if (wave.failed * 100 > rule.errorPercent * wave.executed) {
    // Those that were not needed for the success are judged in its rest, too; whoever resumes passes the wave.
    const { soakUntil: _, ...judged } = wave
    draft.change({ wave: judged })
    pause(draft, name, `wave ${wave.index + 1}: ${wave.failed} of ${wave.executed} executed failed`, data)
    return
  }
  if (wave.soakUntil !== undefined) return
  if (wave.succeeded * 100 >= rule.successPercent * wave.executed) succeedWave(draft, rule, name, data)
  else if (allEnded)
    pause(draft, name, `wave ${wave.index + 1} has ended with ${wave.succeeded} of ${wave.executed} succeeded`, data)
}

function succeedWave(draft: Draft, rule: Wave, name: string, data: Readonly<Record<string, string | number>>): void {
  const { wave } = draft.operation
  draft.audit({ kind: 'policy', rule: name }, 'operation.wave-succeeded', data)
  const soakMs = rule.soakMinutes * 60_000
  if (soakMs > 0) draft.change({ wave: { ...wave, soakUntil: draft.at + soakMs } })
  else passWave(draft)
  if (rule.onSuccess === 'pause') pause(draft, name, `wave ${wave.index + 1} has succeeded`, data)
}

/** Something may still be handed over, so that there is something to hold. */
function hasMoreToCome(operation: Operation): boolean {
  const { counts, sweep, closedAt } = operation
  if (closedAt !== undefined) return false
  return counts.pending + counts.inProgress > 0 || sweep?.kind === 'expand' || isOpen(operation)
}

function pause(draft: Draft, rule: string, reason: string, data: Readonly<Record<string, string | number>>): void {
  if (!hasMoreToCome(draft.operation)) return
  const by = { kind: 'policy', rule } as const
  draft.audit(by, 'operation.pause', { ...data, reason })
  draft.change({ state: 'paused', pause: { at: draft.at, by, reason } })
}
