// Waves: never more devices than the wave takes, and the next one only after the success and the soak of the one before,
// or because a person let it pass.
import type { Operation } from '../../broker/core/records.ts'
import { type CheckerOf, isHandOver, nameOf } from './checker.ts'
import type { Ledger } from './ledger.ts'

export const waves: CheckerOf = report => ({
  name: 'waves',
  committed({ executions, decided }, ledger) {
    for (const { before, after } of executions.filter(isHandOver)) {
      const operation = ledger.operations.get(after.operation)
      if (operation === undefined || operation.policy.waves.length === 0 || (before?.attempt ?? 0) > 0) continue
      const name = nameOf(operation.id, after.device)
      const all = ledger.executions(operation.id)
      const index = after.wave ?? operation.policy.waves.length
      const wave = operation.policy.waves[index]
      if (wave !== undefined) {
        const { kind, value } = wave.size
        const size = kind === 'count' ? value : Math.max(1, Math.ceil((all.length * value) / 100))
        const count = all.filter(execution => execution.attempt > 0 && execution.wave === index).length
        if (count > size) report(`${name} is number ${count} of wave ${index}, which takes ${size}`)
      }
      for (let passed = 0; passed < index; passed += 1) {
        const reason = notPassed(operation, passed, ledger, decided.fleetMs)
        if (reason !== undefined) report(`${name} handed over in wave ${index}, but wave ${passed} ${reason}`)
      }
    }
  },
})

/** Why the wave cannot be behind us; undefined when it is. */
function notPassed({ id, policy }: Operation, index: number, { audits }: Ledger, now: number): string | undefined {
  const rule = `waves.${index}`
  const told = audits.filter(audit => audit.operation === id)
  const ofRule = (action: string) =>
    told.findIndex(audit => audit.actor.kind === 'policy' && audit.actor.rule === rule && audit.action === action)
  const succeeded = told[ofRule('operation.wave-succeeded')]
  const soakMs = (policy.waves[index]?.soakMinutes ?? 0) * 60_000
  if (succeeded !== undefined && now >= succeeded.at + soakMs) return undefined
  const paused = ofRule('operation.pause')
  const resumed = paused >= 0 && told.slice(paused).some(({ action }) => action === 'operation.resume')
  if (resumed && succeeded === undefined) return undefined
  return succeeded === undefined ? 'has not succeeded' : `soaks for ${succeeded.at + soakMs - now} ms more`
}
