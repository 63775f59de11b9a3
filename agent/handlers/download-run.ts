// One download from the opened candidate to the last byte on disk: carries out the wishes of core/index-fetch.ts and
// core/download.ts. What the candidate holds is the only record of progress, so a restart may happen at any instant.
//
//   open candidate ─▶ index (beside the candidate, or fetched) ─▶ chunks held ─▶ chunks of the installed image
//   ─▶ chunks from the broadcast session, or pulled within the window ─▶ fsync
import { decodeChunk } from '../../proto/bundle.ts'
import { ChunkIndex, ChunkIndexError } from '../../proto/chunk-index.ts'
import { type ChunkData, encodeChunkRequest } from '../../proto/chunk-messages.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { artifactId } from '../../proto/ids.ts'
import type { Manifest } from '../../proto/manifest.ts'
import { encodeProgress } from '../../proto/messages.ts'
import type { SessionPiece } from '../../proto/session-messages.ts'
import { isOver, type Session } from '../core/broadcast.ts'
import { Download, type DownloadEffect } from '../core/download.ts'
import { type FetchSettings, type IndexEffect, IndexFetch } from '../core/index-fetch.ts'
import type { Job, Transfer } from '../core/memory.ts'
import type { UpdateInput } from '../core/words.ts'
import type { AgentPorts, Candidate, Installer, Timer } from '../ports.ts'
import { failureOf } from './failures.ts'
import { copyFromInstalled, findInCandidate, sha256 } from './held-chunks.ts'

export interface DownloadSettings extends FetchSettings {
  readonly downloadLimitMs: number
  /** What the buffers of an update may take together, bytes. */
  readonly memoryBudgetBytes: number
}

/** Where the payload goes, and what the device has of it already. */
export interface DownloadTarget {
  readonly open: () => Promise<Candidate>
  /** Images whose chunks may be copied. */
  readonly sources: readonly Installer[]
}

/** Shared by all downloads of one agent: request numbers grow by one a request, across downloads. */
export interface RequestNumbers {
  last: number
}

const progressEveryMs = 1000
const timeSavedEveryMs = 60 * 60 * 1000

export class DownloadRun {
  readonly #ports: Pick<AgentPorts, 'clock' | 'link' | 'log'>
  readonly #settings: DownloadSettings
  readonly #job: Job
  readonly #manifest: Manifest
  readonly #target: DownloadTarget
  readonly #numbers: RequestNumbers
  readonly #timePassed: (input: UpdateInput) => void
  readonly #timers = new Map<'tick' | 'hour', Timer>()
  #fetch: IndexFetch | Download | undefined
  #session: Session | undefined
  #index: ChunkIndex | undefined
  #candidate: Candidate | undefined
  /** Checks and writes go one after another; memory stays within the window. */
  #writing: Promise<void> = Promise.resolve()
  #settle: ((failure: Failure | undefined) => void) | undefined
  #connected: boolean
  #ended = false
  #lastProgressMs = Number.NEGATIVE_INFINITY
  /** Of the chunk index, when it had to be fetched. */
  #indexWireBytes = 0
  #transfer: Transfer = { heldBytes: 0, receivedBytes: 0, wireBytes: 0 }

  /** `timePassed` takes what has to be remembered of the time a long download took. */
  constructor(
    ports: Pick<AgentPorts, 'clock' | 'link' | 'log'>,
    settings: DownloadSettings,
    work: {
      readonly job: Job
      readonly manifest: Manifest
      readonly target: DownloadTarget
      readonly connected: boolean
    },
    numbers: RequestNumbers,
    timePassed: (input: UpdateInput) => void,
  ) {
    this.#ports = ports
    this.#settings = settings
    this.#job = work.job
    this.#manifest = work.manifest
    this.#target = work.target
    this.#connected = work.connected
    this.#numbers = numbers
    this.#timePassed = timePassed
  }

