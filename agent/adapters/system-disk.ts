// The file system of the machine, as the operating system gives it. Node's built-ins alone: boot works with it too.
import { constants, type FileHandle, mkdir, open, readdir, rename, rmdir, stat, statfs, unlink } from 'node:fs/promises'
import type { Disk, DiskFile } from '../ports.ts'

/** No letters of `open` say `update`: r+ refuses a file that is not there, w+ empties one that is. */
const flags = { read: 'r', update: constants.O_RDWR | constants.O_CREAT, create: 'w+' } as const

export const systemDisk: Disk = {
  async open(path, how, mode) {
    const file = await open(path, flags[how], mode ?? 0o666)
    try {
      // `open` leaves the mode of a file that was there already, and the mask of the process has no say.
      if (mode !== undefined && how !== 'read') await file.chmod(mode)
    } catch (error) {
      await file.close()
      throw error
    }
    return new SystemFile(file)
  },
  rename: (from, to) => rename(from, to),
  async remove(path) {
    try {
      await unlink(path)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return
      // What Linux and others answer for a folder.
      if (code !== 'EISDIR' && code !== 'EPERM') throw error
      await rmdir(path)
    }
  },
  async makeFolder(path) {
    await mkdir(path, { recursive: true })
  },
  async list(path) {
    const entries = await readdir(path, { withFileTypes: true })
    return entries.map(entry => ({ name: entry.name, isFolder: entry.isDirectory() }))
  },
  async sizeOf(path) {
    try {
      const found = await stat(path)
      if (!found.isBlockDevice()) return found.size
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
    const file = await open(path, 'r')
    try {
      return await blockDeviceBytes(file)
    } finally {
      await file.close()
    }
  },
  async factsOf(path) {
    try {
      const { mode, mtime } = await stat(path)
      return { mode: mode & 0o777, modifiedMs: mtime.getTime() }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
  async syncFolder(path) {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

class SystemFile implements DiskFile {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  async read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    const bytes = into ?? Buffer.allocUnsafe(length)
    let held = 0
    while (held < length) {
      const { bytesRead } = await this.#file.read(bytes, held, length - held, offset + held)
      if (bytesRead === 0) break
      held += bytesRead
    }
    return bytes.subarray(0, held)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    let written = 0
    while (written < bytes.length)
      written += (await this.#file.write(bytes, written, bytes.length - written, offset + written)).bytesWritten
  }

  async size(): Promise<number> {
    const found = await this.#file.stat()
    return found.isBlockDevice() ? blockDeviceBytes(this.#file) : found.size
  }

  async truncate(size: number): Promise<void> {
    await this.#file.truncate(size)
  }

  async sync(): Promise<void> {
    await this.#file.sync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** `stat` tells no size of a block device. Reading ends where it ends, so its last byte is looked for. */
async function blockDeviceBytes(file: FileHandle): Promise<number> {
  const byte = Buffer.alloc(1)
  const holds = async (offset: number): Promise<boolean> => (await file.read(byte, 0, 1, offset)).bytesRead === 1
  let past = 512
  while (past < 2 ** 52 && (await holds(past - 1))) past *= 2
  let held = past === 512 ? 0 : past / 2
  while (past - held > 1) {
    const middle = Math.floor((held + past) / 2)
    if (await holds(middle - 1)) held = middle
    else past = middle
  }
  return held
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
