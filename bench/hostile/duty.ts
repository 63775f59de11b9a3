// A share of one core and no more: what a process may do now, by the processor time it has had.

/** What was not used for so long is lost: nobody saves up for a burst. */
const savedMsMax = 20

export class Duty {
  readonly #share: number
  #lastMs = performance.now()
  #lastCpuUs = cpuUs()
  #leftMs = 0

  /** Above 0; 1 is a whole core. */
  constructor(share: number) {
    this.#share = share
  }

  /** True while there is something left. */
  allowed(): boolean {
    const [now, cpu] = [performance.now(), cpuUs()]
    this.#leftMs += (now - this.#lastMs) * this.#share - (cpu - this.#lastCpuUs) / 1000
    this.#leftMs = Math.min(this.#leftMs, savedMsMax)
    this.#lastMs = now
    this.#lastCpuUs = cpu
    return this.#leftMs > 0
  }
}

/** All threads, user and system. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
