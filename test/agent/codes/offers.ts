// What stories offer: bundles as the operator makes them, and releases put into the broker's records by hand. The broker
// refuses a manifest that cannot be any good when it is uploaded; a device must judge as if nobody had looked.
import { randomBytes } from 'node:crypto'
import type { Release } from '../../../broker/core/records.ts'
import { bundleHeaderLength, bundlePrefixBytes, type EncodedChunk, readBundleHead } from '../../../proto/bundle.ts'
import { decode, encode } from '../../../proto/codec.ts'
import { signEnvelope } from '../../../proto/envelope.ts'
import { artifactId, principalName } from '../../../proto/ids.ts'
import { encodeManifest, type Manifest } from '../../../proto/manifest.ts'
import { type BundleWishes, makeBundle, type TestBundle, testClassId, testVendorId } from '../../fixtures/bundle.ts'
import { sha256Hex } from '../fakes/release.ts'
import type { PlantedArtifact } from './believing-artifacts.ts'

export const smallChunks = { minimumBytes: 512, averageBytes: 1024, maximumBytes: 4096 }

export interface Wishes extends Partial<BundleWishes> {
  readonly plant?: Plant
}
/** What the broker's records say otherwise than an upload would have made them. */
export interface Plant {
  /** The bytes that are offered, made from the good ones. */
  readonly envelope?: (bundle: TestBundle) => Uint8Array
  /** Of the artifact: what devices are sent. `none`: nobody has it. */
  readonly artifact?: ((good: PlantedArtifact, bundle: TestBundle) => Partial<PlantedArtifact>) | 'none'
  /** Of the entry in the records, by which the broker chooses. */
  readonly entry?: Partial<Release['manifests'][number]>
}
export interface Offer {
  readonly bundle: TestBundle
  readonly plant: Plant | undefined
}

/** Each an image of its own, 2.0.0 for `main`, that does not need a reboot. */
export function offerOf({ plant, manifest = {}, ...wishes }: Wishes = {}): Offer {
  const bundle = makeBundle({
    image: randomBytes(20_000),
    version: '2.0.0',
    component: 'main',
    settings: smallChunks,
    ...wishes,
    manifest: { needsReboot: false, ...manifest },
  })
  return { bundle, plant }
}

/** The same manifest with its fields bent on the wire, where the writer of manifests would not go; signed. */
export function bent(change: (wire: Record<string, unknown>) => void): Plant {
  return {
    envelope({ manifest, keys }) {
      const wire = decode('Manifest', encodeManifest(manifest), 65_536)
      change(wire as unknown as Record<string, unknown>)
      return signEnvelope('manifest', encode('Manifest', wire), [keys.release])
    },
  }
}

/** The same manifest with other values in its fields, signed. */
export function changed(changes: Partial<Manifest>): Plant {
  return {
    envelope: ({ manifest, keys }) =>
      signEnvelope('manifest', encodeManifest({ ...manifest, ...changes }), [keys.release]),
  }
}

/** The envelope with its parts bent, signatures as they were. */
export function envelopeBent(changes: Record<string, unknown>): Plant {
  return {
    envelope: ({ envelope }) => encode('SignedEnvelope', { ...decode('SignedEnvelope', envelope, 65_536), ...changes }),
  }
}

export function planted(
  bundle: TestBundle,
  { envelope: bend, artifact, entry = {} }: Plant,
): { readonly release: Release; readonly artifact: PlantedArtifact | undefined } {
  const { manifest, indexBytes } = bundle
  const envelope = bend?.(bundle) ?? bundle.envelope
  const good: PlantedArtifact = { id: bundle.artifact, chunkIndex: indexBytes, chunks: chunksOf(bundle) }
  const release: Release = {
    id: bundle.release,
    component: manifest.component,
    version: manifest.version,
    installedSha256: manifest.installedSha256,
    createdAt: Date.now(),
    createdBy: principalName('admin'),
    manifests: [
      {
        sha256: sha256Hex(envelope),
        envelope: Buffer.from(envelope).toString('base64'),
        ...{ vendorId: testVendorId, classId: testClassId, artifact: artifactId(manifest.payloadSha256) },
        ...{ payloadSize: manifest.payloadSize, expiresAt: manifest.expiresAt, format: manifest.format },
        ...entry,
      },
    ],
  }
  return { release, artifact: artifact === 'none' ? undefined : { ...good, ...artifact?.(good, bundle) } }
}

/** As they travel: taken out of the bundle. */
export function chunksOf({ bytes, index: { count } }: TestBundle): readonly EncodedChunk[] {
  const headerLength = bundleHeaderLength(bytes.subarray(0, bundlePrefixBytes))
  const head = readBundleHead(bytes.subarray(bundlePrefixBytes, bundlePrefixBytes + headerLength))
  return Array.from({ length: count }, (_, chunk) => {
    const offset = head.encodedOffsetOf(chunk)
    return {
      encoding: head.encodingOf(chunk),
      bytes: bytes.subarray(offset, offset + head.encodedLengthOf(chunk)),
    }
  })
}
