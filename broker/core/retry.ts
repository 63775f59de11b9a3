// Whether a failed attempt is followed by another, and when. The first rule that matches the failure decides; each rule
// counts its own retries of the device. What a device cannot use is never offered to it again: after such a word about a
// delta the next attempt brings the full image, and without one there is no next attempt. A broadcast session that failed
// says nothing about the device: it gets one more attempt at once, by pull, which is no rule's.
import type { EventCode } from '../../proto/event-codes.ts'
import type { Draft } from './draft.ts'
import { failureClassOf } from './failure-classes.ts'
import { broughtDelta } from './manifest-choice.ts'
import { deliveryDefaults, type RetryRule } from './policy.ts'
import type { Execution, LastFailure, Operation } from './records.ts'
import { matches } from './rollout.ts'

export interface Retry {
  /** Index of the rule; absent: the retry by pull, once an execution. */
  readonly rule?: number
  /** 1 for the first retry by that rule. */
  readonly number: number
  readonly delayMs: number
}

/** Of a retry, as the log and the audit name it: a path in the policy. */
export function ruleName({ rule }: Retry): string {
  return rule === undefined ? 'delivery.retryByPull' : `retries.${rule}`
}

/** `chance` in [0, 1) spreads the delay. Undefined: the failure is final. */
export function retryOf(
  operation: Operation,
  execution: Execution,
  code: EventCode,
  chance: number,
): Retry | undefined {
  // Stop and end of schedule drop retries; nothing is tried again that nobody wants.
  const { state, closedAt, policy } = operation
  if (state === 'stopping' || closedAt !== undefined || execution.removal !== undefined) return undefined
  if (unusable.has(code) && !(broughtDelta(execution) && execution.offered?.fullToo === true)) return undefined
  if (code === 'UPD4_FAIL_45' && execution.pullOnly !== true && (policy.delivery ?? deliveryDefaults).retryByPull)
    return { number: 1, delayMs: 0 }
  const index = policy.retries.findIndex(rule => matches(rule.match, code))
  const rule = policy.retries[index]
  if (rule === undefined) return undefined
  const number = (execution.retries?.[index] ?? 0) + 1
  return number > rule.limit ? undefined : { rule: index, number, delayMs: delayOf(rule, number, chance) }
}

/** The format or the delta does not go with the device as it is; the same bytes would be answered the same. */
const unusable: ReadonlySet<EventCode> = new Set(['UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_42'])

/** Whatever a delta failed for but the way to the device, the full image may do without. */
export function isFailedDelta(execution: Execution, code: EventCode): boolean {
  return broughtDelta(execution) && failureClassOf(code) !== 'network'
}

/** A retry that is dropped ends as its attempt did. What the device said was logged then, with the promise of a retry. */
export function dropRetry(draft: Draft, execution: Execution, { code, data, final }: LastFailure): void {
  const byBroker = code === 'SYS_100' || code === 'SYS_111'
  const options = final === true ? { final } : {}
  if (byBroker) draft.end(execution, execution, 'failed', code, data, options)
  else draft.close(execution, execution, 'failed', code, data, options)
}

/** As it was before its attempt was given up; a new attempt has nothing to take back. */
export function withoutLastFailure(execution: Execution): Execution {
  const { lastFailure, retries, ...rest } = execution
  const rule = lastFailure?.rule
  if (rule === undefined || retries === undefined || execution.state !== 'pending') return execution
  return { ...rest, retries: { ...retries, [rule]: Math.max(0, (retries[rule] ?? 0) - 1) } }
}

function delayOf({ delaySeconds, factor, jitter }: RetryRule, number: number, chance: number): number {
  const spread = 1 + jitter * (2 * chance - 1)
  return Math.round(Math.min(delaySeconds * factor ** (number - 1), 604_800) * spread * 1000)
}
