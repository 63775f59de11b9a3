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
// What is sent is cut in pieces.ts, whose turn it is decided in fair-sender.ts. Broadcasts share the chunks in memory, the
// budgets and the limits of the sockets (shared-plane.ts).

import { type ChunkRequest, type RefusalReason, readChunkRequest } from '../../proto/chunk-messages.ts'
import { WireError } from '../../proto/codec.ts'
import { type ArtifactId, artifactId, type DeviceId, type OperationId } from '../../proto/ids.ts'
import { devicePacketBytesLeast, packetBytesMax as packetBytesMost } from '../../proto/limits.ts'
import { MessageRefused } from '../errors.ts'
import type { ArtifactReader, ArtifactStore, Clock, DeviceConnection, Log, PatchStore } from '../ports.ts'
import { type BudgetFigures, ByteBudgets, type ByteBudgetsParts } from './byte-budgets.ts'
import { fitting, WantsCursor, wantsOf, without } from './chunk-wants.ts'
import { type DeliverySettings, deliverySettings } from './delivery-settings.ts'
import { DeviceLine, type Job, type Owed } from './device-line.ts'
import { FairSender } from './fair-sender.ts'
import { HotChunks } from './hot-chunks.ts'
import { PatchPages } from './patch-pages.ts'
import { type Piece, Pieces } from './pieces.ts'
import { Refusals } from './refusals.ts'
import type { SharedPlane } from './shared-plane.ts'
import { Throughput } from './throughput.ts'

export interface ChunkDeliveryParts {
  readonly artifacts: ArtifactStore
  readonly clock: Clock
  readonly log: Log
  /** True while a live execution of this device in this operation names this artifact. Cheap: asked for each chunk. */
  readonly mayPull: (device: DeviceId, operation: OperationId, artifact: ArtifactId) => boolean
  /** Absent: there are none, and who asks for one is refused. */
  readonly patches?: Pick<PatchStore, 'find' | 'read'>
  /** The rate an operation's policy names, and a device's value of the label in the settings. Cheap, as `mayPull`. */
  readonly operationRate?: ByteBudgetsParts['operationRate']
  readonly labelOf?: ByteBudgetsParts['labelOf']
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
  readonly budgets: BudgetFigures
  /** Answers and broadcasts together, over the last seconds. */
  readonly bytesPerSecond: number
}

export class ChunkDelivery {
  readonly #artifacts: ArtifactStore
  readonly #clock: Clock
  readonly #mayPull: ChunkDeliveryParts['mayPull']
  readonly #patches: ChunkDeliveryParts['patches']
  readonly #settings: DeliverySettings
  readonly #hot: HotChunks
  readonly #budgets: ByteBudgets
  readonly #throughput = new Throughput()
  readonly #refusals: Refusals
  readonly #pieces: Pieces
  readonly #lines = new Map<DeviceId, DeviceLine>()
  readonly #sender: FairSender<Piece>
  #closed = false
  readonly #opening = new Set<Promise<void>>()
  #requestsTotal = 0

  /** Throws RangeError for settings out of their range. */
  static open(parts: ChunkDeliveryParts): ChunkDelivery {
    return new ChunkDelivery(parts, deliverySettings(parts.settings))
  }

