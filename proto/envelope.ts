// Signed statements: bytes in, verdict out. The signatures cover a domain-separated encoding of exactly the bytes that
// travel; nobody decodes before verifying, nobody re-encodes. The algorithm belongs to the key record, never to the
// message, and a threshold counts distinct keys of the role.
//
//   "drover-v1" NUL payload-type NUL uint32le(schema version) uint32le(length) payload
//
// Opens no file and no socket. Key files and devices' trust stores belong to operator/ and agent/.
import { createHash, createPublicKey, type KeyObject, sign, verify as verifySignature } from 'node:crypto'
import { decode, encode, WireError, type WireSignedEnvelope } from './codec.ts'
import { envelopeBytesMax, signaturesMax, trustKeysMax, trustRolesMax } from './limits.ts'

/** The version of SignedEnvelope and of every payload in it. */
export const schemaVersion = 1

/** What a signature speaks about: one signed statement can never be taken for another kind. */
export type PayloadType = 'manifest' | 'command' | 'trust' | 'time' | 'report'

/** The role that signs the time of the fleet, and nothing else; a document without it asks for no time. */
export const timestampRole = 'timestamp'

export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256'

export interface TrustedKey {
  /** RFC 7638 thumbprint. */
  readonly keyId: string
  readonly algorithm: SignatureAlgorithm
  readonly publicKey: KeyObject
}
export interface Role {
  readonly name: string
  readonly keyIds: readonly string[]
  /** 1..keyIds.length */
  readonly threshold: number
}
/** Who may sign what. Made from a signed trust document by `parseTrustDocument`. */
export interface TrustDocument {
  readonly version: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly keys: ReadonlyMap<string, TrustedKey>
  readonly roles: ReadonlyMap<string, Role>
  /** Operation type to the name of the role that signs it. */
  readonly operationTypes: ReadonlyMap<string, string>
  /** Absent: 0. A higher one makes void the release counters of lower ones. */
  readonly releaseEpoch?: number
}

/** The envelope or trust document is unusable. `reason` is one fixed word for `data.reason` of an event. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  readonly code: 'MALFORMED' | 'SCHEMA_VERSION' | 'PAYLOAD_ABSENT' | 'KEY_UNUSABLE' | 'NOT_TRUSTED'
  readonly reason: string
  constructor(code: EnvelopeError['code'], reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
    this.reason = reason
  }
}

export interface Envelope {
  readonly schemaVersion: number
  /** Exactly the signed bytes; a view of the received bytes. */
  readonly payload: Uint8Array
  readonly signatures: readonly { readonly keyId: string; readonly signature: Uint8Array }[]
}

/**
 * Judges in the documented order: decodes (MALFORMED), schema version (SCHEMA_VERSION), payload present
 * (PAYLOAD_ABSENT). Throws EnvelopeError. Verifies nothing yet.
 */
export function openEnvelope(bytes: Uint8Array): Envelope {
  let wire: WireSignedEnvelope
  try {
    wire = decode('SignedEnvelope', bytes, envelopeBytesMax)
  } catch (cause) {
    throw new EnvelopeError('MALFORMED', cause instanceof WireError ? cause.message : 'does not decode', { cause })
  }
  if (wire.schemaVersion === undefined) throw new EnvelopeError('MALFORMED', 'schemaVersion absent')
  if (wire.signatures.length > signaturesMax) throw new EnvelopeError('MALFORMED', `over ${signaturesMax} signatures`)
  if (wire.schemaVersion !== schemaVersion) throw new EnvelopeError('SCHEMA_VERSION', String(wire.schemaVersion))
  if (wire.payload === undefined || wire.payload.length === 0) throw new EnvelopeError('PAYLOAD_ABSENT', 'payload')
  const signatures = wire.signatures.map(({ keyId, signature }) => {
    if (keyId === undefined || signature === undefined) throw new EnvelopeError('MALFORMED', 'signature incomplete')
    return { keyId, signature }
  })
  return { schemaVersion: wire.schemaVersion, payload: wire.payload, signatures }
}

/** Why the role did not sign, as one word, or undefined when it did: threshold reached by distinct keys of the role. */
export function distrust(
  envelope: Envelope,
  payloadType: PayloadType,
  role: Role,
  trust: TrustDocument,
): string | undefined {
  const message = preAuthenticationEncoding(payloadType, envelope.schemaVersion, envelope.payload)
  const verified = new Set<string>()
  let sawKeyOfRole = false
  for (const { keyId, signature } of envelope.signatures) {
    const key = trust.keys.get(keyId)
    if (key === undefined || !role.keyIds.includes(keyId)) continue
    sawKeyOfRole = true
    if (verified.has(keyId)) continue
    if (verifyBytes(message, signature, key)) verified.add(keyId)
  }
  if (verified.size >= role.threshold) return undefined
  if (envelope.signatures.length === 0) return 'unsigned'
  if (!sawKeyOfRole) return 'unknown-key'
  return verified.size === 0 ? 'bad-signature' : 'threshold'
}

