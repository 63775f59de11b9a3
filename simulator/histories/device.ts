// A device by the protocol's page, without its bytes: it says hello after each connect, keeps its events until they are
// acknowledged, takes one job at a time, remembers how operations ended, and comes back from a restart with what it has
// installed then. What it does wrong is its character's and the weather's.

import type { DeviceCode } from '../../proto/event-codes.ts'
import { type DeviceId, deviceId, type OperationId } from '../../proto/ids.ts'
import type { DeviceEvent, Hello, Progress, Step } from '../../proto/messages.ts'
import type { OfferMessage } from '../../proto/offer-messages.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import type { WorldClock } from '../world/clock.ts'
import type { Reachable } from '../world/course.ts'
import type { Faults } from '../world/faults.ts'
import type { Seed } from '../world/seed.ts'
import { type Character, calmed } from './character.ts'
import type { DeviceEnd, Line } from './network.ts'
import { classId, foreignDigest, type Installed, installedBy } from './releases.ts'

type Offer = Extract<OfferMessage, { kind: 'offer' }>
type Result = { readonly attempt: number; readonly content: DeviceEvent['content'] | 'hello' }

interface Job {
  readonly operation: OperationId
  readonly command: boolean
  readonly target: Installed | undefined
  readonly hold: boolean
  attempt: number
  step: Step
}

/** How the device reaches the broker. */
export interface DeviceWorld {
  readonly clock: WorldClock
  readonly faults: Faults
  /** Undefined: nobody answers there now. */
  connect(device: ScriptedDevice): Line | undefined
  hello(line: Line, hello: Hello): Promise<boolean>
  event(line: Line, event: DeviceEvent): Promise<boolean>
  progress(line: Line, progress: Progress): void
  tell(line: string): void
}

export class ScriptedDevice implements DeviceEnd, Reachable {
  readonly id: DeviceId
  readonly #world: DeviceWorld
  readonly #seed: Seed
  character: Character
  #line: Line | undefined
  #installed: Installed
  #bootId: string
  #journalId: string
  #lastNumber = 0
  #outbox: DeviceEvent[] = []
  #job: Job | undefined
  readonly #results = new Map<OperationId, Result>()
  readonly #leases = new Map<OperationId, number>()
  /** Grows when what was planned is void. */
  #plan = 0
  #tries = 0
  /** There is a way to the broker. */
  #inReach = false
  #restarting = false
  #reportTwice = 0

  constructor(name: string, world: DeviceWorld, seed: Seed, character: Character) {
    this.id = deviceId(name)
    this.#world = world
    this.#seed = seed
    this.character = character
    this.#installed = character.installed
    this.#bootId = seed.hex(16)
    this.#journalId = seed.hex(8)
  }

  get online(): boolean {
    return this.#line !== undefined
  }

  get seen(): Character['seen'] {
    return this.character.seen
  }

  calm(): void {
    this.character = calmed(this.character)
    this.#reportTwice = 0
  }

  /** Share of reports that are sent twice. */
  set reportTwice(share: number) {
    this.#reportTwice = share
  }

  /** Connects now, and again whenever the connection is lost. */
  wake(): void {
    this.#inReach = true
    this.#connect()
  }

  /** Out of reach from now on; the broker hears of it after that many milliseconds. */
  sleep(noticedAfterMs: number): void {
    this.#inReach = false
    this.#leave(noticedAfterMs)
  }

  /** The flash is torn: what was not acknowledged and what was under way is forgotten. */
  loseJournal(): void {
    this.#world.faults.fired('journal lost')
    this.#journalId = this.#seed.hex(8)
    this.#lastNumber = 0
    this.#outbox = []
    this.#job = undefined
    this.#results.clear()
    this.#leases.clear()
    this.#plan += 1
    this.#leave(this.#seed.whole(0, 30_000))
    this.#connect()
  }

