// The story of one run, from a prepared fleet to what was found. It judges nothing: thresholds and exit code are the verb's.
//
//   [broker] ▶ credentials ▶ processes ▶ release ▶ ramp: all connected ▶ warm-up ▶ rest ▶ operation ▶ all ended ▶ findings
//                                                 └──────── telemetry all the while ────────┘
//
// Whatever is started here is stopped here, sensors before the broker, on every way out.

import type { OperationView } from '../../proto/http-api.ts'
import { releaseId } from '../../proto/ids.ts'
import { epochMs, every, nowMs, pause } from '../clock.ts'
import type { Instant } from '../report/fleet-report.ts'
import type { VerbHost } from '../verbs/verb-host.ts'
import { BrokerWatch } from './broker-watch.ts'
import { Crew, type CrewFigures } from './crew.ts'
import { FleetFailed } from './failure.ts'
import type { Findings } from './findings.ts'
import { HttpDoor } from './http-door.ts'
import { checkLimits, type MachineLimits, openFilesNeeded } from './limits.ts'
import { FleetOperator } from './operator.ts'
import { CodeBudget, type Ended, endedOf, expectationOf } from './outcome.ts'
import type { DeviceProfile } from './plan.ts'
import type { Preparation } from './preparation.ts'
import { cpuSeconds, localPorts, openFilesLimit } from './proc.ts'
import { lengthOfRamp } from './ramp.ts'
import { makeBundles, type Target } from './release.ts'
import type { BrokerAddress } from './sensor/shared.ts'
import { SpawnedBroker } from './spawned-broker.ts'
import { Timeline } from './timeline.ts'

/** What a person sees meanwhile. */
export interface Onlooker {
  say(text: string): void
  /** Once a second. */
  show(
    instant: Instant,
    more: {
      readonly phase: string
      readonly codes: Readonly<Record<string, number>>
      readonly unexpected: number
      readonly figures: CrewFigures
    },
  ): void
}

export interface RunWishes {
  readonly preparation: Preparation
  readonly host: Pick<VerbHost, 'fork' | 'node' | 'environment'>
  readonly onlooker: Onlooker
  /** Ends the run; its reason is thrown. */
  readonly run: AbortController
  /** Monotonic: an operation that runs then is left, and what there is of it is read. */
  readonly latestMs: number
  /** What else happens while the operation runs. */
  readonly besideUpdate?: BesideUpdate
}
/** Is handed the operation, which begins when it is called and ends with its promise, and resolves or rejects as that does. */
export type BesideUpdate = <Ended>(update: () => Promise<Ended>) => Promise<Ended>

/** Beside the ramp: for the last ones to come back. */
const connectGraceMs = 120_000
const lookEveryMs = 500
/** For the last words of the sensors, and at most for telemetry that is under way. */
const settleMs = 1200
const settleMsMax = 10_000

/** Throws FleetFailed, Refused and the reason of the run's signal. */
export async function runFleet(wishes: RunWishes): Promise<Findings> {
  const run = new Run(wishes)
  try {
    return await run.all()
  } catch (error) {
    // What ended the run explains more than the call that was cut off by it.
    throw wishes.run.signal.aborted ? wishes.run.signal.reason : error
  } finally {
    await run.close()
  }
}

class Run {
  readonly #wishes: RunWishes
  readonly #timeline = new Timeline()
  readonly #closing: (() => Promise<void> | void)[] = []
  #phase = 'preparing'
  #codes: Readonly<Record<string, number>> = {}
  #startedAt = 0

  constructor(wishes: RunWishes) {
    this.#wishes = wishes
  }

