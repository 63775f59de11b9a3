// What the door answers, route by route, and how it opens and closes.
import { connect } from 'node:net'
import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { eventUseCases } from '../../../broker/use-cases/events.ts'
import { deviceId } from '../../../proto/ids.ts'
import { deviceSecret, deviceView, eventView, newToken, operationView, tokens } from '../../operator/fake-use-cases.ts'
import { ask, bundle, isErrorBody, openDoor, openFilledDoor, operation } from '../../operator/http-fixture.ts'
import { bundleView, upload } from '../../operator/raw-upload.ts'

const release = encodeURIComponent(bundle.release)
const noSuch = 'zz'.padEnd(26, '0')

/** method, path, body, role that is enough, status for it */
const routes: readonly (readonly [string, string, object | undefined, 'viewer' | 'operator' | 'admin', number])[] = [
  ['POST', '/v1/devices/enroll', { device: 'sensor-9' }, 'admin', 201],
  ['GET', '/v1/devices', undefined, 'viewer', 200],
  ['GET', '/v1/devices/sensor-1', undefined, 'viewer', 200],
  ['POST', '/v1/principals', { name: 'night-shift', role: 'viewer' }, 'admin', 201],
  ['GET', '/v1/principals', undefined, 'admin', 200],
  ['POST', '/v1/artifacts', bundle.bytes, 'operator', 201],
  ['GET', '/v1/releases', undefined, 'viewer', 200],
  ['GET', `/v1/releases/${release}`, undefined, 'viewer', 200],
  [
    'POST',
    '/v1/operations',
    { type: 'firmware-update', release: bundle.release, targets: { all: true } },
    'operator',
    201,
  ],
  ['GET', '/v1/operations', undefined, 'viewer', 200],
  ['GET', `/v1/operations/${operation}`, undefined, 'viewer', 200],
  ['POST', `/v1/operations/${operation}/stop`, undefined, 'operator', 200],
  ['GET', `/v1/operations/${operation}/executions`, undefined, 'viewer', 200],
  ['GET', '/v3/device-events', undefined, 'viewer', 200],
  ['GET', '/v3/device-events/', undefined, 'viewer', 200],
  ['GET', `/v3/device-events/${eventView(1).id}`, undefined, 'viewer', 200],
  ['GET', `/v3/device-events/${eventView(1).id}/`, undefined, 'viewer', 200],
  ['GET', '/metrics', undefined, 'viewer', 200],
]

t.test('every route answers each kind of caller with the documented status', async t => {
  const { url, useCases } = await openFilledDoor(t, { failedTokensPerMinute: 1_000 })
  const roles = ['viewer', 'operator', 'approver', 'admin'] as const
  const rank = { viewer: 0, operator: 1, approver: 1, admin: 2 }
  for (const [method, path, body, least, status] of routes) {
    const call = (token: string | null) => ask(url + path, { method, token, ...(body === undefined ? {} : { body }) })
    useCases.calls.length = 0
    isErrorBody(t, await call(null), 401, 'UNAUTHENTICATED', `${method} ${path} without a token`)
    const bad = await call('not-a-token')
    isErrorBody(t, bad, 401, 'UNAUTHENTICATED', `${method} ${path} with a bad token`)
    t.equal(bad.headers.get('www-authenticate'), 'Bearer')
    t.equal(useCases.calls.length, 0, 'no use case was called')
    for (const role of roles) {
      useCases.devices.delete('sensor-9')
      useCases.operations.set(operation, operationView(operation))
      const answer = await call(tokens[role])
      if (rank[role] >= rank[least]) t.equal(answer.status, status, `${method} ${path} as ${role}`)
      else isErrorBody(t, answer, 403, 'FORBIDDEN', `${method} ${path} as ${role}`)
      t.match(answer.headers.get('content-security-policy'), /default-src 'none'/)
      t.equal(answer.headers.get('cache-control'), 'no-store')
    }
  }
})

