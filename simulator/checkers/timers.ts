// Time: records are dated by the fleet's clock as the rules make it, nothing ends before its time, and what is due does
// not stay.
import type { Execution, Operation } from '../../broker/core/records.ts'
import { type CheckerOf, type ExecutionStep, isEnded, isHandOver, type Moment, nameOf } from './checker.ts'
import type { Ledger } from './ledger.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** Events and the saved time carry the fleet's time, which no jump of the wall clock moves and no restart turns back. */
export const clock: CheckerOf = report => {
  let saved = 0
  return {
    name: 'clock',
    committed({ changes, decided }) {
      for (const change of changes) {
        const at = change.kind === 'append-event' ? change.event.recordedAt : 'at' in change ? change.at : undefined
        if (at === undefined) continue
        if (Math.abs(at - decided.fleetMs) > 1)
          report(`${change.kind} is dated ${at - decided.fleetMs} ms off the time of the fleet`)
        if (change.kind !== 'put-clock') continue
        if (at < saved) report(`the saved time went back by ${saved - at} ms`)
        saved = at
      }
    },
  }
}

/** `tickMs`: how often the broker looks. `undisturbedSince`: true time from which the disk has been taking commits. */
export function timers(tickMs: number, undisturbedSince: () => number): CheckerOf {
  return report => {
    const late = new Late()
    /** The process that heard of an execution last. */
    const heardIn = new Map<string, number>()
    return {
      name: 'timers',
      committed({ executions, operations, decided }, ledger) {
        for (const step of executions) {
          const operation = ledger.operations.get(step.after.operation)
          const before = operations.find(({ after }) => after.id === operation?.id)?.before ?? operation
          if (operation === undefined || before === undefined) continue
          const name = nameOf(operation.id, step.after.device)
          const notBefore = step.before?.notBefore
          if (isHandOver(step) && notBefore !== undefined && decided.fleetMs < notBefore)
            report(`${name} tried again ${notBefore - decided.fleetMs} ms too early`)
          const key = `${operation.id} ${step.after.device}`
          const isHeardBefore = (heardIn.get(key) ?? decided.life) < decided.life
          if (step.after.reportedAt !== step.before?.reportedAt) heardIn.set(key, decided.life)
          // A start may lose the last minute of the fleet's time: what was heard in it counts as heard at the start.
          const due = dueOf(step, operation, isHeardBefore ? decided.fleetMs - decided.runMs : decided.fleetMs)
          if (due === undefined) continue
          if (decided.fleetMs < due.at) report(`${name}: ${due.what} ${due.at - decided.fleetMs} ms too early`)
          // A sweep that was under way goes on at once after a start.
          if (decided.runMs < decided.graceMs && before.sweep?.kind !== 'time-out-pending')
            report(`${name}: ${due.what} ${decided.runMs} ms after a start, grace is ${decided.graceMs} ms`)
        }
        const slackMs = minuteMs + tickMs
        const quietMs = Math.min(decided.runMs - decided.graceMs, decided.trueMs - undisturbedSince())
        for (const [name, sinceMs] of late.of(ledger, decided))
          if (quietMs > slackMs && decided.trueMs - sinceMs > slackMs)
            report(`${name}, and nothing came of it for ${decided.trueMs - sinceMs} ms`)
      },
    }
  }
}

/** What is due in operations that could act on it, and the true time since which it is so. */
class Late {
  #since = new Map<string, number>()

  of(ledger: Ledger, { fleetMs, trueMs }: Moment): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    for (const operation of ledger.operations.values()) {
      if (isEnded(operation) || operation.state === 'stopping') continue
      for (const { what, at } of dueIn(operation)) {
        const name = `${nameOf(operation.id)} is ${operation.state} after ${what}`
        if (fleetMs > at) found.set(name, this.#since.get(name) ?? trueMs)
      }
    }
    this.#since = found
    return found
  }
}

/** When the timer that ended this execution was due; undefined when no timer did. Nothing was heard after `heardMost`. */
function dueOf(
  { before, after }: ExecutionStep,
  operation: Operation,
  heardMost: number,
): { at: number; what: string } | undefined {
  if (before === undefined || after.state === 'in-progress') return undefined
  if (before.state !== 'in-progress' && before.state !== 'pending') return undefined
  // A retry that is dropped ends as its attempt did, which was looked at then.
  if (before.state === 'pending' && before.lastFailure !== undefined && after.data?.reason !== 'timeout')
    return undefined
  const ended = after.code === undefined ? after.lastFailure : { code: after.code, data: after.data ?? {} }
  if (ended === undefined || (after.state === 'pending' && before.state === 'pending')) return undefined
  const { policy } = operation
  const handedOverAt = before.handedOverAt ?? 0
  const due = (what: string, from: number, minutes: number) => ({ what, at: from + minutes * minuteMs })
  if (ended.code === 'SYS_104') return due('stop timeout', stopOf(operation, before), policy.stopTimeoutMinutes)
  if (ended.code === 'SYS_111' && ended.data.actual === 'no hello since the reboot')
    return due('confirm timeout', before.reportedAt ?? handedOverAt, policy.confirmTimeoutMinutes)
  if (ended.code !== 'SYS_100') return undefined
  switch (ended.data.reason) {
    case 'step-timeout':
      return due(
        'step timeout',
        Math.max(Math.min(before.reportedAt ?? 0, heardMost), handedOverAt),
        policy.stepTimeoutMinutes,
      )
    case 'in-progress-timeout':
      return due('in-progress timeout', handedOverAt, policy.inProgressTimeoutMinutes)
    case 'timeout':
      return { what: 'operation timeout', at: endOfDays(operation, before) ?? 0 }
    default:
      return undefined
  }
}

function stopOf({ stopRequestedAt }: Operation, { removal }: Execution): number {
  return Math.min(stopRequestedAt ?? Number.POSITIVE_INFINITY, removal?.at ?? Number.POSITIVE_INFINITY)
}

function endOfDays({ policy, startedAt, openedAt, targets }: Operation, execution?: Execution): number | undefined {
  const open = targets.kind === 'filter' && targets.open
  const from = open ? execution?.addedAt : (startedAt ?? openedAt)
  return from === undefined ? undefined : from + policy.timeoutDays * dayMs
}

/** What time alone brings about. */
function dueIn(operation: Operation): { readonly what: string; readonly at: number }[] {
  const { state, policy, sweep, closedAt, wave } = operation
  const found: { what: string; at: number }[] = []
  const daysEnd = endOfDays(operation)
  if (daysEnd !== undefined && sweep === undefined) found.push({ what: `its ${policy.timeoutDays} days`, at: daysEnd })
  const { startAt, endAt } = policy.schedule
  if (endAt !== undefined && closedAt === undefined) found.push({ what: 'the end of its schedule', at: endAt })
  if (startAt !== undefined && state === 'scheduled') found.push({ what: 'its start', at: startAt })
  if (wave.soakUntil !== undefined && (state === 'running' || state === 'pending'))
    found.push({ what: `the rest of wave ${wave.index}`, at: wave.soakUntil })
  return found
}
