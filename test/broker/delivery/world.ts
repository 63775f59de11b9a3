// A small world for the chunk plane: a clock that is turned by hand, sockets that drain when they are told to, artifacts
// in memory that count their reads.
import type { ArtifactReader, ArtifactStore, Clock, DeviceConnection, Log, LogFields } from '../../../broker/ports.ts'
import { bundleHeaderLength, bundlePrefixBytes, decodeChunk, readBundleHead } from '../../../proto/bundle.ts'
import { type ChunkData, type ChunkRange, type ChunkRequest, readChunkData } from '../../../proto/chunk-messages.ts'
import { type ArtifactId, type DeviceId, deviceId, type OperationId, operationId } from '../../../proto/ids.ts'
import { publishHead, topicField } from '../../../proto/packets.ts'
import { type Downlink, deviceTopic } from '../../../proto/topics.ts'
import type { TestBundle } from '../../fixtures/bundle.ts'

export const operation: OperationId = operationId('0123456789abcdefghjkmnpqrs')

export class HandClock implements Clock {
  #now = 0
  #number = 0
  readonly #timers = new Map<number, { readonly at: number; readonly action: () => void }>()

  now(): number {
    return 1_700_000_000_000 + this.#now
  }
  monotonic(): number {
    return this.#now
  }
  after(delayMs: number, action: () => void): () => void {
    this.#number += 1
    const number = this.#number
    this.#timers.set(number, { at: this.#now + delayMs, action })
    return () => this.#timers.delete(number)
  }
  get timerCount(): number {
    return this.#timers.size
  }

