// Vectors of trust documents, as a device is provisioned with them.
import { createECDH, createHash, type KeyObject } from 'node:crypto'
import { decode, encode, type WireTrustDocument } from '../../proto/codec.ts'
import { encodeTrustDocument, type TrustDocument } from '../../proto/envelope.ts'
import { device, sha256 } from './sample.ts'
import { ed25519, envelope, keys, signature, signed, type TestKey, trustDocument } from './test-keys.ts'
import { base64, type Json, type VectorFile } from './vector-file.ts'
import { numberField } from './wire.ts'

export function trustSigned(trust: TrustDocument): Buffer {
  return signed('trust', encodeTrustDocument(trust), keys.root)
}

const sample = trustDocument([keys.release], 1)
const payload = encodeTrustDocument(sample)
const good = trustSigned(sample)

type Change = (wire: WireTrustDocument) => WireTrustDocument
const changed = (change: Change): Buffer => {
  const wire = decode('TrustDocument', payload, 65536)
  return signed('trust', encode('TrustDocument', change(wire)), keys.root)
}
const id = (key: TestKey): string => key.trusted.keyId
const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })

/** The release key's record with some fields replaced. */
const releaseKey = (fields: Partial<WireTrustDocument['keys'][number]>): Change => {
  return wire => ({
    ...wire,
    keys: wire.keys.map(key => (key.keyId === id(keys.release) ? { ...key, ...fields } : key)),
  })
}
const releaseRole = (fields: Partial<WireTrustDocument['roles'][number]>): Change => {
  return wire => ({ ...wire, roles: wire.roles.map(role => (role.name === 'release' ? { ...role, ...fields } : role)) })
}
const without = (...fields: (keyof WireTrustDocument)[]): Change => {
  return wire => {
    const copy: Partial<WireTrustDocument> = { ...wire }
    for (const field of fields) delete copy[field]
    return copy as WireTrustDocument
  }
}

const ed25519Spki = (point: string): Buffer => Buffer.from(`302a300506032b6570032100${point}`, 'hex')
/** The sample with such a release key: its thumbprint is right and root has signed it, so nothing else is wrong. */
const withPoint = (point: string): Buffer => {
  const x = Buffer.from(point, 'hex').toString('base64url')
  const keyId = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url')
  return changed(wire => releaseRole({ keyIds: [keyId] })(releaseKey({ keyId, publicKey: ed25519Spki(point) })(wire)))
}
/** Documents that a device was given and cannot use, or not any more. */
export const smallOrderTrust = withPoint(`01${'00'.repeat(31)}`)
export const untrustedTrust = signed('trust', payload, keys.release)

const manyKeys = (count: number): TrustDocument => ({
  ...sample,
  keys: new Map([
    ...sample.keys,
    ...Array.from({ length: count - sample.keys.size }, (_, number) => ed25519(`one of many, ${number}`)).map(
      ({ trusted }) => [trusted.keyId, trusted] as const,
    ),
  ]),
})
const manyRoles = (count: number): TrustDocument => ({
  ...sample,
  roles: new Map([
    ...sample.roles,
    ...Array.from({ length: count - sample.roles.size }, (_, number) => `role ${number}`).map(
      name => [name, { name, keyIds: [id(keys.root)], threshold: 1 }] as const,
    ),
  ]),
})
const x25519Spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), sha256('x25519')])
const p384 = createECDH('secp384r1')
p384.setPrivateKey(Buffer.concat([sha256('p384'), sha256('more')]).subarray(0, 48))
const p384Spki = Buffer.concat([
  Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex'),
  p384.getPublicKey(),
])
const offCurve = Buffer.from(spki(keys.elliptic.trusted.publicKey))
offCurve[offCurve.length - 1] = (offCurve.at(-1) ?? 0) ^ 1

const malformed: Json = { code: 'UPD4_FAIL_44', error: 'MALFORMED' }
const unusable = (reason: string): Json => ({ code: 'UPD4_FAIL_43', error: 'KEY_UNUSABLE', reason })
const untrusted = (reason: string): Json => ({ code: 'UPD4_FAIL_44', error: 'NOT_TRUSTED', reason })

