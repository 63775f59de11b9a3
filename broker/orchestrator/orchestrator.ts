// The shell around the operation machine: one inbox, drained in turns. Each turn loads what its tasks are about, steps
// over all of them, saves everything in one fsynced commit, and only then answers and acts.
//
//   hello, event, create, control, tick ──▶ inbox ──turn: load ▶ apply ▶ commit──▶ acknowledge, offer, withdraw, publish
//
// In memory: the operations that have not ended with their executions in progress, and the sessions of connected devices.
// What is done next in an operation is the planner's business.
import type { ArtifactId, DeviceId, OperationId } from '../../proto/ids.ts'
import type { LogReport } from '../../proto/log-report.ts'
import type { ConfigurationReport, DeviceEvent, Hello, Progress } from '../../proto/messages.ts'
import { type Device, type QuarantineRule, quarantineDefaults } from '../core/device.ts'
import { explain, type Reason } from '../core/explain.ts'
import { isEnded } from '../core/operation.ts'
import type { EventRecord, Execution, Operation, Webhook } from '../core/records.ts'
import type { PatchOffers } from '../delivery/patch-offers.ts'
import type { SessionSender } from '../delivery/session-sender.ts'
import type { Calendar, Change, Clock, DeviceConnection, Log, OperatorChannel, Random, Store } from '../ports.ts'
import { type BroadcastSettings, Broadcasts } from './broadcasts.ts'
import { type Census, censusOf } from './census.ts'
import { type Along, type Control, ControlTask, CreateTask, type NewOperation, RemoveTask } from './control-tasks.ts'
import { ConfigurationTask, DeviceFreeTask, EventTask, HelloTask } from './device-tasks.ts'
import { FleetClock } from './fleet-clock.ts'
import { Inbox, type Waiting } from './inbox.ts'
import { LiveFeed } from './live.ts'
import { LogTask } from './log-task.ts'
import { figuresOf, type OfferSettings, Offers } from './offers.ts'
import { Planner, type PlannerSettings } from './planner.ts'
import { DeregisterTask, EditDeviceTask } from './registry-tasks.ts'
import { type ReportFigures, ReportJudge } from './report-judge.ts'
import type { RunningOperation } from './running-operation.ts'
import { Sessions } from './sessions.ts'
import { standingOf } from './standing.ts'
import { takenUp } from './take-up.ts'
import type { Context, Task } from './task.ts'
import { type EncodedBytesOf, Transports } from './transports.ts'
import { Turn } from './turn.ts'

export interface OrchestratorSettings extends OfferSettings, PlannerSettings, BroadcastSettings {
  /** Executions in progress at once over all operations. */
  readonly inProgressMax: number
  /** Connected devices an operation remembers as candidates; the rest is read again when these are done. */
  readonly readyMax: number
  readonly quarantine: QuarantineRule
  /** Nothing is handed over to a device that signs no reports. */
  readonly signedReports: boolean
}
export const orchestratorDefaults: OrchestratorSettings = {
  inProgressMax: 1000,
  tickMs: 1000,
  startGraceMs: 120_000,
  readyMax: 4096,
  repeatLeastMs: 5000,
  repeatMostMs: 60_000,
  broadcastDevicesMin: 50,
  broadcastGatherMs: 2000,
  quarantine: quarantineDefaults,
  signedReports: false,
}

/** What the orchestrator works with; each stays its owner's. */
export interface OrchestratorPorts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly calendar: Calendar
  readonly log: Log
  readonly channel: OperatorChannel
  /** Called after a commit that holds notices for webhooks. */
  readonly noticed?: () => void
  /** Bytes a second that go out for an operation now, for its live state. */
  readonly throughputOf?: (operation: OperationId) => number
  /** Without it no offer names a patch. */
  readonly patches?: PatchOffers
  /** The signed time that offers carry; absent: none. */
  readonly fleetTime?: () => Uint8Array
  readonly encodedBytesOf?: EncodedBytesOf
}

