// Signing in and out, and what comes in by cookie: who it is taken for, and every way in which a page that is not the
// console gives itself away.
import t from 'tap'
import type { Principal } from '../../../../broker/core/records.ts'
import { Authority } from '../../../fixtures/certificates.ts'
import { openDoor } from './door.ts'
import { cookieOf, type RawAnswer, rawRequest } from './raw-request.ts'
import { principals, scriptedUseCases, tokenOf } from './scripted-use-cases.ts'

const operation = '0mfa1x2c3k7q0v5z9d8s1n4b6w'
const consoleHeader = { 'x-drover-console': '1' }

async function signIn(url: string, role: Principal['role'] = 'operator'): Promise<string> {
  return cookieOf(await rawRequest(`${url}/v1/session`, 'POST', {}, { token: tokenOf(role) }))
}

t.test('a token becomes a cookie that scripts cannot read, other sites cannot send, and that says nothing', async t => {
  const { url } = await openDoor(t, scriptedUseCases().useCases)
  const answer = await rawRequest(`${url}/v1/session`, 'POST', {}, { token: tokenOf('operator') })
  t.match(answer, { status: 201, body: { name: 'the-operator', role: 'operator', expiresAt: /^\d{4}-.*Z$/ } })
  const halfADay = Date.parse(answer.body.expiresAt) - Date.now()
  t.ok(halfADay > 11.9 * 3_600_000 && halfADay < 12.1 * 3_600_000, `${halfADay} ms`)
  t.equal(answer.headers['cache-control'], 'no-store')
  const [set = '', ...more] = answer.headers['set-cookie'] ?? []
  t.same(more, [])
  t.match(set, /^drover_session=[A-Za-z0-9_-]{43}; /)
  t.same(set.split('; ').slice(1).sort(), ['HttpOnly', 'Max-Age=604800', 'Path=/', 'SameSite=Strict'])

  const overProxy = { origin: 'https://drover.example', host: 'drover.example' }
  const secure = await rawRequest(`${url}/v1/session`, 'POST', overProxy, { token: tokenOf('operator') })
  t.match(secure.headers['set-cookie'], [/; Secure/], 'the browser speaks TLS, whoever ends it')

  const cookie = cookieOf(answer)
  const asked = await rawRequest(`${url}/v1/session`, 'GET', { cookie: `other=1; ${cookie}; last="x"` })
  t.match(asked, { status: 200, body: { name: 'the-operator', role: 'operator', expiresAt: /Z$/ } })
  const authorization = `Bearer ${tokenOf('viewer')}`
  const byToken = await rawRequest(`${url}/v1/session`, 'GET', { authorization })
  t.same([byToken.status, byToken.body], [200, { name: 'the-viewer', role: 'viewer', expiresAt: null }])
})

t.test('over TLS the cookie is secure, and its name keeps plain pages of the same host from setting it', async t => {
  const authority = new Authority()
  const own = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })
  const { url } = await openDoor(t, scriptedUseCases().useCases, {}, own)
  const answer = await rawRequest(`${url}/v1/session`, 'POST', {}, { token: tokenOf('operator') }, authority.cert)
  const set = answer.headers['set-cookie']?.[0] ?? ''
  t.match(set, /^__Host-drover_session=/)
  t.same(set.split('; ').slice(1).sort(), ['HttpOnly', 'Max-Age=604800', 'Path=/', 'SameSite=Strict', 'Secure'])
  const get = (cookie: string) => rawRequest(`${url}/v1/session`, 'GET', { cookie }, undefined, authority.cert)
  t.equal((await get(cookieOf(answer))).status, 200)
  t.equal(
    (await get(cookieOf(answer).replace('__Host-', ''))).status,
    401,
    'without the prefix it is no cookie of ours',
  )
})

