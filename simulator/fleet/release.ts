// What the update brings: an image made from the seed or read from a file, and a signed bundle of it for each vendor and
// class in the fleet. All bundles of one image are one release.
import { createHash, type KeyObject } from 'node:crypto'
import { encodeBundleHead, encodeChunk } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { chunkLengths } from '../../proto/chunker.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { chunkerFor } from '../../proto/image-chunks.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { compareVersions } from '../../proto/version.ts'
import { Seed } from '../world/seed.ts'
import type { DeviceProfile } from './plan.ts'

/** What is to run on every sensor in the end. */
export interface Target {
  readonly component: string
  readonly version: string
}

/** Throws TypeError naming the flag when no profile has the component, or one has no older version of it. */
export function targetOf(
  profiles: readonly DeviceProfile[],
  component: string | undefined,
  version: string | undefined,
): Target {
  const name = component ?? profiles[0]?.components[0]?.name ?? ''
  const versions = profiles
    .flatMap(profile => profile.components.filter(each => each.name === name))
    .map(each => each.version)
  const newest = [...versions].sort(compareVersions).at(-1)
  if (newest === undefined)
    throw new TypeError(`--component: expected a component of a profile, got ${JSON.stringify(name)}`)
  if (version === undefined) return { component: name, version: `${Number(newest.split('.')[0]) + 1}.0.0` }
  if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version))
    throw new TypeError(`--version: expected a version such as 2.0.0, got ${JSON.stringify(version)}`)
  if (compareVersions(version, newest) <= 0)
    throw new TypeError(`--version: expected one above ${newest}, which a profile has already, got ${version}`)
  return { component: name, version }
}

/** Bytes nobody can compress; the same seed gives the same. */
export function makeImage(seed: number, bytes: number): Buffer {
  const chance = new Seed(`fleet image ${seed}`)
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let word = 0; word < words.length; word += 1) words[word] = chance.whole(0, 2 ** 32 - 1)
  return Buffer.from(words.buffer, 0, bytes)
}

/** One bundle for each vendor and class among the profiles that have the component. */
export function makeBundles(
  image: Uint8Array,
  target: Target,
  profiles: readonly DeviceProfile[],
  key: KeyObject,
): readonly Buffer[] {
  const settings = chunkerFor(image.length)
  const lengths = chunkLengths(image, settings)
  let offset = 0
  const chunks = lengths.map(length => {
    offset += length
    return image.subarray(offset - length, offset)
  })
  const indexBytes = encodeChunkIndex(settings, lengths, Buffer.concat(chunks.map(sha256)))
  const encoded = chunks.map(encodeChunk)
  const shape = encoded.map(({ encoding, bytes }) => ({ encoding, length: bytes.length }))
  const digest = sha256(image).toString('hex')
  const [major = 0, minor = 0, patch = 0] = target.version.split('.').map(Number)
  const owners = profiles.filter(({ components }) => components.some(({ name }) => name === target.component))
  const identities = new Map(owners.map(profile => [`${profile.vendorId}/${profile.classId}`, profile]))
  return [...identities.values()].map(profile => {
    const reboot = profile.components.find(({ name }) => name === target.component)?.reboot === true
    const manifest: Manifest = {
      vendorId: profile.vendorId,
      classId: profile.classId,
      priority: 0,
      component: target.component,
      version: target.version,
      releaseCounter: (major * 1000 + minor) * 1000 + patch,
      expiresAt: bundleExpiresAt,
      payloadSize: image.length,
      payloadSha256: digest,
      installedSize: image.length,
      installedSha256: digest,
      chunkIndexSize: indexBytes.length,
      chunkIndexSha256: sha256(indexBytes).toString('hex'),
      uri: 'mqtt:',
      format: 'raw',
      vendorData: new Uint8Array(0),
      needsReboot: reboot,
      prerequisites: [],
    }
    const envelope = signEnvelope('manifest', encodeManifest(manifest), [key])
    return Buffer.concat([encodeBundleHead(envelope, indexBytes, shape), ...encoded.map(({ bytes }) => bytes)])
  })
}

/** 2099-12-31: before the trust document that is made from the seed. */
const bundleExpiresAt = 4_102_358_400_000

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
