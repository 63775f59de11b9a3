// The signed statement "install this, there": its fields judged in the documented order, the first failure names the
// code. Device and broker read a manifest through the same function; the device adds who it is and what it can do,
// the checks against its installed state follow in agent/core/accept.ts.
//
//   decodes 22 · expires 23 · vendor 30 · class, device 31 · priority, component, version 22 (41) · digests, sizes 22 (43)
//   · URI 21 · format 25 · metadata 22 · vendor data 29
import { decode, encode, type WireManifest } from './codec.ts'
import { isComponentName } from './ids.ts'
import * as limits from './limits.ts'
import { readPackageMetadata } from './package.ts'
import { readDeltaMetadata } from './patch.ts'
import {
  boundDevice,
  identity,
  present,
  type Reader,
  refuse,
  refuseFor,
  unexpired,
  type Verdict,
  verdictOf,
} from './statement.ts'
import { versionFailure } from './version.ts'

export type ManifestFormat = 'raw' | 'delta-zstd' | 'combined'

/** Digests and ids are lower-case hex; sizes are bytes; times milliseconds since 1970. */
export interface Manifest {
  readonly vendorId: string
  readonly classId: string
  readonly deviceId?: string
  readonly priority: number
  readonly component: string
  readonly version: string
  readonly releaseCounter: number
  readonly expiresAt: number
  readonly payloadSize: number
  readonly payloadSha256: string
  readonly installedSize: number
  readonly installedSha256: string
  readonly precursorSha256?: string
  readonly chunkIndexSize: number
  readonly chunkIndexSha256: string
  readonly uri: string
  readonly format: ManifestFormat
  readonly metadata?: Uint8Array
  readonly vendorData: Uint8Array
  readonly needsReboot: boolean
  readonly prerequisites: readonly { readonly component: string; readonly versionLeast: string }[]
}

/** What the reader of a manifest accepts. The defaults are those of the contract. */
export interface ManifestExpectations extends Reader {
  readonly formats?: readonly ManifestFormat[]
  /** Lengths in bytes of UTF-8. */
  readonly componentNameBytesMax?: number
  readonly vendorDataBytesMax?: number
  readonly uriBytesMax?: number
}

export type ManifestVerdict = Verdict<{ readonly manifest: Manifest }>

const formatNumbers: Readonly<Record<ManifestFormat, number>> = { raw: 1, 'delta-zstd': 2, combined: 3 }
const formatNames = new Map(Object.entries(formatNumbers).map(([name, number]) => [number, name as ManifestFormat]))

/** Judges the payload of a verified envelope. Never throws for any bytes. */
export function readManifest(payload: Uint8Array, expected: ManifestExpectations = {}): ManifestVerdict {
  return verdictOf(() => ({ manifest: judged(decode('Manifest', payload, limits.envelopeBytesMax), expected) }))
}

export function encodeManifest(manifest: Manifest): Buffer {
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')
  return encode('Manifest', {
    vendorId: hex(manifest.vendorId),
    classId: hex(manifest.classId),
    ...(manifest.deviceId === undefined ? {} : { deviceId: manifest.deviceId }),
    priority: manifest.priority,
    component: manifest.component,
    version: manifest.version,
    releaseCounter: manifest.releaseCounter,
    expiresAt: manifest.expiresAt,
    payloadSize: manifest.payloadSize,
    payloadSha256: hex(manifest.payloadSha256),
    installedSize: manifest.installedSize,
    installedSha256: hex(manifest.installedSha256),
    ...(manifest.precursorSha256 === undefined ? {} : { precursorSha256: hex(manifest.precursorSha256) }),
    chunkIndexSize: manifest.chunkIndexSize,
    chunkIndexSha256: hex(manifest.chunkIndexSha256),
    uri: manifest.uri,
    format: formatNumbers[manifest.format],
    ...(manifest.metadata === undefined ? {} : { metadata: manifest.metadata }),
    vendorData: manifest.vendorData,
    needsReboot: manifest.needsReboot,
    prerequisites: [...manifest.prerequisites],
  })
}

