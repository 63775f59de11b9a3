// One stored bundle, open for reading at any chunk. The head is checked when the file is opened, each chunk against the
// index the first time it is read: what the disk spoiled is reported here, instead of being sent to devices for ever.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { bundleHeaderLength, bundlePrefixBytes } from '../../../proto/bundle.ts'
import type { ChunkEncoding } from '../../../proto/chunk-piece.ts'
import type { ArtifactId } from '../../../proto/ids.ts'
import { ArtifactUnreadable } from '../../errors.ts'
import type { ArtifactReader } from '../../ports.ts'
import { type VerifiedHead, verifiedPlain, verifyHead } from './intake.ts'

/** Undefined when there is no file. Rejects with ArtifactUnreadable when it is not a whole bundle of this artifact. */
export async function openBundleFile(path: string, artifact: ArtifactId): Promise<BundleFile | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ArtifactUnreadable(`artifact ${artifact} does not open`, { cause })
  }
  try {
    const { size } = await handle.stat()
    const headerLength = bundleHeaderLength(await readExactly(handle, 0, Math.min(bundlePrefixBytes, size)))
    const verified = verifyHead(await readExactly(handle, bundlePrefixBytes, headerLength))
    if (verified.artifact !== artifact) throw new RangeError(`it holds artifact ${verified.artifact}`)
    if (size !== verified.head.bundleBytes)
      throw new RangeError(`${size} bytes long, expected ${verified.head.bundleBytes}`)
    return new BundleFile(path, handle, await versionOf(handle), verified)
  } catch (cause) {
    await handle.close()
    throw new ArtifactUnreadable(`artifact ${artifact}: ${(cause as Error).message}`, { cause })
  }
}

export class BundleFile implements ArtifactReader {
  readonly id: ArtifactId
  readonly chunkCount: number
  readonly chunkIndex: Uint8Array
  readonly chunkIndexSha256: string
  readonly #path: string
  readonly #version: string
  readonly #verified: VerifiedHead
  /** One bit a chunk. */
  readonly #seen: Uint8Array
  /** Undefined once retired. */
  #handle: FileHandle | undefined
  #reads = 0

  constructor(path: string, handle: FileHandle, version: string, verified: VerifiedHead) {
    this.id = verified.artifact
    this.chunkCount = verified.head.index.count
    this.chunkIndex = verified.head.chunkIndexBytes
    this.chunkIndexSha256 = verified.chunkIndexSha256
    this.#path = path
    this.#version = version
    this.#handle = handle
    this.#verified = verified
    this.#seen = new Uint8Array(Math.ceil(this.chunkCount / 8))
  }

  encodingOf(chunk: number): ChunkEncoding {
    return this.#verified.head.encodingOf(chunk)
  }

  encodedLengthOf(chunk: number): number {
    return this.#verified.head.encodedLengthOf(chunk)
  }

  async read(chunk: number): Promise<Uint8Array> {
    if (!Number.isInteger(chunk) || chunk < 0 || chunk >= this.chunkCount)
      throw new RangeError(`chunk ${chunk} of ${this.chunkCount}`)
    const { head } = this.#verified
    try {
      const bytes = await this.#readAt(head.encodedOffsetOf(chunk), head.encodedLengthOf(chunk))
      const bit = 1 << (chunk & 7)
      const seen = this.#seen[chunk >>> 3] as number
      if ((seen & bit) === 0) {
        verifiedPlain(head, chunk, bytes)
        this.#seen[chunk >>> 3] = (this.#seen[chunk >>> 3] as number) | bit
      }
      return bytes
    } catch (cause) {
      throw new ArtifactUnreadable(`artifact ${this.id}, chunk ${chunk}: ${(cause as Error).message}`, { cause })
    }
  }

  /** Gives the handle back when the last read has ended. Reads after it open the file for themselves. */
  async retire(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (handle !== undefined && this.#reads === 0) await handle.close()
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const shared = this.#handle
    if (shared === undefined) return this.#readOnce(position, length)
    this.#reads += 1
    try {
      return await readExactly(shared, position, length)
    } finally {
      this.#reads -= 1
      // Retired meanwhile: the last reader closes.
      if (this.#reads === 0 && this.#handle === undefined) await shared.close()
    }
  }

  async #readOnce(position: number, length: number): Promise<Buffer> {
    const handle = await open(this.#path, constants.O_RDONLY)
    try {
      // The offsets of this reader are those of the file it was opened on.
      if ((await versionOf(handle)) !== this.#version)
        throw new RangeError('the file was replaced: open the artifact again')
      return await readExactly(handle, position, length)
    } finally {
      await handle.close()
    }
  }
}

/** Another one for every file that ever had the name: numbers of inodes alone are used again. */
async function versionOf(handle: FileHandle): Promise<string> {
  const { ino, mtimeNs } = await handle.stat({ bigint: true })
  return `${ino} ${mtimeNs}`
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new RangeError(`ends at ${position + filled}, expected ${position + length} at least`)
    filled += bytesRead
  }
  return bytes
}
