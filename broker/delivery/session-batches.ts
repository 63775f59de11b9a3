// The chunks of an artifact as what a broadcast session writes: MQTT packets made once for all members, gathered into
// batches that are one write for each socket. Goes over the chunks once, from the first to the last, and holds no more
// than the chunk it is in and the batch it has made. Pieces are cut so that batches are full: half a batch costs nearly as
// much as a whole one.
import { publishPacket, topicField } from '../../proto/packets.ts'
import { encodeSessionData } from '../../proto/session-messages.ts'
import { sessionTopic } from '../../proto/topics.ts'
import type { ArtifactReader } from '../ports.ts'
import type { HotChunk, HotChunks } from './hot-chunks.ts'

/** All that a SessionData message says of a piece beside its data, at most: five numbers and two lengths with their tags. */
const pieceHeadBytesMax = 24
/** Type and length of an MQTT packet (3.1.1, 2.2), at most. */
const fixedHeadBytesMax = 5
/** No piece is cut smaller than this to fill a batch. */
const pieceBytesLeast = 512

export interface Batch {
  /** Whole PUBLISH packets at QoS 0. Shared by all sockets that it is written to. */
  readonly packets: Buffer
  /** The first of them, up to about half of the bytes, for who has no room for all. */
  readonly half: Buffer
  /** Chunks of which it has the last piece. */
  readonly chunkCount: number
}

export class SessionBatches {
  readonly #hot: HotChunks
  readonly #reader: ArtifactReader
  readonly #topic: Buffer
  /** Of one packet, all that is not data of the chunk. */
  readonly #headBytesMax: number
  readonly #pieceBytesMax: number
  #chunk = 0
  #offset = 0
  #begun: HotChunk | undefined

  /** `packetBytesMax`: of one packet, 1 KiB or more. */
  constructor(
    parts: { readonly hot: HotChunks; readonly reader: ArtifactReader; readonly session: string },
    packetBytesMax: number,
  ) {
    this.#hot = parts.hot
    this.#reader = parts.reader
    this.#topic = topicField(sessionTopic(parts.session, 'data'))
    this.#headBytesMax = fixedHeadBytesMax + this.#topic.length + pieceHeadBytesMax
    this.#pieceBytesMax = packetBytesMax - this.#headBytesMax
  }

  /**
   * The following batch, of at most `bytesMax` or one small packet; undefined behind the last chunk. Rejects as the reader
   * does. One call at a time.
   */
  async next(bytesMax: number): Promise<Batch | undefined> {
    const packets: Buffer[] = []
    let bytes = 0
    let halfBytes = 0
    let chunkCount = 0
    while (this.#chunk < this.#reader.chunkCount) {
      // Once begun it is kept: read again, it might have been encoded anew.
      const hot = this.#begun ?? this.#hot.find(this.#reader.id, this.#chunk) ?? (await this.#load(this.#chunk))
      const leftBytes = hot.bytes.length - this.#offset
      const roomBytes = bytesMax - bytes - this.#headBytesMax
      if (bytes > 0 && roomBytes < Math.min(leftBytes, pieceBytesLeast)) break
      const length = Math.min(leftBytes, this.#pieceBytesMax, Math.max(roomBytes, pieceBytesLeast))
      const packet = this.#packet(hot, length)
      packets.push(packet)
      bytes += packet.length
      if (halfBytes === 0 || bytes <= bytesMax / 2) halfBytes = bytes
      this.#offset += length
      this.#begun = this.#offset < hot.bytes.length ? hot : undefined
      if (this.#begun !== undefined) continue
      this.#offset = 0
      this.#chunk += 1
      chunkCount += 1
    }
    if (bytes === 0) return undefined
    const batch = Buffer.concat(packets, bytes)
    return { packets: batch, half: batch.subarray(0, halfBytes), chunkCount }
  }

  async #load(chunk: number): Promise<HotChunk> {
    for (;;) {
      await this.#hot.load(this.#reader, chunk)
      // Others may have filled the cache since.
      const hot = this.#hot.find(this.#reader.id, chunk)
      if (hot !== undefined) return hot
    }
  }

  #packet({ encoding, bytes }: HotChunk, length: number): Buffer {
    const offset = this.#offset
    const data = bytes.subarray(offset, offset + length)
    const piece = { chunk: this.#chunk, encoding, encodedSize: bytes.length, offset, data }
    return publishPacket(this.#topic, encodeSessionData(piece))
  }
}
