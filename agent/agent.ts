// The shell of the agent: facts from the world into the pure cores, their wishes back into the world. One inbox, drained
// in batches: step over all that waits, save memory and events in one durable batch, and only then act.
//
//   link, timers, executors ──▶ inbox ──▶ core/offers, core/update ──▶ journal.save ──▶ executors, outbox
//
// The same class runs on a device (main.ts) and in a simulated world: what it needs comes through ports.ts.
import { createHash } from 'node:crypto'
import type { DeviceId } from '../proto/ids.ts'
import {
  type DeviceEvent,
  encodeProgress,
  type OfferMessage,
  readChunkData,
  readOfferMessage,
} from '../proto/messages.ts'
import type { Downlink } from '../proto/topics.ts'
import { type AcceptFacts, accept, type InstalledComponent, readTrust, type Trust } from './core/accept.ts'
import { type AgentMemory, emptyMemory, jobOf } from './core/memory.ts'
import { type OfferVerdict, offered, withdrawn } from './core/offers.ts'
import { type Effect, type Outcome, resume, step, type UpdateInput } from './core/update.ts'
import type { StorageWriteFailed } from './errors.ts'
import { DownloadRun, type DownloadSettings, type RequestNumbers } from './handlers/download-run.ts'
import { failureOf } from './handlers/failures.ts'
import { firmwareExecutors, installedNow, type JobEffect } from './handlers/firmware.ts'
import { Outbox } from './handlers/outbox.ts'
import { Saver } from './handlers/saver.ts'
import { eventOf, helloBytes, type Identity, saysTheSame } from './handlers/speech.ts'
import { Work } from './handlers/work.ts'
import type { AgentPorts, JournalSnapshot, SlotStatus, Timer } from './ports.ts'

/** Who the device is and how far it goes; config.ts makes it. */
export interface AgentSettings extends DownloadSettings, Identity {
  readonly deviceId: DeviceId
  /** The signed trust document; undefined when its file is absent (every offer is then refused with UPD4_FAIL_44). */
  readonly trust: Uint8Array | undefined
  /** Starts a new image gets on trial. */
  readonly startsMax: number
}

type Entry =
  /** `work`: the outcome of the work of this number, void when other work began since. */
  | { readonly kind: 'input'; readonly input: UpdateInput; readonly work: number }
  | { readonly kind: 'message'; readonly message: OfferMessage }
  | { readonly kind: 'acknowledged'; readonly eventNumber: number }

interface Stepped {
  readonly memory: AgentMemory
  readonly events: readonly DeviceEvent[]
  readonly acknowledged: readonly number[]
  readonly effects: readonly { readonly effect: Effect; readonly work: number }[]
}

const inboxMax = 1000
/** How long a restart waits for the events that are on their way out. */
const farewellMs = 2000

export class Agent {
  readonly #ports: AgentPorts
  readonly #settings: AgentSettings
  readonly #trust: Trust
  readonly #journalId: string
  readonly #bootId: string
  readonly #statuses: ReadonlyMap<string, SlotStatus>
  readonly #installed: Map<string, InstalledComponent>
  readonly #work: Work
  readonly #saver: Saver
  readonly #outbox: Outbox
  readonly #requestNumbers: RequestNumbers = { last: 0 }
  #memory: AgentMemory
  #inbox: Entry[] = []
  #draining: Promise<void> | undefined
  #workNumber = 0
  #download: DownloadRun | undefined
  #lineReady = false
  #linkStarted = false
  #farewell: { readonly reason: string; readonly timer: Timer } | undefined
  #stopped = false

  /** Reads journal and slots; starts nothing. Throws what the journal and the slots throw. Owns no port. */
  static async open(ports: AgentPorts, settings: AgentSettings): Promise<Agent> {
    const snapshot = await ports.journal.read()
    const statuses = new Map<string, SlotStatus>()
    const installed = new Map<string, InstalledComponent>()
    for (const component of ports.slots.components) {
      const status = await ports.slots.status(component)
      statuses.set(component, status)
      installed.set(component, await installedNow(ports, status))
    }
    return new Agent(ports, settings, snapshot, statuses, installed)
  }

