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

/** The password, if there was one, and the token are used up. */
export function withCertificate(before: DeviceCredential, issued: DeviceCertificate): DeviceCredential {
  const { secretSha256: _, enrolment: __, certificates = [], ...rest } = before
  const standing = certificates.filter(({ notAfter }) => notAfter > issued.issuedAt)
  return { ...rest, certificates: [...standing, issued].slice(-certificatesMax) }
}

export function withoutCertificates({ certificates: _, enrolment: __, ...rest }: DeviceCredential): DeviceCredential {
  return rest
}

export function acceptsCertificate(credential: DeviceCredential, shown: PresentedCertificate, now: number): boolean {
  if (shown.problem !== undefined || shown.name !== credential.device || shown.notAfter <= now) return false
  return (credential.certificates ?? []).some(({ sha256 }) => sha256 === shown.sha256)
}
