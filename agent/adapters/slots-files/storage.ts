// Names for what the file system refuses, and the few reads that all of this folder shares.
import { type FileHandle, readFile, stat } from 'node:fs/promises'
import { chunkIndexBytesMax } from '../../../proto/limits.ts'
import { StorageReadFailed, StorageWriteFailed, StoredThingCorrupt, StoredThingMissing } from '../../errors.ts'
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

export function nothingWhenAbsent(error: unknown): undefined {
  if (!absent(error)) throw error
}

export function absent(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT'
}

/** Fewer bytes only at the end of the file. */
export async function readUpTo(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length)
  let held = 0
  while (held < length) {
    const { bytesRead } = await file.read(bytes, held, length - held, offset + held)
    if (bytesRead === 0) break
    held += bytesRead
  }
  return bytes.subarray(0, held)
}

/** Undefined without a file, and for one no index can be: it only saves work, the manifest decides what is believed. */
export async function readIndexFile(path: string): Promise<Uint8Array | undefined> {
  return reading(path, async () => {
    const sizeBytes = (await stat(path).catch(nothingWhenAbsent))?.size
    return sizeBytes === undefined || sizeBytes > chunkIndexBytesMax ? undefined : readFile(path)
  })
}
