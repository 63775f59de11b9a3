// The durable records as the commits make them: kept by the checkers themselves, so that what a store forgets is seen.
import type { Device } from '../../broker/core/device.ts'
import type { AuditEntry, EventRecord, Execution, Operation } from '../../broker/core/records.ts'
import type { Change } from '../../broker/ports.ts'
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { Commit, ExecutionStep, Moment, OperationStep } from './checker.ts'

export class Ledger {
  readonly operations = new Map<OperationId, Operation>()
  readonly #executions = new Map<OperationId, Map<DeviceId, Execution>>()
  readonly devices = new Map<DeviceId, Device>()
  readonly audits: AuditEntry[] = []
  savedClockMs: number | undefined

  executions(operation: OperationId): readonly Execution[] {
    return [...(this.#executions.get(operation)?.values() ?? [])]
  }

  execution(operation: OperationId, device: DeviceId): Execution | undefined {
    return this.#executions.get(operation)?.get(device)
  }

  /** Takes a commit in. */
  take(changes: readonly Change[], events: readonly EventRecord[], decided: Moment, written: Moment): Commit {
    const executions: ExecutionStep[] = []
    const operations = new Map<OperationId, OperationStep>()
    const devicesBefore = new Map<DeviceId, Device | undefined>()
    const device = (id: DeviceId): void => {
      if (!devicesBefore.has(id)) devicesBefore.set(id, this.devices.get(id))
    }
    for (const change of changes)
      switch (change.kind) {
        case 'put-execution': {
          const { execution } = change
          executions.push({ before: this.execution(execution.operation, execution.device), after: execution })
          const all = this.#executions.get(execution.operation) ?? new Map<DeviceId, Execution>()
          this.#executions.set(execution.operation, all.set(execution.device, execution))
          break
        }
        case 'put-operation': {
          const { operation } = change
          const before = operations.get(operation.id)?.before ?? this.operations.get(operation.id)
          operations.set(operation.id, { before, after: operation })
          this.operations.set(operation.id, operation)
          break
        }
        case 'put-device':
          device(change.device.id)
          this.devices.set(change.device.id, change.device)
          break
        case 'delete-device':
          device(change.device)
          this.devices.delete(change.device)
          break
        case 'append-audit':
          this.audits.push(change.entry)
          break
        case 'put-clock':
          this.savedClockMs = change.at
          break
        default:
      }
    return { changes, events, executions, operations: [...operations.values()], devicesBefore, decided, written }
  }
}
