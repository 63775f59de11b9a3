// Names for what a disk refuses. The Disk port throws the system's own errors; what they mean for an update is decided by
// whoever asked: reading is UPD4_FAIL_36 (44 when nothing is there), writing UPD4_FAIL_35, always with the errno.
import { StorageReadFailed, StorageWriteFailed, StoredThingCorrupt, StoredThingMissing } from '../errors.ts'
import { SlotRecordCorrupt } from './slot-record.ts'

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

/** `ENOENT` and the like; undefined for what no system call threw. */
export function errnoOf(error: unknown): string | undefined {
  return isSystemError(error) ? error.code : undefined
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'errno' in error && 'syscall' in error && 'code' in error
}
