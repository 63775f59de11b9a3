// The records agree with one another: counts with executions, one ending each, nothing in an ended operation moves.
import type { Execution, Operation } from '../../broker/core/records.ts'
import { operationView } from '../../broker/views.ts'
import { type CheckerOf, isEnded, nameOf } from './checker.ts'

const endedStates = ['completed', 'failed', 'skipped']

/** Counts add up at every commit; at the end Updated + Errors = Sensors. */
export const counts: CheckerOf = report => {
  const check = (operation: Operation, all: readonly Execution[]): void => {
    const found = tallied(all)
    const { total, pending, inProgress, completed, failed, skipped, byCode } = operation.counts
    const said = text({ total, pending, inProgress, completed, failed, skipped, ...byCode })
    if (text(found) !== said) report(`${nameOf(operation.id)} counts ${said}, its executions ${text(found)}`)
    if (isEnded(operation) && pending + inProgress > 0)
      report(`${nameOf(operation.id)} is ${operation.state} with ${pending} pending and ${inProgress} in progress`)
    const view = operationView(operation)
    if (isEnded(operation) && view.updated + view.errors !== view.sensors)
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
        else check(operation, ledger.executions(id))
      }
    },
    async ended({ contents, ledger }) {
      for (const operation of ledger.operations.values()) {
        const stored = await contents.executions(operation.id, { limit: 1000 })
        check((await contents.operation(operation.id)) ?? operation, stored.items)
      }
    },
  }
}

/** Every execution ends once; only a provisional ending is replaced, and only before the operation has ended. */
export const endings: CheckerOf = report => ({
  name: 'endings',
  committed({ executions, operations, changes }) {
    for (const change of changes) {
      if (change.kind !== 'put-execution') continue
      const { execution, previous } = change
      const first = executions.find(
        ({ after }) => after.operation === execution.operation && after.device === execution.device,
      )
      const isFirst = changes.find(
        other =>
          other.kind === 'put-execution' &&
          other.execution.operation === execution.operation &&
          other.execution.device === execution.device,
      )
      if (isFirst === change && first?.before?.state !== previous)
        report(
          `${nameOf(execution.operation, execution.device)} written over ${previous ?? 'nothing'}, it was ${first?.before?.state ?? 'not there'}`,
        )
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
    for (const { before, after } of executions) {
      // A step moves no count of the operation; a state does.
      const alone = !operations.some(({ after: operation }) => operation.id === after.operation)
      if (alone && before?.state !== after.state)
        report(`${nameOf(after.operation, after.device)} became ${after.state} without its operation`)
    }
  },
})

function tallied(all: readonly Execution[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {
    total: all.length,
    pending: 0,
    inProgress: 0,
    completed: 0,
    failed: 0,
    skipped: 0,
  }
  for (const { state, code } of all) {
    const name = state === 'in-progress' ? 'inProgress' : state
    found[name] = (found[name] ?? 0) + 1
    if (code !== undefined) found[code] = (found[code] ?? 0) + 1
  }
  return found
}

function text(counts: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(' ')
}
