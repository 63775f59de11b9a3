// The access matrix: every role × every topic × every verb over MQTT, and every address of the OpenAPI document × every kind
// of caller over HTTP, both against a real broker. The HTTP half is made from the document itself, so that an address that
// comes tomorrow is on trial tomorrow.
import t from 'tap'
import type { TSchema } from 'typebox'
import * as rights from '../../broker/adapters/aedes/rights.ts'
import { verbs } from '../../broker/doors/verbs.ts'
import { deviceId, operationId, principalName } from '../../proto/ids.ts'
import { downlinks, uplinks } from '../../proto/topics.ts'
import { Scene } from '../agent/codes/scene.ts'
import { sampleOf } from '../broker/adapters/http/scripted-use-cases.ts'
import { eachCase, sampled, seed } from '../fixtures/cases.ts'
import { seeded } from '../fixtures/seeded.ts'
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

function mayWill(name: string, to: string): boolean {
  return name === 'device-a' && to === `${base}/devices/device-a/presence`
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
  t.comment(`${cells} cells of subscribe, ${wrong.length} wrong answers`)
  t.ok(cells >= 400, `${cells} cells`)
})

/** What is no place of anybody's: too deep, with empty levels, of the broker, wildcards where there can be none. */
const strange = [
  ...[
    'events/x',
    'events/',
    '/events',
    'events//',
    'x/y/z',
    'telemetry/x',
    'Events',
    'events ',
    '$SYS',
    'presence/#',
  ].map(last => `${base}/devices/device-a/${last}`),
  ...['devices', 'devices/', 'devices/device-a', '', 'DEVICES/device-a/events', 'devices/device-a%2fevents'].map(
    last => `${base}/${last}`,
  ),
  ...roles.flatMap(role =>
    ['request', 'request/', 'request/device-list/x', 'Request/device-list'].map(
      last => `${base}/operators/the-${role}/${last}`,
    ),
  ),
  ...['/drover/v1/devices/device-a/events', 'drover/v2/devices/device-a/events', 'drover//v1/devices/device-a/events'],
  ...[
    '$SYS/broker/log',
    '$share/g/drover/v1/devices/device-a/events',
    '$drover/session',
    '$x',
    ' ',
    'a/b/c/d/e/f/g/h/i/j/k/l',
  ],
]
const everywhere = [...topics, ...strange]

t.test('T16 every publish and will of every role in the rules: may, or may not, both ways', async t => {
  const wrong: string[] = []
  let [cells, allowed] = [0, 0]
  const who: readonly (readonly [name: string, party: rights.Party])[] = [
    ['device-a', { kind: 'device', device: deviceId('device-a') }],
    ...roles.map(role => {
      const name = principalName(`the-${role}`)
      return [name, { kind: 'operator', principal: { name, role, tokenSha256: '', createdAt: 0 } }] as const
    }),
  ]
  for (const [name, party] of who)
    for (const to of everywhere) {
      const rows = [
        ['publishes', rights.mayPublish(party, to), mayPublish(name, to)],
        ['leaves the will', rights.mayWill(party, to), mayWill(name, to)],
      ] as const
      for (const [verb, given, wanted] of rows) {
        cells += 1
        allowed += Number(wanted)
        if (given !== wanted) wrong.push(`${name} ${verb} ${to}: ${given}`)
      }
    }
  t.strictSame(wrong, [])
  t.comment(`${cells} cells of publish and will, ${allowed} of them allowed, ${wrong.length} wrong answers`)
  t.ok(cells >= 400, `${cells} cells`)
  // Nine of a device, its will, and one request of each of the four roles.
  t.equal(allowed, uplinks.length + 2 + roles.length)
})

t.test('T16 every publish, retained publish and will over the wire: taken or refused, as the rule says', async t => {
  const wrong: string[] = []
  let [cells, taken] = [0, 0]
  const others = /devices\/(device-ab|DEVICE-A)/
  const all = everywhere
    .filter(each => each !== '' && !others.test(each))
    .flatMap(to => [
      ...['publish', 'acknowledged', 'retain', 'will'].map(verb => ({ to, kind: 'device', verb })),
      ...['publish', 'retain', 'will'].map(verb => ({ to, kind: 'admin', verb })),
    ])
  const [mays, mayNots] = [true, false].map(may => all.filter(one => allows(one) === may))
  // What is allowed each time; a connection for each of the others takes its time, so they take turns.
  const cases = [...(mays ?? []), ...sampled(mayNots ?? [], 120, seeded(seed))]
  let number = 0
  await eachCase(cases, 8, async one => {
    const { to, kind, verb } = one
    number += 1
    // One identity each cell: a refusal costs the connection, and a name may come back once a second.
    const name = `${kind}-${number}`
    const secret = kind === 'device' ? await enrolled(scene, name) : await principal(scene, name, kind)
    const own = to.replaceAll('device-a', kind === 'device' ? name : 'device-a').replaceAll(`the-${kind}`, name)
    const may = allows(one)
    cells += 1
    taken += Number(may)
    if (verb === 'will') {
      const client = await connected(scene, name, secret, {
        will: { topic: own, payload: Buffer.from('x'), qos: 0, retain: false },
      })
      if ((client.returnCode === 0) !== may) wrong.push(`${name} leaves the will ${own}: ${client.returnCode}`)
      client.destroy()
      return
    }
    const client = await connected(scene, name, secret)
    const options = { retain: verb === 'retain', ...(verb === 'acknowledged' ? { qos: 1 as const } : {}) }
    client.publish(own, own.endsWith('/telemetry') ? '{}' : '', options)
    const alive = await client.ping()
    // An empty message is none of ours: refused for what is in it, and that is not a question of rights.
    const reason = alive ? undefined : refusalOf(name)
    const refused = !alive && !['malformed', 'json'].includes(reason ?? '')
    if (refused === may) wrong.push(`${name} ${verb} ${own}: ${alive ? 'taken' : reason}`)
    client.destroy()
  })
  t.strictSame(wrong, [], `DROVER_SEED=${seed}`)
  t.comment(`${cells} of ${all.length} cells over the wire, ${taken} of them allowed, ${wrong.length} wrong answers`)
  t.ok(taken >= 3 * uplinks.length && cells >= 120, `${cells} cells, ${taken} allowed`)
})

function allows({ to, kind, verb }: { readonly to: string; readonly kind: string; readonly verb: string }): boolean {
  const name = kind === 'device' ? 'device-a' : `the-${kind}`
  return verb === 'will' ? mayWill(name, to) : mayPublish(name, to)
}

/** Why the broker says in its log that it refused what this client sent. */
function refusalOf(client: string): string | undefined {
  const line = scene.logged.find(each => each.includes('"event":"message-refused"') && each.includes(`"${client}"`))
  return line === undefined ? undefined : String((JSON.parse(line) as { readonly reason?: unknown }).reason)
}

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