  private constructor(parts: ChunkDeliveryParts, settings: DeliverySettings) {
    const { artifacts, clock, log, mayPull, patches, operationRate, labelOf } = parts
    this.#artifacts = artifacts
    this.#clock = clock
    this.#mayPull = mayPull
    this.#patches = patches
    this.#settings = settings
    this.#hot = new HotChunks(settings.hotBytesMax, settings.readsMax)
    this.#budgets = new ByteBudgets({ rates: settings, operationRate, labelOf })
    this.#refusals = new Refusals(settings)
    this.#pieces = new Pieces({
      hot: this.#hot,
      budgets: this.#budgets,
      throughput: this.#throughput,
      refusals: this.#refusals,
      log,
      budgetWaitMs: settings.budgetWaitMs,
      mayPull,
      ready: line => this.#sender.ready(line),
    })
    this.#sender = new FairSender(settings, clock, log, this.#pieces)
  }

  /** What broadcasts have in common with the pulls. */
  get shared(): SharedPlane {
    return {
      hot: this.#hot,
      sender: this.#sender,
      settings: this.#settings,
      budgets: this.#budgets,
      throughput: this.#throughput,
      lineOf: device => this.#lines.get(device),
    }
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
    this.#requestsTotal += 1
    const { requestsMax } = this.#settings
    const { requestNumber, operation } = request
    const line = this.#lines.get(connection.device)
    if (line === undefined || !line.live || line.connection.number !== connection.number) {
      // Its hello is still on its way to the store, or a newer connection has replaced this one.
      this.#refusals.send(connection, requestNumber, 'busy')
      return
    }
    const artifact = artifactId(request.artifact)
    if (!this.#mayPull(connection.device, operation, artifact)) {
      this.#refusals.send(connection, requestNumber, 'no-right')
      return
    }
    if (line.openingCount >= requestsMax) {
      this.#refusals.send(connection, requestNumber, 'busy')
      return
    }
    const [oldest] = line.jobs
    if (oldest !== undefined && line.jobs.length >= requestsMax) this.#endRefused(line, oldest, 'busy')
    const windowBytes = Math.min(request.windowBytes, this.#settings.windowBytesMax)
    const owed = this.#owedOf(request.wanted, artifact, windowBytes)
    const job: Job = { requestNumber, operation, artifact, windowBytes, opened: false, owed, awaited: undefined }
    line.jobs.push(job)
    if (owed.kind === 'patch') {
      this.#openPatch(line, job, owed)
      this.#sender.ready(line)
      return
    }
    line.openingCount += 1
    const opening = this.#open(line, job).finally(() => {
      line.openingCount -= 1
      this.#opening.delete(opening)
      this.#sender.ready(line)
    })
    this.#opening.add(opening)
  }

  /** Bytes a second that go out for this operation, over the last ten seconds. */
  throughputOf(operation: OperationId): number {
    return this.#throughput.of(operation, this.#clock.monotonic())
  }

  figures(): DeliveryFigures {
    const lines = [...this.#lines.values()]
    return {
      bytesTotal: this.#sender.bytesTotal,
      piecesTotal: this.#sender.piecesTotal,
      chunksTotal: this.#pieces.chunksTotal,
      requestsTotal: this.#requestsTotal,
      cacheHitsTotal: this.#pieces.hitsTotal,
      readsTotal: this.#hot.readCount,
      stallsTotal: this.#sender.stallsTotal,
      refusalsTotal: { ...this.#refusals.counts },
      refusalsDroppedTotal: this.#refusals.droppedCount,
      linesCount: lines.length,
      queuedRequests: lines.reduce((sum, line) => sum + line.jobs.length, 0),
      queuedChunks: lines.reduce((sum, line) => sum + line.queuedChunkCount, 0),
      undrainedBytes: this.#sender.undrainedBytes,
      hotBytes: this.#hot.bytes,
      budgets: this.#budgets.figures(),
      bytesPerSecond: this.#throughput.all(this.#clock.monotonic()),
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

  /** What was asked, before it is known what there is. */
  #owedOf(wanted: ChunkRequest['wanted'], target: ArtifactId, windowBytes: number): Owed {
    if (wanted.kind === 'chunks')
      return {
        kind: 'chunks',
        reader: undefined,
        wants: new WantsCursor(wantsOf(wanted.ranges)),
        begunOffset: 0,
        begunSize: 0,
      }
    const { offset } = wanted
    const end = offset + windowBytes
    if (wanted.kind === 'index') return { kind: 'index', bytes: nothing, offset, end }
    const made = this.#patches?.find({ base: artifactId(wanted.base), target })
    const pages = made && this.#patches && new PatchPages(this.#patches, made)
    return { kind: 'patch', pages, offset, end }
  }

  #openPatch(line: DeviceLine, job: Job, owed: Extract<Owed, { kind: 'patch' }>): void {
    if (owed.pages === undefined || owed.offset >= owed.pages.bytes) {
      this.#endRefused(line, job, 'no-such-chunk')
      return
    }
    owed.end = Math.min(owed.end, owed.pages.bytes)
    job.opened = true
    line.supersede(job)
  }

  /** Never rejects. */
  async #open(line: DeviceLine, job: Job): Promise<void> {
    let reader: ArtifactReader | undefined
    try {
      reader = await this.#artifacts.open(job.artifact)
    } catch (error) {
      this.#pieces.unreadable(line, job, error)
      return
    }
    const { owed } = job
    if (!line.live || owed.kind === 'patch' || !line.jobs.includes(job)) return
    if (reader === undefined || (owed.kind === 'index' && owed.offset >= reader.chunkIndex.length)) {
      this.#endRefused(line, job, 'no-such-chunk')
      return
    }
    if (owed.kind === 'index') {
      owed.bytes = reader.chunkIndex
      owed.end = Math.min(owed.end, reader.chunkIndex.length)
    } else {
      const wants = owed.wants.rest()
      const [beyond] = without(wants, [{ first: 0, count: reader.chunkCount }])
      if (beyond !== undefined) {
        this.#endRefused(line, job, 'no-such-chunk', beyond.first)
        return
      }
      const { queuedChunksMax } = this.#settings
      const encodedLengthOf = reader.encodedLengthOf.bind(reader)
      owed.reader = reader
      owed.wants = new WantsCursor(fitting(wants, job.windowBytes, queuedChunksMax, encodedLengthOf))
    }
    job.opened = true
    line.supersede(job)
  }

  #endRefused(line: DeviceLine, job: Job, reason: RefusalReason, chunk?: number): void {
    line.end(job)
    this.#refusals.send(line.connection, job.requestNumber, reason, { chunk })
  }

  #forget(line: DeviceLine): void {
    line.jobs = []
    this.#pieces.giveBack(line)
    this.#sender.remove(line)
    if (this.#lines.get(line.connection.device) === line) this.#lines.delete(line.connection.device)
  }
}

const nothing = new Uint8Array(0)

function readRequest(payload: Uint8Array): ChunkRequest {
  try {
    return readChunkRequest(payload)
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    throw new MessageRefused('bad-chunk-request', cause.message, { cause })
  }
}