export class Orchestrator {
  readonly #store: Store
  readonly #clock: FleetClock
  readonly #log: Log
  readonly #noticed: () => void
  readonly #sessions = new Sessions()
  /** Connected devices. */
  readonly onlineCount = (): number => this.#sessions.count
  readonly reportFigures = (): ReportFigures => this.#context.reports.figures
  readonly #offers: Offers
  readonly #broadcasts: Broadcasts
  readonly #running = new Map<OperationId, RunningOperation>()
  readonly #inProgressOf = new Map<DeviceId, OperationId>()
  readonly #context: Context
  readonly #inbox = new Inbox(batch => this.#turn(batch))
  readonly #planner: Planner
  /** Live messages for operators, and for whoever listens in this process. */
  readonly live: LiveFeed
  #closed = false

  private constructor(ports: OrchestratorPorts, clock: FleetClock, settings: OrchestratorSettings) {
    const { store, log, calendar, random, channel, patches, fleetTime } = ports
    const sessions = this.#sessions
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#noticed = ports.noticed ?? (() => {})
    const transports = new Transports(sessions, patches, ports.encodedBytesOf)
    const broadcasts = new Broadcasts({ clock, random, log, sessions }, transports, settings)
    const offering = { ...(patches && { patches }), ...(fleetTime && { fleetTime }) }
    const activate = (execution: Execution) => broadcasts.activate(execution)
    this.#broadcasts = broadcasts
    this.#offers = new Offers({ sessions, clock, calendar, log, activate, ...offering }, settings)
    this.live = new LiveFeed(clock, channel, ports.throughputOf)
    this.#context = {
      store,
      clock,
      calendar,
      random,
      log,
      sessions,
      running: this.#running,
      inProgressOf: this.#inProgressOf,
      inProgressMax: settings.inProgressMax,
      readyMax: settings.readyMax,
      quarantine: settings.quarantine,
      reports: new ReportJudge(log, random, settings.signedReports),
      webhooks: new Map(),
      enqueue: task => this.#enqueue(task),
    }
    const parts = { offers: this.#offers, broadcasts }
    this.#planner = new Planner(this.#context, parts, task => this.#inbox.submit(task), settings)
  }

  /** Takes up every operation that has not ended, under a new lease. */
  static async open(
    ports: OrchestratorPorts,
    settings: OrchestratorSettings = orchestratorDefaults,
  ): Promise<Orchestrator> {
    const clock = await FleetClock.open(ports.clock, ports.store)
    const orchestrator = new Orchestrator(ports, clock, settings)
    for (const webhook of await ports.store.webhooks()) orchestrator.#context.webhooks.set(webhook.id, webhook)
    for await (const { running, executions } of takenUp(ports.store, clock, ports.log, settings.readyMax)) {
      orchestrator.#running.set(running.operation.id, running)
      for (const execution of executions) orchestrator.#remember(running, execution)
    }
    await clock.keepSaved(ports.store, ports.log)
    orchestrator.#planner.start()
    return orchestrator
  }

  /** The time by which operations run; use cases date what they write by it. */
  get clock(): FleetClock {
    return this.#clock
  }

  /** What sends broadcast sessions, from now on; without it every device pulls. */
  broadcastBy(sender: SessionSender): void {
    this.#broadcasts.sendBy(sender)
  }

  deviceConnected(connection: DeviceConnection): void {
    this.#sessions.opened(connection)
  }

  deviceDisconnected(connection: DeviceConnection): void {
    this.#sessions.closed(connection)
  }

  /** Resolves when the hello is durable. */
  hello(connection: DeviceConnection, hello: Hello): Promise<void> {
    return this.#inbox.submit(new HelloTask(this.#context, connection, hello))
  }

  /** Resolves when the event is durable, or was already. Rejects with MessageRefused or StoreUnavailable. */
  event(connection: DeviceConnection, event: DeviceEvent): Promise<void> {
    return this.#inbox.submit(new EventTask(this.#context, connection, event))
  }

  /** Resolves when the configuration is durable, or nobody asked for it. */
  configuration(connection: DeviceConnection, report: ConfigurationReport): Promise<void> {
    return this.#inbox.submit(new ConfigurationTask(this.#context, connection.device, report))
  }

  /** Resolves when the log is durable, or there is no failure it could tell of. */
  deviceLog(connection: DeviceConnection, report: LogReport): Promise<void> {
    return this.#inbox.submit(new LogTask(this.#context, connection.device, report))
  }

