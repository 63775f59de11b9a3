// All use cases over one set of dependencies.
import { Answers } from './answers.ts'
import { auditUseCases } from './audit-reading.ts'
import type { Dependencies } from './dependencies.ts'
import { certificateUseCases } from './device-certificates.ts'
import { deviceLogUseCases } from './device-logs.ts'
import { deviceUseCases } from './devices.ts'
import { eventUseCases } from './events.ts'
import { executionUseCases } from './executions.ts'
import { operationControlUseCases } from './operation-control.ts'
import { operationUseCases } from './operations.ts'
import { principalUseCases } from './principals.ts'
import { releaseUseCases } from './releases.ts'
import { serially } from './serially.ts'
import type { UseCases } from './use-cases.ts'
import { watchUseCases } from './watching.ts'
import { webhookUseCases } from './webhooks.ts'

export function assembleUseCases(parts: Omit<Dependencies, 'naming' | 'answers'>): UseCases {
  const dependencies: Dependencies = { ...parts, naming: serially(), answers: new Answers(parts.store, parts.clock) }
  return {
    ...deviceUseCases(dependencies),
    ...certificateUseCases(dependencies),
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
