// The recent log of a device whose attempt failed: kept once for the event that told the failure, acknowledged when it is
// stored. The device sends it after that event was acknowledged, so the event is in the store, and the operation may have
// ended with it.
import type { DeviceId } from '../../proto/ids.ts'
import type { LogReport } from '../../proto/log-report.ts'
import type { EventRecord } from '../core/records.ts'
import type { Context, Task } from './task.ts'
import type { Turn } from './turn.ts'

/** Words of one device in one operation that are looked at, newest first: far more than one attempt has. */
const eventsMax = 64

export class LogTask implements Task {
  readonly name = 'device-log'
  readonly #context: Context
  readonly #device: DeviceId
  readonly #report: LogReport
  #event: EventRecord | undefined

  constructor(context: Context, device: DeviceId, report: LogReport) {
    this.#context = context
    this.#device = device
    this.#report = report
  }

  /** Leaves out what nobody asked for, what tells of no failure, and what is there already: nothing to keep then. */
  async load(): Promise<void> {
    const { store, running } = this.#context
    const { operation: id, attempt } = this.#report
    const operation = running.get(id)?.operation ?? (await store.operation(id))
    if (operation?.policy.logOnFailure !== true) return
    const execution = await store.execution(id, this.#device)
    if (execution === undefined || attempt > execution.attempt) return
    const page = await store.events({ device: this.#device, operation: id, order: 'DESC', limit: eventsMax })
    const failures = page.items.filter(event => tellsFailureOf(event, attempt))
    for (const { id: event } of failures) if ((await store.deviceLog(id, event)) !== undefined) return
    // What the device said again of an attempt that was judged already changed nothing.
    this.#event = failures.find(({ changes }) => changes.state !== undefined) ?? failures[0]
  }

  apply(turn: Turn): void {
    const event = this.#event
    if (event === undefined) return
    const { operation, attempt, lines, sizeBytes, cut } = this.#report
    const at = this.#context.clock.now()
    turn.put({
      kind: 'put-device-log',
      log: { event: event.id, operation, device: this.#device, attempt, sizeBytes, cut, at },
      content: lines,
    })
  }
}

/** The device's own code, or the broker's word about what the device said of a command or ran after a restart. */
function tellsFailureOf({ type, code, source, changes, data }: EventRecord, attempt: number): boolean {
  if (source !== undefined) return type === 'FAIL' && (source.attempt ?? attempt) === attempt
  return code === 'SYS_111' && (type === 'FAIL' || data.retry !== undefined) && changes.state !== undefined
}
