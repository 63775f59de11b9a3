// Vectors of signed manifests: envelope, signatures and manifest, each spoiled one with the code a device reports.
import { encode } from '../../proto/codec.ts'
import { encodeManifest } from '../../proto/manifest.ts'
import { judgeManifest, type TestDevice } from './judge.ts'
import { manifestCases } from './manifest-cases.ts'
import { device, manifest, manifestWith } from './sample.ts'
import { derOf } from './signature-cases.ts'
import { envelope, keys, signature, signBytes, signed, trustDocument } from './test-keys.ts'
import { trustSigned } from './trust-cases.ts'
import { base64, type Json, jsonOf, type VectorCase, type VectorFile } from './vector-file.ts'
import { bytesField, numberField } from './wire.ts'

const trusts: Readonly<Record<string, Uint8Array>> = {
  ed25519: trustSigned(trustDocument([keys.release], 1)),
  p256: trustSigned(trustDocument([keys.elliptic], 1)),
  'two-of-three': trustSigned(trustDocument([keys.release, keys.second, keys.elliptic], 2)),
  'no-role': trustSigned({ ...trustDocument([keys.release], 1), operationTypes: new Map([['reboot', 'operations']]) }),
}

export interface SignedRow {
  readonly name: string
  readonly about: string
  readonly bytes: Uint8Array
  readonly expect: Json
  /** Name in `trusts`, or null: the device holds none. */
  readonly trust?: string | null
  readonly device?: Partial<TestDevice>
}

const payload = encodeManifest(manifest)
const good = signed('manifest', payload, keys.release)
const accepted: Json = { manifest: jsonOf(manifest) }
const by = (key: keyof typeof keys, bytes = payload) => signature(keys[key], 'manifest', bytes)
const flip = (bytes: Uint8Array, at: number, bit = 1): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ bit
  return copy
}
const code = (number: number, reason?: string): Json =>
  reason === undefined ? { code: `UPD4_FAIL_${number}` } : { code: `UPD4_FAIL_${number}`, reason }
const signatureField = (keyId: string, bytes: Uint8Array) =>
  bytesField(3, Buffer.concat([bytesField(1, keyId), bytesField(2, bytes)]))
const schema2 = envelope(payload, [signature(keys.release, 'manifest', payload, 2)], 2)

const goodRows: readonly SignedRow[] = [
  { name: 'ed25519', about: 'One Ed25519 signature of the release role.', bytes: good, expect: accepted },
  {
    name: 'p256',
    about: 'One ECDSA P-256 signature.',
    bytes: signed('manifest', payload, keys.elliptic),
    trust: 'p256',
    expect: accepted,
  },
  {
    name: 'two of three',
    about: 'Threshold 2, reached by one key of each algorithm.',
    bytes: signed('manifest', payload, keys.second, keys.elliptic),
    trust: 'two-of-three',
    expect: accepted,
  },
  {
    name: 'stranger beside the role',
    about: 'A signature by an unknown key is ignored, not an error.',
    bytes: signed('manifest', payload, keys.stranger, keys.release),
    expect: accepted,
  },
  {
    name: 'bad beside two good',
    about: 'A signature that does not verify is ignored when the threshold is reached without it.',
    bytes: envelope(payload, [{ ...by('release'), signature: new Uint8Array(64) }, by('second'), by('elliptic')]),
    trust: 'two-of-three',
    expect: accepted,
  },
  {
    name: 'duplicate and a second key',
    about: 'The duplicate counts once, the second key makes two.',
    bytes: envelope(payload, [by('release'), by('release'), by('second')]),
    trust: 'two-of-three',
    expect: accepted,
  },
  {
    name: 'eight signatures',
    about: 'The most there may be: seven of strangers, and the one that counts.',
    bytes: envelope(payload, [...Array.from({ length: 7 }, () => by('stranger')), by('release')]),
    expect: accepted,
  },
  {
    name: 'fields in another order',
    about: 'Protobuf does not fix the order of fields; the payload bytes decide.',
    bytes: Buffer.concat([
      signatureField(by('release').keyId, by('release').signature),
      bytesField(2, payload),
      numberField(1, 1),
    ]),
    expect: accepted,
  },
]

