// Which event code an error of the device's surroundings stands for.
import { ChunkIndexError } from '../../proto/chunk-index.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { InstallFailed, StorageReadFailed, StorageWriteFailed, StoredThingMissing } from '../errors.ts'

/** Never throws; what nobody foresaw is UPD4_FAIL_41. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StorageWriteFailed)
    return { code: 'UPD4_FAIL_35', data: { errno: error.errno, reason: clipped(error.message) } }
  if (error instanceof StorageReadFailed)
    return { code: 'UPD4_FAIL_36', data: { errno: error.errno, reason: clipped(error.message) } }
  if (error instanceof InstallFailed) return { code: 'UPD4_FAIL_40', data: { reason: clipped(error.reason) } }
  if (error instanceof StoredThingMissing)
    return { code: 'UPD4_FAIL_44', data: { reason: 'missing', field: clipped(error.what) } }
  if (error instanceof ChunkIndexError)
    return { code: 'UPD4_FAIL_22', data: { field: 'chunk-index', reason: clipped(error.message) } }
  return { code: 'UPD4_FAIL_41', data: { reason: clipped(error instanceof Error ? error.message : String(error)) } }
}

function clipped(text: string): string {
  return text.slice(0, 160)
}
