// One download from the opened candidate to the last byte on disk, by every way there is: what is here already, a patch,
// a broadcast session, and chunk by chunk what is missing then. What the candidate holds is the only record of progress,
// so a restart may happen at any instant.
//
//   open candidate ─▶ index (beside the candidate, or fetched) ─▶ chunks held ─▶ chunks of the installed image
//   ─▶ chunks made by a patch ─▶ chunks from the broadcast session, or pulled within the window ─▶ fsync
import type { ChunkIndex } from '../../proto/chunk-index.ts'
import type { ChunkData } from '../../proto/chunk-messages.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { artifactId } from '../../proto/ids.ts'
import type { Manifest } from '../../proto/manifest.ts'
import { encodeProgress } from '../../proto/messages.ts'
import type { SessionPiece } from '../../proto/session-messages.ts'
import { isOver, type Session } from '../core/broadcast.ts'
import { Holdings } from '../core/holdings.ts'
import type { FetchSettings } from '../core/index-fetch.ts'
import type { Job, Transfer } from '../core/memory.ts'
import { downloadBytes } from '../core/memory-budget.ts'
import type { UpdateInput } from '../core/words.ts'
import type { AgentPorts, Candidate, Installer, Timer } from '../ports.ts'
import { ChunkSource } from './chunk-source.ts'
import { FetchLine, type RequestNumbers, type Stage } from './fetch-line.ts'
import { copyFromInstalled, findInCandidate } from './held-chunks.ts'
import { heldIndex, IndexSource } from './index-source.ts'
import { PatchSource } from './patch-source.ts'

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
  /** Whose active image a patch may start from; absent: there is no use for a patch. */
  readonly patchBase?: Installer
}

export interface DownloadWork {
  readonly job: Job
  readonly manifest: Manifest
  readonly target: DownloadTarget
  readonly connected: boolean
}

const progressEveryMs = 1000
const timeSavedEveryMs = 10 * 60 * 1000

type Ports = Pick<AgentPorts, 'clock' | 'link' | 'log' | 'patches'>

export class DownloadRun {
  readonly #ports: Ports
  readonly #settings: DownloadSettings
  readonly #job: Job
  readonly #manifest: Manifest
  readonly #target: DownloadTarget
  readonly #numbers: RequestNumbers
  readonly #timePassed: (input: UpdateInput) => void
  readonly #line: FetchLine
  #timer: Timer | undefined
  /** Up to then the time is remembered. */
  #savedMs: number
  #session: Session | undefined
  #holdings: Holdings | undefined
  #patch: PatchSource | undefined
  #chunks: ChunkSource | undefined
  #lastProgressMs = Number.NEGATIVE_INFINITY
  /** Of the chunk index, when it had to be fetched. */
  #indexWireBytes = 0

  /** `timePassed` takes what has to be remembered of the time a long download took. */
  constructor(
    ports: Ports,
    settings: DownloadSettings,
    { job, manifest, target, connected }: DownloadWork,
    numbers: RequestNumbers,
    timePassed: (input: UpdateInput) => void,
  ) {
    this.#ports = ports
    this.#settings = settings
    this.#job = job
    this.#manifest = manifest
    this.#target = target
    this.#numbers = numbers
    this.#timePassed = timePassed
    this.#savedMs = ports.clock.monotonicMs()
    const about = { operation: job.operation, artifact: artifactId(manifest.payloadSha256) }
    this.#line = new FetchLine(ports, about, numbers, connected)
  }

