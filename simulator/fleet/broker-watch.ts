// Memory and CPU of a broker that the run has started itself, seen from outside once a second.
import { every } from '../clock.ts'
import type { SpawnedBroker } from './spawned-broker.ts'

/** Resident bytes, and CPU from `before` to the end. */
export interface BrokerWeights {
  readonly before: number
  readonly connected: number
  readonly most: number
  readonly cpuSeconds: number
}

export class BrokerWatch {
  readonly #broker: SpawnedBroker
  readonly #stop: () => void
  #before = 0
  #connected = 0
  #most = 0
  #cpuBefore = 0

  constructor(broker: SpawnedBroker) {
    this.#broker = broker
    this.#stop = every(1000, () => void this.#look())
  }

  async before(): Promise<void> {
    this.#before = await this.#look()
    this.#cpuBefore = await this.#broker.cpuSeconds()
  }

  async connected(): Promise<void> {
    this.#connected = await this.#look()
  }

  /** May be repeated. */
  close(): void {
    this.#stop()
  }

  async end(): Promise<BrokerWeights> {
    this.close()
    await this.#look()
    const spent = (await this.#broker.cpuSeconds()) - this.#cpuBefore
    return { before: this.#before, connected: this.#connected, most: this.#most, cpuSeconds: Math.max(0, spent) }
  }

  async #look(): Promise<number> {
    const bytes = await this.#broker.rssBytes()
    this.#most = Math.max(this.#most, bytes)
    return bytes
  }
}