const envelopeRows: readonly SignedRow[] = [
  {
    name: 'empty',
    about: 'No bytes at all: the schema version is absent.',
    bytes: new Uint8Array(0),
    expect: code(22),
  },
  { name: 'truncated', about: 'The last byte is missing.', bytes: good.subarray(0, -1), expect: code(22) },
  {
    name: 'trailing garbage',
    about: 'One byte 0xff after the last field.',
    bytes: Buffer.concat([good, Buffer.of(255)]),
    expect: code(22),
  },
  {
    name: 'unknown field',
    about: 'A well-formed field 4.',
    bytes: Buffer.concat([good, numberField(4, 1)]),
    expect: code(22),
  },
  {
    name: 'payload twice',
    about: 'A singular field that occurs twice has two readings.',
    bytes: Buffer.concat([good, bytesField(2, payload)]),
    expect: code(22),
  },
  {
    name: 'schema version twice',
    about: 'The same value twice is refused as well.',
    bytes: Buffer.concat([good, numberField(1, 1)]),
    expect: code(22),
  },
  {
    name: 'wrong wire type',
    about: 'The schema version as bytes.',
    bytes: Buffer.concat([bytesField(1, '1'), bytesField(2, payload)]),
    expect: code(22),
  },
  {
    name: 'schema version absent',
    about: 'Absent is not zero.',
    bytes: encode('SignedEnvelope', { payload, signatures: [by('release')] }),
    expect: code(22),
  },
  { name: 'schema version 2', about: 'Correctly signed under version 2.', bytes: schema2, expect: code(28) },
  {
    name: 'schema version 0',
    about: 'Present, and not a supported one.',
    bytes: envelope(payload, [by('release')], 0),
    expect: code(28),
  },
  {
    name: 'schema version 2, bad signature',
    about: 'The version is judged before the signature.',
    bytes: flip(schema2, schema2.length - 1),
    expect: code(28),
  },
  {
    name: 'schema version 2, payload absent',
    about: 'The version is judged before the presence of the payload.',
    bytes: encode('SignedEnvelope', { schemaVersion: 2, signatures: [] }),
    expect: code(28),
  },
  {
    name: 'schema version 2^32 + 1',
    about: 'A number that does not fit its field is refused, never cut to 1.',
    bytes: Buffer.concat([numberField(1, 2n ** 32n + 1n), bytesField(2, payload)]),
    expect: code(22),
  },
  {
    name: 'payload absent',
    about: 'No payload field.',
    bytes: encode('SignedEnvelope', { schemaVersion: 1, signatures: [by('release')] }),
    expect: code(22),
  },
  {
    name: 'payload empty',
    about: 'A payload of no bytes.',
    bytes: envelope(new Uint8Array(0), [by('release')]),
    expect: code(22),
  },
  {
    name: 'nine signatures',
    about: 'More than 8 signatures, all of them good.',
    bytes: envelope(
      payload,
      Array.from({ length: 9 }, () => by('release')),
    ),
    expect: code(22),
  },
  {
    name: 'signature without key id',
    about: 'Half a signature.',
    bytes: encode('SignedEnvelope', {
      schemaVersion: 1,
      payload,
      signatures: [{ signature: by('release').signature }],
    }),
    expect: code(22),
  },
  {
    name: 'signature without bytes',
    about: 'The other half.',
    bytes: encode('SignedEnvelope', { schemaVersion: 1, payload, signatures: [{ keyId: by('release').keyId }] }),
    expect: code(22),
  },
]

const withSignature = (bytes: Uint8Array, key: keyof typeof keys = 'release') =>
  envelope(payload, [{ keyId: keys[key].trusted.keyId, signature: bytes }])

