// drover init: what it finds, what it makes, and that nothing which is there is changed unbidden.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tokens } from '../fake-use-cases.ts'
import { type OpenDoor, openDoor } from '../http-fixture.ts'
import { drover, fill } from './run.ts'

const ids = { vendorId: '11'.repeat(16), classId: '22'.repeat(16) }

/** A home, a broker, and its first token where a broker writes it. */
async function desk(t: Test): Promise<{ env: Record<string, string>; path: (name: string) => string; door: OpenDoor }> {
  const folder = t.testdir({ home: {}, data: { 'admin-token': `${tokens.admin}\n` }, image: 'an image' })
  const path = (name: string): string => join(folder, name)
  const door = await openDoor(t)
  fill(door)
  return { env: { HOME: path('home'), DROVER_URL: door.url }, path, door }
}
const modeOf = (path: string): number => statSync(path).mode & 0o777
const readJson = (path: string): Record<string, string> => JSON.parse(readFileSync(path, 'utf8'))

t.test('from nothing to a signed bundle and an answer of the broker, without one flag that init has heard', async t => {
  const { env, path } = await desk(t)
  const made = await drover(['init', '--data-dir', path('data')], env)
  t.match(made, { code: 0, stderr: '' })
  const config = path('home/.config/drover/config.json')
  t.match(made.stdout, `${config}  written`)
  t.match(made.stdout, 'takes the token, has devices')
  t.match(
    made.stdout,
    /Next:\n {2}drover devices enroll .*\n {2}drover artifact create .*\n {2}drover artifact upload /,
  )
  t.notMatch(made.stdout, /CANARY/, 'the token is not shown')
  t.equal(modeOf(config), 0o600)
  t.equal(modeOf(path('home/.config/drover')), 0o700)
  t.equal(modeOf(path('home/.config/drover/keys')), 0o700)
  t.equal(modeOf(path('home/.config/drover/keys/release.pem')), 0o600)
  const { url, tokenFile, keys, vendorId, classId } = readJson(config)
  t.match({ url, tokenFile }, { url: env.DROVER_URL, tokenFile: path('data/admin-token') })
  t.match([vendorId, classId], [/^[0-9a-f]{32}$/, /^[0-9a-f]{32}$/])

  const home = { HOME: path('home') }
  t.match(await drover(['devices', 'list'], home), { code: 0, stdout: /sensor-3/, stderr: '' })
  const sign = ['artifact', 'create', '--image', path('image'), '--component', 'app', '--version', '1.0.0']
  t.match(await drover([...sign, '--out', path('a.bundle')], home), {
    code: 0,
    stderr: `Next: drover artifact upload ${path('a.bundle')}\n`,
  })
  const uploaded = await drover(['artifact', 'upload', path('a.bundle'), '--json'], home)
  t.match(uploaded.lines[0]?.manifests, [{ vendorId, classId }])
  t.ok(existsSync(join(String(keys), 'trust.bin')))
  const other = ['artifact', 'create', ...sign.slice(2), '--vendor-id', ids.vendorId, '--out', path('b.bundle')]
  t.match(await drover(other, home), { code: 0 }, 'a flag stands above it')
})

t.test('run again it changes nothing, byte for byte', async t => {
  const { env, path } = await desk(t)
  const flags = ['init', '--data-dir', path('data'), '--vendor-id', ids.vendorId, '--class-id', ids.classId]
  await drover(flags, env)
  const folder = path('home/.config/drover')
  const files = (): unknown =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).map(file => {
      const whole = join(file.parentPath, file.name)
      return [whole, statSync(whole).mtimeMs, file.isFile() ? readFileSync(whole, 'hex') : '']
    })
  const before = files()
  t.match(await drover(flags, env), { code: 0, stdout: /config\.json {2}unchanged\n(.*\n)+.*keys {2}there already/ })
  t.match(await drover(['init'], { HOME: path('home') }), { code: 0, stdout: /unchanged/ }, 'and without a flag')
  const rows: readonly (readonly [readonly string[], string, string])[] = [
    [['--url', 'http://127.0.0.1:1'], '--url', '--force url'],
    [['--vendor-id', '33'.repeat(16)], '--vendor-id', '--force ids'],
    [['--token-file', path('image')], '--token-file', '--force token'],
    [['--keys', path('elsewhere')], '--keys', '--force keys'],
  ]
  for (const [more, flag, fix] of rows) {
    const { code, stderr } = await drover(['init', ...more, '--json'], { HOME: path('home') })
    t.equal(code, 2, more.join(' '))
    t.match(JSON.parse(stderr), { fields: [{ name: flag, message: fix }] })
  }
  t.same(files(), before)
})

