// The chunks that came over the line, asked for or heard in a session: each is decoded, checked and written before it counts.
import { decodeChunk } from '../../proto/bundle.ts'
import type { OperationId } from '../../proto/ids.ts'
import { Download } from '../core/download.ts'
import type { Holdings } from '../core/holdings.ts'
import type { FetchSettings } from '../core/index-fetch.ts'
import type { AgentPorts, Candidate } from '../ports.ts'
import type { FetchEffect, FetchWork, Stage } from './fetch-line.ts'
import { sha256 } from './held-chunks.ts'

export interface ChunkParts {
  readonly ports: Pick<AgentPorts, 'clock' | 'log'>
  readonly operation: OperationId
  readonly settings: FetchSettings
  readonly candidate: Candidate
  readonly holdings: Holdings
  /** Something came, or time has passed. */
  readonly moved: () => void
}

export class ChunkSource implements Stage {
  readonly fetch: Download
  readonly #parts: ChunkParts

  /** `requestNumber`: the last one used before. */
  constructor(parts: ChunkParts, requestNumber: number) {
    this.#parts = parts
    const { holdings, settings } = parts
    this.fetch = new Download(holdings.index, settings, requestNumber)
    for (let chunk = 0; chunk < holdings.index.count; chunk += 1)
      if (!holdings.isMissing(chunk)) this.fetch.alreadyHeld(chunk)
  }

  async work(work: FetchWork): Promise<readonly FetchEffect[]> {
    if (work.kind !== 'check-chunk') return []
    const { chunk } = work
    const { ports, operation, candidate, moved } = this.#parts
    const { index } = this.#parts.holdings
    const plain = decodedOrNothing(work, index.lengthOf(chunk))
    if (plain === undefined || !index.digestOf(chunk).equals(sha256(plain))) {
      ports.log.warn({ event: 'chunk-bad', operation, chunk }, 'chunk is not what was signed')
      return this.fetch.bad(chunk, ports.clock.monotonicMs())
    }
    await candidate.write(index.offsetOf(chunk), plain)
    const effects = this.fetch.held(chunk, ports.clock.monotonicMs())
    moved()
    return effects
  }

  ticked(): void {
    this.#parts.moved()
  }
}

function decodedOrNothing(chunk: Parameters<typeof decodeChunk>[0], plainLength: number): Uint8Array | undefined {
  try {
    return decodeChunk(chunk, plainLength)
  } catch {
    // Whatever zlib says: these are not the bytes of the chunk.
    return undefined
  }
}
