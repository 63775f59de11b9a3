// The records agree with one another: counts with executions, one ending each, nothing in an ended operation moves.
import type { Operation, OperationCounts } from '../../broker/core/records.ts'
import { operationView } from '../../broker/views.ts'
import type { EventCode } from '../../proto/event-codes.ts'
import { type CheckerOf, isEnded, nameOf } from './checker.ts'
import { Tally } from './tally.ts'

const endedStates = ['completed', 'failed', 'skipped']

/** Counts add up at every commit; at the end Updated + Errors = Sensors, and what is stored is counted once more. */
export const counts: CheckerOf = report => {
  const check = (operation: Operation, found: Tally): void => {
    const { pending, inProgress } = operation.counts
    if (!isSame(operation.counts, found))
      report(`${nameOf(operation.id)} counts ${told(operation.counts)}, its executions ${tallied(found)}`)
    if (!isEnded(operation)) return
    if (pending + inProgress > 0)
      report(`${nameOf(operation.id)} is ${operation.state} with ${pending} pending and ${inProgress} in progress`)
    const view = operationView(operation)
    if (view.updated + view.errors !== view.sensors)
      report(`${nameOf(operation.id)}: updated ${view.updated} + errors ${view.errors}, sensors ${view.sensors}`)
  }
  return {
    name: 'counts',
    committed({ operations, executions }, ledger) {
      const touched = new Set([
        ...operations.map(({ after }) => after.id),
        ...executions.map(({ after }) => after.operation),
      ])
      for (const id of touched) {
        const operation = ledger.operations.get(id)
        if (operation === undefined) report(`${nameOf(id)} has executions and is not there`)
        else check(operation, ledger.tally(id))
      }
    },
    async ended({ contents, ledger }) {
      for (const operation of ledger.operations.values()) {
        const found = new Tally()
        const { items } = await contents.executions(operation.id, { limit: 1000 })
        for (const execution of items) found.replace(undefined, execution)
        check((await contents.operation(operation.id)) ?? operation, found)
      }
    },
  }
}

/** Every execution ends once; only a provisional ending is replaced, and only before the operation has ended. */
export const endings: CheckerOf = report => ({
  name: 'endings',
  committed({ executions, operations, changes }) {
    const seen = new Set<string>()
    // Executions stand in the order of their changes.
    let place = 0
    for (const change of changes) {
      if (change.kind !== 'put-execution') continue
      const { execution, previous } = change
      const before = executions[place]?.before
      place += 1
      const key = `${execution.operation} ${execution.device}`
      if (!seen.has(key) && before?.state !== previous)
        report(
          `${nameOf(execution.operation, execution.device)} written over ${previous ?? 'nothing'}, it was ${before?.state ?? 'not there'}`,
        )
      seen.add(key)
    }
    for (const { before, after } of executions) {
      const name = nameOf(after.operation, after.device)
      if (after.attempt < (before?.attempt ?? 0)) report(`${name} went back from attempt ${before?.attempt}`)
      if (before === undefined || !endedStates.includes(before.state)) continue
      if (before.provisional !== true) report(`${name} ended as ${before.code} and became ${after.state} ${after.code}`)
      else if (!endedStates.includes(after.state)) report(`${name} ended provisionally and is ${after.state} again`)
      else if (!['SYS_100', 'SYS_104', 'SYS_111'].includes(before.code ?? ''))
        report(`${name} was provisional with ${before.code}`)
    }
    for (const { before, after } of operations) {
      if (before === undefined || !isEnded(before)) continue
      report(`${nameOf(after.id)} was ${before.state} and was written again`)
    }
    const written = new Set(operations.map(({ after }) => after.id))
    for (const { before, after } of executions) {
      // A step moves no count of the operation; a state does.
      if (!written.has(after.operation) && before?.state !== after.state)
        report(`${nameOf(after.operation, after.device)} became ${after.state} without its operation`)
    }
  },
})

function isSame(
  { total, pending, inProgress, completed, failed, skipped, byCode }: OperationCounts,
  found: Tally,
): boolean {
  const sameStates =
    total === found.total &&
    pending === found.of('pending') &&
    inProgress === found.of('in-progress') &&
    completed === found.of('completed') &&
    failed === found.of('failed') &&
    skipped === found.of('skipped')
  if (!sameStates) return false
  let codesCount = 0
  for (const [code, count] of Object.entries(byCode)) {
    if (count === 0) continue
    codesCount += 1
    if (found.byCode.get(code as EventCode) !== count) return false
  }
  return codesCount === found.byCode.size
}

function told({ total, pending, inProgress, completed, failed, skipped, byCode }: OperationCounts): string {
  return text({ total, pending, inProgress, completed, failed, skipped, ...byCode })
}

function tallied(found: Tally): string {
  const [pending, inProgress, completed] = [found.of('pending'), found.of('in-progress'), found.of('completed')]
  const [failed, skipped, codes] = [found.of('failed'), found.of('skipped'), Object.fromEntries(found.byCode)]
  return text({ total: found.total, pending, inProgress, completed, failed, skipped, ...codes })
}

function text(counts: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(' ')
}
