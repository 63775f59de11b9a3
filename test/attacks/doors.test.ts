// T25 to T31 of the threat model (docs/THREATS.md): what is tried on the broker over HTTP, on what leaves it as a file, and on
// what it stores. A real broker with a real store, on loopback.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { AuditVerifier } from '../../proto/audit.ts'
import type { OperationView } from '../../proto/http-api.ts'
import { operationId } from '../../proto/ids.ts'
import { encodeEvent } from '../../proto/messages.ts'
import { offerOf, planted } from '../agent/codes/offers.ts'
import { Scene } from '../agent/codes/scene.ts'
import { goodEvent, journalId } from '../stories/hostile-scene.ts'
import { ask, connected, deviceOf, enrolled, online, principal, topic } from './asking.ts'

const scene = await Scene.open(t)
const bystander = await online(scene, 'bystander')
t.teardown(() => bystander.destroy())
const operator = await principal(scene, 'olga', 'operator')
const viewer = await principal(scene, 'vic', 'viewer')

t.test('T25 tampering with the audit: changed, left out, put in, exchanged, cut off', async t => {
  for (let number = 0; number < 6; number += 1) await enrolled(scene, `audited-${number}`)
  const { text, status } = await ask(scene, 'GET', '/v1/audit/export', { token: scene.token })
  t.equal(status, 200)
  const lines = text.split('\n').slice(0, -1)
  const verdict = (changed: readonly string[]): { readonly intact: boolean } => {
    const verifier = new AuditVerifier()
    verifier.addBytes(Buffer.from(`${changed.join('\n')}\n`))
    return verifier.finish()
  }
  t.match(verdict(lines), { intact: true }, 'as it was')
  t.ok(lines.length > 5)
  const swap = (at: number): string[] =>
    lines.map((line, i) => lines[i === at ? at + 1 : i === at + 1 ? at : i] ?? line)
  for (const at of [0, 1, lines.length - 3]) {
    t.match(
      verdict(lines.map((line, i) => (i === at ? line.replace(/"action":"./, '"action":"x') : line))),
      { intact: false },
      `changed ${at}`,
    )
    t.match(verdict(lines.filter((_, i) => i !== at)), { intact: false }, `left out ${at}`)
    t.match(verdict(lines.flatMap((line, i) => (i === at ? [line, line] : [line]))), { intact: false }, `twice ${at}`)
    t.match(verdict(swap(at)), { intact: false }, `exchanged ${at}`)
  }
  t.match(verdict(lines.slice(0, -2)), { intact: false }, 'cut off')
})

t.test('T27 the browser turned against its owner: markup in what devices say, and requests of other sites', async t => {
  const { text, headers } = await ask(scene, 'PATCH', '/v1/devices/bystander', {
    token: scene.token,
    body: { attributes: { site: '<script>alert(1)</script>' } },
  })
  t.match(text, '<script>', 'it is data')
  t.match(headers.get('content-type'), /^application\/json/)
  t.equal(headers.get('x-content-type-options'), 'nosniff')
  t.match(headers.get('content-security-policy'), /default-src 'none'/)
  const session = await ask(scene, 'POST', '/v1/session', {
    body: { token: operator },
    headers: { 'x-drover-console': '1' },
  })
  const cookie = session.headers.get('set-cookie') ?? ''
  t.match(cookie, /HttpOnly/)
  t.match(cookie, /SameSite=Strict/)
  const own = { cookie: cookie.split(';')[0] ?? '' }
  const plan = { token: '', body: { type: 'reboot', targets: { all: true } } }
  const post = (headers: Record<string, string>) =>
    ask(scene, 'POST', '/v1/operations/plan', { body: plan.body, headers: { ...own, ...headers } })
  const console_ = { 'x-drover-console': '1' }
  t.equal((await post({})).status, 403, 'a form of another site')
  t.equal((await post({ ...console_, origin: 'https://evil.example' })).status, 403, 'a script of another site')
  t.equal((await post({ ...console_, 'sec-fetch-site': 'cross-site' })).status, 403, 'as the browser says')
  t.not((await post(console_)).status, 403, 'the console itself')
})

t.test('T28 formulas in exports: what a device says is a text in every cell', async t => {
  const device = await online(scene, 'formula')
  const { release } = planted(offerOf().bundle, {})
  await scene.store.commit([{ kind: 'put-release', release }])
  const { id } = await scene.call<OperationView>('POST', '/v1/operations', {
    ...{ type: 'firmware-update', release: release.id, targets: { devices: ['formula'] } },
    policy: { retries: [] },
  })
  await device.until(() => device.topics().includes(topic('formula', 'offer')))
  const evil = '=HYPERLINK("http://evil.example","ok")'
  device.publish(
    topic('formula', 'events'),
    encodeEvent({
      ...{ journalId, eventNumber: 1, deviceTime: 0, operation: operationId(id), attempt: 1 },
      ...{ content: { kind: 'code', code: 'UPD4_FAIL_41' }, data: { reason: evil } },
    }),
    { qos: 1, id: 2 },
  )
  await scene.ended(operationId(id))
  const { text, status } = await ask(scene, 'GET', `/v1/operations/${id}/export.csv`, { token: viewer })
  t.equal(status, 200)
  const cells = text.split(/\r?\n/).flatMap(line => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))
  t.strictSame(
    cells.filter(cell => /^"?\s*[=+\-@\t]/.test(cell)),
    [],
    'no cell begins as a formula does',
  )
  t.match(text, /UPD4_FAIL_41/)
  device.destroy()
})

t.test('T29 paths and bombs: names that climb, bodies that are too long or are none', async t => {
  const token = scene.token
  for (const path of ['..%2f..%2fetc%2fpasswd', '%2e%2e', 'a%00b', `${'a'.repeat(300)}`, '%252e%252e%252f']) {
    for (const base of ['/v1/releases/', '/v1/devices/', '/v1/device-logs/', '/v1/operations/x/backups/']) {
      const { status } = await ask(scene, 'GET', base + path, { token })
      t.ok([400, 404, 414].includes(status), `${base}${path.slice(0, 20)}: ${status}`)
    }
  }
  t.equal((await ask(scene, 'POST', '/v1/artifacts', { token, body: randomBytes(1000) })).status, 400, 'no bundle')
  const climbing = { image: randomBytes(1000), component: '../../evil' }
  t.throws(() => offerOf(climbing), 'not even our own tool makes such a name')
  const nested = `{"type":${'['.repeat(100_000)}`
  t.equal((await ask(scene, 'POST', '/v1/operations', { token, body: JSON.parse('{"type":1}') })).status, 400)
  const response = await fetch(`http://127.0.0.1:${scene.httpPort}/v1/operations`, {
    ...{
      method: 'POST',
      body: nested,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    },
  })
  t.ok([400, 413].includes(response.status), `nested: ${response.status}`)
  const long = { type: 'reboot', name: 'x'.repeat(5_000_000), targets: { all: true } }
  t.equal((await ask(scene, 'POST', '/v1/operations', { token, body: long })).status, 413)
})

t.test('T30 names that objects have: as device, principal, topic, member, parameter', async t => {
  const token = scene.token
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const enroll = await ask(scene, 'POST', '/v1/devices/enroll', { token, body: { device: name } })
    t.equal(enroll.status, 400, `device ${name}`)
    const made = await ask(scene, 'POST', '/v1/principals', { token, body: { name, role: 'viewer' } })
    t.equal(made.status, 400, `principal ${name}`)
    t.ok([400, 404].includes((await ask(scene, 'GET', `/v1/devices/${name}`, { token })).status), `path ${name}`)
    t.equal((await ask(scene, 'GET', `/v1/devices?${name}=1`, { token })).status, 400, `parameter ${name}`)
    t.ok((await connected(scene, name, 'x')).returnCode !== 0, `client ${name}`)
  }
  const response = await fetch(`http://127.0.0.1:${scene.httpPort}/v1/devices/bystander`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"attributes":{"__proto__":{"polluted":"yes"}}}',
  })
  t.equal(response.status, 400)
  t.equal(({} as { polluted?: string }).polluted, undefined)
})

t.test('T31 one key read as another: devices whose ids begin with one another', async t => {
  const names = ['key', 'key-1', 'key:1', 'key.1', 'key_1', 'key1']
  for (const name of names) {
    const device = await online(scene, name)
    device.publish(topic(name, 'events'), goodEvent(1, name), { qos: 1, id: 2 })
    await device.until(() => device.of('puback').length === 2)
    device.destroy()
  }
  for (const name of names) {
    const { data } = await scene.call<{ data: { device_id: string }[] }>(
      'GET',
      `/v3/device-events?device_id__eq=${name}&limit=100`,
    )
    t.ok(data.length > 0)
    t.strictSame([...new Set(data.map(event => event.device_id))], [name], name)
    t.equal((await deviceOf(scene, name)).id, name)
  }
})

t.test('T26 tokens guessed, stolen, renewed, deleted', async t => {
  const token = await principal(scene, 'leaver', 'operator')
  const show = (asked: string) => ask(scene, 'GET', '/v1/devices/bystander', { token: asked })
  t.equal((await show(token)).status, 200)
  const { token: renewed } = await scene.call<{ token: string }>('POST', '/v1/principals/leaver/token')
  t.equal((await show(token)).status, 401, 'the old one is void at once')
  t.equal((await show(renewed)).status, 200)
  t.match(await scene.call('GET', '/v1/principals'), { data: [] as unknown[] })
  t.notMatch((await ask(scene, 'GET', '/v1/principals', { token: scene.token })).text, renewed, 'and is told once')
  await ask(scene, 'DELETE', '/v1/principals/leaver', { token: scene.token })
  t.equal((await show(renewed)).status, 401)
  const statuses: number[] = []
  for (let guess = 0; guess < 12; guess += 1) statuses.push((await show(randomBytes(32).toString('base64url'))).status)
  t.ok(statuses.includes(429), statuses.join(' '))
  t.equal(statuses.at(-1), 429, 'guesses are not looked up any more')
  t.equal((await show(operator)).status, 200, 'who was right before is not locked out')
})