t.test('--force replaces the piece it names and no other; keys are moved aside, never deleted', async t => {
  const { env, path } = await desk(t)
  await drover(['init', '--data-dir', path('data')], env)
  const config = path('home/.config/drover/config.json')
  const before = readJson(config)
  const keyOf = (): string => readFileSync(join(String(before.keys), 'release.pem'), 'utf8')
  const oldKey = keyOf()
  writeFileSync(path('second'), tokens.operator)
  const home = { HOME: path('home') }
  t.match(await drover(['init', '--token-file', path('second'), '--force', 'token'], home), {
    code: 0,
    stdout: /changed/,
  })
  t.same(readJson(config), { ...before, tokenFile: path('second') })
  t.equal(keyOf(), oldKey)
  t.match(await drover(['init', '--vendor-id', ids.vendorId, '--force', 'ids'], home), { code: 0 })
  t.match(readJson(config), { vendorId: ids.vendorId, keys: before.keys, url: before.url })
  t.match(await drover(['init', '--force', 'keys'], home), { code: 0, stdout: /keys {2}made/ })
  t.not(keyOf(), oldKey)
  const [aside = ''] = readdirSync(path('home/.config/drover')).filter(name => name.startsWith('keys.before-'))
  t.equal(readFileSync(join(path('home/.config/drover'), aside, 'release.pem'), 'utf8'), oldKey)
  t.match(await drover(['init', '--force', 'everything'], home), { code: 2, stderr: /--force/ })
})

t.test('a root key that is in its safe is not missed, another missing key is told', async t => {
  const { env, path } = await desk(t)
  await drover(['init', '--data-dir', path('data')], env)
  const key = (name: string): string => path(`home/.config/drover/keys/${name}`)
  rmSync(key('root.pem'))
  t.match(await drover(['init'], { HOME: path('home') }), { code: 0, stdout: /there already/ })
  t.notOk(existsSync(key('root.pem')))
  renameSync(key('trust.bin'), path('trust.bin'))
  t.match(await drover(['init'], { HOME: path('home') }), { code: 2, stderr: /--keys.*trust\.bin is missing/ })
})

t.test('what it takes where nothing was written down', async t => {
  const { env, path, door } = await desk(t)
  const none = await drover(['init'], { ...env, DROVER_URL: 'http://192.0.2.1:80' })
  t.match(none, {
    code: 2,
    stdout: '',
    stderr: /no access token for http:\/\/192\.0\.2\.1.*\n.*--token-file.*--data-dir.*--no-broker/,
  })
  t.notOk(existsSync(path('home/.config')), 'nothing was written')
  const wrong = await drover(['init', '--token', 'CANARY-wrong'], env)
  t.match(wrong, { code: 3, stderr: /taken from|not valid/ })
  t.notOk(existsSync(path('home/.config')), 'a token that the broker refuses is not written down')

  const text = await drover(['init', '--token', tokens.operator, '--no-keys'], env)
  t.match(text, { code: 0, stdout: /signing keys: +none/ })
  const file = path('home/.config/drover/token')
  t.equal(readFileSync(file, 'utf8'), `${tokens.operator}\n`)
  t.equal(modeOf(file), 0o600)
  t.notOk(existsSync(path('home/.config/drover/keys')))

  const signing = await drover(['init', '--no-broker', '--json'], { HOME: path('second-home') })
  t.match(signing, { code: 0, lines: [{ object: 'init', state: 'written', keysMade: true }] })
  t.notOk('url' in readJson(path('second-home/.config/drover/config.json')))

  await door.door.close()
  const away = await drover(['init', '--data-dir', path('data')], { ...env, HOME: path('third-home') })
  t.match(
    away,
    { code: 0, stdout: /not tried: cannot reach .*nobody listens/ },
    'it does not claim what it has not seen',
  )
  const asked: string[] = []
  const ask = async (question: string): Promise<string> => {
    asked.push(question)
    return door.url
  }
  const person = await drover(['init', '--data-dir', path('data')], { HOME: path('fourth-home') }, undefined, { ask })
  t.match(person, { code: 0 })
  t.equal(asked.length, 1, 'a person is asked for the address, nobody else is')
  t.equal(readJson(path('fourth-home/.config/drover/config.json')).url, door.url)
})

