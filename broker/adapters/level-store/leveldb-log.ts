// Reads LevelDB's log format (doc/log_format.md), which the write-ahead log and the MANIFEST share, without LevelDB:
// frames of checksum, length and type in blocks of 32 KiB; a record is one FULL frame or FIRST, MIDDLE…, LAST.
//
// LevelDB itself skips a bad frame, and with it the rest of the block, and opens. We tell two cases apart. A record is
// begun only after the one before it was fsynced, so a bad place behind which another record begins is damage; a bad
// place with nothing but continuations behind it is the end that a power cut left.
import { maskedCrc32c } from './crc32c.ts'

export interface LogRecord {
  /** Offset of its first frame. */
  readonly start: number
  readonly payload: Buffer
}
export interface LogScan {
  /** Up to the first bad place. */
  readonly records: readonly LogRecord[]
  /** Where the last, unfinished record begins. */
  readonly tornAt?: number
  /** A bad place in the middle. */
  readonly damagedAt?: number
}

const blockBytes = 32 * 1024
const headerBytes = 7
const full = 1
const first = 2
const last = 4

interface Frame {
  readonly type: number
  readonly start: number
  readonly end: number
}

export function scanLog(bytes: Buffer): LogScan {
  const records: LogRecord[] = []
  let parts: Buffer[] = []
  let start = 0
  let at = 0
  for (;;) {
    at = skipTrailer(at)
    if (parts.length === 0) start = at
    if (at >= bytes.length) return parts.length === 0 ? { records } : { records, tornAt: start }
    const frame = frameAt(bytes, at)
    const begins = frame?.type === full || frame?.type === first
    if (frame === undefined || begins !== (parts.length === 0)) {
      const damaged = recordBeginsIn(bytes, frame === undefined ? at + 1 : at)
      return damaged ? { records, damagedAt: at } : { records, tornAt: start }
    }
    parts.push(bytes.subarray(frame.start + headerBytes, frame.end))
    at = frame.end
    if (frame.type === full || frame.type === last) {
      records.push({ start, payload: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts) })
      parts = []
    }
  }
}

/** The keys a record of the write-ahead log puts, in order (db/write_batch.cc). */
export function* putKeysOf(payload: Buffer): Generator<string> {
  const reader = new VarintReader(payload, 12)
  while (!reader.done) {
    const put = reader.byte() === 1
    const key = reader.bytes()
    if (put) {
      reader.bytes()
      yield key.toString()
    }
  }
}

/** Throws RangeError beyond the end. */
export class VarintReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw new RangeError('ends too early')
    return value
  }

  number(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (byte < 128) return value
      if (factor > 2 ** 56) throw new RangeError('number is too long')
    }
  }

  bytes(): Buffer {
    const length = this.number()
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('ends too early')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }
}

/** A frame does not begin in the last six bytes of a block. */
function skipTrailer(at: number): number {
  const left = blockBytes - (at % blockBytes)
  return left < headerBytes ? at + left : at
}

function frameAt(bytes: Buffer, at: number): Frame | undefined {
  if (at + headerBytes > bytes.length) return undefined
  const end = at + headerBytes + bytes.readUInt16LE(at + 4)
  const type = bytes[at + 6] as number
  if (type < full || type > last || end > bytes.length) return undefined
  if (end - at > blockBytes - (at % blockBytes)) return undefined
  return maskedCrc32c(bytes, at + 6, end) === bytes.readUInt32LE(at) ? { type, start: at, end } : undefined
}

/** Whether a whole frame that begins a record stands at or behind `from`, wherever the frames of this block begin. */
function recordBeginsIn(bytes: Buffer, from: number): boolean {
  const nextBlock = from + blockBytes - (from % blockBytes)
  for (let at = from; at < Math.min(nextBlock, bytes.length); at++) {
    const type = bytes[at + 6]
    if ((type === full || type === first) && frameAt(bytes, at) !== undefined) return true
  }
  for (let block = nextBlock; block < bytes.length; block += blockBytes) {
    let at = block
    for (let frame = frameAt(bytes, at); frame !== undefined; frame = frameAt(bytes, at)) {
      if (frame.type === full || frame.type === first) return true
      at = skipTrailer(frame.end)
    }
  }
  return false
}
