// Room on the device's disk: what files take, and what is left for whoever may write over some of them.
import { join } from 'node:path'
import type { Disk } from '../ports.ts'
import { errnoOf, reading } from './disk-errors.ts'

/** Sizes of all files below, as `ls` tells them; 0 for a folder that is not there. */
export async function usedBytes(disk: Disk, folder: string): Promise<number> {
  let bytes = 0
  try {
    for (const { name, isFolder } of await disk.list(folder)) {
      const path = join(folder, name)
      // A temp file may have been renamed meanwhile.
      bytes += isFolder ? await usedBytes(disk, path) : ((await disk.sizeOf(path)) ?? 0)
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  return bytes
}

/**
 * Bytes that may be written into `own`, a folder below `root`: what is there already may be written over. `bytesMax`: what
 * all of `root` may hold; absent: what the file system has. Throws StorageReadFailed.
 */
export async function roomFor(disk: Disk, own: string, root: string, bytesMax: number | undefined): Promise<number> {
  return reading(root, async () => {
    const ownBytes = await usedBytes(disk, own)
    const free = (await disk.freeBytes(root)) + ownBytes
    if (bytesMax === undefined) return free
    return Math.max(0, Math.min(free, bytesMax - ((await usedBytes(disk, root)) - ownBytes)))
  })
}
