// What every world stands on: time, the broker's disk, one broker after the other, and the checkers that look on. It knows
// how things are done; what is done and when is the business of the course, and how devices reach the broker that of the
// network it is given.
import { type QuarantineRule, quarantineDefaults } from '../../broker/core/device.ts'
import { MessageRefused, StoreUnavailable } from '../../broker/errors.ts'
import { orchestratorDefaults } from '../../broker/orchestrator/orchestrator.ts'
import type { Change, Store } from '../../broker/ports.ts'
import type { DeviceId } from '../../proto/ids.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import { allCheckers } from '../checkers/all.ts'
import {
  type Checker,
  type CheckerOf,
  type DeviceEnding,
  type DeviceLook,
  isHandOver,
  type Moment,
  nameOf,
} from '../checkers/checker.ts'
import { Ledger } from '../checkers/ledger.ts'
import { BrokerProcess, type Patch, type Plane } from './broker.ts'
import { WorldClock } from './clock.ts'
import { wordsOf } from './commit-words.ts'
import { Disk } from './disk.ts'
import { type FaultKind, Faults } from './faults.ts'
import type { NetworkWatch, StageNetwork } from './network.ts'
import type { Seed } from './seed.ts'
import { Transcript } from './transcript.ts'
import type { Weather } from './weather.ts'

export interface Violation {
  readonly checker: string
  readonly problem: string
  readonly trueMs: number
}
export interface StageOptions {
  /** A planted mistake. */
  readonly patch?: Patch
  /** A disk that rots, or a real one. */
  readonly contents?: Store
  /** Further checkers. */
  readonly checkers?: readonly CheckerOf[]
  /** With it the broker sends chunks, too. */
  readonly plane?: Plane
  readonly keepTranscript?: boolean
  /** The most executions the broker has in progress at once; else drawn. */
  readonly inProgressMax?: number
  /** Steps after which no end is near; else 30,000. */
  readonly linesMax?: number
}

/** Repetitions included. */
const reportsMax = 20
/** Of a whole history; the longest ones have a tenth of it. */
const linesUsual = 30_000
/** Without that time passes: beyond it the broker goes round in a circle. */
const readsMax = 20_000
const graceMs = 120_000
const dayMs = 86_400_000

export class Stage {
  readonly seed: Seed
  readonly weather: Weather
  readonly clock: WorldClock
  readonly faults = new Faults()
  readonly ledger = new Ledger()
  readonly transcript: Transcript
  readonly violations: Violation[] = []
  /** What happened that is no fault, how often: a way nobody went proves nothing. */
  readonly seen = new Map<string, number>()
  readonly disk: Disk<Moment>
  readonly #linesMax: number
  readonly #plane: Plane | undefined
  #network: StageNetwork | undefined
  readonly inProgressMax: number
  readonly quarantine: QuarantineRule
  readonly #checkers: readonly Checker[]
  readonly #patch: Patch
  #broker: BrokerProcess | undefined
  #life = 0
  #startedAt = 0
  #fleetBase = 0
  #savedAtStart = 0
  #graceMs = graceMs
  #doom: { readonly when: 'before' | 'after'; left: number } | undefined
  #doomOfHandOver: { readonly delayMs: number; readonly downMs: number } | undefined
  #fullUntil = 0
  #calm = false
  #reports = 0
  #readsAt = 0
  #reads = 0
  /** True time since which the disk takes every commit. */
  #diskSince = 0
  /** Runs when a broker has come up. */
  onUp: () => void = () => {}

