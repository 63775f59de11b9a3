// Who comes in by MQTT: a device by its certificate or its password, an operator by his token.
//
//   a certificate was shown ─▶ believed, for this device, known to us? ─▶ the device, and nobody else whatever else is sent
//   none                    ─▶ credentials of a device, then principals; a name nobody has is a stranger's
import { deviceId, principalName } from '../proto/ids.ts'
import { acceptsCertificate, type PresentedCertificate } from './core/device-certificates.ts'
import type { Principal } from './core/records.ts'
import type { Clock, Identity, Store } from './ports.ts'
import { isExpired } from './use-cases/principals.ts'
import { secretMatches } from './use-cases/secrets.ts'

export interface Doorkeeper {
  readonly store: Pick<Store, 'credential' | 'principal'>
  readonly clock: Pick<Clock, 'now'>
  /** False: devices come in by certificate alone. */
  readonly devicePasswords: boolean
  /** Hears of every token that was right. */
  readonly tokenUsed?: (principal: Principal) => void
}

export async function authenticate(
  { store, clock, devicePasswords, tokenUsed }: Doorkeeper,
  userName: string | undefined,
  password: Uint8Array | undefined,
  shown?: PresentedCertificate,
): Promise<Identity | undefined | 'refused' | 'certificate'> {
  if (shown !== undefined) {
    const device = named(deviceId, shown.name ?? '')
    const credential = device && (await store.credential(device))
    if (device === undefined || credential === undefined) return 'certificate'
    // A certificate of one with the user name, and perhaps the password, of another.
    if (userName !== undefined && userName !== device) return 'certificate'
    return acceptsCertificate(credential, shown, clock.now())
      ? { kind: 'device', device, certificate: shown.sha256 }
      : 'certificate'
  }
  if (userName === undefined) return undefined
  const secret = password ?? new Uint8Array(0)
  const device = named(deviceId, userName)
  const credential = device && (await store.credential(device))
  if (credential !== undefined) {
    const { secretSha256 } = credential
    if (secretSha256 === undefined || !devicePasswords) return 'refused'
    return secretMatches(secret, secretSha256) ? { kind: 'device', device: credential.device } : 'refused'
  }
  const name = named(principalName, userName)
  const principal = name && (await store.principal(name))
  if (principal === undefined) return undefined
  if (!secretMatches(secret, principal.tokenSha256) || isExpired(principal, clock.now())) return 'refused'
  tokenUsed?.(principal)
  return { kind: 'operator', principal }
}

function named<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text)
  } catch {
    // No name of ours: a stranger's.
    return undefined
  }
}
