// A number beside the database that says how many saves it must hold at least. It is written after each save, in place
// and without fsync: after a power cut it may be behind, which proves less, but it is never ahead.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

/** 16 digits, a space, 16 hex digits of SHA-256, a newline. */
const lineBytes = 34

export class SaveCount {
  readonly #file: FileHandle
  /** As found at the opening; 0 when there was none, or none that can be believed. */
  readonly found: number

  private constructor(file: FileHandle, found: number) {
    this.#file = file
    this.found = found
  }

  /** Throws the file system's error. */
  static async open(folder: string): Promise<SaveCount> {
    const file = await openOrMake(join(folder, 'saves'))
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(lineBytes), 0, lineBytes, 0)
      const line = buffer.subarray(0, bytesRead).toString()
      const count = Number(line.slice(0, 16))
      return new SaveCount(file, line === lineOf(count) ? count : 0)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async write(count: number): Promise<void> {
    try {
      await this.#file.write(Buffer.from(lineOf(count)), 0, lineBytes, 0)
    } catch {
      // The save itself is durable; an older number is a weaker watch over it, not a wrong one.
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return open(path, 'wx+')
  }
}

function lineOf(count: number): string {
  const digits = String(count).padStart(16, '0')
  return `${digits} ${createHash('sha256').update(digits).digest('hex').slice(0, 16)}\n`
}