  lost(line: Line): void {
    if (this.#line !== line) return
    this.#line = undefined
    this.#world.clock.after(this.#seed.whole(500, 20_000), () => this.#connect())
  }

  hear(message: OfferMessage): void {
    const { operation, lease } = message
    if (lease < (this.#leases.get(operation) ?? 0)) return
    switch (message.kind) {
      case 'offer':
        this.#offered(message)
        return
      case 'withdraw':
        this.#withdrawn(message)
        return
      case 'proceed':
        if (this.#job?.operation !== operation || this.#job.step !== 'awaiting-install') return
        this.#leases.set(operation, lease)
        this.#advance('installing')
    }
  }

  #connect(): void {
    if (!this.#inReach || this.#restarting || this.#line !== undefined) return
    const line = this.#world.connect(this)
    if (line === undefined) {
      this.#tries += 1
      const delayMs = this.#seed.whole(1000, Math.min(300_000, 2000 * 2 ** this.#tries))
      this.#world.clock.after(delayMs, () => this.#connect())
      return
    }
    this.#tries = 0
    this.#line = line
    this.#sayHello(line)
    for (const event of this.#outbox) this.#send(line, event)
  }

  #sayHello(line: Line): void {
    const { version, digest } = this.#installed
    const job = this.#job
    void this.#world.hello(line, {
      vendorId: this.character.vendorId,
      classId,
      bootId: this.#bootId,
      journalId: this.#journalId,
      components: [{ name: 'main', version, digest }],
      outboxEventCount: this.#outbox.length,
      outboxLastEventNumber: this.#lastNumber,
      packetBytesMax: 32_768,
      agentVersion: 'scripted',
      ...(job === undefined ? {} : { operation: job.operation }),
    })
  }

  #offered(offer: Offer): void {
    const { operation, attempt, lease } = offer
    const job = this.#job
    if (job !== undefined) {
      if (job.step === 'rebooting') return
      if (job.operation !== operation) {
        if (this.#line !== undefined) this.#world.progress(this.#line, { ...noProgress, refusedOperation: operation })
        return
      }
      if (attempt <= job.attempt || job.step === 'installing') return
      this.#leases.set(operation, lease)
      job.attempt = attempt
      this.#report(job, { kind: 'step', step: job.step })
      return
    }
    const last = this.#results.get(operation)
    if (last !== undefined && last.attempt > attempt) return
    this.#leases.set(operation, lease)
    if (last?.attempt === attempt) {
      if (last.content === 'hello') this.#again()
      else this.#report({ operation, attempt }, last.content)
      return
    }
    if (this.#seed.chance(this.character.ignores)) {
      this.#world.faults.fired('offer ignored')
      return
    }
    const command = offer.operationType !== firmwareUpdate
    const target = command ? undefined : installedBy(offer.envelope)
    const begun: Job = { operation, attempt, command, target, hold: offer.installHold, step: 'downloading' }
    if (target !== undefined && !isNewer(target, this.#installed)) this.#end(begun, 'UPD4_FAIL_27')
    else if (this.#fails(0.2)) {
      this.#world.faults.fired('update refused by the device')
      this.#end(begun, this.#seed.pick(this.character.codes))
    } else {
      this.#job = begun
      this.#advance(command ? 'installing' : 'downloading')
    }
  }

  #withdrawn({ operation, lease }: OfferMessage): void {
    this.#leases.set(operation, lease)
    const job = this.#job
    if (job?.operation === operation) {
      if (job.step === 'installing' || job.step === 'rebooting') return
      this.#results.set(operation, { attempt: job.attempt, content: { kind: 'step', step: 'withdrawn' } })
      this.#clear()
      this.#report(job, { kind: 'step', step: 'withdrawn' })
      return
    }
    const last = this.#results.get(operation)
    if (last === undefined) this.#say({ operation, content: { kind: 'step', step: 'withdrawn' } })
    else if (last.content === 'hello') this.#again()
    else this.#report({ operation, attempt: last.attempt }, last.content)
  }

  /** The job is at this step from now on; what comes of it is seen when the step has taken its time. */
  #advance(step: Step): void {
    const job = this.#job
    if (job === undefined) return
    job.step = step
    this.#report(job, { kind: 'step', step })
    if (step === 'awaiting-install') return
    this.#plan += 1
    const plan = this.#plan
    this.#world.clock.after(this.#seed.whole(100, this.character.stepMostMs), () => {
      if (plan === this.#plan) this.#done(job)
    })
  }

  #done(job: Job): void {
    if (this.#seed.chance(this.character.losesJournal * 0.1)) {
      this.loseJournal()
      return
    }
    switch (job.step) {
      case 'downloading':
        // Nothing comes while it is out of reach.
        if (!this.online) this.#advance('downloading')
        else this.#goOn(job, 0.5, 'verifying')
        return
      case 'verifying':
        this.#goOn(job, 0.3, job.hold ? 'awaiting-install' : 'installing')
        return
      case 'installing':
        if (this.character.inPlace && !job.command && !this.#fails(0.3)) this.#installInPlace(job)
        else this.#goOn(job, 0.3, 'rebooting')
        return
      default:
        this.#restart(job)
    }
  }

  /** To the next step, or to a failure: `share` of the device's own failures happen here. */
  #goOn(job: Job, share: number, step: Step): void {
    if (this.#fails(share)) this.#end(job, this.#seed.pick(this.character.codes))
    else this.#advance(step)
  }

  #installInPlace(job: Job): void {
    if (job.target === undefined) return
    const lies = this.#lies()
    this.#installed = lies ? { ...job.target, digest: foreignDigest } : job.target
    this.#end(job, 'UPD2_OK_18', this.#installed.digest)
  }

