// Bytes under construction as a file that is written at offsets and read back, with the chunk index beside it.
import { dirname } from 'node:path'
import type { Candidate, Disk, DiskFile } from '../../ports.ts'
import { replaceFile } from '../../slot-folder.ts'
import { readIndexFile, reading, writing } from './storage.ts'

export interface CandidatePaths {
  readonly image: string
  readonly index: string
}

/**
 * Opens (makes when absent, executable, because an image may be a program) what is kept at `paths`; the folder must
 * exist. What a longer image left behind is cut off: it would be hashed with the new one. Throws the system's errors.
 */
export async function openCandidateFile(
  disk: Disk,
  paths: CandidatePaths,
  imageBytes: number,
  onClose: () => void,
): Promise<Candidate> {
  const file = await disk.open(paths.image, 'update', 0o755)
  try {
    if ((await file.size()) > imageBytes) await file.truncate(imageBytes)
    await disk.syncFolder(dirname(paths.image))
  } catch (error) {
    await file.close()
    throw error
  }
  return new CandidateFile(disk, file, paths, imageBytes, onClose)
}

class CandidateFile implements Candidate {
  readonly #disk: Disk
  readonly #file: DiskFile
  readonly #paths: CandidatePaths
  readonly #imageBytes: number
  readonly #onClose: () => void
  #open = true

  constructor(disk: Disk, file: DiskFile, paths: CandidatePaths, imageBytes: number, onClose: () => void) {
    this.#disk = disk
    this.#file = file
    this.#paths = paths
    this.#imageBytes = imageBytes
    this.#onClose = onClose
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset < 0 || offset + bytes.length > this.#imageBytes)
      throw new RangeError(`${bytes.length} bytes at ${offset} reach past the ${this.#imageBytes} of the image`)
    await writing(`writing ${this.#paths.image}`, () => this.#file.write(offset, bytes))
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return reading(this.#paths.image, () => this.#file.read(offset, length))
  }

  async readIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#disk, this.#paths.index)
  }

  async writeIndex(bytes: Uint8Array): Promise<void> {
    await writing(`writing ${this.#paths.index}`, () => replaceFile(this.#disk, this.#paths.index, bytes))
  }

  async sync(): Promise<void> {
    await writing(`fsync of ${this.#paths.image}`, () => this.#file.sync())
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#onClose()
    await writing(`closing ${this.#paths.image}`, () => this.#file.close())
  }
}
