// drover trust: a document that follows another one, made, signed at two desks and looked at; the broker's folder takes what
// is complete, and nothing else.
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readTrustFiles } from '../../../broker/adapters/trust-files.ts'
import { createKeyFolder, privateKeyPem } from '../../../operator/keys.ts'
import { parseTrustDocument } from '../../../proto/envelope.ts'
import { successorOf } from '../../../proto/trust.ts'
import { drover } from './run.ts'

const folder = t.testdir()
const path = (...names: readonly string[]): string => join(folder, ...names)
await createKeyFolder({ folder: path('keys'), algorithm: 'ed25519', trustExpiresAt: 4_102_444_800_000 })
for (const name of ['release-2', 'root-a', 'root-b', 'stranger'])
  await writeFile(path(`${name}.pem`), privateKeyPem(generateKeyPairSync('ed25519').privateKey))
const [first, root] = [path('keys/trust.bin'), path('keys/root.pem')]

t.test('another release key and a new epoch: complete at once', async t => {
  const ended = await drover([
    ...['trust', 'next', '--from', first, '--key', root, '--new-epoch'],
    ...['--role', `release=1:${path('release-2.pem')}`, '--out', path('trust-2.bin'), '--json'],
  ])
  t.equal(ended.code, 0, ended.stderr)
  t.match(ended.lines[0], { object: 'trust', version: 2, releaseEpoch: 1, missing: [] })
  const next = successorOf(parseTrustDocument(await readFile(first)), await readFile(path('trust-2.bin')))
  t.equal(next.roles.get('release')?.keyIds.length, 1)
  t.equal(next.keys.size, 3, 'the key that is in no role any more is gone')
  t.equal(next.operationTypes.get('firmware-update'), 'release')
  const shown = await drover(['trust', 'show', path('trust-2.bin')])
  t.match(shown.stdout, /version 2|2, until/)
  t.match(shown.stdout, /release:\s+1 of 1/)
})

t.test('another root is signed at two desks; until then nobody takes it', async t => {
  const next = (...more: readonly string[]) =>
    drover(['trust', 'next', '--from', first, '--out', path('draft.bin'), '--json', ...more])
  const roots = ['--role', `root=2:${path('root-a.pem')},${path('root-b.pem')}`]
  const begun = await next('--key', root, ...roots)
  t.equal(begun.code, 0, begun.stderr)
  t.match(begun.lines[0].missing, [/2 of 2 keys of the new root/])
  await mkdir(path('folder'), { recursive: true })
  await writeFile(path('folder/1.bin'), await readFile(first))
  await writeFile(path('folder/2.bin'), await readFile(path('draft.bin')))
  await t.rejects(readTrustFiles(path('folder')), { code: 'TRUST_FILES_UNUSABLE', message: /threshold|unknown-key/ })
  const sign = (key: string) =>
    drover(['trust', 'sign', path('draft.bin'), '--from', first, '--key', key, '--out', path('draft.bin'), '--json'])
  t.match((await sign(path('root-a.pem'))).lines[0].missing, [/2 of 2 keys of the new root/])
  t.match((await drover(['trust', 'show', path('draft.bin'), '--json'])).lines[0], { missing: [/own root/] })
  t.match((await sign(path('root-b.pem'))).lines[0], { version: 2, missing: [] })
  await writeFile(path('folder/2.bin'), await readFile(path('draft.bin')))
  const chain = await readTrustFiles(path('folder'))
  t.equal(chain.version, 2)
  t.equal(chain.after(1).length, 1)
  t.strictSame(chain.after(2), [])
  t.strictSame(chain.after(0, 1).length, 1)
})

t.test('what makes no document is refused by the flag that is wrong', async t => {
  const next = (...more: readonly string[]) =>
    drover(['trust', 'next', '--from', first, '--out', path('never.bin'), ...more])
  const rows: readonly [string, readonly string[], RegExp][] = [
    ['a key of neither root', ['--key', path('stranger.pem')], /--key.*root key of neither/],
    [
      'a threshold no one reaches',
      ['--key', root, '--role', `release=2:${path('release-2.pem')}`],
      /--role.*threshold/,
    ],
    [
      'a key of two roles, one of them timestamp',
      ['--key', root, '--role', `timestamp=1:${path('keys/release.pem')}`],
      /--role.*two roles/,
    ],
    ['a role that is none', ['--key', root, '--role', 'release'], /NAME=THRESHOLD/],
    ['a file without a key', ['--key', root, '--role', `release=1:${first}`], /--role/],
    ['a role twice', ['--key', root, '--role', `a=1:${root}`, '--role', `a=1:${root}`], /twice/],
  ]
  for (const [what, args, says] of rows) {
    const ended = await next(...args)
    t.not(ended.code, 0, what)
    t.match(ended.stderr, says, what)
  }
  t.match((await drover(['trust', 'show', root])).stderr, /no trust document/)
  await t.rejects(readFile(path('never.bin')), { code: 'ENOENT' })
})

t.test('the folder of the broker: absent is empty, a gap or a stranger is an error, names do not matter', async t => {
  t.equal((await readTrustFiles(path('no-such-folder'))).version, 0)
  await mkdir(path('other'))
  await writeFile(path('other/notes.txt'), 'not read')
  await writeFile(path('other/z.bin'), 'nonsense')
  await t.rejects(readTrustFiles(path('other')), { code: 'TRUST_FILES_UNUSABLE' })
  await writeFile(path('other/z.bin'), Buffer.alloc(17_000))
  await t.rejects(readTrustFiles(path('other')), { message: /17000 bytes/ })
})
