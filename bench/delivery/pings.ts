// Unrelated MQTT traffic: one connection that is pinged again and again, and how long each answer took.
import { MqttSocket } from '../engine/mqtt-socket.ts'

const pingMs = 10

export class Pings {
  readonly #socket: MqttSocket
  #latencies: number[] = []
  #sentAt = 0
  #closed = false
  #answered: (() => void)[] = []

  private constructor(port: number) {
    this.#socket = new MqttSocket(
      { port, name: 'pinger', password: 'secret' },
      {
        connected: () => this.#ping(),
        subscribed: () => {},
        acknowledged: () => {},
        message: () => {},
        pong: () => this.#heard(),
        closed: () => {},
      },
    )
  }

  /** Resolves when the first one has been answered. */
  static async open(port: number): Promise<Pings> {
    const pings = new Pings(port)
    await pings.taken()
    return pings
  }

  /** Milliseconds of each since this was asked last; one more is waited for, which was sent before. */
  async taken(): Promise<readonly number[]> {
    await new Promise<void>(resolve => this.#answered.push(resolve))
    const taken = this.#latencies
    this.#latencies = []
    return taken
  }

  close(): void {
    this.#closed = true
    this.#socket.close()
  }

  #ping(): void {
    if (this.#closed) return
    this.#sentAt = performance.now()
    this.#socket.ping()
  }

  #heard(): void {
    this.#latencies.push(performance.now() - this.#sentAt)
    for (const answered of this.#answered.splice(0)) answered()
    setTimeout(() => this.#ping(), pingMs)
  }
}
