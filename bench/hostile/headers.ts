// Packets that announce 256 MB, the most that MQTT can, and packets that are allowed to be as long as they say and never
// end. In turn:
//
//   a stranger's CONNECT of 256 MB · a stranger's PUBLISH of 256 MB · a device's PUBLISH of 256 MB
//   a stranger's CONNECT and a device's PUBLISH of the largest size that is taken, all but the last bytes of it, which
//   come one at a time; these sockets are kept
import type { Socket } from 'node:net'
import { connectPacketBytesMax, packetBytesMax } from '../../proto/limits.ts'
import { type Attack, type AttackCounts, type Attacker, type AttackPlan, Sockets } from './attack.ts'
import { connectOf } from './strangers.ts'

const atOnceMax = 256
const dribbleEveryMs = 250
const head = (type: number): Buffer => Buffer.from([type, 0xff, 0xff, 0xff, 0x7f])
/** 4 KiB of the body, so that there is something to be kept. */
const body = Buffer.alloc(4096, 0x61)

export class Headers implements Attack {
  readonly #short: Sockets
  readonly #kept: Sockets
  readonly #keptMax: number
  readonly #devices: readonly Attacker[]
  readonly #dribbling = new Set<Socket>()
  readonly #timer: NodeJS.Timeout
  #turn = 0
  #tried = 0
  #closed = 0
  #opened = 0
  #keptClosed = 0
  #accepted = 0

  constructor(plan: AttackPlan) {
    this.#short = new Sockets(plan)
    this.#kept = new Sockets(plan)
    this.#keptMax = plan.sockets
    this.#devices = plan.devices
    this.#timer = setInterval(() => {
      for (const socket of this.#dribbling) socket.write(body.subarray(0, 1))
    }, dribbleEveryMs)
  }

  act(): boolean {
    this.#turn += 1
    if (this.#kept.count < this.#keptMax && this.#turn % 2 === 0) {
      this.#keep()
      return true
    }
    if (this.#short.count >= atOnceMax) return false
    const attacker = this.#turn % 8 === 1 ? this.#devices[this.#turn % this.#devices.length] : undefined
    this.#tried += 1
    const ended = (): void => {
      this.#closed += 1
    }
    if (attacker === undefined) {
      const type = this.#turn % 4 === 1 ? 0x32 : 0x10
      this.#short.open(socket => socket.write(Buffer.concat([head(type), body])), ended)
      return true
    }
    this.#enter(this.#short, attacker, ended, socket => socket.write(Buffer.concat([head(0x32), body])))
    return true
  }

  counts(): AttackCounts {
    return {
      tried: this.#tried,
      closed: this.#closed,
      accepted: this.#accepted,
      kept: this.#kept.count,
      keptOpened: this.#opened,
      keptClosed: this.#keptClosed,
    }
  }

  end(): void {
    clearInterval(this.#timer)
    this.#short.end()
    this.#kept.end()
  }

  /** One socket in four is a device's, as long as there are devices that have none. */
  #keep(): void {
    this.#opened += 1
    const attacker = this.#opened % 4 === 0 ? this.#devices[(this.#opened / 4) % this.#devices.length] : undefined
    let kept: Socket | undefined
    const dribble = (socket: Socket, packet: Buffer): void => {
      kept = socket
      socket.write(packet)
      this.#dribbling.add(socket)
    }
    const ended = (): void => {
      this.#keptClosed += 1
      if (kept !== undefined) this.#dribbling.delete(kept)
    }
    if (attacker === undefined) {
      this.#kept.open(socket => dribble(socket, unfinished(0x10, connectPacketBytesMax, 6000)), ended)
      return
    }
    this.#enter(this.#kept, attacker, ended, socket =>
      dribble(socket, unfinished(0x32, packetBytesMax, packetBytesMax - 4096)),
    )
  }

  #enter(sockets: Sockets, { device, secret }: Attacker, ended: () => void, entered: (socket: Socket) => void): void {
    const opened = sockets.open(socket => socket.write(connectOf(device, secret)), ended)
    opened.once('data', bytes => {
      if (bytes[0] !== 0x20 || bytes[3] !== 0) {
        opened.destroy()
        return
      }
      this.#accepted += 1
      entered(opened)
    })
  }
}

/** The fixed header of a packet of `bytes` in all, and `sent` bytes of it: of a CONNECT and of a PUBLISH as they begin. */
function unfinished(type: number, bytes: number, sent: number): Buffer {
  const length = bytes - 4
  const fixed = Buffer.from([type, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14])
  const begin = type === 0x10 ? Buffer.from('\0\u0004MQTT\u0004\u0002\0\u003c') : Buffer.alloc(0)
  return Buffer.concat([fixed, begin, Buffer.alloc(sent, 0)])
}
