// The first trust document of a fleet, which devices are provisioned with: who is in which role, and which role signs what.
// It takes public keys alone, so it can be made where no private key has ever been.
import type { KeyObject } from 'node:crypto'
import { encodeTrustDocument, type TrustDocument, trustedKey } from '../proto/envelope.ts'
import { firmwareUpdate } from '../proto/offer-messages.ts'
import { badFlag } from './errors.ts'

export interface RoleKeys {
  readonly publicKeys: readonly KeyObject[]
  readonly threshold: number
}

/**
 * Which role signs which operation type. What brings new code to a device, or starts a program on it, needs the key that
 * is kept offline; a broker that was broken into must not be able to ask for it.
 */
const roleOfType: Readonly<Record<string, 'release' | 'operations'>> = {
  [firmwareUpdate]: 'release',
  command: 'release',
  'config-backup': 'operations',
  'config-restore': 'operations',
  'config-change': 'operations',
  reboot: 'operations',
}

/**
 * The statement that the root will sign. Without a role `operations`, all types are the release role's: people sign them, the
 * broker cannot. `expiresAt`: milliseconds since 1970. Throws BadInput naming `--role`.
 */
export function firstStatement(roles: ReadonlyMap<string, RoleKeys>, expiresAt: number): Buffer {
  for (const name of ['root', 'release'])
    if (!roles.has(name)) throw badFlag('--role', `expected the roles root and release, ${name} is missing`)
  const named = [...roles].map(([name, { publicKeys, threshold }]) => {
    return { name, threshold, keys: publicKeys.map(key => trustedKey(key)) }
  })
  const types = Object.entries(roleOfType).map(([type, role]) => [type, roles.has(role) ? role : 'release'] as const)
  const document: TrustDocument = {
    version: 1,
    expiresAt,
    keys: new Map(named.flatMap(({ keys }) => keys.map(key => [key.keyId, key] as const))),
    roles: new Map(
      named.map(({ name, threshold, keys }) => {
        return [name, { name, threshold, keyIds: [...new Set(keys.map(({ keyId }) => keyId))] }] as const
      }),
    ),
    operationTypes: new Map(types),
  }
  return encodeTrustDocument(document)
}
