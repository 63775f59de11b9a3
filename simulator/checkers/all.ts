// Every checker of a world of the engine.
import type { CheckerOf } from './checker.ts'
import { decisions } from './decisions.ts'
import { states, suitable, windows } from './gates.ts'
import { onePerDevice, permits, rate } from './permits.ts'
import { acknowledged, auditChain, delivery, errors, liveness } from './promises.ts'
import { counts, endings } from './records.ts'
import { clock, timers } from './timers.ts'
import { waves } from './waves.ts'

export interface CheckedSettings {
  /** Executions in progress at once over all operations. */
  readonly inProgressMax: number
  readonly tickMs: number
  /** True time since which the disk has been taking every commit. */
  readonly undisturbedSince: () => number
}

export function allCheckers({ inProgressMax, tickMs, undisturbedSince }: CheckedSettings): readonly CheckerOf[] {
  return [
    permits(inProgressMax),
    onePerDevice,
    rate,
    windows,
    states,
    suitable,
    waves,
    counts,
    endings,
    decisions,
    clock,
    timers(tickMs, undisturbedSince),
    acknowledged,
    delivery,
    liveness,
    auditChain,
    errors,
  ]
}
