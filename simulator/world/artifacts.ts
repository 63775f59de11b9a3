// The releases of a world with real agents: images of a few KiB, cut into chunks, signed as an operator signs them; and
// some that no device may ever run. What must not run is known here, so that a checker can see it.
import { createHash, createPublicKey, hash, type KeyObject } from 'node:crypto'
import type { Release } from '../../broker/core/records.ts'
import { RequestRefused } from '../../broker/errors.ts'
import type { ArtifactReader, ArtifactStore } from '../../broker/ports.ts'
import { type EncodedChunk, encodeChunk } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { commandTypes } from '../../proto/command.ts'
import { encodeTrustDocument, signEnvelope, trustedKey } from '../../proto/envelope.ts'
import { type ArtifactId, artifactId, principalName, releaseIdOf } from '../../proto/ids.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { type DeltaMetadata, encodeDeltaMetadata } from '../../proto/patch.ts'
import { operationsKey, releaseKey, rootKey, strangersKey } from './keys.ts'
import { patchBetween } from './patch-frames.ts'
import type { PatchableImage } from './patches.ts'

export const vendors = ['a1'.repeat(16), 'b2'.repeat(16)] as const
export const classId = '11'.repeat(16)
/** Clocks of brokers and devices may jump beyond it. */
const expiresAt = Date.UTC(2050, 0, 1)

/** What is wrong with a release: nothing; nobody we trust has signed it; its bytes, or what its deltas make, are not what was signed. */
export type Flaw = 'none' | 'signature' | 'digest' | 'delta'

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
  /** The whole images behind the releases. */
  readonly images: ReadonlyMap<ArtifactId, PatchableImage>
  /** Digests of the images a device may run. */
  readonly sound: ReadonlySet<string>
}

export interface ShelfSettings {
  readonly chunkCount: number
  readonly chunkBytes: number
  /** Versions 2.0.0, 3.0.0 and so on, one for each. */
  readonly flaws: readonly Flaw[]
  /** Which of them come with signed deltas too, from the factory's image and from the release before; absent: none. */
  readonly deltas?: readonly boolean[]
  /** A third of each image is the factory's with a byte changed in each chunk, so that a patch is worth its bytes. */
  readonly edited?: boolean
}

/** Everything there is to install. The same settings, the same bytes. */
export function shelfOf({ chunkCount, chunkBytes, flaws, deltas = [], edited = false }: ShelfSettings): Shelf {
  const sizeBytes = chunkCount * chunkBytes - Math.floor(chunkBytes / 3)
  const factory = imageOf('factory', sizeBytes)
  const cuts = new Map<ArtifactId, Cut>()
  const images = new Map<ArtifactId, PatchableImage>()
  const made = (
    version: string,
    counter: number,
    image: Buffer,
    flaw: Flaw,
    bases: readonly Buffer[],
  ): WorldRelease => {
    const cut = cutUp(image, chunkBytes)
    const digest = flaw === 'digest' ? sha256Hex(Buffer.from(`not ${version}`)) : sha256Hex(image)
    const id = artifactId(digest)
    cuts.set(id, { ...cut, id })
    images.set(id, { image, chunks: cut.chunks })
    const full: Way = { cut, sha256: digest, format: 'raw' }
    const ways = bases.map((base): Way => {
      const { bytes, metadata } = patchBetween(base, flaw === 'delta' ? imageOf('another', image.length) : image)
      const way = cutUp(bytes, chunkBytes)
      cuts.set(way.id, way)
      return { cut: way, sha256: way.id, format: 'delta-zstd', precursor: sha256Hex(base), metadata }
    })
    const key = flaw === 'signature' ? strangersKey : releaseKey
    const release = releaseOf({ version, counter, digest, imageBytes: image.length, key }, [full, ...ways])
    return { release, flaw, bytesSha256: sha256Hex(image) }
  }
  const thirdBytes = Math.floor(chunkCount / 3) * chunkBytes
  let before = factory
  const releases = flaws.map((flaw, index) => {
    const version = `${index + 2}.0.0`
    const changed = edited ? editedFrom(factory.subarray(thirdBytes, 2 * thirdBytes), chunkBytes, index) : nothing
    // A third of it is what the device has already.
    const image = Buffer.concat([factory.subarray(0, thirdBytes), changed, imageOf(version, sizeBytes)])
    const cut = image.subarray(0, sizeBytes)
    const bases = deltas[index] === true ? [...new Set([factory, before])] : []
    before = cut
    return made(version, index + 2, cut, flaw, bases)
  })
  const rollback = made('9.0.0', 99, factory, 'none', [])
  const sound = [...releases, rollback]
    .filter(({ flaw }) => flaw === 'none' || flaw === 'delta')
    .map(({ bytesSha256 }) => bytesSha256)
  return {
    factory,
    releases,
    rollback,
    sound: new Set([sha256Hex(factory), ...sound]),
    images,
    artifacts: {
      receive: () => Promise.reject(new RequestRefused('UNAVAILABLE', 'not in this world')),
      open: async artifact => cuts.get(artifact),
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
  return hash('sha256', bytes, 'hex')
}

interface Cut extends ArtifactReader {
  readonly bytes: number
  readonly chunks: PatchableImage['chunks']
}

/** One way to the image of a release: itself, or a patch from the image before. */
interface Way {
  readonly cut: Cut
  /** Of the bytes that are sent, as the manifest has it. */
  readonly sha256: string
  readonly format: 'raw' | 'delta-zstd'
  readonly precursor?: string
  readonly metadata?: DeltaMetadata
}

const nothing = Buffer.alloc(0)

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
    chunks: new Map(digests.map((digest, chunk) => [digest.toString('hex'), at(chunk).bytes.length])),
    chunkCount: chunks.length,
    chunkIndex: encodeChunkIndex(settings, lengths, Buffer.concat(digests)),
    encodingOf: chunk => at(chunk).encoding,
    encodedLengthOf: chunk => at(chunk).bytes.length,
    read: async chunk => at(chunk).bytes,
  }
}

