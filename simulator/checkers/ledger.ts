// The durable records as the commits make them: kept by the checkers themselves, so that what a store forgets is seen.
import type { Device } from '../../broker/core/device.ts'
import type { AuditEntry, EventRecord, Execution, Operation } from '../../broker/core/records.ts'
import type { Change } from '../../broker/ports.ts'
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { Commit, ExecutionStep, Moment, OperationStep } from './checker.ts'
import { Tally } from './tally.ts'

export class Ledger {
  readonly operations = new Map<OperationId, Operation>()
  readonly #executions = new Map<OperationId, Map<DeviceId, Execution>>()
  readonly #tallies = new Map<OperationId, Tally>()
  readonly #auditsOf = new Map<OperationId, AuditEntry[]>()
  /** Operations in which a device is in progress, devices in none left out. */
  readonly #busy = new Map<DeviceId, Set<OperationId>>()
  #inProgressCount = 0
  readonly devices = new Map<DeviceId, Device>()
  readonly audits: AuditEntry[] = []
  savedClockMs: number | undefined

  executions(operation: OperationId): readonly Execution[] {
    return [...(this.#executions.get(operation)?.values() ?? [])]
  }

  /** How its executions stand, counted as they are written. */
  tally(operation: OperationId): Tally {
    return this.#tallies.get(operation) ?? noExecutions
  }

  /** Over all operations. */
  get inProgressCount(): number {
    return this.#inProgressCount
  }

  /** The operations in which this device is in progress. */
  inProgressOf(device: DeviceId): readonly OperationId[] {
    return [...(this.#busy.get(device) ?? [])]
  }

  /** Its records, the oldest first. */
  auditsOf(operation: OperationId): readonly AuditEntry[] {
    return this.#auditsOf.get(operation) ?? []
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
        case 'put-execution':
          executions.push(this.#put(change.execution))
          break
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
        case 'put-journals': {
          device(change.device)
          const known = this.devices.get(change.device)
          if (known !== undefined) this.devices.set(change.device, { ...known, journals: change.journals })
          break
        }
        case 'delete-device':
          device(change.device)
          this.devices.delete(change.device)
          break
        case 'append-audit':
          this.#audited(change.entry)
          break
        case 'put-clock':
          this.savedClockMs = change.at
          break
        default:
      }
    return { changes, events, executions, operations: [...operations.values()], devicesBefore, decided, written }
  }
  #put(execution: Execution): ExecutionStep {
    const { operation, device, state } = execution
    const all = this.#executions.get(operation) ?? new Map<DeviceId, Execution>()
    const before = all.get(device)
    this.#executions.set(operation, all.set(device, execution))
    const tally = this.#tallies.get(operation) ?? new Tally()
    this.#tallies.set(operation, tally)
    tally.replace(before, execution)
    const isBusy = state === 'in-progress'
    if (isBusy === (before?.state === 'in-progress')) return { before, after: execution }
    const busy = this.#busy.get(device) ?? new Set<OperationId>()
    if (isBusy) this.#busy.set(device, busy.add(operation))
    else if (busy.delete(operation) && busy.size === 0) this.#busy.delete(device)
    this.#inProgressCount += isBusy ? 1 : -1
    return { before, after: execution }
  }

  #audited(entry: AuditEntry): void {
    this.audits.push(entry)
    if (entry.operation === undefined) return
    const told = this.#auditsOf.get(entry.operation)
    if (told === undefined) this.#auditsOf.set(entry.operation, [entry])
    else told.push(entry)
  }
}

const noExecutions = new Tally()
