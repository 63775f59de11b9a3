// One device's place in the chunk plane: its live connection, the requests not answered yet, and what its socket holds.
// The pieces of what is owed are cut in pieces.ts; when they may be sent is decided in fair-sender.ts.

import { chunkDataHeadBytesMax } from '../../proto/chunk-messages.ts'
import type { ArtifactId, OperationId } from '../../proto/ids.ts'
import { topicField } from '../../proto/packets.ts'
import { deviceTopic } from '../../proto/topics.ts'
import type { ArtifactReader, DeviceConnection } from '../ports.ts'
import { countOf, lowest, WantsCursor, without } from './chunk-wants.ts'
import type { PatchPages } from './patch-pages.ts'

/** What is still to be sent for a request. Changed in place: it is the cursor of the answer. */
export type Owed = OwedIndex | OwedPatch | OwedChunks

export interface OwedIndex {
  readonly kind: 'index'
  bytes: Uint8Array
  offset: number
  end: number
}

export interface OwedPatch {
  readonly kind: 'patch'
  /** Undefined until it has been found. */
  pages: PatchPages | undefined
  offset: number
  end: number
}

export interface OwedChunks {
  readonly kind: 'chunks'
  /** Undefined until it has been opened. */
  reader: ArtifactReader | undefined
  wants: WantsCursor
  /** How much of the first chunk of `wants` has been sent, and how long it was then, bytes; 0: not begun. */
  begunOffset: number
  begunSize: number
}

/** One request under way. */
export interface Job {
  readonly requestNumber: number
  readonly operation: OperationId
  readonly artifact: ArtifactId
  readonly windowBytes: number
  /** Until then `owed` is what was asked, after it what will be sent. */
  opened: boolean
  readonly owed: Owed
  /** The chunk this job had to wait for last: it is no hit of the cache. */
  awaited: number | undefined
}

/**
 * waiting: there is nothing to send until somebody says so · ready: waits for its turn · socket, global: waits until its
 * own socket, or all sockets together, have room · budget: waits until what it has taken of a budget may be sent.
 */
export type LineState = 'waiting' | 'ready' | 'socket' | 'global' | 'budget'

export class DeviceLine {
  readonly connection: DeviceConnection
  /** As it stands in a PUBLISH. */
  readonly topic: Buffer
  /** The largest MQTT packet this connection is sent, bytes; never more than its socket may hold. */
  packetBytesMax: number
  jobs: Job[] = []
  /** Artifacts being opened, and a chunk being read, for this device. */
  openingCount = 0
  loading = false
  /** Taken of the budgets for what this device is sent next, bytes, and for which operation. */
  paidBytes = 0
  paidFor: OperationId | undefined

  // The sender's notes: fair-sender.ts.
  state: LineState = 'waiting'
  /** Bytes this device may still get in its turn; below 0: it got more, and gets less the next time. */
  deficitBytes = 0
  /** Ends its wait for a budget. */
  cancelWait: () => void = () => undefined
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
    this.topic = topicField(deviceTopic(connection.device, 'chunks/data'))
  }

  /** Bytes of a chunk in one packet. */
  get pieceBytesMax(): number {
    // MQTT 3.1.1, 2.2: one byte and at most four of length.
    return this.packetBytesMax - 5 - this.topic.length - chunkDataHeadBytesMax
  }

  /** Chunks that will be sent; the index, and a patch, counted as one. */
  get queuedChunkCount(): number {
    return this.jobs.reduce((sum, { owed, opened }) => {
      if (!opened) return sum
      return sum + (owed.kind === 'chunks' ? countOf(owed.wants.rest()) : 1)
    }, 0)
  }

  /** What `newer` will send is no longer owed to the requests before it; a chunk on its way is finished first. */
  supersede(newer: Job): void {
    for (const job of this.jobs) {
      if (job === newer) return
      if (job.artifact !== newer.artifact || job.operation !== newer.operation) continue
      if (job.owed.kind !== newer.owed.kind) continue
      if (job.owed.kind !== 'chunks' || newer.owed.kind !== 'chunks') {
        this.end(job)
        continue
      }
      const owed = job.owed.wants.rest()
      const begun = job.owed.begunOffset === 0 ? [] : lowest(owed, 1)
      const left = [...begun, ...without(without(owed, begun), newer.owed.wants.rest())]
      job.owed.wants = new WantsCursor(left)
      if (left.length === 0) this.end(job)
    }
  }

  /** In a new list: whoever goes through the old one goes on undisturbed. */
  end(job: Job): void {
    this.jobs = this.jobs.filter(other => other !== job)
  }
}
