// Fetches a patch that the broker offers as a way to the image: a run of bytes as the chunk index is, asked for in windows
// from where it breaks off, but never held as a whole. Frames go out one by one as they become whole. Pure as download.ts.
//
// Nobody has signed it, and everything can be had without it: whatever is wrong ends the patch with a word for the log,
// never the update. Memory: the window, and one frame.
//
//   ask ──pieces in order──▶ head ──needed?──▶ frame ──apply-frame──▶ applied()
//    ▲                         └── all its chunks are held: passed over, fetched only where asking costs more ──┐
//    └──────────────── the window is through, and half of what came is applied ◀──────────────────────────────┘
import type { ChunkData } from '../../proto/chunk-messages.ts'
import { PatchError, type PatchFrame, PatchReader } from '../../proto/patch.ts'
import type { PatchTransport } from '../../proto/patch-transport.ts'
import { growingDelayMs } from './backoff.ts'
import type { Holdings } from './holdings.ts'
import { type FetchSettings, nextTickMs, pauseMs, retryCapMs } from './index-fetch.ts'
import { Pace } from './pace.ts'

export type PatchEffect =
  | {
      readonly kind: 'request-patch'
      readonly requestNumber: number
      readonly base: string
      readonly offset: number
      readonly windowBytes: number
    }
  /** Decode it, lay it over the chunks; then `applied`. */
  | { readonly kind: 'apply-frame'; readonly frame: PatchFrame }
  /** Nothing more is to be had of it, for one fixed word: what is missing is asked for chunk by chunk. */
  | { readonly kind: 'end-patch'; readonly reason: string }
  /** Every frame that was needed has been applied. */
  | { readonly kind: 'complete' }

/** No request is answered with more, whatever it asks for; bytes. */
const answerBytesMax = 1024 * 1024

export class PatchFetch {
  readonly #patch: PatchTransport
  readonly #settings: FetchSettings
  readonly #holdings: Holdings
  readonly #reader: PatchReader
  readonly #pace: Pace
  /** What the reader wants, coming together. */
  #part: { readonly bytes: Buffer; filledBytes: number } | undefined
  /** All bytes below it came, or are not needed. */
  #have = 0
  /** 0: nothing is on the way. */
  #askedTo = 0
  #applyingBytes = 0
  #requestNumber: number
  #lastHeardMs = 0
  #silences = 0
  #noRights = 0
  #pausedUntilMs = 0
  #connected = false
  #ended = false
  #wireBytes = 0

  /** `requestNumber`: the last one used before. Throws PatchError for a patch shorter than its magic. */
  constructor(patch: PatchTransport, holdings: Holdings, settings: FetchSettings, requestNumber: number) {
    this.#patch = patch
    this.#settings = settings
    this.#holdings = holdings
    this.#reader = new PatchReader(patch.metadata, patch.patchBytes, holdings.index.imageSize)
    this.#requestNumber = requestNumber
    const { minimumBytesPerSecond = 0, slowLimitMs = 0 } = settings
    this.#pace = new Pace({ minimumBytesPerSecond, slowLimitMs })
  }

  get requestNumber(): number {
    return this.#requestNumber
  }

  /** Of the patch, as it travelled. */
  get wireBytes(): number {
    return this.#wireBytes
  }