t.test('whoever signs out is out, in every tab and with the old cookie', async t => {
  const { useCases, calls } = scriptedUseCases()
  const { url } = await openDoor(t, useCases)
  const cookie = await signIn(url)
  const other = await signIn(url)
  const out = await rawRequest(`${url}/v1/session`, 'DELETE', { cookie, ...consoleHeader })
  t.equal(out.status, 204)
  t.match(out.headers['set-cookie'], [/^drover_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/])
  t.match(await rawRequest(`${url}/v1/devices`, 'GET', { cookie }), {
    status: 401,
    body: { type: 'UNAUTHENTICATED', message: /sign in again/, fields: [{ name: 'cookie' }] },
  })
  t.equal((await rawRequest(`${url}/v1/devices`, 'GET', { cookie: other })).status, 200, 'another session stays')
  t.same(calls.length, 1)

  const authorization = `Bearer ${tokenOf('operator')}`
  const byToken = await rawRequest(`${url}/v1/session`, 'DELETE', { authorization, cookie: other })
  t.equal(byToken.status, 204)
  t.equal(byToken.headers['set-cookie'], undefined)
  t.equal((await rawRequest(`${url}/v1/devices`, 'GET', { cookie: other })).status, 200, 'a token ends no session')
  t.equal((await rawRequest(`${url}/v1/devices`, 'GET', { authorization })).status, 200, 'and stays good itself')

  const again = await rawRequest(`${url}/v1/session`, 'POST', { cookie: other }, { token: tokenOf('viewer') })
  t.equal(again.status, 201)
  t.equal(
    (await rawRequest(`${url}/v1/devices`, 'GET', { cookie: other })).status,
    401,
    'a new session for the old one',
  )
  for (const [body, field] of [
    [{}, 'token'],
    [{ token: '' }, 'token'],
    [{ token: 7 }, 'token'],
    [{ token: 'a'.repeat(257) }, 'token'],
    [{ token: tokenOf('viewer'), keep: true }, 'keep'],
  ] as const)
    t.match(
      await rawRequest(`${url}/v1/session`, 'POST', {}, body),
      { status: 400, body: { fields: [{ name: field }] } },
      JSON.stringify(body).slice(0, 40),
    )
  t.match(await rawRequest(`${url}/v1/session`, 'DELETE', { authorization }, { really: true }), {
    status: 400,
    body: { fields: [{ name: 'body' }] },
  })
})

t.test('wrong tokens are counted by address at both ways in; wrong cookies are not', async t => {
  const { url } = await openDoor(t, scriptedUseCases().useCases, { failedTokensPerMinute: 3 })
  const post = (token: string) => rawRequest(`${url}/v1/session`, 'POST', {}, { token })
  t.equal((await post(tokenOf('viewer'))).status, 201)
  const dead = `drover_session=${'A'.repeat(43)}`
  for (const cookie of [dead, dead, dead, 'drover_session=', 'drover_session=%00'])
    t.equal((await rawRequest(`${url}/v1/devices`, 'GET', { cookie })).status, 401, cookie)
  t.match(await post('wrong-1'), { status: 401, body: { type: 'UNAUTHENTICATED', fields: [{ name: 'token' }] } })
  t.match(await post('not a token!'), { status: 401, body: { fields: [{ name: 'token' }] } })
  t.equal((await rawRequest(`${url}/v1/devices`, 'GET', { authorization: 'Bearer wrong-2' })).status, 401)
  t.match(await post('wrong-3'), { status: 429, headers: { 'retry-after': /^\d+$/ } })
  t.equal((await post(tokenOf('admin'))).status, 429, 'nor is a token that was never right before looked up')
  t.equal((await post(tokenOf('viewer'))).status, 201, 'one that was right still is')
})

t.test('where there is an Authorization header, it alone is judged', async t => {
  const { useCases, calls } = scriptedUseCases()
  const { url } = await openDoor(t, useCases)
  const cookie = await signIn(url, 'admin')
  const both = (authorization: string, method = 'GET', more = {}) =>
    rawRequest(`${url}/v1/devices`, method, { cookie, authorization, ...more })
  for (const authorization of ['Bearer wrong', 'Bearer', 'Basic YTpi', ''])
    t.match(await both(authorization), { status: 401 }, JSON.stringify(authorization))
  t.equal(calls.length, 0)
  t.equal((await both(`Bearer ${tokenOf('viewer')}`, 'GET', { 'sec-fetch-site': 'cross-site' })).status, 200)
  t.equal(calls.at(-1)?.by.name, 'the-viewer', 'and a token needs no proof of where it comes from')
})

