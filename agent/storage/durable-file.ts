// Whole files on the device's disk, of any size: hashed, and copied so that a power cut leaves the old one or the new.
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { Disk, DiskFile } from '../ports.ts'
import { errnoOf } from './disk-errors.ts'

export interface Content {
  /** Lower-case hex SHA-256. */
  readonly digest: string
  readonly sizeBytes: number
}

const pieceBytes = 256 * 1024

/** The first `sizeBytes` of it, or all. Undefined without a file. Memory for one piece. */
export async function contentOf(disk: Disk, path: string, sizeBytes = Infinity): Promise<Content | undefined> {
  return openedFor(disk, path, async file => {
    const hash = createHash('sha256')
    const read = await eachPiece(file, sizeBytes, async piece => void hash.update(piece))
    return { digest: hash.digest('hex'), sizeBytes: read }
  })
}

/** Temp, fsync, rename, fsync of the folder. `temp`: its name until it is whole; what is left of one is overwritten. */
export async function copyFile(
  disk: Disk,
  from: string,
  to: string,
  mode?: number,
  temp = `${to}.new`,
): Promise<Content> {
  const source = await disk.open(from, 'read')
  try {
    const hash = createHash('sha256')
    let sizeBytes = 0
    const target = await disk.open(temp, 'create', mode)
    try {
      await eachPiece(source, Infinity, async piece => {
        hash.update(piece)
        await target.write(sizeBytes, piece)
        sizeBytes += piece.length
      })
      await target.sync()
    } finally {
      await target.close()
    }
    await disk.rename(temp, to)
    await disk.syncFolder(dirname(to))
    return { digest: hash.digest('hex'), sizeBytes }
  } catch (error) {
    // A full disk would stay full. What hinders the removal as well is no news after the first error.
    await disk.remove(temp).catch(() => {})
    throw error
  } finally {
    await source.close()
  }
}

async function openedFor<T>(disk: Disk, path: string, use: (file: DiskFile) => Promise<T>): Promise<T | undefined> {
  let file: DiskFile
  try {
    file = await disk.open(path, 'read')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function eachPiece(
  file: DiskFile,
  sizeBytes: number,
  use: (piece: Uint8Array) => Promise<void>,
): Promise<number> {
  // A small file takes no large piece of memory.
  const memory = Buffer.allocUnsafe(Math.max(1, Math.min(pieceBytes, await file.size())))
  let read = 0
  while (read < sizeBytes) {
    const piece = await file.read(read, Math.min(memory.length, sizeBytes - read), memory)
    if (piece.length === 0) break
    await use(piece)
    read += piece.length
  }
  return read
}
