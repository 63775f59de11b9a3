// One connect of a client id at a time (trap F: with an asynchronous authenticate, plain Aedes registers two connections
// under one id and loses count). A turn is taken only after the credentials are checked, so nobody can hold up an id
// that is not his.
import type { Clock } from '../../ports.ts'

export class Turns {
  readonly #clock: Clock
  readonly #waitMs: number
  readonly #waitingMax: number
  readonly #lines = new Map<string, { tail: Promise<void>; length: number }>()

  constructor(clock: Clock, waitMs: number, waitingMax: number) {
    this.#clock = clock
    this.#waitMs = waitMs
    this.#waitingMax = waitingMax
  }

  /** Ids somebody holds or waits for. */
  get size(): number {
    return this.#lines.size
  }

  /** Resolves with the release of the turn, to be called once or more; undefined when it did not come in time. */
  async take(id: string): Promise<(() => void) | undefined> {
    const line = this.#lines.get(id) ?? { tail: Promise.resolve(), length: 0 }
    if (line.length >= this.#waitingMax) return undefined
    this.#lines.set(id, line)
    line.length++
    const before = line.tail
    let finish: () => void = () => {}
    line.tail = new Promise(resolve => {
      finish = resolve
    })
    const release = once(() => {
      finish()
      if (--line.length === 0) this.#lines.delete(id)
    })
    const inTime = await this.#within(before)
    if (inTime) return release
    // Whoever comes next still waits for the turn we did not get.
    void before.then(release)
    return undefined
  }

  #within(turn: Promise<void>): Promise<boolean> {
    return new Promise(resolve => {
      const cancel = this.#clock.after(this.#waitMs, () => resolve(false))
      void turn.then(() => {
        cancel()
        resolve(true)
      })
    })
  }
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
