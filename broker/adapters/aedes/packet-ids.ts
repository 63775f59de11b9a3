// The packet identifiers of what the broker has sent to one client at QoS 1 and 2 and the client has not acknowledged
// (2.3.1, 4.3). Aedes counts from a random number, uses one again that is in flight, and takes any acknowledgement for
// anything.

/** What the client has to say next: PUBACK, PUBREC, PUBCOMP; `any` while a kept message has an id but is not written yet. */
export type Awaited = 'puback' | 'pubrec' | 'pubcomp' | 'any'

export class PacketIds {
  readonly #awaited = new Map<number, Awaited>()
  #last = 0

  /** In flight. */
  get size(): number {
    return this.#awaited.size
  }

  /** The number that `take` will take; undefined when all are in flight. */
  get next(): number | undefined {
    if (this.#awaited.size >= idMax) return undefined
    let id = this.#last
    do id = id === idMax ? 1 : id + 1
    while (this.#awaited.has(id))
    return id
  }

  /** An identifier that is not in flight, never 0 [MQTT-2.3.1-1, -4]; undefined when there is none. */
  take(awaited: Awaited): number | undefined {
    const id = this.next
    if (id === undefined) return undefined
    this.#last = id
    this.#awaited.set(id, awaited)
    return id
  }

  /** In flight from an earlier connection of the session, or under a number given elsewhere. */
  hold(id: number, awaited: Awaited): void {
    this.#awaited.set(id, awaited)
  }

  release(id: number): void {
    this.#awaited.delete(id)
  }

  /**
   * What an acknowledgement means: `expected`; `unknown`, for an id that is not in flight; `wrong`, for one that waits
   * for another kind. A repeated PUBREC is expected as long as PUBCOMP has not come.
   */
  acknowledged(id: number, kind: 'puback' | 'pubrec' | 'pubcomp'): 'expected' | 'unknown' | 'wrong' {
    const awaited = this.#awaited.get(id)
    if (awaited === undefined) return 'unknown'
    if (kind === 'pubrec' && (awaited === 'pubrec' || awaited === 'pubcomp' || awaited === 'any')) {
      this.#awaited.set(id, 'pubcomp')
      return 'expected'
    }
    if (awaited !== kind && awaited !== 'any') return 'wrong'
    this.#awaited.delete(id)
    return 'expected'
  }
}

const idMax = 65_535
