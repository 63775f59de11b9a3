// The pull plane: devices ask for chunks, the answers go straight to their sockets at QoS 0. Nothing passes the emitter,
// nothing is copied: the bytes of a chunk are shared by all sockets, each gets a head of its own before them.
//
//   request ─▶ right? ─▶ open ─▶ line of the device ─▶ its turn (deficit round robin) ─▶ pieces, corked ─▶ socket
//                                       ▲     chunk not in memory: one read for all who wait    │
//                                       └────────────── drained, or looked at again ◀───────────┘
//
// What a request means (docs/PROTOCOL.md has the device's side):
// - It is answered with the lowest chunks of its ranges that fit into its window together, in ascending order, each once,
//   whatever the order and overlaps of the ranges; the first one in any case, so a window below one chunk is one chunk.
//   What does not fit is not remembered: the device asks again. An index request is answered with the bytes from its
//   offset on that fit. Every answer carries the number of the request it belongs to; numbers need not grow.
// - Each chunk is owed once, to the latest request that will send it: a later request of the same operation and artifact
//   takes over what earlier ones have not begun. A chunk on its way is finished under the old number; when the later
//   request names it too, it is sent again. A later index request ends an earlier one. So a device that missed pieces
//   just asks for what it lacks, and one that asks too often gets nothing twice.
// - Requests beyond `requestsMax`: the oldest is forgotten and told busy. A connection that replaces another one begins
//   with nothing owed. The right is asked at the request and before each chunk.
//
// Seams: a budget (operation, site, all) is asked where a chunk is begun, in #nextPiece, beside the right. A broadcast
// takes its chunks from the same HotChunks and writes through the same FairSender, skipping the lines without room, so
// that the limits of undrained bytes hold for both together.

import {
  type ChunkRequest,
  chunkDataHead,
  encodeChunkData,
  type RefusalReason,
  readChunkRequest,
} from '../../proto/chunk-messages.ts'
import type { ChunkEncoding } from '../../proto/chunk-piece.ts'
import { WireError } from '../../proto/codec.ts'
import { type ArtifactId, artifactId, type DeviceId, type OperationId } from '../../proto/ids.ts'
import { devicePacketBytesLeast, packetBytesMax as packetBytesMost } from '../../proto/limits.ts'
import { MessageRefused } from '../errors.ts'
import type { ArtifactReader, ArtifactStore, Clock, DeviceConnection, Log } from '../ports.ts'
import { fitting, wantsOf, without } from './chunk-wants.ts'
import { type DeliverySettings, deliverySettings } from './delivery-settings.ts'
import { DeviceLine, type Job } from './device-line.ts'
import { FairSender, type Piece } from './fair-sender.ts'
import { type HotChunk, HotChunks } from './hot-chunks.ts'

export interface ChunkDeliveryParts {
  readonly artifacts: ArtifactStore
  readonly clock: Clock
  readonly log: Log
  /** True while a live execution of this device in this operation names this artifact. Cheap: asked for each chunk. */
  readonly mayPull: (device: DeviceId, operation: OperationId, artifact: ArtifactId) => boolean
  readonly settings?: Partial<DeliverySettings>
}

/** Counters grow from the start of the process; gauges are of now. */
export interface DeliveryFigures {
  readonly bytesTotal: number
  readonly piecesTotal: number
  readonly chunksTotal: number
  readonly requestsTotal: number
  /** Chunks begun without waiting for a read; reads of chunks. */
  readonly cacheHitsTotal: number
  readonly readsTotal: number
  readonly stallsTotal: number
  readonly refusalsTotal: Readonly<Record<RefusalReason, number>>
  /** Refusals not sent because the socket was full. */
  readonly refusalsDroppedTotal: number
  readonly linesCount: number
  readonly queuedRequests: number
  readonly queuedChunks: number
  readonly undrainedBytes: number
  readonly hotBytes: number
}

