// All chance of a world. One seed gives one stream of numbers; a fork has a stream of its own, named by its purpose, so
// that a device that draws once more or less does not change the luck of the others.

export class Seed {
  #a: number
  #b: number
  #c: number
  #counter = 1
  readonly #name: string

  /** The same name, the same numbers. */
  constructor(name: string) {
    this.#name = name
    const [a, b, c] = hashed(name)
    this.#a = a
    this.#b = b
    this.#c = c
    for (let round = 0; round < 12; round += 1) this.#next()
  }

  /** A stream that depends on this one's name alone, not on how much was drawn. */
  fork(purpose: string): Seed {
    return new Seed(`${this.#name}/${purpose}`)
  }

  /** In [0, 1). */
  fraction(): number {
    return this.#next() / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  /** `items` is not empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.whole(0, items.length - 1)] as Item
  }

  some<Item>(items: readonly Item[], share: number): Item[] {
    return items.filter(() => this.chance(share))
  }

  bytes(count: number): Buffer {
    const drawn = Buffer.alloc(count)
    for (let index = 0; index < count; index += 1) drawn[index] = this.whole(0, 255)
    return drawn
  }

  hex(byteCount: number): string {
    return this.bytes(byteCount).toString('hex')
  }

  /** sfc32: small, fast and even enough for weather; nothing here is a secret. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}

/** Three words of a name (xmur3). */
function hashed(name: string): readonly [number, number, number] {
  let state = 1779033703 ^ name.length
  for (let index = 0; index < name.length; index += 1) {
    state = Math.imul(state ^ name.charCodeAt(index), 3432918353)
    state = (state << 13) | (state >>> 19)
  }
  const word = (): number => {
    state = Math.imul(state ^ (state >>> 16), 2246822507)
    state = Math.imul(state ^ (state >>> 13), 3266489909)
    state ^= state >>> 16
    return state | 0
  }
  return [word(), word(), word()]
}
