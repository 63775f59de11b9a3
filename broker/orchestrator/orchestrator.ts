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
import { RateWindow, rateLimit } from '../core/rate.ts'
import type { EventRecord, Execution, Operation, Webhook } from '../core/records.ts'
import { freePermits, waveRoom } from '../core/rollout.ts'
import type { Calendar, Change, Clock, DeviceConnection, Log, OperatorChannel, Random, Store } from '../ports.ts'
import { type Along, type Control, ControlTask, CreateTask, type NewOperation, RemoveTask } from './control-tasks.ts'
import { ConfigurationTask, DeviceFreeTask, EventTask, HelloTask } from './device-tasks.ts'
import { FleetClock } from './fleet-clock.ts'
import { rateLeft, windowState } from './gates.ts'
import { Inbox, type Waiting } from './inbox.ts'
import { LiveFeed } from './live.ts'
import { LogTask } from './log-task.ts'
import { figuresOf, type OfferSettings, Offers } from './offers.ts'
import { Planner, type PlannerSettings } from './planner.ts'
import { DeregisterTask, EditDeviceTask } from './registry-tasks.ts'
import { releaseOf } from './releases.ts'
import { RunningOperation } from './running-operation.ts'
import { Sessions } from './sessions.ts'
import type { Context, Task } from './task.ts'
import { Turn } from './turn.ts'

export interface OrchestratorSettings extends OfferSettings, PlannerSettings {
  /** Executions in progress at once over all operations. */
  readonly inProgressMax: number
  /** Connected devices an operation remembers as candidates; the rest is read again when these are done. */
  readonly readyMax: number
  readonly quarantine: QuarantineRule
}
export const orchestratorDefaults: OrchestratorSettings = {
  inProgressMax: 1000,
  tickMs: 1000,
  startGraceMs: 120_000,
  readyMax: 4096,
  repeatLeastMs: 5000,
  repeatMostMs: 60_000,
  quarantine: quarantineDefaults,
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
}

/** A rate counts over any 60 s; what the last minute before a start saw is not known. */
const rateMemoryMs = 60_000

export class Orchestrator {
  readonly #store: Store
  readonly #clock: FleetClock
  readonly #log: Log
  readonly #noticed: () => void
  readonly #settings: OrchestratorSettings
  readonly #sessions = new Sessions()
  readonly #offers: Offers
  readonly #running = new Map<OperationId, RunningOperation>()
  readonly #inProgressOf = new Map<DeviceId, OperationId>()
  readonly #context: Context
  readonly #inbox = new Inbox(batch => this.#turn(batch))
  readonly #planner: Planner
  /** Live messages for operators, and for whoever listens in this process. */
  readonly live: LiveFeed
  #closed = false

