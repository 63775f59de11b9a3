// Keys that are no files: the contract between drover and a program that signs, with the example of docs/examples for real and
// with programs that do every wrong thing. The scripts are of /bin/sh, which starts in no time.
import { spawn } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { commandWords } from '../../operator/command-words.ts'
import { newKey, privateKeyPem } from '../../operator/keys.ts'
import { programRunner } from '../../operator/program.ts'
import { publicKeyIn, signatureIn } from '../../operator/signer-contract.ts'
import { bundleHeaderLength, bundlePrefixBytes, readBundleHead } from '../../proto/bundle.ts'
import {
  distrust,
  encodeTrustDocument,
  openEnvelope,
  parseTrustDocument,
  preAuthenticationEncoding,
  signEnvelope,
  type TrustedKey,
  trustedKey,
  verifyBytes,
} from '../../proto/envelope.ts'
import { nested, runs, until, written } from '../fixtures/other-processes.ts'
import { installed, softToken } from '../fixtures/soft-token.ts'
import { drover, start } from './cli/run.ts'
import { httpClock } from './client-clock.ts'

const folder = t.testdir({ image: 'the image, every byte of it' })
const path = (name: string): string => join(folder, name)
const openssl = resolve('docs/examples/signer-openssl.sh')
const keys = { ed: newKey('ed25519'), p256: newKey('ecdsa-p256-sha256'), other: newKey('ed25519') }
for (const [name, key] of Object.entries(keys)) writeFileSync(path(`${name}.pem`), privateKeyPem(key))
const trusted = (name: keyof typeof keys): TrustedKey => trustedKey(createPublicKey(keys[name]))
const base64Of = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('base64')
const spki = (name: keyof typeof keys): string => base64Of(createPublicKey(keys[name]))
const rsa = base64Of(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)

/** Time stands still where bytes are compared. */
const clock = { ...httpClock, now: () => Date.parse('2030-01-01') }
const none = { DROVER_CONFIG: path('no-config.json') }
const ids = ['--vendor-id', '11'.repeat(16), '--class-id', '22'.repeat(16)]
const create = (out: string, ...more: readonly string[]) => {
  const what = ['--image', path('image'), '--component', 'app', '--version', '1.2.3', ...ids]
  return drover(['artifact', 'create', ...what, ...more, '--out', path(out)], none, clock)
}
function envelopeIn(out: string): ReturnType<typeof openEnvelope> {
  const bundle = readFileSync(path(out))
  const head = bundle.subarray(bundlePrefixBytes, bundlePrefixBytes + bundleHeaderLength(bundle))
  return openEnvelope(readBundleHead(head).envelope)
}

/** A signer of its own; `lines` run with the request in $request. Its path. */
function script(name: string, ...lines: readonly string[]): string {
  writeFileSync(path(name), ['#!/bin/sh', 'read -r request', ...lines, ''].join('\n'))
  chmodSync(path(name), 0o755)
  return path(name)
}
/** Gives the key as it should, then runs `lines` instead of signing. */
const faithless = (name: string, ...lines: readonly string[]): string =>
  script(
    name,
    `case $request in *'"request":"public-key"'*) echo '{"version":1,"publicKey":"${spki('ed')}"}'; exit 0 ;; esac`,
    ...lines,
  )

