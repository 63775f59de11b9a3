// Unrelated MQTT traffic: one connection that is pinged again and again, and how long each answer took.
import { MqttSocket } from './engine/mqtt-socket.ts'

const pingMs = 20
/** Whoever has not answered for so long answers no more. */
const answerMs = 30_000

export class Pings {
  readonly #socket: MqttSocket
  #latencies: number[] = []
  #sentAt = 0
  #closed = false
  #answered: (() => void)[] = []

  private constructor(port: number, name: string, password: string) {
    this.#socket = new MqttSocket(
      { port, name, password },
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
  static async open(port: number, name = 'pinger', password = 'secret'): Promise<Pings> {
    const pings = new Pings(port, name, password)
    await pings.taken()
    return pings
  }

  /** Milliseconds of each since this was asked last; one more is waited for, which was sent before. Rejects when none comes. */
  async taken(): Promise<readonly number[]> {
    await new Promise<void>((resolve, reject) => {
      const silent = setTimeout(() => reject(new Error(`no answer to a ping in ${answerMs} ms`)), answerMs)
      this.#answered.push(() => {
        clearTimeout(silent)
        resolve()
      })
    })
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
