// A value for each of very many ids, in the order of the ids, in little memory: neighbours share a block, whose ids are
// one text. To find or change one costs as much as taking one block apart; to go through all of them costs nothing but
// the look at the values.

export interface Block<Value> {
  /** Ascending, one a line. */
  readonly ids: string
  /** In the same order. */
  readonly values: Value[]
  readonly first: string
  readonly last: string
}

const blockSize = 256
const blockSizeMax = 2 * blockSize

/** `Id`: texts without line ends. */
export class IdBlocks<Id extends string, Value> {
  readonly #blocks: Block<Value>[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** All of them behind the last one there is, ascending. */
  append(ids: readonly Id[], values: readonly Value[]): void {
    for (let from = 0; from < ids.length; from += blockSize)
      this.#blocks.push(blockOf(ids.slice(from, from + blockSize), values.slice(from, from + blockSize)))
    this.#count += ids.length
  }

  /** The value it had before, if any. */
  set(id: Id, value: Value): Value | undefined {
    const at = this.#indexOf(id)
    const block = this.#blocks[at]
    if (block === undefined) {
      this.append([id], [value])
      return undefined
    }
    const ids = block.ids.split('\n')
    const position = lowerBound(ids, id)
    if (ids[position] === id) {
      const before = block.values[position]
      block.values[position] = value
      return before
    }
    ids.splice(position, 0, id)
    const values = block.values.toSpliced(position, 0, value)
    const half = ids.length > blockSizeMax ? blockSize : ids.length
    const halves = [blockOf(ids.slice(0, half), values.slice(0, half))]
    if (half < ids.length) halves.push(blockOf(ids.slice(half), values.slice(half)))
    this.#blocks.splice(at, 1, ...halves)
    this.#count += 1
    return undefined
  }

  /** The value it had, if any. */
  delete(id: Id): Value | undefined {
    const at = this.#indexOf(id)
    const block = this.#blocks[at]
    if (block === undefined) return undefined
    const ids = block.ids.split('\n')
    const position = lowerBound(ids, id)
    if (ids[position] !== id) return undefined
    this.#count -= 1
    if (ids.length === 1) this.#blocks.splice(at, 1)
    else this.#blocks[at] = blockOf(ids.toSpliced(position, 1), block.values.toSpliced(position, 1))
    return block.values[position]
  }

  /** Blocks with an id behind `after`, ascending; the first may begin at or before it. They are not to be changed. */
  *behind(after: Id | undefined): Iterable<Block<Value>> {
    for (let at = after === undefined ? 0 : this.#indexOf(after); at < this.#blocks.length; at += 1) {
      const block = this.#blocks[at] as Block<Value>
      if (after === undefined || block.last > after) yield block
    }
  }

  clear(): void {
    this.#blocks.length = 0
    this.#count = 0
  }

  /** The last block that begins at or before `id`, or the first. */
  #indexOf(id: Id): number {
    let [low, high] = [0, this.#blocks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#blocks[middle] as Block<Value>).first <= id) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

function blockOf<Value>(ids: readonly string[], values: readonly Value[]): Block<Value> {
  return { ids: ids.join('\n'), values: [...values], first: ids[0] ?? '', last: ids.at(-1) ?? '' }
}

/** Of the first that is not below `id`. */
function lowerBound(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ids[middle] as string) < id) low = middle + 1
    else high = middle
  }
  return low
}
