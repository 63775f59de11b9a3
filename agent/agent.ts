// The shell of the agent: facts from the world into the pure cores, their wishes back into the world. One inbox, drained
// in batches: step over all that waits, save memory and events in one durable batch, and only then act.
//
//   link, timers, executors ──▶ inbox ──▶ core/offers, update, command ──▶ journal.save ──▶ executors, outbox
//
// The same class runs on a device (main.ts) and in a simulated world: what it needs comes through ports.ts.
import { createHash } from 'node:crypto'
import { readChunkData } from '../proto/chunk-messages.ts'
import type { DeviceId } from '../proto/ids.ts'
import { encodeConfigurationReport, encodeProgress } from '../proto/messages.ts'
import { readOfferTopic } from '../proto/offer-messages.ts'
import type { Downlink } from '../proto/topics.ts'
import { type AcceptFacts, type AcceptLimits, type InstalledComponent, readTrust, type Trust } from './core/accept.ts'
import { resumeCommand } from './core/command.ts'
import { timeNow } from './core/fleet-time.ts'
import { type AgentMemory, emptyMemory, underWay } from './core/memory.ts'
import { trustInForce } from './core/trust.ts'
import { resume } from './core/update.ts'
import type { UpdateInput } from './core/words.ts'
import type { StorageWriteFailed } from './errors.ts'
import { Authorizer } from './handlers/authorize.ts'
import type { CommandHandlers } from './handlers/command-handler.ts'
import { commandExecutors } from './handlers/commands.ts'
import { DownloadRun, type DownloadSettings } from './handlers/download-run.ts'
import { failureOf } from './handlers/failures.ts'
import { Farewell } from './handlers/farewell.ts'
import type { RequestNumbers } from './handlers/fetch-line.ts'
import { firmwareExecutors, installedNow } from './handlers/firmware.ts'
import { gaveUpForgottenTrial } from './handlers/forgotten-trial.ts'
import { LogUpload } from './handlers/log-upload.ts'
import { Onlookers } from './handlers/onlookers.ts'
import { Outbox } from './handlers/outbox.ts'
import { type Bytes, Reports } from './handlers/reports.ts'
import { Restarts } from './handlers/restarts.ts'
import { isEarly, Saver } from './handlers/saver.ts'
import { SessionLine } from './handlers/session-line.ts'
import { helloOf, type Identity } from './handlers/speech.ts'
import { type Entry, isJobEffect, type Stepped, Stepper } from './handlers/stepper.ts'
import { Work } from './handlers/work.ts'
import type { AgentPorts, JournalSnapshot, SlotStatus } from './ports.ts'

export type { CommandHandler, CommandRun, Order, Prepared } from './handlers/command-handler.ts'

/** Who the device is and how far it goes; config.ts makes it. */
export interface AgentSettings extends DownloadSettings, Identity {
  readonly deviceId: DeviceId
  /** The signed trust document; undefined when its file is absent (every offer is then refused with UPD4_FAIL_44). */
  readonly trust: Uint8Array | undefined
  /** Starts a new image gets on trial. */
  readonly startsMax: number
  /** What this device takes less of than the contract allows. */
  readonly limits?: AcceptLimits
  /** 32 hex digits, new at each boot of the device; absent: each start of the agent counts as one. */
  readonly bootId?: string
  /** How types of commands are carried out, besides the built-in ones or in their place. */
  readonly handlers?: CommandHandlers
}

const inboxMax = 1000

export class Agent {
  readonly #ports: AgentPorts
  readonly #settings: AgentSettings
  /** As the device was provisioned. */
  readonly #trust: Trust
  readonly #journalId: string
  readonly #bootId: string
  readonly #statuses: ReadonlyMap<string, SlotStatus>
  readonly #installed: Map<string, InstalledComponent>
  readonly #work: Work
  readonly #saver: Saver
  readonly #outbox: Outbox
  readonly #farewell: Farewell
  readonly #restarts: Restarts
  readonly #onlookers: Onlookers
  readonly #stepper: Stepper
  readonly #logUpload: LogUpload
  readonly #authorizer: Authorizer
  readonly #session: SessionLine
  readonly #reports: Reports
  readonly #requestNumbers: RequestNumbers = { last: 0 }
  #memory: AgentMemory
  #inbox: Entry[] = []
  #draining: Promise<void> | undefined
  #download: DownloadRun | undefined
  #lineReady = false
  #linkStarted = false
  #stopped = false