t.test('flag, environment, file: the first that says something counts', async t => {
  const { env, path, door } = await desk(t)
  await drover(['init', '--data-dir', path('data')], env)
  const home = { HOME: path('home') }
  const dead = 'http://127.0.0.1:1'
  t.match(await drover(['devices', 'list'], home), { code: 0 })
  const strange = await drover(['devices', 'list'], { ...home, DROVER_URL: dead })
  t.match(strange, { code: 2, stderr: /no access token for http:\/\/127\.0\.0\.1:1: the one in .*config\.json is for/ })
  const named = { ...home, DROVER_URL: dead, DROVER_TOKEN: tokens.admin }
  t.match(await drover(['devices', 'list'], named), { code: 4, stderr: /DROVER_URL/ })
  t.match(await drover(['devices', 'list', '--url', door.url], named), { code: 0 })
  t.match(await drover(['devices', 'list'], { ...home, DROVER_TOKEN: 'CANARY-wrong' }), {
    code: 3,
    stderr: /from DROVER_TOKEN;/,
  })
  const xdg = { XDG_CONFIG_HOME: path('home/.config'), HOME: '/absent' }
  t.match(await drover(['devices', 'list'], xdg), { code: 0 })
  t.match(await drover(['devices', 'list'], { DROVER_CONFIG: path('home/.config/drover/config.json') }), { code: 0 })
  t.match(
    await drover(['devices', 'list'], { HOME: path('data') }),
    { code: 2, stderr: /drover init/ },
    'no file is no mistake',
  )
})

t.test('a file that others can read is told with its fix; one that cannot be used is told by field', async t => {
  const { env, path } = await desk(t)
  await drover(['init', '--data-dir', path('data')], env)
  const config = path('home/.config/drover/config.json')
  const home = { HOME: path('home') }
  chmodSync(config, 0o644)
  t.match(await drover(['devices', 'list'], home), { code: 0, stderr: `chmod 600 ${config}` })
  chmodSync(config, 0o600)
  t.match(await drover(['devices', 'list'], home), { code: 0, stderr: '' })
  const rows: readonly (readonly [string, RegExp])[] = [
    ['{', /is no JSON/],
    ['[]', /expected one JSON object/],
    ['{"colour":"red"}', /colour is not known; expected url, tokenFile/],
    ['{"url":5}', /url: expected a text/],
    ['{"url":"ftp://x"}', /url in .*config\.json: expected an address/],
    ['{"tokenFile":"absent"}', /tokenFile in .*config\.json: cannot read .*home\/\.config\/drover\/absent/],
  ]
  for (const [text, pattern] of rows) {
    writeFileSync(config, text)
    t.match(await drover(['devices', 'list'], home), { code: 2, stdout: '', stderr: pattern }, text)
  }
  rmSync(config)
  mkdirSync(config)
  t.match(await drover(['devices', 'list'], home), { code: 2, stderr: /is a directory/ })
})
