// How the executions of one operation stand, counted by the checkers themselves as each is written: what a rule asks of
// all of them costs the same in a fleet of ten and of ten thousand. At the end of a world all are counted once more.
import type { Execution } from '../../broker/core/records.ts'
import type { EventCode } from '../../proto/event-codes.ts'

export class Tally {
  #total = 0
  #executed = 0
  #succeeded = 0
  readonly #states = new Map<Execution['state'], number>()
  readonly #codes = new Map<EventCode, number>()
  readonly #failures = new Map<EventCode, number>()
  readonly #offered = new Map<number | undefined, number>()

  /** `after` stands in the place of `before` from now on. */
  replace(before: Execution | undefined, after: Execution): void {
    if (before !== undefined) this.#add(before, -1)
    this.#add(after, 1)
  }

  get total(): number {
    return this.#total
  }

  /** Handed over and ended, by whatever is no decision of people. */
  get executed(): number {
    return this.#executed
  }

  /** Handed over and completed, or at the target when it came. */
  get succeeded(): number {
    return this.#succeeded
  }

  of(state: Execution['state']): number {
    return this.#states.get(state) ?? 0
  }

  /** Ended, or provisionally so, with this code. Never 0. */
  get byCode(): ReadonlyMap<EventCode, number> {
    return this.#codes
  }

  /** Executed and failed, by code. Never 0. */
  get failures(): ReadonlyMap<EventCode, number> {
    return this.#failures
  }

  /** Those of a wave that have been handed over. */
  handedOverIn(wave: number): number {
    return this.#offered.get(wave) ?? 0
  }

  #add(execution: Execution, by: 1 | -1): void {
    const { state, code, attempt, wave } = execution
    this.#total += by
    added(this.#states, state, by)
    if (code !== undefined) added(this.#codes, code, by)
    if (attempt > 0) added(this.#offered, wave, by)
    if (attempt > 0 && (state === 'completed' || code === 'SYS_110')) this.#succeeded += by
    if (!wasExecuted(execution)) return
    this.#executed += by
    if (code !== undefined && hasFailed(execution)) added(this.#failures, code, by)
  }
}

/** Handed over and ended, by whatever is no decision of people. */
export function wasExecuted({ attempt, state, code }: Execution): boolean {
  if (attempt === 0 || state === 'pending' || state === 'in-progress') return false
  return code !== 'SYS_101' && code !== 'SYS_103' && code !== 'SYS_104' && code !== 'SYS_109'
}

/** Of one that was executed. */
export function hasFailed({ state, code }: Execution): boolean {
  return code !== undefined && state !== 'completed' && code !== 'SYS_110'
}

function added<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