t.test('a bundle signed by a program is the one signed by the key file', async t => {
  t.equal((await create('file.bundle', '--key', path('ed.pem'))).code, 0)
  const asked = await create('program.bundle', '--signer', `${openssl} "${path('ed.pem')}"`)
  t.equal(asked.code, 0, asked.stderr)
  t.match(
    asked.stderr,
    /Asking .*signer-openssl.sh .* to sign release app 1\.2\.3 \(27 bytes, SHA-256 [0-9a-f]{64}\) for class 22/,
  )
  t.ok(readFileSync(path('program.bundle')).equals(readFileSync(path('file.bundle'))), 'byte for byte')
  const elliptic = await create('p256.bundle', '--signer', `${openssl} ${path('p256.pem')}`, '--json')
  t.match(elliptic, { code: 0, stderr: '' }, 'and with --json nothing is said beside it')
  const { payload, signatures } = envelopeIn('p256.bundle')
  t.ok(Buffer.from(payload).equals(envelopeIn('file.bundle').payload), 'the statement does not depend on who signs it')
  const [one] = signatures
  t.equal(one?.keyId, trusted('p256').keyId)
  t.equal(one?.signature.length, 64, 'what openssl gives in DER travels as r and s')
  t.ok(verifyBytes(preAuthenticationEncoding('manifest', 1, payload), one?.signature ?? payload, trusted('p256')))
})

t.test('a threshold is reached by key files and programs together; the same key twice is told', async t => {
  const made = await create('both.bundle', '--signer', `${openssl} ${path('p256.pem')}`, '--key', path('ed.pem'))
  t.equal(made.code, 0, made.stderr)
  const role = { name: 'release', threshold: 2, keyIds: [trusted('ed').keyId, trusted('p256').keyId] }
  const trust = { version: 1, expiresAt: 0, roles: new Map(), operationTypes: new Map() }
  const both = new Map(role.keyIds.map((id, index) => [id, trusted(index === 0 ? 'ed' : 'p256')]))
  t.equal(distrust(envelopeIn('both.bundle'), 'manifest', role, { ...trust, keys: both }), undefined)
  const twice = await create('twice.bundle', '--key', path('ed.pem'), '--signer', `${openssl} ${path('ed.pem')}`)
  t.match(twice, { code: 2, stderr: /--signer: .* is the same key as --key .*ed\.pem/ })
  t.notOk(existsSync(path('twice.bundle')))
})

t.test('what a program is asked, word for word, with its arguments and without our token', async t => {
  const signer = faithless(
    'listens',
    `printf '%s\\n' "$request" > "$1"; env > "$2"; echo '{"version":1,"error":"seen"}'`,
  )
  const command = `${signer} '${path('a request')}' "${path('environment')}"`
  const env = { ...none, DROVER_TOKEN: 'canary-1f2e', AWS_PROFILE: 'release' }
  const ended = await drover(['keys', 'show', '--signer', command, '--try'], env)
  t.match(ended, { code: 2, stdout: '', stderr: /--signer: .*listens refused: seen/ })
  const [line = '', rest] = readFileSync(path('a request'), 'utf8').split('\n')
  t.equal(rest, '', 'one line')
  const { message, ...request } = JSON.parse(line)
  t.strictSame(request, {
    ...{ version: 1, request: 'sign', keyId: trusted('ed').keyId, algorithm: 'ed25519', payloadType: 'test' },
    summary: 'a test that no device would take',
  })
  t.match(Buffer.from(message, 'base64').toString('latin1'), /^drover-signer-test\0[\s\S]{32}$/)
  const environment = readFileSync(path('environment'), 'utf8')
  t.match(environment, /AWS_PROFILE=release/)
  t.notMatch(environment, /canary/)
})

