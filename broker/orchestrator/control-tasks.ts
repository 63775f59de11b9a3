// What people decide about operations: made, held, stopped, edited, a device taken out. What the caller wants kept with
// the change (audit record, answer to the request) goes into the same commit.
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import { isEnded } from '../core/operation.ts'
import type { Input } from '../core/operation-facts.ts'
import type { Execution, Operation, Release } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { Change } from '../ports.ts'
import { RunningOperation } from './running-operation.ts'
import type { Context, Task } from './task.ts'
import { inProgressNow } from './time-tasks.ts'
import type { Turn } from './turn.ts'

/** Operations that have not ended, at once: each is looked at every second. */
const operationsMax = 1000

/** What else is written with a change, once its result is known. */
export type Along<Result> = (result: Result) => readonly Change[]

export interface NewOperation {
  readonly operation: Operation
  /** Of an operation that installs one. */
  readonly release?: Release
  /** Explicit targets, ascending and without doubles. */
  readonly devices?: readonly DeviceId[]
}

/** Makes the operation durable; its targets are expanded by the sweep that follows. */
export class CreateTask implements Task {
  readonly name = 'create-operation'
  readonly #context: Context
  readonly #made: NewOperation
  readonly #along: readonly Change[]

  constructor(context: Context, made: NewOperation, along: readonly Change[]) {
    this.#context = context
    this.#made = made
    this.#along = along
  }

  async load(): Promise<void> {
    // The id of a command that people signed is theirs to choose: it must not be another operation's.
    const { id } = this.#made.operation
    if ((await this.#context.store.operation(id)) !== undefined)
      throw new RequestRefused('CONFLICT', `there is an operation ${id} already`)
  }

  apply(turn: Turn): void {
    const { operation, release, devices } = this.#made
    if (this.#context.running.size + turn.created.length >= operationsMax)
      throw new RequestRefused('CONFLICT', `there are ${operationsMax} operations that have not ended already`)
    if (turn.created.some(created => created.operation.id === operation.id))
      throw new RequestRefused('CONFLICT', `there is an operation ${operation.id} already`)
    if (devices !== undefined) turn.put({ kind: 'put-targets', operation: operation.id, devices })
    turn.put({ kind: 'put-operation', operation })
    for (const change of this.#along) turn.put(change)
    turn.created.push(new RunningOperation(operation, release, this.#context.readyMax))
  }
}

/** What a person asks of an operation that has not ended. */
export interface Control {
  readonly id: OperationId
  /** For the log and the refusal. */
  readonly verb: string
  /** Throws RequestRefused when the operation is in no state for it; it sees the operation as of this turn. */
  readonly input: (operation: Operation, at: number, inProgress: readonly Execution[]) => Input
  readonly along: (before: Operation, after: Operation) => readonly Change[]
}

export class ControlTask implements Task {
  readonly name: string
  readonly #context: Context
  readonly #control: Control
  result: Operation | undefined

  constructor(context: Context, control: Control) {
    this.name = `${control.verb}-operation`
    this.#context = context
    this.#control = control
  }

  async load(): Promise<void> {}

  apply(turn: Turn): void {
    const { id, input, along } = this.#control
    const running = this.#context.running.get(id)
    const before = running && turn.operation(running)
    if (running === undefined || before === undefined || isEnded(before))
      throw new RequestRefused('CONFLICT', `operation ${id} has ended already`)
    const at = this.#context.clock.now()
    const { operation } = turn.decide(running, input(before, at, inProgressNow(running, turn)))
    for (const change of along(before, operation)) turn.put(change)
    this.result = operation
  }
}

/** One device out of one operation. */
export class RemoveTask implements Task {
  readonly name = 'remove-device'
  readonly #context: Context
  readonly #id: OperationId
  readonly #device: DeviceId
  readonly #along: Along<Execution>
  result: Execution | undefined

  constructor(context: Context, id: OperationId, device: DeviceId, along: Along<Execution>) {
    this.#context = context
    this.#id = id
    this.#device = device
    this.#along = along
  }

  async load(turn: Turn): Promise<void> {
    const running = this.#context.running.get(this.#id)
    if (running !== undefined) await turn.loadExecution(running, this.#device)
  }

  apply(turn: Turn): void {
    const running = this.#context.running.get(this.#id)
    if (running === undefined || isEnded(turn.operation(running)))
      throw new RequestRefused('CONFLICT', `operation ${this.#id} has ended already`)
    const execution = turn.execution(running, this.#device)
    if (execution === undefined)
      throw new RequestRefused('NOT_FOUND', `${this.#device} is no target of operation ${this.#id}`)
    if (execution.state !== 'pending' && execution.state !== 'in-progress')
      throw new RequestRefused('CONFLICT', `${this.#device} has ended in operation ${this.#id} already`)
    turn.decide(running, { kind: 'device-removed', at: this.#context.clock.now(), execution })
    const after = turn.execution(running, this.#device) ?? execution
    for (const change of this.#along(after)) turn.put(change)
    this.result = after
    turn.afterCommit.push(() => running.candidates.remove(this.#device))
  }
}

/** An abort rule stopped the operation: those in progress are told, as a person's stop would tell them. */
export class WithdrawTask implements Task {
  readonly name = 'withdraw'
  readonly #context: Context
  readonly #running: RunningOperation

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(): Promise<void> {}

  apply(turn: Turn): void {
    const operation = turn.operation(this.#running)
    if (operation.state !== 'stopping' || operation.stoppedBy === undefined) return
    turn.decide(this.#running, {
      kind: 'stop-requested',
      at: this.#context.clock.now(),
      by: operation.stoppedBy,
      inProgress: inProgressNow(this.#running, turn),
    })
  }
}

/** The operation that an abort rule asked for, made with the word that it was, in one commit. */
export class RollbackTask implements Task {
  readonly name = 'rollback'
  readonly #context: Context
  readonly #running: RunningOperation
  readonly #made: NewOperation

  constructor(context: Context, running: RunningOperation, made: NewOperation) {
    this.#context = context
    this.#running = running
    this.#made = made
  }

  async load(): Promise<void> {}

  apply(turn: Turn): void {
    const { rollback } = turn.operation(this.#running)
    if (rollback === undefined || rollback.operation !== undefined) return
    const { operation, release } = this.#made
    const at = this.#context.clock.now()
    turn.decide(this.#running, { kind: 'rollback-made', at, operation: operation.id })
    turn.put({ kind: 'put-operation', operation })
    turn.putAudit({
      at,
      actor: { kind: 'policy', rule: rollback.rule },
      action: 'operation.create',
      subject: operation.id,
      operation: operation.id,
      changes: [],
      data: { rollbackOf: this.#running.operation.id, release: rollback.release },
    })
    turn.created.push(new RunningOperation(operation, release, this.#context.readyMax))
  }
}