  /** Resolves with the outcome; with undefined when aborted. Throws what the target throws. */
  async run(signal: AbortSignal): Promise<UpdateInput | undefined> {
    const aborted = (): void => this.#settle?.(undefined)
    signal.addEventListener('abort', aborted)
    this.#saveTime()
    try {
      this.#candidate = await this.#target.open()
      const indexFailure = await this.#getIndex(this.#candidate, signal)
      if (indexFailure !== undefined) return { kind: 'failed', failure: indexFailure }
      if (signal.aborted || this.#index === undefined) return undefined
      const tooLarge = this.#memoryFailure(this.#index)
      if (tooLarge !== undefined) return { kind: 'failed', failure: tooLarge }
      const chunksFailure = await this.#getChunks(this.#candidate, this.#index, signal)
      if (chunksFailure !== undefined) return { kind: 'failed', failure: chunksFailure }
      if (signal.aborted) return undefined
      await this.#candidate.sync()
      return { kind: 'downloaded', transfer: this.#transfer }
    } finally {
      this.#ended = true
      signal.removeEventListener('abort', aborted)
      for (const timer of this.#timers.values()) timer.cancel()
      await this.#writing
      await this.#candidate?.close()
    }
  }

  /** The line is ready: hello and outbox are through. */
  connected(): void {
    this.#connected = true
    const now = this.#ports.clock.monotonicMs()
    if (this.#fetch !== undefined) this.#carryOut(this.#fetch.connected(now))
    this.#armTick()
  }

  /** What has become of the session of the job; undefined: there is none. May be told again and again. */
  follow(session: Session | undefined): void {
    if (session?.name === this.#session?.name && session?.phase === this.#session?.phase) return
    this.#session = session
    if (!(this.#fetch instanceof Download)) return
    const now = this.#ports.clock.monotonicMs()
    if (this.#isServed()) this.#fetch.listen(now)
    else this.#carryOut(this.#fetch.stopListening(now))
    this.#armTick()
  }

  /** A piece from the session of the job; the index is never among them. */
  broadcast(piece: SessionPiece): void {
    if (this.#ended || !(this.#fetch instanceof Download)) return
    this.#carryOut(this.#fetch.broadcast(piece, this.#ports.clock.monotonicMs()))
  }

  disconnected(): void {
    this.#connected = false
    this.#timers.get('tick')?.cancel()
    this.#fetch?.disconnected()
  }

  data(message: ChunkData): void {
    if (this.#ended || this.#fetch === undefined) return
    this.#carryOut(this.#fetch.data(message, this.#ports.clock.monotonicMs()))
  }

  #isServed(): boolean {
    return this.#session !== undefined && !isOver(this.#session)
  }

  /** Leaves #index behind, checked against the signed digest and written beside the candidate. */
  async #getIndex(candidate: Candidate, signal: AbortSignal): Promise<Failure | undefined> {
    const held = await candidate.readIndex()
    if (held !== undefined && this.#isSigned(held)) {
      this.#index = this.#parsed(held)
      return undefined
    }
    const fetch = new IndexFetch(this.#manifest.chunkIndexSize, this.#settings, this.#numbers.last)
    return this.#follow(fetch, signal)
  }

  async #getChunks(candidate: Candidate, index: ChunkIndex, signal: AbortSignal): Promise<Failure | undefined> {
    const download = new Download(index, this.#settings, this.#numbers.last)
    const held = new Uint8Array(index.count)
    const found = (chunk: number): void => {
      held[chunk] = 1
      download.alreadyHeld(chunk)
    }
    await findInCandidate(candidate, index, found, signal)
    const wanted = { index, found, isMissing: (chunk: number): boolean => held[chunk] === 0 }
    const roomBytes = this.#settings.memoryBudgetBytes - this.#neededBytes(index)
    for (const source of this.#target.sources) await copyFromInstalled(source, candidate, wanted, roomBytes, signal)
    if (signal.aborted) return undefined
    const { imageBytes, heldBytes } = download.counts
    const facts = { operation: this.#job.operation, session: this.#session?.name, imageBytes, heldBytes }
    this.#ports.log.info({ event: 'chunks-held', ...facts }, 'what is held is known, the rest is awaited')
    return this.#follow(download, signal)
  }

  /** Drives one fetch to its end. Resolves with its failure, or undefined when complete or aborted. */
  async #follow(fetch: IndexFetch | Download, signal: AbortSignal): Promise<Failure | undefined> {
    const settled = new Promise<Failure | undefined>(resolve => {
      this.#settle = resolve
    })
    if (signal.aborted) return undefined
    this.#fetch = fetch
    const now = this.#ports.clock.monotonicMs()
    if (fetch instanceof Download && this.#isServed()) fetch.listen(now)
    this.#carryOut(fetch.tick(now))
    if (this.#connected) {
      this.#carryOut(fetch.connected(now))
      this.#armTick()
    }
    const failure = await settled
    this.#fetch = undefined
    await this.#writing
    return failure
  }

  #carryOut(effects: readonly (IndexEffect | DownloadEffect)[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'request-index':
          this.#request(effect.requestNumber, effect.windowBytes, { kind: 'index', offset: effect.offset })
          break
        case 'request-chunks':
          this.#request(effect.requestNumber, effect.windowBytes, { kind: 'chunks', ranges: effect.ranges })
          break
        case 'check-index':
          this.#then(() => this.#checkIndex(effect.bytes))
          break
        case 'check-chunk':
          this.#then(() => this.#checkChunk(effect))
          break
        case 'complete':
          this.#progress(true)
          this.#logCompleted()
          this.#settle?.(undefined)
          break
        case 'give-up':
          this.#settle?.(effect.failure)
          break
        default:
          effect satisfies never
      }
    }
  }

  #then(work: () => Promise<void>): void {
    this.#writing = this.#writing.then(async () => {
      if (this.#ended || this.#fetch === undefined) return
      try {
        await work()
      } catch (error) {
        this.#settle?.(failureOf(error))
      }
    })
  }

  async #checkIndex(bytes: Uint8Array): Promise<void> {
    const fetch = this.#fetch
    if (!(fetch instanceof IndexFetch)) return
    if (!this.#isSigned(bytes)) {
      const what = { expected: this.#manifest.chunkIndexSha256, actual: sha256(bytes).toString('hex') }
      this.#carryOut(fetch.bad(this.#ports.clock.monotonicMs(), what))
      return
    }
    this.#index = this.#parsed(bytes)
    this.#indexWireBytes = bytes.length
    await this.#candidate?.writeIndex(bytes)
    this.#settle?.(undefined)
  }

  async #checkChunk({ chunk, encoding, bytes }: Extract<DownloadEffect, { kind: 'check-chunk' }>): Promise<void> {
    const [fetch, index] = [this.#fetch, this.#index]
    if (!(fetch instanceof Download) || index === undefined) return
    const plain = decodedOrNothing({ encoding, bytes }, index.lengthOf(chunk))
    if (plain === undefined || !index.digestOf(chunk).equals(sha256(plain))) {
      this.#ports.log.warn(
        { event: 'chunk-bad', operation: this.#job.operation, chunk },
        'chunk is not what was signed',
      )
      this.#carryOut(fetch.bad(chunk, this.#ports.clock.monotonicMs()))
      return
    }
    await this.#candidate?.write(index.offsetOf(chunk), plain)
    this.#carryOut(fetch.held(chunk, this.#ports.clock.monotonicMs()))
    this.#progress(false)
  }

  /**
   * Only the index tells how long a chunk may be: one at least is held as it arrives, once more as it is checked, and a
   * session may bring another.
   */
  #neededBytes({ settings: { maximumBytes } }: ChunkIndex): number {
    return this.#manifest.chunkIndexSize + Math.max(this.#settings.windowBytes, maximumBytes) + 2 * maximumBytes
  }

  #memoryFailure(index: ChunkIndex): Failure | undefined {
    const { memoryBudgetBytes } = this.#settings
    const neededBytes = this.#neededBytes(index)
    if (neededBytes <= memoryBudgetBytes) return undefined
    const data = { field: 'maximumBytes', expected: `${neededBytes} bytes`, actual: `${memoryBudgetBytes} bytes` }
    return { code: 'UPD4_FAIL_34', data }
  }

  #isSigned(indexBytes: Uint8Array): boolean {
    return sha256(indexBytes).toString('hex') === this.#manifest.chunkIndexSha256
  }

  /** Throws ChunkIndexError (UPD4_FAIL_22), also when the index speaks of another size than the manifest. */
  #parsed(bytes: Uint8Array): ChunkIndex {
    const index = ChunkIndex.parse(bytes)
    if (index.imageSize === this.#manifest.payloadSize) return index
    throw new ChunkIndexError(`imageSize ${index.imageSize}, the manifest says ${this.#manifest.payloadSize}`)
  }

  #request(
    requestNumber: number,
    windowBytes: number,
    wanted: Parameters<typeof encodeChunkRequest>[0]['wanted'],
  ): void {
    this.#numbers.last = requestNumber
    const artifact = artifactId(this.#manifest.payloadSha256)
    const { operation } = this.#job
    this.#ports.link.send(
      'chunks/request',
      encodeChunkRequest({ requestNumber, operation, artifact, windowBytes, wanted }),
    )
  }

  #armTick(): void {
    this.#timers.get('tick')?.cancel()
    const fetch = this.#fetch
    if (this.#ended || !this.#connected || fetch === undefined) return
    const { clock } = this.#ports
    const now = clock.monotonicMs()
    const timer = clock.after(Math.max(1, fetch.nextTickMs(now) - now), () => {
      if (this.#ended || this.#fetch === undefined) return
      this.#carryOut(this.#fetch.tick(clock.monotonicMs()))
      this.#progress(false)
      this.#armTick()
    })
    this.#timers.set('tick', timer)
  }

  #saveTime(): void {
    const { clock } = this.#ports
    const everyMs = Math.min(timeSavedEveryMs, this.#settings.downloadLimitMs)
    const since = clock.monotonicMs()
    const timer = clock.after(everyMs, () => {
      if (this.#ended) return
      const elapsedMs = clock.monotonicMs() - since
      this.#timePassed({ kind: 'time-passed', elapsedMs, limitMs: this.#settings.downloadLimitMs })
      this.#saveTime()
    })
    this.#timers.set('hour', timer)
  }

  /** What this run of the download cost; one that was cut off before is not in it. */
  #logCompleted(): void {
    if (!(this.#fetch instanceof Download)) return
    const { heldBytes, receivedBytes, wireBytes } = this.#fetch.counts
    this.#transfer = { heldBytes, receivedBytes, wireBytes: wireBytes + this.#indexWireBytes }
    const facts = { operation: this.#job.operation, ...this.#fetch.counts, indexWireBytes: this.#indexWireBytes }
    this.#ports.log.info({ event: 'download-completed', ...facts }, 'every chunk of the image is held')
  }

  #progress(atOnce: boolean): void {
    const now = this.#ports.clock.monotonicMs()
    if (!(this.#fetch instanceof Download) || (!atOnce && now - this.#lastProgressMs < progressEveryMs)) return
    this.#lastProgressMs = now
    const { operation, attempt } = this.#job
    this.#ports.link.send(
      'progress',
      encodeProgress({ operation, attempt, step: 'downloading', ...this.#fetch.counts }),
    )
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