t.test('another role counts at once; a token that was renewed or taken away ends its sessions', async t => {
  let known: Principal | undefined = principals[1]
  const { useCases, calls } = scriptedUseCases({ principalOfTokenSha256: async () => known })
  const { url } = await openDoor(t, useCases)
  const cookie = await signIn(url)
  const ask = () => rawRequest(`${url}/v1/devices`, 'GET', { cookie })
  t.equal((await ask()).status, 200)
  t.equal(calls.at(-1)?.by.role, 'operator')
  known = principals[0]
  t.equal((await ask()).status, 200)
  t.equal(calls.at(-1)?.by.role, 'viewer')
  known = undefined
  t.equal((await ask()).status, 401)
})

/** Headers a browser, or somebody else, sends with a request; the field that is refused, or undefined. */
const heads: readonly (readonly [
  why: string,
  headers: Readonly<Record<string, string>>,
  reading: string | undefined,
  changing: string | undefined,
])[] = [
  ['the console', { ...consoleHeader, 'sec-fetch-site': 'same-origin', origin: 'HERE' }, undefined, undefined],
  ['the console in a browser that sends no Sec-Fetch', { ...consoleHeader, origin: 'HERE' }, undefined, undefined],
  ['the console behind a proxy with TLS', { ...consoleHeader, origin: 'TLS-HERE' }, undefined, undefined],
  ['a link, a stream, a download', { 'sec-fetch-site': 'same-origin' }, undefined, 'x-drover-console'],
  ['an address that was typed', { 'sec-fetch-site': 'none' }, undefined, 'sec-fetch-site'],
  ['a typed address with our header', { ...consoleHeader, 'sec-fetch-site': 'none' }, undefined, 'sec-fetch-site'],
  ['a program with a cookie', {}, undefined, 'x-drover-console'],
  ['another value', { 'x-drover-console': 'yes' }, undefined, 'x-drover-console'],
  ['the header twice', { 'x-drover-console': '1, 1' }, undefined, 'x-drover-console'],
  ['another site', { 'sec-fetch-site': 'cross-site' }, 'sec-fetch-site', 'sec-fetch-site'],
  [
    'another port of this host',
    { ...consoleHeader, 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
    'sec-fetch-site',
    'sec-fetch-site',
  ],
  [
    'a word nobody knows',
    { ...consoleHeader, 'sec-fetch-site': 'same-origin, none' },
    'sec-fetch-site',
    'sec-fetch-site',
  ],
  ['another origin', { ...consoleHeader, origin: 'http://evil.example' }, 'origin', 'origin'],
  ['another port', { ...consoleHeader, origin: 'http://127.0.0.1:1' }, 'origin', 'origin'],
  ['an origin without a name', { ...consoleHeader, origin: 'null' }, 'origin', 'origin'],
  ['an origin of another kind', { ...consoleHeader, origin: 'ftp://HOST' }, 'origin', 'origin'],
  ['an origin that is none', { ...consoleHeader, origin: 'HOST' }, 'origin', 'origin'],
  ['a longer name', { ...consoleHeader, origin: 'http://HOST.evil.example' }, 'origin', 'origin'],
]

t.test('what comes in by cookie comes from the console, or is refused by the header that gives it away', async t => {
  const { useCases, calls } = scriptedUseCases()
  const { url } = await openDoor(t, useCases)
  const host = new URL(url).host
  const cookie = await signIn(url)
  const authorization = `Bearer ${tokenOf('operator')}`
  const judged = (answer: RawAnswer, field: string | undefined, why: string): void => {
    if (field === undefined) t.equal(answer.status, 200, why)
    else t.match(answer, { status: 403, body: { type: 'FORBIDDEN', fields: [{ name: field }] } }, why)
  }
  for (const [why, given, reading, changing] of heads) {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        value.replace('TLS-HERE', `https://${host}`).replace('HERE', url).replace('HOST', host),
      ]),
    )
    const before = calls.length
    const change = `${url}/v1/operations/${operation}/pause`
    judged(await rawRequest(`${url}/v1/devices`, 'GET', { ...headers, cookie }), reading, `${why}: GET`)
    judged(await rawRequest(change, 'POST', { ...headers, cookie }), changing, `${why}: POST`)
    const allowed = [reading, changing].filter(field => field === undefined).length
    t.equal(calls.length - before, allowed, `${why}: nothing of what was refused was done`)
    judged(await rawRequest(change, 'POST', { ...headers, authorization }), undefined, `${why}: with a token`)
    const signingIn = await rawRequest(`${url}/v1/session`, 'POST', headers, { token: tokenOf('viewer') })
    const foreign = changing === 'x-drover-console' ? undefined : changing
    t.equal(signingIn.status, foreign === undefined ? 201 : 403, `${why}: signing in`)
    if (foreign !== undefined) t.equal(signingIn.headers['set-cookie'], undefined)
  }
  for (const [method, path] of [
    ['PATCH', '/v1/devices/sensor-1'],
    ['DELETE', '/v1/devices/sensor-1'],
    ['DELETE', '/v1/session'],
    ['POST', '/v1/artifacts'],
    ['POST', '/v1/operations/plan'],
  ] as const)
    t.match(
      await rawRequest(url + path, method, { cookie }),
      { status: 403, body: { fields: [{ name: 'x-drover-console' }] } },
      `${method} ${path}`,
    )
  t.equal((await rawRequest(`${url}/v1/devices`, 'GET', { cookie })).status, 200, 'the session is still there')
})

