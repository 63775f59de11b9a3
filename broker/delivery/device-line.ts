// One device's place in the chunk plane: its live connection, the requests not answered yet, and what its socket holds.
// Knows what is owed and to whom, and cuts it into pieces; when it may be sent is decided by chunk-delivery.ts.

import { chunkDataHeadBytesMax } from '../../proto/chunk-messages.ts'
import type { ArtifactId, OperationId } from '../../proto/ids.ts'
import { deviceTopic } from '../../proto/topics.ts'
import type { ArtifactReader, DeviceConnection } from '../ports.ts'
import { type ChunkWants, countOf, lowest, without } from './chunk-wants.ts'

/** One request under way. Changed in place: it is the cursor of the answer. */
export interface Job {
  readonly requestNumber: number
  readonly operation: OperationId
  readonly artifact: ArtifactId
  readonly windowBytes: number
  /** Undefined while the artifact is being opened; until then `owed` is what was asked, after it what will be sent. */
  reader: ArtifactReader | undefined
  owed:
    | { readonly kind: 'index'; offset: number; end: number }
    /** `begun`: the first chunk of `wants` is on its way, up to `offset`. */
    | { readonly kind: 'chunks'; wants: ChunkWants; begun: { encodedSize: number; offset: number } | undefined }
  /** The chunk this job had to wait for last: it is no hit of the cache. */
  awaited: number | undefined
}

/**
 * waiting: there is nothing to send until somebody says so · ready: waits for its turn · socket, global: waits until its
 * own socket, or all sockets together, have room.
 */
export type LineState = 'waiting' | 'ready' | 'socket' | 'global'

export class DeviceLine {
  readonly connection: DeviceConnection
  readonly #topicBytes: number
  /** The largest MQTT packet this connection is sent, bytes; never more than its socket may hold. */
  packetBytesMax: number
  jobs: Job[] = []
  /** Artifacts being opened, and a chunk being read, for this device. */
  openingCount = 0
  loading = false

  // The sender's notes: fair-sender.ts.
  state: LineState = 'waiting'
  /** Bytes this device may still get in its turn. */
  deficitBytes = 0
  /** What the socket held when it was last looked at, and when it was found full, bytes. */
  heldBytes = 0
  fullAtBytes = 0
  /** Monotonic ms: when the socket was last seen to take something, or to hold nothing. */
  drainedAt = 0
  /** False once replaced, disconnected or closed: late results of reads are dropped. */
  live = true

  constructor(connection: DeviceConnection, packetBytesMax: number) {
    this.connection = connection
    this.packetBytesMax = packetBytesMax
    this.#topicBytes = Buffer.byteLength(deviceTopic(connection.device, 'chunks/data'))
  }

  /** Bytes of a chunk in one packet. */
  get pieceBytesMax(): number {
    // MQTT 3.1.1, 2.2: one byte and at most four of length; 3.3.2: two bytes of length before the topic.
    return this.packetBytesMax - 5 - 2 - this.#topicBytes - chunkDataHeadBytesMax
  }

  /** Bytes on the wire of a PUBLISH with this payload. */
  packetBytes(payloadBytes: number): number {
    const rest = 2 + this.#topicBytes + payloadBytes
    return 1 + (rest < 128 ? 1 : rest < 16_384 ? 2 : rest < 2_097_152 ? 3 : 4) + rest
  }

  /** Chunks that will be sent, the index counted as one. */
  get queuedChunkCount(): number {
    return this.jobs.reduce((sum, { owed, reader }) => {
      if (reader === undefined) return sum
      return sum + (owed.kind === 'chunks' ? countOf(owed.wants) : 1)
    }, 0)
  }

  /** What `newer` will send is no longer owed to the requests before it; a chunk on its way is finished first. */
  supersede(newer: Job): void {
    const before = this.jobs.slice(0, this.jobs.indexOf(newer))
    for (const job of before) {
      if (job.artifact !== newer.artifact || job.operation !== newer.operation) continue
      if (job.owed.kind === 'chunks' && newer.owed.kind === 'chunks') {
        const begun = job.owed.begun === undefined ? [] : lowest(job.owed.wants, 1)
        job.owed.wants = [...begun, ...without(without(job.owed.wants, begun), newer.owed.wants)]
        if (job.owed.wants.length === 0) this.end(job)
      } else if (job.owed.kind === 'index' && newer.owed.kind === 'index') this.end(job)
    }
  }

  end(job: Job): void {
    this.jobs = this.jobs.filter(other => other !== job)
  }
}
