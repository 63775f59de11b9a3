// The access matrix: every role × every topic × every verb over MQTT, and every address of the OpenAPI document × every kind
// of caller over HTTP, both against a real broker. The HTTP half is made from the document itself, so that an address that
// comes tomorrow is on trial tomorrow.
import t from 'tap'
import type { TSchema } from 'typebox'
import { verbs } from '../../broker/doors/verbs.ts'
import { operationId } from '../../proto/ids.ts'
import { downlinks, uplinks } from '../../proto/topics.ts'
import { Scene } from '../agent/codes/scene.ts'
import { sampleOf } from '../broker/adapters/http/scripted-use-cases.ts'
import { eachCase } from '../fixtures/cases.ts'
import { goodEvent } from '../stories/hostile-scene.ts'
import { ask, type Client, connected, enrolled, principal, topic } from './asking.ts'

const scene = await Scene.open(t, { closed: true })
const roles = ['viewer', 'operator', 'approver', 'admin'] as const
const tokens = new Map<string, string>()
for (const role of roles) tokens.set(role, await principal(scene, `the-${role}`, role))
const secrets = new Map<string, string>()
for (const device of ['device-a', 'device-b', 'stolen']) secrets.set(device, await enrolled(scene, device))

/** Who connects, and by which name and secret. */
const parties: readonly (readonly [name: string, secret: string])[] = [
  ['device-a', secrets.get('device-a') ?? ''],
  ...roles.map(role => [`the-${role}`, tokens.get(role) ?? ''] as const),
]
const base = 'drover/v1'
const names = ['device-a', 'device-b', 'device-ab', 'DEVICE-A', '+', '']
const topics = [
  ...names.flatMap(name =>
    [...uplinks, ...downlinks, 'telemetry', 'x', '+', '#'].map(last => `${base}/devices/${name}/${last}`),
  ),
  ...roles.flatMap(role =>
    ['request/device-list', 'accepted/r1', 'rejected/+', '#'].map(last => `${base}/operators/the-${role}/${last}`),
  ),
  ...['o1/state', '+/state', '#'].map(last => `${base}/operations/${last}`),
  ...['device-a', '+', '#'].map(last => `${base}/events/${last}`),
  ...['control', 'data', '+'].map(last => `${base}/broadcast/0123456789abcdef/${last}`),
  ...[
    '#',
    '+/#',
    'drover/#',
    `${base}/#`,
    '$SYS/#',
    '$SYS/broker/uptime',
    '$share/g/#',
    '$drover/sink',
    'elsewhere',
    '/',
    `${base}//x`,
  ],
]

/** The rule, told a second time and in other words than the broker's. */
function maySubscribe(name: string, filter: string): boolean {
  const [, , kind, id, ...rest] = filter.split('/')
  if (!filter.startsWith(`${base}/`)) return false
  const last = rest.join('/')
  if (name === 'device-a') return kind === 'devices' && id === name && (downlinks as readonly string[]).includes(last)
  if (kind === 'devices') return last === 'telemetry' && id !== '#' && id !== ''
  if (kind === 'operators') return id === name && /^(accepted|rejected)\//.test(last)
  if (kind === 'operations') return (id === '#' && last === '') || ['state', '+'].includes(last)
  return kind === 'events' && last === ''
}
function mayPublish(name: string, to: string): boolean {
  if (name === 'device-a') return [...uplinks, 'telemetry'].some(last => to === `${base}/devices/device-a/${last}`)
  return to === `${base}/operators/${name}/request/device-list`
}

t.test('T16 every subscription of every role: granted or 0x80, as the rule says', async t => {
  const wrong: string[] = []
  let cells = 0
  for (const [name, secret] of parties) {
    const client = await connected(scene, name, secret)
    for (const filter of topics.filter(each => each !== '')) {
      const [granted] = (await client.subscribe(filter)) ?? ['closed']
      cells += 1
      if ((granted === 0) !== maySubscribe(name, filter)) wrong.push(`${name} subscribes ${filter}: ${granted}`)
      if (granted !== 'closed') continue
      // What is no filter at all ends the connection: also no.
      client.destroy()
      wrong.push(`${name} was closed by ${filter}`)
      break
    }
    client.destroy()
  }
  t.strictSame(wrong, [])
  t.ok(cells >= 400, `${cells} cells`)
})

