// Places among those in progress: of each operation, of the broker, of each device. Looked at after every durable write.
import type { OperationId } from '../../proto/ids.ts'
import { type CheckerOf, isHandOver, nameOf } from './checker.ts'

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
        const tally = ledger.tally(id)
        const inProgress = tally.of('in-progress')
        const { concurrency, concurrencyPercent = 100 } = operation.policy
        const limit = Math.min(concurrency, Math.max(1, Math.ceil((tally.total * concurrencyPercent) / 100)))
        if (inProgress > limit) report(`${nameOf(id)}: ${inProgress} in progress, limit ${limit}`)
      }
      const all = ledger.inProgressCount
      if (all > inProgressMax) report(`${all} in progress over all operations, limit ${inProgressMax}`)
    },
  })
}

/** One execution in progress a device, over all operations. */
export const onePerDevice: CheckerOf = report => ({
  name: 'one-per-device',
  committed({ executions }, ledger) {
    for (const { device } of executions.filter(isHandOver).map(({ after }) => after)) {
      const busyIn = ledger.inProgressOf(device)
      if (busyIn.length > 1)
        report(`${device} is in progress in ${busyIn.map(operation => nameOf(operation)).join(' and ')}`)
    }
  },
})

/** Hand-overs that are durable within any 60 s, retries included, against the rate at that moment. */
export const rate: CheckerOf = report => {
  const times = new Map<OperationId, number[]>()
  return {
    name: 'rate',
    committed({ executions, operations, written }, ledger) {
      const counts = new Map<OperationId, number>()
      for (const step of executions.filter(isHandOver)) {
        const id = step.after.operation
        counts.set(id, (counts.get(id) ?? 0) + 1)
        const known = times.get(id)
        if (known === undefined) times.set(id, [written.trueMs])
        else known.push(written.trueMs)
      }
      for (const [id, count] of counts) {
        const now = ledger.operations.get(id)
        const before = operations.find(({ after }) => after.id === id)?.before
        if (now?.policy.rate === undefined || now.override !== undefined) continue
        const { maximumPerMinute, exponential } = now.policy.rate
        let limit = maximumPerMinute
        if (exponential !== undefined) {
          const { basePerMinute, factor, criterion } = exponential
          const { succeeded } = ledger.tally(now.id)
          // As it was before these: a hand-over does not raise its own limit.
          const reached = criterion.kind === 'notified' ? (before?.handOverCount ?? 0) : succeeded
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
