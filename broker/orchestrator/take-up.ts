// What is found unfinished at a start: each operation under a new lease, with its executions in progress.
import type { DeviceId } from '../../proto/ids.ts'
import { RateWindow } from '../core/rate.ts'
import type { Execution, Operation } from '../core/records.ts'
import type { Log, Store } from '../ports.ts'
import type { FleetClock } from './fleet-clock.ts'
import { releaseOf } from './releases.ts'
import { RunningOperation } from './running-operation.ts'

/** A rate counts over any 60 s; what the last minute before a start saw is not known. */
const rateMemoryMs = 60_000
const pageSize = 1000

export interface TakenUp {
  readonly running: RunningOperation
  readonly executions: readonly Execution[]
}

/** The lease is durable when an operation is given. Rejects with StoreDamaged, StoreUnavailable. */
export async function* takenUp(
  store: Store,
  clock: FleetClock,
  log: Log,
  readyMax: number,
): AsyncGenerator<TakenUp, void> {
  for (const stored of await store.unfinishedOperations()) {
    const release = await releaseOf(store, stored)
    const operation: Operation = { ...stored, lease: stored.lease + 1 }
    await store.commit([{ kind: 'put-operation', operation }])
    const rate = new RateWindow(
      operation.handOverCount > 0 ? clock.monotonic() + rateMemoryMs : Number.NEGATIVE_INFINITY,
    )
    const executions: Execution[] = []
    for (let after: DeviceId | undefined, more = true; more; ) {
      const page = { limit: pageSize, ...(after === undefined ? {} : { after }) }
      const found = await store.executions(operation.id, { state: 'in-progress', ...page })
      executions.push(...found.items)
      after = found.items.at(-1)?.device
      more = found.hasMore
    }
    yield { running: new RunningOperation(operation, release, readyMax, rate), executions }
    log.info({ event: 'operation-resumed', operation: operation.id, lease: operation.lease }, 'operation resumed')
  }
}
