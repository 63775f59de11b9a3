// Certificates in files: what is taken, what is told about a file that is not, and what a renewal that fails leaves.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { TlsFiles, TlsFilesUnusable } from '../../../broker/adapters/tls-files.ts'
import { Authority } from '../../fixtures/certificates.ts'
import { RecordingLog } from './mqtt/broker-under-test.ts'

const authority = new Authority()
const own = authority.issue({ name: 'broker', hosts: ['localhost'] })
const other = authority.issue({ name: 'other' })
const clock = { now: () => Date.now() }
const day = 24 * 3_600_000

function folder(t: Test, files: Record<string, string> = {}) {
  const path = t.testdir({ cert: own.cert, key: own.key, ca: authority.cert, ...files })
  const named = (name: string): string => join(path, name)
  return { named, names: { certFile: named('cert'), keyFile: named('key'), deviceCaFile: named('ca') } }
}

async function problemsOf(t: Test, files: Record<string, string>): Promise<readonly string[]> {
  try {
    await TlsFiles.open(folder(t, files).names, clock, new RecordingLog())
  } catch (error) {
    if (error instanceof TlsFilesUnusable) return error.problems
    throw error
  }
  return []
}

t.test('certificate, key and the authority of devices become what a listener needs', async t => {
  const log = new RecordingLog()
  const tls = await TlsFiles.open(folder(t).names, clock, log)
  t.match(tls.material, { cert: own.cert, key: own.key, ca: authority.cert, minVersion: 'TLSv1.2' })
  t.match(log.of('certificate-ends'), [{ subject: 'CN=broker' }], 'two days are told as too few')
})

t.test('each file that cannot be used is told with its setting and what was expected, all at once', async t => {
  t.same(await problemsOf(t, {}), [])
  const rows: readonly (readonly [string, Record<string, string>, readonly RegExp[]])[] = [
    [
      'no PEM',
      { cert: 'hello', key: 'hello' },
      [/--tls-cert .*cert: holds no certificate in PEM/, /--tls-key .*key: holds no private key/],
    ],
    ['cut off', { cert: own.cert.replace(/.{200}(?=\n-----END)/s, '') }, [/--tls-cert .*: does not parse/]],
    ['a key cut off', { key: own.key.replace(/.{50}(?=\n-----END)/s, '') }, [/--tls-key .*: does not parse/]],
    ['the key of another', { key: other.key }, [/--tls-key .*: is not the key of the first certificate.*CN=broker/]],
    ['the chain in the wrong order', { cert: authority.cert + own.cert }, [/broker's own certificate first/]],
    ['a passphrase', { key: '-----BEGIN ENCRYPTED PRIVATE KEY-----\n' }, [/--tls-key .*passphrase/]],
    ['no authority', { ca: other.cert }, [/--device-ca .*: CN=other is no authority/]],
    ['too long', { ca: authority.cert.repeat(1000) }, [/--device-ca .*: has \d+ bytes, expected at most/]],
  ]
  for (const [name, files, expected] of rows) {
    const problems = await problemsOf(t, files)
    t.equal(problems.length, expected.length, `${name}: ${problems}`)
    for (const [index, words] of expected.entries()) t.match(problems[index], words, name)
  }
  const missing = { ...folder(t).names, certFile: '/nowhere/cert' }
  await t.rejects(
    TlsFiles.open(missing, clock, new RecordingLog()),
    /--tls-cert \/nowhere\/cert: cannot be read \(ENOENT/,
  )
})

t.test(
  'a certificate past its end, or before its beginning, is told and does not keep the broker from starting',
  async t => {
    const log = new RecordingLog()
    const past = authority.issue({
      name: 'old',
      validFrom: new Date(Date.now() - 3 * day),
      validTo: new Date(Date.now() - day),
    })
    await TlsFiles.open(folder(t, { ...past }).names, clock, log)
    t.match(log.of('certificate-expired'), [{ level: 'error', subject: 'CN=old' }])
    await TlsFiles.open(folder(t).names, { now: () => Date.now() - 30 * day }, log)
    t.equal(log.of('certificate-not-yet-valid').length, 1)
  },
)

t.test('a renewal that cannot be used leaves what is in force; one that can replaces all of it', async t => {
  const { named, names } = folder(t)
  const tls = await TlsFiles.open(names, clock, new RecordingLog())
  writeFileSync(named('cert'), other.cert)
  await t.rejects(tls.reload(), TlsFilesUnusable, 'half of a renewal')
  t.equal(tls.material.cert, own.cert)
  writeFileSync(named('key'), other.key)
  t.match(await tls.reload(), other)
  t.match(tls.material, other)
})
