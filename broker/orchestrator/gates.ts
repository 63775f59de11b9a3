// The gates an operation's hand-overs pass beside permits and waves: the maintenance window and the rate. A second
// person's override opens both.
import { rateLimit } from '../core/rate.ts'
import type { Calendar } from '../ports.ts'
import type { FleetClock } from './fleet-clock.ts'
import type { RunningOperation } from './running-operation.ts'

export interface WindowState {
  readonly open: boolean
  /** Milliseconds since 1970, by the wall clock; absent when it never changes. */
  readonly changesAt?: number
}

const always: WindowState = { open: true }

/** By the wall clock: people mean their own clocks by a window. */
export function windowState(running: RunningOperation, calendar: Calendar, clock: FleetClock): WindowState {
  const { policy, override } = running.operation
  if (policy.schedule.windows.length === 0 || override !== undefined) return always
  return calendar.state(policy.schedule.windows, clock.wall())
}

/** What is downloaded may be installed now. */
export function goIsOpen(running: RunningOperation, calendar: Calendar, clock: FleetClock): boolean {
  return running.operation.policy.schedule.install === 'any-time' || windowState(running, calendar, clock).open
}

/** The end of its schedule has come, whether or not the operation has been closed for it yet. */
export function isOver({ operation }: RunningOperation, clock: FleetClock): boolean {
  const { endAt } = operation.policy.schedule
  return endAt !== undefined && clock.now() >= endAt
}

export function rateLeft(running: RunningOperation, clock: FleetClock): number {
  return running.rate.left(rateLimit(running.operation), clock.monotonic())
}
