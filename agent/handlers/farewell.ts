// The moment before a restart: the events that were saved get time to leave, so that the broker knows why the device falls
// silent. A broker that does not answer delays nothing for long.
import type { AgentPorts, Timer } from '../ports.ts'

/** How long a restart waits for the events that are on their way out. */
const farewellMs = 2000

export class Farewell {
  readonly #clock: AgentPorts['clock']
  #under: { readonly timer: Timer; readonly end: (said: boolean) => void } | undefined

  constructor(clock: AgentPorts['clock']) {
    this.#clock = clock
  }

  /** True when all is said or the time is over; false when `cancel` came, or another farewell took its place. */
  async wait(somethingToSay: boolean): Promise<boolean> {
    this.cancel()
    return new Promise(resolve => {
      const end = (said: boolean): void => {
        timer.cancel()
        this.#under = undefined
        resolve(said)
      }
      const timer = this.#clock.after(somethingToSay ? farewellMs : 0, () => end(true))
      this.#under = { timer, end }
    })
  }

  /** Nothing is left to say. */
  drained(): void {
    this.#under?.end(true)
  }

  cancel(): void {
    this.#under?.end(false)
  }
}
