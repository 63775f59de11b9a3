// One process of sensors: takes orders, keeps the ramp, and tells once a second what was counted.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Log } from '../../../agent/ports.ts'
import { epochMs, every, nowMs } from '../../clock.ts'
import type { DeviceProfile } from '../plan.ts'
import { type Ramp, startOfPlace } from '../ramp.ts'
import { openShared, type SensorShared } from '../sensor/shared.ts'
import { VirtualSensor } from '../sensor/virtual-sensor.ts'
import { Flock } from './flock.ts'
import { type Enlisted, type Order, pageMax, type SensorFigures, type Tiding } from './messages.ts'

/** What only the process itself can see. */
export interface ProcessFacts {
  /** Bytes; `collected`: garbage goes first. */
  memory(collected: boolean): { readonly rssBytes: number; readonly heapBytes: number }
  /** So far, user and system. */
  cpuSeconds(): number
}

export interface WorkerParts {
  readonly sensorsMax: number
  readonly facts: ProcessFacts
  readonly log: Log
  tell(tiding: Tiding): Promise<void>
}

const lookEveryMs = 5
const lagResolutionMs = 10
/** Closed at once at the end: all of them together would only wait for one another. */
const stopsAtOnce = 200

export class Worker {
  readonly #parts: WorkerParts
  readonly #flock: Flock
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: lagResolutionMs })
  readonly #places: number[] = []
  #shared: SensorShared | undefined
  #profiles: readonly DeviceProfile[] = []
  #rampLateMs = 0
  #lastCpu = { atMs: 0, cpuSeconds: 0 }
  readonly #ends: (() => void)[] = []

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#flock = new Flock(parts.sensorsMax, nowMs)
  }

  async take(order: Order): Promise<void> {
    const { tell, facts, log } = this.#parts
    switch (order.kind) {
      case 'open':
        this.#shared = openShared({ broker: order.broker, client: order.client, trust: order.trust, log })
        this.#profiles = order.profiles
        return tell({ kind: 'opened' })
      case 'enlist':
        for (const member of order.members) this.#enlist(member)
        return tell({ kind: 'enlisted', count: this.#flock.sensors.length })
      case 'start':
        return this.#start(order.startAt, order.ramp, order.warmUpEndsAt)
      case 'aim':
        this.#flock.aim(order.target)
        return
      case 'weigh':
        return tell({ kind: 'weight', ...facts.memory(true) })
      case 'stop':
        return this.#stop()
    }
  }

  #enlist({ device, secret, place, profile: number, fault, seed }: Enlisted): void {
    const [shared, profile] = [this.#shared, this.#profiles[number]]
    if (shared === undefined || profile === undefined) throw new RangeError(`no profile ${number}, or not opened yet`)
    const plan = { device, secret, profile, fault, seed }
    this.#flock.enlist(plan, watch => VirtualSensor.create(plan, shared, watch))
    this.#places.push(place)
  }

  #start(startAt: number, ramp: Ramp, warmUpEndsAt: number): void {
    const startMs = nowMs() + (startAt - epochMs())
    this.#flock.countsFromMs = nowMs() + (warmUpEndsAt - epochMs())
    this.#cpu()
    let next = 0
    const look = (): void => {
      if (next === 0 && nowMs() >= startMs) this.#lag.enable()
      for (; next < this.#places.length; next += 1) {
        const lateMs = nowMs() - startMs - startOfPlace(ramp, this.#places[next] ?? 0)
        if (lateMs < 0) return
        // All at once is never in time: there is no line to be late in.
        if (ramp.perSecond !== undefined) this.#rampLateMs = Math.max(this.#rampLateMs, lateMs)
        this.#flock.sensors[next]?.start()
      }
      endLooking()
    }
    const endLooking = every(lookEveryMs, look)
    this.#ends.push(
      endLooking,
      every(1000, () => void this.#tellSecond()),
    )
  }

  #tellSecond(): Promise<void> {
    const { facts, tell } = this.#parts
    const lagMs = (ns: number): number => Math.max(0, ns / 1e6 - lagResolutionMs)
    return tell({
      kind: 'second',
      figures: {
        ...this.#flock.take(),
        connected: this.#flock.connectedCount,
        lag: { p99Ms: lagMs(this.#lag.percentile(99)), maxMs: lagMs(this.#lag.max) },
        rampLateMs: this.#rampLateMs,
        ...this.#cpu(),
        rssBytes: facts.memory(false).rssBytes,
      },
    })
  }

  #cpu(): { readonly cpuSeconds: number; readonly busy: number } {
    const [atMs, cpuSeconds] = [nowMs(), this.#parts.facts.cpuSeconds()]
    const { atMs: lastMs, cpuSeconds: last } = this.#lastCpu
    this.#lastCpu = { atMs, cpuSeconds }
    return { cpuSeconds, busy: ((cpuSeconds - last) * 1000) / Math.max(1, atMs - lastMs) }
  }

  async #stop(): Promise<void> {
    const { tell } = this.#parts
    for (const end of this.#ends.splice(0)) end()
    this.#lag.disable()
    this.#flock.closing()
    // Before anything stops: a sensor that is switched off has no version to tell.
    let page: SensorFigures[] = []
    for (const figures of this.#flock.results()) {
      page.push(figures)
      if (page.length < pageMax) continue
      await tell({ kind: 'results', sensors: page })
      page = []
    }
    if (page.length > 0) await tell({ kind: 'results', sensors: page })
    const { sensors } = this.#flock
    for (let from = 0; from < sensors.length; from += stopsAtOnce)
      await Promise.all(sensors.slice(from, from + stopsAtOnce).map(sensor => sensor.stop()))
    // What came while they ended belongs to the run, too.
    await this.#tellSecond()
    await tell({ kind: 'stopped' })
  }
}
