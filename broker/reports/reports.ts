// What is counted beside the work for people who look at the fleet. But for the index nothing is read before somebody asks; all of it ends
// with the live feed, before the store is closed.
import type { LiveFeed } from '../orchestrator/live.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { AuditCheck } from './audit-check.ts'
import { FailureTally } from './failure-tally.ts'
import { FleetCensus } from './fleet-census.ts'
import { FleetIndex } from './fleet-index.ts'

export interface Reports {
  readonly fleet: FleetCensus
  readonly failures: FailureTally
  readonly auditCheck: AuditCheck
  readonly index: FleetIndex
}

/** `clock`: the fleet's, by which events are dated. */
export function openReports(parts: {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly live: LiveFeed
}): Reports {
  const { store, clock, log, live } = parts
  const fleet = new FleetCensus(store, clock, log)
  const failures = new FailureTally(store, clock, log)
  const auditCheck = new AuditCheck(store, clock, log)
  const index = new FleetIndex(store, clock, log)
  live.subscribe(failures)
  live.subscribe({
    event() {},
    operation() {},
    device: device => index.device(device),
    deviceGone: id => index.deviceGone(id),
    closed() {
      index.close()
      fleet.close()
      auditCheck.close()
    },
  })
  return { fleet, failures, auditCheck, index }
}
