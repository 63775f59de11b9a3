// The authority of devices: what it signs, and that it signs nothing for who does not hold the key. Judged by OpenSSL,
// against requests that this code has not made.
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { DeviceCa, type DeviceCaOptions } from '../../../broker/adapters/device-ca.ts'
import { deviceId } from '../../../proto/ids.ts'
import { Authority, newPair, request } from '../../fixtures/certificates.ts'

const authority = new Authority()
const hall = deviceId('hall')
const day = 24 * 3_600_000

async function opened(t: Test, files: object = {}, more: Partial<DeviceCaOptions> = {}): Promise<DeviceCa> {
  const folder = t.testdir({ cert: authority.cert, key: authority.key, ...files })
  return DeviceCa.open({
    ...{ certFile: join(folder, 'cert'), keyFile: join(folder, 'key'), days: 30 },
    clock: { now: () => Date.now() },
    random: { bytes: randomBytes },
    ...more,
  })
}

t.test(
  'a certificate is for the key in the request and the device that was named, for clients, for so long',
  async t => {
    const ca = await opened(t, {}, { days: 1 })
    const { csr, key } = request('somebody else')
    const issued = ca.issue(csr, hall)
    const certificate = new X509Certificate(issued.certificate)
    t.equal(certificate.subject, 'CN=hall', 'not what the request says')
    t.ok(certificate.verify(new X509Certificate(authority.cert).publicKey))
    t.ok(certificate.checkIssued(new X509Certificate(authority.cert)))
    t.ok(certificate.checkPrivateKey(createPrivateKey(key)))
    t.notOk(certificate.ca)
    t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    t.equal(certificate.fingerprint256.replaceAll(':', '').toLowerCase(), issued.sha256)
    t.equal(certificate.serialNumber.toLowerCase(), issued.serial)
    t.ok(Math.abs(Date.parse(certificate.validTo) - Date.now() - day) < 60_000)
    t.ok(Date.parse(certificate.validFrom) < Date.now() - 60_000, 'a clock may be a little behind')
    t.not(ca.issue(csr, hall).serial, issued.serial)
    const long = await opened(t, {}, { days: 3_650 })
    t.equal(
      long.issue(csr, hall).notAfter,
      Date.parse(new X509Certificate(authority.cert).validTo),
      'not past its own end',
    )
  },
)

t.test('keys that are too weak, signatures of others and what is no request are refused', async t => {
  const ca = await opened(t)
  const rows: readonly (readonly [name: string, csr: string, words: RegExp])[] = [
    ['nothing', '', /expected a certificate request in PEM form/],
    ['a certificate', authority.cert, /expected a certificate request in PEM form/],
    ['too long', request('a'.repeat(9_000)).csr, /at most 8192/],
    ['empty', '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----', /does not parse/],
    ['signed by another', request('hall', newPair().privateKey, newPair().privateKey).csr, /not by the key in it/],
    [
      'a weak key',
      request('hall', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey).csr,
      /expected a P-256/,
    ],
    [
      'a short key',
      request('hall', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey).csr,
      /expected a P-256/,
    ],
  ]
  for (const [name, csr, words] of rows)
    t.throws(() => ca.issue(csr, hall), { code: 'CERTIFICATE_REQUEST_REFUSED', message: words }, name)
})

t.test('no change of a request is signed, and none is more than refused', async t => {
  const ca = await opened(t)
  const { csr } = request('hall')
  const bytes = Buffer.from(csr.replace(/-----[A-Z ]+-----/g, ''), 'base64')
  const pem = (changed: Buffer): string =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  t.ok(ca.issue(pem(bytes), hall))
  let refused = 0
  const refuses = (changed: Buffer): void => {
    try {
      ca.issue(pem(changed), hall)
    } catch (error) {
      if ((error as { code?: string }).code !== 'CERTIFICATE_REQUEST_REFUSED') throw error
      refused += 1
      return
    }
    throw new Error(`signed: ${changed.toString('hex')}`)
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    refuses(changed)
  }
  for (let length = 0; length < bytes.length; length++) refuses(bytes.subarray(0, length))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), junk =>
      refuses(Buffer.concat([bytes, Buffer.from(junk), Buffer.of(0)])),
    ),
    { numRuns: 200 },
  )
  t.ok(refused > 2_000)
})

t.test('files that are no authority are told with what was expected', async t => {
  const other = new Authority()
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const leaf = authority.issue({ name: 'leaf' })
  const rows: readonly (readonly [files: object, words: RegExp])[] = [
    [{ key: other.key }, /--device-ca-key .*is not the key of the first certificate/],
    [{ ...leaf }, /which must be an authority/],
    [{ key: p384 }, /--device-ca-key .*: expected a P-256 key/],
    [{ key: 'junk' }, /--device-ca-key .*: expected a private key in PEM form/],
    [{ cert: 'junk' }, /--device-ca .*: expected a certificate in PEM form/],
  ]
  for (const [files, words] of rows) await t.rejects(opened(t, files), { code: 'DEVICE_CA_UNUSABLE', message: words })
  await t.rejects(opened(t, {}, { keyFile: '/nowhere' }), /--device-ca-key \/nowhere: cannot be read \(ENOENT\)/)
})
