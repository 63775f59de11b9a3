// Waves: never more devices than the wave takes, and the next one only after the success and the soak of the one before,
// or because a person let it pass.
import type { AuditEntry, Operation } from '../../broker/core/records.ts'
import type { OperationId } from '../../proto/ids.ts'
import { type CheckerOf, isHandOver, nameOf } from './checker.ts'
import type { Ledger } from './ledger.ts'

export const waves: CheckerOf = report => ({
  name: 'waves',
  committed({ executions, changes, decided }, ledger) {
    // What was decided in the same breath may have come after the hand-over.
    const fresh = new Set(changes.flatMap(change => (change.kind === 'append-audit' ? [change.entry] : [])))
    for (const { before, after } of executions.filter(isHandOver)) {
      const operation = ledger.operations.get(after.operation)
      if (operation === undefined || operation.policy.waves.length === 0 || (before?.attempt ?? 0) > 0) continue
      const name = nameOf(operation.id, after.device)
      const tally = ledger.tally(operation.id)
      const index = after.wave ?? operation.policy.waves.length
      const wave = operation.policy.waves[index]
      if (wave !== undefined) {
        const { kind, value } = wave.size
        const size = kind === 'count' ? value : Math.max(1, Math.ceil((tally.total * value) / 100))
        const count = tally.handedOverIn(index)
        if (count > size) report(`${name} is number ${count} of wave ${index}, which takes ${size}`)
      }
      if (ledger.auditsOf(operation.id).some(audit => hasSucceeded(audit, operation.id, index) && !fresh.has(audit)))
        report(`${name} handed over in wave ${index}, which has succeeded`)
      for (let passed = 0; passed < index; passed += 1) {
        const reason = notPassed(operation, passed, ledger, decided.fleetMs)
        if (reason !== undefined) report(`${name} handed over in wave ${index}, but wave ${passed} ${reason}`)
      }
    }
  },
})

/** Why the wave cannot be behind us; undefined when it is. */
function notPassed({ id, policy }: Operation, index: number, ledger: Ledger, now: number): string | undefined {
  const rule = `waves.${index}`
  const { soakMinutes = 0, errorPercent = 0 } = policy.waves[index] ?? {}
  const told = ledger.auditsOf(id)
  const isOfRule = ({ actor }: AuditEntry): boolean => actor.kind === 'policy' && actor.rule === rule
  const succeeded = told.find(audit => hasSucceeded(audit, id, index))
  const rested = succeeded === undefined ? undefined : succeeded.at + soakMinutes * 60_000
  if (rested !== undefined && now >= rested) return undefined
  // Whoever resumes what the wave's failures have paused, in its rest too, passes it; a pause for its success is no such.
  const passed = told.some(
    (audit, at) =>
      isOfRule(audit) &&
      audit.action === 'operation.pause' &&
      (succeeded === undefined || hasErrors(audit, errorPercent)) &&
      told.slice(at).some(({ action }) => action === 'operation.resume'),
  )
  if (passed) return undefined
  return rested === undefined ? 'has not succeeded' : `soaks for ${rested - now} ms more`
}

function hasSucceeded({ actor, action, operation }: AuditEntry, id: OperationId, index: number): boolean {
  return (
    operation === id &&
    action === 'operation.wave-succeeded' &&
    actor.kind === 'policy' &&
    actor.rule === `waves.${index}`
  )
}

function hasErrors({ data }: AuditEntry, errorPercent: number): boolean {
  return Number(data.failed) * 100 > errorPercent * Number(data.executed)
}
