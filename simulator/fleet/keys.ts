// Whom the sensors trust and who signs the release: files of the operator's, or keys made from the seed. Those made are no
// secret (whoever knows the seed has them), so that several machines have the same without carrying files; nothing but
// virtual sensors trusts them, and they sign firmware updates only.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { encodeTrustDocument, parseTrustDocument, signEnvelope, trustedKey } from '../../proto/envelope.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'

export interface FleetKeys {
  /** The signed trust document that sensors are provisioned with. */
  readonly trust: Uint8Array
  /** Signs the release; undefined: the release is there already. */
  readonly release: KeyObject | undefined
}

/** 2100-01-01 */
const madeExpiresAt = 4_102_444_800_000

export function madeKeys(seed: number): FleetKeys {
  const root = keyOf(`${seed}/root`)
  const release = keyOf(`${seed}/release`)
  const roles = [['root', root] as const, ['release', release] as const].map(([name, key]) => {
    const trusted = trustedKey(createPublicKey(key))
    return { trusted, role: { name, keyIds: [trusted.keyId], threshold: 1 } }
  })
  const statement = encodeTrustDocument({
    version: 1,
    expiresAt: madeExpiresAt,
    keys: new Map(roles.map(({ trusted }) => [trusted.keyId, trusted])),
    roles: new Map(roles.map(({ role }) => [role.name, role])),
    operationTypes: new Map([[firmwareUpdate, 'release']]),
  })
  return { trust: signEnvelope('trust', statement, [root]), release }
}

/** Throws TypeError that says what is wrong with the document or the key. */
export function readKeys(trust: Uint8Array, pem: string | undefined, now: number): FleetKeys {
  try {
    parseTrustDocument(trust, now)
  } catch (cause) {
    throw new TypeError(`--trust: expected a signed trust document (drover keys create): ${(cause as Error).message}`, {
      cause,
    })
  }
  if (pem === undefined) return { trust, release: undefined }
  try {
    const release = createPrivateKey(pem)
    trustedKey(createPublicKey(release))
    return { trust, release }
  } catch (cause) {
    throw new TypeError('--key: expected a private key in PEM form without a passphrase, Ed25519 or P-256', { cause })
  }
}

/** RFC 8410, 7: an Ed25519 private key is any 32 bytes behind this head. */
function keyOf(name: string): KeyObject {
  const secret = createHash('sha256').update(`drover-simulator fleet key ${name}`).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}
