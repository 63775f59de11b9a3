// A patch as one more way to the chunks that are missing: whether it is worth its bytes on this device, and what becomes of
// its frames. Nobody has signed it: what a frame yields is written only where it is the chunk that was signed, and whatever
// else is wrong ends the patch, never the update. Written like any other, its chunks are found again after a power cut.
import type { OperationId } from '../../proto/ids.ts'
import { type PatchFrame, patchMagic } from '../../proto/patch.ts'
import { type PatchTransport, patchMemoryBytes } from '../../proto/patch-transport.ts'
import type { Holdings } from '../core/holdings.ts'
import type { FetchSettings } from '../core/index-fetch.ts'
import { PatchFetch } from '../core/patch-fetch.ts'
import { PatchOverlay } from '../core/patch-overlay.ts'
import type { AgentPorts, Candidate, Installer } from '../ports.ts'
import type { FetchEffect, FetchWork, Stage } from './fetch-line.ts'
import { sha256 } from './held-chunks.ts'

export interface PatchParts {
  readonly ports: Pick<AgentPorts, 'clock' | 'log' | 'patches'>
  readonly operation: OperationId
  readonly settings: FetchSettings
  /** Whose active image the patch starts from. */
  readonly installer: Installer
  readonly candidate: Candidate
  readonly holdings: Holdings
  /** Something came, or time has passed. */
  readonly moved: () => void
}

export class PatchSource implements Stage {
  readonly fetch: PatchFetch
  readonly #parts: PatchParts
  readonly #overlay: PatchOverlay
  #badCount = 0

  /**
   * Undefined when it is not the cheapest way, or none at all; the log says why. `roomBytes`: what it may take of the
   * memory. `requestNumber`: the last one used before. Throws StorageReadFailed and what else the installer's record does.
   */
  static async begin(
    patch: PatchTransport,
    parts: PatchParts,
    roomBytes: number,
    requestNumber: number,
  ): Promise<PatchSource | undefined> {
    const { ports, operation } = parts
    const facts = { operation, base: patch.base, patchBytes: patch.patchBytes }
    const reason = await whyNot(patch, parts, roomBytes)
    if (reason !== undefined) {
      ports.log.info({ event: 'patch-not-used', ...facts, reason }, 'the patch is of no use here')
      return undefined
    }
    ports.log.info({ event: 'patch-begun', ...facts, missingBytes: parts.holdings.missingBytes }, 'fetching the patch')
    return new PatchSource(new PatchFetch(patch, parts.holdings, parts.settings, requestNumber), parts)
  }

  private constructor(fetch: PatchFetch, parts: PatchParts) {
    this.fetch = fetch
    this.#parts = parts
    this.#overlay = new PatchOverlay(parts.holdings)
  }

  async work(work: FetchWork): Promise<readonly FetchEffect[]> {
    if (work.kind === 'end-patch') return this.giveUp(work.reason)
    if (work.kind !== 'apply-frame') return []
    const { frame } = work
    const output = await this.#decoded(frame)
    if (typeof output === 'string') return this.giveUp(output, { frameAt: frame.outputOffset })
    const { candidate, holdings, settings, moved, ports } = this.#parts
    for (const { chunk, bytes } of this.#overlay.lay(frame.outputOffset, output)) {
      if (!holdings.index.digestOf(chunk).equals(sha256(bytes))) {
        this.#badCount += 1
        if (this.#badCount > settings.refetchMax) return this.giveUp('digest', { chunk })
        continue
      }
      await candidate.write(holdings.index.offsetOf(chunk), bytes)
      holdings.made(chunk)
    }
    moved()
    return this.fetch.applied(frame, ports.clock.monotonicMs())
  }

  ticked(): void {
    this.#parts.moved()
  }

  /** Ends it as if it were complete: what is missing is fetched another way. */
  giveUp(reason: string, facts: Readonly<Record<string, unknown>> = {}): readonly FetchEffect[] {
    const { ports, operation, holdings } = this.#parts
    const made = { madeBytes: holdings.madeBytes, wireBytes: this.fetch.wireBytes }
    ports.log.warn({ event: 'patch-given-up', operation, reason, ...facts, ...made }, 'going on with chunks')
    return [{ kind: 'complete' }]
  }

  /** The output of the frame, or in one word why there is none. */
  async #decoded({ baseOffset, baseBytes, encoded, outputBytes }: PatchFrame): Promise<Uint8Array | string> {
    const { installer, ports } = this.#parts
    let base: Uint8Array
    try {
      base = await installer.readActive(baseOffset, baseBytes)
    } catch {
      // The chunks need no base: if the disk is no good, writing them will tell.
      return 'base-unreadable'
    }
    try {
      const output = await ports.patches.decode(encoded, base, outputBytes)
      return output?.length === outputBytes ? output : 'frame'
    } catch {
      // No decoder after all, or no memory for it.
      return 'decoder'
    }
  }
}

async function whyNot(
  { base, patchBytes, metadata }: PatchTransport,
  { holdings, installer }: PatchParts,
  roomBytes: number,
): Promise<'no-patch' | 'not-worth' | 'memory' | 'base' | undefined> {
  if (patchBytes < patchMagic.length) return 'no-patch'
  if (holdings.missingBytes <= patchBytes) return 'not-worth'
  if (patchMemoryBytes(metadata) > roomBytes) return 'memory'
  // What the record says is enough: from other bytes other chunks would be made, and each of them is looked at.
  const { active } = await installer.status()
  return active.digest === base && active.sizeBytes === metadata.baseSize ? undefined : 'base'
}
