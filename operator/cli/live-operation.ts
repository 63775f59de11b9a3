// The newest state of one operation, as the stream of the broker tells it, for whoever would otherwise have to ask again
// and again. It is a help and no more: while there is no stream (an older broker, a proxy that holds streams back) the
// watcher asks, and what the stream says is only used when it is about this operation.
import type { OperationView } from '../../proto/http-api.ts'
import type { OperatorClient } from '../client.ts'
import { OperatorError } from '../errors.ts'
import type { CliWorld } from './context.ts'

export class LiveOperation {
  readonly #world: CliWorld
  readonly #ended = new AbortController()
  readonly #reading: Promise<void>
  #newest: OperationView | undefined
  #connected = false
  #missed = false
  #wake: () => void = () => undefined

  /** Reads until `close`. */
  constructor(client: OperatorClient, id: string, world: CliWorld) {
    this.#world = world
    this.#reading = this.#read(client, id)
  }

  /** Changes come by themselves. */
  get connected(): boolean {
    return this.#connected
  }

  /** The newest state when one came within `delayMs`; undefined: ask. Rejects with the reason of the world's signal. */
  async next(delayMs: number): Promise<OperationView | undefined> {
    const { clock, signal } = this.#world
    if (this.#newest === undefined && !this.#missed) {
      const woken = new AbortController()
      this.#wake = () => woken.abort()
      try {
        await clock.sleep(delayMs, AbortSignal.any([signal, woken.signal]))
      } catch (error) {
        if (!woken.signal.aborted || signal.aborted) throw error
      }
    }
    const newest = this.#newest
    this.#newest = undefined
    this.#missed = false
    return newest
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#reading
  }

  async #read(client: OperatorClient, id: string): Promise<void> {
    const signal = AbortSignal.any([this.#world.signal, this.#ended.signal])
    const onLost = (): void => {
      this.#connected = false
      this.#wake()
    }
    try {
      for await (const message of client.live({ operation: id, signal, onLost })) {
        if (message.kind === 'connected') {
          this.#connected = true
          // What happened before is not in the stream.
          this.#missed = true
        } else if (message.kind === 'operation' && message.operation.id === id) this.#newest = message.operation
        else continue
        this.#wake()
      }
    } catch (error) {
      // No stream from here on. Whether the broker is away, and for how long, is judged by whoever asks.
      if (!(error instanceof OperatorError) && !signal.aborted) throw error
    } finally {
      this.#connected = false
      this.#wake()
    }
  }
}
