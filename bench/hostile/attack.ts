// What an attack is, and the sockets of one: from many addresses of the loopback network, so that to the broker they are
// not all one site, and so that the fleet beside them is another one.
import { connect, type Socket } from 'node:net'

export interface Attack {
  /** One blow. False: nothing can be done at the moment. */
  act(): boolean
  /** Since the beginning. */
  counts(): AttackCounts
  end(): void
}
export type AttackCounts = Readonly<Record<string, number>>

export interface Attacker {
  readonly device: string
  readonly secret: string
}

export interface AttackPlan {
  readonly name: AttackName
  readonly port: number
  /** Addresses that the sockets come from. */
  readonly addresses: number
  /** Sockets that are kept, where the attack keeps some. */
  readonly sockets: number
  /** Who has credentials, where the attack needs some; the same of all of them for a stranger to try. */
  readonly devices: readonly Attacker[]
  /** Of one core. */
  readonly share: number
}

export const attackNames = ['strangers', 'flood', 'headers', 'half-open'] as const
export type AttackName = (typeof attackNames)[number]

/** Opens sockets to the broker from one address after the other: 127.0.1.1, 127.0.1.2, … */
export class Sockets {
  readonly #port: number
  readonly #addresses: number
  readonly #open = new Set<Socket>()
  #turn = 0

  constructor({ port, addresses }: AttackPlan) {
    this.#port = port
    this.#addresses = addresses
  }

  get count(): number {
    return this.#open.size
  }

  /** `ended` is called once, whatever ended it. */
  open(connected: (socket: Socket) => void, ended: () => void): Socket {
    const turn = this.#turn % this.#addresses
    this.#turn += 1
    const localAddress = `127.0.${1 + Math.floor(turn / 250)}.${1 + (turn % 250)}`
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress, noDelay: true })
    this.#open.add(socket)
    socket.once('connect', () => connected(socket))
    // A refused connection is what an attacker expects; it ends below.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#open.delete(socket)
      ended()
    })
    return socket
  }

  end(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
