// What time brings about in one operation: deadlines of executions, the end of its days, its schedule.
import type { DeviceId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { isEnded } from '../core/operation.ts'
import { type DeadlineKind, executionDeadline, operationDeadline } from '../core/policy.ts'
import type { Execution, Operation } from '../core/records.ts'
import { goIsOpen } from './gates.ts'
import { figuresOf } from './offers.ts'
import type { RunningOperation } from './running-operation.ts'
import { type Context, chanceOf, type Task } from './task.ts'
import type { Turn } from './turn.ts'

/** Ends what has run out of time. */
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
    const devices = this.#isOver() ? [...this.#running.inProgress.keys()] : this.#devices
    await Promise.all(
      devices.map(device => Promise.all([turn.loadDevice(device), turn.loadExecution(this.#running, device)])),
    )
  }

  apply(turn: Turn): void {
    const running = this.#running
    const at = this.#context.clock.now()
    if (this.#isOver()) {
      turn.decide(running, { kind: 'operation-timed-out', at, inProgress: inProgressNow(running, turn) })
      return
    }
    for (const device of this.#devices) {
      const execution = turn.execution(running, device)
      // What was reported in this very turn has moved the deadline.
      const deadline = execution && overdue(this.#context, turn.operation(running), execution, running, at)
      if (execution === undefined || deadline === undefined) continue
      const registered: Device | undefined = turn.device(device)
      const { reports, sessions } = this.#context
      const operation = turn.operation(running)
      const proof = registered && reports.atDeadline(operation, execution, registered, sessions.of(device)?.hello)
      turn.decide(running, {
        kind: 'deadline-passed',
        at,
        execution,
        deadline,
        chance: chanceOf(this.#context.random),
        ...(registered === undefined ? {} : { device: registered }),
        ...(proof === undefined ? {} : { proof }),
      })
    }
  }

  #isOver(): boolean {
    const deadline = operationDeadline(this.#running.operation)
    return deadline !== undefined && this.#context.clock.now() >= deadline
  }
}

/** A start, an end or a soak is due, or those that joined too long ago are. */
export class ClockTask implements Task {
  readonly name = 'clock'
  readonly #context: Context
  readonly #running: RunningOperation

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(): Promise<void> {}

  apply(turn: Turn): void {
    const running = this.#running
    if (isEnded(turn.operation(running))) return
    const at = this.#context.clock.now()
    turn.decide(running, { kind: 'clock-struck', at, inProgress: inProgressNow(running, turn) })
    if (!expiryIsDue(running, at)) return
    turn.decide(running, { kind: 'joined-expiry-due', at })
    turn.afterCommit.push(() => {
      running.expiredAt = at
    })
  }
}

const expireEveryMs = 3_600_000

/** Something of the schedule is due now. */
export function clockIsDue(running: RunningOperation, now: number): boolean {
  const { state, policy, wave, closedAt } = running.operation
  const { startAt, endAt } = policy.schedule
  if (state === 'stopping') return false
  if (state === 'scheduled' && now >= (startAt ?? 0)) return true
  if (endAt !== undefined && now >= endAt && closedAt === undefined) return true
  if (wave.soakUntil !== undefined && now >= wave.soakUntil && (state === 'running' || state === 'pending')) return true
  return expiryIsDue(running, now)
}

function expiryIsDue({ joins, operation, expiredAt }: RunningOperation, now: number): boolean {
  return joins !== undefined && operation.sweep === undefined && now >= expiredAt + expireEveryMs
}

/** Which deadline of an execution in progress has passed, if any. */
export function overdue(
  { calendar, clock }: Context,
  operation: Operation,
  execution: Execution,
  running: RunningOperation,
  at: number,
): DeadlineKind | undefined {
  if (execution.state !== 'in-progress') return undefined
  const { lastSignAt } = figuresOf(running, execution.device, at)
  const held = running.isHeld(execution) && !goIsOpen(running, calendar, clock)
  const deadline = executionDeadline(operation, execution, lastSignAt, held)
  return at >= deadline.at ? deadline.kind : undefined
}

export function inProgressNow(running: RunningOperation, turn: Turn): Execution[] {
  const current = new Map(running.inProgress)
  for (const { running: owner, execution } of turn.changedExecutions.values()) {
    if (owner !== running) continue
    if (execution.state === 'in-progress') current.set(execution.device, execution)
    else current.delete(execution.device)
  }
  return [...current.values()]
}