  constructor(seed: Seed, weather: Weather, options: StageOptions = {}) {
    this.seed = seed
    this.weather = weather
    this.#patch = options.patch ?? (ports => ports)
    this.#plane = options.plane
    this.#linesMax = options.linesMax ?? linesUsual
    this.clock = new WorldClock(Date.UTC(2026, seed.whole(0, 11), seed.whole(1, 28), seed.whole(0, 23)))
    this.transcript = new Transcript(options.keepTranscript ?? false)
    const drawn = seed.pick([3, 6, 1000])
    this.inProgressMax = options.inProgressMax ?? drawn
    this.quarantine = seed.chance(0.5) ? quarantineDefaults : { failuresMax: 2, withinMs: dayMs }
    const report = (checker: string) => (problem: string) => this.#violated(checker, problem)
    const settings = {
      inProgressMax: this.inProgressMax,
      tickMs: weather.tickMs,
      undisturbedSince: () => this.#diskSince,
    }
    this.#checkers = [...allCheckers(settings), ...(options.checkers ?? [])].map(make => {
      const named = make(() => {}).name
      return make(report(named))
    })
    const disks = seed.fork('disk')
    this.disk = new Disk<Moment>(
      {
        delayMs: () => this.#diskDelay(disks),
        full: () => this.#isFull(),
        sleep: ms => this.clock.sleep(ms),
      },
      {
        decided: () => {
          this.#mayRead()
          return this.moment()
        },
        dies: when => this.#dies(when),
        reads: () => this.#mayRead(),
        durable: (changes, events, decided) => {
          const commit = this.ledger.take(changes, events, decided, this.moment())
          this.#tellCommit(changes)
          for (const checker of this.#checkers) checker.committed?.(commit, this.ledger)
          if (commit.executions.some(isHandOver)) this.#handedOver()
        },
      },
      options.contents,
    )
  }

  /** Once, before the first broker. */
  connectBy(network: StageNetwork): void {
    this.#network = network
  }

  get broker(): BrokerProcess | undefined {
    return this.#broker
  }

  /** Enough is known. */
  get failed(): boolean {
    return this.#reports >= reportsMax || this.transcript.count > this.#linesMax || this.#reads > readsMax
  }

  moment(): Moment {
    const { trueMs, wallMs } = this.clock
    const runMs = trueMs - this.#startedAt
    const fleetMs = Math.floor(this.#fleetBase + runMs)
    const saved = Math.max(this.#savedAtStart, this.ledger.savedClockMs ?? 0)
    return {
      trueMs,
      wallMs,
      fleetMs,
      believedWallMs: wallMs < saved ? fleetMs : wallMs,
      life: this.#life,
      runMs,
      graceMs: this.#graceMs,
    }
  }

  startBroker(): void {
    if (this.#broker?.alive) return
    const { wallMs, trueMs } = this.clock
    const saved = this.ledger.savedClockMs ?? wallMs
    this.#life += 1
    this.#startedAt = trueMs
    this.#savedAtStart = saved
    this.#fleetBase = Math.max(wallMs, saved)
    this.#graceMs = wallMs - saved > dayMs ? 30 * 60_000 : graceMs
    this.#doom = undefined
    this.#doomOfHandOver = undefined
    this.tell(`broker ${this.#life} starts, the wall clock says ${new Date(wallMs).toISOString()}`)
    const settings = {
      ...orchestratorDefaults,
      tickMs: this.weather.tickMs,
      startGraceMs: graceMs,
      inProgressMax: this.inProgressMax,
      quarantine: this.quarantine,
      readyMax: this.seed.pick([2, 4096]),
    }
    this.#broker = BrokerProcess.start(
      this.#life,
      this.clock,
      this.disk,
      this.seed.fork(`broker ${this.#life}`),
      settings,
      {
        tell: line => {
          this.tell(line)
          if (line.endsWith('is up')) this.onUp()
        },
        erred: what => this.erred(what),
      },
      this.#patch,
      this.#plane,
    )
  }

  /** Now. */
  killBroker(): void {
    const broker = this.#broker
    if (broker === undefined) return
    this.tell(`broker ${broker.life} is dead`)
    broker.kill()
    this.#network?.cut(broker)
    this.#broker = undefined
  }

  /** At that many commits from now, on one side of the write. */
  killAtCommit(count: number, when: 'before' | 'after'): void {
    this.#doom = { when, left: count }
  }

  /** So long from now, unless it has died before; a new process starts that long after the death. Milliseconds. */
  killShortly(kind: FaultKind, delayMs: number, downMs: number): void {
    const life = this.#life
    this.clock.after(delayMs, () => {
      if (this.#calm || this.#broker === undefined || this.#life !== life) return
      this.faults.fired(kind)
      this.killBroker()
      this.clock.after(downMs, () => this.startBroker())
    })
  }

  /** The same, after the next hand-over. */
  killAfterHandOver(delayMs: number, downMs: number): void {
    this.#doomOfHandOver = { delayMs, downMs }
  }

  async closeBroker(): Promise<void> {
    const broker = this.#broker
    if (broker?.orchestrator === undefined) return
    await broker.close()
    this.faults.fired('closed in order')
    this.tell(`broker ${broker.life} is closed`)
    this.#network?.cut(broker)
    if (this.#broker === broker) this.#broker = undefined
  }

  fillDisk(forMs: number): void {
    this.#fullUntil = Math.max(this.#fullUntil, this.clock.trueMs + forMs)
    this.#diskSince = this.#fullUntil
  }

  calmDown(): void {
    this.#calm = true
    this.#doom = undefined
    this.#doomOfHandOver = undefined
    this.#fullUntil = 0
    this.#diskSince = this.clock.trueMs
    this.#network?.calm()
    this.tell('the weather is calm')
  }

  /** Somebody was told that his request is done. */
  answered(requestId: string): void {
    for (const checker of this.#checkers) checker.answered?.(requestId)
  }

  erred(what: string): void {
    for (const checker of this.#checkers) checker.erred?.(what)
  }

  /** `devices`: those that have a disk to look at. */
  async end(devices: readonly DeviceEnding[] = []): Promise<void> {
    const ending = { ledger: this.ledger, contents: this.disk.contents, at: this.moment(), devices }
    for (const checker of this.#checkers) await checker.ended?.(ending)
  }

  /** The broker has acknowledged it, and the device has heard so. */
  acknowledged(device: DeviceId, event: DeviceEvent): void {
    for (const checker of this.#checkers) checker.acknowledged?.(device, event)
  }

  /** What a device runs, by its disk. */
  looked(look: DeviceLook): void {
    for (const checker of this.#checkers) checker.looked?.(look)
  }

  /** A checker of the network or of devices has found something. */
  violated(checker: string, problem: string): void {
    this.#violated(checker, problem)
  }

  saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  tell(line: string): void {
    this.transcript.add(this.clock.trueMs, line)
    if (this.transcript.count === this.#linesMax)
      this.violations.push({
        checker: 'liveness',
        problem: `${this.#linesMax} steps, and no end is near`,
        trueMs: this.clock.trueMs,
      })
  }

  #mayRead(): boolean {
    if (this.#readsAt !== this.clock.trueMs) this.#reads = 0
    this.#readsAt = this.clock.trueMs
    this.#reads += 1
    if (this.#reads <= readsMax) return true
    if (this.#reads === readsMax + 1)
      this.#violated('liveness', `${readsMax} reads and commits at one moment: work without an end`)
    this.killBroker()
    return false
  }

  /** For the network to tell. */
  get watch(): NetworkWatch {
    return {
      sent: (line, message) => {
        if (message.kind === 'offer' && message.patch !== undefined) this.saw('offer with a patch')
        this.tell(`${message.kind} of ${nameOf(message.operation)} to ${line.device}, lease ${message.lease}`)
        const sending = { device: line.device, message, onClosed: line.closed, at: this.moment() }
        for (const checker of this.#checkers) checker.sent?.(sending, this.ledger)
      },
      heard: (line, message, onClosed) => {
        const sending = { device: line.device, message, onClosed, at: this.moment() }
        for (const checker of this.#checkers) checker.heard?.(sending)
      },
    }
  }

  /** A refusal closes the connection; one that is neither a broken message nor the disk's is a mistake of the engine. */
  async taken(answer: Promise<void> | undefined): Promise<void> {
    if (answer === undefined) throw new StoreUnavailable('nobody is there')
    try {
      await answer
    } catch (error) {
      if (!(error instanceof StoreUnavailable || error instanceof MessageRefused)) this.erred(`${error}`)
      throw error
    }
  }

  #diskDelay(seed: Seed): readonly [number, number] {
    if (this.weather.writeMostMs === 0 || this.#calm) return [0, 0]
    const delay = [seed.whole(0, this.weather.writeMostMs), seed.whole(0, this.weather.writeMostMs)] as const
    if (delay[0] + delay[1] > 1000) this.faults.fired('slow write')
    return delay
  }

  #isFull(): boolean {
    if (this.clock.trueMs >= this.#fullUntil) return false
    this.faults.fired('disk full')
    return true
  }

  #dies(when: 'before' | 'after'): boolean {
    const doom = this.#doom
    if (doom?.when !== when) return false
    doom.left -= 1
    if (doom.left > 0) return false
    this.faults.fired(`killed ${when} a write`)
    this.killBroker()
    return true
  }

  #handedOver(): void {
    const doom = this.#doomOfHandOver
    if (doom === undefined) return
    this.#doomOfHandOver = undefined
    this.killShortly('killed soon after a hand-over', doom.delayMs, doom.downMs)
  }

  #violated(checker: string, problem: string): void {
    this.tell(`VIOLATION ${checker}: ${problem}`)
    this.transcript.mark()
    this.#reports += 1
    // The first of each checker tells most.
    if (this.violations.some(violation => violation.checker === checker)) return
    this.violations.push({ checker, problem, trueMs: this.clock.trueMs })
  }

  #tellCommit(changes: readonly Change[]): void {
    const words = changes.flatMap(wordsOf)
    if (words.length > 0) this.tell(`durable: ${words.join(', ')}`)
  }
}
