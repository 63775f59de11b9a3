// The disk under the broker: what a commit wrote is there or not, and a process can be killed on either side of that
// moment. It outlives every process; each process gets a Store of its own, which never answers once the process is dead.
//
//   process calls commit ──▶ waits its turn, then the time the disk takes ──▶ durable (checkers look) ──▶ answered
//                                   ▲ killed before: nothing was written       ▲ killed after: written, never answered
import { MemoryStore } from '../../broker/adapters/memory-store.ts'
import type { EventRecord } from '../../broker/core/records.ts'
import { StoreUnavailable } from '../../broker/errors.ts'
import type { Change, Store } from '../../broker/ports.ts'

/** What the disk asks of the world around it. */
export interface DiskWeather {
  /** Milliseconds until a commit is durable, and from there until the process hears of it. */
  delayMs(): readonly [write: number, answer: number]
  /** No commit is taken. */
  full(): boolean
  sleep(ms: number): Promise<void>
}

/** Who looks at what is written. `decision`: what `decided` gave when the process called commit. */
export interface DiskWatch<Moment> {
  decided(): Moment
  durable(changes: readonly Change[], events: readonly EventRecord[], decision: Moment): void
  /** On one side of the write: true when the process has been killed there. */
  dies(when: 'before' | 'after'): boolean
  /** Something is read; false: the process has been killed for it. */
  reads(): boolean
}

export class Disk<Moment> {
  /** What is durable; for checkers to read. */
  readonly contents: Store
  readonly #weather: DiskWeather
  readonly #watch: DiskWatch<Moment>

  constructor(weather: DiskWeather, watch: DiskWatch<Moment>, contents: Store = new MemoryStore()) {
    this.#weather = weather
    this.#watch = watch
    this.contents = contents
  }

  /** The Store of one process; `alive` says whether it still runs. */
  storeOf(alive: () => boolean): Store {
    let last: Promise<unknown> = Promise.resolve()
    const commit = (changes: readonly Change[]): Promise<readonly EventRecord[]> => {
      const decision = this.#watch.decided()
      const result = last.then(() => this.#write(changes, decision, alive))
      last = result.catch(() => undefined)
      return result
    }
    return patched(this.contents, {
      commit,
      otherwise: (call: () => unknown) => (alive() && this.#watch.reads() ? call() : never()),
    })
  }

  async #write(changes: readonly Change[], decision: Moment, alive: () => boolean): Promise<readonly EventRecord[]> {
    const [writeMs, answerMs] = this.#weather.delayMs()
    if (writeMs > 0) await this.#weather.sleep(writeMs)
    if (!alive() || this.#watch.dies('before')) return never()
    if (this.#weather.full()) throw new StoreUnavailable('the disk is full')
    const events = await this.contents.commit(changes)
    this.#watch.durable(changes, events, decision)
    if (this.#watch.dies('after')) return never()
    if (answerMs > 0) await this.#weather.sleep(answerMs)
    return alive() ? events : never()
  }
}

/** What a dead process waits for. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

/** The methods of a port with some replaced; `otherwise` stands around every call of the others. */
export function patched<Port extends object>(
  port: Port,
  methods: Partial<Port> & { readonly otherwise?: (call: () => unknown) => unknown },
): Port {
  return new Proxy(port, {
    get(target, name) {
      if (name !== 'otherwise' && Object.hasOwn(methods, name)) return Reflect.get(methods, name)
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const bound = (...parameters: unknown[]): unknown => value.apply(target, parameters)
      const { otherwise } = methods
      return otherwise === undefined ? bound : (...parameters: unknown[]) => otherwise(() => bound(...parameters))
    },
  })
}
