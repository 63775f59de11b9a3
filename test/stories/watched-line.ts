// A line between one device and the broker that tells what the device says, and can lose what the broker answers: to catch
// the moment between two words of the protocol, which no sleep would hit.
import { createServer, connect as open, type Socket } from 'node:net'
import { parser } from 'mqtt-packet'

export interface Said {
  readonly topic: string
  readonly payload: Buffer
}

export class WatchedLine {
  readonly #server = createServer(socket => this.#carry(socket))
  readonly #brokerPort: number
  readonly #sockets = new Set<Socket>()
  readonly #said: Said[] = []
  #deafAfter: string | undefined

  private constructor(brokerPort: number) {
    this.#brokerPort = brokerPort
  }

  static async open(brokerPort: number): Promise<WatchedLine> {
    const line = new WatchedLine(brokerPort)
    await new Promise<void>(resolve => line.#server.listen(0, '127.0.0.1', resolve))
    return line
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the line is not open')
    return address.port
  }

  /** What the device has published on topics that end so, oldest first. */
  said(name: string): readonly Buffer[] {
    return this.#said.filter(({ topic }) => topic.endsWith(`/${name}`)).map(({ payload }) => payload)
  }

  /** From the next message on a topic that ends so, nothing of the broker arrives any more, until the line is mended. */
  loseAnswersAfter(name: string): void {
    this.#deafAfter = name
  }

  /** Ends the connections there are; new ones carry both ways again. */
  mend(): void {
    this.#deafAfter = undefined
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #carry(device: Socket): void {
    const broker = open(this.#brokerPort, '127.0.0.1')
    let deaf = false
    const reader = parser()
    reader.on('packet', packet => {
      if (packet.cmd !== 'publish') return
      this.#said.push({ topic: packet.topic, payload: Buffer.from(packet.payload) })
      deaf ||= this.#deafAfter !== undefined && packet.topic.endsWith(`/${this.#deafAfter}`)
    })
    device.on('data', bytes => {
      reader.parse(bytes)
      broker.write(bytes)
    })
    broker.on('data', bytes => {
      if (!deaf) device.write(bytes)
    })
    for (const [one, other] of [
      [device, broker],
      [broker, device],
    ] as const) {
      this.#sockets.add(one)
      // Why it ended is of no interest here; that it did, the other end has to learn.
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
  }
}
