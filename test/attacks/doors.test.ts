// T25 to T31 of the threat model (docs/THREATS.md): what is tried on the broker over HTTP, on what leaves it as a file, and on
// what it stores. A real broker with a real store, on loopback.
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { deflateRawSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import t from 'tap'
import { csvRows } from '../../broker/adapters/csv.ts'
import { type AuditLine, AuditVerifier, auditHash, canonicalJson } from '../../proto/audit.ts'
import { type EncodedChunk, encodeBundleHead } from '../../proto/bundle.ts'
import type { OperationView } from '../../proto/http-api.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import { encodeEvent } from '../../proto/messages.ts'
import { chunksOf, offerOf, planted } from '../agent/codes/offers.ts'
import { Scene } from '../agent/codes/scene.ts'
import type { TestBundle } from '../fixtures/bundle.ts'
import { seed } from '../fixtures/cases.ts'
import { seeded } from '../fixtures/seeded.ts'
import { goodEvent, journalId } from '../stories/hostile-scene.ts'
import { readAll } from '../suites/store-pages.ts'
import { append, eventOf, operation } from '../suites/store-samples.ts'
import { ask, connected, deviceOf, enrolled, online, principal, topic } from './asking.ts'

const scene = await Scene.open(t)
const bystander = await online(scene, 'bystander')
t.teardown(() => bystander.destroy())
const operator = await principal(scene, 'olga', 'operator')
const viewer = await principal(scene, 'vic', 'viewer')
const secrets = new Map<string, string>()

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
  const tampered: readonly (readonly [string, (at: number) => readonly string[]])[] = [
    ['changed', at => lines.map((line, i) => (i === at ? line.replace(/"action":"./, '"action":"x') : line))],
    [
      'one digit',
      at =>
        lines.map((line, i) => (i === at ? line.replace(/[0-9](?=[^0-9]*$)/, digit => `${9 - Number(digit)}`) : line)),
    ],
    ['changed and given a hash that fits', at => lines.map((line, i) => (i === at ? rewritten(line) : line))],
    ['left out', at => lines.filter((_, i) => i !== at)],
    ['twice', at => lines.flatMap((line, i) => (i === at ? [line, line] : [line]))],
    [
      'another put in',
      at => lines.flatMap((line, i) => (i === at ? [lines[at - 1] ?? lines.at(-2) ?? '', line] : [line])),
    ],
    ['exchanged', swap],
    ['cut off behind', at => lines.slice(0, at)],
  ]
  // The last line is the head.
  for (const [what, attack] of tampered) {
    const missed = lines.slice(0, -1).flatMap((_, at) => (verdict(attack(at)).intact ? [at] : []))
    t.strictSame(missed, [], `${what}: each of ${lines.length - 1} records`)
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
  // No column of today says what a device made up; whatever comes tomorrow passes here.
  const said = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '\0=1', ' =1', '\u00a0=1', '"=1', 'a,=1', '1']
  const rows: string[] = []
  for await (const bytes of csvRows(Readable.from([said]), said)) rows.push(Buffer.from(bytes).toString())
  const read = parse(rows.join(''), { bom: true }) as string[][]
  for (const row of read)
    t.strictSame(
      row.map((cell, at) => [cell.replace(/^'/, '') === said[at], /^[^\S\t\r\n]*[=+\-@\t\r\n\0]/.test(cell)]),
      said.map(() => [true, false]),
      'each is read as it was, and none is a formula',
    )
  t.equal(read.length, 2)
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
  const kept = await files()
  t.equal((await ask(scene, 'POST', '/v1/artifacts', { token, body: randomBytes(1000) })).status, 400, 'no bundle')
  // A chunk that grows a thousand times when it is unpacked, one that is another, and bytes behind the last.
  const { bundle } = offerOf()
  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024))
  for (const [what, body] of [
    ['a bomb', bundleWith(bundle, { encoding: 'deflate', bytes: bomb })],
    ['another chunk', bundleWith(bundle, { encoding: 'plain', bytes: randomBytes(bundle.index.lengthOf(0)) })],
    ['a chunk of nothing', bundleWith(bundle, { encoding: 'plain', bytes: Buffer.alloc(0) })],
    ['bytes behind the end', Buffer.concat([bundle.bytes, randomBytes(1000)])],
    ['half a bundle', bundle.bytes.subarray(0, bundle.bytes.length / 2)],
  ] as const)
    t.equal((await ask(scene, 'POST', '/v1/artifacts', { token, body })).status, 400, what)
  t.strictSame(await files(), kept, 'no file is left of what was refused')
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
    const headers = { [name]: name }
    t.equal((await ask(scene, 'GET', '/v1/devices', { token, headers })).status, 200, `header ${name}`)
    t.equal((await ask(scene, 'GET', `/v1/operations/${name}`, { token })).status, 400, `operation ${name}`)
    const filter = encodeURIComponent(`attribute.${name} = x`)
    t.ok((await ask(scene, 'GET', `/v1/devices?filter=${filter}`, { token })).status < 500, `filter ${name}`)
    const speaker = await connected(scene, 'namer', await secretOf('namer'))
    t.strictSame(await speaker.subscribe(`drover/v1/devices/${name}/offer`), [0x80], `topic ${name}`)
    speaker.publish(`drover/v1/devices/${name}/events`, goodEvent(1), { qos: 1 })
    await speaker.whenClosed()
    t.equal(speaker.of('puback').length, 0)
  }
  const response = await fetch(`http://127.0.0.1:${scene.httpPort}/v1/devices/bystander`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"attributes":{"__proto__":{"polluted":"yes"}}}',
  })
  t.equal(response.status, 400)
  t.match(await response.text(), /must not have a key __proto__/)
  t.equal(({} as { polluted?: string }).polluted, undefined)
})

t.test('T31 one key read as another: devices whose ids begin with one another', async t => {
  const random = seeded(seed)
  const letters = ['a', 'b', '-', '.', ':', '_', '0', 'A', '~', 'z'].filter(letter => isDeviceId(letter))
  const ids = new Set<string>()
  while (ids.size < 200)
    ids.add(
      Array.from({ length: 1 + Math.floor(random() * 5) }, () => letters[Math.floor(random() * letters.length)]).join(
        '',
      ),
    )
  const devices = [...ids].filter(isDeviceId).map(deviceId)
  const operations = [0, 1, 35, 36, 37, 36 ** 5].map(operation)
  await scene.store.commit(
    devices.flatMap((device, at) => [
      append(eventOf(device)),
      append(eventOf(device, { operation: operations[at % operations.length] ?? operation(0) })),
    ]),
  )
  for (const device of devices) {
    const found = await readAll(scene.store, { device, order: 'ASC', limit: 50 })
    t.strictSame(
      found.map(event => event.device),
      [device, device],
      `${device} (DROVER_SEED=${seed})`,
    )
  }
  for (const of of operations) {
    const found = await readAll(scene.store, { operation: of, order: 'ASC', limit: 50 })
    t.strictSame([...new Set(found.map(event => event.operation))], [of])
    t.equal(found.length, devices.filter((_, at) => operations[at % operations.length] === of).length)
  }
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

/** As somebody would who knows how a record is hashed. */
function rewritten(line: string): string {
  const { hash: _, ...record } = JSON.parse(line) as AuditLine
  const changed = { ...record, action: 'device.nothing' }
  return canonicalJson({ ...changed, hash: auditHash(changed) })
}

/** Made once; the same afterwards. */
async function secretOf(name: string): Promise<string> {
  secrets.set(name, secrets.get(name) ?? (await enrolled(scene, name)))
  return secrets.get(name) ?? ''
}

function isDeviceId(text: string): boolean {
  try {
    return deviceId(text) === text
  } catch {
    return false
  }
}

/** The bundle with its first chunk as it says here. */
function bundleWith(bundle: TestBundle, first: EncodedChunk): Buffer {
  const chunks = chunksOf(bundle).map((chunk, at) => (at === 0 ? first : chunk))
  const shape = chunks.map(({ encoding, bytes }) => ({ encoding, length: bytes.length }))
  return Buffer.concat([
    encodeBundleHead(bundle.envelope, bundle.indexBytes, shape),
    ...chunks.map(({ bytes }) => bytes),
  ])
}

/** Names under the broker's folder, but for the database, which rolls its own. */
async function files(): Promise<readonly string[]> {
  const names = await readdir(t.testdirName, { recursive: true })
  return names.filter(name => !name.includes('database')).sort()
}
