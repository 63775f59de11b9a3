// Which chunks are missing, which are on the way, which have to be asked for again. Facts go in with the time they
// happened, wishes come out; nothing here waits, decodes or writes. Memory: a byte a chunk, and what is on the way.
//
//   missing ──request──▶ on the way ──all pieces──▶ checking ──held()──▶ held
//      ▲──── silence, refusal, disconnect ───┘           └──── bad() ──▶ missing
//
// Window: never more plain bytes on the way or waiting for the disk than `windowBytes` (one chunk at least), topped up when
// half of them are through.
//
// While a broadcast session speaks, chunks come without being asked for and nothing is asked for; both kinds of pieces go
// through the same check. Of a session no more is kept than the window has room for, one chunk in any case.
import type { ChunkIndex } from '../../proto/chunk-index.ts'
import type { ChunkData, ChunkRange } from '../../proto/chunk-messages.ts'
import type { ChunkEncoding } from '../../proto/chunk-piece.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { chunkRangesMax } from '../../proto/limits.ts'
import type { SessionPiece } from '../../proto/session-messages.ts'
import { Assembly } from './assembly.ts'
import { growingDelayMs } from './backoff.ts'
import { type FetchSettings, nextTickMs, pauseMs, retryCapMs } from './index-fetch.ts'
import { Pace } from './pace.ts'
import { SessionPieces } from './session-pieces.ts'

export type DownloadEffect =
  | {
      readonly kind: 'request-chunks'
      readonly requestNumber: number
      readonly ranges: readonly ChunkRange[]
      readonly windowBytes: number
    }
  /** The chunk is complete as it travelled: decode, check and write it; then `held` or `bad`. */
  | {
      readonly kind: 'check-chunk'
      readonly chunk: number
      readonly encoding: ChunkEncoding
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'complete' }
  | { readonly kind: 'give-up'; readonly failure: Failure }

/** Bytes, for Progress. */
export interface DownloadCounts {
  readonly imageBytes: number
  readonly heldBytes: number
  readonly receivedBytes: number
  readonly wireBytes: number
  /** Of the received bytes: heard in a session. */
  readonly broadcastBytes: number
}

const missing = 0
const onTheWay = 1
const checking = 2
const held = 3

interface Arriving {
  readonly requestNumber: number
  readonly askedMs: number
  assembly: Assembly | undefined
}

export class Download {
  readonly #index: ChunkIndex
  readonly #settings: FetchSettings
  readonly #states: Uint8Array
  readonly #arriving = new Map<number, Arriving>()
  readonly #retries = new Map<number, number>()
  readonly #bad = new Map<number, number>()
  readonly #session = new SessionPieces()
  readonly #pace: Pace
  /** Encoded bytes of the chunks that are being checked and written. */
  readonly #checking = new Map<number, { readonly bytes: number; readonly fromSession: boolean }>()
  #checkingBytes = 0
  /** A session is to be listened to; it last gave a sign of life then. */
  #listening = false
  #sessionHeardMs = 0
  /** Bad chunks of the session since its last good one. */
  #sessionBad = 0
  /** No chunk below it is missing. */
  #next = 0
  #heldCount = 0
  #onTheWayBytes = 0
  readonly #before: number
  #requestNumber: number
  #newestAnswered = 0
  #lastHeardMs = 0
  #noRights = 0
  #pausedUntilMs = 0
  #connected = false
  #ended = false
  #heldBytes = 0
  #receivedBytes = 0
  #wireBytes = 0
  #broadcastBytes = 0

  /** `requestNumber`: the last one used before; numbers grow by one a request. */
  constructor(index: ChunkIndex, settings: FetchSettings, requestNumber: number) {
    this.#index = index
    this.#settings = settings
    this.#states = new Uint8Array(index.count)
    this.#before = requestNumber
    this.#requestNumber = requestNumber
    const { minimumBytesPerSecond = 0, slowLimitMs = 0 } = settings
    this.#pace = new Pace({ minimumBytesPerSecond, slowLimitMs })
  }