  /** Millisecond by millisecond; in each, first the work that waits for no timer, then what is due. */
  async advance(ms: number): Promise<void> {
    for (const until = this.#now + ms; this.#now <= until; this.#now += 1) {
      await settle()
      for (const [number, { at, action }] of [...this.#timers]) {
        if (at > this.#now || !this.#timers.delete(number)) continue
        action()
        await settle()
      }
    }
  }
}

/** Promises and microtasks that wait for nothing but one another. */
export async function settle(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}

export interface SentPacket {
  readonly bytes: number
  readonly parts: readonly Uint8Array[]
  readonly message: ChunkData
}

export class FakeConnection implements DeviceConnection {
  /** Whole packets, as they were handed over. */
  readonly written: Uint8Array[] = []
  readonly device: DeviceId
  readonly number: number
  closed = false
  closeReason: string | undefined
  undrainedBytes = 0
  undrainedMost = 0
  /** The kernel takes everything at once. */
  readonly reading: boolean
  readonly packets: SentPacket[] = []
  /** Bytes between cork and uncork. */
  readonly batches: number[] = []
  readonly onPublish: (connection: FakeConnection) => void
  readonly #topic: Buffer
  /** Of the packet that is being written. */
  #parts: Uint8Array[] = []
  #batch: number | undefined
  #listener: () => void = () => undefined

  constructor(
    name: string,
    {
      number = 1,
      reading = true,
      onPublish = () => undefined,
    }: { number?: number; reading?: boolean; onPublish?: (connection: FakeConnection) => void } = {},
  ) {
    this.device = deviceId(name)
    this.#topic = topicField(deviceTopic(this.device, 'chunks/data'))
    this.number = number
    this.reading = reading
    this.onPublish = onPublish
  }

  write(bytes: Uint8Array): void {
    if (this.closed) return
    if (this.#own(bytes)) this.onPublish(this)
    else {
      this.written.push(bytes)
      if (this.reading && this.#batch === undefined) setImmediate(() => this.drain())
    }
    this.undrainedBytes += bytes.length
    this.undrainedMost = Math.max(this.undrainedMost, this.undrainedBytes)
    if (this.#batch === undefined) this.batches.push(bytes.length)
    else this.#batch += bytes.length
  }

  publish(downlink: Downlink, parts: readonly Uint8Array[]): void {
    const payloadBytes = parts.reduce((sum, part) => sum + part.length, 0)
    this.write(publishHead(topicField(deviceTopic(this.device, downlink)), payloadBytes))
    for (const part of parts) this.write(part)
  }

  /** Bytes of a packet on `chunks/data` of this device: its head comes first and alone, or with all behind it. */
  #own(bytes: Uint8Array): boolean {
    if (this.#parts.length === 0 && !startsWith(bytes, this.#topic)) return false
    this.#parts.push(bytes)
    const packet = Buffer.concat(this.#parts)
    const payload = payloadOf(packet)
    if (payload === undefined) return true
    this.packets.push({ bytes: packet.length, parts: this.#parts, message: readChunkData(payload) })
    this.#parts = []
    return true
  }

  cork(): void {
    this.#batch = 0
  }
  uncork(): void {
    if (this.#batch !== undefined && this.#batch > 0) this.batches.push(this.#batch)
    this.#batch = undefined
    if (this.reading && this.undrainedBytes > 0) setImmediate(() => this.drain())
  }
  onDrain(listener: () => void): void {
    this.#listener = listener
  }
  close(reason: string): void {
    this.closed = true
    this.closeReason = reason
    this.undrainedBytes = 0
  }
  /** The kernel takes so many bytes. */
  drain(bytes = this.undrainedBytes): void {
    if (this.closed || this.undrainedBytes === 0) return
    this.undrainedBytes = Math.max(0, this.undrainedBytes - bytes)
    this.#listener()
  }

  get bytes(): number {
    return this.packets.reduce((sum, { bytes }) => sum + bytes, 0)
  }
  get pieces(): Extract<ChunkData, { kind: 'piece' }>[] {
    return this.packets.flatMap(({ message }) => (message.kind === 'piece' ? [message] : []))
  }
  get refusals(): Extract<ChunkData, { kind: 'refusal' }>[] {
    return this.packets.flatMap(({ message }) => (message.kind === 'refusal' ? [message] : []))
  }
  /** Of each chunk its last piece, in the order sent: `request:chunk`. */
  get chunksEnded(): string[] {
    return this.pieces
      .filter(({ offset, data, encodedSize }) => offset + data.length === encodedSize)
      .map(({ requestNumber, chunk }) => `${requestNumber}:${chunk}`)
  }
}

/** Whether it is the beginning of a PUBLISH on this topic. */
function startsWith(bytes: Uint8Array, topic: Uint8Array): boolean {
  const from = 1 + lengthBytesOf(bytes)
  return bytes[0] === 0x30 && Buffer.compare(bytes.subarray(from, from + topic.length), topic) === 0
}

function lengthBytesOf(packet: Uint8Array): number {
  let count = 1
  while (((packet[count] ?? 0) & 0x80) !== 0) count += 1
  return count
}

/** Undefined when the packet is not whole yet; throws when there is something behind it. */
function payloadOf(packet: Buffer): Buffer | undefined {
  const lengthBytes = lengthBytesOf(packet)
  let length = 0
  for (let at = 0; at < lengthBytes; at += 1) length += ((packet[1 + at] ?? 0) & 0x7f) * 128 ** at
  const end = 1 + lengthBytes + length
  if (packet.length > end) throw new RangeError(`${packet.length - end} bytes behind the packet`)
  if (packet.length < end) return undefined
  return packet.subarray(1 + lengthBytes + 2 + packet.readUInt16BE(1 + lengthBytes), end)
}

export class MemoryArtifacts implements ArtifactStore {
  readonly #readers = new Map<ArtifactId, ArtifactReader>()
  readCount = 0
  readingNow = 0
  readingMost = 0
  /** Set: every read fails with it. */
  failure: Error | undefined

  constructor(...bundles: readonly TestBundle[]) {
    for (const bundle of bundles) this.#readers.set(bundle.artifact, this.#reader(bundle))
  }
  receive(): Promise<never> {
    return Promise.reject(new Error('not in this world'))
  }
  open(artifact: ArtifactId): Promise<ArtifactReader | undefined> {
    return Promise.resolve(this.#readers.get(artifact))
  }
  async close(): Promise<void> {}

  #reader(bundle: TestBundle): ArtifactReader {
    const head = readBundleHead(
      bundle.bytes.subarray(bundlePrefixBytes, bundlePrefixBytes + bundleHeaderLength(bundle.bytes)),
    )
    return {
      id: bundle.artifact,
      chunkCount: head.index.count,
      chunkIndex: head.chunkIndexBytes,
      encodingOf: head.encodingOf,
      encodedLengthOf: head.encodedLengthOf,
      read: async chunk => {
        this.readCount += 1
        this.readingNow += 1
        this.readingMost = Math.max(this.readingMost, this.readingNow)
        await settle()
        this.readingNow -= 1
        if (this.failure !== undefined) throw this.failure
        const start = head.encodedOffsetOf(chunk)
        return bundle.bytes.subarray(start, start + head.encodedLengthOf(chunk))
      },
    }
  }
}

export class ListLog implements Log {
  readonly entries: LogFields[] = []
  debug(fields: LogFields): void {
    this.entries.push(fields)
  }
  info = this.debug
  warn = this.debug
  error = this.debug
  get events(): string[] {
    return this.entries.map(({ event }) => event)
  }
}

export function chunkRequest(
  bundle: TestBundle,
  requestNumber: number,
  ranges: readonly ChunkRange[] | { readonly indexFrom: number },
  windowBytes = 256 * 1024,
): ChunkRequest {
  return {
    requestNumber,
    operation,
    artifact: bundle.artifact,
    windowBytes,
    wanted: 'indexFrom' in ranges ? { kind: 'index', offset: ranges.indexFrom } : { kind: 'chunks', ranges },
  }
}

/** What the device holds after these pieces: the plain bytes of each whole chunk, verified only by their length. */
export function chunksOf(bundle: TestBundle, pieces: FakeConnection['pieces']): Map<number, Buffer> {
  const collected = new Map<number, { encoding: 'plain' | 'deflate'; bytes: Buffer; filled: number }>()
  const whole = new Map<number, Buffer>()
  for (const { chunk, encoding, encodedSize, offset, data } of pieces) {
    if (chunk === undefined) continue
    const entry = collected.get(chunk) ?? { encoding, bytes: Buffer.alloc(encodedSize), filled: 0 }
    collected.set(chunk, entry)
    entry.bytes.set(data, offset)
    entry.filled += data.length
    if (entry.filled < encodedSize) continue
    whole.set(chunk, Buffer.from(decodeChunk({ encoding, bytes: entry.bytes }, bundle.index.lengthOf(chunk))))
  }
  return whole
}
