// The releases of a world with real agents: images of a few KiB, cut into chunks, signed as an operator signs them; and
// some that no device may ever run. What must not run is known here, so that a checker can see it.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import type { Release } from '../../broker/core/records.ts'
import { RequestRefused } from '../../broker/errors.ts'
import type { ArtifactReader, ArtifactStore } from '../../broker/ports.ts'
import { type EncodedChunk, encodeChunk } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { commandTypes } from '../../proto/command.ts'
import { encodeTrustDocument, signEnvelope, trustedKey } from '../../proto/envelope.ts'
import { type ArtifactId, artifactId, principalName, releaseIdOf } from '../../proto/ids.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { operationsKey, releaseKey, rootKey, strangersKey } from './keys.ts'

export const vendors = ['a1'.repeat(16), 'b2'.repeat(16)] as const
export const classId = '11'.repeat(16)
/** Clocks of brokers and devices may jump beyond it. */
const expiresAt = Date.UTC(2050, 0, 1)

/** What is wrong with a release: nothing; nobody we trust has signed it; its bytes are not what was signed. */
export type Flaw = 'none' | 'signature' | 'digest'

export interface WorldRelease {
  readonly release: Release
  readonly flaw: Flaw
  /** Lower-case hex SHA-256 of the bytes that are sent. */
  readonly bytesSha256: string
}

export interface Shelf {
  readonly factory: Buffer
  readonly releases: readonly WorldRelease[]
  readonly rollback: WorldRelease
  readonly artifacts: ArtifactStore
  /** Digests of the images a device may run. */
  readonly sound: ReadonlySet<string>
}

export interface ShelfSettings {
  readonly chunkCount: number
  readonly chunkBytes: number
  /** Versions 2.0.0, 3.0.0 and so on, one for each. */
  readonly flaws: readonly Flaw[]
}

/** Everything there is to install. The same settings, the same bytes. */
export function shelfOf({ chunkCount, chunkBytes, flaws }: ShelfSettings): Shelf {
  const sizeBytes = chunkCount * chunkBytes - Math.floor(chunkBytes / 3)
  const factory = imageOf('factory', sizeBytes)
  const images = new Map<ArtifactId, Cut>()
  const made = (version: string, counter: number, image: Buffer, flaw: Flaw): WorldRelease => {
    const cut = cutUp(image, chunkBytes)
    const digest = flaw === 'digest' ? sha256Hex(Buffer.from(`not ${version}`)) : sha256Hex(image)
    images.set(artifactId(digest), { ...cut, id: artifactId(digest) })
    const release = releaseOf(version, counter, digest, cut, flaw === 'signature' ? strangersKey : releaseKey)
    return { release, flaw, bytesSha256: sha256Hex(image) }
  }
  const releases = flaws.map((flaw, index) => {
    const version = `${index + 2}.0.0`
    // A third of it is what the device has already.
    const image = Buffer.concat([
      factory.subarray(0, Math.floor(chunkCount / 3) * chunkBytes),
      imageOf(version, sizeBytes),
    ])
    return made(version, index + 2, image.subarray(0, sizeBytes), flaw)
  })
  const rollback = made('9.0.0', 99, factory, 'none')
  const sound = [...releases, rollback].filter(({ flaw }) => flaw === 'none').map(({ bytesSha256 }) => bytesSha256)
  return {
    factory,
    releases,
    rollback,
    sound: new Set([sha256Hex(factory), ...sound]),
    artifacts: {
      receive: () => Promise.reject(new RequestRefused('UNAVAILABLE', 'not in this world')),
      open: async artifact => images.get(artifact),
      close: async () => {},
    },
  }
}

/** What every device trusts. */
export const trustBytes: Buffer = (() => {
  const trusted = (key: KeyObject) => trustedKey(createPublicKey(key))
  const [root, release, operations] = [trusted(rootKey), trusted(releaseKey), trusted(operationsKey)]
  const role = (name: string, keyId: string) => [name, { name, keyIds: [keyId], threshold: 1 }] as const
  const document = {
    version: 1,
    expiresAt: expiresAt + 1,
    keys: new Map([root, release, operations].map(key => [key.keyId, key])),
    roles: new Map([role('root', root.keyId), role('release', release.keyId), role('operations', operations.keyId)]),
    operationTypes: new Map([
      ['firmware-update', 'release'],
      ...commandTypes.map(type => [type, type === 'command' ? 'release' : 'operations'] as const),
    ]),
  }
  return signEnvelope('trust', encodeTrustDocument(document), [rootKey])
})()

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Cut extends ArtifactReader {
  readonly bytes: number
}

function cutUp(image: Buffer, chunkBytes: number): Cut {
  const chunks: EncodedChunk[] = []
  const lengths: number[] = []
  const digests: Buffer[] = []
  for (let offset = 0; offset < image.length; offset += chunkBytes) {
    const chunk = image.subarray(offset, offset + chunkBytes)
    chunks.push(encodeChunk(chunk))
    lengths.push(chunk.length)
    digests.push(createHash('sha256').update(chunk).digest())
  }
  const at = (chunk: number): EncodedChunk => {
    const found = chunks[chunk]
    if (found === undefined) throw new RangeError(`chunk ${chunk} of ${chunks.length}`)
    return found
  }
  const settings = { minimumBytes: 256, averageBytes: 512, maximumBytes: Math.max(2048, chunkBytes) }
  return {
    id: artifactId(sha256Hex(image)),
    bytes: image.length,
    chunkCount: chunks.length,
    chunkIndex: encodeChunkIndex(settings, lengths, Buffer.concat(digests)),
    encodingOf: chunk => at(chunk).encoding,
    encodedLengthOf: chunk => at(chunk).bytes.length,
    read: async chunk => at(chunk).bytes,
  }
}

function releaseOf(version: string, releaseCounter: number, digest: string, cut: Cut, key: KeyObject): Release {
  const component = 'main'
  return {
    id: releaseIdOf(component, version, digest),
    component,
    version,
    installedSha256: digest,
    createdAt: 1,
    createdBy: principalName('olga'),
    manifests: vendors.slice(0, version === '3.0.0' ? 1 : 2).map(vendorId => {
      const manifest: Manifest = {
        vendorId,
        classId,
        priority: 0,
        component,
        version,
        releaseCounter,
        expiresAt,
        payloadSize: cut.bytes,
        payloadSha256: digest,
        installedSize: cut.bytes,
        installedSha256: digest,
        chunkIndexSize: cut.chunkIndex.length,
        chunkIndexSha256: sha256Hex(cut.chunkIndex),
        uri: 'mqtt:',
        format: 'raw',
        vendorData: new Uint8Array(0),
        needsReboot: true,
        prerequisites: [],
      }
      const envelope = signEnvelope('manifest', encodeManifest(manifest), [key])
      const sha256 = sha256Hex(envelope)
      const artifact = artifactId(digest)
      return {
        sha256,
        envelope: envelope.toString('base64'),
        vendorId,
        classId,
        artifact,
        payloadSize: cut.bytes,
        expiresAt,
      }
    }),
  }
}

/** Bytes that look random and are the same each time. */
function imageOf(name: string, sizeBytes: number): Buffer {
  const parts = Array.from({ length: Math.ceil(sizeBytes / 32) }, (_, part) =>
    createHash('sha256').update(`${name}-${part}`).digest(),
  )
  return Buffer.concat(parts).subarray(0, sizeBytes)
}
