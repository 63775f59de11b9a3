// A device that is out of reach now and then: on line and off line for times by chance, each exponentially distributed.
import type { Clock, Timer } from '../../../agent/ports.ts'
import type { Seed } from '../../world/seed.ts'

export class OfflinePattern {
  readonly #means: { readonly onMs: number; readonly offMs: number }
  readonly #clock: Clock
  readonly #seed: Seed
  readonly #changed: (online: boolean) => void
  #timer: Timer | undefined
  #offline = false

  constructor(
    means: { readonly onMs: number; readonly offMs: number },
    clock: Clock,
    seed: Seed,
    changed: (online: boolean) => void,
  ) {
    this.#means = means
    this.#clock = clock
    this.#seed = seed
    this.#changed = changed
  }

  get isOffline(): boolean {
    return this.#offline
  }

  /** On line at first. */
  start(): void {
    this.#wait()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #wait(): void {
    const { onMs, offMs } = this.#means
    const meanMs = this.#offline ? offMs : onMs
    this.#timer = this.#clock.after(-Math.log(1 - this.#seed.fraction()) * meanMs, () => {
      this.#offline = !this.#offline
      this.#changed(!this.#offline)
      this.#wait()
    })
  }
}