/** The role that signs an operation type; throws EnvelopeError NOT_TRUSTED `no-role` when the document names none. */
export function roleFor(operationType: string, trust: TrustDocument): Role {
  const name = trust.operationTypes.get(operationType)
  const role = name === undefined ? undefined : trust.roles.get(name)
  if (role === undefined) throw new EnvelopeError('NOT_TRUSTED', 'no-role')
  return role
}

/**
 * The trust document in `bytes`, which must be signed by its own `root` role: the form a device is provisioned with.
 * `now` in milliseconds since 1970; absent: expiry is not judged, and is the caller's to judge.
 * Throws EnvelopeError: MALFORMED, SCHEMA_VERSION, PAYLOAD_ABSENT, KEY_UNUSABLE (a key does not parse), NOT_TRUSTED.
 */
export function parseTrustDocument(bytes: Uint8Array, now?: number): TrustDocument {
  const envelope = openEnvelope(bytes)
  const trust = readTrustDocument(envelope.payload)
  const root = trust.roles.get('root')
  if (root === undefined) throw new EnvelopeError('MALFORMED', 'no role root')
  const reason = distrust(envelope, 'trust', root, trust)
  if (reason !== undefined) throw new EnvelopeError('NOT_TRUSTED', reason)
  if (now !== undefined && now >= trust.expiresAt) throw new EnvelopeError('NOT_TRUSTED', 'expired')
  return trust
}

/** What a trust document says, whoever signed it. Throws EnvelopeError: MALFORMED, KEY_UNUSABLE. */
export function readTrustDocument(payload: Uint8Array): TrustDocument {
  const malformed = (what: string): EnvelopeError => new EnvelopeError('MALFORMED', what)
  let wire: ReturnType<typeof decode<'TrustDocument'>>
  try {
    wire = decode('TrustDocument', payload, envelopeBytesMax)
  } catch (cause) {
    throw new EnvelopeError('MALFORMED', 'trust document does not decode', { cause })
  }
  if (wire.version === undefined || wire.version < 1) throw malformed('version')
  if (wire.expiresAt === undefined) throw malformed('expiresAt')
  if (wire.keys.length > trustKeysMax || wire.roles.length > trustRolesMax) throw malformed('too many keys or roles')
  const keys = new Map<string, TrustedKey>()
  for (const { keyId, algorithm, publicKey } of wire.keys) {
    if (keyId === undefined || algorithm === undefined || publicKey === undefined) throw malformed('key incomplete')
    const key = trustedKey(publicKey)
    const named = algorithm === 1 ? 'ed25519' : algorithm === 2 ? 'ecdsa-p256-sha256' : undefined
    // A key under a foreign id or algorithm would let one key count as two, or be used as what it is not.
    if (key.keyId !== keyId || key.algorithm !== named) throw new EnvelopeError('KEY_UNUSABLE', 'key-id-or-algorithm')
    if (keys.has(keyId)) throw malformed('key given twice')
    keys.set(keyId, key)
  }
  const roles = new Map<string, Role>()
  for (const { name, keyIds, threshold } of wire.roles) {
    if (!name || threshold === undefined || roles.has(name)) throw malformed('role incomplete or twice')
    const distinct = new Set(keyIds)
    if (distinct.size !== keyIds.length || keyIds.some(keyId => !keys.has(keyId)))
      throw malformed(`keys of role ${name}`)
    if (threshold < 1 || threshold > distinct.size) throw malformed(`threshold of role ${name}`)
    roles.set(name, { name, keyIds, threshold })
  }
  const operationTypes = new Map<string, string>()
  for (const { operationType, role } of wire.operationTypes) {
    if (!operationType || role === undefined || !roles.has(role)) throw malformed('operation type')
    if (operationTypes.has(operationType)) throw malformed('operation type given twice')
    operationTypes.set(operationType, role)
  }
  // Its keys lie on machines that are always on: whoever has them may tell the time, and do nothing else.
  const online = roles.get(timestampRole)?.keyIds ?? []
  const others = [...roles.values()].filter(({ name }) => name !== timestampRole)
  if (others.some(({ keyIds }) => keyIds.some(keyId => online.includes(keyId)))) throw malformed('key of two roles')
  if ([...operationTypes.values()].includes(timestampRole)) throw malformed('operation type of the role timestamp')
  const { version, expiresAt, releaseEpoch } = wire
  const epoch = releaseEpoch === undefined ? {} : { releaseEpoch }
  return { version, expiresAt, keys, roles, operationTypes, ...epoch }
}

/** Encodes the statement that the root will sign. */
export function encodeTrustDocument(trust: TrustDocument): Buffer {
  return encode('TrustDocument', {
    version: trust.version,
    expiresAt: trust.expiresAt,
    keys: [...trust.keys.values()].map(({ keyId, algorithm, publicKey }) => ({
      keyId,
      algorithm: algorithm === 'ed25519' ? 1 : 2,
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    })),
    roles: [...trust.roles.values()].map(role => ({ ...role, keyIds: [...role.keyIds] })),
    operationTypes: [...trust.operationTypes].map(([operationType, role]) => ({ operationType, role })),
    ...(trust.releaseEpoch === undefined ? {} : { releaseEpoch: trust.releaseEpoch }),
  })
}

