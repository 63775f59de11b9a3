// One file of a virtual sensor: what its programs see of it, and what of that would be left if the power went now.
import { Content, type Extent, firstPast, nothing, type PiecePool } from './piece-pool.ts'

export class VirtualFile {
  readonly #pool: PiecePool
  #durable: Content
  #size: number
  #extents: readonly Extent[]

  /** With a content that is durable already. */
  constructor(pool: PiecePool, content: Content = nothing) {
    this.#pool = pool
    this.#durable = content
    this.#size = content.sizeBytes
    this.#extents = content.extents
  }

  get sizeBytes(): number {
    return this.#size
  }

  /** As it is seen now. */
  get content(): Content {
    if (this.#isSynced) return this.#durable
    return new Content(this.#size, this.#extents)
  }

  read(offset: number, length: number, into?: Uint8Array): Uint8Array {
    return this.content.read(offset, length, into)
  }

  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const extents = this.#own()
    const end = offset + bytes.length
    const first = firstPast(extents, offset)
    let past = first
    const parts: Extent[] = []
    for (; past < extents.length; past += 1) {
      const { offset: start, bytes: old } = extents[past] as Extent
      if (start >= end) break
      if (start < offset) parts.push(this.#pool.extent(start, old.subarray(0, offset - start)))
      if (start + old.length > end) parts.push(this.#pool.extent(end, old.subarray(end - start)))
    }
    parts.push(this.#pool.extent(offset, bytes))
    parts.sort((one, other) => one.offset - other.offset)
    extents.splice(first, past - first, ...parts)
    this.#size = Math.max(this.#size, end)
  }

  truncate(size: number): void {
    if (size < this.#size) {
      const extents = this.#own()
      const first = firstPast(extents, size)
      const cut = extents[first]
      extents.length = first
      if (cut !== undefined && cut.offset < size)
        extents.push(this.#pool.extent(cut.offset, cut.bytes.subarray(0, size - cut.offset)))
    }
    this.#size = size
  }

  /** What is seen is durable from now on. */
  sync(): void {
    if (this.#isSynced) return
    this.#durable = this.#pool.content(this.#size, this.#extents)
    this.#extents = this.#durable.extents
  }

  /** The power went: each piece that was not synced has reached the disk, or has not. `fraction`: in [0, 1). */
  cut(fraction: () => number): void {
    if (this.#isSynced) return
    const before = new Set(this.#durable.extents)
    const kept = this.#extents.filter(extent => before.has(extent) || fraction() < 0.5)
    const end = kept.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes.length), 0)
    const missing = this.#durable.extents.filter(extent => !kept.some(other => overlap(extent, other)))
    const extents = [...kept, ...missing].sort((one, other) => one.offset - other.offset)
    const size = fraction() < 0.5 ? this.#size : this.#durable.sizeBytes
    this.#durable = this.#pool.content(Math.max(end, size), extents)
    this.#size = this.#durable.sizeBytes
    this.#extents = this.#durable.extents
  }

  get #isSynced(): boolean {
    return this.#extents === this.#durable.extents && this.#size === this.#durable.sizeBytes
  }

  /** A list that may be changed: that of a content belongs to all. */
  #own(): Extent[] {
    if (this.#extents === this.#durable.extents) this.#extents = [...this.#extents]
    return this.#extents as Extent[]
  }
}

function overlap(one: Extent, other: Extent): boolean {
  return one.offset < other.offset + other.bytes.length && other.offset < one.offset + one.bytes.length
}
