// Who asks for which patch, and when one is made: nobody builds deltas, the broker sees from the offers which are worth it.
//
//   offer ─▶ pair counted ─▶ measured (what it costs by chunks) ─▶ enough devices: queued ─▶ made ─▶ offered from then on
//                                                                                   ╰─ saves nothing, or failed: remembered
//
// One thing at a time is asked of the maker, measures first: they are quick, and plans hang on them. What it knows of
// pairs is in memory alone and bounded; patches are the store's. Devices that are downloading already keep on as they began.
import type { ArtifactId, DeviceId } from '../../proto/ids.ts'
import { type PatchTransport, patchMemoryBytes } from '../../proto/patch-transport.ts'
import { PatchImpossible } from '../errors.ts'
import type { Clock, Log, PatchMaker, PatchPair, PatchStore } from '../ports.ts'
import type { PatchOffers } from './patch-offers.ts'

export interface PatchDeskSettings {
  /** Devices that ask for the same patch before it is made; 0: none is made, nor offered. */
  readonly devicesMin: number
  /** Pairs that are remembered; those asked for longest ago are forgotten first. */
  readonly pairsMax: number
  /** Devices that are remembered, over all pairs. */
  readonly askersMax: number
  /** Pairs that wait for the maker; what comes beyond waits until it is asked for again. */
  readonly queueMax: number
  /** After a failure that may pass (disk full, thread dead), before the pair is tried again. */
  readonly retryMs: number
}

export const patchDeskDefaults: PatchDeskSettings = {
  devicesMin: 3,
  pairsMax: 4096,
  askersMax: 100_000,
  queueMax: 256,
  retryMs: 10 * 60_000,
}

export interface PatchDeskParts {
  readonly maker: PatchMaker
  readonly patches: PatchStore
  readonly clock: Clock
  readonly log: Log
  readonly settings?: Partial<PatchDeskSettings>
}

/** Counters grow from the start of the process; gauges are of now. */
export interface PatchFigures {
  readonly madeTotal: number
  readonly failedTotal: number
  /** Pairs whose patch would have saved next to nothing. */
  readonly uselessTotal: number
  /** Offers with a patch. */
  readonly hitsTotal: number
  readonly patchesCount: number
  readonly patchBytes: number
  readonly queuedCount: number
  readonly pairsCount: number
}

interface Pair extends PatchPair {
  readonly askers: Set<DeviceId>
  /** Undefined: not measured yet, or not both images are here. */
  chunkBytes: number | undefined
  measure: 'wanted' | 'queued' | 'done'
  making: 'counting' | 'queued' | 'never'
  /** By the monotonic clock: not before. */
  retryAt: number
}

export class PatchDesk implements PatchOffers {
  readonly #parts: PatchDeskParts
  readonly #settings: PatchDeskSettings
  /** Asked for longest ago first. */
  readonly #pairs = new Map<string, Pair>()
  readonly #toMeasure: Pair[] = []
  readonly #toMake: Pair[] = []
  readonly #closing = new AbortController()
  readonly #counts = { made: 0, failed: 0, useless: 0, hits: 0 }
  #askers = 0
  /** What is under way; never rejects. */
  #work: Promise<void> | undefined
  /** There is nothing here to make patches with. */
  #off = false

  constructor(parts: PatchDeskParts) {
    this.#parts = parts
    this.#settings = { ...patchDeskDefaults, ...parts.settings }
  }

