// Reads of single records that are asked for in the same breath become one read of many. A turn of the orchestrator asks
// for hundreds, and each alone would be a call into LevelDB and a way back through its threads.
type Values = readonly (string | undefined)[]

export class GatheredGets {
  readonly #readMany: (keys: readonly string[]) => Promise<Values>
  #keys: string[] = []
  #values: Promise<Values> | undefined

  /** `readMany` resolves with a value or undefined for each key, in their order. */
  constructor(readMany: (keys: readonly string[]) => Promise<Values>) {
    this.#readMany = readMany
  }

  /** Rejects with what `readMany` rejects with, for all that were asked for together. */
  async get(key: string): Promise<string | undefined> {
    const index = this.#keys.push(key) - 1
    this.#values ??= this.#read()
    return (await this.#values)[index]
  }

  async #read(): Promise<Values> {
    // One turn of the microtasks: what is asked for until then is read along.
    await undefined
    const keys = this.#keys
    this.#keys = []
    this.#values = undefined
    return this.#readMany(keys)
  }
}
