// Names for what the file system refuses, and the few reads that all of this folder shares.
import { chunkIndexBytesMax } from '../../../proto/limits.ts'
import { StorageReadFailed, StorageWriteFailed, StoredThingCorrupt, StoredThingMissing } from '../../errors.ts'
import type { Disk } from '../../ports.ts'
import { readWhole } from '../../slot-folder.ts'
import { SlotRecordCorrupt } from '../../slot-record.ts'

/** Throws StorageReadFailed, StoredThingMissing, StoredThingCorrupt. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof SlotRecordCorrupt) throw new StoredThingCorrupt(cause.message, { cause })
    // What is no system error has its name already, or is our own mistake.
    if (!isSystemError(cause)) throw cause
    if (cause.code === 'ENOENT') throw new StoredThingMissing(path, { cause })
    throw new StorageReadFailed(`reading ${path}`, cause.code, { cause })
  }
}

/** Throws StorageWriteFailed. */
export async function writing<T>(doing: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw new StorageWriteFailed(doing, cause.code, { cause })
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'errno' in error && 'syscall' in error && 'code' in error
}

export function absent(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT'
}

/** Undefined without a file, and for one no index can be: it only saves work, the manifest decides what is believed. */
export async function readIndexFile(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  return reading(path, async () => {
    const bytes = await readWhole(disk, path, chunkIndexBytesMax + 1)
    return bytes === undefined || bytes.length > chunkIndexBytesMax ? undefined : bytes
  })
}

/** Sizes of all files below; 0 for a folder that is not there. */
export async function usedBytes(disk: Disk, folder: string): Promise<number> {
  let bytes = 0
  try {
    for (const { name, isFolder } of await disk.list(folder)) {
      const path = `${folder}/${name}`
      bytes += isFolder ? await usedBytes(disk, path) : ((await disk.sizeOf(path)) ?? 0)
    }
  } catch (error) {
    // A temp file that was renamed meanwhile, or a slot that was never written.
    if (!absent(error)) throw error
  }
  return bytes
}
