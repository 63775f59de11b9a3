// The file with the image that counts, for reading. Thousands of chunks are read from one image, so it stays open until
// another one counts.

import { StorageReadFailed } from '../errors.ts'
import type { Disk, DiskFile } from '../ports.ts'
import { reading } from './disk-errors.ts'

export class ActiveFile {
  readonly #disk: Disk
  readonly #name: string
  #file: Promise<DiskFile> | undefined

  /** `name`: for error messages. */
  constructor(disk: Disk, name: string) {
    this.#disk = disk
    this.#name = name
  }

  /** Exactly `length` bytes, in `into` when given; `path` is asked for when the file is not open. Throws StorageReadFailed, StoredThing…. */
  async read(path: () => Promise<string>, offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    const bytes = await reading(this.#name, async () => {
      this.#file ??= path().then(found => this.#disk.open(found, 'read'))
      try {
        return await (await this.#file).read(offset, length, into)
      } catch (error) {
        await this.forget()
        throw error
      }
    })
    if (bytes.length === length) return bytes
    throw new StorageReadFailed(`reading ${length} bytes at ${offset} of ${this.#name}, got ${bytes.length}`, 'SHORT')
  }

  /** Closes it; the next read opens what counts then. */
  async forget(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    // A file that could not be opened has told so to its reader.
    await file?.then(opened => opened.close()).catch(() => {})
  }
}