t.test('every wrong answer is told by --signer, and nothing is left behind', async t => {
  const signature = sign(null, Buffer.from('another message'), keys.ed).toString('base64')
  const signed = (text: string): string => `echo '{"version":1,"signature":"${text}"}'`
  const rows: readonly (readonly [name: string, program: string, says: RegExp])[] = [
    ['no program', './no-such-program', /there is no program \.\/no-such-program/],
    ['none on the PATH', 'no-such-program', /on the PATH/],
    ['a folder', folder, /may not be run/],
    ['not executable', path('image'), /chmod \+x/],
    ['no key', script('mute', 'exit 0'), /ended without an answer/],
    ['garbage', script('garbage', 'echo Hello; echo there'), /wrote "Hello\\nthere\\n", expected one JSON object/],
    ['a list', script('list', 'echo "[1]"'), /wrote \[1\]/],
    ['too new', script('new', `echo '{"version":2,"publicKey":"x"}'`), /in version 2, expected 1/],
    ['without version', script('old', `echo '{"publicKey":"x"}'`), /in version none, expected 1/],
    ['without key', script('keyless', `echo '{"version":1}'`), /without "publicKey"/],
    ['no base64', script('base', `echo '{"version":1,"publicKey":"%%"}'`), /"publicKey" that is no base64/],
    ['no key in it', script('short', `echo '{"version":1,"publicKey":"AAAA"}'`), /neither an Ed25519 nor a P-256/],
    ['another kind', script('rsa', `echo '{"version":1,"publicKey":"${rsa}"}'`), /neither an Ed25519 nor a P-256/],
    ['exit code', faithless('exits', 'exit 7'), /exits ended with exit code 7/],
    [
      'exit code and reason',
      faithless('explains', `echo '{"version":1,"error":"the card is locked"}'; exit 1`),
      /exit code 1: the card is locked/,
    ],
    ['killed', faithless('killed', 'kill -9 $$'), /ended by SIGKILL/],
    [
      'too much',
      faithless('floods', 'while :; do echo 0123456789012345678901234567890123456789; done'),
      /more than 65536/,
    ],
    ['no signature', faithless('empty', signed('')), /"signature" that is no base64/],
    ['a short one', faithless('cut', signed(signature.slice(0, 80))), /60 bytes that are no signature/],
    [
      'of another message',
      faithless('other-message', signed(signature)),
      /64 bytes that are no signature of the message/,
    ],
    [
      'by another key',
      faithless('other-key', `printf '%s\\n' "$request" | ${openssl} ${path('other.pem')}`),
      new RegExp(`no signature of the message by the key ${trusted('ed').keyId}, which it named itself`),
    ],
    ['a half line', faithless('half', 'printf \'{"version":1,"signature":\''), /expected one JSON object/],
    ['silence', faithless('hangs', 'sleep 1000'), /has not answered within 0\.3 s; .*--signer-timeout/],
  ]
  const before = readdirSync(folder).length
  for (const [what, program, says] of rows) {
    const limit = what === 'silence' ? ['--signer-timeout', '300ms'] : []
    const ended = await create('never.bundle', '--signer', program, '--json', ...limit)
    t.match(ended, { code: 2, stdout: '' }, `${what}: ${ended.stderr}`)
    const { code, fields } = JSON.parse(ended.stderr)
    t.match({ code, fields }, { code: 'SIGNER_FAILED', fields: [{ name: '--signer', message: says }] }, what)
  }
  t.equal(readdirSync(folder).length, before, 'no bundle, and no folder that was temporary')
})

t.test('both forms of an ECDSA signature are read, numbers of any length, and nothing else', async t => {
  const message = Buffer.from('message')
  const answer = (bytes: Uint8Array): Buffer =>
    Buffer.from(JSON.stringify({ version: 1, signature: Buffer.from(bytes).toString('base64') }))
  const seen = new Set<number>()
  // About every second number has its highest bit set, every 256th is a byte shorter.
  for (let round = 0; round < 300; round += 1) {
    const der = sign('sha256', message, keys.p256)
    seen.add(der.length)
    const read = signatureIn(answer(der), trusted('p256'), message)
    if (!verifyBytes(message, read, trusted('p256'))) t.fail(`DER of ${der.length} bytes: ${der.toString('hex')}`)
  }
  t.ok(seen.has(70) && seen.has(71) && seen.has(72), `${[...seen]}`)
  const raw = sign('sha256', message, { key: keys.p256, dsaEncoding: 'ieee-p1363' })
  t.ok(raw.equals(signatureIn(answer(raw), trusted('p256'), message)))
  const der = sign('sha256', message, keys.p256)
  const wrong: readonly Uint8Array[] = [
    ...Array.from({ length: der.length }, (_, length) => der.subarray(0, length)),
    ...Array.from({ length: der.length }, (_, at) => Buffer.from(der).fill((der[at] ?? 0) ^ 1, at, at + 1)),
    Buffer.concat([der, Buffer.of(0)]),
  ]
  for (const bytes of wrong)
    t.throws(() => signatureIn(answer(bytes), trusted('p256'), message), { name: 'UnusableAnswer' })
  for (const publicKey of [spki('p256'), createPublicKey(keys.p256).export({ format: 'pem', type: 'spki' })]) {
    const { keyId } = publicKeyIn(Buffer.from(JSON.stringify({ version: 1, publicKey })))
    t.equal(keyId, trusted('p256').keyId, String(publicKey))
  }
})

