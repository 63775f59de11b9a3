// One virtual sensor: the real agent on a virtual disk, a journal in memory and a light line, started by what boot does on a
// real device, restarted when it asks for it, and started again when its power comes back.
//
//   start ─▶ boot: slot record, a start counted ─▶ Agent.open, start ──▶ restart wished: stop ─▶ bootMs ─▶ boot
//                                                                    └─▶ power cut: drop all that is not durable ─▶ boot
import { Agent, type AgentSettings } from '../../../agent/agent.ts'
import { growingDelayMs } from '../../../agent/core/backoff.ts'
import type { AgentView, Happening, Observer } from '../../../agent/observer.ts'
import type { Timer } from '../../../agent/ports.ts'
import { readOfferMessage } from '../../../proto/offer-messages.ts'
import { Seed } from '../../world/seed.ts'
import type { DeviceProfile, Sensor, SensorPlan, SensorWatch } from '../plan.ts'
import { Battery } from './battery.ts'
import { type Doing, doingOf } from './faults.ts'
import type { LinkWatch } from './light-link.ts'
import { MemoryJournal } from './memory-journal.ts'
import { OfflinePattern } from './offline-pattern.ts'
import { type Booted, bootSensor, installedContent, type SensorLine, sensorLine } from './sensor-boot.ts'
import { agentSettings, SensorLog, sensorClock } from './sensor-parts.ts'
import type { SensorShared } from './shared.ts'
import { Telemetry } from './telemetry.ts'
import { VirtualDisk } from './virtual-disk.ts'

/** A new image has so long to be committed before boot gives it up. */
const confirmTimeoutMs = 5 * 60_000
const failedBootMostMs = 60_000

export class VirtualSensor implements Sensor, LinkWatch, Observer {
  readonly plan: SensorPlan
  readonly #shared: SensorShared
  readonly #watch: SensorWatch
  readonly #seed: Seed
  readonly #profile: DeviceProfile
  readonly #doing: Doing
  readonly #settings: AgentSettings
  readonly #journal: MemoryJournal
  readonly #log: SensorLog
  readonly #offline: OfflinePattern | undefined
  readonly #telemetry: Telemetry | undefined
  readonly #battery: Battery | undefined
  #disk: VirtualDisk | undefined
  #power = { on: false }
  #agent: Agent | undefined
  #line: SensorLine | undefined
  #versions: Readonly<Record<string, string>>
  #connected = false
  /** Operation and attempt of the offer that was told last. */
  #offer = ''
  #failedBoots = 0
  #timer: Timer | undefined
  #watchdog: Timer | undefined
  #booting: Promise<void> | undefined
  #stopped = false

  static create(plan: SensorPlan, shared: SensorShared, watch: SensorWatch): VirtualSensor {
    return new VirtualSensor(plan, shared, watch)
  }

