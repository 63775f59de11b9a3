// What the policy decided by itself can be replayed from the audit: the counts of each record justify the rule of that
// operation's policy; and where a rule was due, it was applied.
import { failureClassOf } from '../../broker/core/failure-classes.ts'
import type { Match } from '../../broker/core/policy.ts'
import type { AuditEntry, Operation } from '../../broker/core/records.ts'
import type { EventCode } from '../../proto/event-codes.ts'
import type { OperationId } from '../../proto/ids.ts'
import { type CheckerOf, nameOf, type Report } from './checker.ts'
import type { Ledger } from './ledger.ts'
import { wasExecuted } from './tally.ts'

export const decisions: CheckerOf = report => ({
  name: 'decisions',
  committed({ changes, operations, executions }, ledger) {
    for (const change of changes)
      if (change.kind === 'append-audit' && change.entry.actor.kind === 'policy')
        judgeRecord(change.entry, change.entry.actor.rule, ledger, report)
    const ended = new Set(
      executions.filter(({ after }) => after.code !== undefined).map(({ after }) => after.operation),
    )
    for (const { before, after } of operations) {
      if (!ended.has(after.id) || (after.state !== 'running' && after.state !== 'pending')) continue
      // Resumed in this commit: whether the end came before or after it the commit does not tell.
      if (before === undefined || before.state === 'paused' || before.abortBase.executed !== after.abortBase.executed)
        continue
      mustHaveHit(after, ledger, report)
    }
    for (const { before, after } of operations) {
      if (before === undefined || before.state === after.state) continue
      const byPolicy =
        (after.state === 'paused' && after.pause?.by.kind === 'policy') ||
        (after.state === 'stopping' && after.stoppedBy?.kind === 'policy')
      const told = changes.some(
        change =>
          change.kind === 'append-audit' && change.entry.operation === after.id && change.entry.actor.kind === 'policy',
      )
      if (byPolicy && !told) report(`${nameOf(after.id)} is ${after.state} by its policy, and no record says why`)
    }
  },
  async ended({ ledger }) {
    for (const operation of ledger.operations.values()) {
      const told = new Map<string, unknown>()
      const targets = new Set<string>()
      for (const { action, data, operation: of } of ledger.audits) {
        if (of !== operation.id) continue
        if (action === 'operation.targets') for (const device of data.devices as string[]) targets.add(device)
        if (action === 'operation.results')
          for (const [device, result] of Object.entries(data.devices as object)) told.set(device, result)
      }
      for (const { device, state, code } of ledger.executions(operation.id)) {
        const result = told.get(device) as { readonly state: string; readonly code: string } | undefined
        if (!targets.has(device)) report(`${nameOf(operation.id, device)} is no target by the audit`)
        if (result?.state !== state || result.code !== code)
          report(
            `${nameOf(operation.id, device)} ended ${state} ${code}, by the audit ${result?.state} ${result?.code}`,
          )
      }
    }
  },
})

