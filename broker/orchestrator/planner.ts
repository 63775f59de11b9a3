// What each operation does next: one piece of work of a kind at a time goes into the inbox, driven by what happened and
// by one tick a second for what only time brings. Nothing here asks the database.
import type { DeviceId } from '../../proto/ids.ts'
import { isEnded } from '../core/operation.ts'
import { operationDeadline } from '../core/policy.ts'
import { freePermits, waveRoom } from '../core/rollout.ts'
import { mayBeToldToWithdraw } from '../core/stopping.ts'
import type { Broadcasts } from './broadcasts.ts'
import { RollbackTask, WithdrawTask } from './control-tasks.ts'
import { isOver, rateLeft, windowState } from './gates.ts'
import { RefillTask } from './hand-over-tasks.ts'
import type { Offers } from './offers.ts'
import { rollbackFor } from './releases.ts'
import type { RunningOperation } from './running-operation.ts'
import { ScanTask, SweepTask } from './sweep-tasks.ts'
import type { Context, Task } from './task.ts'
import { ClockTask, clockIsDue, DeadlineTask, overdue } from './time-tasks.ts'

export interface PlannerSettings {
  /** Milliseconds between two looks at deadlines and unanswered offers. */
  readonly tickMs: number
  /** After a start, milliseconds in which devices may come back before silence or absence counts against them. */
  readonly startGraceMs: number
}

export class Planner {
  readonly #context: Context
  readonly #offers: Offers
  readonly #broadcasts: Broadcasts
  readonly #submit: (task: Task) => Promise<void>
  readonly #settings: PlannerSettings
  /** By the monotonic clock: from then on deadlines fire. */
  readonly #graceEnd: number
  readonly #planned = new Set<string>()
  #cancelTick: (() => void) | undefined
  #closed = false

  constructor(
    context: Context,
    { offers, broadcasts }: { readonly offers: Offers; readonly broadcasts: Broadcasts },
    submit: (task: Task) => Promise<void>,
    settings: PlannerSettings,
  ) {
    this.#context = context
    this.#offers = offers
    this.#broadcasts = broadcasts
    this.#submit = submit
    this.#settings = settings
    this.#graceEnd = context.clock.monotonic() + Math.max(settings.startGraceMs, context.clock.graceMs)
  }

  start(): void {
    this.planAll()
    this.#tick()
  }

  close(): void {
    this.#closed = true
    this.#cancelTick?.()
  }

  /** The operation of higher priority, then of greater age, first. */
  planAll(): void {
    for (const running of byPrecedence(this.#context.running.values())) this.plan(running)
  }

  /** Puts the next piece of work of the operation into the inbox. */
  plan(running: RunningOperation): void {
    if (this.#closed || isEnded(running.operation)) return
    const { operation, candidates } = running
    const { clock, calendar, inProgressMax, inProgressOf } = this.#context
    const settledIn = clock.monotonic() >= this.#graceEnd
    // Who is overdue is looked at by the clock: one that a death has interrupted waits as all deadlines do after a start.
    if (operation.sweep !== undefined && (settledIn || operation.sweep.kind !== 'expire-joined'))
      this.#once(new SweepTask(this.#context, running), running)
    if (operation.rollback !== undefined && operation.rollback.operation === undefined) this.#rollBack(running)
    if (operation.state === 'stopping' && this.#mustBeTold(running))
      this.#once(new WithdrawTask(this.#context, running), running)
    if (freePermits(operation) <= 0 || inProgressOf.size >= inProgressMax) return
    if (isOver(running, clock) || !windowState(running, calendar, clock).open) return
    // In a full wave it is nobody's turn but the retries'.
    const wave = waveRoom(operation) > 0
    const wanted = wave ? operation.counts.pending : operation.retryingCount
    candidates.waveIs(wave ? operation.wave.index : undefined)
    if (candidates.count(wave) > 0) {
      if (rateLeft(running, clock) > 0) this.#once(new RefillTask(this.#context, running, settledIn), running)
      // Nobody's turn is missed while the fleet is still coming back.
    } else if (settledIn && candidates.mayMiss(wave) && operation.sweep === undefined && wanted > 0)
      this.#once(new ScanTask(this.#context, running), running)
  }

  /** An abort rule stopped it without knowing who is in progress. */
  #mustBeTold({ operation, inProgress }: RunningOperation): boolean {
    if (operation.stoppedBy?.kind !== 'policy') return false
    for (const execution of inProgress.values()) if (mayBeToldToWithdraw(execution)) return true
    return false
  }

  #rollBack(running: RunningOperation): void {
    const key = `make-rollback/${running.operation.id}`
    if (this.#planned.has(key)) return
    this.#planned.add(key)
    rollbackFor(this.#context, running.operation)
      .then(made => this.#submit(new RollbackTask(this.#context, running, made)))
      .catch(err => {
        if (!this.#closed)
          this.#context.log.error(
            { event: 'rollback-failed', operation: running.operation.id, err },
            'the rollback could not be made; it is tried again',
          )
      })
      .finally(() => this.#planned.delete(key))
  }

  #once(task: Task, running: RunningOperation): void {
    const operation = running.operation.id
    const key = `${task.name}/${operation}`
    if (this.#planned.has(key)) return
    this.#planned.add(key)
    this.#submit(task).then(
      () => {
        this.#planned.delete(key)
        this.plan(running)
      },
      error => {
        this.#planned.delete(key)
        if (!this.#closed)
          this.#context.log.error({ event: 'task-failed', task: task.name, operation, err: error }, 'task failed')
      },
    )
  }

  #tick(): void {
    const { clock, running: all } = this.#context
    this.#cancelTick = clock.after(this.#settings.tickMs, () => {
      const now = clock.now()
      const settledIn = clock.monotonic() >= this.#graceEnd
      for (const running of byPrecedence(all.values())) {
        this.#offers.repeat(running)
        this.#broadcasts.tick(running)
        running.candidates.wake(now)
        this.plan(running)
        if (!settledIn) continue
        if (clockIsDue(running, now)) this.#once(new ClockTask(this.#context, running), running)
        const late: DeviceId[] = []
        for (const execution of running.inProgress.values())
          if (overdue(this.#context, running.operation, execution, running, now) !== undefined)
            late.push(execution.device)
        const deadline = operationDeadline(running.operation)
        if (late.length > 0 || (deadline !== undefined && now >= deadline))
          this.#once(new DeadlineTask(this.#context, running, late), running)
      }
      this.#tick()
    })
  }
}

function byPrecedence(all: Iterable<RunningOperation>): RunningOperation[] {
  return [...all].sort(
    ({ operation: a }, { operation: b }) => b.policy.priority - a.policy.priority || (a.id < b.id ? -1 : 1),
  )
}
