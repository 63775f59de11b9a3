// How many of one kind of long transfer may be under way at the same time.
import { RequestRefused } from '../../errors.ts'

export class Gate {
  readonly #what: string
  readonly #most: number
  #underWay = 0

  /** `what` is a plural, as people read it. */
  constructor(what: string, most: number) {
    this.#what = what
    this.#most = most
  }

  /** Whoever gets in calls what is returned when it is over, once. Throws RequestRefused UNAVAILABLE when it is full. */
  enter(): () => void {
    if (this.#underWay >= this.#most)
      throw new RequestRefused(
        'UNAVAILABLE',
        `${this.#underWay} ${this.#what} are under way; try again when one has ended.`,
      )
    this.#underWay += 1
    return () => {
      this.#underWay -= 1
    }
  }
}