/** A signature and whose it is said to be. */
export interface MadeSignature {
  readonly key: TrustedKey
  /** 64 bytes: of ECDSA r and s, 32 each (IEEE P1363). */
  readonly signature: Uint8Array
}

/** Signs `payload` with each key; the result is what travels. Throws EnvelopeError KEY_UNUSABLE. */
export function signEnvelope(payloadType: PayloadType, payload: Uint8Array, privateKeys: readonly KeyObject[]): Buffer {
  const message = messageToSign(payloadType, payload)
  return enveloped(
    payload,
    privateKeys.map(privateKey => signMessage(message, privateKey)),
  )
}

/** The bytes that a key signs, for whoever holds the key elsewhere: `assembleEnvelope` takes what comes back. */
export function messageToSign(payloadType: PayloadType, payload: Uint8Array): Buffer {
  return preAuthenticationEncoding(payloadType, schemaVersion, payload)
}

/** Throws EnvelopeError KEY_UNUSABLE. */
export function signMessage(message: Uint8Array, privateKey: KeyObject): MadeSignature {
  const key = trustedKey(createPublicKey(privateKey))
  const signature =
    key.algorithm === 'ed25519'
      ? sign(null, message, privateKey)
      : sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { key, signature }
}

/**
 * What `signEnvelope` makes, from signatures that were made elsewhere over `messageToSign`. Throws EnvelopeError NOT_TRUSTED
 * `bad-signature` when one does not verify: what devices would not count does not travel.
 */
export function assembleEnvelope(
  payloadType: PayloadType,
  payload: Uint8Array,
  signatures: readonly MadeSignature[],
): Buffer {
  const message = messageToSign(payloadType, payload)
  for (const { key, signature } of signatures)
    if (!verifyBytes(message, signature, key)) throw new EnvelopeError('NOT_TRUSTED', 'bad-signature')
  return enveloped(payload, signatures)
}

function enveloped(payload: Uint8Array, made: readonly MadeSignature[]): Buffer {
  const signatures = made.map(({ key: { keyId }, signature }) => ({ keyId, signature }))
  return encode('SignedEnvelope', { schemaVersion, payload, signatures })
}

/** A public key (SPKI DER or KeyObject) with its id. Throws EnvelopeError KEY_UNUSABLE for any other kind of key. */
export function trustedKey(publicKey: Uint8Array | KeyObject): TrustedKey {
  try {
    const key =
      publicKey instanceof Uint8Array
        ? createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
        : publicKey
    const jwk = key.export({ format: 'jwk' })
    // RFC 7638, 3: required members only, in lexicographic order.
    const members =
      jwk.kty === 'OKP' && jwk.crv === 'Ed25519'
        ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
        : jwk.kty === 'EC' && jwk.crv === 'P-256'
          ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
          : undefined
    if (members === undefined) throw new EnvelopeError('KEY_UNUSABLE', 'key-type')
    if (jwk.kty === 'OKP' && isSmallOrder(Buffer.from(jwk.x ?? '', 'base64url')))
      throw new EnvelopeError('KEY_UNUSABLE', 'small-order')
    const keyId = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
    return { keyId, algorithm: jwk.kty === 'OKP' ? 'ed25519' : 'ecdsa-p256-sha256', publicKey: key }
  } catch (cause) {
    if (cause instanceof EnvelopeError) throw cause
    throw new EnvelopeError('KEY_UNUSABLE', 'key-does-not-parse', { cause })
  }
}

/** True only for a valid signature of exactly the length the algorithm has; never throws for any bytes. */
export function verifyBytes(message: Uint8Array, signature: Uint8Array, key: TrustedKey): boolean {
  if (signature.length !== 64) return false
  return key.algorithm === 'ed25519'
    ? verifySignature(null, message, key.publicKey, signature)
    : verifySignature('sha256', message, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
}

/** y of the points whose order divides 8, little endian, sign bit off; the last two are other spellings of 0 and 1. */
const smallOrderPoints: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** With such a public key one signature fits every message, and OpenSSL accepts it (RFC 8032, 5.1.7 checks no order). */
function isSmallOrder(point: Buffer): boolean {
  return smallOrderPoints.has(
    Buffer.concat([point.subarray(0, 31), Buffer.of((point[31] ?? 0) & 0x7f)]).toString('hex'),
  )
}

/** What is signed. Every part before the payload has one length or an end mark, so no two inputs share an encoding. */
export function preAuthenticationEncoding(payloadType: PayloadType, version: number, payload: Uint8Array): Buffer {
  const head = Buffer.from(`drover-v1\0${payloadType}\0`)
  const numbers = Buffer.alloc(8)
  numbers.writeUInt32LE(version, 0)
  numbers.writeUInt32LE(payload.length, 4)
  return Buffer.concat([head, numbers, payload])
}
