// Vectors of offers: a signed manifest judged by a device with components of its own, what it has committed, and the trust
// document it holds. Rows 1, 4, 5 and 29 to 34 of the order of validation; those between are in signed-cases.ts.
import { accept, readTrust } from '../../agent/core/accept.ts'
import { encodeManifest, type Manifest, type ManifestFormat } from '../../proto/manifest.ts'
import { encodePackageMetadata } from '../../proto/package.ts'
import { deltaMetadata } from './manifest-field-cases.ts'
import { device, manifest, manifestWith, sha256 } from './sample.ts'
import { envelope, keys, signature, signed, trustDocument } from './test-keys.ts'
import { smallOrderTrust, trustSigned, untrustedTrust } from './trust-cases.ts'
import { base64, bytesOf, type Json, jsonOf, longBytes, type VectorCase, type VectorFile } from './vector-file.ts'

interface Component {
  readonly name: string
  readonly version: string
  /** Lower-case hex, of what is installed. */
  readonly digest: string
  readonly formats: readonly ManifestFormat[]
  /** Of the last release committed; absent: none yet. */
  readonly committed?: { readonly counter: number; readonly digest: string }
}

const sample = trustDocument([keys.release], 1)
const trusts: Readonly<Record<string, Uint8Array>> = {
  good: trustSigned(sample),
  'expires now': trustSigned({ ...sample, expiresAt: device.now }),
  'expires next': trustSigned({ ...sample, expiresAt: device.now + 1 }),
  'expires now, no role': trustSigned({ ...sample, expiresAt: device.now, operationTypes: new Map() }),
  'key of small order': smallOrderTrust,
  'not signed by root': untrustedTrust,
}

const before = sha256('the image before').toString('hex')
const another = sha256('another image').toString('hex')
const main: Component = {
  name: 'main',
  version: '1.9.0',
  digest: before,
  formats: ['raw', 'delta-zstd'],
  committed: { counter: 1, digest: before },
}
const boot: Component = { name: 'boot', version: '1.10.0', digest: another, formats: ['raw'] }
const bundle: Component = { name: 'bundle', version: '1.0.0', digest: another, formats: ['combined'] }
const withMain = (changes: Partial<Component>): Component[] => [{ ...main, ...changes }, boot, bundle]

interface Row {
  readonly name: string
  readonly about: string
  readonly bytes: Uint8Array
  readonly expect: Json
  /** Name in `trusts`, or null: the device holds none. */
  readonly trust?: string | null
  readonly components?: readonly Component[]
  readonly isLong?: boolean
}

const payload = encodeManifest(manifest)
const sign = (bytes: Uint8Array): Buffer => signed('manifest', bytes, keys.release)
const good = sign(payload)
const accepted = (read: Manifest = manifest): Json => ({ manifest: jsonOf(read) })
const code = (number: number, field?: string, reason?: string): Json =>
  jsonOf({ code: `UPD4_FAIL_${number}`, field, reason })

const byRelease = signature(keys.release, 'manifest', payload)
/** A signature of a stranger, which nobody looks at, makes the envelope as long as we like. */
const longEnvelope = (bytes: number): Buffer => {
  const padded = (count: number): Buffer =>
    envelope(payload, [{ keyId: 'stranger', signature: new Uint8Array(count) }, byRelease])
  const most = padded(bytes)
  return padded(bytes - (most.length - bytes))
}

const envelopeRows: readonly Row[] = [
  { name: 'offer', about: 'Newer, of a component that is there.', bytes: good, expect: accepted() },
  {
    name: 'envelope of 64 KiB',
    about: 'The largest; what makes it long is the signature of a stranger.',
    bytes: longEnvelope(65_536),
    isLong: true,
    expect: accepted(),
  },
  {
    name: 'envelope of 64 KiB and a byte',
    about: 'Too large, and good in all else.',
    bytes: longEnvelope(65_537),
    isLong: true,
    expect: code(22, 'envelope'),
  },
  {
    name: 'no trust document',
    about: 'None was given.',
    bytes: good,
    trust: null,
    expect: code(44, 'trust', 'absent'),
  },
  {
    name: 'trust document that counts for nothing',
    about: 'Not signed by its root: the device holds none.',
    bytes: good,
    trust: 'not signed by root',
    expect: code(44, 'trust', 'unknown-key'),
  },
  {
    name: 'trust document with an unusable key',
    about: 'A release key of small order, in all else in order.',
    bytes: good,
    trust: 'key of small order',
    expect: code(43, 'trust', 'small-order'),
  },
  {
    name: 'unusable key, unsigned',
    about: 'The key is judged before the signatures.',
    bytes: envelope(payload, []),
    trust: 'key of small order',
    expect: code(43, 'trust', 'small-order'),
  },
  {
    name: 'unusable key, schema version 2',
    about: 'The version is judged before the key.',
    bytes: envelope(payload, [byRelease], 2),
    trust: 'key of small order',
    expect: code(28, 'schemaVersion'),
  },
  {
    name: 'trust document expires now',
    about: 'Good when it was given, and up to this instant.',
    bytes: good,
    trust: 'expires now',
    expect: code(23, 'trust', 'trust-expired'),
  },
  {
    name: 'trust document in its last millisecond',
    about: 'Good before the instant.',
    bytes: good,
    trust: 'expires next',
    expect: accepted(),
  },
  {
    name: 'trust expired, no role',
    about: 'The expiry is judged before the role.',
    bytes: good,
    trust: 'expires now, no role',
    expect: code(23, 'trust', 'trust-expired'),
  },
  {
    name: 'trust expired, unsigned',
    about: 'The expiry is judged before the signatures.',
    bytes: envelope(payload, []),
    trust: 'expires now',
    expect: code(23, 'trust', 'trust-expired'),
  },
]

