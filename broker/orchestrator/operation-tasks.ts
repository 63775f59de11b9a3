// What happens to operations: made, stopped, expanded and swept page by page, permits handed out, deadlines.
import type { DeviceId, OperationId, PrincipalName } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { freePermits, isEnded } from '../core/operation.ts'
import { executionDeadline, operationDeadline } from '../core/policy.ts'
import type { Execution, Operation, Release } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import { isReady } from './device-tasks.ts'
import { figuresOf } from './offers.ts'
import { RunningOperation } from './running-operation.ts'
import type { Context, Task } from './task.ts'
import type { Turn } from './turn.ts'

/** Targets or pending executions gone over in one turn. */
const pageSize = 256
/** Candidates looked at for one free permit. */
const candidatesLeast = 32

/** Makes the operation durable; its targets are expanded by the sweep that follows. */
export class CreateTask implements Task {
  readonly name = 'create-operation'
  readonly #context: Context
  readonly #operation: Operation
  readonly #release: Release
  readonly #devices: readonly DeviceId[] | undefined

  /** `devices`: the explicit targets, ascending and without doubles; undefined for all registered. */
  constructor(context: Context, operation: Operation, release: Release, devices: readonly DeviceId[] | undefined) {
    this.#context = context
    this.#operation = operation
    this.#release = release
    this.#devices = devices
  }

  async load(): Promise<void> {}

