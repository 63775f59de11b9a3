// The sensors of one process, and what is counted of them: sums for the second, and a few numbers of each for the end.
// Numbers of sensors lie in typed arrays, so that a sensor costs what it is and not what is written down of it.
import type { DeviceId } from '../../../proto/ids.ts'
import type { LatencyName } from '../../report/fleet-report.ts'
import { LatencyCounter } from '../../report/latency.ts'
import type { Sensor, SensorPlan, SensorWatch } from '../plan.ts'
import type { Target } from '../release.ts'
import { type Counted, type Doing, doings, type SensorFigures } from './messages.ts'

type Numbers =
  | 'connectMs'
  | 'offeredAt'
  | 'offerToStartMs'
  | 'startedAt'
  | 'downloadMs'
  | 'downBytes'
  | 'upBytes'
  | 'reconnects'
type Columns = Readonly<Record<Numbers, Float64Array>>

const reasonsMax = 20
const downloadingSteps: ReadonlySet<string> = new Set(['downloading'])
const installingSteps: ReadonlySet<string> = new Set([
  'verifying',
  'awaiting-install',
  'installing',
  'rebooting',
  'confirming',
])

export class Flock implements SensorWatch {
  readonly #clock: () => number
  readonly #sensors: Sensor[] = []
  readonly #indexes = new Map<DeviceId, number>()
  readonly #columns: Columns
  readonly #doing: Uint8Array
  readonly #connected: Uint8Array
  #counters = new Map<LatencyName, LatencyCounter>()
  #codes: Record<string, number> = {}
  #disconnects = new Map<string, number>()
  #target: Target | undefined
  #everConnected = 0
  #reconnects = 0
  #sums = { downBytes: 0, upBytes: 0, telemetrySent: 0, telemetryAsked: 0, telemetryAcknowledged: 0 }
  #closing = false
  /** On the clock; before it no time is counted. */
  countsFromMs = Number.POSITIVE_INFINITY