  /** When the next `tick` is worth while at the latest, on the same clock as all times here. */
  nextTickMs(nowMs: number): number {
    return nextTickMs(nowMs, this.#pausedUntilMs, this.#settings)
  }

  connected(nowMs: number): readonly PatchEffect[] {
    this.#connected = true
    this.#pausedUntilMs = 0
    return this.#goOn(nowMs)
  }

  /** What was on the way is lost; that is no failure. */
  disconnected(): void {
    this.#connected = false
    this.#askedTo = 0
    this.#pace.rest()
  }

  data(message: ChunkData, nowMs: number): readonly PatchEffect[] {
    if (this.#ended || this.#askedTo === 0 || message.requestNumber !== this.#requestNumber) return []
    if (message.kind === 'refusal') return this.#refused(message, nowMs)
    if (message.chunk !== undefined) return []
    if (message.encoding !== 'plain' || message.encodedSize !== this.#patch.patchBytes) return this.#end('contradicts')
    this.#wireBytes += message.data.length
    const end = Math.min(message.offset + message.data.length, this.#askedTo)
    // Later than what is missing: something was lost between; it is asked for again when it stays silent.
    if (message.offset > this.#have || end <= this.#have) return []
    const fresh = message.data.subarray(this.#have - message.offset, end - message.offset)
    this.#pace.came(message.data.length)
    this.#lastHeardMs = nowMs
    this.#silences = 0
    this.#noRights = 0
    try {
      const frames = this.#take(fresh)
      return [...frames.map(frame => ({ kind: 'apply-frame' as const, frame })), ...this.#goOn(nowMs)]
    } catch (error) {
      if (error instanceof PatchError) return this.#end(error.reason)
      throw error
    }
  }

  /** What came of the frame, right or wrong, is written. */
  applied(frame: PatchFrame, nowMs: number): readonly PatchEffect[] {
    this.#applyingBytes -= frame.encoded.length
    return this.#goOn(nowMs)
  }

  tick(nowMs: number): readonly PatchEffect[] {
    if (this.#ended) return []
    const isAwaiting = this.#connected && nowMs >= this.#pausedUntilMs && this.#isOnTheWay
    if (this.#pace.look(nowMs, isAwaiting) !== undefined) return this.#end('slow')
    if (!isAwaiting) return this.#goOn(nowMs)
    if (nowMs - this.#lastHeardMs < growingDelayMs(this.#silences, this.#settings.chunkTimeoutMs, retryCapMs)) return []
    this.#silences += 1
    if (this.#silences > this.#settings.chunkRetriesMax) return this.#end('no-answer')
    this.#askedTo = 0
    return this.#goOn(nowMs)
  }

  /** The frames that are whole now. Throws PatchError. */
  #take(fresh: Uint8Array): PatchFrame[] {
    const frames: PatchFrame[] = []
    let used = 0
    while (used < fresh.length) {
      const wanted = this.#reader.wants
      // Behind the last frame, or in one that is passed over.
      const idleBytes = Math.min(fresh.length - used, (wanted?.offset ?? Number.POSITIVE_INFINITY) - this.#have)
      if (wanted === undefined || (this.#part === undefined && idleBytes > 0)) {
        used += idleBytes
        this.#have += idleBytes
        continue
      }
      this.#part ??= { bytes: Buffer.alloc(wanted.length), filledBytes: 0 }
      const { bytes, filledBytes } = this.#part
      const more = fresh.subarray(used, used + bytes.length - filledBytes)
      bytes.set(more, filledBytes)
      this.#part.filledBytes += more.length
      used += more.length
      this.#have += more.length
      if (this.#part.filledBytes < bytes.length) continue
      this.#part = undefined
      const frame = this.#reader.take(bytes)
      if (frame !== undefined) {
        this.#applyingBytes += frame.encoded.length
        frames.push(frame)
      }
      const { ahead } = this.#reader
      if (ahead !== undefined && !this.#isNeeded(ahead.outputOffset, ahead.outputBytes)) this.#reader.skip()
    }
    return frames
  }

  #refused({ reason, retryAfterMs }: Extract<ChunkData, { kind: 'refusal' }>, nowMs: number): readonly PatchEffect[] {
    if (reason === 'no-such-chunk') return this.#end(reason)
    if (reason === 'no-right') this.#noRights += 1
    if (this.#noRights > this.#settings.chunkRetriesMax) return this.#end(reason)
    this.#askedTo = 0
    this.#pausedUntilMs = nowMs + pauseMs(retryAfterMs, this.#noRights)
    return []
  }

  #goOn(nowMs: number): readonly PatchEffect[] {
    if (this.#ended) return []
    const { outputBytes, wants } = this.#reader
    if (wants === undefined || !this.#isNeeded(outputBytes, this.#holdings.index.imageSize - outputBytes)) {
      if (this.#applyingBytes > 0) return []
      this.#ended = true
      return [{ kind: 'complete' }]
    }
    if (this.#isOnTheWay || !this.#connected || nowMs < this.#pausedUntilMs) return []
    const windowBytes = Math.min(this.#settings.windowBytes, answerBytesMax)
    if (this.#applyingBytes > windowBytes / 2) return []
    this.#requestNumber += 1
    this.#lastHeardMs = nowMs
    // Of what is passed over nothing is asked for.
    if (this.#part === undefined) this.#have = wants.offset
    const offset = this.#have
    const askedBytes = Math.min(
      this.#isLikelyNeeded() ? windowBytes - this.#applyingBytes : wants.offset + wants.length - offset,
      this.#patch.patchBytes - offset,
    )
    this.#askedTo = offset + askedBytes
    const { requestNumber } = this
    return [{ kind: 'request-patch', requestNumber, base: this.#patch.base, offset, windowBytes: askedBytes }]
  }

  get #isOnTheWay(): boolean {
    return this.#askedTo > this.#have
  }

  /** Only the head of a frame tells how far it reaches; before, it is taken for as long as any. */
  #isLikelyNeeded(): boolean {
    const { ahead, outputBytes } = this.#reader
    return ahead !== undefined || this.#isNeeded(outputBytes, this.#patch.metadata.frameBytesMax)
  }

  #isNeeded(outputOffset: number, outputBytes: number): boolean {
    return this.#holdings.isMissingWithin(outputOffset, outputOffset + outputBytes)
  }

  #end(reason: string): readonly PatchEffect[] {
    this.#ended = true
    return [{ kind: 'end-patch', reason }]
  }
}
