// The broker's signing key: which files are one, what is said of the others, and that devices accept what it signs.
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { OperationsKey } from '../../../broker/adapters/operations-key.ts'
import { createKeyFolder, newKey, privateKeyPem } from '../../../operator/keys.ts'
import { distrust, openEnvelope, parseTrustDocument, roleFor } from '../../../proto/envelope.ts'

const trustExpiresAt = Date.parse('2040-01-01')

for (const algorithm of ['ed25519', 'ecdsa-p256-sha256'] as const)
  t.test(`what it signs with ${algorithm} is trusted for its own types and for no other`, async t => {
    const made = await createKeyFolder({ folder: t.testdir({}), algorithm, trustExpiresAt, passphrase: 'open sesame' })
    const key = await OperationsKey.open(made.operations.path)
    t.equal(key.keyId, made.operations.keyId)
    const trust = parseTrustDocument(readFileSync(made.trust.path))
    const signed = openEnvelope(key.sign(Buffer.from('a command')))
    t.equal(Buffer.from(signed.payload).toString(), 'a command')
    for (const type of ['reboot', 'config-backup', 'config-restore', 'config-change'])
      t.equal(distrust(signed, 'command', roleFor(type, trust), trust), undefined, type)
    for (const type of ['firmware-update', 'command'])
      t.equal(distrust(signed, 'command', roleFor(type, trust), trust), 'unknown-key', type)
    t.equal(distrust(signed, 'manifest', roleFor('reboot', trust), trust), 'bad-signature', 'it signs commands only')
  })

t.test('a file that is no such key is refused in words that name it', async t => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'folder'))
  const key = newKey('ed25519')
  for (const [name, text, message] of [
    ['rsa', privateKeyPem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /neither an Ed25519 nor/],
    ['p384', privateKeyPem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), /neither an Ed25519 nor/],
    ['public', createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString(), /no private key/],
    ['empty', '', /no private key/],
    ['torn', privateKeyPem(key).slice(0, 60), /does not parse/],
    ['encrypted', privateKeyPem(key, 'open sesame'), /passphrase/],
    ['huge', 'a'.repeat(20_000), /20000 bytes, expected at most 16384/],
  ] as const) {
    const path = join(folder, name)
    writeFileSync(path, text)
    await t.rejects(OperationsKey.open(path), { code: 'OPERATIONS_KEY_UNUSABLE', message }, name)
    await t.rejects(OperationsKey.open(path), { message: new RegExp(path) }, 'with the path')
  }
  await t.rejects(OperationsKey.open(join(folder, 'absent')), { code: 'OPERATIONS_KEY_UNUSABLE', message: /ENOENT/ })
  await t.rejects(OperationsKey.open(join(folder, 'folder')), { code: 'OPERATIONS_KEY_UNUSABLE', message: /EISDIR/ })
})
