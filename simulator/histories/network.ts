// Connections between devices and the broker's process. Each keeps the order of what goes through it, as TCP does; what
// was on its way when it broke may arrive or not; the side that did not break it hears of it later.
import type { DeviceConnection } from '../../broker/ports.ts'
import type { DeviceId } from '../../proto/ids.ts'
import { type OfferMessage, readOfferMessage } from '../../proto/offer-messages.ts'
import type { BrokerEnd } from '../world/broker.ts'
import type { WorldClock } from '../world/clock.ts'
import type { Faults } from '../world/faults.ts'
import type { NetworkWatch, StageNetwork } from '../world/network.ts'
import type { Seed } from '../world/seed.ts'

/** The side of the device. */
export interface DeviceEnd {
  readonly id: DeviceId
  hear(message: OfferMessage): void
  /** The broker has closed it, or is gone. */
  lost(line: Line): void
}
export interface NetworkSettings {
  readonly latencyMostMs: number
  readonly offerLost: number
}

export class Network implements StageNetwork {
  readonly clock: WorldClock
  readonly faults: Faults
  readonly watch: NetworkWatch
  readonly #seed: Seed
  readonly #lines = new Set<Line>()
  settings: NetworkSettings
  /** A network that is not one of ours: what was sent on a closed connection still arrives. */
  deliversAfterClose = false
  #number = 0

  constructor(clock: WorldClock, seed: Seed, faults: Faults, watch: NetworkWatch, settings: NetworkSettings) {
    this.clock = clock
    this.#seed = seed
    this.faults = faults
    this.watch = watch
    this.settings = settings
  }

  latencyMs(): number {
    return this.#seed.whole(1, this.settings.latencyMostMs)
  }

  loses(): boolean {
    return this.#seed.chance(this.settings.offerLost)
  }

  /** A coin for what was on its way. */
  coin(): boolean {
    return this.#seed.chance(0.5)
  }

  /** The broker sees it at once. */
  connect(device: DeviceEnd, broker: BrokerEnd): Line {
    this.#number += 1
    const line = new Line(this, device, broker, this.#number)
    this.#lines.add(line)
    broker.connected(line)
    return line
  }

  forget(line: Line): void {
    this.#lines.delete(line)
  }

  calm(): void {
    this.settings = { latencyMostMs: Math.min(50, this.settings.latencyMostMs), offerLost: 0 }
  }

  /** The process is gone: its sockets are closed, the devices hear of it. */
  cut(broker: BrokerEnd): void {
    for (const line of [...this.#lines]) if (line.broker === broker) line.cut()
  }
}

export class Line implements DeviceConnection {
  readonly #network: Network
  readonly #end: DeviceEnd
  readonly broker: BrokerEnd
  readonly device: DeviceId
  readonly number: number
  readonly undrainedBytes = 0
  /** As the broker sees it. */
  closed = false
  /** As the device sees it. */
  #broken = false
  #downAt = 0
  #upAt = 0

  constructor(network: Network, end: DeviceEnd, broker: BrokerEnd, number: number) {
    this.#network = network
    this.#end = end
    this.broker = broker
    this.device = end.id
    this.number = number
  }

  get broken(): boolean {
    return this.#broken
  }

  /** Nothing but offers leaves the engine here: it has no sessions. */
  write(): void {
    throw new TypeError('no session was opened')
  }

  publish(_: unknown, parts: readonly Uint8Array[]): void {
    if (this.closed) return
    const network = this.#network
    const message = readOfferMessage(Buffer.concat(parts))
    network.watch.sent(this, message)
    if (network.loses()) {
      network.faults.fired('offer lost')
      return
    }
    this.#downAt = this.#arrival(this.#downAt)
    network.clock.after(this.#downAt - network.clock.trueMs, () => {
      if (this.#broken && !network.deliversAfterClose) return
      network.watch.heard(this, message, this.#broken)
      this.#end.hear(message)
    })
  }

  cork(): void {}
  uncork(): void {}
  onDrain(): void {}

  /** The broker closes it. */
  close(): void {
    this.cut()
  }

  /**
   * The device says something; `take` runs at the broker. Resolves to true when the broker has acknowledged it and the
   * device has heard so; never when the connection broke before.
   */
  say(take: () => Promise<void>): Promise<boolean> {
    const network = this.#network
    this.#upAt = this.#arrival(this.#upAt)
    return new Promise(resolve => {
      network.clock.after(this.#upAt - network.clock.trueMs, () => {
        if (this.closed || !this.broker.alive) return
        if (this.#broken) {
          if (network.coin()) return
          network.faults.fired('report in flight behind a closed connection')
        }
        take().then(
          () => {
            this.#downAt = this.#arrival(this.#downAt)
            network.clock.after(this.#downAt - network.clock.trueMs, () => {
              if (this.#broken) network.faults.fired('acknowledgement lost')
              else resolve(true)
            })
          },
          () => this.cut(),
        )
      })
    })
  }

  /** The device leaves, or the way between breaks: the broker hears of it later, and of what was on its way maybe. */
  break(noticedAfterMs: number): void {
    if (this.#broken) return
    this.#broken = true
    this.#network.clock.after(noticedAfterMs, () => this.#closeAtBroker())
  }

  /** Broken from the broker's side. */
  cut(): void {
    this.#closeAtBroker()
    if (this.#broken) return
    this.#network.clock.after(this.#network.latencyMs(), () => {
      if (this.#broken) return
      this.#broken = true
      this.#end.lost(this)
    })
  }

  #closeAtBroker(): void {
    if (this.closed) return
    this.closed = true
    this.#network.forget(this)
    if (this.broker.alive) this.broker.disconnected(this)
  }

  #arrival(last: number): number {
    return Math.max(last, this.#network.clock.trueMs + this.#network.latencyMs())
  }
}
