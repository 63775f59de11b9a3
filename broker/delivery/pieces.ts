// What a device is sent next: the right is asked, the budgets are paid, the bytes are found in memory or read, and cut
// into a packet the device can take. Heads are made for each device, the bytes behind them are shared by all.
import { chunkDataPacketHead } from '../../proto/chunk-messages.ts'
import type { ArtifactId, DeviceId, OperationId } from '../../proto/ids.ts'
import type { Log } from '../ports.ts'
import type { ByteBudgets } from './byte-budgets.ts'
import type { DeviceLine, Job, OwedChunks, OwedIndex, OwedPatch } from './device-line.ts'
import type { ChunkSource, HotChunk, HotChunks } from './hot-chunks.ts'
import { PatchGone, pageBytes } from './patch-pages.ts'
import type { Refusals } from './refusals.ts'
import type { Throughput } from './throughput.ts'

/** One packet: its head, then bytes that are not copied. */
export interface Piece {
  readonly head: Uint8Array
  readonly data: Uint8Array
  readonly job: Job
}

export interface PiecesParts {
  readonly hot: HotChunks
  readonly budgets: ByteBudgets
  readonly throughput: Throughput
  readonly refusals: Refusals
  readonly log: Log
  /** Who would wait longer for a budget is told busy, ms. */
  readonly budgetWaitMs: number
  readonly mayPull: (device: DeviceId, operation: OperationId, artifact: ArtifactId) => boolean
  /** What the line waited for has been read, or will not come. */
  readonly ready: (line: DeviceLine) => void
}

export class Pieces {
  readonly #parts: PiecesParts
  chunksTotal = 0
  /** Chunks begun without waiting for a read. */
  hitsTotal = 0

  constructor(parts: PiecesParts) {
    this.#parts = parts
  }

  /**
   * Undefined when the line owes nothing, or waits for the disk; a number when it has to wait so many milliseconds for
   * its budgets. `now` is monotonic, ms.
   */
  next(line: DeviceLine, now: number): Piece | number | undefined {
    for (;;) {
      const job = line.jobs[0]
      if (job === undefined || !job.opened) return undefined
      const next = this.#nextOf(line, job, now)
      if (next !== 'ended') return next
    }
  }

  /** It has been written. */
  sent(line: DeviceLine, { job, head, data }: Piece, now: number): void {
    line.paidBytes = 0
    this.#parts.throughput.add(job.operation, head.length + data.length, now)
    const { owed } = job
    if (owed.kind !== 'chunks') {
      owed.offset += data.length
      if (owed.offset >= owed.end) line.end(job)
      return
    }
    if (owed.begunOffset === 0) {
      this.chunksTotal += 1
      if (job.awaited !== owed.wants.chunk) this.hitsTotal += 1
    }
    owed.begunOffset += data.length
    if (owed.begunOffset < owed.begunSize) return
    owed.begunOffset = 0
    owed.wants.advance()
    if (owed.wants.chunk === undefined) line.end(job)
  }

  /** What the line has paid for will not be sent. */
  giveBack(line: DeviceLine): void {
    if (line.paidBytes === 0) return
    const taker = { operation: line.paidFor, device: line.connection.device }
    this.#parts.budgets.giveBack(line.paidBytes, taker)
    line.paidBytes = 0
  }

  /** The artifact cannot be read now. The device may come back: somebody can upload it again. */
  unreadable(line: DeviceLine, job: Job, err: unknown): void {
    this.#parts.log.error({ event: 'artifact-unreadable', artifact: job.artifact, err }, 'artifact cannot be read')
    if (!line.live || !line.jobs.includes(job)) return
    line.end(job)
    this.#parts.refusals.send(line.connection, job.requestNumber, 'busy')
  }

