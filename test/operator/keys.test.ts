import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createKeyFolder, newKey, privateKeyPem, readPrivateKey } from '../../operator/keys.ts'
import {
  distrust,
  openEnvelope,
  parseTrustDocument,
  roleFor,
  signEnvelope,
  trustedKey,
  verifyBytes,
} from '../../proto/envelope.ts'

const trustExpiresAt = Date.parse('2040-01-01')

for (const algorithm of ['ed25519', 'ecdsa-p256-sha256'] as const)
  t.test(`one command makes ${algorithm} keys and a trust document that names them`, async t => {
    const folder = join(t.testdir(), 'new', 'keys')
    const made = await createKeyFolder({ folder, algorithm, trustExpiresAt })
    t.same(
      readdirSync(folder).toSorted(),
      ['operations.pem', 'release.pem', 'root.pem', 'trust.bin'],
      'and nothing else stays behind',
    )
    t.equal(statSync(folder).mode & 0o777, 0o700)
    for (const { path } of [made.root, made.release, made.operations]) {
      t.equal(statSync(path).mode & 0o777, 0o600)
      t.match(readFileSync(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/)
    }
    const trust = parseTrustDocument(readFileSync(made.trust.path))
    t.match(trust, { version: 1, expiresAt: trustExpiresAt })
    t.same([...trust.keys.keys()].toSorted(), [made.root.keyId, made.release.keyId, made.operations.keyId].toSorted())
    t.equal(trust.keys.get(made.root.keyId)?.algorithm, algorithm)
    t.same(
      [...trust.operationTypes],
      [
        ['firmware-update', 'release'],
        ['command', 'release'],
        ['config-backup', 'operations'],
        ['config-restore', 'operations'],
        ['config-change', 'operations'],
        ['reboot', 'operations'],
      ],
    )
    const release = await readPrivateKey(made.release.path, '--key')
    const signed = openEnvelope(signEnvelope('manifest', Buffer.from('a'), [release]))
    t.equal(
      distrust(signed, 'manifest', roleFor('firmware-update', trust), trust),
      undefined,
      'the release key signs releases',
    )
    const root = await readPrivateKey(made.root.path, '--key')
    const byRoot = openEnvelope(signEnvelope('manifest', Buffer.from('a'), [root]))
    t.equal(
      distrust(byRoot, 'manifest', roleFor('firmware-update', trust), trust),
      'unknown-key',
      'the root key does not',
    )
  })

t.test('a file that is there is never overwritten, whichever of the four it is', async t => {
  for (const name of ['root.pem', 'release.pem', 'operations.pem', 'trust.bin']) {
    const folder = t.testdir({ [name]: 'precious' })
    await t.rejects(
      createKeyFolder({ folder, algorithm: 'ed25519', trustExpiresAt }),
      { name: 'BadInput', fields: [{ name: '--out' }] },
      name,
    )
    t.same(readdirSync(folder), [name], 'nothing was added')
    t.equal(readFileSync(join(folder, name), 'utf8'), 'precious')
  }
  const { keys } = { keys: t.testdir({ keys: 'a file' }) }
  await t.rejects(createKeyFolder({ folder: join(keys, 'keys'), algorithm: 'ed25519', trustExpiresAt }), {
    name: 'BadInput',
    fields: [{ name: '--out' }],
  })
})

t.test('a passphrase closes the keys and opens them again', async t => {
  const folder = t.testdir()
  const { release, operations } = await createKeyFolder({
    folder,
    algorithm: 'ed25519',
    trustExpiresAt,
    passphrase: 'open sesame',
  })
  t.match(readFileSync(operations.path, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/, 'the broker types no passphrase')
  t.match(readFileSync(release.path, 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
  const key = await readPrivateKey(release.path, '--key', 'open sesame')
  t.ok(verifyBytes(Buffer.from('a'), sign(null, Buffer.from('a'), key), trustedKey(createPublicKey(key))))
  t.equal(trustedKey(createPublicKey(key)).keyId, release.keyId)
  await t.rejects(readPrivateKey(release.path, '--key'), { message: /--passphrase-file/ })
  await t.rejects(readPrivateKey(release.path, '--key', 'open barley'), { message: /passphrase does not open/ })
})

t.test('what is no signing key is refused in words that name the flag', async t => {
  const folder = t.testdir()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const publicPem = createPublicKey(newKey('ed25519')).export({ format: 'pem', type: 'spki' }).toString()
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['rsa', privateKeyPem(rsa), /neither an Ed25519 nor a P-256/],
    ['p384', privateKeyPem(p384), /neither an Ed25519 nor a P-256/],
    ['public', publicPem, /no private key/],
    ['empty', '', /no private key/],
    ['torn', privateKeyPem(newKey('ed25519')).slice(0, 60), /does not parse/],
    ['huge', 'a'.repeat(20_000), /bytes/],
  ]
  for (const [name, text, message] of cases) {
    const path = join(folder, name)
    writeFileSync(path, text)
    await t.rejects(readPrivateKey(path, '--key'), { name: 'BadInput', fields: [{ name: '--key' }], message }, name)
  }
  await t.rejects(readPrivateKey(join(folder, 'absent'), '--key'), { message: /no such file/ })
  await t.rejects(readPrivateKey(folder, '--key'), { message: /is a directory/ })
})