const delta = {
  ...manifest,
  format: 'delta-zstd' as const,
  payloadSize: 100,
  payloadSha256: 'cd'.repeat(32),
  precursorSha256: before,
  metadata: deltaMetadata,
}
const packed = { ...manifest, format: 'combined' as const, metadata: encodePackageMetadata({ descriptorSize: 100 }) }
const needs = (...prerequisites: readonly (readonly [component: string, versionLeast: string])[]): Manifest => ({
  ...manifest,
  prerequisites: prerequisites.map(([component, versionLeast]) => ({ component, versionLeast })),
})
const replayed = code(27, 'releaseCounter', 'replayed')
const notNewer = code(27, 'version', 'not-newer')
const lacking = code(41, undefined, 'prerequisite')
/** Accepted: the manifest as it is read, and the components where they are not those of the file. */
const goodRows: readonly (readonly [name: string, about: string, read: Manifest, components?: readonly Component[]])[] =
  [
    ['1.10.0 after 1.9.0', 'Numbers are compared, not text.', { ...manifest, version: '1.10.0' }],
    [
      'nothing committed yet',
      'No counter to compare with.',
      { ...manifest, releaseCounter: 0 },
      [{ ...boot, name: 'main', version: '1.9.0' }],
    ],
    [
      'same counter, same image',
      'The release that was committed and rolled back by hand may come again.',
      manifest,
      withMain({ committed: { counter: 2, digest: manifest.installedSha256 } }),
    ],
    [
      'higher counter of another component',
      'Each component has its own.',
      manifest,
      [main, { ...boot, committed: { counter: 9, digest: another } }],
    ],
    ['delta from what is installed', 'The precursor is the installed digest.', delta],
    ['raw with a foreign precursor', 'Only a delta needs its base.', { ...manifest, precursorSha256: another }],
    [
      'prerequisites at their least',
      'Each exactly as asked for, or above.',
      needs(['boot', '1.10.0'], ['boot', '1.9.9']),
    ],
    ['prerequisite on itself', 'What counts is the version installed now.', needs(['main', '1.9.0'])],
    [
      '32 prerequisites, all there',
      'The most there may be.',
      needs(...Array.from({ length: 32 }, () => ['boot', '1.0.0'] as const)),
    ],
  ]

