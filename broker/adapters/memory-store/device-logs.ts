// Logs of devices in memory, by operation and event, each with its lines; forgotten with their events.
import { type EventId, eventNumberOf, type OperationId } from '../../../proto/ids.ts'
import type { DeviceLog } from '../../core/records.ts'
import type { Page } from '../../ports.ts'
import { SortedRecords } from './sorted-records.ts'

export class DeviceLogs {
  readonly #logs = new Map<OperationId, SortedRecords<DeviceLog>>()
  readonly #contents = new Map<EventId, Uint8Array>()

  put(log: DeviceLog, content: Uint8Array): undefined {
    const logs = this.#logs.get(log.operation) ?? new SortedRecords<DeviceLog>()
    this.#logs.set(log.operation, logs)
    this.#contents.set(log.event, content)
    logs.put(log.event, log)
  }

  get(operation: OperationId, event: EventId): DeviceLog | undefined {
    return this.#logs.get(operation)?.get(event)
  }

  page(operation: OperationId, page: { readonly after?: EventId; readonly limit: number }): Page<DeviceLog> {
    return (this.#logs.get(operation) ?? new SortedRecords<DeviceLog>()).page(page)
  }

  content(operation: OperationId, event: EventId): Uint8Array | undefined {
    const content = this.get(operation, event) && this.#contents.get(event)
    return content === undefined ? undefined : Uint8Array.from(content)
  }

  /** Those of events below that number are gone. */
  trim(oldestEvent: number): void {
    for (const event of this.#contents.keys())
      if (eventNumberOf(event) < oldestEvent) {
        this.#contents.delete(event)
        for (const logs of this.#logs.values()) logs.delete(event)
      }
  }
}
