// The shell around the operation machine: one inbox, drained in turns. Each turn loads what its tasks are about, steps
// over all of them, saves everything in one fsynced commit, and only then answers and acts.
//
//   hello, event, create, stop, tick ──▶ inbox ──turn: load ▶ apply ▶ commit──▶ acknowledge, offer, withdraw, publish
//
// In memory: the operations that have not ended with their executions in progress, and the sessions of connected devices.
import type { ArtifactId, DeviceId, OperationId, PrincipalName } from '../../proto/ids.ts'
import type { DeviceEvent, Hello, Progress } from '../../proto/messages.ts'
import { freePermits, isEnded } from '../core/operation.ts'
import { operationDeadline } from '../core/policy.ts'
import type { EventRecord, Execution, Operation, Release } from '../core/records.ts'
import { StoreDamaged, StoreUnavailable } from '../errors.ts'
import type { Clock, DeviceConnection, Log, OperatorChannel, Store } from '../ports.ts'
import { DeviceFreeTask, EventTask, HelloTask } from './device-tasks.ts'
import { LiveFeed } from './live.ts'
import { figuresOf, type OfferSettings, Offers } from './offers.ts'
import { CreateTask, DeadlineTask, overdue, RefillTask, ScanTask, StopTask, SweepTask } from './operation-tasks.ts'
import { RunningOperation } from './running-operation.ts'
import { Sessions } from './sessions.ts'
import type { Context, Task } from './task.ts'
import { Turn } from './turn.ts'

export interface OrchestratorSettings extends OfferSettings {
  /** Executions in progress at once over all operations. */
  readonly inProgressMax: number
  /** Milliseconds between two looks at deadlines and unanswered offers. */
  readonly tickMs: number
  /** After a start, milliseconds in which devices may come back before silence or absence counts against them. */
  readonly startGraceMs: number
  /** Connected devices an operation remembers as candidates; the rest is read again when these are done. */
  readonly readyMax: number
}
export const orchestratorDefaults: OrchestratorSettings = {
  inProgressMax: 1000,
  tickMs: 1000,
  startGraceMs: 120_000,
  readyMax: 4096,
  repeatLeastMs: 5000,
  repeatMostMs: 60_000,
}

/** Tasks taken into one turn, and tasks that may wait before devices are told to come back later. */
const turnTasksMax = 512
const inboxMax = 50_000

