// Which certificates of a device count.
import t from 'tap'
import {
  acceptsCertificate,
  type DeviceCertificate,
  withCertificate,
  withoutCertificates,
} from '../../../broker/core/device-certificates.ts'
import { deviceId, principalName } from '../../../proto/ids.ts'

const bare = { device: deviceId('hall'), createdAt: 0, createdBy: principalName('anna') }
const issued = (name: string, issuedAt: number, notAfter = 1_000): DeviceCertificate => ({
  ...{ sha256: name.repeat(64), serial: name, issuedAt, notAfter },
})
const shown = (name: string, more: object = {}) => ({ name: 'hall', sha256: name.repeat(64), notAfter: 1_000, ...more })

t.test('the newest and the one before it count, for their device, until their end', async t => {
  const before = { ...bare, secretSha256: 'f'.repeat(64), enrolment: { tokenSha256: 'e'.repeat(64), expiresAt: 500 } }
  const first = withCertificate(before, issued('a', 1))
  t.same(
    Object.keys(first).sort(),
    ['certificates', 'createdAt', 'createdBy', 'device'],
    'password and token are used up',
  )
  const third = withCertificate(withCertificate(first, issued('b', 2)), issued('c', 3))
  const counts = (credential: typeof third, now = 10) =>
    ['a', 'b', 'c'].filter(name => acceptsCertificate(credential, shown(name), now)).join('')
  t.equal(counts(third), 'bc')
  t.equal(counts(third, 1_000), '')
  t.equal(counts(withoutCertificates(third)), '')
  t.equal(
    counts(withCertificate(withCertificate(bare, issued('a', 1, 100)), issued('b', 100))),
    'b',
    'what has ended is left out',
  )
  t.notOk(acceptsCertificate(third, shown('c', { name: 'cellar' }), 10), 'of another device')
  t.notOk(acceptsCertificate(third, shown('c', { name: undefined }), 10))
  t.notOk(acceptsCertificate(third, shown('c', { problem: 'CERT_SIGNATURE_FAILURE' }), 10))
})