t.test('a command line is parted as a shell would, and what a shell would act upon is refused', async t => {
  const rows: readonly (readonly [string, readonly string[] | RegExp])[] = [
    ['a', ['a']],
    ['  a \t b  ', ['a', 'b']],
    [`a 'b c' "d e" f\\ g`, ['a', 'b c', 'd e', 'f g']],
    [`a '' ""`, ['a', '', '']],
    [`a'b'"c"\\d`, ['abcd']],
    [`a '$HOME | "x"' "it's" "\\"\\\\\\n"`, ['a', '$HOME | "x"', "it's", '"\\\\n']],
    ['/opt/sign --key=arn:aws:kms:eu-1:1:key/2 --x=~/a', ['/opt/sign', '--key=arn:aws:kms:eu-1:1:key/2', '--x=~/a']],
    ['', /names no program/],
    ['   ', /names no program/],
    [`'' a`, /names no program/],
    [`a 'b`, /without its end/],
    ['a "b', /without its end/],
    ['a \\', /ends with a backslash/],
    ['a | b', /act upon \|/],
    ['a > b', /act upon >/],
    ['a $B', /act upon \$/],
    ['a "$B"', /act upon \$/],
    ['a `b`', /act upon `/],
    ['~/a', /act upon ~/],
    ['a *.pem', /act upon \*/],
    ['a\nb', /act upon a line break/],
    [`a ${'b'.repeat(4096)}`, /4098 characters, expected at most 4096/],
  ]
  for (const [text, expected] of rows)
    if (expected instanceof RegExp) t.throws(() => commandWords(text), { name: 'RangeError', message: expected }, text)
    else t.strictSame(commandWords(text), expected, text)
  t.match(await create('never.bundle', '--signer', 'a | b'), { code: 2, stderr: /--signer: is run without a shell/ })
})

t.test('a program that does not end is ended, with all it has started', async t => {
  const signer = faithless('deep', ...nested(path('pids')))
  const late = new AbortController()
  const slow = { ...clock, deadline: () => late.signal }
  const begun = drover(['keys', 'show', '--signer', signer, '--try', '--signer-timeout', '90s'], none, slow)
  await until(() => written(path('pids')).length === 2)
  late.abort()
  t.match(await begun, { code: 2, stdout: '', stderr: /not answered within 90 s/ })
  await until(() => !written(path('pids')).some(runs))
})

t.test('Ctrl-C ends the program and what it has started, and leaves nothing half-written', async t => {
  const signer = faithless('patient', ...nested(path('more-pids')))
  const before = readdirSync(folder).length
  const args = [
    '--image',
    path('image'),
    '--component',
    'app',
    '--version',
    '1.2.3',
    ...ids,
    '--out',
    path('never.bundle'),
  ]
  const { child, ended } = start(['artifact', 'create', ...args, '--signer', signer], none)
  await until(() => written(path('more-pids')).length === 2)
  child.kill('SIGINT')
  t.match(await ended, { code: 130, stdout: '', stderr: /interrupted/ })
  await until(() => !written(path('more-pids')).some(runs))
  t.equal(readdirSync(folder).length, before + 1, 'the note of the processes is the only file that came')
})

t.test('standard error is the operator’s; output that is held open by others is not waited for', async t => {
  const said: string[] = []
  const stderr = { write: (bytes: Uint8Array) => said.push(Buffer.from(bytes).toString()) }
  const run = programRunner({ clock: httpClock, env: {}, stderr })
  const never = new AbortController()
  const words = [
    script('talks', 'echo "touch the token" >&2', 'sleep 1000 &', 'echo $! > "$1"', 'echo done'),
    path('held'),
  ]
  const task = { words, input: Buffer.from('a\n'), timeoutMs: 60_000, outputBytesMax: 10 }
  t.match(await run(task, never.signal), { kind: 'exited', exitCode: 0, output: Buffer.from('done\n') })
  t.strictSame(said, ['touch the token\n'])
  process.kill(Number(written(path('held'))[0]))
  t.match(await run({ ...task, outputBytesMax: 5 }, never.signal), { kind: 'exited' }, 'five bytes are five')
  process.kill(Number(written(path('held'))[0]))
  t.strictSame(await run({ ...task, outputBytesMax: 4 }, never.signal), { kind: 'too-much' })
  // It may have ended before it was told to, and nobody knew its child then.
  if (runs(written(path('held'))[0] ?? '')) process.kill(Number(written(path('held'))[0]))
  never.abort(new Error('no'))
  await t.rejects(run(task, never.signal), { message: 'no' }, 'nothing is started any more')
  t.match(await run({ ...task, words: ['\0'] }, new AbortController().signal), { kind: 'not-started' })
})

t.test(
  'a program asks at the terminal it was started from, and writes there',
  { skip: existsSync('/usr/bin/script') ? false : 'script of util-linux is not installed' },
  async t => {
    const signer = faithless(
      'asks',
      'test -t 2 || exit 8',
      'printf "PIN, please: " > /dev/tty',
      'read -r pin < /dev/tty',
      '[ "$pin" = 1234 ] || exit 9',
      `printf '%s\\n' "$request" | ${openssl} ${path('ed.pem')}`,
    )
    const main = fileURLToPath(new URL('../../operator/cli/main.js', import.meta.url))
    const line = `${process.execPath} ${main} keys show --try --signer ${signer}`
    const env = { PATH: process.env.PATH ?? '', ...none }
    const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    let shown = ''
    child.stdout.on('data', bytes => {
      shown += bytes
      if (shown.endsWith('PIN, please: ')) child.stdin.write('1234\n')
    })
    const [code] = await once(child, 'close')
    t.equal(code, 0, shown)
    t.match(shown, /tried: +its signature verifies/)
  },
)

t.test('a trust document from public keys alone, its root a program, signed at two desks', async t => {
  const command = (name: keyof typeof keys): string => `${openssl} ${path(`${name}.pem`)}`
  const show = await drover(
    ['keys', 'show', '--signer', command('p256'), '--try', '--out', path('p256.pub'), '--json'],
    none,
  )
  t.equal(show.code, 0, show.stderr)
  t.match(show.lines[0], { object: 'key', keyId: trusted('p256').keyId, algorithm: 'ecdsa-p256-sha256', tried: true })
  t.equal(trustedKey(createPublicKey(readFileSync(path('p256.pub')))).keyId, trusted('p256').keyId)
  for (const name of ['ed', 'other']) {
    const { stdout, code } = await drover(['keys', 'show', '--key', path(`${name}.pem`)], none)
    t.equal(code, 0)
    t.notMatch(stdout, /PRIVATE/)
    writeFileSync(path(`${name}.pub`), stdout)
  }
  const roles = ['--role', `root=2:${path('p256.pub')},${path('ed.pub')}`, '--role', `release=1:${path('other.pub')}`]
  const trust = (...args: readonly string[]) =>
    drover(['trust', ...args, '--out', path('trust.bin'), '--json'], none, clock)
  const begun = await trust('create', ...roles, '--signer', command('p256'))
  t.match(begun, { code: 0, lines: [{ version: 1, missing: [/2 of 2 keys of the new root/] }] }, begun.stderr)
  const stranger = await trust('sign', path('trust.bin'), '--signer', command('other'))
  t.match(stranger, { code: 2, stderr: /--signer: .* is no root key of version 1/ })
  const done = await trust('sign', path('trust.bin'), '--key', path('ed.pem'))
  t.match(done, { code: 0, lines: [{ version: 1, missing: [] }] }, done.stderr)
  const document = parseTrustDocument(await readFile(path('trust.bin')), clock.now())
  t.equal(document.operationTypes.get('reboot'), 'release', 'without a role operations nobody but people sign')
  t.equal(document.expiresAt, clock.now() + 3650 * 86_400_000)
  const next = ['next', '--from', path('trust.bin'), '--role', `root=1:${path('p256.pub')}`]
  const changed = await drover(
    ['trust', ...next, '--signer', command('p256'), '--signer', command('ed'), '--out', path('2.bin'), '--json'],
    none,
    clock,
  )
  t.match(changed, { code: 0, lines: [{ version: 2, missing: [] }] }, changed.stderr)
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['create', '--role', `root=1:${path('ed.pub')}`, '--key', path('ed.pem')], /--role: .*release is missing/],
    [['create', ...roles], /--key: expected a root key, or --signer/],
    [['sign', path('2.bin'), '--signer', command('p256')], /--from: version 2 follows another document/],
    [['sign', path('endless.bin'), '--key', path('ed.pem')], /<draft>: makes no trust document \(expiresAt\)/],
    [['sign', path('image'), '--from', path('trust.bin'), '--key', path('ed.pem')], /<draft>: is no draft/],
  ]
  const endless = { ...document, expiresAt: Number.MAX_SAFE_INTEGER }
  writeFileSync(path('endless.bin'), signEnvelope('trust', encodeTrustDocument(endless), [keys.p256, keys.ed]))
  for (const [args, says] of rows) t.match(await trust(...args), { code: 2, stderr: says }, args.join(' '))
  t.match(await drover(['keys', 'show'], none), { code: 2, stderr: /--key: expected either it or --signer/ })
})

t.test(
  'a key in a PKCS#11 token signs, P-256 and Ed25519, and never was a file',
  { skip: installed() ? false : 'softhsm2 and opensc are not installed' },
  async t => {
    const token = softToken(t.testdir({}))
    const signer = resolve('docs/examples/signer-pkcs11.sh')
    for (const [id, type, algorithm] of [
      ['01', 'EC:prime256v1', 'ecdsa-p256-sha256'],
      ['02', 'EC:edwards25519', 'ed25519'],
    ] as const) {
      token.makeKey(id, type)
      const shown = await drover(['keys', 'show', '--signer', `${signer} ${id}`, '--json'], { ...none, ...token.env })
      t.match(shown, { code: 0, lines: [{ algorithm }] }, shown.stderr)
      const key = trustedKey(createPublicKey(shown.lines[0].publicKey))
      const out = `${id}.bundle`
      const args = ['--image', path('image'), '--component', 'app', '--version', '1.2.3', ...ids, '--out', path(out)]
      const made = await drover(['artifact', 'create', ...args, '--signer', `${signer} ${id}`], {
        ...none,
        ...token.env,
      })
      t.equal(made.code, 0, made.stderr)
      const { payload, signatures } = envelopeIn(out)
      const message = preAuthenticationEncoding('manifest', 1, payload)
      t.ok(verifyBytes(message, signatures[0]?.signature ?? payload, key), algorithm)
      const locked = await drover(['keys', 'show', '--try', '--signer', `${signer} ${id}`], {
        ...{ ...none, ...token.env, PKCS11_PIN: '9999' },
      })
      t.match(locked, { code: 2, stderr: /CKR_PIN_INCORRECT[\s\S]*--signer: .* ended with exit code 1/ })
    }
  },
)
