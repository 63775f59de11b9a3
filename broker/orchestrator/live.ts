// Live JSON for operators: each logged event at once, the state of an operation at each change of state and otherwise at
// most twice a second. Nothing waits for a reader; what a reader missed, the HTTP API and the next message tell.
import { liveEventTopic, operationStateTopic } from '../../proto/topics.ts'
import type { EventRecord, Operation } from '../core/records.ts'
import type { Clock, OperatorChannel } from '../ports.ts'
import { eventView, operationView } from '../views.ts'

const pauseMs = 500

export class LiveFeed {
  readonly #clock: Clock
  readonly #channel: OperatorChannel
  readonly #waiting = new Map<Operation['id'], Operation>()
  readonly #lastStates = new Map<Operation['id'], Operation['state']>()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, channel: OperatorChannel) {
    this.#clock = clock
    this.#channel = channel
  }

  events(events: readonly EventRecord[]): void {
    for (const event of events) this.#channel.publish(liveEventTopic(event.device), eventView(event))
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
  }

  #publish(operation: Operation): void {
    this.#waiting.delete(operation.id)
    if (operation.completedAt === undefined) this.#lastStates.set(operation.id, operation.state)
    else this.#lastStates.delete(operation.id)
    this.#channel.publish(operationStateTopic(operation.id), operationView(operation))
  }
}
