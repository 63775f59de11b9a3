// What a reader says about each kind of vector: the contract's own functions, put together as a device does it.
import { createHash } from 'node:crypto'
import { decodeChunk } from '../../proto/bundle.ts'
import { ChunkIndex, ChunkIndexError } from '../../proto/chunk-index.ts'
import type { ChunkEncoding } from '../../proto/chunk-piece.ts'
import { WireError } from '../../proto/codec.ts'
import { distrust, EnvelopeError, openEnvelope, parseTrustDocument, roleFor } from '../../proto/envelope.ts'
import { type ManifestFormat, readManifest } from '../../proto/manifest.ts'
import { type Json, jsonOf } from './vector-file.ts'

export interface TestDevice {
  readonly now: number
  readonly vendorId: string
  readonly classId: string
  readonly deviceId: string
  readonly formats: readonly ManifestFormat[]
}

/** A signed manifest for an operation `firmware-update`, read by `device` which holds `trustBytes`. */
export function judgeManifest(bytes: Uint8Array, trustBytes: Uint8Array | undefined, device: TestDevice): Json {
  try {
    const envelope = openEnvelope(bytes)
    if (trustBytes === undefined) return { code: 'UPD4_FAIL_44' }
    const trust = parseTrustDocument(trustBytes)
    const reason = distrust(envelope, 'manifest', roleFor('firmware-update', trust), trust)
    if (reason !== undefined) return { code: 'UPD4_FAIL_23', reason }
    const verdict = readManifest(envelope.payload, device)
    if (verdict.ok) return { manifest: jsonOf(verdict.manifest) }
    const { code, data } = verdict.failure
    return jsonOf({ code, field: data.field, reason: data.reason })
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    if (error.code === 'NOT_TRUSTED') return { code: 'UPD4_FAIL_23', reason: error.reason }
    if (error.code === 'KEY_UNUSABLE') return { code: 'UPD4_FAIL_43', reason: error.reason }
    return { code: error.code === 'SCHEMA_VERSION' ? 'UPD4_FAIL_28' : 'UPD4_FAIL_22' }
  }
}

/** A device that holds a document it cannot use holds none (44); a key in it that does not parse is 43. */
export function judgeTrust(bytes: Uint8Array, now: number): Json {
  try {
    const { version, expiresAt, keys, roles, operationTypes } = parseTrustDocument(bytes, now)
    const algorithms = new Map([...keys].map(([keyId, { algorithm }]) => [keyId, algorithm]))
    return jsonOf({ trust: { version, expiresAt, keys: algorithms, roles, operationTypes } })
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    const code = error.code === 'KEY_UNUSABLE' ? 'UPD4_FAIL_43' : 'UPD4_FAIL_44'
    return error.code === 'NOT_TRUSTED' || error.code === 'KEY_UNUSABLE'
      ? { code, error: error.code, reason: error.reason }
      : { code, error: error.code }
  }
}

/** The digest first, then the form, then the size that the manifest names. */
export function judgeChunkIndex(bytes: Uint8Array, declaredSha256: string, payloadSize: number): Json {
  if (createHash('sha256').update(bytes).digest('hex') !== declaredSha256) return { code: 'UPD4_FAIL_26' }
  try {
    const index = ChunkIndex.parse(bytes)
    if (index.imageSize !== payloadSize) return { code: 'UPD4_FAIL_22' }
    const chunks = Array.from({ length: index.count }, (_, chunk) => ({
      offset: index.offsetOf(chunk),
      length: index.lengthOf(chunk),
      sha256: index.digestOf(chunk).toString('hex'),
    }))
    return jsonOf({ index: { ...index.settings, imageSize: index.imageSize, chunks } })
  } catch (error) {
    if (!(error instanceof ChunkIndexError)) throw error
    return { code: 'UPD4_FAIL_22' }
  }
}

/** One whole chunk as it travelled. What does not inflate to the length is as wrong as what has another digest. */
export function judgeChunk(bytes: Uint8Array, encoding: ChunkEncoding, length: number, sha256: string): Json {
  try {
    const plain = decodeChunk({ encoding, bytes }, length)
    return createHash('sha256').update(plain).digest('hex') === sha256
      ? { plain: jsonOf(plain) }
      : { code: 'UPD4_FAIL_26' }
  } catch {
    // RangeError or an error of zlib: the caller fetches the chunk again, and reports 26 when that does not help.
    return { code: 'UPD4_FAIL_26' }
  }
}

/** A message between device and broker: its value, or the path of the field that is refused. */
export function judgeMessage(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): Json {
  try {
    return { value: jsonOf(read(bytes)) }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { refused: error.field }
  }
}
