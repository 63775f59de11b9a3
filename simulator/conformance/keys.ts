// The keys of an examination. They come from a seed that everybody can read, so that a device that was given the trust
// document once can be examined again and again; nobody provisions a device that matters with it.
import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { commandTypes } from '../../proto/command.ts'
import { encodeTrustDocument, type Role, signEnvelope, type TrustedKey, trustedKey } from '../../proto/envelope.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'

export interface ExaminationKeys {
  readonly root: KeyObject
  /** Ed25519; with `releaseP256`, each alone, the role of firmware and of `command`. */
  readonly release: KeyObject
  readonly releaseP256: KeyObject
  /** The role of reboot and of what is about configurations. */
  readonly operations: KeyObject
  /** In no document. */
  readonly stranger: KeyObject
}

/** A type the trust document knows and no device carries out. */
export const unheardType = 'conformance-unheard'

/** 2100-01-01 */
export const farExpiry = 4_102_444_800_000

export const examinationKeys: ExaminationKeys = {
  root: ed25519('root'),
  release: ed25519('release'),
  releaseP256: p256('release'),
  operations: ed25519('operations'),
  stranger: ed25519('stranger'),
}

/** What the device is provisioned with. */
export function trustDocument(): Buffer {
  const { root, release, releaseP256, operations } = examinationKeys
  const keys = [root, release, releaseP256, operations].map(key => trustedKey(createPublicKey(key)))
  const [rootId, releaseId, p256Id, operationsId] = keys.map(({ keyId }) => keyId) as [string, string, string, string]
  const role = (name: string, keyIds: readonly string[]): [string, Role] => [name, { name, keyIds, threshold: 1 }]
  const document = encodeTrustDocument({
    version: 1,
    expiresAt: farExpiry,
    keys: new Map(keys.map((key): [string, TrustedKey] => [key.keyId, key])),
    roles: new Map([role('root', [rootId]), role('release', [releaseId, p256Id]), role('operations', [operationsId])]),
    operationTypes: new Map([
      [firmwareUpdate, 'release'],
      ...commandTypes.map((type): [string, string] => [type, type === 'command' ? 'release' : 'operations']),
      [unheardType, 'operations'],
    ]),
  })
  return signEnvelope('trust', document, [root])
}

function secretOf(name: string): Buffer {
  return createHash('sha256').update(`drover conformance ${name}`).digest()
}

function ed25519(name: string): KeyObject {
  // RFC 8410, 7: PrivateKeyInfo with the 32 bytes at the end.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretOf(name)])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function p256(name: string): KeyObject {
  const secret = secretOf(`${name} p256`)
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(secret)
  const point = curve.getPublicKey()
  const text = (bytes: Buffer): string => bytes.toString('base64url')
  return createPrivateKey({
    key: {
      ...{ kty: 'EC', crv: 'P-256', d: text(secret) },
      ...{ x: text(point.subarray(1, 33)), y: text(point.subarray(33)) },
    },
    format: 'jwk',
  })
}