const signatureRows: readonly SignedRow[] = [
  {
    name: 'no trust document',
    about: 'The device holds none: something that must be there is missing.',
    bytes: good,
    trust: null,
    expect: code(44),
  },
  {
    name: 'no role for the operation type',
    about: 'The trust document names nobody who may sign firmware.',
    bytes: good,
    trust: 'no-role',
    expect: code(23, 'no-role'),
  },
  { name: 'stripped', about: 'No signatures.', bytes: envelope(payload, []), expect: code(23, 'unsigned') },
  {
    name: 'flipped bit in the payload',
    about: 'The last bit of the manifest.',
    bytes: envelope(flip(payload, payload.length - 1), [by('release')]),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'flipped bit in the signature',
    about: 'The first bit of R.',
    bytes: withSignature(flip(by('release').signature, 0, 128)),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'flipped bit in the P-256 signature',
    about: 'The last bit of s.',
    bytes: withSignature(flip(by('elliptic').signature, 63), 'elliptic'),
    trust: 'p256',
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'unknown key',
    about: 'A good signature by a key outside the trust document.',
    bytes: signed('manifest', payload, keys.stranger),
    expect: code(23, 'unknown-key'),
  },
  {
    name: 'key of another role',
    about: 'The online operations key may not sign firmware.',
    bytes: signed('manifest', payload, keys.operations),
    expect: code(23, 'unknown-key'),
  },
  {
    name: 'unknown key under a known id',
    about: 'The signature of a stranger with the id of the release key.',
    bytes: withSignature(signature(keys.stranger, 'manifest', payload).signature),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'one of two',
    about: 'Threshold 2, one signature.',
    bytes: good,
    trust: 'two-of-three',
    expect: code(23, 'threshold'),
  },
  {
    name: 'duplicate signature',
    about: 'The same signature twice counts once.',
    bytes: envelope(payload, [by('release'), by('release')]),
    trust: 'two-of-three',
    expect: code(23, 'threshold'),
  },
  {
    name: 'two signatures of one key',
    about: 'Two different valid P-256 signatures of one key count once.',
    bytes: envelope(payload, [by('elliptic'), signature(keys.elliptic, 'manifest', payload, 1, 1)]),
    trust: 'two-of-three',
    expect: code(23, 'threshold'),
  },
  {
    name: 'Ed25519 signature under a P-256 key',
    about: 'The algorithm belongs to the key, not to the signature.',
    bytes: withSignature(by('release').signature, 'elliptic'),
    trust: 'two-of-three',
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'P-256 signature under an Ed25519 key',
    about: 'The other way round.',
    bytes: withSignature(by('elliptic').signature),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'P-256 signature in DER',
    about: 'Signatures are r and s of 32 bytes each; ASN.1 is refused.',
    bytes: withSignature(derOf(by('elliptic').signature), 'elliptic'),
    trust: 'p256',
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'wrong domain: trust',
    about: 'Signed as a trust document, sent as a manifest.',
    bytes: envelope(payload, [signature(keys.release, 'trust', payload)]),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'wrong domain: command',
    about: 'Signed as a command, sent as a manifest.',
    bytes: envelope(payload, [signature(keys.release, 'command', payload)]),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'signed without the encoding',
    about: 'The signature covers the bare payload.',
    bytes: withSignature(signBytes(keys.release, payload)),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'signed under schema version 2',
    about: 'The version is part of what is signed.',
    bytes: envelope(payload, [signature(keys.release, 'manifest', payload, 2)]),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'signature of 63 bytes',
    about: 'One byte short.',
    bytes: withSignature(by('release').signature.subarray(0, 63)),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'signature of 65 bytes',
    about: 'One byte more.',
    bytes: withSignature(Buffer.concat([by('release').signature, Buffer.of(0)])),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'signature of no bytes',
    about: 'Present and empty.',
    bytes: withSignature(new Uint8Array(0)),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'garbage, badly signed',
    about: 'The signature is judged before the payload is decoded.',
    bytes: envelope(Buffer.from('garbage'), [by('release')]),
    expect: code(23, 'bad-signature'),
  },
  {
    name: 'wrong vendor, badly signed',
    about: 'The signature is judged before any field.',
    bytes: envelope(manifestWith({ vendorId: new Uint8Array(16) }), [by('release')]),
    expect: code(23, 'bad-signature'),
  },
]

/** Every row judged by the code must give what the row expects; a vector is never written from the answer. */
export function signedManifests(): VectorFile {
  const rows = [...goodRows, ...envelopeRows, ...signatureRows, ...manifestCases()]
  return {
    kind: 'signed-manifest',
    about: 'A SignedEnvelope of a Manifest, offered to `device` in an operation of type firmware-update.',
    device: jsonOf(device),
    trust: Object.fromEntries(Object.entries(trusts).map(([name, bytes]) => [name, base64(bytes)])),
    cases: rows.map(row => caseOf(row)),
  }
}

function caseOf(row: SignedRow): VectorCase {
  const { name, about, bytes, expect, trust = 'ed25519' } = row
  return {
    name,
    about,
    trust,
    ...(row.device === undefined ? {} : { device: jsonOf(row.device) }),
    bytes: base64(bytes),
    expect,
  }
}

/** One case of the file, read again. */
export function judgeSigned(vector: VectorCase): Json {
  const bytes = Buffer.from(String(vector.bytes), 'base64')
  const trust = vector.trust === null ? undefined : trusts[String(vector.trust)]
  return judgeManifest(bytes, trust, { ...device, ...(vector.device as Partial<TestDevice> | undefined) })
}
