// Rows of manifests that are correctly signed and say something a device must refuse, in the order of validation.
import type { WireManifest } from '../../proto/codec.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { encodePackageMetadata } from '../../proto/package.ts'
import { encodeDeltaMetadata, readDeltaMetadata } from '../../proto/patch.ts'
import { device, manifest, manifestWith } from './sample.ts'
import type { SignedRow } from './signed-cases.ts'
import { keys, signed } from './test-keys.ts'
import { jsonOf } from './vector-file.ts'
import { bytesField, numberField } from './wire.ts'

type Changes = { readonly [Field in keyof WireManifest]?: WireManifest[Field] | undefined }

const plain = encodeManifest(manifest)
const zeros = (length: number): Uint8Array => new Uint8Array(length)
const deltaMetadata = encodeDeltaMetadata({
  baseSize: 8192,
  frameBytesMax: 2 ** 20,
  baseBytesMax: 2 ** 22,
  encodedBytesMax: 2 ** 20 + 4096,
})

/** Changes of the sample, the code they yield, the field that is named and the reason. */
const fields: readonly [name: string, about: string, changes: Changes, code: number, field: string, reason?: string][] =
  [
    ['expiry absent', 'Required.', { expiresAt: undefined }, 22, 'expiresAt', 'absent'],
    [
      'expired',
      'A year before the clock of the device.',
      { expiresAt: Date.UTC(2026, 0, 1) },
      23,
      'expiresAt',
      'expired',
    ],
    ['expires now', 'Good before the instant, not at it.', { expiresAt: device.now }, 23, 'expiresAt', 'expired'],
    [
      'expired for another vendor',
      'Expiry is judged first.',
      { expiresAt: 1, vendorId: zeros(16) },
      23,
      'expiresAt',
      'expired',
    ],
    ['vendor id absent', 'Required.', { vendorId: undefined }, 22, 'vendorId', 'absent'],
    ['vendor id of 15 bytes', 'Present with the wrong length.', { vendorId: zeros(15) }, 30, 'vendorId'],
    ['vendor id empty', 'Present and empty is not absent.', { vendorId: zeros(0) }, 30, 'vendorId'],
    ['another vendor', 'Not the vendor id of the device.', { vendorId: zeros(16) }, 30, 'vendorId'],
    [
      'another vendor and class',
      'The vendor is judged before the class.',
      { vendorId: zeros(16), classId: zeros(16) },
      30,
      'vendorId',
    ],
    ['class id absent', 'Required.', { classId: undefined }, 22, 'classId', 'absent'],
    ['class id of 17 bytes', 'Present with the wrong length.', { classId: zeros(17) }, 31, 'classId'],
    ['another class', 'Not the class id of the device.', { classId: zeros(16) }, 31, 'classId'],
    ['another device', 'Bound to one device, offered to another.', { deviceId: 'sensor-2' }, 31, 'deviceId', 'device'],
    ['no lawful device', 'Bound to what can be no device id.', { deviceId: '../sensor-1' }, 31, 'deviceId', 'device'],
    ['device id empty', 'Present and empty is not absent.', { deviceId: '' }, 31, 'deviceId', 'device'],
    ['priority absent', 'Required.', { priority: undefined }, 22, 'priority', 'absent'],
    ['component absent', 'Required.', { component: undefined }, 22, 'component', 'absent'],
    ['component empty', 'One byte at least.', { component: '' }, 22, 'component'],
    ['component of 33 bytes', 'At most 32 bytes of UTF-8.', { component: 'm'.repeat(33) }, 22, 'component'],
    ['component with a slash', 'Not a name.', { component: 'main/boot' }, 22, 'component'],
    ['component __proto__', 'Names begin with a letter or digit.', { component: '__proto__' }, 22, 'component'],
    ['component constructor', 'A name that objects already have.', { component: 'constructor' }, 22, 'component'],
    ['version absent', 'Required.', { version: undefined }, 22, 'version', 'absent'],
    ['version 1.2', 'Three dotted numbers.', { version: '1.2' }, 22, 'version'],
    ['version 1.2.3.4', 'Three, not four.', { version: '1.2.3.4' }, 22, 'version'],
    ['version v1.2.3', 'Digits only.', { version: 'v1.2.3' }, 22, 'version'],
    ['version 1.-2.3', 'No signs.', { version: '1.-2.3' }, 22, 'version'],
    ['version with newline', 'Nothing after the third number.', { version: '1.2.3\n' }, 22, 'version'],
    ['version with Arabic digits', 'ASCII digits only.', { version: '١.٢.٣' }, 22, 'version'],
    ['version empty', 'Present and empty.', { version: '' }, 22, 'version'],
    ['version of 12 bytes', 'At most 11 bytes; judged before the numbers.', { version: '1000.100.100' }, 22, 'version'],
    ['version 1000.0.0', 'A number above 999.', { version: '1000.0.0' }, 41, 'version'],
    ['version 1.0.0001', 'Four digits, whatever they say.', { version: '1.0.0001' }, 41, 'version'],
    ['release counter absent', 'Required.', { releaseCounter: undefined }, 22, 'releaseCounter', 'absent'],
    ['payload size absent', 'Required.', { payloadSize: undefined }, 22, 'payloadSize', 'absent'],
    ['payload size 0', 'One byte at least.', { payloadSize: 0 }, 22, 'payloadSize'],
    ['payload size over 4 GiB', 'The largest image is 2^32 bytes.', { payloadSize: 2 ** 32 + 1 }, 22, 'payloadSize'],
    ['payload digest absent', 'Required.', { payloadSha256: undefined }, 22, 'payloadSha256', 'absent'],
    ['payload digest of 31 bytes', 'Not the length of SHA-256.', { payloadSha256: zeros(31) }, 43, 'payloadSha256'],
    ['payload digest of 33 bytes', 'Not the length of SHA-256.', { payloadSha256: zeros(33) }, 43, 'payloadSha256'],
    ['installed size absent', 'Required.', { installedSize: undefined }, 22, 'installedSize', 'absent'],
    [
      'installed digest of 31 bytes',
      'Not the length of SHA-256.',
      { installedSha256: zeros(31) },
      43,
      'installedSha256',
    ],
    [
      'precursor digest empty',
      'Present and empty is not absent.',
      { precursorSha256: zeros(0) },
      43,
      'precursorSha256',
    ],
    [
      'chunk index over 8 MiB',
      'More than any device must hold.',
      { chunkIndexSize: 8 * 2 ** 20 + 1 },
      22,
      'chunkIndexSize',
    ],
    ['chunk index size absent', 'Required.', { chunkIndexSize: undefined }, 22, 'chunkIndexSize', 'absent'],
    [
      'chunk index digest of 31 bytes',
      'Not the length of SHA-256.',
      { chunkIndexSha256: zeros(31) },
      43,
      'chunkIndexSha256',
    ],
    ['needs-reboot absent', 'Absent is not false.', { needsReboot: undefined }, 22, 'needsReboot', 'absent'],
    [
      '33 prerequisites',
      'At most 32.',
      { prerequisites: Array.from({ length: 33 }, () => ({ component: 'boot', versionLeast: '1.0.0' })) },
      22,
      'prerequisites',
    ],
    [
      'prerequisite without component',
      'Both of its fields are required.',
      { prerequisites: [{ versionLeast: '1.0.0' }] },
      22,
      'prerequisites.component',
      'absent',
    ],
    [
      'prerequisite on no component',
      'A name like any other.',
      { prerequisites: [{ component: '#', versionLeast: '1.0.0' }] },
      22,
      'prerequisites.component',
    ],
    [
      'prerequisite version 1',
      'Three dotted numbers.',
      { prerequisites: [{ component: 'boot', versionLeast: '1' }] },
      22,
      'version',
    ],
    ['version and URI wrong', 'The version is judged before the URI.', { version: '1', uri: 'http:' }, 22, 'version'],
    ['URI absent', 'Required.', { uri: undefined }, 22, 'uri', 'absent'],
    ['URI of 256 bytes', 'At most 255 bytes.', { uri: `mqtt:${'a'.repeat(251)}` }, 21, 'uri'],
    ['URI http:', 'Not a scheme this device may use.', { uri: 'http://192.0.2.1/image' }, 21, 'uri', 'not-allowed'],
    [
      'URI mqtt: with a host',
      'The broker the device is connected to, and no other.',
      { uri: 'mqtt://192.0.2.1/' },
      21,
      'uri',
      'not-allowed',
    ],
    ['URI empty', 'Present and empty.', { uri: '' }, 21, 'uri', 'not-allowed'],
    [
      'URI and format wrong',
      'The URI is judged before the format.',
      { uri: 'http:', format: 9 },
      21,
      'uri',
      'not-allowed',
    ],
    ['format absent', 'Required.', { format: undefined }, 22, 'format', 'absent'],
    ['format 0', 'The unspecified one.', { format: 0 }, 25, 'format'],
    ['format 9', 'Not known.', { format: 9 }, 25, 'format'],
    [
      'format and vendor data wrong',
      'The format is judged before the vendor data.',
      { format: 9, vendorData: zeros(1025) },
      25,
      'format',
    ],
    [
      'delta without metadata',
      'Every format but raw has metadata.',
      { format: 2, precursorSha256: zeros(32) },
      22,
      'metadata',
      'absent',
    ],
    [
      'delta without precursor',
      'A delta names its base.',
      { format: 2, metadata: deltaMetadata },
      22,
      'precursorSha256',
      'absent',
    ],
    [
      'delta with the metadata of nothing',
      'Metadata that does not decode.',
      { format: 2, metadata: zeros(1), precursorSha256: zeros(32) },
      22,
      'DeltaMetadata',
      'malformed',
    ],
    [
      'delta with a frame of 1 MiB and a byte',
      'More than any device needs to hold.',
      {
        format: 2,
        metadata: encodeDeltaMetadata({ ...readDeltaMetadata(deltaMetadata), frameBytesMax: 2 ** 20 + 1 }),
        precursorSha256: zeros(32),
      },
      22,
      'DeltaMetadata.frameBytesMax',
      'malformed',
    ],
    [
      'package with a descriptor of 64 KiB and a byte',
      'More than there may be.',
      { format: 3, metadata: encodePackageMetadata({ descriptorSize: 65_537 }) },
      22,
      'PackageMetadata.descriptorSize',
      'malformed',
    ],
    ['combined without metadata', 'Every format but raw has metadata.', { format: 3 }, 22, 'metadata', 'absent'],
    [
      'combined with empty metadata',
      'No bytes say nothing.',
      { format: 3, metadata: zeros(0) },
      22,
      'metadata',
      'absent',
    ],
    [
      'raw that changes its size',
      'A raw payload is the installed image.',
      { installedSize: 1 },
      22,
      'installedSha256',
      'contradicts the payload',
    ],
    [
      'raw that changes its digest',
      'A raw payload is the installed image.',
      { installedSha256: zeros(32) },
      22,
      'installedSha256',
      'contradicts the payload',
    ],
    [
      'vendor data of 1025 bytes',
      'At most 1024; the last field to be judged.',
      { vendorData: zeros(1025) },
      29,
      'vendorData',
    ],
  ]

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
    ...fields.map(([name, about, changes, code, field, reason]) => ({
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
