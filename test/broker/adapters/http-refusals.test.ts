// What the door refuses: bodies, tokens, failures behind it, and what is no HTTP at all.
import { connect } from 'node:net'
import t from 'tap'
import { ArtifactTooLarge, RequestRefused, StoreUnavailable } from '../../../broker/errors.ts'
import { BundleError } from '../../../proto/bundle.ts'
import { tokens } from '../../operator/fake-use-cases.ts'
import { ask, bundle, isErrorBody, openDoor, openFilledDoor } from '../../operator/http-fixture.ts'

t.test('a body that is not as documented is refused by the name of what is wrong', async t => {
  const { url, useCases } = await openFilledDoor(t)
  const good = { type: 'firmware-update', release: bundle.release, targets: { all: true } }
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const operations: readonly (readonly [object | string, number, string, RegExp?])[] = [
    ['{', 400, 'body', /JSON/],
    ['', 400, 'body'],
    ['[]', 400, 'body', /object/],
    ['null', 400, 'body'],
    [nested(17), 400, 'body', /deeper than 16/],
    [nested(16), 400, 'body', /object/],
    ['"[[[[[[[[[[[[[[[[[["', 400, 'body', /object/],
    [nested(200_000), 400, 'body', /deeper/],
    ['{"__proto__":{"a":1}}', 400, 'body', /__proto__/],
    [JSON.stringify({ ...good, name: 'x'.repeat(1024 * 1024) }), 413, 'body'],
    [{}, 400, 'type', /required/],
    [{ ...good, type: 7 }, 400, 'type', /string/],
    [{ ...good, type: '' }, 400, 'type'],
    [{ ...good, colour: 1 }, 400, 'colour', /not known/],
    [{ ...good, release: 7 }, 400, 'release', /string/],
    [{ ...good, release: '' }, 400, 'release'],
    [{ ...good, name: '' }, 400, 'name'],
    [{ ...good, targets: {} }, 400, 'targets', /devices or .*all/],
    [{ ...good, targets: { all: false } }, 400, 'targets.all', /true/],
    [{ ...good, targets: { all: true, devices: ['a'] } }, 400, 'targets'],
    [{ ...good, targets: { devices: [] } }, 400, 'targets.devices'],
    [{ ...good, targets: { devices: ['ok', 'not ok'] } }, 400, 'targets.devices.1', /match/],
    [{ ...good, targets: { devices: Array(10_001).fill('a') } }, 400, 'targets.devices', /10000/],
    [{ ...good, policy: { concurrency: 0 } }, 400, 'policy.concurrency'],
    [{ ...good, policy: { concurrency: '5' } }, 400, 'policy.concurrency', /integer or .*match/],
    [{ ...good, policy: { concurrency: '101%' } }, 400, 'policy.concurrency'],
    [{ ...good, policy: { timeoutDays: '14' } }, 400, 'policy.timeoutDays', /number/],
    [{ ...good, policy: { timeoutDays: 0 } }, 400, 'policy.timeoutDays'],
    [{ ...good, policy: { retries: 3 } }, 400, 'policy.retries', /array/],
    [{ ...good, policy: { colour: 3 } }, 400, 'policy.colour', /not known/],
  ]
  useCases.calls.length = 0
  for (const [body, status, name, message = /./] of operations) {
    const what = JSON.stringify(body).slice(0, 60)
    const answer = await ask(`${url}/v1/operations`, { method: 'POST', body })
    isErrorBody(t, answer, status, status === 413 ? 'TOO_LARGE' : 'INVALID', what)
    t.match(
      answer.body.fields.find((field: { name: string }) => field.name === name),
      { message },
      `${what} names ${name}: ${JSON.stringify(answer.body.fields).slice(0, 200)}`,
    )
    t.ok(answer.body.fields.length <= 20, 'the list of fields has an end')
  }
  for (const device of ['', 'a/b', '+', '#', '__proto__', 'a'.repeat(65), 7, null])
    t.match(
      await ask(`${url}/v1/devices/enroll`, { method: 'POST', body: { device } }),
      { status: 400, body: { fields: [{ name: 'device' }] } },
      String(device),
    )
  t.match(await ask(`${url}/v1/principals`, { method: 'POST', body: { name: 'a', role: 'root' } }), {
    status: 400,
    body: { fields: [{ name: 'role', message: /"viewer" or must be "operator"/ }] },
  })
  t.match(
    await ask(`${url}/v1/operations`, {
      method: 'POST',
      body: 'x=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    { status: 415, body: { fields: [{ name: 'content-type' }] } },
  )
  t.match(await ask(`${url}/v1/operations`, { method: 'POST', body: good, headers: { 'content-encoding': 'gzip' } }), {
    status: 415,
    body: { fields: [{ name: 'content-encoding' }] },
  })
  t.match(await ask(`${url}/v1/artifacts`, { method: 'POST', body: {} }), {
    status: 415,
    body: { fields: [{ name: 'content-type' }] },
  })
  t.match(await ask(`${url}/v1/artifacts`, { method: 'POST' }), { status: 415 })
  t.match(
    await ask(`${url}/v1/artifacts`, { method: 'POST', body: bundle.bytes, headers: { 'content-encoding': 'gzip' } }),
    { status: 415 },
  )
  t.equal(useCases.calls.length, 0, 'none of it reached a use case')
})

t.test('failures of the use cases become their documented status, and the inside stays inside', async t => {
  const { url, useCases, logged } = await openFilledDoor(t)
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
  const cases: readonly (readonly [unknown, number, string])[] = [
    [new RequestRefused('INVALID', 'no', [{ name: 'release', message: 'wrong' }]), 400, 'INVALID'],
    [new RequestRefused('TOO_LARGE', 'no'), 413, 'TOO_LARGE'],
    [new RequestRefused('UNAVAILABLE', 'no'), 503, 'UNAVAILABLE'],
    [new BundleError('not a bundle'), 400, 'BUNDLE_INVALID'],
    [new ArtifactTooLarge('too large'), 413, 'TOO_LARGE'],
    [new StoreUnavailable('writing', { cause: new Error('closed') }), 503, 'STORE_UNAVAILABLE'],
    [new StoreUnavailable('writing', { cause: new Error('level', { cause: full }) }), 507, 'STORE_FULL'],
    [new Error('inside-CANARY'), 500, 'INTERNAL'],
    ['a thrown string', 500, 'INTERNAL'],
    [Object.assign(new Error('pretends'), { statusCode: 200 }), 500, 'INTERNAL'],
  ]
  for (const [failure, status, type] of cases) {
    useCases.failNext = failure
    const answer = await ask(`${url}/v1/devices`)
    isErrorBody(t, answer, status, type, `${status} ${type}`)
    t.equal(answer.headers.has('retry-after'), status === 503)
    t.notMatch(JSON.stringify(answer.body), /inside-CANARY/)
    if (status === 500) t.match(logged(), answer.body.request_id, 'the log has the request id')
  }
  t.match(logged(), /inside-CANARY/, 'the log has the error')
})

t.test('the sixth wrong token of a minute is not looked up, and nobody who was right before is locked out', async t => {
  const { url, useCases, clock } = await openDoor(t)
  t.equal((await ask(`${url}/v1/devices`, { token: tokens.viewer })).status, 200)
  const statuses: number[] = []
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const answer = await ask(`${url}/v1/devices`, { token: `guess-${attempt}` })
    statuses.push(answer.status)
    if (answer.status === 429) {
      isErrorBody(t, answer, 429, 'TOO_MANY_REQUESTS', 'locked out')
      t.ok(Number(answer.headers.get('retry-after')) > 0)
    }
  }
  t.same(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
  t.equal(useCases.tokenLookups, 6, 'locked out means: not even looked up')
  t.equal(
    (await ask(`${url}/v1/devices`, { token: tokens.operator })).status,
    429,
    'a token never seen before could be a guess',
  )
  t.equal((await ask(`${url}/v1/devices`, { token: tokens.viewer })).status, 200, 'one that was right before still is')
  t.equal((await ask(`${url}/v1/devices`, { token: null })).status, 401, 'no token is no guess')
  t.equal((await ask(`${url}/healthz`, { token: null })).status, 200)
  clock.aheadMs = 60_000
  t.equal((await ask(`${url}/v1/devices`, { token: 'guess' })).status, 401, 'after a minute one may try again')
  t.equal((await ask(`${url}/v1/devices`, { token: tokens.operator })).status, 200)
})

t.test('what is no bearer token counts as a wrong one', async t => {
  const { url, useCases } = await openDoor(t, { failedTokensPerMinute: 1_000 })
  for (const authorization of [
    'Basic YTpi',
    'Bearer',
    'Bearer a b',
    `Bearer ${'a'.repeat(300)}`,
    'Bearer ä'.normalize(),
    tokens.admin,
  ])
    t.equal(
      (
        await ask(`${url}/v1/devices`, {
          token: null,
          headers: { authorization: Buffer.from(authorization).toString('latin1') },
        })
      ).status,
      401,
      authorization,
    )
  t.equal(useCases.tokenLookups, 0)
  t.equal(
    (await ask(`${url}/v1/devices`, { token: null, headers: { authorization: `bearer  ${tokens.admin}` } })).status,
    200,
    'the scheme has no case',
  )
})

t.test('no token and no secret comes into the log, wherever a caller puts it', async t => {
  const { url, logged } = await openFilledDoor(t)
  const canary = 'CANARY-0001'
  await ask(`${url}/v1/devices`, { token: canary })
  await ask(`${url}/v1/devices`, {
    token: null,
    headers: {
      authorization: `Basic ${canary}`,
      cookie: `token=${canary}`,
      'user-agent': canary,
      'x-request-id': canary,
    },
  })
  await ask(`${url}/v1/devices?token=${canary}`)
  await ask(`${url}/v1/devices?${canary}=1`)
  await ask(`${url}/v1/devices/${canary}`)
  await ask(`${url}/${canary}`)
  await ask(`${url}/v1/devices/%ff${canary}`)
  await ask(`${url}/v1/operations`, { method: 'POST', body: { token: canary, [canary]: 1 } })
  await ask(`${url}/v1/operations`, { method: 'POST', body: `{"a":"${canary}` })
  await ask(`${url}/v1/devices/enroll`, { method: 'POST', body: { device: 'new' } })
  await ask(`${url}/v1/principals`, { method: 'POST', body: { name: 'new', role: 'viewer' } })
  await talk(url, `GET /${canary} HTTP/9.9\r\n${canary}: ${canary}\r\n\r\n`)
  t.ok(logged().split('\n').length > 10, 'there is a log')
  t.match(logged(), /"route":"\/v1\/devices\/:id"/)
  t.notMatch(logged(), /CANARY/)
})

t.test('what is no HTTP gets the documented error body and the door', async t => {
  const { url } = await openDoor(t, { headersTimeoutMs: 300 })
  t.match(await talk(url, 'drover\r\n\r\n'), /^HTTP\/1.1 400 .*"object":"error","code":400/s)
  t.match(
    await talk(url, `GET / HTTP/1.1\r\nHost: a\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`),
    /^HTTP\/1.1 431 .*"object":"error"/s,
  )
  t.match(
    await talk(url, `GET /healthz HTTP/1.1\r\nHost: a\r\nx: ${'a'.repeat(17_000)}\r\n\r\n`),
    /^HTTP\/1.1 431 .*"name":"headers"/s,
  )
  t.match(
    await talk(url, `GET /healthz?x=${'a'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`),
    /^HTTP\/1.1 414 .*"name":"url"/s,
  )
  t.match(await talk(url, 'GET / HTTP/1.1\r\nHost'), /^HTTP\/1.1 408 .*"type":"TIMEOUT"/s, 'headers that never end')
})

/** Writes to the port, half-closes nothing, and gives what came back before the other side closed. */
function talk(url: string, text: string): Promise<string> {
  return new Promise(resolve => {
    let heard = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    socket.on('data', bytes => {
      heard += bytes
    })
    socket.on('error', () => {
      // A reset is an end as well.
    })
    socket.on('close', () => resolve(heard))
  })
}
