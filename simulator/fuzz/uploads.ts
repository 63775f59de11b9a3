// Bundles whose signature is good and whose content is not: fields of the manifest are changed and it is signed again, or
// bytes anywhere are.
import { createHash } from 'node:crypto'
import { encodeBundleHead, encodeChunk } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { chunkLengths } from '../../proto/chunker.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { chunkerFor } from '../../proto/image-chunks.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { madeKeys } from '../fleet/keys.ts'
import { makeImage } from '../fleet/release.ts'
import type { Seed } from '../world/seed.ts'
import { mutated } from './mutants.ts'

const key = madeKeys(1).release
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

const image = makeImage(1, 40_000)
const settings = chunkerFor(image.length)
const lengths = chunkLengths(image, settings)
const starts = lengths.map((_, n) => lengths.slice(0, n).reduce((sum, length) => sum + length, 0))
const chunks = lengths.map((length, n) => image.subarray(starts[n], (starts[n] ?? 0) + length))
const indexBytes = encodeChunkIndex(settings, lengths, Buffer.concat(chunks.map(sha256)))
const encoded = chunks.map(encodeChunk)
const shape = encoded.map(({ encoding, bytes }) => ({ encoding, length: bytes.length }))
const body = encoded.map(({ bytes }) => bytes)
const digest = sha256(image).toString('hex')
const manifest: Manifest = {
  vendorId: '07'.repeat(16),
  classId: '07'.repeat(16),
  priority: 0,
  component: 'app',
  version: '2.0.0',
  releaseCounter: 1,
  expiresAt: 4_102_358_400_000,
  payloadSize: image.length,
  payloadSha256: digest,
  installedSize: image.length,
  installedSha256: digest,
  chunkIndexSize: indexBytes.length,
  chunkIndexSha256: sha256(indexBytes).toString('hex'),
  uri: 'mqtt:',
  format: 'raw',
  vendorData: new Uint8Array(0),
  needsReboot: false,
  prerequisites: [],
}
const good = encodeManifest(manifest)

/** Of the one image that all of this is about. */
export const imageSha256 = sha256(image)

export function goodBundle(): Buffer {
  return bundleOf(good)
}

/** Now and then good after all. */
export function badBundle(chance: Seed): Buffer {
  const statement = chance.chance(0.6) ? mutated(good, [good, indexBytes], chance) : changed(chance)
  const bundle = bundleOf(statement)
  if (chance.chance(0.7)) return bundle
  // The head is where the reading is; the rest is compared with digests.
  const head = bundle.length - body.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat([mutated(bundle.subarray(0, head), [bundle], chance), bundle.subarray(head)])
}

function changed(chance: Seed): Buffer {
  const version = `${chance.whole(0, 3)}.${chance.whole(0, 9)}.0`
  const odd = [0, 1, image.length - 1, image.length + 1, 2 ** 32][chance.whole(0, 4)] ?? 0
  const field = (['payloadSize', 'installedSize', 'chunkIndexSize', 'releaseCounter', 'expiresAt'] as const)[
    chance.whole(0, 4)
  ]
  return encodeManifest({
    ...manifest,
    version,
    ...(field !== undefined && chance.chance(0.7) ? { [field]: odd } : {}),
  })
}

function bundleOf(statement: Uint8Array): Buffer {
  if (key === undefined) throw new Error('expected a key made from the seed')
  return Buffer.concat([encodeBundleHead(signEnvelope('manifest', statement, [key]), indexBytes, shape), ...body])
}
