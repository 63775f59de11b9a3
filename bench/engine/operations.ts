// Operations for the fleet to work on, made through the HTTP door as an operator makes them.
import type { OperationView } from '../../proto/http-api.ts'
import { makeBundle, type TestBundle } from '../../test/fixtures/bundle.ts'
import { type BrokerProcess, pause } from './broker-process.ts'
import { component } from './registry.ts'

export const bundle: TestBundle = makeBundle({
  image: Buffer.from('drover bench\n'.repeat(1000)),
  version: '2.0.0',
  component,
})

/** Of a feed, unless it is told otherwise. */
export const operationsAlive = 4

export async function uploadRelease(broker: BrokerProcess): Promise<void> {
  await broker.call('POST', '/v1/artifacts', bundle.bytes)
}

export function startOperation(broker: BrokerProcess, targets: object, concurrency: number): Promise<OperationView> {
  return broker.call('POST', '/v1/operations', {
    type: 'firmware-update',
    release: `${component}@2.0.0`,
    targets,
    policy: { concurrency },
  })
}

/** Keeps some operations over the same devices alive, so that each device finds the next when it has done one. */
export class OperationFeed {
  readonly #broker: BrokerProcess
  readonly #devices: readonly string[]
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  #count = 0

  private constructor(broker: BrokerProcess, devices: readonly string[]) {
    this.#broker = broker
    this.#devices = devices
  }

  static async open(broker: BrokerProcess, devices: readonly string[], alive: number): Promise<OperationFeed> {
    const feed = new OperationFeed(broker, devices)
    const first = await Promise.all(Array.from({ length: alive }, () => feed.#start()))
    feed.#running = feed.#follow(first)
    // Told by close.
    feed.#running.catch(() => {})
    return feed
  }

  /** Operations made so far. */
  get count(): number {
    return this.#count
  }

  /** Makes no more; those that run are left to run. Rejects with what went wrong meanwhile. */
  async close(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #start(): Promise<string> {
    const { id } = await startOperation(this.#broker, { devices: this.#devices }, this.#devices.length)
    this.#count += 1
    return id
  }

  async #follow(first: readonly string[]): Promise<void> {
    const alive = [...first]
    while (!this.#stopped) {
      await pause(100)
      // The oldest ends first, or nearly so.
      const id = alive[0] as string
      const { counts } = await this.#broker.call<OperationView>('GET', `/v1/operations/${id}`)
      // Once half its devices are done the next one is made, so that none has to wait for work.
      if (counts.pending > this.#devices.length / 2 || counts.completed === 0) continue
      alive.shift()
      alive.push(await this.#start())
    }
  }
}
