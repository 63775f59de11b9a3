// Which of a release's signed manifests a device is offered. A release has full images and deltas, which lead to the same
// installed image: a delta is for the devices that have its precursor, a full image for the others and for those on which
// a delta has failed. Success is judged by what the device has installed in the end, whichever way it came there.
import type { ManifestFormat } from '../../proto/manifest.ts'
import type { Device } from './device.ts'
import type { Execution, Offered, Release, ReleaseManifest } from './records.ts'

/**
 * The delta made for what the device has installed, else the full image; of several the one bound to the device, then the
 * one that is good for longest. When none is for its vendor and class, the first: the device refuses it with the code that
 * says why. Undefined: there are only deltas for such devices, none of them for what this one has.
 * `before`: what another attempt has brought is brought again if it can be, for the device may be at work on it still.
 */
export function manifestFor(
  { component, manifests }: Release,
  device: Device,
  at: number,
  before: Pick<Execution, 'offered' | 'deltaFailed'> = {},
): ReleaseManifest | undefined {
  const fitting = manifests.filter(manifest => fits(manifest, device)).sort(byPreference)
  if (fitting.length === 0) return manifests.find(manifest => !isDelta(manifest)) ?? manifests[0]
  // One that has expired is offered all the same, so that the device says so; a delta only in its time.
  const full = fitting.filter(manifest => !isDelta(manifest))
  const installed = device.components.find(({ name }) => name === component)?.digest
  const deltas = fitting.filter(
    manifest => isDelta(manifest) && manifest.precursorSha256 === installed && manifest.expiresAt > at,
  )
  const usable = before.deltaFailed === true && full.length > 0 ? full : [...deltas, ...full]
  return usable.find(({ sha256 }) => sha256 === before.offered?.manifest) ?? usable[0]
}

/** What is remembered of the choice. */
export function offeredBy(manifest: ReleaseManifest, { manifests }: Release, device: Device, at: number): Offered {
  const fullToo =
    isDelta(manifest) && manifests.some(other => !isDelta(other) && fits(other, device) && other.expiresAt > at)
  return { manifest: manifest.sha256, format: formatOf(manifest), ...(fullToo ? { fullToo } : {}) }
}

/** The digests that the deltas for such a device start from. */
export function precursorsFor({ manifests }: Release, device: Device): readonly string[] {
  const deltas = manifests.filter(manifest => isDelta(manifest) && fits(manifest, device))
  return [...new Set(deltas.flatMap(({ precursorSha256 }) => precursorSha256 ?? []))].sort()
}

export function formatOf({ format }: Pick<ReleaseManifest, 'format'>): ManifestFormat {
  return format ?? 'raw'
}

/** The attempt brought a delta. */
export function broughtDelta({ offered }: Execution): boolean {
  return offered?.format === 'delta-zstd'
}

function isDelta(manifest: ReleaseManifest): boolean {
  return formatOf(manifest) === 'delta-zstd'
}

function fits({ vendorId, classId, deviceId }: ReleaseManifest, device: Device): boolean {
  return (
    vendorId === device.vendorId && classId === device.classId && (deviceId === undefined || deviceId === device.id)
  )
}

function byPreference(a: ReleaseManifest, b: ReleaseManifest): number {
  const bound = ({ deviceId }: ReleaseManifest): number => (deviceId === undefined ? 0 : 1)
  return bound(b) - bound(a) || b.expiresAt - a.expiresAt
}