interface Waiting {
  readonly task: Task
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Orchestrator {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: OrchestratorSettings
  readonly #sessions = new Sessions()
  readonly #offers: Offers
  readonly #live: LiveFeed
  readonly #running = new Map<OperationId, RunningOperation>()
  readonly #inProgressOf = new Map<DeviceId, OperationId>()
  readonly #context: Context
  readonly #inbox: Waiting[] = []
  readonly #planned = new Set<string>()
  /** By the monotonic clock: from then on deadlines fire. */
  readonly #graceEnd: number
  #turning: Promise<void> | undefined
  #cancelTick: (() => void) | undefined
  #closed = false

  private constructor(store: Store, clock: Clock, log: Log, channel: OperatorChannel, settings: OrchestratorSettings) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#settings = settings
    this.#graceEnd = clock.monotonic() + settings.startGraceMs
    this.#offers = new Offers(this.#sessions, clock, log, settings)
    this.#live = new LiveFeed(clock, channel)
    this.#context = {
      store,
      clock,
      log,
      sessions: this.#sessions,
      running: this.#running,
      inProgressOf: this.#inProgressOf,
      inProgressMax: settings.inProgressMax,
      readyMax: settings.readyMax,
      enqueue: task => this.#enqueue(task),
    }
  }

  /** Takes up every operation that has not ended, under a new lease. The store stays the caller's. */
  static async open(
    store: Store,
    clock: Clock,
    log: Log,
    channel: OperatorChannel,
    settings: OrchestratorSettings = orchestratorDefaults,
  ): Promise<Orchestrator> {
    const orchestrator = new Orchestrator(store, clock, log, channel, settings)
    await orchestrator.#takeUp()
    for (const running of orchestrator.#running.values()) orchestrator.#plan(running)
    orchestrator.#tick()
    return orchestrator
  }

  deviceConnected(connection: DeviceConnection): void {
    this.#sessions.opened(connection)
  }

  deviceDisconnected(connection: DeviceConnection): void {
    this.#sessions.closed(connection)
  }

  /** Resolves when the hello is durable. */
  hello(connection: DeviceConnection, hello: Hello): Promise<void> {
    return this.#submit(new HelloTask(this.#context, connection, hello))
  }

  /** Resolves when the event is durable, or was already. Rejects with MessageRefused or StoreUnavailable. */
  event(connection: DeviceConnection, event: DeviceEvent): Promise<void> {
    return this.#submit(new EventTask(this.#context, connection, event))
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

  /** `devices`: explicit targets, ascending and without doubles; undefined for all registered. Resolves when durable. */
  async create(operation: Operation, release: Release, devices: readonly DeviceId[] | undefined): Promise<void> {
    await this.#submit(new CreateTask(this.#context, operation, release, devices))
  }

  /** The operation as it is once the stop is durable. Rejects with RequestRefused when it has ended. */
  async stop(id: OperationId, by: PrincipalName): Promise<Operation> {
    const task = new StopTask(this.#context, id, by)
    await this.#submit(task)
    return task.result as Operation
  }

  isOnline(device: DeviceId): boolean {
    return this.#sessions.isOnline(device)
  }

  get figures(): { readonly running: number; readonly inProgress: number; readonly waiting: number } {
    return { running: this.#running.size, inProgress: this.#inProgressOf.size, waiting: this.#inbox.length }
  }

  /** Only a device with a live execution may pull the artifact it was offered. */
  mayPull(device: DeviceId, operation: OperationId, artifact: ArtifactId | string): boolean {
    const running = this.#running.get(operation)
    const session = this.#sessions.of(device)
    if (running === undefined || session?.device === undefined || !running.inProgress.has(device)) return false
    return running.manifestFor(session.device).artifact === artifact
  }

  /** What has been submitted is finished; nothing new is taken. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTick?.()
    this.#live.close()
    await this.#turning
  }

  async #takeUp(): Promise<void> {
    for (const stored of await this.#store.unfinishedOperations()) {
      const release = await this.#store.release(stored.release)
      if (release === undefined)
        throw new StoreDamaged(`release ${stored.release} of operation ${stored.id} is missing`)
      const operation: Operation = { ...stored, lease: stored.lease + 1 }
      await this.#store.commit([{ kind: 'put-operation', operation }])
      const running = new RunningOperation(operation, release, this.#settings.readyMax)
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

  #enqueue(task: Task): void {
    this.#submit(task).catch(error => {
      if (this.#closed) return
      this.#log.error({ event: 'task-failed', task: task.name, err: error }, 'task failed')
      // Whom the task would have made a candidate is found by going over the pending ones again.
      for (const running of this.#running.values()) running.scanned = false
    })
  }

  #submit(task: Task): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the broker is closing'))
    if (this.#inbox.length >= inboxMax) return Promise.reject(new StoreUnavailable('the inbox is full'))
    return new Promise((resolve, reject) => {
      this.#inbox.push({ task, resolve, reject })
      this.#turning ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    // One breath, so that everything that arrived in this tick of the event loop shares the turn.
    await Promise.resolve()
    while (this.#inbox.length > 0) await this.#turn(this.#inbox.splice(0, turnTasksMax))
    this.#turning = undefined
  }

  async #turn(batch: readonly Waiting[]): Promise<void> {
    const turn = new Turn(this.#store, this.#sessions)
    const loaded = await Promise.allSettled(batch.map(({ task }) => task.load(turn)))
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
    this.#live.events(events)
    const touched = new Set([...turn.created, ...turn.changedOperations.keys()])
    for (const running of touched) {
      this.#live.operation(running.operation)
      if (!isEnded(running.operation)) continue
      this.#running.delete(running.operation.id)
      const { id, state, counts } = running.operation
      this.#log.info({ event: 'operation-ended', operation: id, state, counts }, 'operation ended')
    }
    if (this.#closed) return
    for (const device of freed) if (this.#running.size > 0) this.#enqueue(new DeviceFreeTask(this.#context, device))
    for (const running of this.#running.values()) this.#plan(running)
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

  /** Puts the next piece of work of the operation into the inbox, one of each kind at a time. */
  #plan(running: RunningOperation): void {
    const { operation } = running
    if (operation.sweep !== undefined) this.#once(new SweepTask(this.#context, running), running)
    const free = Math.min(freePermits(operation), this.#settings.inProgressMax - this.#inProgressOf.size)
    if (free <= 0) return
    // Nobody's turn is missed while the fleet is still coming back.
    const settledIn = this.#clock.monotonic() >= this.#graceEnd
    if (running.readyCount > 0) this.#once(new RefillTask(this.#context, running), running)
    else if (settledIn && !running.scanned && operation.sweep === undefined && operation.counts.pending > 0)
      this.#once(new ScanTask(this.#context, running), running)
  }

  #once(task: Task, running: RunningOperation): void {
    const operation = running.operation.id
    const key = `${task.name}/${operation}`
    if (this.#planned.has(key)) return
    this.#planned.add(key)
    this.#submit(task).then(
      () => {
        this.#planned.delete(key)
        if (!this.#closed && !isEnded(running.operation)) this.#plan(running)
      },
      error => {
        this.#planned.delete(key)
        if (!this.#closed)
          this.#log.error({ event: 'task-failed', task: task.name, operation, err: error }, 'task failed')
      },
    )
  }

  #tick(): void {
    this.#cancelTick = this.#clock.after(this.#settings.tickMs, () => {
      const now = this.#clock.now()
      for (const running of this.#running.values()) {
        this.#offers.repeat(running)
        this.#plan(running)
        if (this.#clock.monotonic() < this.#graceEnd) continue
        const late: DeviceId[] = []
        for (const execution of running.inProgress.values())
          if (overdue(running.operation, execution, running, now) !== undefined) late.push(execution.device)
        if (late.length > 0 || now >= operationDeadline(running.operation))
          this.#once(new DeadlineTask(this.#context, running, late), running)
        this.#plan(running)
      }
      this.#tick()
    })
  }
}
