// All use cases over one set of dependencies.
import type { Dependencies } from './dependencies.ts'
import { deviceUseCases } from './devices.ts'
import { eventUseCases } from './events.ts'
import { operationUseCases } from './operations.ts'
import { principalUseCases } from './principals.ts'
import { releaseUseCases } from './releases.ts'
import { serially } from './serially.ts'
import type { UseCases } from './use-cases.ts'

export function assembleUseCases(parts: Omit<Dependencies, 'naming'>): UseCases {
  const dependencies: Dependencies = { ...parts, naming: serially() }
  return {
    ...deviceUseCases(dependencies),
    ...principalUseCases(dependencies),
    ...releaseUseCases(dependencies),
    ...operationUseCases(dependencies),
    ...eventUseCases(dependencies),
  }
}