  /** From the top down, each once, even when another fails. */
  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        this.#wishes.onlooker.say(`closing: ${(error as Error).message}`)
      }
    }
  }

  async all(): Promise<Findings> {
    const { preparation, onlooker, run } = this.#wishes
    const { settings, members } = preparation
    const [limits, needed] = await this.#checkedLimits()
    const broker = await this.#broker()
    const watch = broker.spawned && new BrokerWatch(broker.spawned)
    this.#closing.push(() => watch?.close())
    const operator = new FleetOperator(this.#door(broker))
    onlooker.say(`giving ${members.length} sensors their credentials`)
    const secrets = new Map<string, string>()
    await operator.enroll(
      members.map(({ device }) => device),
      settings.reuse,
      (device, secret) => secrets.set(device, secret),
    )
    const release = await this.#release(operator)
    await watch?.before()
    const crew = await this.#crew(broker.address, secrets)
    const before = await crew.weigh()
    await crew.enlist(members.map(member => ({ ...member, secret: secrets.get(member.device) ?? '' })))
    if (release !== undefined) crew.order({ kind: 'aim', target: release.target })
    const stopLooking = this.#watchOver(crew)

    await this.#connect(crew, operator)
    this.#phase = 'resting'
    const restedFromMs = nowMs()
    await pause(settings.thinkMs, run.signal)
    // Collecting garbage stops the sensors for a moment: part of the rest.
    const connected = await crew.weigh()
    await watch?.connected()
    const restMs = nowMs() - restedFromMs

    const beside: BesideUpdate = this.#wishes.besideUpdate ?? (update => update())
    const operation = release && (await beside(() => this.#update(operator, release.id)))
    const endedMs = epochMs()
    this.#phase = 'reading results'
    const ended = operation === undefined ? new Map<string, Ended>() : await this.#ended(operator, operation.id)
    const lost = await this.#settled(crew)
    stopLooking()
    const sensors = new Map((await crew.stop()).map(figures => [figures.device as string, figures]))
    const figures = crew.figures()
    if (settings.remove) await operator.remove(members.map(({ device }) => device))
    const weights = await watch?.end()
    if (settings.broker.kind === 'spawn' && settings.broker.keep) broker.spawned?.leave()
    return {
      startedAt: this.#startedAt,
      durationMs: Math.max(0, endedMs - this.#startedAt - restMs),
      operation,
      target: release?.target,
      imageBytes: release?.imageBytes ?? 0,
      figures,
      telemetryLost: lost,
      timeline: this.#timeline.instants,
      sensors,
      ended,
      weights: { before, connected },
      broker: weights,
      limits,
      openFilesNeeded: needed,
      ownCpuSeconds: await cpuSeconds('self'),
      processes: crew.processes + 1,
      kept: settings.broker.kind === 'spawn' && settings.broker.keep ? broker.spawned : undefined,
    }
  }

  async #checkedLimits(): Promise<readonly [MachineLimits, number]> {
    const { members, processes, settings } = this.#wishes.preparation
    const sensorsMost = Math.ceil(members.length / processes)
    const [openFiles, ports] = await Promise.all([openFilesLimit(), localPorts()])
    const limits = { openFiles, localPorts: ports }
    const needed = openFilesNeeded(sensorsMost, settings.broker.kind === 'spawn' ? members.length : undefined)
    checkLimits(limits, needed, members.length, sensorsMost)
    return [limits, needed]
  }

  async #broker(): Promise<{
    readonly address: BrokerAddress
    readonly http: URL
    readonly token: string
    readonly ca: string | undefined
    readonly spawned: SpawnedBroker | undefined
  }> {
    const { preparation, host, onlooker, run } = this.#wishes
    const { settings, members, token, ca } = preparation
    const { broker, ramp } = settings
    if (broker.kind === 'there')
      return { address: addressOf(broker.mqtt, ca), http: broker.http, token: token ?? '', ca, spawned: undefined }
    onlooker.say('starting drover-broker')
    const spawned = await SpawnedBroker.start(
      {
        connections: members.length,
        inProgress: settings.concurrency,
        connectsPerSecond: Math.ceil(Math.max(200, 2 * (ramp.perSecond ?? members.length))),
        flags: broker.flags,
      },
      host,
      reason => run.abort(reason),
      run.signal,
    )
    this.#closing.push(() => spawned.stop())
    return {
      address: addressOf(spawned.mqtt, undefined),
      http: spawned.http,
      token: spawned.token,
      ca: undefined,
      spawned,
    }
  }

  #door({
    http: url,
    token,
    ca,
  }: {
    readonly http: URL
    readonly token: string
    readonly ca: string | undefined
  }): HttpDoor {
    const door = new HttpDoor({ url, token, ca, signal: this.#wishes.run.signal })
    this.#closing.push(() => door.close())
    return door
  }

  /** Uploaded, or there already. Undefined: no update. */
  async #release(
    operator: FleetOperator,
  ): Promise<{ readonly id: string; readonly target: Target; readonly imageBytes: number } | undefined> {
    const { settings, image, target, keys, profiles } = this.#wishes.preparation
    if (settings.update.kind === 'release') {
      const { id, component, version, manifests } = await operator.release(releaseId(settings.update.id))
      const imageBytes = Math.max(0, ...manifests.map(({ payloadSize }) => payloadSize))
      return { id, target: { component, version }, imageBytes }
    }
    if (image === undefined || target === undefined || keys.release === undefined) return undefined
    let id = ''
    for (const bundle of makeBundles(image, target, profiles, keys.release)) id = (await operator.upload(bundle)).id
    return { id, target, imageBytes: image.length }
  }

  async #crew(broker: BrokerAddress, secrets: ReadonlyMap<string, string>): Promise<Crew> {
    const { preparation, host, run } = this.#wishes
    const { members, processes, profiles, keys, settings } = preparation
    if (secrets.size < members.length) throw new FleetFailed('some sensors have no credentials')
    const crew = await Crew.open(
      {
        sensors: members.length,
        processes,
        opening: { broker, client: settings.client, trust: keys.trust, profiles },
      },
      host,
      reason => run.abort(reason),
    )
    this.#closing.push(() => crew.kill())
    return crew
  }

  /** Told once a second until what is returned is called. */
  #watchOver(crew: Crew): () => void {
    const { onlooker, preparation } = this.#wishes
    const budget = new CodeBudget(
      preparation.members.map(member =>
        expectationOf(member, preparation.profiles[member.profile] as DeviceProfile, preparation.target),
      ),
    )
    const stop = every(1000, () => {
      if (this.#startedAt === 0 || epochMs() < this.#startedAt) return
      const figures = crew.figures()
      const instant = this.#timeline.add(epochMs() - this.#startedAt, figures)
      const unexpected = preparation.target === undefined ? 0 : budget.unexpected(this.#codes)
      onlooker.show(instant, { phase: this.#phase, codes: this.#codes, unexpected, figures })
    })
    this.#closing.push(stop)
    return stop
  }

  /** Resolves when every sensor has been connected and the broker knows them all, and the warm-up is over. */
  async #connect(crew: Crew, operator: FleetOperator): Promise<void> {
    const { preparation, onlooker, run } = this.#wishes
    const { settings, members, profiles, prefix } = preparation
    const { ramp, part, startAt, warmUpMs } = settings
    if (startAt !== undefined && startAt > epochMs())
      onlooker.say(`waiting for ${new Date(startAt).toISOString()}, when the first sensor connects`)
    // A little later than now, so that no process hears of it too late.
    this.#startedAt = Math.max(startAt ?? 0, epochMs() + 50)
    this.#phase = 'connecting'
    crew.order({ kind: 'start', startAt: this.#startedAt, ramp, warmUpEndsAt: this.#startedAt + warmUpMs })
    const latestAt = this.#startedAt + lengthOfRamp(ramp, settings.devices) + connectGraceMs
    for (let registered = 0; ; await pause(lookEveryMs, run.signal)) {
      const { everConnected } = crew.figures()
      // The first machine makes the operation for all of them.
      const wanted = part.number === 1 ? settings.devices : members.length
      if (everConnected === members.length) registered = await operator.registered(prefix)
      if (registered >= wanted) break
      if (epochMs() > latestAt)
        throw new FleetFailed(
          `${everConnected} of ${members.length} sensors were connected and ${registered} of ${settings.devices} registered ` +
            `${Math.round((epochMs() - this.#startedAt) / 1000)} s after the first connect`,
        )
    }
    const labels = members.flatMap(({ device, profile }) => {
      const { tags = [], attributes = {} } = profiles[profile] ?? {}
      if (tags.length === 0 && Object.keys(attributes).length === 0) return []
      return [{ device, edit: { tags: { add: [...tags] }, attributes } }]
    })
    await operator.label(labels)
    this.#phase = 'warming up'
    await pause(this.#startedAt + warmUpMs - epochMs(), run.signal)
  }

  /** Resolves when the operation has ended, or when it is too late. */
  async #update(operator: FleetOperator, release: string): Promise<OperationView> {
    const { preparation, onlooker, run } = this.#wishes
    const { settings, prefix, policy } = preparation
    const name = `${settings.title}: ${prefix}`
    this.#phase = 'updating'
    let operation =
      settings.part.number === 1
        ? await operator.createOperation({
            name,
            type: 'firmware-update',
            release,
            targets: { filter: `id__like=${prefix}-*` },
            policy,
          })
        : await operator.operationNamed(name, run.signal)
    onlooker.say(`operation ${operation.id} brings ${release} to ${settings.devices} sensors`)
    for (; operation.completedAt === null; await pause(lookEveryMs, run.signal)) {
      if (nowMs() > this.#wishes.latestMs) {
        onlooker.say(`not done within --limit ${settings.limitMs / 1000} s: the report is of what there is`)
        break
      }
      operation = await operator.operation(operation.id)
      this.#codes = Object.fromEntries(operation.codes.map(({ code, count }) => [code, count]))
      if (operation.pause !== null) this.#phase = `paused by ${operation.pause.by}: ${operation.pause.reason}`
    }
    return operation
  }

  /** Of the telemetry that was to be acknowledged by now: how much never was. */
  async #settled(crew: Crew): Promise<number> {
    const { telemetryAsked } = crew.figures()
    const latestMs = nowMs() + settleMsMax
    for (;;) {
      await pause(settleMs, this.#wishes.run.signal)
      const missing = telemetryAsked - crew.figures().telemetryAcknowledged
      if (missing <= 0 || nowMs() > latestMs) return Math.max(0, missing)
    }
  }

  async #ended(operator: FleetOperator, operation: string): Promise<ReadonlyMap<string, Ended>> {
    const own = new Set<string>(this.#wishes.preparation.members.map(({ device }) => device))
    const found = new Map<string, Ended>()
    for await (const page of operator.executions(operation))
      for (const execution of page) if (own.has(execution.device)) found.set(execution.device, endedOf(execution))
    return found
  }
}

function addressOf({ protocol, hostname, port }: URL, ca: string | undefined): BrokerAddress {
  // Brackets of an IPv6 address belong to the URL, not to the address.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (protocol === 'mqtt:') return { host, port: Number(port || 1883) }
  return { host, port: Number(port || 8883), tls: ca === undefined ? {} : { ca } }
}