t.test('health needs no token and says when the broker is not ready', async t => {
  let ready = true
  const { url, useCases } = await openDoor(
    t,
    {},
    { health: () => ({ ready, checks: { store: ready ? 'ok' : 'full' } }) },
  )
  t.match(await ask(`${url}/healthz`, { token: null }), { status: 200, body: { status: 'ok' } })
  t.match(await ask(`${url}/readyz`, { token: null }), { status: 200, body: { checks: { store: 'ok' } } })
  ready = false
  t.match(await ask(`${url}/readyz`, { token: null }), {
    status: 503,
    body: { status: 'not-ready', checks: { store: 'full' } },
  })
  t.match(await ask(`${url}/metrics`), { status: 404 }, 'no metrics unless somebody counts')
  t.equal(useCases.tokenLookups, 0)
})

t.test('answers carry the data of the use cases, and ids with @ and + travel percent-encoded', async t => {
  const { url, useCases } = await openFilledDoor(t)
  const enrolled = await ask(`${url}/v1/devices/enroll`, { method: 'POST', body: { device: 'sensor:9' } })
  t.same(enrolled.body, { device: 'sensor:9', secret: deviceSecret })
  t.equal(enrolled.headers.get('location'), '/v1/devices/sensor%3A9')
  t.match((await ask(`${url}/v1/releases/${release}`)).body, { id: bundle.release, component: 'app', version: '2.0.0' })
  t.same(useCases.calls.at(-1)?.args, ['the-admin', bundle.release])
  t.match((await ask(`${url}/v1/releases/${bundle.release}`)).body, { id: bundle.release }, 'in a path + is no blank')
  t.match(await ask(`${url}/v1/principals`, { method: 'POST', body: { name: 'a', role: 'viewer' } }), {
    status: 201,
    body: { token: newToken },
  })
  const made = await ask(`${url}/v1/operations`, {
    method: 'POST',
    body: {
      type: 'firmware-update',
      release: bundle.release,
      targets: { devices: ['sensor-1'] },
      policy: { concurrency: '10%' },
    },
  })
  t.match(made, { status: 201, body: { sensors: 1, updateStatus: 'Processing' } })
  t.equal(made.headers.get('location'), `/v1/operations/${made.body.id}`)
  t.match(useCases.calls.at(-1)?.args[1], { policy: { concurrency: '10%' } }, 'a share stays a share')
  t.match(
    await ask(`${url}/v1/operations/${operation}/stop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    }),
    { status: 200, body: { state: 'stopped' } },
    'an empty body is no bad body',
  )
  t.match(await ask(`${url}/v1/operations/${operation}/stop`, { method: 'POST' }), {
    status: 409,
    body: { type: 'CONFLICT', fields: [{ name: 'id' }] },
  })
  t.match((await ask(`${url}/v1/operations/${operation}/executions?state=failed&limit=3`)).body, {
    data: [{ device: 'sensor-2' }],
    limit: 3,
    has_more: false,
  })
  t.match(await ask(`${url}/v1/operations/${noSuch}/executions`), { status: 404 })
})

t.test('only what the schema of an answer names leaves the broker', async t => {
  const { url, useCases } = await openFilledDoor(t)
  useCases.devices.set('sensor-1', { ...deviceView('sensor-1'), secretSha256: 'leak' } as never)
  t.notMatch((await ask(`${url}/v1/devices/sensor-1`)).body, { secretSha256: 'leak' })
})

t.test('the event log pages and filters as documented', async t => {
  const { url, useCases } = await openFilledDoor(t)
  const cases: readonly (readonly [string, object])[] = [
    ['', { limit: 50, order: 'DESC' }],
    ['?limit=1', { limit: 2 }],
    ['?limit=-7', { limit: 2 }],
    ['?limit=1001', { limit: 1000 }],
    ['?limit=7&order=ASC', { limit: 7, order: 'ASC' }],
    [`?after=${eventView(2).id}`, { after: eventView(2).id }],
    ['?device_id=sensor-2', { device: 'sensor-2' }],
    ['?device_id__eq=sensor-2', { device: 'sensor-2' }],
    ['?event_type__eq=SYS_112', { code: 'SYS_112' }],
    ['?event_type=SYS_112', { code: 'SYS_112' }],
    [`?data.campaign_id__eq=${operation}`, { operation }],
    [`?data.campaign_id=${operation}&device_id__eq=sensor-2`, { operation, device: 'sensor-2' }],
    ['?device_id__in=a,b', { filter: 'device_id__in=a,b' }],
    ['?device_id=a&device_id__neq=b', { filter: 'device_id=a&device_id__neq=b' }],
    [
      '?date_time__gte=20300101T000000Z&event_type=SYS_112',
      { filter: 'date_time__gte=20300101T000000Z', code: 'SYS_112' },
    ],
    ['?filter=a%3D1%26b%3D2', { filter: 'a=1&b=2' }],
    ['?filter=state_change%3Dtrue&device_id=sensor-2', { filter: 'state_change=true', device: 'sensor-2' }],
    ['?description=50%25%20%26%20more', { filter: 'description=50%25 %26 more' }],
    ['?include=total_count', { include: 'total_count' }],
  ]
  for (const [query, expected] of cases)
    for (const path of ['/v3/device-events', '/v3/device-events/']) {
      const answer = await ask(url + path + query)
      t.equal(answer.status, 200, path + query)
      t.same(useCases.calls.at(-1)?.args[1], { limit: 50, order: 'DESC', ...expected }, path + query)
      t.equal(answer.body.object, 'list')
    }
  t.match(
    (await ask(`${url}/v3/device-events`)).body,
    { data: [{ id: eventView(2).id }, { id: eventView(1).id }], order: 'DESC', has_more: false, after: null },
    'newest first',
  )
  t.same((await ask(`${url}/v3/device-events/${eventView(1).id}/`)).body, eventView(1))

  const refused: readonly (readonly [string, string])[] = [
    ['?include=everything', 'include'],
    ['?include=total_count&include=total_count', 'include'],
    ['?device_id__gte=a', 'device_id__gte'],
    ['?date_time__like=2030', 'date_time__like'],
    ['?colour=blue', 'colour'],
    ['?colour__eq=blue', 'colour__eq'],
    ['?filter=', 'filter'],
    ['?filter=device_id%3Da&filter=device_id%3Da', 'filter'],
    ['?filter=device_id%3Da&device_id__neq=b', 'device_id__neq'],
    ['?filter=date_time__gte%3D20300101T000000Z&date_time__lte=20300101T000000Z', 'date_time__lte'],
    ['?state_change=true&state_change=true', 'state_change'],
    [`?description=${'a'.repeat(4097)}`, 'description'],
    ['?__proto__=1', '__proto__'],
    ['?constructor=1', 'constructor'],
    ['?limit=ten', 'limit'],
    ['?limit=2.5', 'limit'],
    ['?limit=5&limit=6', 'limit'],
    ['?limit=', 'limit'],
    ['?order=desc', 'order'],
    ['?device_id=a&device_id__eq=b', 'device_id__eq'],
    [`?after=${'a'.repeat(300)}`, 'after'],
  ]
  const callsBefore = useCases.calls.length
  for (const [query, name] of refused) {
    const answer = await ask(`${url}/v3/device-events${query}`)
    isErrorBody(t, answer, 400, 'INVALID', query)
    t.equal(answer.body.fields[0]?.name, name, `${query} names the parameter`)
  }
  t.equal(useCases.calls.length, callsBefore, 'a refused query reaches no use case')
})

t.test('the event log answers filters in the documented envelope', async t => {
  const { url, useCases } = await openFilledDoor(t)
  const store = new MemoryStore()
  const recordedAt = Date.UTC(2030, 0, 2, 3, 4, 5)
  for (const number of [0, 1, 2, 3, 4])
    await store.commit([
      {
        kind: 'append-event',
        event: {
          recordedAt: recordedAt + number,
          device: deviceId(`sensor-${number}`),
          code: number === 4 ? 'UPD4_FAIL_24' : 'SYS_106',
          type: number === 4 ? 'FAIL' : 'INFO',
          category: number === 4 ? 'FAIL_NETWORK' : 'INFO',
          stateChange: number > 0,
          changes: {},
          data: {},
        },
      },
    ])
  const real = eventUseCases({ store })
  useCases.listEvents = real.listEvents
  useCases.showEvent = real.showEvent
  const list = async (query: string) => (await ask(`${url}/v3/device-events${query}`)).body
  const id = (number: number) => eventView(number).id

  t.same(Object.keys(await list('')), ['object', 'data', 'limit', 'after', 'order', 'has_more'])
  t.match(await list('?limit=2&include=total_count'), {
    object: 'list',
    data: [{ id: id(5), date_time: '2030-01-02T03:04:05.004000Z' }, { id: id(4) }],
    limit: 2,
    after: null,
    order: 'DESC',
    has_more: true,
    next: id(4),
    total_count: 5,
  })
  t.match(await list(`?limit=2&after=${id(2)}&include=total_count`), {
    data: [{ id: id(1) }],
    after: id(2),
    has_more: false,
    total_count: 5,
  })
  const filter = encodeURIComponent('event_type__neq=UPD4_FAIL_24&date_time__lte=2030-01-02T03:04:05.002000Z')
  const wanted: readonly (readonly [string, readonly number[]])[] = [
    [`?filter=${filter}`, [3, 2, 1]],
    [`/?filter=${filter}&state_change=false`, [1]],
    [`?event_type__neq=UPD4_FAIL_24&date_time__lte=2030-01-02T03:04:05.002000Z&order=ASC`, [1, 2, 3]],
    ['?created_at__gte=2030-01-02T04:04:05.003+01:00', [5, 4]],
    ['?description=Connection%20lost%20during%20download.', [5]],
    [`?id__in=${id(5)},${id(1)},${id(9)}&include=total_count`, [5, 1]],
    ['?event_type_category__in=FAIL_NETWORK,SUCCESS', [5]],
    ['?data.campaign_id__neq=0mfa1x2c3k7q0v5z9d8s1n4b6w&device_id__nin=sensor-0,sensor-1', [5, 4, 3]],
  ]
  for (const [query, numbers] of wanted)
    t.same(
      (await list(query)).data.map((event: { id: string }) => event.id),
      numbers.map(id),
      query,
    )
  for (const [query, name] of [
    ['?date_time__gte=yesterday', 'date_time__gte'],
    ['?event_type__in=SYS_106,SYS_999', 'event_type__in'],
    ['?device_id=a/b', 'device_id'],
    ['?id=7', 'id'],
    ['?filter=a%3D1', 'a'],
    ['?filter=device_id', 'device_id'],
    ['?filter=state_change__in%3Dtrue', 'state_change__in'],
    [`?after=7`, 'after'],
  ] as const) {
    const answer = await ask(`${url}/v3/device-events${query}`)
    isErrorBody(t, answer, 400, 'INVALID', query)
    t.equal(answer.body.fields[0]?.name, name, query)
  }
  for (const slash of ['', '/']) {
    t.match(await ask(`${url}/v3/device-events/${id(1)}${slash}`), { status: 200, body: { id: id(1) } })
    isErrorBody(t, await ask(`${url}/v3/device-events/${id(9)}${slash}`), 404, 'NOT_FOUND', 'no such event')
    isErrorBody(t, await ask(`${url}/v3/device-events/nine${slash}`), 400, 'INVALID', 'no id of an event')
  }
})

t.test('other lists clamp their limit and refuse parameters they do not know', async t => {
  const { url, useCases } = await openFilledDoor(t)
  for (const path of ['/v1/devices', '/v1/releases', '/v1/operations', `/v1/operations/${operation}/executions`]) {
    await ask(`${url}${path}?limit=0&after=a%2Bb`)
    t.match(useCases.calls.at(-1)?.args.at(-1), { limit: 1, after: 'a+b' }, path)
    await ask(`${url}${path}?limit=99999`)
    t.match(useCases.calls.at(-1)?.args.at(-1), { limit: 1000 }, path)
    t.match(await ask(`${url}${path}?colour=blue`), { status: 400, body: { fields: [{ name: 'colour' }] } }, path)
  }
  t.match(await ask(`${url}/v1/operations/${operation}/executions?state=asleep`), {
    status: 400,
    body: { fields: [{ name: 'state', message: /in-progress/ }] },
  })
  t.match(await ask(`${url}/v1/devices/sensor-1?x=1`), { status: 400, body: { fields: [{ name: 'x' }] } })
  for (const id of ['__proto__', 'constructor', 'toString', '%00', 'a'.repeat(200)])
    t.match(await ask(`${url}/v1/devices/${id}`), { status: 404, body: { object: 'error' } }, id)
  for (const path of ['/', '/v2', '/v1/devices/a/b', '/v1/devices/%ff', `/v1/devices/${'a'.repeat(300)}`]) {
    const answer = await ask(url + path)
    t.ok([400, 404, 414].includes(answer.status), `${path}: ${answer.status}`)
    t.equal(answer.body.object, 'error', path)
  }
  t.match(await ask(`${url}/v1/operations`, { method: 'DELETE' }), { status: 404 })
})

t.test('closing finishes what runs, refuses what comes, and has an end', async t => {
  const { door, url, useCases, logged } = await openDoor(t)
  let finish = (): void => undefined
  let begun = (): void => undefined
  const started = new Promise<void>(resolve => {
    begun = resolve
  })
  useCases.onUpload = async bytes => {
    begun()
    for await (const _chunk of bytes) void _chunk
    await new Promise<void>(resolve => {
      finish = resolve
    })
    return bundleView()
  }
  const { head, socket, answered } = upload(url)
  head(1)
  await started
  const closed = door.close()
  socket.write('a')
  await new Promise(resolve => setTimeout(resolve, 20))
  await t.rejects(ask(`${url}/healthz`), 'nobody new gets in')
  finish()
  t.match(await answered(/\}/), /^HTTP\/1.1 201 /, 'who was inside gets the answer')
  await closed
  await door.close()
  t.notMatch(logged(), /http-cut-off/, 'nothing had to be cut off')

  const stuck = await openDoor(t, { closeGraceMs: 100 })
  stuck.useCases.onUpload = async bytes => {
    for await (const _chunk of bytes) void _chunk
    return bundleView()
  }
  const forgotten = upload(stuck.url)
  forgotten.head(10)
  while (stuck.useCases.calls.length === 0) await new Promise(resolve => setImmediate(resolve))
  await stuck.door.close()
  await forgotten.closed
  t.match(stuck.logged(), /http-cut-off/)
})

t.test('a connection that has said nothing does not hold the door open', async t => {
  const { door, logged } = await openDoor(t)
  const silent = connect(door.port, '127.0.0.1')
  await new Promise(resolve => silent.once('connect', resolve))
  await ask(`http://127.0.0.1:${door.port}/healthz`)
  await door.close()
  t.notMatch(logged(), /http-cut-off/)
})

t.test('a port that is taken is an error, not a door', async t => {
  const { door } = await openDoor(t)
  await t.rejects(openDoor(t, {}, { port: door.port }), { code: 'EADDRINUSE' })
})
