// What the agent has to say to the broker, in order, until it is acknowledged: after each connect the hello, then the
// events one after another, each awaited to its PUBACK. Holds no durable state itself: the events given here are in the
// journal already, and an acknowledged one is reported so that it can be taken out.
import { type DeviceEvent, encodeEvent } from '../../proto/messages.ts'
import { growingDelayMs } from '../core/backoff.ts'
import { LinkDown } from '../errors.ts'
import type { AgentPorts, Timer } from '../ports.ts'

export interface OutboxHandlers {
  /** The hello as it is now. */
  hello(): Uint8Array
  acknowledged(eventNumber: number): void
  /** Hello and all events are through. Called again each time the outbox becomes empty. */
  drained(): void
}

export class Outbox {
  readonly #ports: Pick<AgentPorts, 'clock' | 'link' | 'log'>
  readonly #handlers: OutboxHandlers
  readonly #events: DeviceEvent[]
  #connected = false
  #helloWanted = true
  #sending = false
  #failures = 0
  #timer: Timer | undefined

  constructor(
    ports: Pick<AgentPorts, 'clock' | 'link' | 'log'>,
    events: readonly DeviceEvent[],
    handlers: OutboxHandlers,
  ) {
    this.#ports = ports
    this.#events = [...events]
    this.#handlers = handlers
  }

  get events(): readonly DeviceEvent[] {
    return this.#events
  }

  get connected(): boolean {
    return this.#connected
  }

  append(events: readonly DeviceEvent[]): void {
    this.#events.push(...events)
    void this.#send()
  }

  sayHello(): void {
    this.#helloWanted = true
    void this.#send()
  }

  onConnected(): void {
    this.#connected = true
    this.#failures = 0
    this.sayHello()
  }

  /** No more is sent until the next connect. */
  onDisconnected(): void {
    this.#connected = false
    this.#timer?.cancel()
  }

  async #send(): Promise<void> {
    if (this.#sending || !this.#connected) return
    this.#sending = true
    try {
      // Looked at anew after each wait, and nothing is waited for between the last look and the end.
      while (this.#connected && this.#hasSomething()) {
        await this.#sendOne()
        this.#failures = 0
      }
    } catch (err) {
      // With the link down the next connect begins anew; any other refusal is tried again, ever more slowly.
      if (!(err instanceof LinkDown))
        this.#ports.log.warn({ event: 'publish-failed', err }, 'could not publish; trying again')
      this.#helloWanted = true
      this.#timer?.cancel()
      if (this.#connected) this.#timer = this.#ports.clock.after(this.#delayMs(), () => void this.#send())
    }
    this.#sending = false
    if (this.#connected && !this.#hasSomething()) this.#handlers.drained()
  }

  #hasSomething(): boolean {
    return this.#helloWanted || this.#events.length > 0
  }

  async #sendOne(): Promise<void> {
    const { link } = this.#ports
    if (this.#helloWanted) {
      this.#helloWanted = false
      await link.publish('hello', this.#handlers.hello())
      return
    }
    const [event] = this.#events
    if (event === undefined) return
    await link.publish('events', encodeEvent(event))
    this.#events.shift()
    this.#handlers.acknowledged(event.eventNumber)
  }

  #delayMs(): number {
    this.#failures += 1
    return growingDelayMs(this.#failures - 1, 1000, 64_000)
  }
}
