// The encoded chunks asked for last, in memory up to a number of bytes. Many devices want the same chunk: it is read from
// disk once, also when they all ask before the read has ended, and its buffer is shared by all their sockets. What has
// left the cache lives on until the last socket has drained it; that is bounded by the limits of undrained bytes.
//
// A chunk that is found is only marked: the order is put right when room is needed, where the oldest one that was found
// since it was last looked at gets a second chance. Patches are kept here too, in pages (patch-pages.ts).
import type { ChunkEncoding } from '../../proto/chunk-piece.ts'

export interface HotChunk {
  readonly encoding: ChunkEncoding
  readonly bytes: Uint8Array
}

/** What is cut into numbered chunks: an ArtifactReader, or the pages of a patch. */
export interface ChunkSource {
  readonly id: string
  encodingOf(chunk: number): ChunkEncoding
  read(chunk: number): Promise<Uint8Array>
}

interface Kept extends HotChunk {
  readonly source: string
  readonly chunk: number
  /** Found since it was last looked at for eviction. */
  found: boolean
}

export class HotChunks {
  readonly #bytesMax: number
  readonly #readsMax: number
  readonly #chunks = new Map<string, Map<number, Kept>>()
  /** In the order in which they are looked at for eviction. */
  readonly #order = new Set<Kept>()
  readonly #loading = new Map<string, Promise<void>>()
  /** Reads that wait for their turn. */
  readonly #waiting: (() => void)[] = []
  #reading = 0
  #bytes = 0
  #readCount = 0

  /** `bytesMax` is exceeded by no more than one chunk: the newest one always stays. */
  constructor(bytesMax: number, readsMax: number) {
    this.#bytesMax = bytesMax
    this.#readsMax = readsMax
  }

  get bytes(): number {
    return this.#bytes
  }
  get readCount(): number {
    return this.#readCount
  }

  /** Undefined: not here, `load` it. */
  find(source: string, chunk: number): HotChunk | undefined {
    const kept = this.#chunks.get(source)?.get(chunk)
    if (kept !== undefined) kept.found = true
    return kept
  }

  /** Resolves when `find` has it; rejects as the source does. Everyone who asks meanwhile shares the one read. */
  load(source: ChunkSource, chunk: number): Promise<void> {
    const key = `${source.id}/${chunk}`
    const known = this.#loading.get(key)
    if (known !== undefined) return known
    const loading = this.#read(source, chunk).finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    return loading
  }

  /** Resolves when no read is under way. */
  async settled(): Promise<void> {
    while (this.#loading.size > 0) await Promise.allSettled(this.#loading.values())
  }

  async #read(source: ChunkSource, chunk: number): Promise<void> {
    // The place is handed over by the read that ends, so it is counted once.
    if (this.#reading >= this.#readsMax) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#reading += 1
    try {
      this.#readCount += 1
      const bytes = await source.read(chunk)
      this.#keep({ source: source.id, chunk, encoding: source.encodingOf(chunk), bytes, found: false })
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#reading -= 1
      else next()
    }
  }

  #keep(kept: Kept): void {
    const before = this.#chunks.get(kept.source)?.get(kept.chunk)
    if (before !== undefined) this.#drop(before)
    for (const oldest of this.#order) {
      if (this.#bytes + kept.bytes.length <= this.#bytesMax) break
      if (!oldest.found) {
        this.#drop(oldest)
        continue
      }
      // To the end, where this loop comes by again.
      oldest.found = false
      this.#order.delete(oldest)
      this.#order.add(oldest)
    }
    const chunks = this.#chunks.get(kept.source) ?? new Map<number, Kept>()
    this.#chunks.set(kept.source, chunks.set(kept.chunk, kept))
    this.#order.add(kept)
    this.#bytes += kept.bytes.length
  }

  #drop(kept: Kept): void {
    this.#order.delete(kept)
    this.#bytes -= kept.bytes.length
    const chunks = this.#chunks.get(kept.source)
    chunks?.delete(kept.chunk)
    if (chunks?.size === 0) this.#chunks.delete(kept.source)
  }
}
