// The releases of a world. A manifest's envelope is its target in JSON: the scripted devices verify nothing, that is
// proven with the real agent.
import type { Release } from '../../broker/core/records.ts'
import { type ArtifactId, principalName, releaseIdOf } from '../../proto/ids.ts'

export interface Installed {
  readonly version: string
  readonly digest: string
}

export const vendors = ['a1'.repeat(16), 'b2'.repeat(16), 'c3'.repeat(16)] as const
export const classId = '11'.repeat(16)
export const factory: Installed = { version: '1.0.0', digest: '0f'.repeat(32) }
/** Of a device that lies, or is broken. */
export const foreignDigest = 'ee'.repeat(32)

function release(version: string, digest: string, vendorIds: readonly string[]): Release {
  const target: Installed = { version, digest }
  return {
    id: releaseIdOf('main', version, digest),
    component: 'main',
    version,
    installedSha256: digest,
    createdAt: 1,
    createdBy: principalName('olga'),
    manifests: vendorIds.map((vendorId, index) => ({
      sha256: `${index}${digest.slice(1)}`,
      envelope: Buffer.from(JSON.stringify(target)).toString('base64'),
      vendorId,
      classId,
      artifact: digest as ArtifactId,
      payloadSize: 1000,
      // Good for ever: the wall clock of a world may jump by years.
      expiresAt: 8e15,
    })),
  }
}

export const releases: readonly Release[] = [
  release('2.0.0', '20'.repeat(32), vendors.slice(0, 2)),
  release('3.0.0', '30'.repeat(32), vendors.slice(0, 1)),
  release('4.0.0', '40'.repeat(32), vendors.slice(0, 2)),
]
/** Old content under a version above all others. */
export const rollbackRelease: Release = release('9.0.0', factory.digest, vendors.slice(0, 2))

export function installedBy(envelope: Uint8Array): Installed {
  return JSON.parse(Buffer.from(envelope).toString()) as Installed
}
