// What happens to packets between a sensor and the broker: taps on the line, one behind another, each of which passes on
// what it likes, changed, later, twice or not at all. Without taps packets go straight through.
//
//   broker ──▶ last tap … first tap ──▶ link            link ──▶ first tap … last tap ──▶ broker
import type { Clock } from '../../../agent/ports.ts'
import type { Seed } from '../../world/seed.ts'
import type { Packet } from './mqtt-packets.ts'

/** Where a tap stands, from the connect to the end of one connection. */
export interface TapPlace {
  /** On towards the device. The packet's bytes may be a view: it is passed at once, or copied first. */
  down(packet: Packet): void
  up(packet: Packet): void
  /** Ends the connection. */
  cut(reason: string): void
  /** False once the connection has ended; what is passed then goes nowhere. */
  readonly open: boolean
  readonly clock: Clock
  readonly seed: Seed
}

export interface LineTap {
  opened?(place: TapPlace): void
  /** A packet from the broker. Absent: passed on. */
  down?(packet: Packet, place: TapPlace): void
  up?(packet: Packet, place: TapPlace): void
}

/** The ends of one connection. */
export interface LineEnds {
  /** Packets that reach the link. */
  down(packet: Packet): void
  /** Packets that reach the socket. */
  up(packet: Packet): void
  cut(reason: string): void
  isOpen(): boolean
}

/** A packet whose bytes stay. */
export function kept({ head, body }: Packet): Packet {
  return { head, body: Buffer.from(body) }
}

export class Line {
  readonly #taps: readonly LineTap[]
  readonly #places: readonly TapPlace[]
  readonly #ends: LineEnds

  constructor(taps: readonly LineTap[], ends: LineEnds, clock: Clock, seed: Seed) {
    this.#taps = taps
    this.#ends = ends
    this.#places = taps.map((_, position) => ({
      down: packet => this.#down(packet, position - 1),
      up: packet => this.#up(packet, position + 1),
      cut: reason => ends.cut(reason),
      get open() {
        return ends.isOpen()
      },
      clock,
      seed,
    }))
  }

  opened(): void {
    for (const [position, tap] of this.#taps.entries()) tap.opened?.(this.#places[position] as TapPlace)
  }

  /** From the broker. */
  down(packet: Packet): void {
    this.#down(packet, this.#taps.length - 1)
  }

  /** From the link. */
  up(packet: Packet): void {
    this.#up(packet, 0)
  }

  #down(packet: Packet, position: number): void {
    if (!this.#ends.isOpen()) return
    const tap = this.#taps[position]
    if (tap === undefined) this.#ends.down(packet)
    else if (tap.down === undefined) this.#down(packet, position - 1)
    else tap.down(packet, this.#places[position] as TapPlace)
  }

  #up(packet: Packet, position: number): void {
    if (!this.#ends.isOpen()) return
    const tap = this.#taps[position]
    if (tap === undefined) this.#ends.up(packet)
    else if (tap.up === undefined) this.#up(packet, position + 1)
    else tap.up(packet, this.#places[position] as TapPlace)
  }
}