  /** Resolves with the outcome; with undefined when aborted. Throws what the target throws. */
  async run(signal: AbortSignal): Promise<UpdateInput | undefined> {
    const aborted = (): void => this.#line.endStage()
    signal.addEventListener('abort', aborted)
    // What is remembered may be too much already: whoever stops often must not begin for ever.
    this.#tellTime()
    let candidate: Candidate | undefined
    try {
      candidate = await this.#target.open()
      const failure = await this.#fetchAll(candidate, signal)
      if (failure !== undefined) return { kind: 'failed', failure }
      if (signal.aborted) return undefined
      await candidate.sync()
      return { kind: 'downloaded', transfer: this.#transfer() }
    } finally {
      signal.removeEventListener('abort', aborted)
      this.#timer?.cancel()
      await this.#line.end()
      await candidate?.close()
    }
  }

  /** Time under way that nobody has been told of yet, milliseconds. */
  get untoldMs(): number {
    return this.#ports.clock.monotonicMs() - this.#savedMs
  }

  /** The line is ready: hello and outbox are through. */
  connected(): void {
    this.#line.connected()
  }

  disconnected(): void {
    this.#line.disconnected()
  }

  data(message: ChunkData): void {
    this.#line.data(message)
  }

  /** What has become of the session of the job; undefined: there is none. May be told again and again. */
  follow(session: Session | undefined): void {
    if (session?.name === this.#session?.name && session?.phase === this.#session?.phase) return
    this.#session = session
    // Everything comes by itself now.
    if (this.#patch !== undefined && this.#line.isAt(this.#patch) && this.#isServed)
      this.#line.carryOut(this.#patch.giveUp('session'))
    const download = this.#chunks?.fetch
    if (download === undefined) return
    const now = this.#ports.clock.monotonicMs()
    if (this.#isServed) download.listen(now)
    else this.#line.carryOut(download.stopListening(now))
    this.#line.armTick()
  }

  /** A piece from the session of the job; the index is never among them. */
  broadcast(piece: SessionPiece): void {
    if (this.#chunks === undefined || !this.#line.isAt(this.#chunks)) return
    this.#line.carryOut(this.#chunks.fetch.broadcast(piece, this.#ports.clock.monotonicMs()))
  }

  get #isServed(): boolean {
    return this.#session !== undefined && !isOver(this.#session)
  }

  /** Undefined when every chunk is here, and when aborted. */
  async #fetchAll(candidate: Candidate, signal: AbortSignal): Promise<Failure | undefined> {
    const index = await this.#getIndex(candidate, signal)
    if (index === undefined || 'code' in index) return index
    const neededBytes = downloadBytes(this.#manifest.chunkIndexSize, index.settings, this.#settings.windowBytes)
    const roomBytes = this.#settings.memoryBudgetBytes - neededBytes
    if (roomBytes < 0) return this.#tooLarge(neededBytes)
    const holdings = new Holdings(index)
    this.#holdings = holdings
    await this.#takeHeld(candidate, holdings, roomBytes, signal)
    if (signal.aborted) return undefined
    const moved = (): void => this.#progress(false)
    const { operation } = this.#job
    const parts = { ports: this.#ports, operation, settings: this.#settings, candidate, holdings, moved }
    const [{ patch }, { patchBase: installer }] = [this.#job, this.#target]
    if (patch !== undefined && installer !== undefined && !this.#isServed) {
      this.#patch = await PatchSource.begin(patch, { ...parts, installer }, roomBytes, this.#numbers.last)
      const failure = this.#patch === undefined ? undefined : await this.#follow(this.#patch, signal)
      if (failure !== undefined || signal.aborted) return failure
    }
    this.#chunks = new ChunkSource(parts, this.#numbers.last)
    if (this.#isServed) this.#chunks.fetch.listen(this.#ports.clock.monotonicMs())
    const failure = await this.#follow(this.#chunks, signal)
    if (failure === undefined && !signal.aborted) this.#completed()
    return failure
  }

  /** Undefined when aborted. */
  async #getIndex(candidate: Candidate, signal: AbortSignal): Promise<ChunkIndex | Failure | undefined> {
    const held = await heldIndex(candidate, this.#manifest)
    if (held !== undefined || signal.aborted) return held
    const { clock } = this.#ports
    const source = new IndexSource(clock, candidate, this.#manifest, this.#settings, this.#numbers.last)
    const failure = await this.#follow(source, signal)
    this.#indexWireBytes = source.wireBytes
    return signal.aborted ? undefined : (failure ?? source.index)
  }

  async #takeHeld(candidate: Candidate, holdings: Holdings, roomBytes: number, signal: AbortSignal): Promise<void> {
    const { index } = holdings
    const found = (chunk: number): void => holdings.found(chunk)
    await findInCandidate(candidate, index, found, signal)
    const wanted = { index, found, isMissing: (chunk: number): boolean => holdings.isMissing(chunk) }
    for (const source of this.#target.sources) await copyFromInstalled(source, candidate, wanted, roomBytes, signal)
    if (signal.aborted) return
    const facts = { operation: this.#job.operation, session: this.#session?.name }
    const bytes = { imageBytes: index.imageSize, heldBytes: holdings.heldBytes }
    this.#ports.log.info({ event: 'chunks-held', ...facts, ...bytes }, 'what is held is known, the rest is awaited')
  }

  async #follow(stage: Stage, signal: AbortSignal): Promise<Failure | undefined> {
    return signal.aborted ? undefined : this.#line.follow(stage)
  }

  #tooLarge(neededBytes: number): Failure {
    const actual = `${this.#settings.memoryBudgetBytes} bytes`
    return { code: 'UPD4_FAIL_34', data: { field: 'maximumBytes', expected: `${neededBytes} bytes`, actual } }
  }

  #tellTime(): void {
    const { clock } = this.#ports
    const { downloadLimitMs: limitMs } = this.#settings
    const elapsedMs = this.untoldMs
    this.#savedMs = clock.monotonicMs()
    this.#timePassed({ kind: 'time-passed', elapsedMs, limitMs })
    this.#timer = clock.after(Math.min(timeSavedEveryMs, limitMs), () => this.#tellTime())
  }

  /** What this run of the download cost; one that was cut off before is not in it. */
  #completed(): void {
    this.#progress(true)
    const facts = { operation: this.#job.operation, ...this.#counts(), indexWireBytes: this.#indexWireBytes }
    this.#ports.log.info({ event: 'download-completed', ...facts }, 'every chunk of the image is held')
  }

  #transfer(): Transfer {
    const { imageBytes: _, ...counts } = this.#counts()
    return { ...counts, wireBytes: counts.wireBytes + this.#indexWireBytes }
  }

  #counts(): Transfer & { readonly imageBytes: number } {
    const { receivedBytes = 0, wireBytes = 0, broadcastBytes = 0 } = this.#chunks?.fetch.counts ?? {}
    const { heldBytes = 0, madeBytes: patchBytes = 0 } = this.#holdings ?? {}
    const patchWireBytes = this.#patch?.fetch.wireBytes ?? 0
    return {
      imageBytes: this.#manifest.payloadSize,
      heldBytes,
      receivedBytes,
      wireBytes: wireBytes + patchWireBytes,
      ...(patchBytes === 0 ? {} : { patchBytes }),
      ...(patchWireBytes === 0 ? {} : { patchWireBytes }),
      ...(broadcastBytes === 0 ? {} : { broadcastBytes }),
    }
  }

  #progress(atOnce: boolean): void {
    const now = this.#ports.clock.monotonicMs()
    if (!atOnce && now - this.#lastProgressMs < progressEveryMs) return
    this.#lastProgressMs = now
    const { operation, attempt } = this.#job
    this.#ports.link.send('progress', encodeProgress({ operation, attempt, step: 'downloading', ...this.#counts() }))
  }
}
