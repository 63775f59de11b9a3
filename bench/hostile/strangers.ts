// Connects of strangers: TCP, CONNECT with credentials that open nothing, again and again. Every second one has the name of
// a device and a wrong secret, which is the longest way in to a no; the others have names nobody bears.
import { connectPacket } from '../../simulator/fleet/sensor/mqtt-packets.ts'
import { type Attack, type AttackCounts, type AttackPlan, Sockets } from './attack.ts'

const atOnceMax = 256
const wrongSecret = 'x'.repeat(43)

export class Strangers implements Attack {
  readonly #sockets: Sockets
  readonly #names: readonly string[]
  #tried = 0
  /** Told no by a CONNACK, let in, and shut out before they could say anything. */
  #refused = 0
  #accepted = 0
  #shut = 0

  constructor(plan: AttackPlan) {
    this.#sockets = new Sockets(plan)
    this.#names = plan.devices.map(({ device }) => device)
  }

  act(): boolean {
    if (this.#sockets.count >= atOnceMax) return false
    const turn = this.#tried
    this.#tried += 1
    const known = this.#names[turn % Math.max(1, this.#names.length)]
    const clientId = turn % 2 === 0 && known !== undefined ? known : `stranger-${turn}`
    let answered = false
    const socket = this.#sockets.open(
      () => socket.write(connectOf(clientId, wrongSecret)),
      () => {
        if (!answered) this.#shut += 1
      },
    )
    socket.on('data', bytes => {
      answered = true
      if (bytes[0] === 0x20 && bytes[3] === 0) this.#accepted += 1
      else this.#refused += 1
      socket.destroy()
    })
    return true
  }

  counts(): AttackCounts {
    return { tried: this.#tried, refused: this.#refused, accepted: this.#accepted, shut: this.#shut }
  }

  end(): void {
    this.#sockets.end()
  }
}

export function connectOf(clientId: string, password: string): Buffer {
  return connectPacket({
    clientId,
    password,
    keepAliveSeconds: 60,
    willTopic: `drover/v1/devices/${clientId}/presence`,
    willPayload: new Uint8Array(0),
  })
}