function judgeRecord(entry: AuditEntry, rule: string, ledger: Ledger, report: Report): void {
  // The operation a rollback makes names the rule of the one it follows.
  const of = typeof entry.data.rollbackOf === 'string' ? (entry.data.rollbackOf as OperationId) : entry.operation
  const operation = of === undefined ? undefined : ledger.operations.get(of)
  const [kind, place = ''] = rule.split('.')
  if (operation === undefined) {
    report(`${entry.action} by ${rule} of no operation`)
    return
  }
  const wrong = (why: string): void =>
    report(`${nameOf(operation.id)}: ${entry.action} by ${rule}, but ${why}: ${JSON.stringify(entry.data)}`)
  const numbers = entry.data as Readonly<Record<string, number>>
  const { executed = 0, failed = 0, succeeded = 0 } = numbers
  const tally = ledger.tally(operation.id)
  switch (kind) {
    case 'operation':
    case 'quarantine':
      return
    case 'schedule': {
      const due = place === 'startAt' ? operation.policy.schedule.startAt : operation.policy.schedule.endAt
      if (due === undefined || entry.at < due) wrong(`it is due at ${due}`)
      return
    }
    case 'abort': {
      const found = operation.policy.abort[Number(place)]
      if (found === undefined) {
        wrong('there is no such rule')
        return
      }
      if (entry.action === 'operation.create') {
        const { action } = found
        if (action.kind !== 'rollback' || action.release !== entry.data.release) wrong('the rule names no such release')
        return
      }
      if (entry.action !== `operation.${found.action.kind}`) wrong(`the rule says ${found.action.kind}`)
      if (executed < found.minExecuted || failed * 100 <= found.percent * executed) wrong('its counts do not say so')
      if (executed > tally.executed) wrong(`only ${tally.executed} were executed`)
      if (failed > sumOf(tally.failures, code => matches(found.match, code))) wrong('not so many failed so')
      return
    }
    case 'waves': {
      const index = Number(place)
      const found = operation.policy.waves[index]
      if (found === undefined) {
        wrong('there is no such wave')
        return
      }
      const all = ledger.executions(operation.id)
      const inWave = all.filter(execution => execution.wave === index && wasExecuted(execution))
      if (executed > inWave.length) wrong(`only ${inWave.length} of the wave were executed`)
      const size = numbers.size ?? 0
      const isError = failed * 100 > found.errorPercent * executed
      const isUnderWay = all.some(execution => execution.wave === index && execution.state === 'in-progress')
      if (executed < Math.min(found.minExecuted ?? size, size) && isUnderWay) wrong('too few were executed')
      const isSuccess = !isError && succeeded * 100 >= found.successPercent * executed
      if (entry.action === 'operation.wave-succeeded' && !isSuccess) wrong('it did not')
      if (entry.action === 'operation.pause' && isSuccess && found.onSuccess !== 'pause') wrong('it succeeded')
      return
    }
    case 'retries': {
      const index = Number(place)
      const found = operation.policy.retries[index]
      const code = entry.data.code as EventCode
      if (found === undefined) {
        wrong('there is no such rule')
        return
      }
      if (operation.policy.retries.findIndex(({ match }) => matches(match, code)) !== index) wrong('it does not match')
      const number = numbers.retry ?? 0
      if (number > found.limit) wrong(`the limit is ${found.limit}`)
      const delayMs = Math.min(found.delaySeconds * found.factor ** (number - 1), 604_800) * 1000
      const off = Math.abs(Date.parse(String(entry.data.notBefore)) - entry.at - delayMs)
      if (off > delayMs * found.jitter + 1) wrong(`the delay is ${delayMs} ms`)
      return
    }
    case 'delivery': {
      if (place !== 'retryByPull') wrong('there is no such rule')
      if (operation.policy.delivery?.retryByPull === false) wrong('the policy does not want it')
      if (entry.data.code !== 'UPD4_FAIL_45') wrong('no broadcast session failed')
      if (numbers.retry !== 1 || Date.parse(String(entry.data.notBefore)) !== entry.at) wrong('it is one, at once')
      return
    }
    default:
      wrong('there is no such kind of rule')
  }
}

/** An operation that goes on satisfies none of its abort rules. */
function mustHaveHit(operation: Operation, ledger: Ledger, report: Report): void {
  const tally = ledger.tally(operation.id)
  const { abortBase } = operation
  const executed = tally.executed - abortBase.executed
  for (const [index, { match, minExecuted, percent, firstWaveOnly, action }] of operation.policy.abort.entries()) {
    if (firstWaveOnly === true && operation.wave.index > 0) continue
    let failed = 0
    for (const [code, count] of tally.failures)
      if (matches(match, code)) failed += Math.max(0, count - (abortBase.failedByCode[code] ?? 0))
    if (executed < minExecuted || failed * 100 <= percent * executed) continue
    // The first that hits wins; when it is a pause and nothing is left to hold, nothing comes of it.
    if (action.kind !== 'pause' || hasMoreToCome(operation))
      report(
        `${nameOf(operation.id)} goes on, though abort.${index} is due: ${failed} of ${executed} failed, ${percent} %`,
      )
    return
  }
}

/** Devices are waiting or under way, or more may join: until the schedule is over. */
function hasMoreToCome({ counts, sweep, closedAt, targets }: Operation): boolean {
  if (closedAt !== undefined) return false
  const isOpen = targets.kind === 'filter' && targets.open
  return counts.pending + counts.inProgress > 0 || sweep?.kind === 'expand' || isOpen
}

function sumOf(counts: ReadonlyMap<EventCode, number>, isCounted: (code: EventCode) => boolean): number {
  let sum = 0
  for (const [code, count] of counts) if (isCounted(code)) sum += count
  return sum
}

function matches(match: Match, code: EventCode): boolean {
  if (match.kind === 'codes') return match.codes.includes(code)
  if (match.kind === 'class') return failureClassOf(code) === match.class
  return match.kind === 'ALL' || (code === 'SYS_100') === (match.kind === 'TIMED_OUT')
}
