// What the agent has to say to the broker, in order, until it is acknowledged: after each connect the hello, then the
// events one after another, each awaited to its PUBACK, then the reports that commands wait for. Holds no durable state
// itself: the events given here are in the journal already, and an acknowledged one is reported so that it can be taken
// out; a report is made anew by the command that is repeated after a power cut.
import type { DeviceEvent, EventContent } from '../../proto/messages.ts'
import type { OfferMessage, TrustMessage } from '../../proto/offer-messages.ts'
import { growingDelayMs } from '../core/backoff.ts'
import { LinkDown } from '../errors.ts'
import type { AgentPorts, Timer } from '../ports.ts'
import type { Bytes } from './reports.ts'

/**
 * The outbox is bounded without ever losing a result. Each operation ends in one result, so with this many events waiting
 * no further operation is heard: the broker says it again until it is answered. The steps of the job under way are left
 * out from `outboxStepsMax` on; its result, and that of a withdrawal, is always taken. Nothing that has a number is ever
 * dropped: the broker counts on numbers without gaps.
 */
export const outboxOffersMax = 64
export const outboxStepsMax = 128

/** May this be heard with so many events waiting? `underWay`: the operation the device is busy with. */
export function isHeard(
  message: OfferMessage | TrustMessage,
  waitingCount: number,
  underWay: string | undefined,
): boolean {
  // A trust document makes no event.
  if (message.kind === 'trust' || waitingCount < outboxOffersMax || message.operation === underWay) return true
  return message.kind !== 'offer' && message.kind !== 'withdraw'
}

/** Is this worth a place with so many events waiting? */
export function isKept(content: EventContent, waitingCount: number): boolean {
  if (content.kind === 'code' || waitingCount < outboxStepsMax) return true
  return ['withdrawn', 'done', 'failed'].includes(content.step)
}

/** A configuration or a log on its way; `settle` ends the wait of who sent it. */
interface Report {
  readonly uplink: 'configuration' | 'log'
  readonly bytes: Uint8Array
  readonly settle: (failure?: LinkDown) => void
  tries: number
}

/** Connections that may end before the broker has taken a report. */
const reportTriesMax = 8

export interface OutboxHandlers {
  /** The hello as it is now; what it signs may take a while. */
  hello(): Bytes
  /** The event as it travels. */
  event(event: DeviceEvent): Bytes
  acknowledged(event: DeviceEvent): void
  /** Hello and all events are through. Called again each time the outbox becomes empty. */
  drained(): void
}

export class Outbox {
  readonly #ports: Pick<AgentPorts, 'clock' | 'link' | 'log'>
  readonly #handlers: OutboxHandlers
  readonly #events: DeviceEvent[]
  readonly #reports: Report[] = []
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

  /** Resolves at its PUBACK. Rejects with LinkDown when aborted, or when one connection after another ended over it. */
  async report(uplink: Report['uplink'], bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new LinkDown('aborted before it was sent')
    await new Promise<void>((resolve, reject) => {
      const aborted = (): void => settle(new LinkDown('aborted'))
      const settle = (failure?: LinkDown): void => {
        signal.removeEventListener('abort', aborted)
        const place = this.#reports.indexOf(report)
        if (place >= 0) this.#reports.splice(place, 1)
        if (failure === undefined) resolve()
        else reject(failure)
      }
      const report: Report = { uplink, bytes, settle, tries: 0 }
      signal.addEventListener('abort', aborted)
      this.#reports.push(report)
      void this.#send()
    })
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
    return this.#helloWanted || this.#events.length > 0 || this.#reports.length > 0
  }

  async #sendOne(): Promise<void> {
    const { link } = this.#ports
    if (this.#helloWanted) {
      this.#helloWanted = false
      const hello = this.#handlers.hello()
      if (!(hello instanceof Promise)) return link.publish('hello', hello)
      const signed = await hello
      if (!this.#isOvertaken()) await link.publish('hello', signed)
      return
    }
    const [event] = this.#events
    if (event === undefined) return this.#sendReport()
    const bytes = this.#handlers.event(event)
    if (bytes instanceof Promise) {
      const signed = await bytes
      if (this.#isOvertaken()) return
      await link.publish('events', signed)
    } else await link.publish('events', bytes)
    this.#events.shift()
    this.#handlers.acknowledged(event)
  }

  /** While it was signed the line went, or a hello became due: that goes first, and this is made anew. */
  #isOvertaken(): boolean {
    return !this.#connected || this.#helloWanted
  }

  async #sendReport(): Promise<void> {
    const [report] = this.#reports
    if (report === undefined) return
    report.tries += 1
    try {
      await this.#ports.link.publish(report.uplink, report.bytes)
    } catch (err) {
      if (report.tries >= reportTriesMax) report.settle(new LinkDown('the broker does not take it', { cause: err }))
      throw err
    }
    report.settle()
  }

  #delayMs(): number {
    this.#failures += 1
    return growingDelayMs(this.#failures - 1, 1000, 64_000)
  }
}
