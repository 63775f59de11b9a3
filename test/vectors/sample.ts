// The image, chunk index, manifest and device that most vectors speak about.
import { createHash } from 'node:crypto'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { type ChunkerSettings, chunkLengths } from '../../proto/chunker.ts'
import { decode, encode, type WireManifest } from '../../proto/codec.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import type { TestDevice } from './judge.ts'

export function sha256(bytes: Uint8Array | string): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** SHA-256("{seed} 0") ‖ SHA-256("{seed} 1") ‖ …, cut to `length` bytes. */
export function stream(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, number) => sha256(`${seed} ${number}`))
  return Buffer.concat(blocks).subarray(0, length)
}

export const settings: ChunkerSettings = { minimumBytes: 256, averageBytes: 1024, maximumBytes: 4096 }
export const image = stream('drover test image', 8192)
export const lengths = chunkLengths(image, settings)
export const digests = digestsOf(image, lengths)
export const indexBytes = encodeChunkIndex(settings, lengths, digests)

export function digestsOf(bytes: Uint8Array, cuts: readonly number[]): Buffer {
  let offset = 0
  return Buffer.concat(
    cuts.map(length => {
      offset += length
      return sha256(bytes.subarray(offset - length, offset))
    }),
  )
}

export const device: TestDevice = {
  now: Date.UTC(2027, 0, 1),
  vendorId: '0123456789abcdef0123456789abcdef',
  classId: 'fedcba9876543210fedcba9876543210',
  deviceId: 'sensor-1',
  formats: ['raw', 'delta-zstd', 'combined'],
}

const imageSha256 = sha256(image).toString('hex')
export const manifest: Manifest = {
  vendorId: device.vendorId,
  classId: device.classId,
  priority: 1,
  component: 'main',
  version: '2.0.0',
  releaseCounter: 2,
  expiresAt: Date.UTC(2030, 0, 1),
  payloadSize: image.length,
  payloadSha256: imageSha256,
  installedSize: image.length,
  installedSha256: imageSha256,
  chunkIndexSize: indexBytes.length,
  chunkIndexSha256: sha256(indexBytes).toString('hex'),
  uri: 'mqtt:',
  format: 'raw',
  vendorData: new Uint8Array(0),
  needsReboot: true,
  prerequisites: [],
}

/** The sample manifest with some fields replaced, or left out (`undefined`), whatever that makes of it. */
export function manifestWith(changes: { readonly [Field in keyof WireManifest]?: WireManifest[Field] | undefined }) {
  const wire: Record<string, unknown> = { ...decode('Manifest', encodeManifest(manifest), 65536), ...changes }
  for (const [field, value] of Object.entries(wire)) if (value === undefined) delete wire[field]
  return encode('Manifest', wire as unknown as WireManifest)
}
