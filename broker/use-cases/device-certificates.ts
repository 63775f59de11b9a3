// Certificates of devices: a token that opens the way to one, the certificate itself, and the end of both. A device that
// gets its first certificate has its first credentials (SYS_107); its password, if it had one, is void from then on.
import type {
  BootstrapRequest,
  CertificateAnswer,
  CertificateRequest,
  EnrolmentToken,
} from '../../proto/http-certificates.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import { CertificateRequestRefused, type IssuedCertificate } from '../certificate-authority.ts'
import { withCertificate, withoutCertificates } from '../core/device-certificates.ts'
import type { DeviceCredential } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import { requireRole } from './access.ts'
import { auditOf, bootstrap } from './audit.ts'
import { bootstrapped, refuseNameOfPrincipal } from './credentials.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId } from './parsing.ts'
import { newSecret, secretMatches, secretSha256 } from './secrets.ts'
import type { Caller, UseCases } from './use-cases.ts'

/** A token that nobody has used by then is void. */
const tokenMs = 24 * 3_600_000

export function certificateUseCases({
  store,
  orchestrator,
  clock,
  random,
  naming,
  authority,
}: Dependencies): Pick<UseCases, 'issueEnrolmentToken' | 'certifyDevice' | 'enrollByToken' | 'revokeCertificates'> {
  const signer = (): NonNullable<typeof authority> => {
    if (authority !== undefined) return authority
    throw new RequestRefused('CONFLICT', 'this broker signs no certificates: it has no --device-ca-key')
  }
  const credentialOf = async (device: DeviceId, by: Pick<Caller, 'name'>): Promise<DeviceCredential> => {
    const known = await store.credential(device)
    if (known !== undefined) return known
    await refuseNameOfPrincipal(store, device)
    return { device, createdAt: clock.now(), createdBy: by.name }
  }
  const issue = async (before: DeviceCredential, csr: string, by: Pick<Caller, 'name'>): Promise<CertificateAnswer> => {
    const { device } = before
    const { certificate, ...issued } = issuedBy(signer(), csr, device)
    const first = before.secretSha256 === undefined && before.certificates === undefined
    const logged = await store.commit([
      { kind: 'put-credential', credential: withCertificate(before, issued) },
      ...(first ? [bootstrapped(device, clock.now())] : []),
      auditOf(by, clock.now(), { action: 'device.certificate', subject: device }),
    ])
    orchestrator.live.events(logged)
    // Whoever is in by the password that is void now comes again.
    if (before.secretSha256 !== undefined) orchestrator.disconnect(device, 'certificate-issued')
    const { serial, sha256 } = issued
    const expiresAt = new Date(issued.notAfter).toISOString()
    const { certificate: authorityPem } = signer()
    return { object: 'device-certificate', device, certificate, authority: authorityPem, serial, sha256, expiresAt }
  }
  return {
    async issueEnrolmentToken(by, text): Promise<EnrolmentToken> {
      requireRole(by, 'operator')
      const device = parsedId(deviceId, text, 'id')
      return naming(async () => {
        signer()
        const before = await credentialOf(device, by)
        const token = newSecret(random)
        const expiresAt = clock.now() + tokenMs
        await store.commit([
          {
            kind: 'put-credential',
            credential: { ...before, enrolment: { tokenSha256: secretSha256(token), expiresAt } },
          },
          auditOf(by, clock.now(), { action: 'device.enrolment-token', subject: device }),
        ])
        return { object: 'enrolment-token', device, token, expiresAt: new Date(expiresAt).toISOString() }
      })
    },

    async certifyDevice(by, text, { csr }: CertificateRequest): Promise<CertificateAnswer> {
      requireRole(by, 'operator')
      const device = parsedId(deviceId, text, 'id')
      return naming(async () => issue(await credentialOf(device, by), csr, by))
    },

    async enrollByToken({ device: text, token, csr }: BootstrapRequest): Promise<CertificateAnswer> {
      const device = parsedId(deviceId, text, 'device')
      return naming(async () => {
        const before = await store.credential(device)
        const { enrolment } = before ?? {}
        // One answer for all of them: nobody learns which devices are known.
        if (
          before === undefined ||
          enrolment === undefined ||
          enrolment.expiresAt <= clock.now() ||
          !secretMatches(token, enrolment.tokenSha256)
        )
          throw new RequestRefused('UNAUTHENTICATED', 'The token is not valid for this device, or was used.', [
            { name: 'token', message: 'expected the one-time token of this device' },
          ])
        return issue(before, csr, { name: bootstrap })
      })
    },

    async revokeCertificates(by, text): Promise<void> {
      requireRole(by, 'operator')
      const device = parsedId(deviceId, text, 'id')
      await naming(async () => {
        const before = await store.credential(device)
        if (before === undefined) throw new RequestRefused('NOT_FOUND', `device ${device} is not enrolled`)
        await store.commit([
          { kind: 'put-credential', credential: withoutCertificates(before) },
          auditOf(by, clock.now(), { action: 'device.revoke', subject: device }),
        ])
        orchestrator.disconnect(device, 'certificates-revoked')
      })
    },
  }
}

function issuedBy(authority: NonNullable<Dependencies['authority']>, csr: string, device: DeviceId): IssuedCertificate {
  try {
    return authority.issue(csr, device)
  } catch (error) {
    if (!(error instanceof CertificateRequestRefused)) throw error
    throw new RequestRefused('INVALID', `The certificate request is refused: ${error.message}.`, [
      { name: 'csr', message: error.message },
    ])
  }
}