  private constructor(ports: OrchestratorPorts, clock: FleetClock, settings: OrchestratorSettings) {
    const { store, log, calendar, random, channel } = ports
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#noticed = ports.noticed ?? (() => {})
    this.#settings = settings
    this.#offers = new Offers(this.#sessions, clock, calendar, log, settings)
    this.live = new LiveFeed(clock, channel)
    this.#context = {
      store,
      clock,
      calendar,
      random,
      log,
      sessions: this.#sessions,
      running: this.#running,
      inProgressOf: this.#inProgressOf,
      inProgressMax: settings.inProgressMax,
      readyMax: settings.readyMax,
      quarantine: settings.quarantine,
      webhooks: new Map(),
      enqueue: task => this.#enqueue(task),
    }
    this.#planner = new Planner(this.#context, this.#offers, task => this.#inbox.submit(task), settings)
  }

  /** Takes up every operation that has not ended, under a new lease. */
  static async open(
    ports: OrchestratorPorts,
    settings: OrchestratorSettings = orchestratorDefaults,
  ): Promise<Orchestrator> {
    const clock = await FleetClock.open(ports.clock, ports.store)
    const orchestrator = new Orchestrator(ports, clock, settings)
    for (const webhook of await ports.store.webhooks()) orchestrator.#context.webhooks.set(webhook.id, webhook)
    await orchestrator.#takeUp()
    await clock.keepSaved(ports.store, ports.log)
    orchestrator.#planner.start()
    return orchestrator
  }

  /** The time by which operations run; use cases date what they write by it. */
  get clock(): FleetClock {
    return this.#clock
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
    const { calendar } = this.#context
    const inProgressIn = this.#inProgressOf.get(execution.device)
    const first = inProgressIn === undefined ? await this.#wantedFirstBy(operation, execution.device) : undefined
    const limit = rateLimit(operation)
    return explain(running?.operation ?? operation, running?.inProgress.get(execution.device) ?? execution, device, {
      at: this.#clock.now(),
      ...(running?.release === undefined ? {} : { release: running.release }),
      online: this.#sessions.isOnline(execution.device),
      ...(device === undefined ? {} : { lastHelloAt: device.lastHelloAt }),
      ...(inProgressIn === undefined ? {} : { inProgressIn }),
      ...(first === undefined ? {} : { wantedFirstBy: first }),
      window: running === undefined ? { open: true } : windowState(running, calendar, this.#clock),
      rateLeft: running === undefined ? Number.POSITIVE_INFINITY : rateLeft(running, this.#clock),
      ...(limit === undefined ? {} : { rateLimit: limit }),
      brokerInProgress: this.#inProgressOf.size,
      brokerInProgressMax: this.#settings.inProgressMax,
    })
  }

  isOnline(device: DeviceId): boolean {
    return this.#sessions.isOnline(device)
  }

  get figures(): { readonly running: number; readonly inProgress: number; readonly waiting: number } {
    return { running: this.#running.size, inProgress: this.#inProgressOf.size, waiting: this.#inbox.count }
  }

  /** Only a device with a live execution may pull, and only the artifact that its last attempt brought. */
  mayPull(device: DeviceId, operation: OperationId, artifact: ArtifactId | string): boolean {
    const running = this.#running.get(operation)
    const session = this.#sessions.of(device)
    const execution = running?.inProgress.get(device)
    if (running === undefined || session?.device === undefined || execution === undefined) return false
    if (running.release === undefined) return false
    return running.manifestOf(session.device, execution).artifact === artifact
  }

  /** What has been submitted is finished; nothing new is taken. */
  async close(): Promise<void> {
    this.#closed = true
    this.#planner.close()
    this.live.close()
    await this.#inbox.close()
    await this.#clock.close()
  }

  async #takeUp(): Promise<void> {
    for (const stored of await this.#store.unfinishedOperations()) {
      const release = await releaseOf(this.#store, stored)
      const operation: Operation = { ...stored, lease: stored.lease + 1 }
      await this.#store.commit([{ kind: 'put-operation', operation }])
      const rate = new RateWindow(
        operation.handOverCount > 0 ? this.#clock.monotonic() + rateMemoryMs : Number.NEGATIVE_INFINITY,
      )
      const running = new RunningOperation(operation, release, this.#settings.readyMax, rate)
      for (let after: DeviceId | undefined, more = true; more; ) {
        const page = { limit: 1000, ...(after === undefined ? {} : { after }) }
        const found = await this.#store.executions(operation.id, { state: 'in-progress', ...page })
        for (const execution of found.items) this.#remember(running, execution)
        after = found.items.at(-1)?.device
        more = found.hasMore
      }
      this.#running.set(operation.id, running)
      this.#log.info(
        { event: 'operation-resumed', operation: operation.id, lease: operation.lease },
        'operation resumed',
      )
    }
  }

  /** Another operation that is pending on the device, has precedence and could hand over now. */
  async #wantedFirstBy({ id, policy }: Operation, device: DeviceId): Promise<OperationId | undefined> {
    for (const { operation, state, notBefore } of await this.#store.unfinishedExecutionsOf(device)) {
      const running = this.#running.get(operation)
      if (running === undefined || operation === id || state !== 'pending' || notBefore !== undefined) continue
      const { operation: other } = running
      if (freePermits(other) === 0 || waveRoom(other) === 0 || rateLeft(running, this.#clock) === 0) continue
      if (!windowState(running, this.#context.calendar, this.#clock).open) continue
      if (other.policy.priority > policy.priority || (other.policy.priority === policy.priority && other.id < id))
        return operation
    }
    return undefined
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
    const freed: DeviceId[] = []
    for (const { running, execution } of turn.changedExecutions.values()) {
      if (execution.state === 'in-progress') this.#remember(running, execution)
      else if (this.#forget(running, execution.device)) freed.push(execution.device)
      // Its turn comes at that time, whether it is connected then or not.
      if (execution.state === 'pending' && execution.notBefore !== undefined)
        running.candidates.add(execution, this.#clock.now())
    }
    for (const [id, device] of turn.changedDevices) {
      const session = this.#sessions.of(id)
      if (session !== undefined) session.device = device
    }
    for (const action of turn.afterCommit) action()
    for (const { running, effect } of turn.effects) {
      const execution = running.inProgress.get(effect.execution.device)
      if (execution === undefined) continue
      figuresOf(running, execution.device, this.#clock.now()).sendCount = 0
      this.#offers.send(running, execution)
    }
    this.live.events(events)
    const touched = new Set([...turn.created, ...turn.changedOperations.keys()])
    for (const running of touched) {
      this.live.operation(running.operation)
      if (!isEnded(running.operation)) continue
      this.#running.delete(running.operation.id)
      const { id, state, counts } = running.operation
      this.#log.info({ event: 'operation-ended', operation: id, state, counts }, 'operation ended')
    }
    if (this.#closed) return
    for (const device of freed) if (this.#running.size > 0) this.#enqueue(new DeviceFreeTask(this.#context, device))
    if (turn.hasNotices) this.#noticed()
    this.#planner.planAll()
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
