// T32 and T33 of the threat model (docs/THREATS.md), and the page itself: what comes in from outside, what secrets go out,
// and that each attack has a test by its number.
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { privateKeyPem } from '../../operator/keys.ts'
import { operationId } from '../../proto/ids.ts'
import { encodeEvent } from '../../proto/messages.ts'
import { offerOf } from '../agent/codes/offers.ts'
import { Scene } from '../agent/codes/scene.ts'
import { testKeys } from '../fixtures/bundle.ts'
import { journalId } from '../stories/hostile-scene.ts'
import { ask, connected, online, principal, topic } from './asking.ts'
import { offeredTo, victim } from './attack.ts'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly license?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

t.test(
  'T32 a poisoned package: exact versions, an integrity for each, no install script but those we know',
  async t => {
    const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as Manifest
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      t.match(version, /^\d+\.\d+\.\d+$/, `${name} is exact`)
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Readonly<Record<string, Locked>>
    }
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
    t.ok(packages.length > 50)
    t.strictSame(
      packages
        .filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))
        .map(([path]) => path),
      [],
      'each has SHA-512 of what was looked at',
    )
    // What is in it beside: `npm ci --ignore-scripts` leaves them out, and everything works (.ci/run).
    const scripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path)
    t.strictSame(
      scripts.filter(path => !allowedScripts.some(name => path.endsWith(`/${name}`))),
      [],
      'no other package runs anything when it is installed',
    )
    t.match(await readFile('.ci/run', 'utf8'), /npm ci --ignore-scripts/)
    const elsewhere = packages.filter(([, { resolved = 'https:', link }]) => link || !resolved.startsWith('https:'))
    t.strictSame(
      elsewhere.map(([path]) => path),
      [],
      'none comes from a folder, a repository, or in plain text',
    )
    const alien = packages.filter(
      ([path, { license = unsaid[path] }]) => !license?.split(/ OR |[()]/).some(one => licences.has(one)),
    )
    t.strictSame(
      alien.map(([path, { license }]) => `${path}: ${license}`),
      [],
      'no other licence',
    )
  },
)

/** Of what may be used and handed on with its notice; of a choice one is enough. */
const licences = new Set([
  ...['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'CC0-1.0', 'Unlicense'],
  // Of tools and data files that stay on the developer's machine, or are taken in unchanged.
  ...['MPL-2.0', 'CC-BY-3.0', 'Python-2.0'],
])

/** Whose licence is a file of the package, and no field. */
const unsaid: Readonly<Record<string, string>> = { 'node_modules/jsonc-simple-parser': 'MIT' }

/** Each has prebuilt binaries, or needs none: their scripts are never run. */
const allowedScripts = ['classic-level', 'protobufjs', 'esbuild', 'fsevents']

t.test('T33 secrets in outputs: planted canaries are found nowhere', async t => {
  const scene = await Scene.open(t)
  const token = await principal(scene, 'carol', 'admin')
  const secret = (await scene.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: 'canary' })).secret
  const wrong = randomBytes(32).toString('base64url')
  const key = privateKeyPem(testKeys().release)
  const keyBody = key.split('\n')[1] ?? ''
  const device = await victim(t, scene)
  await offeredTo(scene, device, offerOf())
  // Said wherever a secret could be said by mistake.
  await ask(scene, 'GET', `/v1/devices?filter=${token}`, { token })
  await ask(scene, 'GET', `/v1/devices/${secret}`, { token })
  await ask(scene, 'GET', '/v1/devices', { token: wrong })
  await ask(scene, 'POST', '/v1/devices/enroll', { token, body: { device: key } })
  await ask(scene, 'POST', '/v1/artifacts', { token, body: Buffer.from(key) })
  await ask(scene, 'POST', '/v1/session', { body: { token: wrong }, headers: { 'x-drover-console': '1' } })
  const { token: renewed } = await scene.call<{ token: string }>('POST', '/v1/principals/carol/token')
  const { secret: newSecret } = await scene.call<{ secret: string }>('POST', '/v1/devices/canary/secret')
  ;(await connected(scene, 'canary', wrong)).destroy()
  ;(await connected(scene, 'carol', wrong)).destroy()
  const client = await online(scene, 'speaker')
  const content = { kind: 'code', code: 'UPD4_FAIL_41' } as const
  client.publish(
    topic('speaker', 'events'),
    encodeEvent({ journalId, eventNumber: 1, deviceTime: 0, content, data: { reason: 'fine' } }),
    { qos: 1, id: 2 },
  )
  await client.until(() => client.of('puback').length === 2)
  client.destroy()
  const outputs = new Map<string, string>([
    ['log of the broker', scene.logged.join('\n')],
    ['log of the agent', device.log.join('\n')],
  ])
  for (const path of [
    ...['/v1/audit', '/v1/audit/export', '/v1/principals', '/v1/devices', '/v1/devices/canary', '/v1/operations'],
    ...['/v3/device-events?limit=1000', '/v1/releases', '/v1/openapi.json', '/v1/webhooks', '/metrics', '/readyz'],
    ...['/v1/devices/%00', '/v1/nothing', `/v1/operations/${operationId('0'.repeat(26))}`],
  ])
    outputs.set(path, (await ask(scene, 'GET', path, { token: renewed })).text)
  t.match(outputs.get('/v1/principals'), renewed.slice(0, 6), 'people see which token it is')
  const canaries = { token, renewed, secret, newSecret, wrong, keyBody, first: scene.token }
  for (const [name, canary] of Object.entries(canaries)) {
    t.ok(canary.length > 20)
    for (const [where, text] of outputs) {
      t.ok(text.length > 0 || where === '/readyz', where)
      // A path that a client made of a secret is the client's; it is not logged whole, though.
      t.notOk(text.includes(canary), `${name} in ${where}`)
      const hash = createHash('sha256').update(canary).digest('hex')
      t.notOk(text.includes(hash), `the hash of ${name} in ${where}`)
    }
  }
})

t.test('each attack of THREATS has a test that is found by its number, and each test it names is there', async t => {
  const page = await readFile('docs/THREATS.md', 'utf8')
  const sources = new Map<string, string>()
  for (const name of await readdir('test', { recursive: true }))
    if (name.endsWith('.ts')) sources.set(`test/${name}`, await readFile(`test/${name}`, 'utf8'))
  const attacks = [...sources].filter(([path]) => path.startsWith('test/attacks/')).map(([, text]) => text)
  for (let number = 1; number <= 34; number += 1) {
    t.match(page, new RegExp(`^\\| T${number} \\|`, 'm'), `T${number} stands on the page`)
    t.ok(
      attacks.some(text => new RegExp(`t\\.test\\(\\s*'T${number} `).test(text)),
      `T${number} has a test`,
    )
  }
  const named = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)`(?: \("([^"]+)"\))?/g)]
  t.ok(named.length > 34)
  for (const [, path = '', title] of named) {
    const text = sources.get(path)
    t.ok(text !== undefined, path)
    if (title !== undefined) t.ok(text?.includes(title), `${path} has "${title}"`)
  }
})
