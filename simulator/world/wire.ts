// The network of a world with real agents: lines that carry the bytes of the contract between a device and the process
// that answered its connect. Each keeps the order of what goes through it, as TCP does, and costs time; what stands on a
// line when it breaks may arrive or not, and the other side hears of it later. What a broker at QoS 0 may lose or send
// twice, and what a bad way may change, happens on the way down.
//
//   device ── dial ─▶ (latency) ─▶ broker: connected ─▶ (latency) ─▶ device: up
//   device ── say, send, subscribe ─▶ (latency) ─▶ BrokerProcess        BrokerProcess ── publish, write ─▶ (link) ─▶ device
import type { DeviceId } from '../../proto/ids.ts'
import type { Downlink, SessionChannel } from '../../proto/topics.ts'
import type { BrokerEnd, BrokerProcess } from './broker.ts'
import type { WorldClock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { NetworkWatch, StageNetwork } from './network.ts'
import type { Seed } from './seed.ts'
import { WireLine } from './wire-line.ts'

/** The side of the device. */
export interface WireEnd {
  readonly device: DeviceId
  /** Connected and subscribed. */
  up(line: WireLine): void
  /** No answer, or no more. Called once for each dial, whether it came up or not. */
  down(line: WireLine, reason: string): void
  message(downlink: Downlink, bytes: Uint8Array): void
  broadcast(channel: SessionChannel, session: string, bytes: Uint8Array): void
}

/** Shares are in [0, 1], of messages. */
export interface WireWeather {
  readonly latencyMostMs: number
  /** Down: lost, sent twice, with a byte changed (of chunks alone). */
  readonly lost: number
  readonly doubled: number
  readonly corrupted: number
  /** Up: reports sent twice. */
  readonly saidTwice: number
}

/** Where the wire finds the process of now, and what it tells about. */
export interface WireParts {
  readonly clock: WorldClock
  readonly seed: Seed
  readonly faults: Faults
  readonly watch: NetworkWatch
  readonly broker: () => BrokerProcess | undefined
  /** Judges what the engine answered: a rejection closes the line. */
  readonly taken: (answer: Promise<void>) => Promise<void>
  readonly weather: WireWeather
  /** A planted one: what was sent on a closed connection still arrives. */
  readonly deliversAfterClose: boolean
}

/** A dial without an answer is given up then. */
const dialMs = 20_000

export class Wire implements StageNetwork {
  readonly parts: WireParts
  weather: WireWeather
  /** Lines that are up by the broker's account, one a device. */
  readonly #lines = new Map<DeviceId, WireLine>()
  readonly #partitioned = new Set<DeviceId>()
  readonly #dials = new Map<DeviceId, number>()
  #number = 0

  constructor(parts: WireParts) {
    this.parts = parts
    this.weather = parts.weather
  }

  /** `bytesPerSecond`: of the way down; 0: no limit. The line comes up, or goes down, later. */
  dial(end: WireEnd, bytesPerSecond: number): WireLine {
    const { clock, seed, broker } = this.parts
    this.#number += 1
    const dials = (this.#dials.get(end.device) ?? 0) + 1
    this.#dials.set(end.device, dials)
    // The luck of a line does not depend on what others do.
    const line = new WireLine(this, end, seed.fork(`${end.device} ${dials}`), this.#number, bytesPerSecond)
    if (this.#partitioned.has(end.device)) {
      clock.after(dialMs, () => line.fail('no answer'))
      return line
    }
    clock.after(line.latencyMs(), () => {
      const server = broker()
      if (line.broken) return
      if (server?.orchestrator === undefined) {
        clock.after(line.latencyMs(), () => line.fail('refused'))
        return
      }
      // As the broker does with a second connection of one client: the first one is closed.
      this.#lines.get(end.device)?.close()
      this.#lines.set(end.device, line)
      line.open(server)
    })
    return line
  }

  /** Nothing passes for these devices, in neither direction, until `reunite`; both sides find out by themselves. */
  partition(devices: readonly DeviceId[]): void {
    for (const device of devices) this.#partitioned.add(device)
    for (const line of [...this.#lines.values()]) if (this.#partitioned.has(line.device)) line.silence()
  }

  reunite(): void {
    this.#partitioned.clear()
  }

  forget(line: WireLine): void {
    if (this.#lines.get(line.device) === line) this.#lines.delete(line.device)
  }

  cut(broker: BrokerEnd): void {
    for (const line of [...this.#lines.values()]) if (line.server === broker) line.close()
  }

  calm(): void {
    const latencyMostMs = Math.min(50, this.weather.latencyMostMs)
    this.weather = { latencyMostMs, lost: 0, doubled: 0, corrupted: 0, saidTwice: 0 }
    this.reunite()
  }
}
