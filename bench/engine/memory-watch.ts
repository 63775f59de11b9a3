// What is looked at while the broker works: how much memory it holds.
import type { BrokerProcess } from './broker-process.ts'

const sampleMs = 100

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
