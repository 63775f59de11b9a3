// The agent as a library: what its door loads, and the example of docs/AGENT.md as it is written there, run against a
// broker. `drover/agent` is found as everybody finds it: by the `exports` of package.json.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cwd, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { deviceId } from '../../proto/ids.ts'
import { untilValue } from '../stories/process.ts'
import { operationOne } from './fakes/broker.ts'
import { classId, imageOf, releaseOf, signedTrust, vendorId } from './fakes/release.ts'
import { codes, ScriptedBroker } from './fakes/scripted-broker.ts'

const built = fileURLToPath(new URL('../../', import.meta.url))
const { exports: doors } = JSON.parse(readFileSync(join(cwd(), 'package.json'), 'utf8'))

/** A folder in which the package is installed: its package.json, with the files that were built for this test as `dist`. */
function installed(t: Test): string {
  const folder = t.testdir({})
  const home = join(folder, 'node_modules/drover')
  mkdirSync(home, { recursive: true })
  // A package of its own: otherwise `drover` would be the one around this folder.
  writeFileSync(join(folder, 'package.json'), '{"name": "host", "private": true}')
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'drover', type: 'module', exports: doors }))
  symlinkSync(built, join(home, 'dist'))
  return folder
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}
function node(args: readonly string[], folder: string): Promise<Ended> {
  const child = spawn(execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', bytes => (stdout += bytes))
  child.stderr.on('data', bytes => (stderr += bytes))
  return new Promise(resolve => child.once('close', code => resolve({ code, stdout, stderr })))
}

/** Tells every module that was loaded: the hook sees those that are imported, the cache those that are required. */
const tell = (what: string): string => `
import { createRequire, register } from 'node:module'
const hook = "import { appendFileSync } from 'node:fs'\\nexport async function load(url, context, next) {\\n" +
  "appendFileSync('loaded', url + '\\\\n'); return next(url, context) }"
register('data:text/javascript,' + encodeURIComponent(hook))
const door = await import('${what}')
const { appendFileSync } = await import('node:fs')
appendFileSync('loaded', Object.keys(createRequire(import.meta.url).cache).join('\\n'))
console.log(JSON.stringify(Object.keys(door)))
process.exit(0)
`

async function loadedBy(folder: string, what: string): Promise<{ readonly urls: string[]; readonly names: string[] }> {
  rmSync(join(folder, 'loaded'), { force: true })
  const { code, stdout, stderr } = await node(['--input-type=module', '-e', tell(what)], folder)
  if (code !== 0) throw new Error(stderr)
  return { urls: readFileSync(join(folder, 'loaded'), 'utf8').split('\n'), names: JSON.parse(stdout) }
}

t.test('the door of the agent loads nothing of the server', async t => {
  const folder = installed(t)
  const strangers =
    /\/(broker|operator|simulator|bench)\/|\/node_modules\/(aedes[^/]*|fastify|@fastify|typebox|commander)\//
  const { urls, names } = await loadedBy(folder, 'drover/agent')
  t.same(
    urls.filter(url => strangers.test(url)),
    [],
  )
  for (const wanted of ['/agent/agent.js', '/agent/core/update.js', '/proto/codec.js', '/mqtt/', '/protobufjs/'])
    t.ok(
      urls.some(url => url.includes(wanted)),
      `${wanted} was seen: the look really looked`,
    )
  for (const name of ['Agent', 'run', 'readConfig', 'LevelJournal', 'MqttLink', 'SlotsFiles', 'StorageWriteFailed'])
    t.ok(names.includes(name), name)
  const server = await loadedBy(folder, 'drover/broker')
  t.ok(server.urls.filter(url => strangers.test(url)).length > 20, 'and of the server it sees what it would have found')
})

t.test('the door has its types', async t => {
  const { types, default: code } = doors['./agent']
  t.match([types, code], ['./dist/agent/library.d.ts', './dist/agent/library.js'])
  t.match(readFileSync(join(built, 'agent/library.d.ts'), 'utf8'), /export \{ Agent, /)
})

const [example = ''] = [...readFileSync(join(cwd(), 'docs/AGENT.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(
  ([, block]) => block,
)

t.test('the example of the documentation runs as it stands: an update waits for the lamp to be off', async t => {
  const lines = example.trim().split('\n')
  t.ok(lines.length >= 20 && lines.length <= 30, `${lines.length} lines`)
  const folder = installed(t)
  const image = imageOf('lamp two', 20_000)
  const release = releaseOf(image, { component: 'lamp', version: '2.0.0', needsReboot: false })
  const { envelope } = release
  const offer = { kind: 'offer', operation: operationOne, lease: 1, attempt: 1, envelope } as const
  const broker = await ScriptedBroker.open(t, (_, at) => (at === 'hello' ? offer : undefined), release)
  const path = (name: string): string => join(folder, name)
  const who = { deviceId: 'lamp-1', vendorId, classId, host: '127.0.0.1', port: broker.port, password: 'x' }
  writeFileSync(path('device.json'), JSON.stringify(who))
  writeFileSync(path('trust.bin'), signedTrust())
  writeFileSync(path('lamp.bin'), imageOf('lamp one', 20_000))
  writeFileSync(path('lamp-is-on'), '')
  writeFileSync(path('lamp.mjs'), example)
  const child = spawn(execPath, ['lamp.mjs'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', bytes => (log += bytes))
  const ended = new Promise<string>(resolve => child.once('close', (code, signal) => resolve(signal ?? `exit ${code}`)))
  t.teardown(() => child.kill('SIGKILL'))
  const conversation = broker.of(deviceId('lamp-1'))
  await untilValue(async () => {
    if (child.exitCode !== null) throw new Error(log)
    return log.includes("reason: 'lamp-is-on'") ? true : undefined
  })
  t.ok(readFileSync(path('lamp.bin')).equals(imageOf('lamp one', 20_000)), 'downloaded, and not installed')
  t.same(codes(conversation), [])
  rmSync(path('lamp-is-on'))
  await untilValue(async () => (codes(conversation).length > 0 ? true : undefined))
  t.same(codes(conversation), ['UPD2_OK_18'])
  t.ok(readFileSync(path('lamp.bin')).equals(image), 'the new one, byte for byte')
  child.kill('SIGTERM')
  t.equal(await ended, 'exit 0', 'it ends by itself: nothing of it is left open')
  t.ok(existsSync(path('data/journal')))
})