  private constructor(plan: SensorPlan, shared: SensorShared, watch: SensorWatch) {
    const { device, fault } = plan
    this.plan = plan
    this.#shared = shared
    this.#watch = watch
    this.#seed = new Seed(`${plan.seed} ${device}`)
    this.#doing = doingOf(fault, {
      profile: plan.profile,
      shared,
      seed: this.#seed,
      clock: shared.clock,
      told: () => fault !== undefined && watch.faulted(device, fault),
      cutPower: () => this.cutPower(),
      installed: component => installedContent(this.#disk, component),
    })
    const { profile = {}, journal } = this.#doing
    this.#profile = { ...plan.profile, ...profile }
    this.#settings = agentSettings(device, this.#profile, shared.trust, this.#doing.settings)
    this.#journal = new MemoryJournal(this.#seed.hex(8))
    if (journal !== undefined) this.#journal.watch = journal
    this.#log = new SensorLog(shared.log, device)
    this.#versions = Object.fromEntries(this.#profile.components.map(({ name, version }) => [name, version]))
    const { offline, battery, telemetry } = this.#profile
    const { clock } = shared
    this.#offline = offline && new OfflinePattern(offline, clock, this.#seed, online => this.#reach(online))
    this.#battery = battery && new Battery(battery, clock, this.#seed)
    this.#telemetry = telemetry && new Telemetry(device, telemetry, clock, this.#seed, watch)
  }

  get versions(): Readonly<Record<string, string>> {
    return this.#versions
  }

  start(): void {
    this.#offline?.start()
    this.#telemetry?.start(() => this.#line?.light)
    this.#boot()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#watchdog?.cancel()
    this.#offline?.stop()
    this.#telemetry?.stop()
    await this.#booting
    await this.#agent?.stop()
    this.#power.on = false
    this.#agent = undefined
  }

  /** Everything that is not durable is gone, at once; the device starts again after its boot time. */
  cutPower(): void {
    if (!this.#power.on || this.#stopped) return
    const fraction = (): number => this.#seed.fraction()
    this.#end()
    this.#disk?.cut(fraction)
    this.#journal.cut(fraction)
    this.#bootLater(this.#profile.bootMs)
  }

  // ---- what the link tells ----------------------------------------------------------------------

  linked(tookMs: number): void {
    this.#connected = true
    this.#watch.connected(this.plan.device, tookMs)
  }

  unlinked(reason: string): void {
    if (!this.#connected) return
    this.#connected = false
    this.#watch.disconnected(this.plan.device, reason)
  }

  offered(bytes: Uint8Array): void {
    const message = readOfferMessage(bytes)
    if (message.kind !== 'offer') return
    const offer = `${message.operation} ${message.attempt}`
    if (offer === this.#offer) return
    this.#offer = offer
    this.#watch.offered(this.plan.device, message.operation)
  }

  moved(downBytes: number, upBytes: number): void {
    this.#watch.moved(this.plan.device, downBytes, upBytes)
  }

  // ---- what the agent tells ---------------------------------------------------------------------

  changed({ components }: AgentView): void {
    if (components.every(({ name, version }) => this.#versions[name] === version)) return
    const { packageName } = this.#doing
    const own = components.filter(({ name }) => name !== packageName)
    this.#versions = Object.fromEntries(own.map(({ name, version }) => [name, version]))
  }

  happened(happenings: readonly Happening[]): void {
    for (const { kind, operation, what } of happenings) {
      if (kind !== 'event' || operation === undefined) continue
      if (/^(UPD|SYS)/.test(what)) this.#watch.coded(this.plan.device, operation, what)
      else this.#watch.stepped(this.plan.device, operation, what)
    }
  }

  // ---- boot -------------------------------------------------------------------------------------

  #boot(): void {
    if (this.#stopped) return
    this.#booting = this.#booted().then(
      () => {
        this.#failedBoots = 0
      },
      err => {
        if (!this.#stopped) this.#log.error({ event: 'boot-failed', err }, 'the agent did not start')
        this.#end()
        this.#failedBoots += 1
        this.#bootLater(growingDelayMs(this.#failedBoots, this.#profile.bootMs + 100, failedBootMostMs))
      },
    )
  }

  async #booted(): Promise<void> {
    const { components } = this.#profile
    const { factory, pieces } = this.#shared
    this.#disk ??= new VirtualDisk(pieces, await factory.disk(components))
    const disk = this.#disk
    disk.faults = this.#doing.disk
    const power = { on: true }
    this.#power = power
    const clock = sensorClock(this.#shared.clock, this.#doing.clockAheadMs)
    const line = sensorLine({
      ...{ plan: this.plan, profile: this.#profile, shared: this.#shared, doing: this.#doing },
      ...{ seed: this.#seed, log: this.#log, watch: this },
    })
    if (this.#offline?.isOffline) line.light?.goOffline('out of reach')
    const booted = await bootSensor({
      ...{ shared: this.#shared, profile: this.#profile, doing: this.#doing, disk, power, clock, line },
      ...{ journal: this.#journal, seed: this.#seed, log: this.#log, observer: this, battery: this.#battery },
      restart: () => this.#restart(power),
    })
    if (!power.on || this.#stopped) return
    const agent = await Agent.open(booted.ports, this.#settings)
    if (!power.on || this.#stopped) return
    this.#agent = agent
    this.#line = line
    if (booted.onTrial) this.#guardTrial(booted, power)
    await agent.start()
  }

  /** Boot takes an image back that nobody commits. */
  #guardTrial({ giveUp }: Booted, power: { readonly on: boolean }): void {
    this.#watchdog = this.#shared.clock.after(confirmTimeoutMs, () => {
      this.#afterwards(power, async () => (await giveUp()) || undefined)
    })
  }

  /** In order: what was said is said, what was saved is saved. */
  #restart(power: { readonly on: boolean }): void {
    if (!power.on || this.#stopped) return
    const agent = this.#agent
    this.#afterwards(power, async () => {
      await agent?.stop()
      return true
    })
  }

  /** Starts anew once `end` says so, and also when it fails: what runs then is no better for going on. */
  #afterwards(power: { readonly on: boolean }, end: () => Promise<true | undefined>): void {
    const done = (isOver: true | undefined): void => {
      if (isOver === undefined || !power.on || this.#stopped) return
      this.#end()
      this.#bootLater(this.#profile.bootMs)
    }
    end().then(done, err => {
      this.#log.error({ event: 'end-failed', err }, 'the agent did not end in order')
      done(true)
    })
  }

  /** Whatever runs has no power any more. */
  #end(): void {
    this.#power.on = false
    this.#watchdog?.cancel()
    // A start that lost its power never comes to an end.
    this.#booting = undefined
    const agent = this.#agent
    const line = this.#line
    this.#agent = undefined
    this.#line = undefined
    line?.drop()
    // Cancels its timers; what it awaits never comes.
    void agent?.stop()
  }

  #bootLater(delayMs: number): void {
    this.#timer?.cancel()
    if (!this.#stopped) this.#timer = this.#shared.clock.after(delayMs, () => this.#boot())
  }

  #reach(online: boolean): void {
    if (online) this.#line?.light?.goOnline()
    else this.#line?.light?.goOffline('out of reach')
  }
}