const refusedRows: readonly (readonly [
  name: string,
  about: string,
  offered: Manifest,
  expect: Json,
  components?: readonly Component[],
])[] = [
  ['component not here', 'The device has no such part.', { ...manifest, component: 'modem' }, code(39, 'component')],
  ['no components', 'A device that can install nothing takes no format either.', manifest, code(25, 'format'), []],
  [
    'component not here, old version',
    'The component is judged first.',
    { ...manifest, component: 'modem', version: '0.0.1' },
    code(39, 'component'),
  ],
  ['same version', 'Equal is not newer.', manifest, notNewer, withMain({ version: '2.0.0' })],
  ['same version, other zeros', 'As numbers they are equal.', manifest, notNewer, withMain({ version: '02.00.000' })],
  ['older version', 'By its last number.', manifest, notNewer, withMain({ version: '2.0.1' })],
  [
    '1.9.0 after 1.10.0',
    'Numbers are compared, not text.',
    { ...manifest, version: '1.9.0' },
    notNewer,
    withMain({ version: '1.10.0' }),
  ],
  [
    'same version, format not taken',
    'The version is judged before the format of the component.',
    packed,
    notNewer,
    withMain({ version: '2.0.0' }),
  ],
  [
    'lower counter',
    'An old release under a new version.',
    manifest,
    replayed,
    withMain({ committed: { counter: 3, digest: before } }),
  ],
  [
    'same counter, another image',
    'Two images under one number.',
    manifest,
    replayed,
    withMain({ committed: { counter: 2, digest: another } }),
  ],
  [
    'lower counter, same image',
    'Only the number of the last committed release may come again.',
    manifest,
    replayed,
    withMain({ committed: { counter: 3, digest: manifest.installedSha256 } }),
  ],
  [
    'lower counter, format not taken',
    'The counter is judged before the format of the component.',
    packed,
    replayed,
    withMain({ committed: { counter: 3, digest: before } }),
  ],
  [
    'format of another component',
    'The device takes packages, but this component does not.',
    packed,
    code(25, 'format', 'component'),
  ],
  [
    'delta for a component that takes none',
    'The format is judged before the precursor.',
    { ...delta, precursorSha256: another },
    code(25, 'format', 'component'),
    [
      { ...main, formats: ['raw'] },
      { ...boot, formats: ['delta-zstd'] },
    ],
  ],
  [
    'delta from another image',
    'What it would make is garbage.',
    { ...delta, precursorSha256: another },
    code(32, 'precursorSha256'),
  ],
  [
    'delta from another image, prerequisite lacking',
    'The precursor is judged first.',
    { ...delta, precursorSha256: another, prerequisites: [{ component: 'modem', versionLeast: '1.0.0' }] },
    code(32, 'precursorSha256'),
  ],
  ['prerequisite not here', 'The device has no such part.', needs(['modem', '0.0.0']), lacking],
  ['prerequisite too old', 'By its last number.', needs(['boot', '1.10.1']), lacking],
  ['second prerequisite too old', 'Every one of them counts.', needs(['boot', '1.0.0'], ['main', '1.9.1']), lacking],
  [
    'prerequisite on the version that comes',
    'What counts is the version installed now.',
    needs(['main', '2.0.0']),
    lacking,
  ],
]

const rows: readonly Row[] = [
  ...envelopeRows,
  ...goodRows.map(([name, about, read, components]) => ({
    name,
    about,
    bytes: sign(encodeManifest(read)),
    expect: accepted(read),
    ...(components === undefined ? {} : { components }),
  })),
  ...refusedRows.map(([name, about, offered, expect, components]) => ({
    name,
    about,
    bytes: sign(encodeManifest(offered)),
    expect,
    ...(components === undefined ? {} : { components }),
  })),
  {
    name: 'vendor data too long, component not here',
    about: 'What the manifest says by itself is judged before what is installed.',
    bytes: sign(manifestWith({ component: 'modem', vendorData: new Uint8Array(1025) })),
    expect: code(29, 'vendorData'),
  },
]

export function judgedOffers(): VectorFile {
  const { formats: _, ...reader } = device
  return {
    kind: 'offer',
    about:
      'SignedEnvelope of a Manifest, offered to `device` which has `components` and holds the named trust document.',
    device: jsonOf(reader),
    components: jsonOf(withMain({})),
    trust: Object.fromEntries(Object.entries(trusts).map(([name, bytes]) => [name, base64(bytes)])),
    cases: rows.map(({ name, about, bytes, isLong, expect, trust = 'good', components }) => ({
      name,
      about,
      trust,
      ...(components === undefined ? {} : { components: jsonOf(components) }),
      ...(isLong ? longBytes(bytes) : { bytes: base64(bytes) }),
      expect,
    })),
  }
}

/** As Drover's agent judges what it is offered, up to row 34. */
export function judgeOffer(file: VectorFile, vector: VectorCase): Json {
  const held = vector.trust === null ? undefined : (file.trust as Record<string, string>)[String(vector.trust)]
  const components = (vector.components ?? file.components) as unknown as readonly Component[]
  const marks = components.flatMap(({ name, committed }) =>
    committed === undefined ? [] : [[name, committed] as const],
  )
  const verdict = accept(bytesOf(vector), {
    ...device,
    trust: readTrust(held === undefined ? undefined : Buffer.from(held, 'base64')),
    components: new Map(components.map(({ name, version, digest }) => [name, { version, digest }])),
    formats: new Map(components.map(({ name, formats }) => [name, formats])),
    releaseMarks: Object.fromEntries(marks),
  })
  if (verdict.ok) return accepted(verdict.manifest)
  const { data } = verdict.failure
  // What does not decode has a sentence for a reason, which is nobody's business here, as is the version it had.
  const isSentence = data.field === 'envelope' || data.field === 'schemaVersion'
  return jsonOf({ code: verdict.failure.code, field: data.field, reason: isSentence ? undefined : data.reason })
}
