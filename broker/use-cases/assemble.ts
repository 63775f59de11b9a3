// All use cases over one set of dependencies.
import { openReports } from '../reports/reports.ts'
import { Answers } from './answers.ts'
import { auditUseCases } from './audit-reading.ts'
import { certificateRenewalUseCases } from './certificate-renewal.ts'
import type { Dependencies } from './dependencies.ts'
import { certificateUseCases } from './device-certificates.ts'
import { deviceLogUseCases } from './device-logs.ts'
import { deviceOperationUseCases } from './device-operations.ts'
import { deviceUseCases } from './devices.ts'
import { eventUseCases } from './events.ts'
import { executionUseCases } from './executions.ts'
import { fleetUseCases } from './fleet.ts'
import { operationControlUseCases } from './operation-control.ts'
import { operationUseCases } from './operations.ts'
import { principalUseCases } from './principals.ts'
import { releaseUseCases } from './releases.ts'
import { serially } from './serially.ts'
import type { UseCases } from './use-cases.ts'
import { watchUseCases } from './watching.ts'
import { webhookUseCases } from './webhooks.ts'

/** What they begin in the background ends with the live feed of the orchestrator. */
export function assembleUseCases(parts: Omit<Dependencies, 'naming' | 'answers' | 'reports'>): UseCases {
  const { store, clock, log, orchestrator } = parts
  const dependencies: Dependencies = {
    ...parts,
    naming: serially(),
    answers: new Answers(store, clock),
    reports: openReports({ store, clock, log, live: orchestrator.live }),
  }
  return {
    ...deviceUseCases(dependencies),
    ...deviceOperationUseCases(dependencies),
    ...fleetUseCases(dependencies),
    ...certificateUseCases(dependencies),
    ...certificateRenewalUseCases(dependencies),
    ...principalUseCases(dependencies),
    ...releaseUseCases(dependencies),
    ...operationUseCases(dependencies),
    ...operationControlUseCases(dependencies),
    ...executionUseCases(dependencies),
    ...deviceLogUseCases(dependencies),
    ...eventUseCases(dependencies),
    ...watchUseCases(dependencies),
    ...auditUseCases(dependencies),
    ...webhookUseCases(dependencies),
  }
}
