// Certificates of devices from the token to the revocation: the use cases before a real authority, and who comes in by
// what they left in the store.
import { X509Certificate } from 'node:crypto'
import t, { type Test } from 'tap'
import { authenticate } from '../../../broker/authentication.ts'
import type { PresentedCertificate } from '../../../broker/core/device-certificates.ts'
import type { CertificateAnswer } from '../../../proto/http-certificates.ts'
import { deviceId } from '../../../proto/ids.ts'
import { newPair, request } from '../../fixtures/certificates.ts'
import { openRealDoors } from '../doors/real-doors.ts'

const { csr } = request('hall')
const hall = deviceId('hall')

async function scene(t: Test) {
  const doors = await openRealDoors(t)
  const { useCases, store, principals } = doors
  const door = { store, clock: { now: () => Date.now() }, devicePasswords: true }
  const enters = (userName: string | undefined, password?: string, shown?: PresentedCertificate, more: object = {}) =>
    authenticate({ ...door, ...more }, userName, password === undefined ? undefined : Buffer.from(password), shown)
  return { ...doors, useCases, store, by: principals.operator, admin: principals.admin, enters }
}

const shownOf = ({ certificate, sha256 }: CertificateAnswer, more: object = {}): PresentedCertificate => {
  const { subject, validTo } = new X509Certificate(certificate)
  return { name: subject.replace('CN=', ''), sha256, notAfter: Date.parse(validTo), ...more }
}

t.test('a token opens the way to one certificate of one device, once, within a day', async t => {
  const { useCases, by, enters, store } = await scene(t)
  const { token } = await useCases.issueEnrolmentToken(by, 'hall')
  t.equal(await enters('hall', token), 'refused', 'a token is no password')
  await t.rejects(useCases.enrollByToken({ device: 'cellar', token, csr }), { code: 'UNAUTHENTICATED' })
  await t.rejects(useCases.enrollByToken({ device: 'hall', token: `${token}x`, csr }), { code: 'UNAUTHENTICATED' })
  await t.rejects(useCases.enrollByToken({ device: 'hall', token, csr: 'none' }), {
    code: 'INVALID',
    fields: [{ name: 'csr' }],
  })
  const [first, second] = await Promise.allSettled([
    useCases.enrollByToken({ device: 'hall', token, csr }),
    useCases.enrollByToken({ device: 'hall', token, csr }),
  ])
  if (first.status !== 'fulfilled') throw first.reason
  t.match(second, { status: 'rejected', reason: { code: 'UNAUTHENTICATED' } })
  const known = { kind: 'device', device: 'hall', certificate: first.value.sha256 }
  t.same(await enters('hall', undefined, shownOf(first.value)), known)
  t.same(await enters(undefined, undefined, shownOf(first.value)), known, 'no user name needed')
  const { data } = await useCases.listEvents(by, { device: 'hall' })
  t.same(
    data.map(({ event_type: code }) => code),
    ['SYS_107'],
    'the first credentials are told, once',
  )
  t.match((await useCases.listAudit(by, { limit: 2, order: 'DESC' })).data, [
    { action: 'device.certificate', subject: 'hall' },
    { action: 'device.enrolment-token', subject: 'hall' },
  ])
  const late = await useCases.issueEnrolmentToken(by, 'hall')
  const credential = await store.credential(hall)
  if (credential?.enrolment === undefined) throw new TypeError('no enrolment')
  const ended = { ...credential, enrolment: { ...credential.enrolment, expiresAt: Date.now() - 1 } }
  await store.commit([{ kind: 'put-credential', credential: ended }])
  await t.rejects(useCases.enrollByToken({ device: 'hall', token: late.token, csr }), { code: 'UNAUTHENTICATED' })
  t.notMatch(JSON.stringify(await store.credential(hall)), late.token)
})

