// The image under construction as a file that is written at offsets and read back.
import { type FileHandle, open } from 'node:fs/promises'
import type { Candidate } from '../../ports.ts'
import { replaceFile } from '../../slot-folder.ts'
import { absent, readIndexFile, reading, readUpTo, writing } from './storage.ts'

export class CandidateFile implements Candidate {
  readonly #file: FileHandle
  readonly #path: string
  readonly #index: string
  readonly #imageBytes: number
  readonly #onClose: () => void
  #open = true

  constructor(file: FileHandle, path: string, index: string, imageBytes: number, onClose: () => void) {
    this.#file = file
    this.#path = path
    this.#index = index
    this.#imageBytes = imageBytes
    this.#onClose = onClose
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset < 0 || offset + bytes.length > this.#imageBytes)
      throw new RangeError(`${bytes.length} bytes at ${offset} reach past the ${this.#imageBytes} of the image`)
    await writing(`writing ${this.#path}`, async () => {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, offset + written)
        written += bytesWritten
      }
    })
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return reading(this.#path, () => readUpTo(this.#file, offset, length))
  }

  async readIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#index)
  }

  async writeIndex(bytes: Uint8Array): Promise<void> {
    await writing(`writing ${this.#index}`, () => replaceFile(this.#index, bytes))
  }

  async sync(): Promise<void> {
    await writing(`fsync of ${this.#path}`, () => this.#file.sync())
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#onClose()
    await writing(`closing ${this.#path}`, () => this.#file.close())
  }
}

/** Readable and writable, made when absent, never emptied. Executable, because an image is a program. */
export async function openKeeping(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if (!absent(error)) throw error
    return open(path, 'wx+', 0o755)
  }
}