export class ChunkDelivery {
  readonly #artifacts: ArtifactStore
  readonly #log: Log
  readonly #mayPull: ChunkDeliveryParts['mayPull']
  readonly #settings: DeliverySettings
  readonly #hot: HotChunks
  readonly #lines = new Map<DeviceId, DeviceLine>()
  readonly #sender: FairSender
  #closed = false
  readonly #opening = new Set<Promise<void>>()
  readonly #refusals: Record<RefusalReason, number> = { 'no-such-chunk': 0, 'no-right': 0, busy: 0 }
  readonly #counts = { chunks: 0, hits: 0, requests: 0, refusalsDropped: 0 }

  /** Throws RangeError for settings out of their range. */
  static open(parts: ChunkDeliveryParts): ChunkDelivery {
    return new ChunkDelivery(parts, deliverySettings(parts.settings))
  }

  private constructor(parts: ChunkDeliveryParts, settings: DeliverySettings) {
    this.#artifacts = parts.artifacts
    this.#log = parts.log
    this.#mayPull = parts.mayPull
    this.#settings = settings
    this.#hot = new HotChunks(settings.hotBytesMax, settings.readsMax)
    this.#sender = new FairSender(settings, parts.clock, parts.log, line => this.#nextPiece(line))
  }

  /**
   * The device has said hello on this connection and takes packets up to `packetBytesMax`. May be repeated with another
   * size. Takes the connection's drain listener. An older connection of the device is forgotten; a newer one stays.
   */
  connected(connection: DeviceConnection, packetBytesMax: number): void {
    if (this.#closed || connection.closed) return
    const known = this.#lines.get(connection.device)
    if (known !== undefined && known.connection.number > connection.number) return
    const { socketUndrainedBytesMax, undrainedBytesMax } = this.#settings
    const most = Math.min(packetBytesMost, socketUndrainedBytesMax, undrainedBytesMax)
    const takesBytes = Math.min(Math.max(packetBytesMax, devicePacketBytesLeast), most)
    if (known !== undefined && known.connection.number === connection.number) {
      known.packetBytesMax = takesBytes
      return
    }
    if (known !== undefined) this.#forget(known)
    const line = new DeviceLine(connection, takesBytes)
    this.#lines.set(connection.device, line)
    this.#sender.add(line)
  }

  /** Forgets what is owed on this connection; another one of the same device is not touched. */
  disconnected(connection: DeviceConnection): void {
    const line = this.#lines.get(connection.device)
    if (line?.connection.number === connection.number) this.#forget(line)
  }

  /** Throws MessageRefused when the payload is no chunk request. Everything else is answered to the device. */
  request(connection: DeviceConnection, message: Uint8Array | ChunkRequest): void {
    const request = message instanceof Uint8Array ? readRequest(message) : message
    if (this.#closed) return
    this.#counts.requests += 1
    const line = this.#lines.get(connection.device)
    if (line === undefined || !line.live || line.connection.number !== connection.number) {
      // Its hello is still on its way to the store, or a newer connection has replaced this one.
      this.#refuse(connection, request.requestNumber, 'busy')
      return
    }
    const artifact = artifactId(request.artifact)
    if (!this.#mayPull(connection.device, request.operation, artifact)) {
      this.#refuse(connection, request.requestNumber, 'no-right')
      return
    }
    if (request.wanted.kind === 'patch') {
      this.#refuse(connection, request.requestNumber, 'no-such-chunk')
      return
    }
    if (line.openingCount >= this.#settings.requestsMax) {
      this.#refuse(connection, request.requestNumber, 'busy')
      return
    }
    const [oldest] = line.jobs
    if (oldest !== undefined && line.jobs.length >= this.#settings.requestsMax) {
      line.end(oldest)
      this.#refuse(connection, oldest.requestNumber, 'busy')
    }
    const job: Job = {
      requestNumber: request.requestNumber,
      operation: request.operation,
      artifact,
      windowBytes: Math.min(request.windowBytes, this.#settings.windowBytesMax),
      reader: undefined,
      awaited: undefined,
      owed:
        request.wanted.kind === 'index'
          ? { kind: 'index', offset: request.wanted.offset, end: request.wanted.offset }
          : { kind: 'chunks', wants: wantsOf(request.wanted.ranges), begun: undefined },
    }
    line.jobs.push(job)
    line.openingCount += 1
    const opening = this.#open(line, job).finally(() => {
      line.openingCount -= 1
      this.#opening.delete(opening)
      this.#sender.ready(line)
    })
    this.#opening.add(opening)
  }

  figures(): DeliveryFigures {
    const lines = [...this.#lines.values()]
    return {
      bytesTotal: this.#sender.bytesTotal,
      piecesTotal: this.#sender.piecesTotal,
      chunksTotal: this.#counts.chunks,
      requestsTotal: this.#counts.requests,
      cacheHitsTotal: this.#counts.hits,
      readsTotal: this.#hot.readCount,
      stallsTotal: this.#sender.stallsTotal,
      refusalsTotal: { ...this.#refusals },
      refusalsDroppedTotal: this.#counts.refusalsDropped,
      linesCount: lines.length,
      queuedRequests: lines.reduce((sum, line) => sum + line.jobs.length, 0),
      queuedChunks: lines.reduce((sum, line) => sum + line.queuedChunkCount, 0),
      undrainedBytes: this.#sender.undrainedBytes,
      hotBytes: this.#hot.bytes,
    }
  }

  /** Sends nothing more; resolves when no read is under way. Connections stay open: they are not ours. */
  async close(): Promise<void> {
    this.#closed = true
    this.#sender.close()
    for (const line of [...this.#lines.values()]) this.#forget(line)
    await Promise.all(this.#opening)
    await this.#hot.settled()
  }

  /** Never rejects. */
  async #open(line: DeviceLine, job: Job): Promise<void> {
    let reader: ArtifactReader | undefined
    try {
      reader = await this.#artifacts.open(job.artifact)
    } catch (error) {
      this.#unreadable(line, job, error)
      return
    }
    if (!line.live || !line.jobs.includes(job)) return
    const { owed } = job
    if (reader === undefined || (owed.kind === 'index' && owed.offset >= reader.chunkIndex.length)) {
      this.#endRefused(line, job, 'no-such-chunk')
      return
    }
    if (owed.kind === 'index') owed.end = Math.min(owed.offset + job.windowBytes, reader.chunkIndex.length)
    else {
      const [beyond] = without(owed.wants, [{ first: 0, count: reader.chunkCount }])
      if (beyond !== undefined) {
        this.#endRefused(line, job, 'no-such-chunk', beyond.first)
        return
      }
      const { queuedChunksMax } = this.#settings
      owed.wants = fitting(owed.wants, job.windowBytes, queuedChunksMax, reader.encodedLengthOf.bind(reader))
    }
    job.reader = reader
    line.supersede(job)
  }

  /** The piece this line is to send next; undefined when it owes nothing, or has to wait for the disk. */
  #nextPiece(line: DeviceLine): Piece | undefined {
    for (;;) {
      const [job] = line.jobs
      if (job?.reader === undefined) return undefined
      if (job.owed.kind === 'index') return this.#indexPiece(line, job, job.owed, job.reader.chunkIndex)
      const { owed, reader } = job
      const chunk = owed.wants[0]?.first
      if (chunk === undefined) {
        line.end(job)
        continue
      }
      if (owed.begun === undefined && !this.#mayPull(line.connection.device, job.operation, job.artifact)) {
        this.#endRefused(line, job, 'no-right')
        continue
      }
      const hot = this.#hot.find(job.artifact, chunk)
      if (hot === undefined) {
        this.#load(line, job, reader, chunk)
        return undefined
      }
      return this.#chunkPiece(line, job, owed, chunk, hot)
    }
  }

  #chunkPiece(line: DeviceLine, job: Job, owed: OwedChunks, chunk: number, hot: HotChunk): Piece {
    const encodedSize = hot.bytes.length
    // Encoded anew meanwhile (uploaded again by another zlib): the pieces sent do not fit the new ones.
    if (owed.begun?.encodedSize !== encodedSize) owed.begun = undefined
    const offset = owed.begun?.offset ?? 0
    const data = hot.bytes.subarray(offset, offset + line.pieceBytesMax)
    const end = offset + data.length
    return pieceOf(line, job, { chunk, encoding: hot.encoding, encodedSize, offset }, data, () => {
      if (owed.begun === undefined) {
        this.#counts.chunks += 1
        if (job.awaited !== chunk) this.#counts.hits += 1
      }
      owed.begun = end < encodedSize ? { encodedSize, offset: end } : undefined
      if (owed.begun !== undefined) return
      owed.wants = without(owed.wants, [{ first: chunk, count: 1 }])
      if (owed.wants.length === 0) line.end(job)
    })
  }

  #indexPiece(line: DeviceLine, job: Job, owed: OwedIndex, index: Uint8Array): Piece {
    const data = index.subarray(owed.offset, Math.min(owed.offset + line.pieceBytesMax, owed.end))
    const about = { chunk: undefined, encoding: 'plain', encodedSize: index.length, offset: owed.offset } as const
    return pieceOf(line, job, about, data, () => {
      owed.offset += data.length
      if (owed.offset >= owed.end) line.end(job)
    })
  }

  #load(line: DeviceLine, job: Job, reader: ArtifactReader, chunk: number): void {
    if (line.loading) return
    line.loading = true
    job.awaited = chunk
    this.#hot
      .load(reader, chunk)
      .catch(error => this.#unreadable(line, job, error))
      .finally(() => {
        line.loading = false
        this.#sender.ready(line)
      })
  }

  /** The device may come back: somebody can upload the artifact again. */
  #unreadable(line: DeviceLine, job: Job, err: unknown): void {
    this.#log.error({ event: 'artifact-unreadable', artifact: job.artifact, err }, 'artifact cannot be read')
    if (line.live && line.jobs.includes(job)) this.#endRefused(line, job, 'busy')
  }

  #endRefused(line: DeviceLine, job: Job, reason: RefusalReason, chunk?: number): void {
    line.end(job)
    this.#refuse(line.connection, job.requestNumber, reason, chunk)
  }