t.test('with a certificate the password is void; whatever does not fit opens nothing', async t => {
  const { useCases, by, admin, enters, store } = await scene(t)
  const { secret } = await useCases.enrollDevice(by, { device: 'hall' })
  const other = await useCases.enrollDevice(by, { device: 'cellar' })
  t.same(await enters('hall', secret), { kind: 'device', device: 'hall' })
  const made = await useCases.certifyDevice(by, 'hall', { csr })
  t.equal(await enters('hall', secret), 'refused', 'the password of before')
  await t.rejects(useCases.renewDeviceSecret(admin, 'hall'), { code: 'CONFLICT' })
  const shown = shownOf(made)
  const rows: readonly (readonly [name: string, user: string | undefined, password: string | undefined, object])[] = [
    ['the name and password of another', 'cellar', other.secret, {}],
    ['an operator’s name', 'the-operator', undefined, {}],
    ['signed by nobody we believe', 'hall', undefined, { problem: 'SELF_SIGNED_CERT_IN_CHAIN' }],
    ['another certificate of that name', 'hall', undefined, { sha256: 'ab'.repeat(32) }],
    ['the name of another device', 'cellar', undefined, { name: 'cellar' }],
    ['a name nobody has', undefined, undefined, { name: 'attic' }],
    ['no name', undefined, undefined, { name: undefined }],
    ['a name that is none', undefined, undefined, { name: '../hall' }],
    ['past its end', 'hall', undefined, { notAfter: Date.now() - 1 }],
  ]
  for (const [name, user, password, more] of rows)
    t.equal(await enters(user, password, { ...shown, ...more }), 'certificate', name)
  t.same(await enters('hall', undefined, shown), { kind: 'device', device: 'hall', certificate: made.sha256 })
  t.same(await enters('cellar', other.secret), { kind: 'device', device: 'cellar' })
  t.equal(await enters('cellar', other.secret, undefined, { devicePasswords: false }), 'refused', 'certificates alone')
  t.match(await enters('the-operator', 'wrong', undefined, { devicePasswords: false }), 'refused')
  t.notMatch(JSON.stringify(await store.credential(hall)), 'secretSha256')
})

t.test(
  'renewed: the one before counts until the next; revoked or deregistered: none does, nor after enrolling again',
  async t => {
    const { useCases, by, enters } = await scene(t)
    const made: CertificateAnswer[] = []
    for (let count = 0; count < 3; count++) made.push(await useCases.certifyDevice(by, 'hall', { csr }))
    const counts = () =>
      Promise.all(made.map(async each => (await enters('hall', undefined, shownOf(each))) !== 'certificate'))
    t.same(await counts(), [false, true, true])
    await useCases.revokeCertificates(by, 'hall')
    t.same(await counts(), [false, false, false])
    const { token } = await useCases.issueEnrolmentToken(by, 'hall')
    await useCases.revokeCertificates(by, 'hall')
    await t.rejects(useCases.enrollByToken({ device: 'hall', token, csr }), { code: 'UNAUTHENTICATED' }, 'tokens, too')
    made.push(await useCases.certifyDevice(by, 'hall', { csr }))
    t.same(await counts(), [false, false, false, true])
    await useCases.deregisterDevice(by, 'hall')
    await useCases.issueEnrolmentToken(by, 'hall')
    t.same(await counts(), [false, false, false, false])
    await t.rejects(useCases.revokeCertificates(by, 'attic'), { code: 'NOT_FOUND' })
    await t.rejects(useCases.issueEnrolmentToken(by, 'the-viewer'), { code: 'CONFLICT' })
  },
)

/** The request as the device sends it. */
const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64')
const dayMs = 24 * 3_600_000

t.test('a device renews by the certificate it is connected with; whatever does not fit brings none', async t => {
  const { useCases, store, by } = await scene(t)
  const fresh = await useCases.certifyDevice(by, 'hall', { csr })
  const other = await useCases.certifyDevice(by, 'cellar', { csr: request('cellar').csr })
  /** The certificates of a device, made that much earlier. */
  const aged = async (device: string, ms: number): Promise<void> => {
    const credential = await store.credential(deviceId(device))
    if (credential?.certificates === undefined) throw new TypeError(device)
    const certificates = credential.certificates.map(each => ({ ...each, issuedAt: each.issuedAt - ms }))
    await store.commit([{ kind: 'put-credential', credential: { ...credential, certificates } }])
  }
  const asks = (device: string, shown: string | undefined, wanted = derOf(request(device).csr)) =>
    useCases.renewCertificate(deviceId(device), shown, wanted)
  const before = JSON.stringify(await store.credential(hall))

  const early = await asks('hall', fresh.sha256)
  t.match(early, { kind: 'refused', reason: 'early' })
  const waits = (answer: typeof early): number => (answer.kind === 'refused' ? answer.retryAfterSeconds : 0)
  t.ok(waits(early) > 43_100 && waits(early) <= 43_200, 'half of its day')
  await aged('hall', dayMs)
  await aged('cellar', dayMs)
  const rows: readonly (readonly [
    name: string,
    device: string,
    shown: string | undefined,
    csr: Buffer,
    reason: string,
  ])[] = [
    ['a password opened the connection', 'hall', undefined, derOf(csr), 'no-certificate'],
    ['the certificate of another device', 'hall', other.sha256, derOf(csr), 'unknown-certificate'],
    ['one that never counted', 'hall', 'ab'.repeat(32), derOf(csr), 'unknown-certificate'],
    ['a device nobody knows', 'attic', fresh.sha256, derOf(request('attic').csr), 'unknown-certificate'],
    ['the subject of another', 'hall', fresh.sha256, derOf(request('cellar').csr), 'request'],
    ['two names for one', 'hall', fresh.sha256, derOf(request('hall\0').csr), 'request'],
    [
      'signed by a key of somebody else',
      'hall',
      fresh.sha256,
      derOf(request('hall', newPair().privateKey, newPair().privateKey).csr),
      'request',
    ],
    ['after three that were no good', 'hall', fresh.sha256, derOf(csr), 'too-often'],
    ['no request at all', 'cellar', other.sha256, Buffer.from('garbage'), 'request'],
    ['a request that is cut off', 'cellar', other.sha256, derOf(request('cellar').csr).subarray(0, -9), 'request'],
    ['one that is too long', 'cellar', other.sha256, Buffer.alloc(9000, 0x30), 'request'],
  ]
  for (const [name, device, shown, wanted, reason] of rows) {
    const answer = await asks(device, shown, wanted)
    t.match(answer, { kind: 'refused', reason }, name)
    t.ok(waits(answer) >= 3600, 'an hour at least')
  }
  await aged('hall', -dayMs)
  t.equal(JSON.stringify(await store.credential(hall)), before, 'nothing came of any of them')

  await useCases.revokeCertificates(by, 'hall')
  t.match(await asks('hall', fresh.sha256), { reason: 'unknown-certificate' }, 'revoked meanwhile')
  await t.rejects(useCases.listCertificates(by, 'attic'), { code: 'NOT_FOUND' })
  const unsigned = await openRealDoors(t, {}, { authority: false })
  t.match(await unsigned.useCases.renewCertificate(hall, fresh.sha256, derOf(csr)), { reason: 'no-authority' })
})

