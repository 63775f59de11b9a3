// Who may come in at once, and who waits. A connection that ends before its CONNECT was accepted is a failure of its
// address; an address with many of them lately waits in a line with all others of its kind, which moves slowly. What is
// done for them is bounded, however many they are, and nobody else waits; in peace the line is empty, so a site with one
// misconfigured device loses nothing.
//
//   new connection ─▶ address without failures ─▶ in
//                     with too many ─▶ line (bounded) ─▶ so many a second ─▶ in
//                                        └ full, or waited too long ─▶ closed
//
// Refusing costs ten times as much as closing: bytes read, a client made, a look into the store, an answer written.
import type { Socket } from 'node:net'
import { TokenBuckets, type TokenRate } from '../../core/token-bucket.ts'
import type { Clock } from '../../ports.ts'

export interface SlowLaneLimits {
  /** Failures of one address that are taken for bad luck. */
  readonly failures: TokenRate
  /** Let in from the line, all together, a second; above 0. */
  readonly perSecond: number
  /** In the line at once: all, and of one address. */
  readonly waitingMax: number
  readonly waitingEachMax: number
  readonly patienceMs: number
}

export const slowLaneLimitsDefault: SlowLaneLimits = {
  failures: { perSecond: 0.2, burst: 10 },
  perSecond: 100,
  waitingMax: 500,
  waitingEachMax: 20,
  patienceMs: 5_000,
}

interface Waiting {
  readonly socket: Socket
  readonly address: string
  readonly since: number
  readonly proceed: () => void
  readonly tooLong: () => void
}

/** What a socket and the TLS stream over it have in common. */
interface Peer {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

export class SlowLane {
  readonly #clock: Pick<Clock, 'after' | 'monotonic'>
  readonly #limits: SlowLaneLimits
  readonly #failures: TokenBuckets
  /** Connections whose CONNECT has not been accepted yet, by address and port. */
  readonly #newcomers = new Set<string>()
  /** Oldest first; one that was closed meanwhile is passed over. */
  readonly #line = new Set<Waiting>()
  readonly #waitingOf = new Map<string, number>()
  #cancel: (() => void) | undefined

  constructor(clock: Pick<Clock, 'after' | 'monotonic'>, limits: Partial<SlowLaneLimits> = {}) {
    this.#clock = clock
    this.#limits = { ...slowLaneLimitsDefault, ...limits }
    this.#failures = new TokenBuckets(this.#limits.failures, addressesMax)
  }

  get waitingCount(): number {
    return this.#line.size
  }

  /**
   * `proceed` is called at once, or when its turn has come and it is still open; `tooLong` when it has waited in vain. False:
   * it may not even wait. Both times the caller closes it.
   */
  enter(socket: Socket, proceed: () => void, tooLong: () => void): boolean {
    const address = socket.remoteAddress ?? ''
    const now = this.#clock.monotonic()
    const name = nameOf(socket)
    this.#newcomers.add(name)
    socket.once('close', () => {
      if (this.#newcomers.delete(name)) this.#failures.take(address, this.#clock.monotonic())
    })
    if (this.#failures.has(address, now)) {
      proceed()
      return true
    }
    const { waitingMax, waitingEachMax } = this.#limits
    const ofAddress = this.#waitingOf.get(address) ?? 0
    if (this.#line.size >= waitingMax || ofAddress >= waitingEachMax) return false
    const waiting: Waiting = { socket, address, since: now, proceed, tooLong }
    this.#line.add(waiting)
    this.#waitingOf.set(address, ofAddress + 1)
    socket.once('close', () => this.#leave(waiting))
    this.#cancel ??= this.#clock.after(this.#pauseMs, () => this.#move())
    return true
  }

  /** The CONNECT on it was accepted. */
  admitted(peer: Peer): void {
    if (!this.#newcomers.delete(nameOf(peer))) return
    this.#failures.give(peer.remoteAddress ?? '', failuresForgiven, this.#clock.monotonic())
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#line.clear()
    this.#waitingOf.clear()
  }

  /** Not shorter: several may go on at once. */
  get #pauseMs(): number {
    return Math.max(10, 1000 / this.#limits.perSecond)
  }

  #move(): void {
    this.#cancel = undefined
    const now = this.#clock.monotonic()
    let turns = Math.round((this.#limits.perSecond * this.#pauseMs) / 1000)
    for (const waiting of this.#line) {
      if (turns === 0) break
      this.#leave(waiting)
      if (waiting.socket.destroyed) continue
      if (now - waiting.since > this.#limits.patienceMs) waiting.tooLong()
      else {
        turns -= 1
        waiting.proceed()
      }
    }
    if (this.#line.size > 0) this.#cancel = this.#clock.after(this.#pauseMs, () => this.#move())
  }

  #leave(waiting: Waiting): void {
    if (!this.#line.delete(waiting)) return
    const left = (this.#waitingOf.get(waiting.address) ?? 1) - 1
    if (left > 0) this.#waitingOf.set(waiting.address, left)
    else this.#waitingOf.delete(waiting.address)
  }
}

/** Of its address, by each who was let in: a site, or a proxy, most of whose devices are good has no failures. */
const failuresForgiven = 4
/** Addresses whose failures are remembered. */
const addressesMax = 10_000

/** Of one connection at a time. */
function nameOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`
}