  /** Reads journal and records; starts nothing. Throws what the journal and the installers throw. Owns no port. */
  static async open(ports: AgentPorts, settings: AgentSettings): Promise<Agent> {
    const snapshot = await ports.journal.read()
    const statuses = new Map<string, SlotStatus>()
    const installed = new Map<string, InstalledComponent>()
    for (const installer of ports.installers) {
      statuses.set(installer.component, await installer.status())
      installed.set(installer.component, await installedNow(ports, installer))
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
    this.#bootId = settings.bootId ?? Buffer.from(ports.random.bytes(16)).toString('hex')
    this.#reports = new Reports(ports, settings.deviceId, this.#bootId)
    this.#statuses = statuses
    this.#installed = installed
    this.#memory = snapshot.memory ?? emptyMemory
    this.#farewell = new Farewell(ports.clock)
    this.#restarts = new Restarts({
      ports,
      farewell: this.#farewell,
      hasSomethingToSay: () => this.#hasSomethingToSay(),
      memory: () => this.#memory,
      workNumber: () => this.#stepper.workNumber,
      refused: (reason, work) => this.#enqueue({ kind: 'input', input: { kind: 'restart-refused', reason }, work }),
    })
    this.#authorizer = new Authorizer(ports, input =>
      this.#enqueue({ kind: 'input', input, work: this.#stepper.workNumber }),
    )
    this.#session = new SessionLine(ports, message => this.#enqueue({ kind: 'message', message }))
    const common = { ports, facts: (): AcceptFacts => this.#facts() }
    const executors = {
      ...firmwareExecutors({
        ...common,
        settings,
        installed,
        authorizer: this.#authorizer,
        download: (work, signal) => this.#runDownload({ ...work, connected: this.#lineReady }, signal),
      }),
      ...commandExecutors({
        ...common,
        handlers: settings.handlers ?? {},
        bootId: this.#bootId,
        farewell: async () => void (await this.#farewell.wait(this.#hasSomethingToSay())),
        report: (job, { version, content }, signal) => {
          const { operation, attempt } = this.#memory.command?.job ?? job
          const sha256 = createHash('sha256').update(content).digest('hex')
          const report = { operation, attempt, version, sha256, content }
          return this.#outbox.report('configuration', encodeConfigurationReport(report), signal)
        },
      }),
    }
    this.#work = new Work(executors, ports.log, (input, work) => this.#enqueue({ kind: 'input', input, work }))
    this.#saver = new Saver(ports)
    this.#outbox = new Outbox(ports, snapshot.outbox, {
      hello: () => this.#hello(),
      event: event => this.#reports.event(event, this.#memory),
      acknowledged: event => {
        this.#enqueue({ kind: 'acknowledged', eventNumber: event.eventNumber })
        this.#logUpload.acknowledged(event, this.#memory)
      },
      drained: () => this.#drained(),
    })
    this.#logUpload = new LogUpload(ports, this.#outbox)
    this.#onlookers = new Onlookers(ports, () => ({
      memory: this.#memory,
      installed: this.#installed,
      ready: this.#lineReady && this.#outbox.events.length === 0,
      outboxCount: this.#outbox.events.length,
      waitingFor: this.#authorizer.waitingFor,
    }))
    const { journalId } = snapshot
    const [session, onlookers, outbox] = [this.#session, this.#onlookers, this.#outbox]
    const facts = (memory: AgentMemory): AcceptFacts => this.#facts(memory)
    this.#stepper = new Stepper({ ports, journalId, installed, outbox, session, onlookers, facts })
  }

  /** What the agent remembers durably; for tests and checkers. */
  get memory(): AgentMemory {
    return this.#memory
  }

  /** What waits for an authorization that was deferred is asked for again now. */
  authorizeAgain(): void {
    this.#authorizer.askAgain()
  }

  /** Resumes what was under way and starts the link. A trial that nobody remembers is given up. Called once. */
  async start(): Promise<void> {
    const { state, command } = this.#memory
    this.#onlookers.look()
    const { trust } = this.#facts()
    if (!trust.ok)
      this.#ports.log.error({ event: 'trust-unusable', failure: trust.failure }, 'no update can be accepted')
    if (await gaveUpForgottenTrial(this.#ports, this.#statuses, this.#memory)) {
      void this.#restarts.wish('roll-back')
      return
    }
    this.#session.follow(this.#memory)
    const wishes = [...resume(state), ...(command === undefined ? [] : resumeCommand(command))]
    this.#perform(wishes.map(effect => ({ effect, work: this.#stepper.workNumberFor(effect) })))
    if (command?.kind === 'restarting')
      this.#enqueue({ kind: 'input', input: { kind: 'started', bootId: this.#bootId }, work: this.#stepper.workNumber })
    this.#startLink()
  }

  /** Ends: timers cancelled, link closed, the save under way finished. The other ports stay open for their owner. */
  async stop(): Promise<void> {
    const untoldMs = this.#download?.untoldMs ?? 0
    this.#stopped = true
    this.#restarts.stop()
    this.#farewell.cancel()
    this.#work.abort()
    this.#outbox.onDisconnected()
    this.#saver.stop()
    this.#logUpload.stop()
    this.#reports.stop()
    await Promise.all([this.#ports.link.close(), this.#draining, this.#work.ended()])
    const { state } = this.#memory
    if (state.kind !== 'downloading' || untoldMs === 0) return
    // A device that is stopped often would never come to the end of its time.
    const elapsedMs = state.elapsedMs + untoldMs
    await this.#saver.save({ memory: { ...this.#memory, state: { ...state, elapsedMs } } }, true)
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
      const { memory, events, acknowledged, effects } = this.#stepper.stepAll(this.#memory, entries)
      const batch = {
        ...(memory === this.#memory ? {} : { memory }),
        ...(events.length === 0 ? {} : { events }),
        ...(acknowledged.length === 0 ? {} : { acknowledged }),
      }
      // Once installing began only going on leads home, so the disk is tried for good.
      const failure = await this.#saver.save(batch, isEarly(this.#memory))
      if (this.#stopped) break
      if (failure === undefined) {
        const before = this.#memory
        this.#memory = memory
        this.#outbox.append(events)
        this.#onlookers.saved(before, events)
        this.#perform(effects)
        this.#session.follow(memory)
        this.#startLink()
      } else this.#takeBack(entries, failure)
    }
    this.#draining = undefined
  }

  /** Nothing of the batch happened. Messages will be said again; the job under way ends with the journal's failure. */
  #takeBack(entries: readonly Entry[], failure: StorageWriteFailed): void {
    const failed = { kind: 'failed', failure: failureOf(failure) } as const
    const busy = underWay(this.#memory) !== undefined
    const ends: Entry[] = busy ? [{ kind: 'input', input: failed, work: this.#stepper.workNumber }] : []
    this.#inbox = [...ends, ...entries.filter(entry => entry.kind === 'acknowledged'), ...this.#inbox]
  }

  // ---- effects ------------------------------------------------------------------------------

  #perform(effects: Stepped['effects']): void {
    for (const { effect, work } of effects) {
      if (isJobEffect(effect)) {
        if (work === this.#stepper.workNumber) this.#work.begin(effect, work)
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
          void this.#restarts.wish(effect.reason)
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
    const work = this.#stepper.workNumber
    const timePassed = (input: UpdateInput): void => this.#enqueue({ kind: 'input', input, work })
    const download = new DownloadRun(this.#ports, this.#settings, what, this.#requestNumbers, timePassed)
    this.#download = download
    this.#session.feed(download)
    try {
      return await download.run(signal)
    } finally {
      if (this.#download === download) {
        this.#download = undefined
        this.#session.feed(undefined)
      }
    }
  }

  #hasSomethingToSay(): boolean {
    return this.#lineReady && this.#outbox.events.length > 0
  }

  // ---- link ---------------------------------------------------------------------------------

  /** In a trial, and after a restart that was asked for, nothing is said before it is decided. */
  #startLink(): void {
    const { state, command } = this.#memory
    const undecided =
      ['rebooting', 'confirming', 'rolling-back', 'installing'].includes(state.kind) ||
      (command?.kind === 'restarting' && command.bootId !== this.#bootId)
    if (this.#linkStarted || this.#stopped || (undecided && !this.#restarts.isStuck)) return
    this.#linkStarted = true
    this.#ports.link.start({
      connected: () => {
        this.#onlookers.linked({ connected: true })
        this.#outbox.onConnected()
      },
      disconnected: reason => {
        this.#ports.log.info({ event: 'disconnected', reason }, 'disconnected')
        this.#lineReady = false
        this.#outbox.onDisconnected()
        this.#onlookers.linked({ connected: false, reason })
        this.#download?.disconnected()
      },
      message: (downlink, bytes) => this.#onMessage(downlink, bytes),
      broadcast: (channel, session, bytes) => this.#session.received(channel, session, bytes),
    })
  }

  #drained(): void {
    this.#farewell.drained()
    if (this.#lineReady) return
    this.#lineReady = true
    this.#onlookers.look()
    this.#download?.connected()
  }

  #onMessage(downlink: Downlink, bytes: Uint8Array): void {
    try {
      if (downlink === 'offer') this.#enqueue({ kind: 'message', message: readOfferTopic(bytes) })
      else if (downlink === 'chunks/data') this.#download?.data(readChunkData(bytes))
      else this.#ports.log.warn({ event: 'command-unknown' }, 'commands are not supported by this agent')
    } catch (err) {
      this.#ports.log.warn({ event: 'message-unreadable', downlink, err }, 'message dropped')
    }
  }

  // ---- what is said -------------------------------------------------------------------------

  #facts(memory: AgentMemory = this.#memory): AcceptFacts {
    const { vendorId, classId, deviceId } = this.#settings
    return {
      now: timeNow(this.#ports.clock.wallMs(), memory),
      trust: trustInForce(this.#trust, memory.trust),
      vendorId,
      classId,
      deviceId,
      components: this.#installed,
      formats: new Map(this.#ports.installers.map(({ component, formats }) => [component, formats])),
      ...(this.#settings.limits === undefined ? {} : { limits: this.#settings.limits }),
      releaseMarks: memory.releaseMarks,
    }
  }

  #hello(): Bytes {
    const run = { bootId: this.#bootId, journalId: this.#journalId }
    const operation = underWay(this.#memory)?.operation
    const last = this.#memory.nextEventNumber - 1
    const { trust } = this.#facts()
    const trustVersion = trust.ok ? trust.document.version : undefined
    const { events } = this.#outbox
    const hello = helloOf(this.#settings, run, this.#installed, events, last, operation, trustVersion)
    return this.#reports.hello(hello, this.#memory)
  }
}