t.test('T16 every publish, retained publish and will of every role: taken, or the connection ends', async t => {
  const wrong: string[] = []
  let cells = 0
  const concrete = topics.filter(each => !/[+#]/.test(each) && !/devices\/(device-ab|DEVICE-A)/.test(each))
  // One identity each cell: a refusal costs the connection, and a name may come back once a second.
  const cases = concrete.flatMap(to => [
    ...['publish', 'retain', 'will'].map(verb => ({ to, kind: 'device', verb })),
    { to, kind: 'admin', verb: 'publish' },
  ])
  let number = 0
  await eachCase(cases, 8, async ({ to, kind, verb }) => {
    number += 1
    const name = `${kind}-${number}`
    const secret = kind === 'device' ? await enrolled(scene, name) : await principal(scene, name, kind)
    const own = to.replaceAll('device-a', kind === 'device' ? name : 'device-a').replaceAll(`the-${kind}`, name)
    const may = mayPublish(kind === 'device' ? 'device-a' : `the-${kind}`, to)
    cells += 1
    if (verb === 'will') {
      const client = await connected(scene, name, secret, {
        will: { topic: own, payload: Buffer.from('x'), qos: 0, retain: false },
      })
      const allowed = kind === 'device' && own === topic(name, 'presence')
      if ((client.returnCode === 0) !== allowed) wrong.push(`${name} leaves the will ${own}: ${client.returnCode}`)
      client.destroy()
      return
    }
    const client = await connected(scene, name, secret)
    client.publish(own, own.endsWith('/telemetry') ? '{}' : '', { retain: verb === 'retain' })
    const alive = await client.ping()
    // An empty message is none of ours: that it was refused for its content is told by the log, not by the rights.
    if (!may && alive) wrong.push(`${name} ${verb} ${own} was taken`)
    client.destroy()
  })
  t.strictSame(wrong, [])
  t.ok(cells >= 200, `${cells} cells`)
})

t.test('T16 nothing of others arrives: not by a wildcard, not retained, not from a will', async t => {
  const watchers: Client[] = []
  for (const [name, secret] of [['device-b', secrets.get('device-b') ?? ''] as const, ...parties.slice(1)]) {
    const watcher = await connected(scene, name, secret, { clientId: name })
    await watcher.subscribe('#', '+/#', 'drover/#', `${base}/devices/+/events`, `${base}/devices/device-a/offer`)
    watchers.push(watcher)
  }
  await new Promise(resolve => setTimeout(resolve, 1_100))
  const device = await connected(scene, 'device-a', secrets.get('device-a') ?? '')
  device.publish(topic('device-a', 'hello'), Buffer.from('no hello'), { qos: 1, retain: true })
  device.publish(topic('device-a', 'events'), goodEvent(1), { qos: 1, retain: true })
  await device.whenClosed()
  for (const watcher of watchers) {
    t.equal(await watcher.ping(), true)
    t.strictSame(watcher.topics(), [])
    watcher.destroy()
  }
})

t.test('T16 a device that was deregistered has no rights left, at once', async t => {
  const stolen = await connected(scene, 'stolen', secrets.get('stolen') ?? '')
  t.strictSame(await stolen.subscribe(topic('stolen', 'offer')), [0])
  t.equal((await ask(scene, 'DELETE', '/v1/devices/stolen', { token: scene.token })).status, 204)
  await stolen.whenClosed()
  await new Promise(resolve => setTimeout(resolve, 1_100))
  t.not((await connected(scene, 'stolen', secrets.get('stolen') ?? '')).returnCode, 0)
})

interface Documented {
  readonly operationId: string
  readonly 'x-role'?: (typeof roles)[number]
  readonly security?: readonly unknown[]
}

t.test('T26 every address × {none, bad, expired, revoked, viewer, operator, approver, admin, cookies}', async t => {
  const endsAt = Date.now() + 4_000
  const expiring = await scene.call<{ token: string }>('POST', '/v1/principals', {
    ...{ name: 'brief', role: 'admin', expiresAt: new Date(endsAt).toISOString() },
  })
  t.equal((await ask(scene, 'GET', '/v1/devices', { token: expiring.token })).status, 200, 'good before its end')
  const revoked = await principal(scene, 'revoked', 'admin')
  await ask(scene, 'GET', '/v1/devices', { token: revoked })
  await ask(scene, 'DELETE', '/v1/principals/revoked', { token: scene.token })
  const session = async (token: string | undefined): Promise<string> => {
    const { headers } = await ask(scene, 'POST', '/v1/session', {
      body: { token },
      headers: { 'x-drover-console': '1' },
    })
    return (headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  }
  const cookies = new Map([
    ['viewer', await session(tokens.get('viewer'))],
    ['admin', await session(tokens.get('admin'))],
  ])
  await new Promise(resolve => setTimeout(resolve, Math.max(0, endsAt - Date.now() + 50)))
  const { body } = await ask(scene, 'GET', '/v1/openapi.json', { token: scene.token })
  const paths = body.paths as Readonly<Record<string, Readonly<Record<string, Documented>>>>
  const wrong: string[] = []
  let cells = 0
  const judge = (what: string, status: number, expected: 401 | 403 | 'in'): void => {
    cells += 1
    // Wrong tokens of one address are slowed down; that is a no as well.
    const fits =
      expected === 'in'
        ? ![401, 403, 429].includes(status) && status < 500
        : status === expected || (expected === 401 && status === 429)
    if (!fits) wrong.push(`${what}: ${status}, expected ${expected}`)
  }
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { operationId: name, 'x-role': least, security }] of Object.entries(methods)) {
      // Streams and what opens sessions are asked for in tests of their own; of open addresses there is nothing to leak.
      if (security?.length === 0 || ['event-stream', 'session-delete', 'operation-import'].includes(name)) continue
      const address = path.replaceAll(/\{(\w+)\}/g, (_, word) =>
        word === 'device' || path.includes('devices/{id}')
          ? 'no-device'
          : word === 'id' && path.includes('operations')
            ? operationId('0'.repeat(26))
            : 'nothing',
      )
      const verb = verbs.find(each => each.name === name)
      const sent = bodies.get(name) ?? (verb?.body === undefined ? {} : { body: bodyOf(verb.body) })
      const call = (token?: string) =>
        ask(scene, method.toUpperCase(), address, { ...sent, ...(token === undefined ? {} : { token }) })
      const what = `${method} ${path}`
      judge(`${what} without a token`, (await call()).status, 401)
      judge(`${what} with a bad one`, (await call('bad-token')).status, 401)
      judge(`${what} with an expired one`, (await call(expiring.token)).status, 401)
      judge(`${what} with a revoked one`, (await call(revoked)).status, 401)
      for (const role of roles) {
        const isIn = least === undefined || roles.indexOf(role) >= roles.indexOf(least)
        const { status } = await call(tokens.get(role))
        // What is sent is no good on purpose: a caller who may is told so, a caller who may not learns nothing else.
        judge(`${what} as ${role}`, status, isIn ? 'in' : 403)
      }
      for (const [role, cookie] of cookies) {
        const headers = { cookie, 'x-drover-console': '1' }
        const { status } = await ask(scene, method.toUpperCase(), address, { ...sent, headers })
        const isIn = least === undefined || roles.indexOf(role as 'viewer') >= roles.indexOf(least)
        judge(`${what} by the cookie of ${role}`, status, isIn ? 'in' : 403)
        if (method !== 'get')
          judge(
            `${what} by the cookie alone of ${role}`,
            (await ask(scene, method.toUpperCase(), address, { ...sent, headers: { cookie } })).status,
            403,
          )
      }
    }
  t.strictSame(wrong, [])
  t.ok(cells >= 400, `${cells} cells`)
})

/** Where the schema alone does not make one: good enough to be judged by who sends it. */
const bodies: ReadonlyMap<string, { readonly body: unknown }> = new Map<string, { readonly body: unknown }>([
  ['operation-create', { body: { type: 'reboot', targets: { devices: ['no-device'] } } }],
  ['operation-plan', { body: { type: 'reboot', targets: { devices: ['no-device'] } } }],
  ['operation-edit', { body: { concurrency: 1 } }],
  ['webhook-create', { body: { url: 'https://192.0.2.1/', events: ['operation.paused'] } }],
  ['release-upload', { body: Buffer.from('no bundle') }],
])

/** One that passes the schema, or would but for a grammar the schema does not know; and changes nothing that counts. */
function bodyOf(schema: TSchema): object {
  const said = schema as TSchema & {
    readonly required?: readonly string[]
    readonly properties?: Record<string, TSchema>
  }
  const needed = Object.entries(said.properties ?? {}).filter(([name]) => said.required?.includes(name) === true)
  return Object.fromEntries(
    needed.map(([name, inner]) => [
      name,
      (inner as { pattern?: string }).pattern === undefined ? sampleOf(inner) : 'no-device',
    ]),
  )
}
