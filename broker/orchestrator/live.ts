// Live JSON for operators: each logged event at once, the state of an operation at each change of state and otherwise at
// most twice a second. By MQTT for everyone who may read it, and for listeners in this process (streams of the HTTP door).
// Nothing waits for a reader; what a reader missed, the event log and the next message tell.
import type { OperationView } from '../../proto/http-api.ts'
import type { DeviceId } from '../../proto/ids.ts'
import { liveEventTopic, operationStateTopic } from '../../proto/topics.ts'
import type { Device } from '../core/device.ts'
import type { EventRecord, Operation } from '../core/records.ts'
import type { Clock, OperatorChannel } from '../ports.ts'
import { eventView, operationView } from '../views.ts'

const pauseMs = 500

/** Must not throw and must not wait. */
export interface LiveListener {
  event(record: EventRecord): void
  /** `view`: made once for all listeners. */
  operation(operation: Operation, view: OperationView): void
  /** A record of the registry as it is from now on. */
  device?(device: Device): void
  deviceGone?(id: DeviceId): void
  /** Nothing more comes. */
  closed(): void
}

export class LiveFeed {
  readonly #clock: Clock
  readonly #channel: OperatorChannel
  readonly #throughputOf: (operation: Operation['id']) => number | undefined
  readonly #waiting = new Map<Operation['id'], Operation>()
  readonly #lastStates = new Map<Operation['id'], Operation['state']>()
  readonly #listeners = new Set<LiveListener>()
  #cancel: (() => void) | undefined

  /** `throughputOf`: bytes a second that go out for an operation now. */
  constructor(
    clock: Clock,
    channel: OperatorChannel,
    throughputOf: (operation: Operation['id']) => number | undefined = () => undefined,
  ) {
    this.#clock = clock
    this.#channel = channel
    this.#throughputOf = throughputOf
  }

  /** The result ends it. */
  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  events(events: readonly EventRecord[]): void {
    for (const event of events) {
      const topic = liveEventTopic(event.device)
      if (this.#channel.hasReaders?.(topic) !== false) this.#channel.publish(topic, eventView(event))
      for (const listener of this.#listeners) listener.event(event)
    }
  }

  /** Records that were written, and those that are gone: they are never both in one call. */
  devices(changed: Iterable<Device>, gone: Iterable<DeviceId>): void {
    for (const device of changed) for (const listener of this.#listeners) listener.device?.(device)
    for (const id of gone) for (const listener of this.#listeners) listener.deviceGone?.(id)
  }

  operation(operation: Operation): void {
    if (this.#lastStates.get(operation.id) !== operation.state) {
      this.#publish(operation)
      return
    }
    this.#waiting.set(operation.id, operation)
    this.#cancel ??= this.#clock.after(pauseMs, () => {
      this.#cancel = undefined
      for (const waiting of this.#waiting.values()) this.#publish(waiting)
    })
  }

  close(): void {
    this.#cancel?.()
    for (const listener of this.#listeners) listener.closed()
  }

  #publish(operation: Operation): void {
    this.#waiting.delete(operation.id)
    if (operation.completedAt === undefined) this.#lastStates.set(operation.id, operation.state)
    else this.#lastStates.delete(operation.id)
    const { id } = operation
    const view = operationView(operation, this.#throughputOf(id))
    this.#channel.publish(operationStateTopic(id), view)
    for (const listener of this.#listeners) listener.operation(operation, view)
  }
}
