// What is counted beside the work for people who look at the fleet. Nothing is read before somebody asks; all of it ends
// with the live feed, before the store is closed.
import type { LiveFeed } from '../orchestrator/live.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { AuditCheck } from './audit-check.ts'
import { FailureTally } from './failure-tally.ts'
import { FleetCensus } from './fleet-census.ts'

export interface Reports {
  readonly fleet: FleetCensus
  readonly failures: FailureTally
  readonly auditCheck: AuditCheck
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
  live.subscribe(failures)
  live.subscribe({
    event() {},
    operation() {},
    closed() {
      fleet.close()
      auditCheck.close()
    },
  })
  return { fleet, failures, auditCheck }
}