  /** The last one used. */
  get requestNumber(): number {
    return this.#requestNumber
  }

  /** When the next `tick` is worth while at the latest, on the same clock as all times here. */
  nextTickMs(nowMs: number): number {
    return nextTickMs(nowMs, this.#pausedUntilMs, this.#settings)
  }

  get counts(): DownloadCounts {
    return {
      imageBytes: this.#index.imageSize,
      heldBytes: this.#heldBytes,
      receivedBytes: this.#receivedBytes,
      wireBytes: this.#wireBytes,
      broadcastBytes: this.#broadcastBytes,
    }
  }

  /** The device has this chunk without a transfer. Only before the first `connected`. */
  alreadyHeld(chunk: number): void {
    if (this.#states[chunk] === held) return
    this.#states[chunk] = held
    this.#heldCount += 1
    this.#heldBytes += this.#index.lengthOf(chunk)
  }

  connected(nowMs: number): readonly DownloadEffect[] {
    this.#connected = true
    this.#pausedUntilMs = 0
    this.#sessionHeardMs = nowMs
    return this.#topUp(nowMs)
  }

  /** What was on the way is lost; that is no failure and is not counted. */
  disconnected(): void {
    this.#connected = false
    this.#pace.rest()
    for (const chunk of [...this.#arriving.keys()]) this.#drop(chunk)
    this.#session.clear()
  }

  /** A session has been joined, or has given a sign of life. May be said before the line is there. */
  listen(nowMs: number): void {
    this.#listening = true
    this.#sessionHeardMs = nowMs
  }

  /** The session has ended or was left: what is missing is asked for. Late pieces are still taken. */
  stopListening(nowMs: number): readonly DownloadEffect[] {
    this.#listening = false
    return this.#topUp(nowMs)
  }

  /** A piece of the session. What is wrong with it is no failure: the chunk stays missing and is pulled. */
  broadcast(piece: SessionPiece, nowMs: number): readonly DownloadEffect[] {
    const { chunk, encoding } = piece
    if (this.#ended || chunk >= this.#index.count) return []
    this.#sessionHeardMs = nowMs
    const wanted = this.#states[chunk] === missing || this.#states[chunk] === onTheWay
    const roomBytes = this.#settings.windowBytes - this.#onTheWayBytes - this.#checkingBytes
    // The disk does not keep pace, and nobody can be asked to wait.
    if (!wanted || (roomBytes < 0 && this.#checkingBytes > 0)) return []
    const whole = this.#session.take(piece, this.#index.lengthOf(chunk), roomBytes)
    return whole === undefined ? [] : [this.#check(chunk, encoding, whole.bytes, true), ...this.#topUp(nowMs)]
  }

  data(message: ChunkData, nowMs: number): readonly DownloadEffect[] {
    // An answer to somebody before us: the same chunk numbers, another image.
    if (this.#ended || message.requestNumber <= this.#before) return []
    if (message.kind === 'refusal') return this.#refused(message, nowMs)
    const { chunk, encoding } = message
    const arriving = chunk === undefined ? undefined : this.#arriving.get(chunk)
    if (chunk === undefined || arriving === undefined) return []
    const assembly = arriving.assembly ?? Assembly.begin(message, this.#index.lengthOf(chunk))
    const outcome = assembly?.take(message) ?? 'contradicts'
    if (assembly === undefined || outcome === 'contradicts') {
      this.#drop(chunk)
      return this.#countBad(chunk, nowMs)
    }
    arriving.assembly = assembly
    // The same bytes for ever are no progress, and keep nobody waiting.
    if (outcome === 'known') return []
    this.#lastHeardMs = nowMs
    this.#pace.came(message.data.length)
    this.#noRights = 0
    if (outcome !== 'whole') return []
    this.#newestAnswered = Math.max(this.#newestAnswered, arriving.requestNumber)
    return [this.#check(chunk, encoding, assembly.bytes, false), ...this.#topUp(nowMs)]
  }

  /** The chunk was right and is written. */
  held(chunk: number, nowMs: number): readonly DownloadEffect[] {
    const checked = this.#checked(chunk)
    if (checked === undefined) return []
    if (checked.fromSession) this.#sessionBad = 0
    this.#states[chunk] = held
    this.#heldCount += 1
    this.#receivedBytes += this.#index.lengthOf(chunk)
    if (checked.fromSession) this.#broadcastBytes += this.#index.lengthOf(chunk)
    this.#retries.delete(chunk)
    return this.#topUp(nowMs)
  }

  /** The chunk was not what the index says. */
  bad(chunk: number, nowMs: number): readonly DownloadEffect[] {
    const checked = this.#checked(chunk)
    if (checked === undefined) return []
    this.#miss(chunk)
    if (!checked.fromSession) return this.#countBad(chunk, nowMs)
    this.#sessionBad += 1
    return this.#topUp(nowMs)
  }

  /** To be called now and then; often enough for the time-outs of the settings. */
  tick(nowMs: number): readonly DownloadEffect[] {
    if (this.#ended) return []
    const isAwaiting = this.#connected && nowMs >= this.#pausedUntilMs && this.#arriving.size > 0
    const bytesPerSecond = this.#pace.look(nowMs, isAwaiting)
    if (bytesPerSecond !== undefined) return this.#tooSlow(bytesPerSecond)
    for (const [chunk, { askedMs, requestNumber }] of [...this.#arriving]) {
      const retries = this.#retries.get(chunk) ?? 0
      const patienceMs = growingDelayMs(retries, this.#settings.chunkTimeoutMs, retryCapMs)
      // A slow line is no silence: as long as something comes, only what was overtaken by a later request is lost.
      const overtaken = requestNumber < this.#newestAnswered
      if (nowMs - (overtaken ? askedMs : Math.max(askedMs, this.#lastHeardMs)) < patienceMs) continue
      if (retries >= this.#settings.chunkRetriesMax) return this.#giveUp('UPD4_FAIL_24', 'no-answer', chunk)
      this.#retries.set(chunk, retries + 1)
      this.#drop(chunk)
    }
    return this.#topUp(nowMs)
  }

  /** The chunk is whole as it travelled. */
  #check(chunk: number, encoding: ChunkEncoding, bytes: Uint8Array, fromSession: boolean): DownloadEffect {
    this.#drop(chunk)
    this.#session.drop(chunk)
    this.#states[chunk] = checking
    this.#checking.set(chunk, { bytes: bytes.length, fromSession })
    this.#checkingBytes += bytes.length
    this.#wireBytes += bytes.length
    return { kind: 'check-chunk', chunk, encoding, bytes }
  }

  #checked(chunk: number): { readonly fromSession: boolean } | undefined {
    const checked = this.#checking.get(chunk)
    if (checked === undefined) return undefined
    this.#checking.delete(chunk)
    this.#checkingBytes -= checked.bytes
    return checked
  }

  #refused(refusal: Extract<ChunkData, { kind: 'refusal' }>, nowMs: number): readonly DownloadEffect[] {
    const { reason, requestNumber, retryAfterMs } = refusal
    const concerned = [...this.#arriving].filter(
      ([chunk, arriving]) =>
        arriving.requestNumber === requestNumber && (refusal.chunk === undefined || refusal.chunk === chunk),
    )
    if (concerned.length === 0) return []
    if (reason === 'no-such-chunk') return this.#giveUp('UPD4_FAIL_24', reason, refusal.chunk)
    if (reason === 'no-right') {
      this.#noRights += 1
      if (this.#noRights > this.#settings.chunkRetriesMax) return this.#giveUp('UPD4_FAIL_24', reason, refusal.chunk)
    }
    for (const [chunk] of concerned) this.#drop(chunk)
    this.#pausedUntilMs = nowMs + pauseMs(retryAfterMs, this.#noRights)
    return []
  }

  #countBad(chunk: number, nowMs: number): readonly DownloadEffect[] {
    const count = (this.#bad.get(chunk) ?? 0) + 1
    this.#bad.set(chunk, count)
    if (count <= this.#settings.refetchMax) return this.#topUp(nowMs)
    const expected = this.#index.digestOf(chunk).toString('hex')
    return this.#giveUp('UPD4_FAIL_26', 'chunk', chunk, { expected })
  }

  #tooSlow(bytesPerSecond: number): readonly DownloadEffect[] {
    const expected = `${this.#settings.minimumBytesPerSecond} bytes/s`
    return this.#giveUp('UPD4_FAIL_24', 'slow', undefined, { expected, actual: `${bytesPerSecond} bytes/s` })
  }

  #topUp(nowMs: number): readonly DownloadEffect[] {
    if (this.#ended) return []
    if (this.#heldCount === this.#index.count) {
      this.#ended = true
      return [{ kind: 'complete' }]
    }
    if (!this.#connected || nowMs < this.#pausedUntilMs || this.#isServed(nowMs)) return []
    if (this.#onTheWayBytes + this.#checkingBytes > this.#settings.windowBytes / 2) return []
    return this.#request(nowMs)
  }

  /** The session brings the chunks: it is not over, has not fallen silent, and what it brings is what was signed. */
  #isServed(nowMs: number): boolean {
    const { chunkTimeoutMs, refetchMax } = this.#settings
    return this.#listening && nowMs - this.#sessionHeardMs < chunkTimeoutMs && this.#sessionBad <= refetchMax
  }

  #request(nowMs: number): readonly DownloadEffect[] {
    const ranges: { first: number; count: number }[] = []
    const requestNumber = this.#requestNumber + 1
    let askedBytes = 0
    let chunk = this.#next
    for (; chunk < this.#index.count; chunk += 1) {
      if (this.#states[chunk] !== missing) continue
      const bytes = this.#index.lengthOf(chunk)
      const inHandBytes = this.#onTheWayBytes + this.#checkingBytes
      if (inHandBytes > 0 && inHandBytes + bytes > this.#settings.windowBytes) break
      const last = ranges.at(-1)
      if (last !== undefined && last.first + last.count === chunk) last.count += 1
      else if (ranges.length === chunkRangesMax) break
      else ranges.push({ first: chunk, count: 1 })
      this.#states[chunk] = onTheWay
      this.#onTheWayBytes += bytes
      askedBytes += bytes
      this.#arriving.set(chunk, { requestNumber, askedMs: nowMs, assembly: undefined })
    }
    this.#next = chunk
    if (ranges.length === 0) return []
    // What is half there of a session gives way.
    this.#session.clear()
    this.#requestNumber = requestNumber
    return [{ kind: 'request-chunks', requestNumber, ranges, windowBytes: askedBytes }]
  }

  /** Takes the chunk off the way; it is missing again. */
  #drop(chunk: number): void {
    if (!this.#arriving.delete(chunk)) return
    this.#onTheWayBytes -= this.#index.lengthOf(chunk)
    this.#miss(chunk)
  }

  #miss(chunk: number): void {
    this.#states[chunk] = missing
    this.#next = Math.min(this.#next, chunk)
  }

  #giveUp(
    code: 'UPD4_FAIL_24' | 'UPD4_FAIL_26',
    reason: string,
    chunk: number | undefined,
    what: Readonly<Record<string, string>> = {},
  ): readonly DownloadEffect[] {
    this.#ended = true
    const data = { reason, ...(chunk === undefined ? {} : { chunk: String(chunk) }), ...what }
    return [{ kind: 'give-up', failure: { code, data } }]
  }
}
