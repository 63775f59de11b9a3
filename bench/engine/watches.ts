// What is looked at while the broker works: how much memory it holds, and how long an MQTT ping takes.
import { type BrokerProcess, pause } from './broker-process.ts'
import { MqttSocket } from './mqtt-socket.ts'
import { percentile } from './printing.ts'
import { deviceSecret, pingerName } from './registry.ts'

const sampleMs = 100
const pingMs = 20
/** A broker that has not answered after as many samples answers no more. */
const answerWaits = 300

/** The most memory that was seen until `stop`, megabytes. */
export class MemoryWatch {
  readonly #broker: BrokerProcess
  readonly #timer: NodeJS.Timeout
  #most = 0

  constructor(broker: BrokerProcess) {
    this.#broker = broker
    this.#timer = setInterval(() => void this.#look(), sampleMs).unref()
  }

  async stop(): Promise<number> {
    clearInterval(this.#timer)
    await this.#look()
    return this.#most
  }

  async #look(): Promise<void> {
    // A broker that has just been killed has no memory to look at.
    const memory = await this.#broker.memoryMb().catch(() => 0)
    this.#most = Math.max(this.#most, memory)
  }
}

/** Pings on a connection of its own, one after the other. */
export class PingWatch {
  readonly #socket: MqttSocket
  readonly #latencies: number[] = []
  #sentAt = 0
  #closed = false

  private constructor(port: number, connected: () => void) {
    this.#socket = new MqttSocket(
      { port, name: pingerName, password: deviceSecret },
      {
        connected,
        subscribed: () => {},
        acknowledged: () => {},
        message: () => {},
        pong: () => this.#heard(),
        closed: () => {},
      },
    )
  }

  static async open(port: number): Promise<PingWatch> {
    let connected: () => void = () => {}
    const whenConnected = new Promise<void>(resolve => {
      connected = resolve
    })
    const watch = new PingWatch(port, () => connected())
    await whenConnected
    watch.#ping()
    return watch
  }

  /** Milliseconds: 99 of 100 answers came sooner since this was asked last. Where none has come yet, it waits for one. */
  async p99(): Promise<number> {
    for (let waits = 0; waits < answerWaits && this.#latencies.length === 0; waits += 1) await pause(sampleMs)
    return percentile(this.#latencies.splice(0), 0.99)
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
    setTimeout(() => this.#ping(), pingMs)
  }
}