  #nextOf(line: DeviceLine, job: Job, now: number): Next {
    switch (job.owed.kind) {
      case 'index':
        return this.#indexPiece(line, job, job.owed, now)
      case 'patch':
        return this.#patchPiece(line, job, job.owed, now)
      case 'chunks':
        return this.#chunkPiece(line, job, job.owed, now)
    }
  }

  #chunkPiece(line: DeviceLine, job: Job, owed: OwedChunks, now: number): Next {
    const { reader } = owed
    const { chunk } = owed.wants
    if (chunk === undefined || reader === undefined) {
      line.end(job)
      return 'ended'
    }
    if (owed.begunOffset === 0) {
      const wait = this.#begin(line, job, reader.encodedLengthOf(chunk), now)
      if (wait !== 0) return wait
    }
    const hot = this.#find(line, job, reader, chunk)
    if (hot === undefined) return undefined
    const encodedSize = hot.bytes.length
    // Encoded anew meanwhile (uploaded again by another zlib): the pieces sent do not fit the new ones.
    if (owed.begunSize !== encodedSize) owed.begunOffset = 0
    owed.begunSize = encodedSize
    const { encoding, bytes } = hot
    const about = { chunk, encoding, encodedSize, offset: owed.begunOffset } as const
    return pieceOf(line, job, about, partOf(bytes, owed.begunOffset, owed.begunOffset + line.pieceBytesMax))
  }

  #indexPiece(line: DeviceLine, job: Job, owed: OwedIndex, now: number): Next {
    const end = Math.min(owed.offset + line.pieceBytesMax, owed.end)
    const wait = this.#begin(line, job, end - owed.offset, now)
    if (wait !== 0) return wait
    const { offset, bytes } = owed
    const about = { chunk: undefined, encoding: 'plain', encodedSize: bytes.length, offset } as const
    return pieceOf(line, job, about, partOf(bytes, offset, end))
  }

  #patchPiece(line: DeviceLine, job: Job, owed: OwedPatch, now: number): Next {
    const { pages, offset } = owed
    if (pages === undefined) {
      line.end(job)
      return 'ended'
    }
    const page = Math.floor(offset / pageBytes)
    const from = offset - page * pageBytes
    const length = Math.min(line.pieceBytesMax, owed.end - offset, pageBytes - from)
    const wait = this.#begin(line, job, length, now)
    if (wait !== 0) return wait
    const hot = this.#find(line, job, pages, page)
    if (hot === undefined) return undefined
    const about = { chunk: undefined, encoding: 'plain', encodedSize: pages.bytes, offset } as const
    return pieceOf(line, job, about, partOf(hot.bytes, from, from + length))
  }

  /** 0 when it may be sent; as `next` answers otherwise, or the request has been refused. */
  #begin(line: DeviceLine, job: Job, bytes: number, now: number): number | 'ended' {
    const { mayPull, refusals, budgetWaitMs } = this.#parts
    const { connection } = line
    if (!mayPull(connection.device, job.operation, job.artifact)) {
      line.end(job)
      refusals.send(connection, job.requestNumber, 'no-right')
      return 'ended'
    }
    const waitMs = this.#pay(line, job.operation, bytes, now)
    if (waitMs <= budgetWaitMs) return waitMs
    line.end(job)
    refusals.send(connection, job.requestNumber, 'busy', { retryAfterMs: waitMs })
    return 'ended'
  }

  /** Milliseconds to wait; more than `budgetWaitMs`: nothing has been taken. */
  #pay(line: DeviceLine, operation: OperationId, bytes: number, now: number): number {
    const { budgets, budgetWaitMs } = this.#parts
    const taker = { operation, device: line.connection.device }
    // It has waited already, perhaps for another chunk: only the difference is taken.
    if (line.paidBytes > 0 && line.paidFor === operation) {
      if (line.paidBytes !== bytes) budgets.giveBack(line.paidBytes - bytes, taker)
      line.paidBytes = bytes
      return 0
    }
    this.giveBack(line)
    const waitMs = budgets.take(bytes, taker, now, budgetWaitMs)
    if (waitMs > budgetWaitMs) return waitMs
    line.paidBytes = bytes
    line.paidFor = operation
    return waitMs
  }

  /** Undefined: it is being read, and the line is woken then. */
  #find(line: DeviceLine, job: Job, source: ChunkSource, chunk: number): HotChunk | undefined {
    const { hot, refusals, ready } = this.#parts
    const found = hot.find(source.id, chunk)
    if (found !== undefined || line.loading) return found
    line.loading = true
    job.awaited = chunk
    hot
      .load(source, chunk)
      .catch(error => {
        if (!(error instanceof PatchGone)) this.unreadable(line, job, error)
        else if (line.live && line.jobs.includes(job)) {
          line.end(job)
          refusals.send(line.connection, job.requestNumber, 'no-such-chunk')
        }
      })
      .finally(() => {
        line.loading = false
        ready(line)
      })
    return undefined
  }
}

type Next = Piece | number | undefined | 'ended'

function pieceOf(
  line: DeviceLine,
  job: Job,
  about: Omit<Parameters<typeof chunkDataPacketHead>[1], 'requestNumber' | 'dataLength'>,
  data: Uint8Array,
): Piece {
  const { chunk, encoding, encodedSize, offset } = about
  const { requestNumber } = job
  const dataLength = data.length
  return {
    head: chunkDataPacketHead(line.topic, { requestNumber, chunk, encoding, encodedSize, offset, dataLength }),
    data,
    job,
  }
}

/** The same bytes, and all of them as they are. */
function partOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end >= bytes.length ? bytes : bytes.subarray(start, end)
}