  offerFor(device: DeviceId, pair: PatchPair, memoryBytes: number): PatchTransport | undefined {
    if (pair.base === pair.target || this.#settings.devicesMin === 0 || this.#closing.signal.aborted) return undefined
    const patch = this.#parts.patches.find(pair)
    if (patch === undefined) {
      this.#count(device, this.#known(pair))
      return undefined
    }
    const { patchBytes, metadata, chunkBytes } = patch
    if (patchMemoryBytes(metadata) > memoryBytes || patchBytes >= chunkBytes) return undefined
    this.#counts.hits += 1
    return { base: pair.base, patchBytes, metadata }
  }

  leastBytes(pair: PatchPair, memoryBytes: number): number | undefined {
    if (pair.base === pair.target || this.#closing.signal.aborted) return undefined
    const patch = this.#parts.patches.find(pair)
    if (patch === undefined) return this.#known(pair).chunkBytes
    const { patchBytes, chunkBytes, metadata } = patch
    const offered = this.#settings.devicesMin > 0 && patchMemoryBytes(metadata) <= memoryBytes
    return offered ? Math.min(patchBytes, chunkBytes) : chunkBytes
  }

  figures(): PatchFigures {
    const patches = this.#parts.patches.all()
    return {
      madeTotal: this.#counts.made,
      failedTotal: this.#counts.failed,
      uselessTotal: this.#counts.useless,
      hitsTotal: this.#counts.hits,
      patchesCount: patches.length,
      patchBytes: patches.reduce((sum, { patchBytes }) => sum + patchBytes, 0),
      queuedCount: this.#toMake.length + this.#toMeasure.length,
      pairsCount: this.#pairs.size,
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#work
  }

  /** The pair as it is remembered from now on; it will be measured. */
  #known(pair: PatchPair): Pair {
    const name = nameOf(pair)
    const known = this.#pairs.get(name) ?? {
      base: pair.base,
      target: pair.target,
      askers: new Set<DeviceId>(),
      chunkBytes: undefined,
      measure: 'wanted',
      making: 'counting',
      retryAt: Number.NEGATIVE_INFINITY,
    }
    this.#pairs.delete(name)
    this.#pairs.set(name, known)
    if (known.measure === 'wanted' && this.#due(known) && this.#toMeasure.length < this.#settings.queueMax) {
      known.measure = 'queued'
      this.#toMeasure.push(known)
      this.#begin()
    }
    this.#forget()
    return known
  }

  #count(device: DeviceId, pair: Pair): void {
    if (pair.making !== 'counting' || this.#off) return
    const { devicesMin, queueMax } = this.#settings
    if (pair.askers.size < devicesMin) {
      this.#askers -= pair.askers.size
      pair.askers.add(device)
      this.#askers += pair.askers.size
      this.#forget()
    }
    if (pair.askers.size < devicesMin || !this.#due(pair) || this.#toMake.length >= queueMax) return
    pair.making = 'queued'
    this.#toMake.push(pair)
    this.#begin()
  }

  #due({ retryAt }: Pair): boolean {
    return this.#parts.clock.monotonic() >= retryAt
  }

  /** What waits for the maker stays; it is bounded by itself. */
  #forget(): void {
    const { pairsMax, askersMax } = this.#settings
    for (const [name, pair] of this.#pairs) {
      if (this.#pairs.size <= pairsMax && this.#askers <= askersMax) return
      if (pair.making === 'queued' || pair.measure === 'queued') continue
      this.#pairs.delete(name)
      this.#askers -= pair.askers.size
    }
  }

  #begin(): void {
    this.#work ??= this.#workOff().finally(() => {
      this.#work = undefined
    })
  }

  async #workOff(): Promise<void> {
    // Who asked is in the middle of an offer.
    await Promise.resolve()
    while (!this.#closing.signal.aborted) {
      const toMeasure = this.#toMeasure.shift()
      const toMake = toMeasure === undefined ? this.#toMake.shift() : undefined
      if (toMeasure !== undefined) await this.#measure(toMeasure)
      else if (toMake !== undefined) await this.#make(toMake)
      else return
    }
  }

  async #measure(pair: Pair): Promise<void> {
    pair.measure = 'done'
    try {
      pair.chunkBytes = await this.#parts.maker.chunkBytes(pair, this.#closing.signal)
      // Without both images there is nothing to make, until one is uploaded.
      if (pair.chunkBytes === undefined) this.#later(pair)
    } catch (error) {
      this.#failed(pair, error)
    }
  }

  async #make(pair: Pair): Promise<void> {
    const { base, target } = pair
    const { clock, log } = this.#parts
    pair.making = 'counting'
    // Not both images are here, or not readable: measured again first.
    if (this.#off || pair.chunkBytes === undefined) return
    const begun = clock.monotonic()
    try {
      const patch = await this.#parts.maker.make(pair, this.#closing.signal)
      const ms = Math.round(clock.monotonic() - begun)
      if (patch !== undefined) {
        this.#counts.made += 1
        // Should it be removed for others, as many have to ask for it again.
        this.#askers -= pair.askers.size
        pair.askers.clear()
        const { patchBytes, chunkBytes } = patch
        log.info({ event: 'patch-made', base, target, patchBytes, chunkBytes, ms }, 'patch made')
      } else {
        this.#counts.useless += 1
        pair.making = 'never'
        log.info({ event: 'patch-useless', base, target, chunkBytes: pair.chunkBytes, ms }, 'chunks cost as little')
      }
    } catch (error) {
      this.#failed(pair, error)
    }
  }

  #failed(pair: Pair, err: unknown): void {
    if (this.#closing.signal.aborted) return
    const { log } = this.#parts
    const { base, target } = pair
    if (err instanceof PatchImpossible && err.reason === 'no-zstd') {
      this.#off = true
      for (const waiting of this.#toMake.splice(0)) waiting.making = 'never'
      pair.making = 'never'
      log.warn({ event: 'patches-off', reason: err.message }, 'no patches are made')
      return
    }
    this.#counts.failed += 1
    if (err instanceof PatchImpossible) pair.making = 'never'
    else this.#later(pair)
    log.warn({ event: 'patch-failed', base, target, err }, 'a patch was not made')
  }

  #later(pair: Pair): void {
    if (pair.chunkBytes === undefined) pair.measure = 'wanted'
    pair.retryAt = this.#parts.clock.monotonic() + this.#settings.retryMs
  }
}

function nameOf({ base, target }: { readonly base: ArtifactId; readonly target: ArtifactId }): string {
  return `${base}-${target}`
}
