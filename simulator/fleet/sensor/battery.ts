// The charge of a device, and an application that installs nothing while it is low.
import type { Answer, Authorization, Clock } from '../../../agent/ports.ts'
import type { Seed } from '../../world/seed.ts'
import type { BatteryProfile } from '../plan.ts'

const hourMs = 3_600_000
/** Longest time until the charge is looked at again. */
const lookAgainMsMax = 5 * 60_000

export class Battery implements Authorization {
  readonly #profile: BatteryProfile
  readonly #clock: Clock
  readonly #startPercent: number
  readonly #startMs: number

  constructor(profile: BatteryProfile, clock: Clock, seed: Seed) {
    const [least, most] = profile.chargePercent
    this.#profile = profile
    this.#clock = clock
    this.#startPercent = least + (most - least) * seed.fraction()
    this.#startMs = clock.monotonicMs()
  }

  /** 0 to 100. */
  get percent(): number {
    const hours = (this.#clock.monotonicMs() - this.#startMs) / hourMs
    return Math.min(100, Math.max(0, this.#startPercent + hours * this.#profile.percentPerHour))
  }

  async download(): Promise<Answer> {
    return { kind: 'authorized' }
  }

  async install(): Promise<Answer> {
    const { installPercentMin, percentPerHour } = this.#profile
    const missing = installPercentMin - this.percent
    if (missing <= 0) return { kind: 'authorized' }
    const afterMs = percentPerHour > 0 ? (missing / percentPerHour) * hourMs : lookAgainMsMax
    return { kind: 'deferred', reason: 'battery-low', afterMs: Math.min(Math.max(afterMs, 100), lookAgainMsMax) }
  }
}
