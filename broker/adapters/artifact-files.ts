// Artifacts as files: one folder, one file `<artifact id>.bundle` an artifact, exactly the bundle the operator uploaded.
//
//   upload ──▶ upload-7.partial (verified while it is written) ──▶ fsync ──▶ rename ──▶ fsync of the folder
//
// A file under its final name is whole and was verified; what a crash left half is removed when the folder is opened.
// Names are made here from a counter and from the digest, never from what a client says. One process owns the folder.
// What may be in a bundle stands in artifact-files/intake.ts, how it is read in artifact-files/reader.ts.
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { BundleError } from '../../proto/bundle.ts'
import type { ArtifactId } from '../../proto/ids.ts'
import { StoreUnavailable } from '../errors.ts'
import type { ArtifactReader, ArtifactStore, ReceivedBundle } from '../ports.ts'
import { receiveBundle } from './artifact-files/intake.ts'
import { type BundleFile, openBundleFile } from './artifact-files/reader.ts'

export interface ArtifactFilesSettings {
  /** Largest bundle taken, bytes. */
  readonly bundleBytesMax: number
  /** Uploads at a time; each may need 32 MiB of memory, for the largest head. The next is told to try again. */
  readonly uploadsMax: number
  /** Artifacts kept open between reads: a file handle each, and 48 bytes a chunk. */
  readonly openArtifactsMax: number
}

export const artifactFilesDefaults: ArtifactFilesSettings = {
  bundleBytesMax: 4 * 1024 ** 3 + 16 * 1024 ** 2,
  uploadsMax: 4,
  openArtifactsMax: 64,
}

const partial = /^upload-\d+\.partial$/

export class ArtifactFiles implements ArtifactStore {
  readonly #folder: string
  readonly #settings: ArtifactFilesSettings
  /** Least recently opened first. */
  readonly #readers = new Map<ArtifactId, Promise<BundleFile | undefined>>()
  /** The last of the uploads that want their final name; they take it one after the other. */
  #lastInstall: Promise<unknown> = Promise.resolve()
  #uploads = 0
  #uploadNumber = 0
  #closed = false

  /** Makes the folder when it is absent. Rejects with StoreUnavailable. */
  static async open(folder: string, settings: Partial<ArtifactFilesSettings> = {}): Promise<ArtifactFiles> {
    try {
      await mkdir(folder, { recursive: true })
      for (const name of await readdir(folder)) if (partial.test(name)) await unlink(join(folder, name))
    } catch (cause) {
      throw new StoreUnavailable(`opening the artifact folder ${folder}`, { cause })
    }
    return new ArtifactFiles(folder, { ...artifactFilesDefaults, ...settings })
  }

  private constructor(folder: string, settings: ArtifactFilesSettings) {
    this.#folder = folder
    this.#settings = settings
  }

  /** An error of `bytes` itself (the client went away) passes through. */
  async receive(bytes: AsyncIterable<Uint8Array>): Promise<ReceivedBundle> {
    this.#mustBeOpen()
    if (this.#uploads >= this.#settings.uploadsMax)
      throw new StoreUnavailable(`${this.#uploads} uploads are under way: try again when one has ended`)
    this.#uploads += 1
    this.#uploadNumber += 1
    const path = join(this.#folder, `upload-${this.#uploadNumber}.partial`)
    try {
      const handle = await onDisk('creating the upload file', open(path, 'wx'))
      try {
        const { artifact, envelope, chunkIndexSha256 } = await receiveBundle(
          bytes,
          this.#settings.bundleBytesMax,
          part => this.#write(handle, part),
        )
        await onDisk('making the upload durable', handle.sync())
        const install = this.#lastInstall.then(() => this.#install(path, artifact, chunkIndexSha256))
        // The failure belongs to this upload alone; the next one only waits for its end.
        this.#lastInstall = install.catch(() => undefined)
        await install
        return { artifact, envelope }
      } finally {
        await handle.close()
      }
    } catch (error) {
      // Gone already when the rename was done; whatever else keeps it here, the next open removes it.
      await unlink(path).catch(() => undefined)
      throw error
    } finally {
      this.#uploads -= 1
    }
  }

  /** Where its bundle lies, if it is here: for who reads it in another thread. */
  bundlePath(artifact: ArtifactId): string {
    return join(this.#folder, `${artifact}.bundle`)
  }

  async open(artifact: ArtifactId): Promise<ArtifactReader | undefined> {
    this.#mustBeOpen()
    const known = this.#readers.get(artifact)
    const reading = known ?? openBundleFile(this.bundlePath(artifact), artifact)
    this.#readers.delete(artifact)
    this.#readers.set(artifact, reading)
    try {
      const [oldest] = this.#readers.keys()
      if (oldest !== undefined && oldest !== artifact && this.#readers.size > this.#settings.openArtifactsMax)
        await this.#retire(oldest)
      const reader = await reading
      if (reader === undefined && this.#readers.get(artifact) === reading) this.#readers.delete(artifact)
      return reader
    } catch (error) {
      if (this.#readers.get(artifact) === reading) this.#readers.delete(artifact)
      throw error
    }
  }

  /** Uploads under way fail with StoreUnavailable at their next piece. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#lastInstall
    await Promise.all([...this.#readers.keys()].map(artifact => this.#retire(artifact)))
  }

  /**
   * The verified file takes its name, also when there is one already: so a damaged file is mended by uploading it again.
   * But devices under way know the chunks by the index they were promised, so that one may not change.
   */
  async #install(path: string, artifact: ArtifactId, chunkIndexSha256: string): Promise<void> {
    const stored = await openBundleFile(this.bundlePath(artifact), artifact).catch(() => undefined)
    await stored?.retire()
    if (stored !== undefined && stored.chunkIndexSha256 !== chunkIndexSha256)
      throw new BundleError(
        `chunk index ${chunkIndexSha256}: artifact ${artifact} is stored with chunk index ${stored.chunkIndexSha256}; cut the image with the same chunk settings`,
      )
    this.#mustBeOpen()
    await onDisk('naming the artifact', rename(path, this.bundlePath(artifact)))
    await this.#retire(artifact)
    const folder = await onDisk('opening the artifact folder', open(this.#folder, 'r'))
    try {
      await onDisk('making the artifact durable', folder.sync())
    } finally {
      await folder.close()
    }
  }

  async #write(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
    this.#mustBeOpen()
    let position = 0
    const bytes = Buffer.concat(parts)
    // A disk that fills up may take a part only; the next write then says why.
    while (position < bytes.length) {
      const { bytesWritten } = await onDisk('writing the upload', handle.write(bytes, position))
      position += bytesWritten
    }
  }

  async #retire(artifact: ArtifactId): Promise<void> {
    const reading = this.#readers.get(artifact)
    this.#readers.delete(artifact)
    // A file that could not be opened has nothing to close; who asked for it was told.
    const reader = await reading?.catch(() => undefined)
    await reader?.retire()
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the artifact folder is closed')
  }
}

async function onDisk<T>(what: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing
  } catch (cause) {
    throw new StoreUnavailable(what, { cause })
  }
}
