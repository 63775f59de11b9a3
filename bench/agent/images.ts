// Two versions of an image of any size, the same in every run, and the bundle of the second one.
import { createCipheriv, createHash } from 'node:crypto'
import { encodeBundleHead } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { chunkLengths } from '../../proto/chunker.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { makeTrust, testClassId, testExpiresAt, testKeys, testVendorId } from '../../test/fixtures/bundle.ts'
import { component } from '../engine/registry.ts'

export const mebibyte = 1024 * 1024

/** Nobody can compress them; every second MiB of both is the same. */
export function imagesOf(sizeMib: number): { readonly before: Buffer; readonly after: Buffer } {
  const before = noise('before', sizeMib)
  const after = noise('after', sizeMib)
  for (let at = 0; at < before.length; at += 2 * mebibyte) before.copy(after, at, at, at + mebibyte)
  return { before, after }
}

export interface Bundle {
  /** What an operator uploads, in order. */
  readonly parts: readonly Buffer[]
  /** The trust document of the device. */
  readonly trust: Buffer
}

/** `image` as version 2.0.0, its chunks as they are. */
export function bundleOf(image: Buffer, averageBytes: number): Bundle {
  const settings = { minimumBytes: averageBytes / 4, averageBytes, maximumBytes: averageBytes * 4 }
  const lengths = chunkLengths(image, settings)
  const digests: Buffer[] = []
  let offset = 0
  for (const length of lengths) {
    digests.push(sha256(image.subarray(offset, offset + length)))
    offset += length
  }
  const index = encodeChunkIndex(settings, lengths, Buffer.concat(digests))
  const digest = sha256(image).toString('hex')
  const manifest: Manifest = {
    vendorId: testVendorId,
    classId: testClassId,
    priority: 0,
    component,
    version: '2.0.0',
    releaseCounter: 2,
    expiresAt: testExpiresAt,
    payloadSize: image.length,
    payloadSha256: digest,
    installedSize: image.length,
    installedSha256: digest,
    chunkIndexSize: index.length,
    chunkIndexSha256: sha256(index).toString('hex'),
    uri: 'mqtt:',
    format: 'raw',
    vendorData: new Uint8Array(0),
    needsReboot: false,
    prerequisites: [],
  }
  const keys = testKeys()
  const envelope = signEnvelope('manifest', encodeManifest(manifest), [keys.release])
  const chunks = lengths.map(length => ({ encoding: 'plain', length }) as const)
  return { parts: [encodeBundleHead(envelope, index, chunks), image], trust: makeTrust(keys) }
}

/** AES in counter mode under a key made from the seed. */
function noise(seed: string, sizeMib: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', sha256(Buffer.from(seed)).subarray(0, 16), Buffer.alloc(16))
  const zeros = Buffer.alloc(mebibyte)
  const image = Buffer.allocUnsafe(sizeMib * mebibyte)
  for (let part = 0; part < sizeMib; part += 1) cipher.update(zeros).copy(image, part * mebibyte)
  return image
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