function judged(wire: WireManifest, expected: ManifestExpectations): Manifest {
  const expiresAt = unexpired(wire.expiresAt, expected)
  const vendorId = identity(present(wire.vendorId, 'vendorId'), 'vendorId', expected)
  const classId = identity(present(wire.classId, 'classId'), 'classId', expected)
  const device = boundDevice(wire.deviceId, expected)

  const priority = present(wire.priority, 'priority')
  const nameBytesMax = expected.componentNameBytesMax ?? limits.componentNameBytesMax
  const component = componentName(wire.component, 'component', nameBytesMax)
  const version = present(wire.version, 'version')
  refuseFor(versionFailure(version))
  const releaseCounter = present(wire.releaseCounter, 'releaseCounter')

  const payloadSize = size(wire.payloadSize, 'payloadSize', limits.imageBytesMax)
  const payloadSha256 = digest(present(wire.payloadSha256, 'payloadSha256'), 'payloadSha256')
  const installedSize = size(wire.installedSize, 'installedSize', limits.imageBytesMax)
  const installedSha256 = digest(present(wire.installedSha256, 'installedSha256'), 'installedSha256')
  const precursorSha256 = wire.precursorSha256 && digest(wire.precursorSha256, 'precursorSha256')
  const chunkIndexSize = size(wire.chunkIndexSize, 'chunkIndexSize', limits.chunkIndexBytesMax)
  const chunkIndexSha256 = digest(present(wire.chunkIndexSha256, 'chunkIndexSha256'), 'chunkIndexSha256')
  const needsReboot = present(wire.needsReboot, 'needsReboot')
  const prerequisites = prerequisitesOf(wire, nameBytesMax)

  const uri = present(wire.uri, 'uri')
  const uriBytesMax = expected.uriBytesMax ?? limits.uriBytesMax
  if (Buffer.byteLength(uri) > uriBytesMax)
    refuse('UPD4_FAIL_21', { field: 'uri', expected: `${uriBytesMax} bytes`, actual: String(Buffer.byteLength(uri)) })
  // `mqtt:` is the broker the device is connected to; no other transport exists yet, so no host is ever allowed.
  if (uri !== 'mqtt:') refuse('UPD4_FAIL_21', { field: 'uri', expected: 'mqtt:', actual: uri, reason: 'not-allowed' })

  const format = formatNames.get(present(wire.format, 'format'))
  const formats = expected.formats ?? [...formatNames.values()]
  if (format === undefined || !formats.includes(format))
    refuse('UPD4_FAIL_25', {
      field: 'format',
      expected: [...new Set(formats)].join(' '),
      actual: format ?? String(wire.format),
    })
  if (format !== 'raw' && (wire.metadata === undefined || wire.metadata.length === 0))
    refuse('UPD4_FAIL_22', { field: 'metadata', reason: 'absent' })
  if (format === 'delta-zstd') {
    readDeltaMetadata(present(wire.metadata, 'metadata'))
    present(precursorSha256, 'precursorSha256')
  }
  if (format === 'combined') readPackageMetadata(present(wire.metadata, 'metadata'))
  // A package is installed as a whole: what is installed is the package, and its images are told by its descriptor.
  if (format !== 'delta-zstd' && (payloadSize !== installedSize || payloadSha256 !== installedSha256))
    refuse('UPD4_FAIL_22', { field: 'installedSha256', reason: 'contradicts the payload' })

  const vendorData = wire.vendorData ?? new Uint8Array(0)
  const vendorDataBytesMax = expected.vendorDataBytesMax ?? limits.vendorDataBytesMax
  if (vendorData.length > vendorDataBytesMax)
    refuse('UPD4_FAIL_29', {
      field: 'vendorData',
      expected: `${vendorDataBytesMax} bytes`,
      actual: String(vendorData.length),
    })

  return {
    vendorId,
    classId,
    ...device,
    priority,
    component,
    version,
    releaseCounter,
    expiresAt,
    payloadSize,
    payloadSha256,
    installedSize,
    installedSha256,
    ...(precursorSha256 === undefined ? {} : { precursorSha256 }),
    chunkIndexSize,
    chunkIndexSha256,
    uri,
    format,
    ...(wire.metadata === undefined ? {} : { metadata: Uint8Array.from(wire.metadata) }),
    vendorData: Uint8Array.from(vendorData),
    needsReboot,
    prerequisites,
  }
}

function digest(bytes: Uint8Array, field: string): string {
  if (bytes.length !== 32) refuse('UPD4_FAIL_43', { field, expected: '32 bytes', actual: String(bytes.length) })
  return Buffer.from(bytes).toString('hex')
}

function size(value: number | undefined, field: string, most: number): number {
  const bytes = present(value, field)
  if (bytes < 1 || bytes > most) refuse('UPD4_FAIL_22', { field, expected: `1 to ${most}`, actual: String(bytes) })
  return bytes
}

function componentName(value: string | undefined, field: string, bytesMax: number): string {
  const name = present(value, field)
  const bytes = Buffer.byteLength(name)
  if (bytes < 1 || bytes > bytesMax)
    refuse('UPD4_FAIL_22', { field, expected: `1 to ${bytesMax} bytes`, actual: String(bytes) })
  if (!isComponentName(name)) refuse('UPD4_FAIL_22', { field, expected: 'A-Z a-z 0-9 . _ -', actual: name })
  return name
}

function prerequisitesOf(wire: WireManifest, nameBytesMax: number): Manifest['prerequisites'] {
  if (wire.prerequisites.length > limits.prerequisitesMax)
    refuse('UPD4_FAIL_22', {
      field: 'prerequisites',
      expected: `at most ${limits.prerequisitesMax}`,
      actual: String(wire.prerequisites.length),
    })
  return wire.prerequisites.map(({ component, versionLeast }) => {
    const version = present(versionLeast, 'prerequisites.versionLeast')
    refuseFor(versionFailure(version))
    return { component: componentName(component, 'prerequisites.component', nameBytesMax), versionLeast: version }
  })
}
