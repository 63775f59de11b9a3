// The encoded chunks asked for last, in memory up to a number of bytes. Many devices want the same chunk: it is read from
// disk once, also when they all ask before the read has ended, and its buffer is shared by all their sockets. What has
// left the cache lives on until the last socket has drained it; that is bounded by the limits of undrained bytes.

import type { ChunkEncoding } from '../../proto/chunk-piece.ts'
import type { ArtifactId } from '../../proto/ids.ts'
import type { ArtifactReader } from '../ports.ts'

export interface HotChunk {
  readonly encoding: ChunkEncoding
  readonly bytes: Uint8Array
}

export class HotChunks {
  readonly #bytesMax: number
  readonly #readsMax: number
  /** Least recently used first. */
  readonly #chunks = new Map<string, HotChunk>()
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
  find(artifact: ArtifactId, chunk: number): HotChunk | undefined {
    const key = keyOf(artifact, chunk)
    const found = this.#chunks.get(key)
    if (found === undefined) return undefined
    this.#chunks.delete(key)
    this.#chunks.set(key, found)
    return found
  }

  /** Resolves when `find` has it; rejects as the reader does. Everyone who asks meanwhile shares the one read. */
  load(reader: ArtifactReader, chunk: number): Promise<void> {
    const key = keyOf(reader.id, chunk)
    const known = this.#loading.get(key)
    if (known !== undefined) return known
    const loading = this.#read(reader, chunk, key).finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    return loading
  }

  /** Resolves when no read is under way. */
  async settled(): Promise<void> {
    while (this.#loading.size > 0) await Promise.allSettled(this.#loading.values())
  }

  async #read(reader: ArtifactReader, chunk: number, key: string): Promise<void> {
    // The place is handed over by the read that ends, so it is counted once.
    if (this.#reading >= this.#readsMax) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#reading += 1
    try {
      this.#readCount += 1
      const bytes = await reader.read(chunk)
      this.#keep(key, { encoding: reader.encodingOf(chunk), bytes })
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#reading -= 1
      else next()
    }
  }

  #keep(key: string, chunk: HotChunk): void {
    this.#chunks.set(key, chunk)
    this.#bytes += chunk.bytes.length
    for (const [oldest, { bytes }] of this.#chunks) {
      if (this.#bytes <= this.#bytesMax || oldest === key) break
      this.#chunks.delete(oldest)
      this.#bytes -= bytes.length
    }
  }
}

function keyOf(artifact: ArtifactId, chunk: number): string {
  return `${artifact}/${chunk}`
}
