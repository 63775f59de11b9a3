// Places among those in progress: of each operation, of the broker, of each device. Looked at after every durable write.
import { type CheckerOf, isHandOver, nameOf } from './checker.ts'
import type { Ledger } from './ledger.ts'

/** In progress ≤ limit. A person may lower the limit below what runs; then nothing new is handed over. */
export function permits(inProgressMax: number): CheckerOf {
  return report => ({
    name: 'permits',
    committed({ executions }, ledger) {
      const touched = new Set(executions.filter(isHandOver).map(({ after }) => after.operation))
      if (touched.size === 0) return
      for (const id of touched) {
        const operation = ledger.operations.get(id)
        if (operation === undefined) continue
        const all = ledger.executions(id)
        const inProgress = all.filter(({ state }) => state === 'in-progress').length
        const { concurrency, concurrencyPercent = 100 } = operation.policy
        const limit = Math.min(concurrency, Math.max(1, Math.ceil((all.length * concurrencyPercent) / 100)))
        if (inProgress > limit) report(`${nameOf(id)}: ${inProgress} in progress, limit ${limit}`)
      }
      const all = inProgressOf(ledger).length
      if (all > inProgressMax) report(`${all} in progress over all operations, limit ${inProgressMax}`)
    },
  })
}

/** One execution in progress a device, over all operations. */
export const onePerDevice: CheckerOf = report => ({
  name: 'one-per-device',
  committed({ executions }, ledger) {
    for (const { device } of executions.filter(isHandOver).map(({ after }) => after)) {
      const busyIn = inProgressOf(ledger).filter(execution => execution.device === device)
      if (busyIn.length > 1)
        report(`${device} is in progress in ${busyIn.map(({ operation }) => nameOf(operation)).join(' and ')}`)
    }
  },
})

/** Hand-overs that are durable within any 60 s, retries included, against the rate at that moment. */
export const rate: CheckerOf = report => {
  const times = new Map<string, number[]>()
  return {
    name: 'rate',
    committed({ executions, operations, written }, ledger) {
      const counts = new Map<string, number>()
      for (const step of executions.filter(isHandOver)) {
        const id = step.after.operation
        counts.set(id, (counts.get(id) ?? 0) + 1)
        times.set(id, [...(times.get(id) ?? []), written.trueMs])
      }
      for (const [id, count] of counts) {
        const now = [...ledger.operations.values()].find(operation => operation.id === id)
        const before = operations.find(({ after }) => after.id === id)?.before
        if (now?.policy.rate === undefined || now.override !== undefined) continue
        const { maximumPerMinute, exponential } = now.policy.rate
        let limit = maximumPerMinute
        if (exponential !== undefined) {
          const { basePerMinute, factor, criterion } = exponential
          const succeeded = ledger
            .executions(now.id)
            .filter(({ attempt, code, state }) => attempt > 0 && (state === 'completed' || code === 'SYS_110'))
          // As it was before these: a hand-over does not raise its own limit.
          const reached = criterion.kind === 'notified' ? (before?.handOverCount ?? 0) : succeeded.length
          limit = Math.min(limit, Math.floor(basePerMinute * factor ** Math.floor(reached / criterion.count)))
        }
        const inMinute = (times.get(id) ?? []).filter(time => time > written.trueMs - 60_000)
        times.set(id, inMinute)
        if (inMinute.length > limit)
          report(`${nameOf(now.id)}: ${inMinute.length} hand-overs in 60 s (${count} now), rate ${limit}`)
      }
    },
  }
}

function inProgressOf(ledger: Ledger) {
  return [...ledger.operations.keys()].flatMap(id =>
    ledger.executions(id).filter(({ state }) => state === 'in-progress'),
  )
}
