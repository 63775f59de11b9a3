// Sockets that say nothing: opened, kept, opened again as soon as the broker has closed them.
import { type Attack, type AttackCounts, type AttackPlan, Sockets } from './attack.ts'

export class HalfOpen implements Attack {
  readonly #sockets: Sockets
  readonly #most: number
  #opened = 0
  #closed = 0
  #standing = 0
  #standingMost = 0

  constructor(plan: AttackPlan) {
    this.#sockets = new Sockets(plan)
    this.#most = plan.sockets
  }

  act(): boolean {
    if (this.#sockets.count >= this.#most) return false
    let stood = false
    this.#sockets.open(
      () => {
        stood = true
        this.#opened += 1
        this.#standing += 1
        this.#standingMost = Math.max(this.#standingMost, this.#standing)
      },
      () => {
        this.#closed += 1
        if (stood) this.#standing -= 1
      },
    )
    return true
  }

  counts(): AttackCounts {
    return {
      opened: this.#opened,
      closed: this.#closed,
      standing: this.#standing,
      standingMost: this.#standingMost,
    }
  }

  end(): void {
    this.#sockets.end()
  }
}
