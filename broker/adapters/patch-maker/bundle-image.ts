// The image of a stored bundle, read at any place: the chunks as they travel, decoded one by one. Blocks the thread that
// reads, and takes none of the threads that the event loop reads files with.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import {
  type BundleHead,
  bundleHeaderLength,
  bundlePrefixBytes,
  decodeChunk,
  readBundleHead,
} from '../../../proto/bundle.ts'
import type { ImageBytes } from '../../../proto/image-chunks.ts'

/** Of decoded chunks; the ranges that neighbouring frames are made with overlap. */
const decodedBytesMax = 8 * 1024 * 1024

export class BundleImage implements ImageBytes {
  readonly head: BundleHead
  readonly sizeBytes: number
  readonly #file: number
  /** Decoded chunks by number, least recently used first. */
  readonly #decoded = new Map<number, Uint8Array>()
  #decodedBytes = 0

  /** Undefined when there is no such file; throws what is wrong with it. */
  static open(path: string): BundleImage | undefined {
    let file: number
    try {
      file = openSync(path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    try {
      const length = bundleHeaderLength(readAt(file, 0, bundlePrefixBytes))
      return new BundleImage(file, readBundleHead(readAt(file, bundlePrefixBytes, length)))
    } catch (error) {
      closeSync(file)
      throw error
    }
  }

  private constructor(file: number, head: BundleHead) {
    this.#file = file
    this.head = head
    this.sizeBytes = head.index.imageSize
  }

  /** Throws when a chunk is not what the index says of it. */
  async read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    const { index } = this.head
    let bytesRead = 0
    for (let chunk = this.#chunkAt(position); bytesRead < length && chunk < index.count; chunk += 1) {
      const plain = this.#plain(chunk)
      const from = position + bytesRead - index.offsetOf(chunk)
      const part = plain.subarray(from, from + length - bytesRead)
      into.set(part, offset + bytesRead)
      bytesRead += part.length
    }
    return { bytesRead }
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The chunk that holds the byte at `position`; behind the last one for the end. */
  #chunkAt(position: number): number {
    const { index } = this.head
    let [low, high] = [0, index.count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (index.offsetOf(middle + 1) <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  #plain(chunk: number): Uint8Array {
    const known = this.#decoded.get(chunk)
    if (known !== undefined) {
      this.#decoded.delete(chunk)
      this.#decoded.set(chunk, known)
      return known
    }
    const { index, encodedOffsetOf, encodedLengthOf, encodingOf } = this.head
    const bytes = readAt(this.#file, encodedOffsetOf(chunk), encodedLengthOf(chunk))
    const plain = decodeChunk({ encoding: encodingOf(chunk), bytes }, index.lengthOf(chunk))
    if (!createHash('sha256').update(plain).digest().equals(index.digestOf(chunk)))
      throw new RangeError(`chunk ${chunk} is not the one of the chunk index`)
    this.#decoded.set(chunk, plain)
    this.#decodedBytes += plain.length
    for (const [oldest, { length }] of this.#decoded) {
      if (this.#decodedBytes <= decodedBytesMax || oldest === chunk) break
      this.#decoded.delete(oldest)
      this.#decodedBytes -= length
    }
    return plain
  }
}

/** What the chunks of `target` that `base` does not have take on the wire, bytes. */
export function lackingBytes(base: BundleHead, target: BundleHead): number {
  let bytes = 0
  for (let chunk = 0; chunk < target.index.count; chunk += 1)
    if (base.index.find(target.index.digestOf(chunk)) === undefined) bytes += target.encodedLengthOf(chunk)
  return bytes
}

function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    const read = readSync(file, bytes, filled, length - filled, position + filled)
    if (read === 0) throw new RangeError(`ends at ${position + filled}, expected ${position + length} at least`)
    filled += read
  }
  return bytes
}