t.test('streams and downloads work by cookie; a stream ends when its session does', async t => {
  const { useCases } = scriptedUseCases({
    exportOperation: async () =>
      (async function* () {
        yield Buffer.from('rows')
      })(),
    watch: async (_by, _request, signal) =>
      (async function* () {
        await new Promise(resolve => signal.addEventListener('abort', resolve))
      })(),
  })
  const { url, logged } = await openDoor(t, useCases, { streamHeartbeatMs: 30 })
  const cookie = await signIn(url, 'viewer')
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  const file = await rawRequest(`${url}/v1/operations/${operation}/export.csv`, 'GET', headers)
  t.same([file.status, file.body], [200, 'rows'])

  const stream = await fetch(`${url}/v1/stream`, { headers: { cookie } })
  t.equal(stream.status, 200)
  const reader = stream.body?.getReader()
  let heard = ''
  while (heard.split('\n:\n').length < 4) heard += Buffer.from((await reader?.read())?.value ?? []).toString()
  t.equal((await rawRequest(`${url}/v1/session`, 'DELETE', { cookie, ...consoleHeader })).status, 204)
  await t.rejects(
    (async () => {
      for (;;) if ((await reader?.read())?.done !== false) return
    })(),
    'it is cut off',
  )
  while (!logged.some(({ event }) => event === 'stream-ended')) await new Promise(resolve => setTimeout(resolve, 5))
  t.match(logged.at(-1), { event: 'stream-ended', end: 'unwelcome', principal: 'the-viewer' })
})

t.test('neither a token nor the value of a cookie comes into the log', async t => {
  const { url, logged } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, { logRequests: true })
  const cookie = await signIn(url)
  await rawRequest(`${url}/v1/devices`, 'GET', { cookie })
  await rawRequest(`${url}/v1/session`, 'POST', {}, { token: 'wrong-token-xyz' })
  await rawRequest(`${url}/v1/devices`, 'GET', { cookie: `drover_session=${'B'.repeat(43)}` })
  const text = JSON.stringify(logged)
  t.match(text, /"route":"\/v1\/session","status":201,"principal":"the-operator"/)
  for (const secret of [cookie.split('=')[1] ?? '', tokenOf('operator'), 'wrong-token-xyz', 'B'.repeat(43)]) {
    t.ok(secret.length > 8)
    t.notOk(text.includes(secret), secret)
  }
})
