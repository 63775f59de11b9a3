// One writer, many waiting: whatever arrives while a write is under way shares the next one. Knows nothing of what is
// written.
//
//   submit a ──► write [a] ──────────► a resolves
//       submit b, c ──┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄► write [b, c] ──► b, then c resolve
import { StoreUnavailable } from '../../errors.ts'
import type { StoreFigures } from '../../ports.ts'

export interface GroupLimits {
  /** A write takes commits until it is this large; one larger commit goes alone. */
  readonly groupBytesMax: number
  /** Beyond this, commits are refused instead of remembered. */
  readonly waitingBytesMax: number
}

interface Waiting<In, Out> {
  readonly item: In
  readonly resolve: (result: Out) => void
  readonly reject: (error: unknown) => void
}

export class GroupCommit<In extends { readonly sizeBytes: number }, Out> {
  readonly #write: (items: readonly In[]) => Promise<readonly Out[]>
  readonly #limits: GroupLimits
  #waiting: Waiting<In, Out>[] = []
  #waitingBytes = 0
  readonly #counts = { commitsTotal: 0, failedTotal: 0, writesTotal: 0, writeMsTotal: 0 }
  #running: Promise<void> | undefined

  /** `write` is never called before its last call has ended; it resolves with one result an item, or writes nothing. */
  constructor(write: (items: readonly In[]) => Promise<readonly Out[]>, limits: GroupLimits) {
    this.#write = write
    this.#limits = limits
  }

  submit(item: In): Promise<Out> {
    if (this.#waitingBytes + item.sizeBytes > this.#limits.waitingBytesMax && this.#waiting.length > 0) {
      this.#counts.failedTotal += 1
      return Promise.reject(
        new StoreUnavailable(`more than ${this.#limits.waitingBytesMax} bytes are waiting to be written`),
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#waitingBytes += item.sizeBytes
      this.#running ??= this.#run()
    })
  }

  figures(): StoreFigures {
    return { ...this.#counts, waitingBytes: this.#waitingBytes }
  }

  /** Resolves when nothing is waiting or being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // One turn of the microtasks: what is submitted in the same breath goes in the same write.
    await undefined
    while (this.#waiting.length > 0) {
      const group = this.#take()
      const begunAt = performance.now()
      try {
        const results = await this.#write(group.map(waiting => waiting.item))
        this.#counts.commitsTotal += group.length
        this.#counts.writesTotal += 1
        this.#counts.writeMsTotal += performance.now() - begunAt
        for (const [index, waiting] of group.entries()) waiting.resolve(results[index] as Out)
      } catch (error) {
        this.#counts.failedTotal += group.length
        for (const waiting of group) waiting.reject(error)
      }
    }
    this.#running = undefined
  }

  #take(): readonly Waiting<In, Out>[] {
    let bytes = 0
    let count = 0
    for (const { item } of this.#waiting) {
      if (count > 0 && bytes + item.sizeBytes > this.#limits.groupBytesMax) break
      bytes += item.sizeBytes
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }
}
