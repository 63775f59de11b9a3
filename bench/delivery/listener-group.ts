// The subscribers on one broker.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { publishPacket, topicField } from '../../proto/packets.ts'
import { connectPacket, FrameCounter, publishType, subscribePacket } from './frames.ts'
import { chunkMessage } from './memory-artifact.ts'

export interface ListenerOrders {
  readonly port: number
  readonly tls: boolean
  /** Names are `device-{from}` and on. */
  readonly from: number
  readonly count: number
}

export interface Heard {
  readonly packets: number
  /** Words of a session, not data. */
  readonly small: number
  /** Of the data packets' bodies, topics and heads included. */
  readonly bytes: number
}

const connectsAtOnce = 100
/** A body below this is a word of a session. */
const smallBytes = 256
/** What does not come within this time does not come. */
const patienceMs = 60_000

export class ListenerGroup {
  readonly #orders: ListenerOrders
  readonly #sockets: Socket[] = []
  #publisher: Socket | undefined
  #packets = 0
  #small = 0
  #bytes = 0
  #acknowledged = 0
  #changed: (() => void) | undefined

  static async open(orders: ListenerOrders): Promise<ListenerGroup> {
    const group = new ListenerGroup(orders)
    let next = 0
    await Promise.all(
      Array.from({ length: Math.min(connectsAtOnce, orders.count) }, async () => {
        while (next < orders.count) {
          next += 1
          group.#sockets.push(await group.#connect(`device-${orders.from + next - 1}`))
        }
      }),
    )
    return group
  }

  private constructor(orders: ListenerOrders) {
    this.#orders = orders
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.#acknowledged = 0
    const packet = subscribePacket(topics)
    for (const [index, socket] of this.#sockets.entries()) {
      socket.write(packet)
      if (index % connectsAtOnce === 0) await this.#until(() => this.#acknowledged >= index - connectsAtOnce)
    }
    await this.#until(() => this.#acknowledged >= this.#sockets.length)
  }

  heard(): Heard {
    const heard = { packets: this.#packets, small: this.#small, bytes: this.#bytes }
    this.#packets = 0
    this.#small = 0
    this.#bytes = 0
    return heard
  }

  /** By all together. */
  until({ packets, small }: { readonly packets: number; readonly small: number }): Promise<void> {
    return this.#until(() => this.#packets >= packets && this.#small >= small)
  }

  async publish(order: {
    readonly topic: string
    readonly chunks: number
    readonly chunkBytes: number
    readonly ahead: number
  }): Promise<void> {
    this.#publisher ??= await this.#connect('publisher')
    const topic = topicField(order.topic)
    const { length } = this.#sockets
    for (let chunk = 0; chunk < order.chunks; chunk += 1) {
      await this.#until(() => this.#packets >= (chunk - order.ahead + 1) * length)
      this.#publisher.write(publishPacket(topic, chunkMessage(chunk, order.chunkBytes)))
    }
    await this.#until(() => this.#packets >= order.chunks * length)
  }

  #connect(name: string): Promise<Socket> {
    const { port, tls } = this.#orders
    const options = { port, host: '127.0.0.1', noDelay: true }
    const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
    return new Promise((resolve, reject) => {
      const frames = new FrameCounter((type, bodyBytes) => {
        if (type === 2) resolve(socket)
        else this.#heard(type, bodyBytes)
      })
      socket.on('data', bytes => {
        frames.take(bytes)
        this.#changed?.()
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Error(`${name}: the connection was closed`)))
      socket.write(connectPacket(name))
    })
  }

  #heard(type: number, bodyBytes: number): void {
    if (type === 9) this.#acknowledged += 1
    else if (type === publishType && bodyBytes < smallBytes) this.#small += 1
    else if (type === publishType) {
      this.#packets += 1
      this.#bytes += bodyBytes
    }
  }

  /** One wait at a time. */
  async #until(holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`expected more to come, heard ${this.#packets} packets and ${this.#small} words`))
      }, patienceMs)
      this.#changed = () => {
        if (!holds()) return
        clearTimeout(timer)
        this.#changed = undefined
        resolve()
      }
    })
  }
}
