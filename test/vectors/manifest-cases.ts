// Rows of correctly signed manifests: good ones, ones that do not decode, and those of manifest-field-cases.ts.
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { encodePackageMetadata } from '../../proto/package.ts'
import { encodeDeltaMetadata, readDeltaMetadata } from '../../proto/patch.ts'
import { deltaMetadata, manifestFieldCases } from './manifest-field-cases.ts'
import { device, manifest, manifestWith } from './sample.ts'
import type { SignedRow } from './signed-cases.ts'
import { keys, signed } from './test-keys.ts'
import { jsonOf } from './vector-file.ts'
import { bytesField, numberField } from './wire.ts'

const plain = encodeManifest(manifest)
const zeros = (length: number): Uint8Array => new Uint8Array(length)

/** Bytes that decode to nothing a reader may act on. All are code 22. */
const malformed: readonly [name: string, about: string, bytes: Uint8Array, field: string][] = [
  ['manifest is garbage', 'Signed text.', Buffer.from('{"version":"2.0.0"}'), 'Manifest.chunkIndexSha256'],
  ['manifest truncated', 'The last byte is missing.', plain.subarray(0, -1), 'Manifest.needsReboot'],
  [
    'manifest with trailing garbage',
    'Half a field after the last one.',
    Buffer.concat([plain, Buffer.of(0x80)]),
    'Manifest',
  ],
  ['manifest with unknown field', 'A well-formed field 30.', Buffer.concat([plain, numberField(30, 1)]), 'Manifest'],
  [
    'manifest with field 2^29 + 1',
    'A tag of more than 32 bits is never cut down to a known one.',
    Buffer.concat([plain, numberField(2 ** 29 + 1, 1)]),
    'Manifest',
  ],
  [
    'vendor id twice',
    'The same bytes twice.',
    Buffer.concat([plain, bytesField(1, Buffer.from(device.vendorId, 'hex'))]),
    'Manifest.vendorId',
  ],
  [
    'priority as bytes',
    'A wrong wire type.',
    Buffer.concat([manifestWith({ priority: undefined }), bytesField(4, Buffer.of(1))]),
    'Manifest.priority',
  ],
  [
    'priority as a group',
    'Wire types 3 and 4 do not exist here.',
    Buffer.concat([manifestWith({ priority: undefined }), Buffer.of(0x23, 0x24)]),
    'Manifest.priority',
  ],
  [
    'priority 2^32',
    'Does not fit 32 bits and is not cut to 0.',
    Buffer.concat([manifestWith({ priority: undefined }), numberField(4, 2 ** 32)]),
    'Manifest.priority',
  ],
  [
    'payload size 2^53',
    'No number reaches 2^53.',
    Buffer.concat([manifestWith({ payloadSize: undefined }), numberField(9, 2n ** 53n)]),
    'Manifest.payloadSize',
  ],
  [
    'release counter of 11 bytes',
    'A number without an end.',
    Buffer.concat([manifestWith({ releaseCounter: undefined }), Buffer.of(0x38), Buffer.alloc(10, 0xff), Buffer.of(1)]),
    'Manifest.releaseCounter',
  ],
  [
    'needs-reboot 2',
    'A bool is 0 or 1.',
    Buffer.concat([manifestWith({ needsReboot: undefined }), Buffer.of(0xa0, 1, 2)]),
    'Manifest.needsReboot',
  ],
  [
    'component is no UTF-8',
    'A lone continuation byte.',
    Buffer.concat([manifestWith({ component: undefined }), bytesField(5, Buffer.of(0x61, 0x80))]),
    'Manifest',
  ],
  [
    'length past the end',
    'A metadata field that claims 100 bytes and has 2.',
    Buffer.concat([plain, Buffer.of(0x92, 1, 100, 0, 0)]),
    'Manifest.metadata',
  ],
  [
    'prerequisite past its end',
    'A sub-message whose field reaches into what follows.',
    Buffer.concat([plain, Buffer.of(0xaa, 1, 2, 0x0a, 2, 0x62, 0x62)]),
    'Manifest.prerequisites.component',
  ],
]

