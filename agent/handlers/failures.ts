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
  if (isOutOfMemory(error))
    return { code: 'UPD4_FAIL_34', data: { reason: 'allocation', actual: clipped(messageOf(error)) } }
  if (isOfCryptography(error))
    return { code: 'UPD4_FAIL_43', data: { reason: 'engine', actual: clipped(messageOf(error)) } }
  return { code: 'UPD4_FAIL_41', data: { reason: clipped(messageOf(error)) } }
}

/** What V8 and Node say when there is no room for a buffer. Our own RangeErrors have other words. */
function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof RangeError)) return false
  return /^(Array buffer allocation failed|Invalid typed array length|The value of "size" is out of range)/.test(
    error.message,
  )
}

/** OpenSSL refuses an algorithm, or a key; a provider that is missing says it without a code. */
function isOfCryptography(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code = '' } = error as NodeJS.ErrnoException
  return /^ERR_(OSSL|CRYPTO)_/.test(code) || error.message === 'Digest method not supported'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function clipped(text: string): string {
  return text.slice(0, 160)
}
