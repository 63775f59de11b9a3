// A combined package: one payload with images for several components of a device.
//
//   "DROVERK1" │ uint32le descriptor length │ PackageDescriptor │ image │ image │ …
//
// The order of the images is the order of installing. What is wrong with a package is told by the first of these that
// fails, each over all images: decodes, sizes add up 46 · count 47 · names 48 · vendor data 49.
import { decode, encode, WireError, type WirePackageDescriptor } from './codec.ts'
import type { Failure } from './event-codes.ts'
import { isComponentName } from './ids.ts'
import * as limits from './limits.ts'
import { cut, refuse, type Verdict, verdictOf } from './statement.ts'
import { within } from './values.ts'
import { versionFailure } from './version.ts'

export interface PackageMetadata {
  /** Bytes of the descriptor alone. */
  readonly descriptorSize: number
}

/** One image of a package; bytes, lower-case hex. */
export interface PackageImage {
  readonly component: string
  readonly version: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly vendorData: Uint8Array
}

export interface PackageHead {
  /** `offset`: of the first byte of the image in the package. */
  readonly images: readonly (PackageImage & { readonly offset: number })[]
  /** Bytes before the first image. */
  readonly headBytes: number
}

/** What the reader accepts; the defaults are those of the contract. */
export interface PackageExpectations {
  readonly imagesMax?: number
  /** Bytes of UTF-8. */
  readonly nameBytesMax?: number
  readonly vendorDataBytesMax?: number
}

const magic = Buffer.from('DROVERK1')
export const packagePrefixBytes = magic.length + 4

/** Throws WireError naming the field. */
export function readPackageMetadata(bytes: Uint8Array): PackageMetadata {
  const { descriptorSize } = decode('PackageMetadata', bytes, 64)
  return {
    descriptorSize: within(descriptorSize, 1, limits.packageDescriptorBytesMax, 'PackageMetadata.descriptorSize'),
  }
}

export function encodePackageMetadata(metadata: PackageMetadata): Buffer {
  return encode('PackageMetadata', { ...metadata })
}

/** Bytes before the first image of a package with this metadata. */
export function packageHeadBytes({ descriptorSize }: PackageMetadata): number {
  return packagePrefixBytes + descriptorSize
}

/**
 * Judges the first `packageHeadBytes(metadata)` bytes of a package of `packageBytes`. Never throws for any bytes. Copies
 * what it keeps.
 */
export function readPackageHead(
  bytes: Uint8Array,
  metadata: PackageMetadata,
  packageBytes: number,
  expected: PackageExpectations = {},
): Verdict<{ readonly head: PackageHead }> {
  return verdictOf(() => {
    const images = imagesOf(descriptorOf(bytes, metadata), packageHeadBytes(metadata), packageBytes)
    refuseCounts(images, expected)
    return { head: { images: images.list, headBytes: packageHeadBytes(metadata) } }
  })
}

/** The bytes before the first image. */
export function encodePackageHead(images: readonly PackageImage[]): Buffer {
  const descriptor = encode('PackageDescriptor', {
    imageCount: images.length,
    images: images.map(({ component, version, sizeBytes, sha256, vendorData }) => ({
      component,
      version,
      size: sizeBytes,
      sha256: Buffer.from(sha256, 'hex'),
      vendorData,
    })),
  })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(descriptor.length)
  return Buffer.concat([magic, length, descriptor])
}

function descriptorOf(bytes: Uint8Array, { descriptorSize }: PackageMetadata): WirePackageDescriptor {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = packagePrefixBytes + descriptorSize
  if (head.length !== whole)
    refuse('UPD4_FAIL_46', { field: 'package', expected: `${whole} bytes`, actual: String(head.length) })
  if (!magic.equals(head.subarray(0, magic.length))) refuse('UPD4_FAIL_46', { field: 'magic', expected: 'DROVERK1' })
  const told = head.readUInt32LE(magic.length)
  if (told !== descriptorSize)
    refuse('UPD4_FAIL_46', { field: 'descriptorSize', expected: String(descriptorSize), actual: String(told) })
  try {
    return decode('PackageDescriptor', head.subarray(packagePrefixBytes), limits.packageDescriptorBytesMax)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return refuse('UPD4_FAIL_46', { field: error.field, reason: 'malformed' })
  }
}

interface Images {
  readonly told: number
  readonly list: PackageHead['images']
}

function imagesOf(wire: WirePackageDescriptor, headBytes: number, packageBytes: number): Images {
  const told = wire.imageCount ?? absent('imageCount')
  let offset = headBytes
  const list = wire.images.map((image, number) => {
    const field = (name: string): string => `images.${number}.${name}`
    const component = image.component ?? absent(field('component'))
    // Its length is a matter of 48.
    if (!isComponentName(component))
      refuse('UPD4_FAIL_46', { field: field('component'), expected: 'A-Z a-z 0-9 . _ -', actual: cut(component) })
    const version = image.version ?? absent(field('version'))
    const wrong = versionFailure(version)
    if (wrong !== undefined) refuse('UPD4_FAIL_46', { ...wrong.data, field: field('version') })
    const sizeBytes = image.size ?? absent(field('size'))
    if (sizeBytes < 1 || sizeBytes > packageBytes)
      refuse('UPD4_FAIL_46', {
        field: field('size'),
        expected: `1 to ${packageBytes}`,
        actual: String(sizeBytes),
      })
    const sha256 = image.sha256 ?? absent(field('sha256'))
    if (sha256.length !== 32)
      refuse('UPD4_FAIL_46', { field: field('sha256'), expected: '32 bytes', actual: String(sha256.length) })
    const vendorData = Uint8Array.from(image.vendorData ?? [])
    const at = offset
    offset += sizeBytes
    return { component, version, sizeBytes, sha256: Buffer.from(sha256).toString('hex'), vendorData, offset: at }
  })
  if (offset !== packageBytes)
    refuse('UPD4_FAIL_46', { field: 'images.size', expected: `${packageBytes} bytes`, actual: `${offset} bytes` })
  return { told, list }
}

function refuseCounts({ told, list }: Images, expected: PackageExpectations): void {
  const imagesMax = expected.imagesMax ?? limits.packageImagesMax
  if (told !== list.length)
    refuse('UPD4_FAIL_47', { field: 'imageCount', expected: String(list.length), actual: String(told) })
  if (told < 1 || told > imagesMax)
    refuse('UPD4_FAIL_47', { field: 'imageCount', expected: `1 to ${imagesMax}`, actual: String(told) })
  const nameBytesMax = expected.nameBytesMax ?? limits.packageNameBytesMax
  const vendorDataBytesMax = expected.vendorDataBytesMax ?? limits.packageVendorDataBytesMax
  refuseLonger(
    'UPD4_FAIL_48',
    'component',
    nameBytesMax,
    list.map(({ component }) => component.length),
  )
  refuseLonger(
    'UPD4_FAIL_49',
    'vendorData',
    vendorDataBytesMax,
    list.map(({ vendorData }) => vendorData.length),
  )
}

function refuseLonger(code: Failure['code'], name: string, most: number, lengths: readonly number[]): void {
  for (const [number, length] of lengths.entries())
    if (length > most)
      refuse(code, { field: `images.${number}.${name}`, expected: `${most} bytes`, actual: String(length) })
}

function absent(field: string): never {
  return refuse('UPD4_FAIL_46', { field, reason: 'absent' })
}