t.test(
  'a renewed certificate: the one before counts until the new one was shown, answers that got lost leave nothing',
  async t => {
    const { useCases, store, by, enters } = await scene(t)
    const first = await useCases.certifyDevice(by, 'hall', { csr })
    const credential = await store.credential(hall)
    const due = (credential?.certificates ?? []).map(each => ({ ...each, issuedAt: each.issuedAt - dayMs }))
    if (credential === undefined) throw new TypeError('no credential')
    await store.commit([{ kind: 'put-credential', credential: { ...credential, certificates: due } }])
    const renewed = async (): Promise<PresentedCertificate> => {
      const answer = await useCases.renewCertificate(hall, first.sha256, derOf(request('hall').csr))
      if (answer.kind !== 'issued') throw new TypeError(answer.reason)
      const made = new X509Certificate(answer.certificate)
      const sha256 = made.fingerprint256.replaceAll(':', '').toLowerCase()
      return { name: made.subject.replace('CN=', ''), sha256, notAfter: Date.parse(made.validTo) }
    }
    const counts = async (shown: PresentedCertificate) => (await enters('hall', undefined, shown)) !== 'certificate'
    const [lost, lostToo, kept] = [await renewed(), await renewed(), await renewed()]
    t.same(
      await Promise.all([shownOf(first), lost, lostToo, kept].map(counts)),
      [true, false, false, true],
      'the one in use and the newest',
    )
    await useCases.certificateShown(hall, first.sha256)
    t.ok(await counts(kept), 'shown again, the old one takes nothing away')
    t.equal((await useCases.listCertificates(by, 'hall')).data.length, 2)
    await Promise.all([1, 2].map(() => useCases.certificateShown(hall, kept.sha256)))
    t.same(await Promise.all([shownOf(first), kept].map(counts)), [false, true])
    const { data } = await useCases.listCertificates(by, 'hall')
    t.match(data, [{ sha256: kept.sha256, serial: /^[0-9a-f]{32}$/ }])
    t.match(
      (await useCases.listAudit(by, { limit: 4, order: 'DESC' })).data.map(({ action, actor }) => [action, actor]),
      [
        ...[1, 2, 3].map(() => ['device.certificate', 'policy:certificate-renewal']),
        ['device.certificate', 'the-operator'],
      ],
    )
  },
)

t.test('over HTTP: no role is needed, and wrong tokens have an end', async t => {
  const { useCases, principals, url } = await openRealDoors(t, { failedTokensPerMinute: 3 })
  const ask = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/enroll`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as CertificateAnswer }
  }
  const { token } = await useCases.issueEnrolmentToken(principals.operator, 'hall')
  t.equal((await ask({ device: 'hall', token })).status, 400, 'the request is missing')
  const made = await ask({ device: 'hall', token, csr })
  t.match(made, {
    status: 201,
    body: { object: 'device-certificate', device: 'hall', certificate: /BEGIN CERTIFICATE/ },
  })
  t.ok(new X509Certificate(made.body.certificate).checkIssued(new X509Certificate(made.body.authority)))
  for (const status of [401, 401, 401, 429]) t.equal((await ask({ device: 'hall', token, csr })).status, status)
})