function read(trust: TrustDocument): Json {
  return {
    trust: {
      version: trust.version,
      expiresAt: trust.expiresAt,
      keys: Object.fromEntries([...trust.keys].map(([keyId, { algorithm }]) => [keyId, algorithm])),
      roles: Object.fromEntries([...trust.roles].map(([name, role]) => [name, { ...role }])),
      operationTypes: Object.fromEntries(trust.operationTypes),
    },
  }
}

const mixed = trustDocument([keys.release, keys.second, keys.elliptic], 2)
const rows: readonly [name: string, about: string, bytes: Uint8Array, expect: Json, now?: number][] = [
  ['one release key', 'One root, one release key, one online operations key.', good, read(sample)],
  ['two of three', 'Keys of both algorithms, threshold 2.', trustSigned(mixed), read(mixed)],
  ['truncated', 'The last byte is missing.', good.subarray(0, -1), malformed],
  [
    'trailing field',
    'A well-formed unknown field in the signed payload.',
    signed('trust', Buffer.concat([payload, numberField(9, 1)]), keys.root),
    malformed,
  ],
  [
    'schema version 2',
    'Of the envelope.',
    envelope(payload, [signature(keys.root, 'trust', payload, 2)], 2),
    { code: 'UPD4_FAIL_44', error: 'SCHEMA_VERSION' },
  ],
  ['unsigned', 'No signatures.', envelope(payload, []), untrusted('unsigned')],
  [
    'signed by the release key',
    'Only the root role signs trust.',
    signed('trust', payload, keys.release),
    untrusted('unknown-key'),
  ],
  [
    'signed by a stranger',
    'Whose key the document does not name.',
    signed('trust', payload, keys.stranger),
    untrusted('unknown-key'),
  ],
  ['wrong domain', 'Signed as a manifest.', signed('manifest', payload, keys.root), untrusted('bad-signature')],
  ['expired', 'At the very instant.', good, untrusted('expired'), sample.expiresAt],
  ['version absent', 'Required.', changed(without('version')), malformed],
  ['version 0', 'Versions count from 1.', changed(wire => ({ ...wire, version: 0 })), malformed],
  ['expiry absent', 'Required.', changed(without('expiresAt')), malformed],
  [
    'no root',
    'Nobody could have signed it.',
    changed(wire => ({ ...wire, roles: wire.roles.filter(role => role.name !== 'root') })),
    malformed,
  ],
  [
    'role twice',
    'Two readings.',
    changed(wire => ({ ...wire, roles: [...wire.roles, ...wire.roles.slice(1, 2)] })),
    malformed,
  ],
  [
    'role without a name',
    'An empty name.',
    changed(wire => ({ ...wire, roles: [...wire.roles, { name: '', keyIds: [id(keys.root)], threshold: 1 }] })),
    malformed,
  ],
  [
    'threshold absent',
    'Required.',
    changed(wire => ({ ...wire, roles: [...wire.roles, { name: 'extra', keyIds: [id(keys.root)] }] })),
    malformed,
  ],
  ['threshold 0', 'Would be reached by nobody.', changed(releaseRole({ threshold: 0 })), malformed],
  ['threshold over the keys', 'Could never be reached.', changed(releaseRole({ threshold: 2 })), malformed],
  [
    'key id twice in a role',
    'One key would count as two.',
    changed(releaseRole({ keyIds: [id(keys.release), id(keys.release)], threshold: 2 })),
    malformed,
  ],
  [
    'role names an unknown key',
    'Every key of a role is in the document.',
    changed(releaseRole({ keyIds: [id(keys.stranger)] })),
    malformed,
  ],
  [
    'key twice',
    'Two readings.',
    changed(wire => ({ ...wire, keys: [...wire.keys, ...wire.keys.slice(0, 1)] })),
    malformed,
  ],
  [
    'key incomplete',
    'A key without bytes.',
    changed(wire => ({ ...wire, keys: [...wire.keys, { keyId: 'x', algorithm: 1 }] })),
    malformed,
  ],
  [
    'operation type twice',
    'Two readings.',
    changed(wire => ({
      ...wire,
      operationTypes: [...wire.operationTypes, { operationType: 'reboot', role: 'release' }],
    })),
    malformed,
  ],
  [
    'operation type of no role',
    'A role that does not exist.',
    changed(wire => ({ ...wire, operationTypes: [{ operationType: 'reboot', role: 'nobody' }] })),
    malformed,
  ],
  [
    'operation type without a name',
    'An empty type.',
    changed(wire => ({ ...wire, operationTypes: [{ operationType: '', role: 'root' }] })),
    malformed,
  ],
  [
    'foreign key id',
    'The id is the thumbprint of the key (RFC 7638), never chosen.',
    changed(wire => ({
      ...wire,
      keys: [...wire.keys, { keyId: 'mine', algorithm: 1, publicKey: spki(keys.stranger.trusted.publicKey) }],
    })),
    unusable('key-id-or-algorithm'),
  ],
  [
    'algorithm swapped',
    'An Ed25519 key recorded as P-256.',
    changed(releaseKey({ algorithm: 2 })),
    unusable('key-id-or-algorithm'),
  ],
  ['algorithm 0', 'The unspecified one.', changed(releaseKey({ algorithm: 0 })), unusable('key-id-or-algorithm')],
  [
    'key is garbage',
    'No SubjectPublicKeyInfo.',
    changed(releaseKey({ publicKey: Buffer.from('garbage') })),
    unusable('key-does-not-parse'),
  ],
  [
    'key is X25519',
    'A curve that signs nothing.',
    changed(releaseKey({ publicKey: x25519Spki })),
    unusable('key-type'),
  ],
  [
    'key is P-384',
    'A curve we do not use.',
    changed(releaseKey({ publicKey: p384Spki, algorithm: 2 })),
    unusable('key-type'),
  ],
  [
    'key off the curve',
    'The last bit of y is flipped.',
    changed(releaseKey({ publicKey: offCurve, algorithm: 2 })),
    unusable('key-does-not-parse'),
  ],
  [
    'key of small order',
    'The neutral point: one signature would fit every message.',
    smallOrderTrust,
    unusable('small-order'),
  ],
  [
    'key of order 8',
    'One of the points that are told by their bytes alone.',
    withPoint('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
    unusable('small-order'),
  ],
  [
    'key of order 8, sign bit set',
    'The bit is cleared before the point is compared.',
    withPoint('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'),
    unusable('small-order'),
  ],
  [
    'key of small order, not reduced',
    'The neutral point in its other spelling: y is p + 1.',
    withPoint(`ee${'ff'.repeat(30)}7f`),
    unusable('small-order'),
  ],
  ['64 keys', 'The most there may be; most of them are in no role.', trustSigned(manyKeys(64)), read(manyKeys(64))],
  ['65 keys', 'One more.', trustSigned(manyKeys(65)), malformed],
  ['32 roles', 'The most there may be.', trustSigned(manyRoles(32)), read(manyRoles(32))],
  ['33 roles', 'One more.', trustSigned(manyRoles(33)), malformed],
  [
    'a role timestamp',
    'Its key is in no other role.',
    changed(wire => ({
      ...wire,
      keys: [...wire.keys, { keyId: id(keys.second), algorithm: 1, publicKey: spki(keys.second.trusted.publicKey) }],
      roles: [...wire.roles, { name: 'timestamp', keyIds: [id(keys.second)], threshold: 1 }],
    })),
    read({
      ...sample,
      keys: new Map([...sample.keys, [id(keys.second), keys.second.trusted]]),
      roles: new Map([...sample.roles, ['timestamp', { name: 'timestamp', keyIds: [id(keys.second)], threshold: 1 }]]),
    }),
  ],
  [
    'the key of timestamp in another role',
    'Whoever tells the time may do nothing else.',
    changed(wire => ({
      ...wire,
      roles: [...wire.roles, { name: 'timestamp', keyIds: [id(keys.operations)], threshold: 1 }],
    })),
    malformed,
  ],
  ['the last millisecond', 'Good before the instant of its expiry.', good, read(sample), sample.expiresAt - 1],
]

export function trustDocuments(): VectorFile {
  return {
    kind: 'trust-document',
    about: 'A SignedEnvelope of a TrustDocument, as a device is provisioned with it.',
    cases: rows.map(([name, about, bytes, expect, now = device.now]) => ({
      name,
      about,
      now,
      bytes: base64(bytes),
      expect,
    })),
  }
}
