// Bytes under construction in one file of the device (a partition is one too), with the chunk index in a file of its own.
import { dirname } from 'node:path'
import { chunkIndexBytesMax } from '../../proto/limits.ts'
import { StorageWriteFailed } from '../errors.ts'
import type { Candidate, Disk, DiskFile } from '../ports.ts'
import { reading, writing } from './disk-errors.ts'
import { readWhole, replaceFile } from './slot-folder.ts'

export interface CandidatePlace {
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

  /**
   * The file at `place`, made with `mode` when absent; its folder exists. What a longer image left behind is cut off: it
   * would be hashed with the new one. Throws the system's errors.
   */
  static async open(disk: Disk, place: CandidatePlace, mode?: number): Promise<FileCandidate> {
    const file = await disk.open(place.path, 'update', mode)
    try {
      if ((await file.size()) > place.imageBytes) await file.truncate(place.imageBytes)
      await disk.syncFolder(dirname(place.path))
    } catch (error) {
      await file.close()
      throw error
    }
    return new FileCandidate(disk, file, place)
  }

  /** Owns `file`, what is at `place.path`, from now on. */
  constructor(disk: Disk, file: DiskFile, place: CandidatePlace) {
    this.#disk = disk
    this.#file = file
    this.#place = place
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const { path, imageBytes } = this.#place
    if (offset < 0 || offset + bytes.length > imageBytes)
      throw new RangeError(`${bytes.length} bytes at ${offset} reach past the ${imageBytes} of the image`)
    try {
      await writing(`writing ${path}`, () => this.#file.write(offset, bytes))
    } catch (error) {
      if (error instanceof StorageWriteFailed && error.errno === 'ENOSPC') await this.#giveBack()
      throw error
    }
  }

  /** The journal may lie on the same full disk, and without room nobody would ever be told. A partition stays as it is. */
  async #giveBack(): Promise<void> {
    await this.#file.truncate(0).catch(() => {})
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