  private constructor(
    ports: AgentPorts,
    settings: AgentSettings,
    snapshot: JournalSnapshot,
    statuses: ReadonlyMap<string, SlotStatus>,
    installed: Map<string, InstalledComponent>,
  ) {
    this.#ports = ports
    this.#settings = settings
    this.#trust = readTrust(settings.trust)
    this.#journalId = snapshot.journalId
    this.#bootId = Buffer.from(ports.random.bytes(16)).toString('hex')
    this.#statuses = statuses
    this.#installed = installed
    this.#memory = snapshot.memory ?? emptyMemory
    const executors = firmwareExecutors({
      ports,
      startsMax: settings.startsMax,
      installed,
      facts: () => this.#facts(),
      download: (job, manifest, signal) => this.#runDownload({ job, manifest, connected: this.#lineReady }, signal),
    })
    this.#work = new Work(executors, ports.log, (input, work) => this.#enqueue({ kind: 'input', input, work }))
    this.#saver = new Saver(ports)
    this.#outbox = new Outbox(ports, snapshot.outbox, {
      hello: () => this.#hello(),
      acknowledged: eventNumber => this.#enqueue({ kind: 'acknowledged', eventNumber }),
      drained: () => this.#drained(),
    })
  }

  /** What the agent remembers durably; for tests and checkers. */
  get memory(): AgentMemory {
    return this.#memory
  }

  /** Resumes what was under way and starts the link. A trial that nobody remembers is given up. Called once. */
  async start(): Promise<void> {
    const { state } = this.#memory
    if (!this.#trust.ok)
      this.#ports.log.error({ event: 'trust-unusable', failure: this.#trust.failure }, 'no update can be accepted')
    if (await this.#gaveUpForgottenTrial()) return
    this.#perform(resume(state).map(effect => ({ effect, work: this.#workNumberFor(effect) })))
    this.#startLink()
  }

  /** Ends: timers cancelled, link closed, the save under way finished. The other ports stay open for their owner. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#farewell?.timer.cancel()
    this.#work.abort()
    this.#outbox.onDisconnected()
    this.#saver.stop()
    await Promise.all([this.#ports.link.close(), this.#draining, this.#work.ended()])
  }

  // ---- inbox --------------------------------------------------------------------------------

  #enqueue(entry: Entry): void {
    if (this.#stopped) return
    if (entry.kind === 'message' && this.#inbox.length >= inboxMax) {
      // It will be said again until it is answered.
      this.#ports.log.warn({ event: 'inbox-full', message: entry.message.kind }, 'message dropped')
      return
    }
    this.#inbox.push(entry)
    this.#draining ??= this.#drain()
  }

  async #drain(): Promise<void> {
    // What arrives together shares one fsync.
    await Promise.resolve()
    while (this.#inbox.length > 0 && !this.#stopped) {
      const entries = this.#inbox
      this.#inbox = []
      const stepped = this.#stepAll(entries)
      const { memory, events, acknowledged, effects } = stepped
      const batch = {
        ...(memory === this.#memory ? {} : { memory }),
        ...(events.length === 0 ? {} : { events }),
        ...(acknowledged.length === 0 ? {} : { acknowledged }),
      }
      // Once installing began only going on leads home, so the disk is tried for good.
      const failure = await this.#saver.save(batch, isEarly(this.#memory))
      if (this.#stopped) break
      if (failure === undefined) {
        this.#memory = memory
        this.#outbox.append(events)
        this.#perform(effects)
        this.#startLink()
      } else this.#takeBack(entries, failure)
    }
    this.#draining = undefined
  }

  /** Nothing of the batch happened. Messages will be said again; the job under way ends with the journal's failure. */
  #takeBack(entries: readonly Entry[], failure: StorageWriteFailed): void {
    const { kind } = this.#memory.state
    const failed = { kind: 'failed', failure: failureOf(failure) } as const
    const ends: Entry[] = kind === 'idle' ? [] : [{ kind: 'input', input: failed, work: this.#workNumber }]
    this.#inbox = [...ends, ...entries.filter(entry => entry.kind === 'acknowledged'), ...this.#inbox]
  }

  #stepAll(entries: readonly Entry[]): Stepped {
    let memory = this.#memory
    const events: DeviceEvent[] = []
    const effects: { effect: Effect; work: number }[] = []
    const acknowledged: number[] = []
    for (const entry of entries) {
      if (entry.kind === 'acknowledged') acknowledged.push(entry.eventNumber)
      if (entry.kind === 'acknowledged' || (entry.kind === 'input' && entry.work !== this.#workNumber)) continue
      const outcome = this.#step(memory, entry)
      if (outcome.memory.state.kind !== memory.state.kind) this.#logChange(memory, outcome.memory)
      memory = outcome.memory
      for (const draft of outcome.events) {
        if ([...this.#outbox.events, ...events].some(event => saysTheSame(event, draft))) continue
        const eventNumber = memory.nextEventNumber
        const numbered = { journalId: this.#journalId, eventNumber, deviceTime: this.#ports.clock.wallMs() }
        events.push(eventOf(draft, numbered, this.#installed))
        memory = { ...memory, nextEventNumber: eventNumber + 1 }
      }
      for (const effect of outcome.effects) effects.push({ effect, work: this.#workNumberFor(effect) })
    }
    return { memory, events, acknowledged, effects }
  }

  #step(memory: AgentMemory, entry: Exclude<Entry, { kind: 'acknowledged' }>): Outcome {
    if (entry.kind === 'input') return step(memory, entry.input)
    const { message } = entry
    if (message.kind === 'withdraw') return withdrawn(memory, message)
    const envelopeSha256 = createHash('sha256').update(message.envelope).digest('hex')
    return offered(memory, { ...message, envelopeSha256 }, () => this.#judge(memory, message, envelopeSha256))
  }

  // ---- effects ------------------------------------------------------------------------------

  /** Every wish about a job makes void what earlier work may still report. */
  #workNumberFor(effect: Effect): number {
    if (isJobEffect(effect) || effect.kind === 'abandon') this.#workNumber += 1
    return this.#workNumber
  }

  #perform(effects: Stepped['effects']): void {
    for (const { effect, work } of effects) {
      if (isJobEffect(effect)) {
        if (work === this.#workNumber) this.#work.begin(effect, work)
        continue
      }
      switch (effect.kind) {
        case 'abandon':
          this.#work.abort()
          break
        case 'refuse': {
          const nothing = { imageBytes: 0, heldBytes: 0, receivedBytes: 0, wireBytes: 0 }
          this.#ports.link.send('progress', encodeProgress({ ...nothing, refusedOperation: effect.operation }))
          break
        }
        case 'say-hello':
          this.#outbox.sayHello()
          break
        case 'restart':
          this.#restart(effect.reason)
          break
        default:
          effect satisfies never
      }
    }
  }

  async #runDownload(
    what: ConstructorParameters<typeof DownloadRun>[2],
    signal: AbortSignal,
  ): Promise<UpdateInput | undefined> {
    const work = this.#workNumber
    const timePassed = (input: UpdateInput): void => this.#enqueue({ kind: 'input', input, work })
    const download = new DownloadRun(this.#ports, this.#settings, what, this.#requestNumbers, timePassed)
    this.#download = download
    try {
      return await download.run(signal)
    } finally {
      if (this.#download === download) this.#download = undefined
    }
  }

  /** The events that were saved get a moment to leave: the broker then knows why the device falls silent. */
  #restart(reason: string): void {
    this.#farewell?.timer.cancel()
    const delayMs = this.#lineReady && this.#outbox.events.length > 0 ? farewellMs : 0
    this.#farewell = { reason, timer: this.#ports.clock.after(delayMs, () => this.#sayFarewell()) }
  }

  #sayFarewell(): void {
    if (this.#farewell === undefined) return
    const { reason, timer } = this.#farewell
    timer.cancel()
    this.#farewell = undefined
    this.#ports.reboot.restart(reason)
  }

  // ---- link ---------------------------------------------------------------------------------

  /** In a trial nothing is said before it is decided. */
  #startLink(): void {
    const { kind } = this.#memory.state
    const undecided = kind === 'rebooting' || kind === 'confirming' || kind === 'rolling-back' || kind === 'installing'
    if (this.#linkStarted || this.#stopped || undecided) return
    this.#linkStarted = true
    this.#ports.link.start({
      connected: () => this.#outbox.onConnected(),
      disconnected: reason => {
        this.#ports.log.info({ event: 'disconnected', reason }, 'disconnected')
        this.#lineReady = false
        this.#outbox.onDisconnected()
        this.#download?.disconnected()
      },
      message: (downlink, bytes) => this.#onMessage(downlink, bytes),
    })
  }

  #drained(): void {
    this.#sayFarewell()
    if (this.#lineReady) return
    this.#lineReady = true
    this.#download?.connected()
  }

  #onMessage(downlink: Downlink, bytes: Uint8Array): void {
    try {
      if (downlink === 'offer') this.#enqueue({ kind: 'message', message: readOfferMessage(bytes) })
      else if (downlink === 'chunks/data') this.#download?.data(readChunkData(bytes))
      else this.#ports.log.warn({ event: 'command-unknown' }, 'commands are not supported by this agent')
    } catch (err) {
      this.#ports.log.warn({ event: 'message-unreadable', downlink, err }, 'message dropped')
    }
  }

  // ---- what is said -------------------------------------------------------------------------

  #judge(memory: AgentMemory, offer: Extract<OfferMessage, { kind: 'offer' }>, envelopeSha256: string): OfferVerdict {
    const verdict = accept(offer.envelope, this.#facts(memory))
    if (!verdict.ok) return verdict
    const { component, version, installedSha256, releaseCounter } = verdict.manifest
    const { operation, attempt } = offer
    const reboot = this.#statuses.get(component)?.reboot ?? false
    const envelope = Buffer.from(offer.envelope).toString('base64')
    const what = { component, version, digest: installedSha256, releaseCounter, reboot }
    return { ok: true, job: { operation, attempt, envelope, envelopeSha256, ...what } }
  }

  #facts(memory: AgentMemory = this.#memory): AcceptFacts {
    const { vendorId, classId, deviceId } = this.#settings
    return {
      now: this.#ports.clock.wallMs(),
      trust: this.#trust,
      vendorId,
      classId,
      deviceId,
      components: this.#installed,
      releaseMarks: memory.releaseMarks,
    }
  }

  #hello(): Uint8Array {
    const run = { bootId: this.#bootId, journalId: this.#journalId }
    const operation = jobOf(this.#memory.state)?.operation
    const last = this.#memory.nextEventNumber - 1
    return helloBytes(this.#settings, run, this.#installed, this.#outbox.events, last, operation)
  }

  #logChange(before: AgentMemory, after: AgentMemory): void {
    const job = jobOf(after.state) ?? jobOf(before.state)
    const outcome = after.state.kind === 'idle' ? after.results.at(-1)?.outcome : undefined
    this.#ports.log.info(
      { event: 'update-step', operation: job?.operation, component: job?.component, step: after.state.kind, outcome },
      `update: ${before.state.kind} → ${after.state.kind}`,
    )
  }

  /** The journal knows nothing of a trial the record names (it was lost): back to what is known to be good. */
  async #gaveUpForgottenTrial(): Promise<boolean> {
    let restartNeeded = false
    for (const [component, { trial, running }] of this.#statuses) {
      if (trial === undefined || jobOf(this.#memory.state)?.component === component) continue
      this.#ports.log.error({ event: 'trial-forgotten', component, version: trial.version }, 'rolling back')
      await this.#ports.slots.rollBack(component, trial, 'forgotten')
      restartNeeded ||= running === trial.slot
    }
    if (restartNeeded) this.#ports.reboot.restart('roll-back')
    return restartNeeded
  }
}

function isJobEffect(effect: Effect): effect is JobEffect {
  return 'job' in effect
}

function isEarly({ state }: AgentMemory): boolean {
  return ['idle', 'accepting', 'downloading', 'verifying'].includes(state.kind)
}