  #restart(job: Job): void {
    const stuck = this.#seed.chance(this.character.stuck)
    if (stuck) this.#world.faults.fired('stuck in the reboot')
    this.#restarting = true
    this.#leave(this.#seed.whole(0, 90_000))
    const delayMs = stuck ? this.#seed.whole(600_000, 12_000_000) : this.#seed.whole(1000, 60_000)
    this.#world.clock.after(delayMs, () => {
      this.#restarting = false
      this.#bootId = this.#seed.hex(16)
      // The journal may be lost meanwhile.
      if (this.#job === job) this.#judgeTrial(job)
      this.#connect()
    })
  }

  #judgeTrial(job: Job): void {
    if (job.target !== undefined && this.#fails(0.3)) {
      this.#end(job, 'UPD4_FAIL_40')
      return
    }
    if (job.target !== undefined) this.#installed = this.#lies() ? { ...job.target, digest: foreignDigest } : job.target
    this.#results.set(job.operation, { attempt: job.attempt, content: 'hello' })
    this.#clear()
  }

  #leave(noticedAfterMs: number): void {
    this.#line?.break(noticedAfterMs)
    this.#line = undefined
  }

  #fails(share: number): boolean {
    return this.#seed.chance(this.character.fails * share)
  }

  #lies(): boolean {
    if (!this.#seed.chance(this.character.lies)) return false
    this.#world.faults.fired('lying digest')
    return true
  }

  #end(job: Job, code: DeviceCode, digest?: string): void {
    if (code !== 'UPD2_OK_18') this.#world.faults.fired('update failed')
    const { operation, attempt } = job
    this.#results.set(operation, { attempt, content: { kind: 'code', code } })
    if (this.#job === job) this.#clear()
    this.#say({ operation, attempt, content: { kind: 'code', code }, ...(digest === undefined ? {} : { digest }) })
  }

  #clear(): void {
    this.#job = undefined
    this.#plan += 1
  }

  /** A result that only a hello can tell. */
  #again(): void {
    if (this.#line !== undefined) this.#sayHello(this.#line)
  }

  #report({ operation, attempt }: Pick<Job, 'operation' | 'attempt'>, content: DeviceEvent['content']): void {
    this.#say({ operation, attempt, content })
  }

  #say(event: Pick<DeviceEvent, 'content' | 'operation' | 'attempt' | 'digest'>): void {
    this.#lastNumber += 1
    const full: DeviceEvent = {
      ...event,
      journalId: this.#journalId,
      eventNumber: this.#lastNumber,
      deviceTime: 0,
      data: {},
    }
    this.#outbox.push(full)
    if (this.#line !== undefined) this.#send(this.#line, full)
  }

  #send(line: Line, event: DeviceEvent): void {
    const twice = this.#seed.chance(this.#reportTwice)
    if (twice) this.#world.faults.fired('report sent twice')
    for (let time = 0; time < (twice ? 2 : 1); time += 1)
      void this.#world.event(line, event).then(() => {
        this.#outbox = this.#outbox.filter(other => other !== event)
      })
  }
}

const noProgress: Progress = { imageBytes: 0, heldBytes: 0, receivedBytes: 0, wireBytes: 0 }

function isNewer(target: Installed, installed: Installed): boolean {
  return Number.parseInt(target.version, 10) > Number.parseInt(installed.version, 10)
}