  /** A sign of life between two reports; kept in memory only. */
  progress(connection: DeviceConnection, progress: Progress): void {
    // A device that refuses an offer because it is busy lives, too.
    for (const operation of [progress.operation, progress.refusedOperation]) {
      const running = operation && this.#running.get(operation)
      if (running?.inProgress.has(connection.device))
        figuresOf(running, connection.device, this.#clock.now()).lastSignAt = this.#clock.now()
    }
    if (progress.refusedOperation !== undefined)
      this.#log.info(
        { event: 'offer-refused', device: connection.device, operation: progress.refusedOperation },
        'device is busy with another operation',
      )
  }

  /** Resolves when durable, with what is written along. */
  async create(made: NewOperation, along: readonly Change[] = []): Promise<void> {
    await this.#inbox.submit(new CreateTask(this.#context, made, along))
  }

  /** The operation as it is once the decision is durable. Rejects with RequestRefused. */
  async control(control: Control): Promise<Operation> {
    const task = new ControlTask(this.#context, control)
    await this.#inbox.submit(task)
    return task.result as Operation
  }

  async removeDevice(id: OperationId, device: DeviceId, along: Along<Execution>): Promise<Execution> {
    const task = new RemoveTask(this.#context, id, device, along)
    await this.#inbox.submit(task)
    return task.result as Execution
  }

  async editDevice(
    device: DeviceId,
    edit: (before: Device) => Device,
    along: (before: Device, after: Device) => readonly Change[],
  ): Promise<Device> {
    const task = new EditDeviceTask(this.#context, device, edit, along)
    await this.#inbox.submit(task)
    return task.result as Device
  }

  /** Ends its executions and closes its connection. Rejects with RequestRefused when there is no such device. */
  async deregisterDevice(device: DeviceId, along: readonly Change[]): Promise<void> {
    await this.#inbox.submit(new DeregisterTask(this.#context, device, along))
  }

  /** Whoever holds an old secret is out. */
  disconnect(device: DeviceId, reason: string): void {
    this.#sessions.of(device)?.connection.close(reason)
  }

  /** Who is told of pauses, aborts and ends from now on. */
  putWebhook(webhook: Webhook): void {
    this.#context.webhooks.set(webhook.id, webhook)
  }

  deleteWebhook(id: string): void {
    this.#context.webhooks.delete(id)
  }

  /** What holds the device back in this operation, or how far it is. */
  async explain(operation: Operation, execution: Execution, device: Device | undefined): Promise<Reason> {
    const running = this.#running.get(operation.id)
    const session = this.#broadcasts.sessionOf(execution.device)
    const standing = await standingOf(this.#context, operation, execution.device, device, session)
    return explain(
      running?.operation ?? operation,
      running?.inProgress.get(execution.device) ?? execution,
      device,
      standing,
    )
  }

  isOnline(device: DeviceId): boolean {
    return this.#sessions.isOnline(device)
  }

  get figures(): { readonly running: number; readonly inProgress: number; readonly waiting: number } {
    return { running: this.#running.size, inProgress: this.#inProgressOf.size, waiting: this.#inbox.count }
  }

  census(): Census {
    return censusOf(this.#running.values())
  }

  /** Only a device with a live execution may pull, and only the artifact that its last attempt brought. */
  mayPull(device: DeviceId, operation: OperationId, artifact: ArtifactId | string): boolean {
    return this.#running.get(operation)?.brings(artifact, this.#sessions.of(device)?.device) ?? false
  }

  /** Of all devices of a running operation together; undefined: as the broker is set. */
  bytesPerSecondOf(operation: OperationId): number | undefined {
    return this.#running.get(operation)?.operation.policy.delivery?.bytesPerSecond
  }

  /** What operators gave a connected device under that name. */
  labelOf(device: DeviceId, name: string): string | undefined {
    return this.#sessions.of(device)?.device?.attributes?.[name]
  }

  /** What has been submitted is finished; nothing new is taken. */
  async close(): Promise<void> {
    this.#closed = true
    this.#planner.close()
    this.live.close()
    await this.#inbox.close()
    await this.#clock.close()
  }

  #enqueue(task: Task): void {
    this.#inbox.submit(task).catch(error => {
      if (this.#closed) return
      this.#log.error({ event: 'task-failed', task: task.name, err: error }, 'task failed')
      // Whom the task would have made a candidate is found by going over the pending ones again.
      for (const running of this.#running.values()) running.candidates.scanned = false
    })
  }

  async #turn(batch: readonly Waiting[]): Promise<void> {
    const turn = new Turn(this.#context)
    const loads = batch.map(({ task }) => task.load(turn))
    // Most turns of a busy broker are about devices whose records are in memory.
    const loaded = loads.some(load => load !== undefined) ? await Promise.allSettled(loads) : []
    const applied: Waiting[] = []
    batch.forEach((waiting, index) => {
      const load = loaded[index]
      try {
        if (load?.status === 'rejected') throw load.reason
        waiting.task.apply(turn)
        applied.push(waiting)
      } catch (error) {
        waiting.reject(error)
      }
    })
    const changes = turn.changes()
    let events: readonly EventRecord[] = []
    try {
      if (changes.length > 0) events = await this.#store.commit(changes)
    } catch (error) {
      for (const { reject } of applied) reject(error)
      return
    }
    // From here on a failure is our own mistake: memory would no longer be what is stored, so it ends the process.
    this.#committed(turn, events)
    for (const { resolve } of applied) resolve()
  }

  /** The turn is durable: it becomes memory, then the world hears of it. */
  #committed(turn: Turn, events: readonly EventRecord[]): void {
    for (const running of turn.created) this.#running.set(running.operation.id, running)
    for (const [running, operation] of turn.changedOperations) running.operation = operation
    const freed: Execution[] = []
    for (const { running, execution } of turn.changedExecutions.values()) {
      if (execution.state === 'in-progress') this.#remember(running, execution)
      else if (this.#forget(running, execution.device)) freed.push(execution)
      // Its turn comes at that time, whether it is connected then or not.
      if (execution.state === 'pending' && execution.notBefore !== undefined)
        running.candidates.add(execution, this.#clock.now())
    }
    for (const [id, device] of turn.changedDevices) {
      const session = this.#sessions.of(id)
      if (session !== undefined) session.device = device
    }
    for (const action of turn.afterCommit) action()
    for (const { running, execution } of turn.changedExecutions.values()) running.candidates.changed(execution)
    for (const { running, effect } of turn.effects) this.#send(running, effect.execution.device)
    for (const { running, execution, before } of turn.changedExecutions.values()) {
      this.#broadcasts.changed(running, execution)
      // Who has begun to wait for a go need not wait for the timer.
      if (running.isHeld(execution) && before?.step !== execution.step) this.#send(running, execution.device)
    }
    this.live.devices(turn.writtenDevices(), turn.goneDevices())
    this.live.events(events)
    const touched = new Set([...turn.created, ...turn.changedOperations.keys()])
    for (const running of touched) {
      this.live.operation(running.operation)
      if (!isEnded(running.operation)) continue
      const { id, state, counts } = running.operation
      this.#running.delete(id)
      this.#broadcasts.operationEnded(id)
      this.#log.info({ event: 'operation-ended', operation: id, state, counts }, 'operation ended')
    }
    if (this.#closed) return
    for (const left of freed) if (this.#running.size > 0) this.#enqueue(new DeviceFreeTask(this.#context, left))
    if (turn.hasNotices) this.#noticed()
    this.#planner.planAll()
  }

  /** What its execution calls for now, and from the start of the schedule. */
  #send(running: RunningOperation, device: DeviceId): void {
    const execution = running.inProgress.get(device)
    if (execution === undefined) return
    figuresOf(running, device, this.#clock.now()).sendCount = 0
    this.#offers.send(running, execution)
  }

  #remember(running: RunningOperation, execution: Execution): void {
    running.inProgress.set(execution.device, execution)
    this.#inProgressOf.set(execution.device, running.operation.id)
    figuresOf(running, execution.device, this.#clock.now()).lastSignAt = this.#clock.now()
  }

  #forget(running: RunningOperation, device: DeviceId): boolean {
    running.figures.delete(device)
    if (!running.inProgress.delete(device)) return false
    this.#inProgressOf.delete(device)
    return true
  }
}
