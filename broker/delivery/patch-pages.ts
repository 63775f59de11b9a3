// A patch cut into pages of one size, so that HotChunks keeps and shares them as it does chunks: however large the patch,
// a few pages of it are in memory, and many devices that take the same patch share a read.
import { BrokerError } from '../errors.ts'
import type { MadePatch, PatchPair, PatchStore } from '../ports.ts'
import type { ChunkSource } from './hot-chunks.ts'

export const pageBytes = 64 * 1024

/** The patch was removed after it had been found. */
export class PatchGone extends BrokerError {
  readonly code = 'PATCH_GONE'
}

export class PatchPages implements ChunkSource {
  readonly id: string
  readonly bytes: number
  readonly #store: Pick<PatchStore, 'read'>
  readonly #pair: PatchPair

  constructor(store: Pick<PatchStore, 'read'>, { base, target, patchBytes }: MadePatch) {
    this.id = `${base}-${target}/${patchBytes}`
    this.bytes = patchBytes
    this.#store = store
    this.#pair = { base, target }
  }

  encodingOf(): 'plain' {
    return 'plain'
  }

  /** Rejects with PatchGone, or as the store does. */
  async read(page: number): Promise<Uint8Array> {
    const offset = page * pageBytes
    const length = Math.min(pageBytes, this.bytes - offset)
    const bytes = await this.#store.read(this.#pair, offset, length)
    if (bytes === undefined) throw new PatchGone(`patch ${this.id} has been removed`)
    if (bytes.length !== length) throw new PatchGone(`patch ${this.id} is another one now`)
    return bytes
  }
}
