// Bytes under construction in one file of the device (a partition is one too), with the chunk index in a file of its own.
import { chunkIndexBytesMax } from '../proto/limits.ts'
import { reading, writing } from './disk-errors.ts'
import type { Candidate, Disk, DiskFile } from './ports.ts'
import { readWhole, replaceFile } from './slot-folder.ts'

export interface CandidatePlace {
  /** For error messages. */
  readonly path: string
  readonly indexPath: string
  readonly imageBytes: number
  readonly onClose: () => void
}

export class FileCandidate implements Candidate {
  readonly #disk: Disk
  readonly #file: DiskFile
  readonly #place: CandidatePlace
  #open = true

  /** Owns `file` from now on. */
  constructor(disk: Disk, file: DiskFile, place: CandidatePlace) {
    this.#disk = disk
    this.#file = file
    this.#place = place
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const { path, imageBytes } = this.#place
    if (offset < 0 || offset + bytes.length > imageBytes)
      throw new RangeError(`${bytes.length} bytes at ${offset} reach past the ${imageBytes} of the image`)
    await writing(`writing ${path}`, () => this.#file.write(offset, bytes))
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const { path, imageBytes } = this.#place
    // A partition goes on after the image.
    const upTo = Math.max(0, Math.min(length, imageBytes - offset))
    return reading(path, () => this.#file.read(offset, upTo))
  }

  async readIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#disk, this.#place.indexPath)
  }

  async writeIndex(bytes: Uint8Array): Promise<void> {
    const { indexPath } = this.#place
    await writing(`writing ${indexPath}`, () => replaceFile(this.#disk, indexPath, bytes))
  }

  async sync(): Promise<void> {
    await writing(`fsync of ${this.#place.path}`, () => this.#file.sync())
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#place.onClose()
    await writing(`closing ${this.#place.path}`, () => this.#file.close())
  }
}

/** Undefined without a file, and for one no index can be: it only saves work, the manifest decides what is believed. */
export async function readIndexFile(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  const bytes = await reading(path, () => readWhole(disk, path, chunkIndexBytesMax + 1))
  return bytes === undefined || bytes.length > chunkIndexBytesMax ? undefined : bytes
}
