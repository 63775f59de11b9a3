// A limit on MQTT packets from the two to five bytes of their fixed header, before their body takes memory (trap H: plain
// Aedes buffers up to 256 MB a socket for anybody). The attachment puts it into `aedes.handle`; a host that gave Aedes'
// own `handle` to a listener before the attach can put it there itself:
//
//   net.createServer(socket => { guardFrames(socket, limits, problem => …); handle(socket) })
import type { Duplex } from 'node:stream'

/** Bytes of a whole packet, fixed header included. */
export interface FrameLimits {
  readonly connectPacketBytesMax: number
  readonly packetBytesMax: number
}

export type FrameProblem = 'first-not-connect' | 'packet-too-large' | 'length-malformed'

/**
 * Watches everything read from `conn`; at the first packet that breaks the limits it destroys `conn`, calls `onRefused`
 * once and lets no more bytes through. Reads with `read()` only, as Aedes does; nothing is copied.
 */
export function guardFrames(conn: Duplex, limits: FrameLimits, onRefused: (problem: FrameProblem) => void): void {
  const scanner = new FrameScanner(limits)
  const read = conn.read.bind(conn)
  let refused = false
  conn.read = (size?: number) => {
    if (refused) return null
    const bytes: Buffer | null = read(size)
    const problem = bytes === null ? undefined : scanner.scan(bytes)
    if (problem === undefined) return bytes
    refused = true
    conn.destroy()
    onRefused(problem)
    return null
  }
}

/** Finds the packet borders in a stream of bytes, however they are cut. */
export class FrameScanner {
  readonly #limits: FrameLimits
  #first = true
  /** Bytes of the present packet's body that are still to come. */
  #bodyLeft = 0
  /** Bytes of the present fixed header seen so far; 0 between packets. */
  #headerBytes = 0
  #length = 0

  constructor(limits: FrameLimits) {
    this.#limits = limits
  }

  scan(bytes: Uint8Array): FrameProblem | undefined {
    let position = 0
    while (position < bytes.length) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, bytes.length - position)
        this.#bodyLeft -= skipped
        position += skipped
        continue
      }
      const problem = this.#headerByte(bytes[position] ?? 0)
      if (problem !== undefined) return problem
      position++
    }
    return undefined
  }

  #headerByte(byte: number): FrameProblem | undefined {
    if (this.#headerBytes === 0) {
      this.#headerBytes = 1
      this.#length = 0
      return this.#first && byte >> 4 !== connectType ? 'first-not-connect' : undefined
    }
    this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 1)
    this.#headerBytes++
    if ((byte & 0x80) !== 0) return this.#headerBytes > 4 ? 'length-malformed' : undefined
    const limit = this.#first ? this.#limits.connectPacketBytesMax : this.#limits.packetBytesMax
    if (this.#headerBytes + this.#length > limit) return 'packet-too-large'
    this.#first = false
    this.#bodyLeft = this.#length
    this.#headerBytes = 0
    return undefined
  }
}

const connectType = 1

/** Bytes of a packet with a body of `length` bytes (MQTT 3.1.1, 2.2.3). */
export function packetBytes(length: number): number {
  return 1 + (length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4) + length
}
