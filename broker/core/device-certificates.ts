// Certificates of devices. Being signed by the authority is not enough: a certificate counts while its fingerprint stands
// with the credentials of the device it names. So one that is revoked, replaced, of a deregistered device, or signed by
// somebody who stole the authority's key, opens nothing.
import type { DeviceCredential } from './records.ts'

export interface DeviceCertificate {
  /** Of the certificate (DER), lower-case hex. */
  readonly sha256: string
  /** Lower-case hex. */
  readonly serial: string
  readonly issuedAt: number
  readonly notAfter: number
}

/** Opens the way to one certificate, once. */
export interface Enrolment {
  /** Lower-case hex; the token is shown once and kept nowhere. */
  readonly tokenSha256: string
  readonly expiresAt: number
}

/** What a client showed in its handshake. */
export interface PresentedCertificate {
  /** Common name of its subject; undefined when there is none, or more than one. */
  readonly name: string | undefined
  readonly sha256: string
  readonly notAfter: number
  /** Why it is not to be believed, a word of OpenSSL; absent: an authority of ours signed it for clients. */
  readonly problem?: string
}

/** The newest and the one before it: a device goes on with the old one until it has the new one in its hands. */
const certificatesMax = 2

/** A device gets no new one before half of the life of the one it shows is over: more would only wear out logs. */
const renewableFrom = 0.5

/** The password, if there was one, and the token are used up. */
export function withCertificate(before: DeviceCredential, issued: DeviceCertificate): DeviceCredential {
  const { secretSha256: _, enrolment: __, certificates = [], ...rest } = before
  const standing = certificates.filter(({ notAfter }) => notAfter > issued.issuedAt)
  return { ...rest, certificates: [...standing, issued].slice(-certificatesMax) }
}

/** Milliseconds until the device may have one that follows the one with this fingerprint; undefined: that is none of its own. */
export function renewableInMs(credential: DeviceCredential, shown: string, now: number): number | undefined {
  const current = credential.certificates?.find(({ sha256 }) => sha256 === shown)
  if (current === undefined) return undefined
  return Math.max(0, current.issuedAt + (current.notAfter - current.issuedAt) * renewableFrom - now)
}

/**
 * The one that was shown and the new one. What was issued in between goes: its answer was lost, and a device that loses
 * several must not lose the one it holds.
 */
export function withRenewed(before: DeviceCredential, shown: string, issued: DeviceCertificate): DeviceCredential {
  const current = (before.certificates ?? []).filter(({ sha256 }) => sha256 === shown)
  return { ...before, certificates: [...current, issued] }
}

/** The device has shown this one: those before it are over. Undefined when there is nothing to change. */
export function withoutEarlier(before: DeviceCredential, shown: string): DeviceCredential | undefined {
  const { certificates = [] } = before
  const position = certificates.findIndex(({ sha256 }) => sha256 === shown)
  return position > 0 ? { ...before, certificates: certificates.slice(position) } : undefined
}

export function withoutCertificates({ certificates: _, enrolment: __, ...rest }: DeviceCredential): DeviceCredential {
  return rest
}

export function acceptsCertificate(credential: DeviceCredential, shown: PresentedCertificate, now: number): boolean {
  if (shown.problem !== undefined || shown.name !== credential.device || shown.notAfter <= now) return false
  return (credential.certificates ?? []).some(({ sha256 }) => sha256 === shown.sha256)
}
