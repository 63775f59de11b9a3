// One piece of work of the orchestrator's inbox. `load` reads what the work is about, `apply` decides; nothing is done
// in the world before the turn is durable.
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { QuarantineRule } from '../core/device.ts'
import type { Webhook } from '../core/records.ts'
import type { Calendar, Log, Random, Store } from '../ports.ts'
import type { FleetClock } from './fleet-clock.ts'
import type { ReportJudge } from './report-judge.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Sessions } from './sessions.ts'
import type { Turn } from './turn.ts'

export interface Task {
  readonly name: string
  /** Runs beside the loads of the other tasks of the turn; undefined: everything is in memory. */
  load(turn: Turn): Promise<unknown> | undefined
  /** Runs alone, in the order the tasks arrived. Throws to refuse this task only. */
  apply(turn: Turn): void
}

/** All of them, or undefined when there is nothing to wait for. */
export function allOf(loads: readonly (Promise<unknown> | undefined)[]): Promise<unknown> | undefined {
  const waiting = loads.filter(load => load !== undefined)
  return waiting.length === 0 ? undefined : Promise.all(waiting)
}

/** What tasks know of the orchestrator. */
export interface Context {
  readonly store: Store
  readonly clock: FleetClock
  readonly calendar: Calendar
  readonly random: Random
  readonly log: Log
  readonly sessions: Sessions
  /** Operations that have not ended, oldest first. */
  readonly running: Map<OperationId, RunningOperation>
  /** The operation in which a device is in progress: one at most. */
  readonly inProgressOf: Map<DeviceId, OperationId>
  /** Executions in progress at once over all operations. */
  readonly inProgressMax: number
  /** Connected devices an operation remembers as candidates. */
  readonly readyMax: number
  readonly quarantine: QuarantineRule
  readonly reports: ReportJudge
  /** Who is told of pauses, aborts and ends; replaced as a whole when it changes. */
  readonly webhooks: Map<string, Webhook>
  /** Puts a task into the inbox; its failure goes to the log. */
  enqueue(task: Task): void
}

/** A number in [0, 1), for the spreading of delays. */
export function chanceOf(random: Random): number {
  return random.bytes(4).readUInt32BE(0) / 2 ** 32
}
