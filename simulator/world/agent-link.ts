// The line of an agent in a world: the agent's port Link over the bytes of the wire. It dials, and dials again with full
// jitter, as the one over MQTT does.
import { jitteredDelayMs } from '../../agent/core/backoff.ts'
import { LinkDown } from '../../agent/errors.ts'
import type { Clock, Link, LinkHandlers, Random } from '../../agent/ports.ts'
import { reconnectDefaults } from '../../agent/settings/agent-defaults.ts'
import type { DeviceId } from '../../proto/ids.ts'
import { encodePresence, type Hello, readHello } from '../../proto/messages.ts'
import type { Wire } from './wire.ts'
import type { WireLine } from './wire-line.ts'

export interface AgentLinkParts {
  readonly wire: Wire
  readonly clock: Clock
  readonly random: Random
  readonly device: DeviceId
  readonly bytesPerSecond: number
  /** The program runs. */
  readonly alive: () => boolean
  /** There is a way to the broker. */
  readonly inReach: () => boolean
  /** What becomes of a hello on its way out: a device may lie. */
  readonly hello: (bytes: Uint8Array) => Uint8Array
  /** It leaves now. */
  readonly said: (hello: Hello) => void
}

export class AgentLink implements Link {
  readonly #parts: AgentLinkParts
  #handlers: LinkHandlers | undefined
  #line: WireLine | undefined
  #isUp = false
  #failures = 0
  #upAtMs = 0
  #session: string | undefined
  #closed = false
  #waiting = false

  constructor(parts: AgentLinkParts) {
    this.#parts = parts
  }

  get isUp(): boolean {
    return this.#isUp
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers
    this.#dial()
  }

  async publish(uplink: 'hello' | 'events' | 'configuration' | 'log', bytes: Uint8Array): Promise<void> {
    const line = this.#line
    if (!this.#isUp || line === undefined) throw new LinkDown('not connected')
    const { hello, said } = this.#parts
    const sent = uplink === 'hello' ? hello(bytes) : bytes
    if (uplink === 'hello') said(readHello(sent))
    await line.say(uplink, sent)
  }

  send(uplink: 'progress' | 'chunks/request', bytes: Uint8Array): void {
    if (this.#isUp) this.#line?.send(uplink, bytes)
  }

  join(session: string): void {
    this.#session = session
    if (this.#isUp) this.#line?.subscribe(session)
  }

  leave(): void {
    this.#session = undefined
    if (this.#isUp) this.#line?.subscribe(undefined)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.break(0)
  }

  /** There is a way again: whoever waits for his next try does not wait any more. */
  wake(): void {
    if (this.#handlers !== undefined && this.#line === undefined) this.#dial()
  }

  /** The way is gone, or the device goes down; the broker hears of it after that many milliseconds. */
  break(noticedAfterMs: number): void {
    const line = this.#line
    this.#line = undefined
    line?.leave(noticedAfterMs)
    if (this.#isUp) this.#down('the way is gone')
  }

  #dial(): void {
    const { alive, inReach, wire, device, bytesPerSecond, random } = this.#parts
    if (this.#closed || !alive() || !inReach() || this.#line !== undefined) return
    this.#line = wire.dial(
      {
        device,
        up: line => {
          if (line !== this.#line || !alive()) return
          this.#isUp = true
          this.#upAtMs = this.#parts.clock.monotonicMs()
          const connectionId = Buffer.from(random.bytes(8)).toString('hex')
          line.send('presence', encodePresence({ online: true, connectionId }))
          if (this.#session !== undefined) line.subscribe(this.#session)
          this.#handlers?.connected()
        },
        down: (line, reason) => {
          if (line !== this.#line) return
          this.#line = undefined
          this.#redial()
          if (this.#isUp) this.#down(reason)
        },
        message: (downlink, bytes) => {
          if (alive()) this.#handlers?.message(downlink, bytes)
        },
        broadcast: (channel, session, bytes) => {
          if (alive() && session === this.#session) this.#handlers?.broadcast(channel, session, bytes)
        },
      },
      bytesPerSecond,
    )
  }

  #down(reason: string): void {
    this.#isUp = false
    if (this.#parts.alive()) this.#handlers?.disconnected(reason)
  }

  #redial(): void {
    if (this.#waiting) return
    const { baseMs, capMs } = reconnectDefaults
    const { clock, random } = this.#parts
    const proved = this.#isUp && clock.monotonicMs() - this.#upAtMs >= 5 * baseMs
    this.#failures = proved ? 0 : this.#failures + 1
    this.#waiting = true
    clock.after(1 + jitteredDelayMs(Math.max(this.#failures - 1, 0), baseMs, capMs, random.fraction()), () => {
      this.#waiting = false
      this.#dial()
    })
  }
}