  apply(turn: Turn): void {
    const { id } = this.#operation
    if (this.#devices !== undefined) turn.put({ kind: 'put-targets', operation: id, devices: this.#devices })
    turn.put({ kind: 'put-operation', operation: this.#operation })
    turn.created.push(new RunningOperation(this.#operation, this.#release, this.#context.readyMax))
  }
}

/** Stops an operation for good. Asking again is no error; an ended one is a conflict. */
export class StopTask implements Task {
  readonly name = 'stop-operation'
  readonly #context: Context
  readonly #id: OperationId
  readonly #by: PrincipalName
  result: Operation | undefined

  constructor(context: Context, id: OperationId, by: PrincipalName) {
    this.#context = context
    this.#id = id
    this.#by = by
  }

  async load(): Promise<void> {}

  apply(turn: Turn): void {
    const running = this.#context.running.get(this.#id)
    if (running === undefined || isEnded(turn.operation(running)))
      throw new RequestRefused('CONFLICT', `operation ${this.#id} has ended already`)
    const inProgress = inProgressNow(running, turn)
    const at = this.#context.clock.now()
    const decision = turn.decide(running, { kind: 'stop-requested', at, by: this.#by, inProgress })
    this.result = decision.operation
  }
}

/** One page of the sweep that is under way. */
export class SweepTask implements Task {
  readonly name = 'sweep'
  readonly #context: Context
  readonly #running: RunningOperation
  #targets: readonly DeviceId[] = []
  #executions: readonly Execution[] = []
  #more = false

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(turn: Turn): Promise<void> {
    const { store } = this.#context
    const { id, sweep, targets, requestedAt } = this.#running.operation
    if (sweep === undefined) return
    const page = { limit: pageSize, ...(sweep.after === undefined ? {} : { after: sweep.after }) }
    if (sweep.kind !== 'expand') {
      const found = await store.executions(id, { state: 'pending', ...page })
      for (const execution of found.items) turn.keepExecution(execution)
      this.#executions = found.items
      this.#more = found.hasMore
    } else if (targets.kind === 'devices') {
      const found = await store.targets(id, page)
      await Promise.all(found.items.map(device => turn.loadDevice(device)))
      this.#targets = found.items
      this.#more = found.hasMore
    } else {
      const found = await store.devices(page)
      await Promise.all(found.items.map(({ id: device }) => turn.loadDevice(device)))
      // The snapshot is that of the request: who registered later is no target.
      this.#targets = found.items.filter(device => device.registeredAt <= requestedAt).map(device => device.id)
      this.#more = found.hasMore
      const last = found.items.at(-1)?.id
      if (this.#more && last !== undefined && this.#targets.at(-1) !== last) this.#skippedTo = last
    }
  }
  #skippedTo: DeviceId | undefined

  apply(turn: Turn): void {
    const running = this.#running
    const operation = turn.operation(running)
    // A stop or time-out in this very turn has begun another sweep: the next task goes over it.
    if (operation.sweep?.kind !== running.operation.sweep?.kind || isEnded(operation)) return
    const at = this.#context.clock.now()
    if (operation.sweep?.kind === 'expand') {
      const targets = this.#targets.map(device => {
        const registered = turn.device(device)
        return { device, ...(registered === undefined ? {} : { registered }) }
      })
      turn.decide(running, {
        kind: 'targets-found',
        at,
        targets,
        more: this.#more,
        ...(this.#skippedTo === undefined ? {} : { upTo: this.#skippedTo }),
      })
      turn.afterCommit.push(() => {
        for (const device of this.#targets) if (this.#context.sessions.isOnline(device)) running.addReady(device)
      })
    } else {
      const executions = this.#executions.map(execution => turn.execution(running, execution.device) ?? execution)
      turn.decide(running, { kind: 'pending-swept', at, executions, more: this.#more })
    }
  }
}

/** Goes once over the pending executions: connected devices become candidates, for others it is noted that their turn came. */
export class ScanTask implements Task {
  readonly name = 'scan'
  readonly #context: Context
  readonly #running: RunningOperation
  #executions: readonly Execution[] = []
  #more = false

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(turn: Turn): Promise<void> {
    const { operation, scanAfter } = this.#running
    const found = await this.#context.store.executions(operation.id, {
      state: 'pending',
      limit: pageSize,
      ...(scanAfter === undefined ? {} : { after: scanAfter }),
    })
    for (const execution of found.items) turn.keepExecution(execution)
    this.#executions = found.items
    this.#more = found.hasMore
  }

  apply(turn: Turn): void {
    const running = this.#running
    const { sessions, clock } = this.#context
    for (const { device } of this.#executions) {
      const execution = turn.execution(running, device)
      if (execution === undefined || sessions.isOnline(device)) continue
      turn.decide(running, { kind: 'device-unreachable', at: clock.now(), execution })
    }
    turn.afterCommit.push(() => {
      for (const { device } of this.#executions) if (sessions.isOnline(device)) running.addReady(device)
      if (this.#more) running.scanAfter = this.#executions.at(-1)?.device
      else running.scanReachedEnd()
    })
  }
}

/** Hands free permits to candidates, in the order they became ready. */
export class RefillTask implements Task {
  readonly name = 'refill'
  readonly #context: Context
  readonly #running: RunningOperation
  #candidates: readonly DeviceId[] = []

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(turn: Turn): Promise<void> {
    // More than there are permits: some have gone away or are busy elsewhere, and must not cost a turn each.
    const count = Math.min(pageSize, Math.max(candidatesLeast, freePermits(this.#running.operation)))
    this.#candidates = this.#running.firstReady(count)
    await Promise.all(this.#candidates.map(device => turn.loadExecution(this.#running, device)))
  }

  apply(turn: Turn): void {
    const running = this.#running
    const { sessions, inProgressOf, inProgressMax, clock } = this.#context
    const taken = takenInTurn(turn)
    const done: DeviceId[] = []
    for (const device of this.#candidates) {
      if (freePermits(turn.operation(running)) === 0 || inProgressOf.size + taken.size >= inProgressMax) break
      done.push(device)
      const execution = turn.execution(running, device)
      const session = sessions.of(device)
      // Not said hello yet, or busy in another operation: its hello, or the end there, makes it a candidate again.
      if (execution === undefined || !isReady(session) || inProgressOf.has(device) || taken.has(device)) continue
      const registered = turn.device(device) ?? session.device
      const decision = turn.decide(running, { kind: 'device-ready', at: clock.now(), execution, device: registered })
      if (decision.executions.some(change => change.execution.state === 'in-progress')) taken.add(device)
    }
    turn.afterCommit.push(() => {
      for (const device of done) running.removeReady(device)
    })
  }
}

/** Devices that this turn has put in progress already. */
function takenInTurn(turn: Turn): Set<DeviceId> {
  const taken = new Set<DeviceId>()
  for (const { execution } of turn.changedExecutions.values())
    if (execution.state === 'in-progress') taken.add(execution.device)
  return taken
}

/** Ends what has run out of time in one operation. */
export class DeadlineTask implements Task {
  readonly name = 'deadline'
  readonly #context: Context
  readonly #running: RunningOperation
  readonly #devices: readonly DeviceId[]

  constructor(context: Context, running: RunningOperation, devices: readonly DeviceId[]) {
    this.#context = context
    this.#running = running
    this.#devices = devices
  }

  async load(turn: Turn): Promise<void> {
    await Promise.all(
      this.#devices.map(device => Promise.all([turn.loadDevice(device), turn.loadExecution(this.#running, device)])),
    )
  }

  apply(turn: Turn): void {
    const running = this.#running
    const at = this.#context.clock.now()
    if (at >= operationDeadline(turn.operation(running))) {
      turn.decide(running, { kind: 'operation-timed-out', at, inProgress: inProgressNow(running, turn) })
      return
    }
    for (const device of this.#devices) {
      const execution = turn.execution(running, device)
      // What was reported in this very turn has moved the deadline.
      const deadline = execution && overdue(turn.operation(running), execution, running, at)
      if (execution === undefined || deadline === undefined) continue
      const registered: Device | undefined = turn.device(device)
      turn.decide(running, {
        kind: 'deadline-passed',
        at,
        execution,
        deadline,
        ...(registered === undefined ? {} : { device: registered }),
      })
    }
  }
}

/** Which deadline of an execution in progress has passed, if any. */
export function overdue(
  operation: Operation,
  execution: Execution,
  running: RunningOperation,
  at: number,
): ReturnType<typeof executionDeadline>['kind'] | undefined {
  if (execution.state !== 'in-progress') return undefined
  const { lastSignAt } = figuresOf(running, execution.device, at)
  const deadline = executionDeadline(operation, execution, lastSignAt)
  return at >= deadline.at ? deadline.kind : undefined
}

function inProgressNow(running: RunningOperation, turn: Turn): Execution[] {
  const current = new Map(running.inProgress)
  for (const { running: owner, execution } of turn.changedExecutions.values()) {
    if (owner !== running) continue
    if (execution.state === 'in-progress') current.set(execution.device, execution)
    else current.delete(execution.device)
  }
  return [...current.values()]
}
