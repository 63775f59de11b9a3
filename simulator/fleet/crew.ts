// The processes of a run from the coordinator's side: started together, told the same, summed up; when one of them dies
// the run fails with its reason, because its sensors are then measured by nobody.
import type { ChildProcess } from 'node:child_process'
import { within } from '../clock.ts'
import type { Distribution, LatencyName } from '../report/fleet-report.ts'
import { LatencyCounter } from '../report/latency.ts'
import type { VerbHost } from '../verbs/verb-host.ts'
import { FleetFailed } from './failure.ts'
import {
  type Doing,
  doings,
  type Enlisted,
  type Figures,
  type Order,
  pageMax,
  type SensorFigures,
  type Tiding,
} from './worker/messages.ts'

export interface CrewWishes {
  readonly sensors: number
  readonly processes: number
  readonly opening: Omit<Extract<Order, { kind: 'open' }>, 'kind'>
}

/** Of all processes together; sums since the run began. */
export interface CrewFigures {
  readonly now: Readonly<Record<Doing, number>>
  readonly connected: number
  readonly everConnected: number
  readonly reconnects: number
  readonly downBytes: number
  readonly upBytes: number
  readonly telemetrySent: number
  /** Of these at QoS 1: to be acknowledged. */
  readonly telemetryAsked: number
  readonly telemetryAcknowledged: number
  readonly latencies: Readonly<Record<LatencyName, Distribution>>
  readonly codes: Readonly<Record<string, number>>
  /** Why connections ended, by the words of the sensors. */
  readonly disconnects: Readonly<Record<string, number>>
  /** Of the worst process. */
  readonly lag: { readonly p99Ms: number; readonly maxMs: number }
  readonly rampLateMs: number
  readonly cpuSeconds: number
  /** Most that was seen. */
  readonly rssBytes: number
  /** Most of a core that one process took between two messages. */
  readonly busiest: number
}

export interface Weight {
  readonly rssBytes: number
  readonly heapBytes: number
}

interface Member {
  readonly child: ChildProcess
  readonly sensors: number
  last: Figures | undefined
  busiest: number
  stopping: boolean
}

const latencyNamesOf = ['connect', 'offerToStart', 'download', 'total', 'telemetry'] as const
const stopMs = 60_000
const noneDoing = Object.fromEntries(doings.map(doing => [doing, 0])) as Record<Doing, number>

