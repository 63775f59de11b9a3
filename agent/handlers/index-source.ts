// The chunk index, before anything else: from beside the candidate, or fetched. Whatever it says is believed only when it
// has the signed digest.
import { ChunkIndex, ChunkIndexError } from '../../proto/chunk-index.ts'
import type { Manifest } from '../../proto/manifest.ts'
import { type FetchSettings, IndexFetch } from '../core/index-fetch.ts'
import type { AgentPorts, Candidate } from '../ports.ts'
import type { FetchEffect, FetchWork, Stage } from './fetch-line.ts'
import { sha256 } from './held-chunks.ts'

/** What an earlier run of the download left. Throws as `parsedIndex`. */
export async function heldIndex(candidate: Candidate, manifest: Manifest): Promise<ChunkIndex | undefined> {
  const held = await candidate.readIndex()
  return held !== undefined && digestOf(held) === manifest.chunkIndexSha256 ? parsedIndex(held, manifest) : undefined
}

export class IndexSource implements Stage {
  readonly fetch: IndexFetch
  readonly #clock: AgentPorts['clock']
  readonly #candidate: Candidate
  readonly #manifest: Manifest
  #index: ChunkIndex | undefined
  #wireBytes = 0

  /** `requestNumber`: the last one used before. */
  constructor(
    clock: AgentPorts['clock'],
    candidate: Candidate,
    manifest: Manifest,
    settings: FetchSettings,
    requestNumber: number,
  ) {
    this.#clock = clock
    this.#candidate = candidate
    this.#manifest = manifest
    this.fetch = new IndexFetch(manifest.chunkIndexSize, settings, requestNumber)
  }

  /** Once it is checked and stands beside the candidate. */
  get index(): ChunkIndex | undefined {
    return this.#index
  }

  get wireBytes(): number {
    return this.#wireBytes
  }

  /** Throws as `parsedIndex`. */
  async work(work: FetchWork): Promise<readonly FetchEffect[]> {
    if (work.kind !== 'check-index') return []
    const { bytes } = work
    const [expected, actual] = [this.#manifest.chunkIndexSha256, digestOf(bytes)]
    if (actual !== expected) return this.fetch.bad(this.#clock.monotonicMs(), { expected, actual })
    const index = parsedIndex(bytes, this.#manifest)
    this.#wireBytes = bytes.length
    await this.#candidate.writeIndex(bytes)
    this.#index = index
    return [{ kind: 'complete' }]
  }
}

/** Throws ChunkIndexError (UPD4_FAIL_22), also when the index speaks of another size than the manifest. */
function parsedIndex(bytes: Uint8Array, { payloadSize }: Manifest): ChunkIndex {
  const index = ChunkIndex.parse(bytes)
  if (index.imageSize === payloadSize) return index
  throw new ChunkIndexError(`imageSize ${index.imageSize}, the manifest says ${payloadSize}`)
}

function digestOf(bytes: Uint8Array): string {
  return sha256(bytes).toString('hex')
}