  /** `clock`: monotonic milliseconds. */
  constructor(sensorsMax: number, clock: () => number) {
    this.#clock = clock
    const column = (): Float64Array => new Float64Array(sensorsMax).fill(Number.NaN)
    const zero = (): Float64Array => new Float64Array(sensorsMax)
    this.#columns = {
      connectMs: column(),
      offeredAt: column(),
      offerToStartMs: column(),
      startedAt: column(),
      downloadMs: column(),
      downBytes: zero(),
      upBytes: zero(),
      reconnects: zero(),
    }
    this.#doing = new Uint8Array(sensorsMax)
    this.#connected = new Uint8Array(sensorsMax)
  }

  get sensors(): readonly Sensor[] {
    return this.#sensors
  }

  /** `make` is handed the watch that belongs to the sensor. Throws RangeError beyond the sensors that were announced. */
  enlist(plan: SensorPlan, make: (watch: SensorWatch) => Sensor): void {
    const index = this.#sensors.length
    if (index >= this.#doing.length) throw new RangeError(`expected ${this.#doing.length} sensors at most`)
    this.#indexes.set(plan.device, index)
    this.#sensors.push(make(this))
  }

  aim(target: Target): void {
    this.#target = target
  }

  connected(device: DeviceId, tookMs: number): void {
    const index = this.#of(device)
    if (this.#doing[index] === undefined) return
    const { connectMs, reconnects } = this.#columns
    if (Number.isNaN(connectMs[index])) {
      connectMs[index] = tookMs
      this.#everConnected += 1
      this.#count('connect', tookMs)
    } else {
      reconnects[index] = (reconnects[index] ?? 0) + 1
      this.#reconnects += 1
    }
    this.#connected[index] = 1
    if (this.#is(index, 'installing') && this.#runsTarget(index)) this.#becomes(index, 'succeeded')
  }

  disconnected(device: DeviceId, reason: string): void {
    this.#connected[this.#of(device)] = 0
    if (this.#closing) return
    // Numbers in it (ports, counts) would make each a reason of its own.
    const words = reason.replace(/\d+/g, '#').slice(0, 120)
    if (this.#disconnects.has(words) || this.#disconnects.size < reasonsMax)
      this.#disconnects.set(words, (this.#disconnects.get(words) ?? 0) + 1)
  }

  offered(device: DeviceId): void {
    const index = this.#of(device)
    this.#columns.offeredAt[index] = this.#clock()
    this.#becomes(index, 'waiting')
  }

  stepped(device: DeviceId, _operation: string, step: string): void {
    const index = this.#of(device)
    const { offeredAt, offerToStartMs, startedAt, downloadMs } = this.#columns
    if (downloadingSteps.has(step)) {
      this.#first(index, 'offerToStart', offerToStartMs, offeredAt)
      startedAt[index] = this.#clock()
      this.#becomes(index, 'downloading')
    } else if (installingSteps.has(step)) {
      if (step === 'verifying') this.#first(index, 'download', downloadMs, startedAt)
      if (!this.#is(index, 'succeeded')) this.#becomes(index, 'installing')
    }
  }

  coded(device: DeviceId, _operation: string, code: string): void {
    this.#codes[code] = (this.#codes[code] ?? 0) + 1
    this.#becomes(this.#of(device), code.includes('FAIL') ? 'failed' : 'succeeded')
  }

  moved(device: DeviceId, downBytes: number, upBytes: number): void {
    const index = this.#of(device)
    const { downBytes: down, upBytes: up } = this.#columns
    down[index] = (down[index] ?? 0) + downBytes
    up[index] = (up[index] ?? 0) + upBytes
    this.#sums.downBytes += downBytes
    this.#sums.upBytes += upBytes
  }

  telemetry(device: DeviceId, tookMs: number | undefined): void {
    if (tookMs === undefined) {
      this.#sums.telemetrySent += 1
      if (this.#sensors[this.#of(device)]?.plan.profile.telemetry?.qos === 1) this.#sums.telemetryAsked += 1
      return
    }
    this.#sums.telemetryAcknowledged += 1
    this.#count('telemetry', tookMs)
  }

  faulted(): void {}

  /** And begins to count anew. */
  take(): Counted {
    const now: Record<Doing, number> = {
      offline: 0,
      idle: 0,
      waiting: 0,
      downloading: 0,
      installing: 0,
      succeeded: 0,
      failed: 0,
    }
    for (let index = 0; index < this.#sensors.length; index += 1) {
      // Who has begun counts by what he does: an update goes on while the device is away.
      const doing = doings[this.#doing[index] ?? 0] ?? 'offline'
      now[doing === 'offline' && this.#connected[index] === 1 ? 'idle' : doing] += 1
    }
    const counted = {
      now,
      everConnected: this.#everConnected,
      reconnects: this.#reconnects,
      ...this.#sums,
      latencies: Object.fromEntries([...this.#counters].map(([name, counter]) => [name, counter.distribution()])),
      codes: this.#codes,
      disconnects: Object.fromEntries(this.#disconnects),
    }
    this.#sums = { downBytes: 0, upBytes: 0, telemetrySent: 0, telemetryAsked: 0, telemetryAcknowledged: 0 }
    this.#counters = new Map()
    this.#codes = {}
    this.#disconnects = new Map()
    return counted
  }

  get connectedCount(): number {
    return this.#connected.reduce((sum, one) => sum + one, 0)
  }

  /** From now on connections end because that is wanted. */
  closing(): void {
    this.#closing = true
  }

  *results(): Iterable<SensorFigures> {
    for (const [index, { plan, versions }] of this.#sensors.entries()) {
      const number = (name: Numbers): number | undefined => {
        const value = this.#columns[name][index]
        return value === undefined || Number.isNaN(value) ? undefined : value
      }
      yield {
        device: plan.device,
        version: this.#target === undefined ? undefined : versions[this.#target.component],
        connectMs: number('connectMs'),
        offerToStartMs: number('offerToStartMs'),
        downloadMs: number('downloadMs'),
        downBytes: number('downBytes') ?? 0,
        upBytes: number('upBytes') ?? 0,
        reconnects: number('reconnects') ?? 0,
      }
    }
  }

  #of(device: DeviceId): number {
    return this.#indexes.get(device) ?? -1
  }

  #is(index: number, doing: Doing): boolean {
    return doings[this.#doing[index] ?? 0] === doing
  }

  #becomes(index: number, doing: Doing): void {
    this.#doing[index] = doings.indexOf(doing)
  }

  #runsTarget(index: number): boolean {
    const target = this.#target
    return target !== undefined && this.#sensors[index]?.versions[target.component] === target.version
  }

  /** The first time counts: a second try of the same sensor would hide how long it has waited. */
  #first(index: number, name: LatencyName, of: Float64Array, since: Float64Array): void {
    const began = since[index] ?? Number.NaN
    if (Number.isNaN(began) || !Number.isNaN(of[index])) return
    const tookMs = this.#clock() - began
    of[index] = tookMs
    this.#count(name, tookMs)
  }

  #count(name: LatencyName, tookMs: number): void {
    if (this.#clock() < this.countsFromMs) return
    let counter = this.#counters.get(name)
    if (counter === undefined) {
      counter = new LatencyCounter()
      this.#counters.set(name, counter)
    }
    counter.add(tookMs)
  }
}
