// A poor line between one device and the broker: what comes down is held back to a rate, so that "half-way through a
// download" is a moment one can hit. It counts what it carried.
//
//   device ◀── rate ── relay ◀── broker          device ──▶ relay ──▶ broker: at once
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { pause } from '../clock.ts'

export class SlowLink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #end = new AbortController()
  #carriedBytes = 0

  /** Listens on a free port of 127.0.0.1. */
  static async open(brokerPort: number, bytesPerSecond: number): Promise<SlowLink> {
    const link = new SlowLink(brokerPort, bytesPerSecond)
    link.#server.listen(0, '127.0.0.1')
    await once(link.#server, 'listening')
    return link
  }

  private constructor(brokerPort: number, bytesPerSecond: number) {
    this.#server = createServer(device => {
      const broker = connect(brokerPort, '127.0.0.1')
      for (const [socket, other] of [
        [device, broker],
        [broker, device],
      ] as const) {
        this.#sockets.add(socket)
        // A line that breaks says so by its close.
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
      device.on('data', bytes => broker.write(bytes))
      broker.on('data', bytes => {
        this.#carriedBytes += bytes.length
        device.write(bytes)
        broker.pause()
        pause((bytes.length / bytesPerSecond) * 1000, this.#end.signal).then(
          () => broker.resume(),
          () => broker.destroy(),
        )
      })
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Bytes sent down to the device, headers of MQTT included. */
  get carriedBytes(): number {
    return this.#carriedBytes
  }

  async close(): Promise<void> {
    this.#end.abort()
    for (const socket of this.#sockets) socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }
}