  #refuse(connection: DeviceConnection, requestNumber: number, reason: RefusalReason, chunk?: number): void {
    this.#refusals[reason] += 1
    // Whoever asks without reading gets no answer at all.
    if (connection.undrainedBytes >= this.#settings.socketUndrainedBytesMax) {
      this.#counts.refusalsDropped += 1
      return
    }
    const retryAfterMs = reason === 'busy' ? this.#settings.retryAfterMs : 0
    connection.publish('chunks/data', [
      encodeChunkData({ kind: 'refusal', requestNumber, reason, chunk, retryAfterMs }),
    ])
  }

  #forget(line: DeviceLine): void {
    line.jobs = []
    this.#sender.remove(line)
    if (this.#lines.get(line.connection.device) === line) this.#lines.delete(line.connection.device)
  }
}

type OwedChunks = Extract<Job['owed'], { kind: 'chunks' }>
type OwedIndex = Extract<Job['owed'], { kind: 'index' }>

/** `data` is shared with whoever else gets it. */
function pieceOf(
  line: DeviceLine,
  job: Job,
  about: {
    readonly chunk: number | undefined
    readonly encoding: ChunkEncoding
    readonly encodedSize: number
    readonly offset: number
  },
  data: Uint8Array,
  sent: () => void,
): Piece {
  const head = chunkDataHead({ requestNumber: job.requestNumber, ...about, dataLength: data.length })
  return { parts: [head, data], packetBytes: line.packetBytes(head.length + data.length), sent }
}

function readRequest(payload: Uint8Array): ChunkRequest {
  try {
    return readChunkRequest(payload)
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    throw new MessageRefused('bad-chunk-request', cause.message, { cause })
  }
}
