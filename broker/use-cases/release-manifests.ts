// What a new manifest must have in common with those its release has already. Component, version and installed digest make
// the release, so they agree by themselves; here it is what else must not depend on the way an image comes: a device that
// fails with a delta is offered the full image, and must find it as new, as large and as disruptive as the delta was.
import { createHash } from 'node:crypto'
import { ChunkIndex } from '../../proto/chunk-index.ts'
import { openEnvelope } from '../../proto/envelope.ts'
import { artifactId } from '../../proto/ids.ts'
import { type Manifest, readManifest } from '../../proto/manifest.ts'
import { readDeltaMetadata } from '../../proto/patch.ts'
import { formatOf } from '../core/manifest-choice.ts'
import type { ReleaseManifest } from '../core/records.ts'
import { ArtifactUnreadable, RequestRefused, StoreDamaged } from '../errors.ts'
import type { ArtifactStore, ReceivedBundle } from '../ports.ts'

/** As it is kept. */
export function manifestEntry({ envelope, artifact }: ReceivedBundle, manifest: Manifest): ReleaseManifest {
  const { vendorId, classId, deviceId, payloadSize, expiresAt, format, precursorSha256 } = manifest
  return {
    sha256: createHash('sha256').update(envelope).digest('hex'),
    envelope: Buffer.from(envelope).toString('base64'),
    vendorId,
    classId,
    ...(deviceId === undefined ? {} : { deviceId }),
    artifact,
    payloadSize,
    expiresAt,
    format,
    ...(format === 'delta-zstd' && precursorSha256 !== undefined ? { precursorSha256 } : {}),
  }
}

/** Rejects with RequestRefused when a delta starts from an image it cannot start from. */
export async function checkPrecursor(artifacts: ArtifactStore, manifest: Manifest): Promise<void> {
  const { format, precursorSha256, metadata } = manifest
  if (format !== 'delta-zstd' || precursorSha256 === undefined || metadata === undefined) return
  if (precursorSha256 === manifest.installedSha256)
    throw new RequestRefused('INVALID', 'manifest.precursorSha256: expected another image than the installed one')
  // The broker need not have the old image; where it has, the size is no matter of belief.
  const base = await artifacts.open(artifactId(precursorSha256)).catch(error => {
    if (error instanceof ArtifactUnreadable) return undefined
    throw error
  })
  const { baseSize } = readDeltaMetadata(metadata)
  const baseBytes = base && ChunkIndex.parse(base.chunkIndex).imageSize
  if (baseBytes !== undefined && baseBytes !== baseSize)
    throw new RequestRefused('INVALID', `manifest.metadata.baseSize: ${baseSize}, but the precursor has ${baseBytes}`)
}

/** Throws RequestRefused naming the field that contradicts a manifest of the release. */
export function checkAgreement(known: readonly ReleaseManifest[], manifest: Manifest, at: number): void {
  for (const other of known) {
    const before = signedManifest(other)
    mustBe('installedSize', before.installedSize, manifest.installedSize, other)
    if (other.expiresAt <= at) continue
    const isForSame = other.vendorId === manifest.vendorId && other.classId === manifest.classId
    // Two full images never follow one another on a device: the later one may well be signed with another counter.
    if (!isForSame || (formatOf(other) !== 'delta-zstd' && manifest.format !== 'delta-zstd')) continue
    mustBe('releaseCounter', before.releaseCounter, manifest.releaseCounter, other)
    mustBe('needsReboot', before.needsReboot, manifest.needsReboot, other)
  }
}

function signedManifest({ envelope, sha256 }: ReleaseManifest): Manifest {
  const verdict = readManifest(openEnvelope(Buffer.from(envelope, 'base64')).payload)
  // It read when it was uploaded.
  if (!verdict.ok) throw new StoreDamaged(`manifest ${sha256} does not read: ${verdict.failure.code}`)
  return verdict.manifest
}

function mustBe(
  field: string,
  expected: number | boolean,
  actual: number | boolean,
  { sha256 }: ReleaseManifest,
): void {
  if (expected === actual) return
  throw new RequestRefused(
    'CONFLICT',
    `manifest.${field}: ${actual}, but manifest ${sha256} of the release has ${expected}`,
  )
}