interface Statement {
  readonly version: string
  readonly counter: number
  /** Of the installed image, as it is signed. */
  readonly digest: string
  readonly imageBytes: number
  readonly key: KeyObject
}

function releaseOf(about: Statement, ways: readonly Way[]): Release {
  const { version, digest } = about
  const component = 'main'
  const chosen = vendors.slice(0, version === '3.0.0' ? 1 : 2)
  return {
    id: releaseIdOf(component, version, digest),
    component,
    version,
    installedSha256: digest,
    createdAt: 1,
    createdBy: principalName('olga'),
    manifests: ways.flatMap(way => chosen.map(vendorId => manifestOf(vendorId, component, about, way))),
  }
}

function manifestOf(vendorId: string, component: string, about: Statement, way: Way): Release['manifests'][number] {
  const { version, counter, digest, imageBytes, key } = about
  const { cut, sha256: payloadSha256, format, precursor, metadata } = way
  const manifest: Manifest = {
    vendorId,
    classId,
    priority: 0,
    component,
    version,
    releaseCounter: counter,
    expiresAt,
    payloadSize: cut.bytes,
    payloadSha256,
    installedSize: imageBytes,
    installedSha256: digest,
    ...(precursor === undefined ? {} : { precursorSha256: precursor }),
    chunkIndexSize: cut.chunkIndex.length,
    chunkIndexSha256: sha256Hex(cut.chunkIndex),
    uri: 'mqtt:',
    format,
    ...(metadata === undefined ? {} : { metadata: encodeDeltaMetadata(metadata) }),
    vendorData: new Uint8Array(0),
    needsReboot: true,
    prerequisites: [],
  }
  const envelope = signEnvelope('manifest', encodeManifest(manifest), [key])
  return {
    sha256: sha256Hex(envelope),
    envelope: envelope.toString('base64'),
    vendorId,
    classId,
    artifact: artifactId(payloadSha256),
    payloadSize: cut.bytes,
    expiresAt,
    ...(precursor === undefined ? {} : { format, precursorSha256: precursor }),
  }
}

/** The same bytes but for one in each chunk. */
function editedFrom(bytes: Buffer, chunkBytes: number, round: number): Buffer {
  const edited = Buffer.from(bytes)
  for (let at = 7 + round; at < edited.length; at += chunkBytes) edited[at] = (edited[at] ?? 0) ^ 0x55
  return edited
}

/** Bytes that look random and are the same each time. */
function imageOf(name: string, sizeBytes: number): Buffer {
  const parts = Array.from({ length: Math.ceil(sizeBytes / 32) }, (_, part) =>
    createHash('sha256').update(`${name}-${part}`).digest(),
  )
  return Buffer.concat(parts).subarray(0, sizeBytes)
}
