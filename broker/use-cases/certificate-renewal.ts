// A device that follows up its own certificate, over the connection it opened with it. Nobody else is asked: who holds the
// key of the certificate that counts is the device. When it may is judged by the broker's clock, so a device whose own clock
// is wrong can ask at any time and is told when to ask again.
//
//   request ─▶ certificate counts? ─▶ half of its life over? ─▶ not too often? ─▶ request good? ─▶ store, then answer
//   connected by the new one ─▶ the one before is over
import type { CertificateAnswer } from '../../proto/certificate-messages.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import { CertificateRequestRefused } from '../certificate-authority.ts'
import { renewableInMs, withoutEarlier, withRenewed } from '../core/device-certificates.ts'
import type { AuditEntry, DeviceCredential } from '../core/records.ts'
import { TokenBuckets } from '../core/token-bucket.ts'
import { RequestRefused } from '../errors.ts'
import type { Change } from '../ports.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId } from './parsing.ts'
import type { UseCases } from './use-cases.ts'

/** Requests of one device that are looked at: answers get lost, a device has no use for more. */
const requests = { perSecond: 3 / 3600, burst: 3 }
/** Devices whose requests are remembered. */
const rememberedMax = 100_000
const hourSeconds = 3600
const daySeconds = 24 * hourSeconds

export function certificateRenewalUseCases({
  store,
  clock,
  log,
  naming,
  authority,
}: Dependencies): Pick<UseCases, 'listCertificates' | 'renewCertificate' | 'certificateShown'> {
  const recent = new TokenBuckets(requests, rememberedMax)
  const answerTo = async (device: DeviceId, shown: string | undefined, csr: Uint8Array): Promise<CertificateAnswer> => {
    if (authority === undefined) return refusal('no-authority', daySeconds)
    if (shown === undefined) return refusal('no-certificate', daySeconds)
    const before = await store.credential(device)
    const inMs = before && renewableInMs(before, shown, clock.now())
    if (before === undefined || inMs === undefined) return refusal('unknown-certificate', daySeconds)
    if (inMs > 0) return refusal('early', Math.ceil(inMs / 1000))
    if (!recent.take(device, clock.monotonic())) return refusal('too-often', hourSeconds)
    let issued: ReturnType<typeof authority.issue>
    try {
      issued = authority.issue(csr, device, 'must-match')
    } catch (error) {
      if (!(error instanceof CertificateRequestRefused)) throw error
      log.warn(
        { event: 'certificate-request-refused', device, problem: error.message },
        'request for a certificate refused',
      )
      return refusal('request', hourSeconds)
    }
    const { certificate, ...known } = issued
    const after = withRenewed(before, shown, known)
    await store.commit([{ kind: 'put-credential', credential: after }, auditOfRenewal(before, after, clock.now())])
    log.info(
      { event: 'certificate-renewed', device, serial: known.serial, notAfter: known.notAfter },
      'certificate renewed',
    )
    return { kind: 'issued', certificate: derOf(certificate) }
  }
  return {
    async listCertificates(by, text) {
      requireRole(by, 'viewer')
      const device = parsedId(deviceId, text, 'id')
      const credential = await store.credential(device)
      if (credential === undefined) throw new RequestRefused('NOT_FOUND', `device ${device} is not enrolled`)
      const data = (credential.certificates ?? []).map(({ serial, sha256, issuedAt, notAfter }) => ({
        ...{ serial, sha256, issuedAt: new Date(issuedAt).toISOString() },
        expiresAt: new Date(notAfter).toISOString(),
      }))
      return { object: 'device-certificates', device, data }
    },

    renewCertificate: (device, shown, csr) => naming(() => answerTo(device, shown, csr)),

    async certificateShown(device, shown) {
      // Looked at before it waits: nearly every connect ends here.
      const known = await store.credential(device)
      if (known === undefined || withoutEarlier(known, shown) === undefined) return
      await naming(async () => {
        const before = await store.credential(device)
        const after = before && withoutEarlier(before, shown)
        if (before === undefined || after === undefined) return
        await store.commit([{ kind: 'put-credential', credential: after }])
        log.info({ event: 'certificate-in-use', device }, 'the certificates before the one in use count no more')
      })
    },
  }
}

function refusal(reason: string, retryAfterSeconds: number): CertificateAnswer {
  return { kind: 'refused', reason, retryAfterSeconds }
}

/** No principal did it. */
function auditOfRenewal(before: DeviceCredential, after: DeviceCredential, at: number): Change {
  const serials = ({ certificates = [] }: DeviceCredential): string[] => certificates.map(({ serial }) => serial)
  const entry: AuditEntry = {
    ...{
      at,
      actor: { kind: 'policy', rule: 'certificate-renewal' },
      action: 'device.certificate',
      subject: before.device,
    },
    changes: [{ op: 'replace', path: '/certificates', value: serials(after) }],
    data: {},
  }
  return { kind: 'append-audit', entry }
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64')
}
