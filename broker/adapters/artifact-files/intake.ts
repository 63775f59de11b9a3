// A bundle as it comes in: every byte is checked before it counts, none is kept in memory longer than its chunk.
//
//   prefix → head (envelope opens, manifest reads, chunk index is the one it names) → chunk 0 inflates and hashes to the
//   index → chunk 1 … → payload digest and size are the manifest's → nothing after it
//
// Knows no file: what has been verified goes to `write`, piece by piece. Who signed is not judged here: devices do that.
import { createHash } from 'node:crypto'
import {
  BundleError,
  type BundleHead,
  bundleHeaderLength,
  bundlePrefixBytes,
  decodeChunk,
  readBundleHead,
} from '../../../proto/bundle.ts'
import { EnvelopeError, openEnvelope } from '../../../proto/envelope.ts'
import { type ArtifactId, artifactId } from '../../../proto/ids.ts'
import { readManifest } from '../../../proto/manifest.ts'
import { ArtifactTooLarge } from '../../errors.ts'

/** Gathered before a write, bytes as they travel; and plain bytes after which the event loop gets its turn. */
const writeBytes = 256 * 1024
const plainBytesPerTurn = 1024 * 1024

export interface VerifiedHead {
  readonly artifact: ArtifactId
  readonly head: BundleHead
  readonly payloadSha256: string
  readonly chunkIndexSha256: string
}

/**
 * Rejects with BundleError or ArtifactTooLarge; errors of `bytes` and `write` pass through. `write` gets the parts in
 * order and is awaited; they are its own until it resolves. It must give the event loop a turn (a real write does).
 */
export async function receiveBundle(
  bytes: AsyncIterable<Uint8Array>,
  bundleBytesMax: number,
  write: (parts: readonly Uint8Array[]) => Promise<void>,
): Promise<{ readonly artifact: ArtifactId; readonly envelope: Uint8Array; readonly chunkIndexSha256: string }> {
  const source = new ByteSource(bytes, bundleBytesMax)
  try {
    const prefix = await source.take(bundlePrefixBytes, 'the prefix')
    const header = await source.take(bundleHeaderLength(prefix), 'the header')
    const verified = verifyHead(header)
    const { head, artifact, payloadSha256, chunkIndexSha256 } = verified
    if (head.bundleBytes > bundleBytesMax) throw tooLarge(`the bundle has ${head.bundleBytes} bytes`, bundleBytesMax)

    let parts: Uint8Array[] = [prefix, header]
    let gathered = prefix.length + header.length
    let plainBytes = 0
    const payload = createHash('sha256')
    for (let chunk = 0; chunk < head.index.count; chunk += 1) {
      const encoded = await source.take(head.encodedLengthOf(chunk), `chunk ${chunk}`)
      const plain = verifiedPlain(head, chunk, encoded)
      payload.update(plain)
      parts.push(encoded)
      gathered += encoded.length
      plainBytes += plain.length
      if (gathered >= writeBytes || plainBytes >= plainBytesPerTurn) {
        await write(parts)
        parts = []
        gathered = 0
        plainBytes = 0
      }
    }
    const digest = payload.digest('hex')
    if (digest !== payloadSha256)
      throw new BundleError(`payload: the manifest says SHA-256 ${payloadSha256}, the chunks make ${digest}`)
    await source.end()
    await write(parts)
    return { artifact, envelope: head.envelope, chunkIndexSha256 }
  } finally {
    await source.return()
  }
}

/** Head and manifest agree. Throws BundleError naming the part. */
export function verifyHead(header: Uint8Array): VerifiedHead {
  const head = readBundleHead(header)
  let payload: Uint8Array
  try {
    payload = openEnvelope(head.envelope).payload
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw new BundleError(`envelope: ${cause.message}`, { cause })
  }
  const verdict = readManifest(payload)
  if (!verdict.ok) {
    const { code, data } = verdict.failure
    throw new BundleError(`manifest: ${code} ${JSON.stringify(data)}`)
  }
  const { manifest } = verdict
  const chunkIndexSha256 = createHash('sha256').update(head.chunkIndexBytes).digest('hex')
  same('chunkIndexSize', manifest.chunkIndexSize, head.chunkIndexBytes.length)
  same('chunkIndexSha256', manifest.chunkIndexSha256, chunkIndexSha256)
  same('payloadSize', manifest.payloadSize, head.index.imageSize)
  // Of all but a delta the payload is the installed image: readManifest has seen to that.
  const { payloadSha256 } = manifest
  return { artifact: artifactId(payloadSha256), head, payloadSha256, chunkIndexSha256 }
}

/** Throws BundleError unless the chunk inflates to what the index says. */
export function verifiedPlain(head: BundleHead, chunk: number, encoded: Uint8Array): Uint8Array {
  let plain: Uint8Array
  try {
    plain = decodeChunk({ encoding: head.encodingOf(chunk), bytes: encoded }, head.index.lengthOf(chunk))
  } catch (cause) {
    throw new BundleError(`chunk ${chunk} does not inflate: ${(cause as Error).message}`, { cause })
  }
  const digest = createHash('sha256').update(plain).digest()
  if (!digest.equals(head.index.digestOf(chunk)))
    throw new BundleError(`chunk ${chunk}: SHA-256 ${digest.toString('hex')} is not the one of the chunk index`)
  return plain
}

/** Exactly as many bytes as asked for, from pieces of any size. Keeps no more than one piece beyond what was taken. */
class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #bytesMax: number
  #rest: Uint8Array = new Uint8Array(0)
  #received = 0
  #taken = 0

  constructor(bytes: AsyncIterable<Uint8Array>, bytesMax: number) {
    this.#pieces = bytes[Symbol.asyncIterator]()
    this.#bytesMax = bytesMax
  }

  async take(count: number, what: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    let missing = count
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#next()))
        throw new BundleError(`ends after ${this.#received} bytes, inside ${what}: ${missing} bytes more expected`)
      const part = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    this.#taken += count
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, count)
  }

  /** Throws BundleError when anything follows. */
  async end(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#next()))
      throw new BundleError(`bytes after the last chunk, which ends at ${this.#taken}`)
  }

  async return(): Promise<void> {
    await this.#pieces.return?.()
  }

  /** The next piece that is not empty, if there is one. */
  async #next(): Promise<boolean> {
    for (;;) {
      const { value, done } = await this.#pieces.next()
      if (done === true) return false
      this.#received += value.length
      if (this.#received > this.#bytesMax) throw tooLarge(`${this.#received} bytes came`, this.#bytesMax)
      if (value.length === 0) continue
      this.#rest = value
      return true
    }
  }
}

function same(field: string, expected: number | string, actual: number | string): void {
  if (expected !== actual) throw new BundleError(`manifest.${field}: ${expected}, but the bundle has ${actual}`)
}

function tooLarge(what: string, bytesMax: number): ArtifactTooLarge {
  return new ArtifactTooLarge(`${what}, expected at most ${bytesMax}`)
}
