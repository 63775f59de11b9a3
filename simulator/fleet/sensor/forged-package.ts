// Combined packages with one thing wrong in their descriptor, each signed as it stands.
import { encode } from '../../../proto/codec.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import { packageNameBytesMax, packageVendorDataBytesMax } from '../../../proto/limits.ts'
import type { Manifest } from '../../../proto/manifest.ts'
import { encodePackageMetadata } from '../../../proto/package.ts'
import { type ForgedPayload, forgedPayload } from './forge.ts'

export type PackageFault = Extract<DeviceFailureCode, 'UPD4_FAIL_46' | 'UPD4_FAIL_47' | 'UPD4_FAIL_48' | 'UPD4_FAIL_49'>

export interface ForgedPackage {
  readonly payload: ForgedPayload
  readonly metadata: Buffer
}

const imageBytes = 200

/** One image for `member`. */
export function forgedPackage(fault: PackageFault, member: string): ForgedPackage {
  const good = { component: member, version: '900.0.0', size: imageBytes, sha256: new Uint8Array(32) }
  const vendorData = new Uint8Array(fault === 'UPD4_FAIL_49' ? packageVendorDataBytesMax + 1 : 0)
  const component = fault === 'UPD4_FAIL_48' ? 'n'.repeat(packageNameBytesMax + 1) : member
  const imageCount = fault === 'UPD4_FAIL_47' ? 2 : 1
  const descriptor = encode('PackageDescriptor', { imageCount, images: [{ ...good, component, vendorData }] })
  // What stands where the descriptor should is none.
  if (fault === 'UPD4_FAIL_46') descriptor.fill(0xff)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(descriptor.length)
  const bytes = Buffer.concat([Buffer.from('DROVERK1'), length, descriptor, Buffer.alloc(imageBytes, 'image')])
  return { payload: forgedPayload(bytes), metadata: encodePackageMetadata({ descriptorSize: descriptor.length }) }
}

/** What the manifest of the package says otherwise than that of the image it takes the place of. */
export function packageFields({ payload, metadata }: ForgedPackage, component: string): Partial<Manifest> {
  return { ...payload.fields, component, format: 'combined', metadata, prerequisites: [] }
}