export class Crew {
  readonly #members: readonly Member[]
  readonly #fail: (reason: FleetFailed) => void
  readonly #counters = new Map<LatencyName, LatencyCounter>(latencyNamesOf.map(name => [name, new LatencyCounter()]))
  readonly #codes: Record<string, number> = {}
  readonly #disconnects: Record<string, number> = {}
  readonly #sums = { downBytes: 0, upBytes: 0, telemetrySent: 0, telemetryAsked: 0, telemetryAcknowledged: 0 }
  readonly #results: SensorFigures[] = []
  readonly #waiting = new Set<{
    readonly kind: Tiding['kind']
    readonly from: Member
    heard(tiding: Tiding): void
    failed(reason: Error): void
  }>()
  #failure: FleetFailed | undefined

  /** Starts the processes and gives each its sensors. `fail` is called at most once, with why. */
  static async open(
    wishes: CrewWishes,
    host: Pick<VerbHost, 'fork'>,
    fail: (reason: FleetFailed) => void,
  ): Promise<Crew> {
    const { sensors, processes, opening } = wishes
    const shares = Array.from({ length: processes }, (_, turn) => Math.ceil((sensors - turn) / processes))
    const crew = new Crew(
      shares.map(share => ({
        child: host.fork('fleet/worker/main.js', [String(share)], ['--expose-gc']),
        sensors: share,
        last: undefined,
        busiest: 0,
        stopping: false,
      })),
      fail,
    )
    try {
      await crew.#askAll({ kind: 'open', ...opening }, 'opened')
      return crew
    } catch (error) {
      await crew.kill()
      throw error
    }
  }

  private constructor(members: readonly Member[], fail: (reason: FleetFailed) => void) {
    this.#members = members
    this.#fail = fail
    for (const [number, member] of members.entries()) this.#listen(member, number + 1)
  }

  get processes(): number {
    return this.#members.length
  }

  /** Turn about, so that the ramp lets sensors of all processes in alike. */
  async enlist(members: readonly Enlisted[]): Promise<void> {
    await Promise.all(
      this.#members.map(async (member, turn) => {
        const share = members.filter((_, index) => index % this.#members.length === turn)
        for (let from = 0; from < share.length; from += pageMax)
          await this.#ask(member, { kind: 'enlist', members: share.slice(from, from + pageMax) }, 'enlisted')
      }),
    )
  }

  order(order: Order): void {
    for (const { child } of this.#members) if (child.connected) child.send(order)
  }

  /** Memory of all of them together. */
  async weigh(): Promise<Weight> {
    const weights = await this.#askAll({ kind: 'weigh' }, 'weight')
    return {
      rssBytes: weights.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
      heapBytes: weights.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
    }
  }

  figures(): CrewFigures {
    const lasts = this.#members.flatMap(({ last }) => (last === undefined ? [] : [last]))
    const sum = (of: (figures: Figures) => number): number => lasts.reduce((all, figures) => all + of(figures), 0)
    const most = (of: (figures: Figures) => number): number => Math.max(0, ...lasts.map(of))
    const now = { ...noneDoing }
    for (const doing of doings) now[doing] = sum(figures => figures.now[doing])
    // A process that has told nothing yet has begun nothing.
    for (const { last, sensors } of this.#members) if (last === undefined) now.offline += sensors
    return {
      now,
      connected: sum(({ connected }) => connected),
      everConnected: sum(({ everConnected }) => everConnected),
      reconnects: sum(({ reconnects }) => reconnects),
      ...this.#sums,
      latencies: Object.fromEntries(
        [...this.#counters].map(([name, counter]) => [name, counter.distribution()]),
      ) as Record<LatencyName, Distribution>,
      codes: { ...this.#codes },
      disconnects: { ...this.#disconnects },
      lag: { p99Ms: most(({ lag }) => lag.p99Ms), maxMs: most(({ lag }) => lag.maxMs) },
      rampLateMs: most(({ rampLateMs }) => rampLateMs),
      cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
      rssBytes: sum(({ rssBytes }) => rssBytes),
      busiest: Math.max(...this.#members.map(({ busiest }) => busiest)),
    }
  }

  /** All sensors go off line; what each has to show. Called once. */
  async stop(): Promise<readonly SensorFigures[]> {
    for (const member of this.#members) member.stopping = true
    await this.#askAll({ kind: 'stop' }, 'stopped')
    for (const { child } of this.#members) child.disconnect()
    await this.#gone()
    return this.#results
  }

  /** At once. May be called at any time, and again. */
  async kill(): Promise<void> {
    for (const member of this.#members) {
      member.stopping = true
      member.child.kill('SIGKILL')
    }
    await this.#gone()
  }

  async #gone(): Promise<void> {
    const ended = this.#members.map(
      ({ child }) =>
        new Promise<void>(resolve => {
          if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve()
          else child.once('exit', () => resolve())
        }),
    )
    if (await within(stopMs, Promise.all(ended))) return
    for (const { child } of this.#members) child.kill('SIGKILL')
  }

  #askAll<Kind extends Tiding['kind']>(order: Order, kind: Kind): Promise<readonly Extract<Tiding, { kind: Kind }>[]> {
    return Promise.all(this.#members.map(member => this.#ask(member, order, kind)))
  }

  #ask<Kind extends Tiding['kind']>(from: Member, order: Order, kind: Kind): Promise<Extract<Tiding, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      const wait = {
        kind,
        from,
        heard: (tiding: Tiding) => {
          this.#waiting.delete(wait)
          resolve(tiding as Extract<Tiding, { kind: Kind }>)
        },
        failed: reject,
      }
      this.#waiting.add(wait)
      from.child.send(order, error => {
        if (error !== null) this.#lost(from, `its channel: ${error.message}`)
      })
    })
  }

  #listen(member: Member, number: number): void {
    const name = `process ${number} of ${this.#members.length} (${member.sensors} sensors)`
    member.child.on('message', (tiding: Tiding) => {
      if (tiding.kind === 'second') this.#add(member, tiding.figures)
      else if (tiding.kind === 'results') this.#results.push(...tiding.sensors)
      else if (tiding.kind === 'failed') this.#lost(member, `${name} failed: ${tiding.message}`)
      for (const wait of this.#waiting) if (wait.from === member && wait.kind === tiding.kind) wait.heard(tiding)
    })
    member.child.once('error', error => this.#lost(member, `${name}: ${error.message}`))
    member.child.once('exit', (code, signal) =>
      this.#lost(member, `${name} ended although nobody asked it to: ${signal ?? `exit code ${code}`}`),
    )
  }

  #lost(member: Member, message: string): void {
    const failure = new FleetFailed(message)
    for (const wait of this.#waiting) {
      // An orderly end is no answer either.
      if (wait.from !== member) continue
      this.#waiting.delete(wait)
      wait.failed(failure)
    }
    if (member.stopping || this.#failure !== undefined) return
    this.#failure = failure
    this.#fail(failure)
  }

  #add(member: Member, figures: Figures): void {
    member.busiest = Math.max(member.busiest, figures.busy)
    member.last = figures
    for (const name of ['downBytes', 'upBytes', 'telemetrySent', 'telemetryAsked', 'telemetryAcknowledged'] as const)
      this.#sums[name] += figures[name]
    for (const [name, distribution] of Object.entries(figures.latencies))
      this.#counters.get(name as LatencyName)?.merge(distribution)
    for (const [code, count] of Object.entries(figures.codes)) this.#codes[code] = (this.#codes[code] ?? 0) + count
    for (const [reason, count] of Object.entries(figures.disconnects))
      this.#disconnects[reason] = (this.#disconnects[reason] ?? 0) + count
  }
}