const accepted: readonly [name: string, about: string, changes: Partial<Manifest>][] = [
  ['bound to this device', 'A device id that is the own one.', { deviceId: device.deviceId }],
  ['vendor data of 1024 bytes', 'The most there may be.', { vendorData: new Uint8Array(1024).fill(7) }],
  [
    'every field',
    'All optional fields present.',
    {
      deviceId: device.deviceId,
      precursorSha256: 'ab'.repeat(32),
      metadata: Buffer.from('metadata'),
      vendorData: Buffer.from('{}'),
      needsReboot: false,
      prerequisites: [{ component: 'boot', versionLeast: '1.0.0' }],
    },
  ],
  [
    'delta',
    'A signed delta: payload and installed image differ.',
    {
      format: 'delta-zstd',
      payloadSize: 100,
      payloadSha256: 'cd'.repeat(32),
      precursorSha256: 'ab'.repeat(32),
      metadata: deltaMetadata,
    },
  ],
  [
    'package',
    'What is installed is the package as a whole.',
    { format: 'combined', metadata: encodePackageMetadata({ descriptorSize: 65_536 }) },
  ],
  [
    '32 prerequisites',
    'The most there may be.',
    { prerequisites: Array.from({ length: 32 }, () => ({ component: 'boot', versionLeast: '1.0.0' })) },
  ],
  ['component of 32 bytes', 'The longest name.', { component: 'm'.repeat(32) }],
  [
    'delta of the least numbers',
    'A base of one byte, and no range of it.',
    {
      format: 'delta-zstd',
      precursorSha256: 'ab'.repeat(32),
      metadata: encodeDeltaMetadata({ baseSize: 1, frameBytesMax: 1, baseBytesMax: 0, encodedBytesMax: 1 }),
    },
  ],
  [
    'delta from 4 GiB',
    'The largest base.',
    {
      format: 'delta-zstd',
      precursorSha256: 'ab'.repeat(32),
      metadata: encodeDeltaMetadata({ ...readDeltaMetadata(deltaMetadata), baseSize: 2 ** 32 }),
    },
  ],
  [
    'largest numbers',
    'The greatest values of all numbers.',
    {
      priority: 2 ** 32 - 1,
      releaseCounter: Number.MAX_SAFE_INTEGER,
      expiresAt: Number.MAX_SAFE_INTEGER,
      payloadSize: 2 ** 32,
      installedSize: 2 ** 32,
      version: '999.999.999',
    },
  ],
]

export function manifestCases(): SignedRow[] {
  const sign = (bytes: Uint8Array): Uint8Array => signed('manifest', bytes, keys.release)
  return [
    ...accepted.map(([name, about, changes]) => {
      const changed = { ...manifest, ...changes }
      return { name, about, bytes: sign(encodeManifest(changed)), expect: { manifest: jsonOf(changed) } }
    }),
    ...malformed.map(([name, about, bytes, field]) => ({
      name,
      about,
      bytes: sign(bytes),
      expect: { code: 'UPD4_FAIL_22', field, reason: 'malformed' },
    })),
    ...manifestFieldCases.map(([name, about, changes, code, field, reason]) => ({
      name,
      about,
      bytes: sign(manifestWith(changes)),
      expect: { code: `UPD4_FAIL_${code}`, field, ...(reason === undefined ? {} : { reason }) },
    })),
    {
      name: 'delta on a device without delta support',
      about: 'The format is known and this device does not take it.',
      device: { formats: ['raw'] },
      bytes: sign(manifestWith({ format: 2, metadata: zeros(1), precursorSha256: zeros(32) })),
      expect: { code: 'UPD4_FAIL_25', field: 'format' },
    },
  ]
}
