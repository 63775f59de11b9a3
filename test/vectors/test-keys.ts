// Keys for tests and vectors, the same in every run. They are public: nothing may ever trust them.
import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { encode } from '../../proto/codec.ts'
import {
  type PayloadType,
  preAuthenticationEncoding,
  type Role,
  schemaVersion,
  type TrustDocument,
  type TrustedKey,
  trustedKey,
} from '../../proto/envelope.ts'
import { bigintOf, p256Order, signP256 } from './rfc6979.ts'

export interface TestKey {
  readonly name: string
  readonly privateKey: KeyObject
  readonly trusted: TrustedKey
  /** P-256 only. */
  readonly scalar: bigint
}

export const keys = {
  root: ed25519('root'),
  release: ed25519('release'),
  second: ed25519('second release'),
  elliptic: p256('elliptic release'),
  operations: ed25519('operations'),
  stranger: ed25519('stranger'),
} as const

export function ed25519(name: string): TestKey {
  const seed = createHash('sha256').update(`drover test key: ${name}`).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { name, privateKey, trusted: trustedKey(createPublicKey(privateKey)), scalar: 0n }
}

function p256(name: string): TestKey {
  const scalar = (bigintOf(createHash('sha256').update(`drover test key: ${name}`).digest()) % (p256Order - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: d.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { name, privateKey, trusted: trustedKey(createPublicKey(privateKey)), scalar }
}

export interface WireSignature {
  readonly keyId: string
  readonly signature: Uint8Array
}

/** One signature, deterministic for both algorithms. `round` gives other valid ones of a P-256 key. */
export function signature(key: TestKey, type: PayloadType, payload: Uint8Array, version = 1, round = 0): WireSignature {
  return {
    keyId: key.trusted.keyId,
    signature: signBytes(key, preAuthenticationEncoding(type, version, payload), round),
  }
}

export function signBytes(key: TestKey, message: Uint8Array, round = 0): Buffer {
  return key.trusted.algorithm === 'ed25519'
    ? sign(null, message, key.privateKey)
    : signP256(message, key.scalar, round)
}

/** An envelope with any signatures at all. */
export function envelope(payload: Uint8Array, signatures: readonly WireSignature[], version = schemaVersion): Buffer {
  return encode('SignedEnvelope', { schemaVersion: version, payload, signatures: [...signatures] })
}

export function signed(type: PayloadType, payload: Uint8Array, ...signers: readonly TestKey[]): Buffer {
  return envelope(
    payload,
    signers.map(key => signature(key, type, payload)),
  )
}

export const trustExpiresAt = Date.UTC(2035, 0, 1)

/** Root signs itself; `release` signs firmware, `operations` signs reboots. */
export function trustDocument(releaseKeys: readonly TestKey[], threshold: number): TrustDocument {
  const all = [keys.root, ...releaseKeys, keys.operations]
  const role = (name: string, members: readonly TestKey[], least: number): [string, Role] => [
    name,
    { name, keyIds: members.map(key => key.trusted.keyId), threshold: least },
  ]
  return {
    version: 1,
    expiresAt: trustExpiresAt,
    keys: new Map(all.map(({ trusted }) => [trusted.keyId, trusted])),
    roles: new Map([
      role('root', [keys.root], 1),
      role('release', releaseKeys, threshold),
      role('operations', [keys.operations], 1),
    ]),
    operationTypes: new Map([
      ['firmware-update', 'release'],
      ['reboot', 'operations'],
    ]),
  }
}
