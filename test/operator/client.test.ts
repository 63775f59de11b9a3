import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { OperatorClient } from '../../operator/client.ts'
import { gather } from '../../operator/gather.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { drover } from './cli/run.ts'
import { httpClock } from './client-clock.ts'
import {
  deviceSecret,
  deviceView,
  eventView,
  executionView,
  newToken,
  operationView,
  tokens,
} from './fake-use-cases.ts'
import { openDoor } from './http-fixture.ts'

const bundle = makeBundle({ image: makeImage(300_000), version: '2.0.0' })
const operation = 'op'.padEnd(26, '0')

const clientOf = (url: string, more: object = {}): OperatorClient =>
  new OperatorClient({ url: new URL(url), token: tokens.admin, timeoutMs: 5_000, clock: httpClock, ...more })

async function foreignServer(t: Test, answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer as never)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An address where somebody listened once. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

t.test('every call brings its answer', async t => {
  const { url, useCases } = await openDoor(t)
  const client = clientOf(url)
  const path = join(t.testdir(), 'a.bundle')
  writeFileSync(path, bundle.bytes)
  useCases.operations.set(operation, operationView(operation))
  useCases.executions.set(operation, [executionView(operation, 'sensor-1')])
  useCases.events.push(eventView(1), eventView(2))
  t.same(await client.enrollDevice('sensor-1'), { device: 'sensor-1', secret: deviceSecret })
  t.same((await client.devices({ limit: 5 })).data, [deviceView('sensor-1')])
  t.match(await client.device('sensor-1'), { id: 'sensor-1' })
  t.match(await client.createPrincipal({ name: 'anna', role: 'viewer' }), { token: newToken })
  t.match((await client.principals()).data, [{ name: 'anna' }])
  const sent: number[] = []
  t.match(await client.uploadBundle(path, bytes => sent.push(bytes)), { id: bundle.release })
  t.equal(sent.at(-1), bundle.bytes.length)
  t.match((await client.releases({ limit: 5 })).data, [{ id: bundle.release }])
  t.match(await client.release(bundle.release), { id: bundle.release }, 'an id with @ and +')
  t.match(await client.createOperation({ type: 'firmware-update', release: bundle.release, targets: { all: true } }), {
    state: 'running',
  })
  t.equal((await client.operations({ limit: 5 })).data.length, 2)
  t.match(await client.operation(operation), { id: operation })
  t.match((await client.executions(operation, { limit: 5, state: 'pending' })).data, [{ device: 'sensor-1' }])
  t.match(await client.tellOperation(operation, 'stop'), { state: 'stopped' })
  t.match(
    await client.events({ limit: 2, order: 'ASC', device: 'sensor-1', code: 'SYS_106', after: eventView(1).id }),
    { data: [{ id: eventView(2).id }] },
  )
  t.same(useCases.calls.at(-1)?.args[1], {
    limit: 2,
    order: 'ASC',
    device: 'sensor-1',
    code: 'SYS_106',
    after: eventView(1).id,
  })
  t.match(await clientOf(`${url}/`).device('sensor-1'), { id: 'sensor-1' })
})

t.test('the uploaded bytes are the bytes of the file', async t => {
  const { url, useCases } = await openDoor(t)
  const path = join(t.testdir(), 'a.bundle')
  writeFileSync(path, bundle.bytes)
  const whole = createHash('sha256')
  const view = await clientOf(url).uploadBundle(path)
  useCases.onUpload = async bytes => {
    for await (const piece of bytes) whole.update(piece)
    return view
  }
  await clientOf(url).uploadBundle(path)
  t.equal(whole.digest('hex'), createHash('sha256').update(bundle.bytes).digest('hex'))
})

t.test('each refusal becomes the error of its kind, with code, fields and request id', async t => {
  const { url, useCases } = await openDoor(t, { failedTokensPerMinute: 3 })
  const viewer = clientOf(url, { token: tokens.viewer })
  await t.rejects(viewer.enrollDevice('a'), { name: 'Refused', code: 'FORBIDDEN', requestId: String })
  await t.rejects(viewer.device('absent'), { name: 'Refused', code: 'NOT_FOUND', fields: [{ name: 'id' }] })
  await clientOf(url).enrollDevice('a')
  await t.rejects(clientOf(url).enrollDevice('a'), { name: 'Refused', code: 'CONFLICT' })
  await t.rejects(clientOf(url).enrollDevice('a b'), {
    name: 'BadInput',
    code: 'INVALID',
    fields: [{ name: 'device' }],
  })
  for (const code of ['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'TOO_MANY_REQUESTS'])
    await t.rejects(clientOf(url, { token: 'wrong' }).device('a'), { name: 'Refused', code })
  useCases.failNext = new Error('broken')
  await t.rejects(viewer.device('a'), { name: 'ServerFailed', code: 'INTERNAL' })
})

t.test('what is no Drover broker is told so, and never believed', async t => {
  const cases: readonly (readonly [string, number, string, { readonly name: string; readonly code: string }])[] = [
    ['a web page', 200, '<html>', { name: 'ServerFailed', code: 'UNEXPECTED_ANSWER' }],
    ['other JSON', 200, '{"id":7}', { name: 'ServerFailed', code: 'UNEXPECTED_ANSWER' }],
    ['a proxy that fails', 502, 'bad gateway', { name: 'ServerFailed', code: 'HTTP_502' }],
    ['a proxy that refuses', 403, 'no', { name: 'Refused', code: 'HTTP_403' }],
    ['an odd status', 418, '', { name: 'BadInput', code: 'HTTP_418' }],
  ]
  for (const [what, status, body, expected] of cases) {
    const url = await foreignServer(t, (_request, response) => response.writeHead(status).end(body))
    await t.rejects(clientOf(url).device('a'), expected, what)
  }
})

t.test('a redirect is not followed: the token would go along', async t => {
  let visits = 0
  const elsewhere = await foreignServer(t, (_request, response) => {
    visits += 1
    response.end()
  })
  const url = await foreignServer(t, (_request, response) => response.writeHead(307, { location: elsewhere }).end())
  await t.rejects(clientOf(url).device('a'), { name: 'ServerFailed', code: 'UNREACHABLE' })
  t.equal(visits, 0)
})

t.test('a broker that is not there, is silent or hangs up is a failure with a reason', async t => {
  await t.rejects(clientOf(await closedPort()).device('a'), {
    name: 'ServerFailed',
    code: 'UNREACHABLE',
    message: /nobody listens/,
  })
  const silent = await foreignServer(t, () => undefined)
  await t.rejects(clientOf(silent, { timeoutMs: 100 }).device('a'), {
    name: 'ServerFailed',
    code: 'TIMEOUT',
    message: /0.1 s/,
  })
  const hangsUp = await foreignServer(t, request => request.socket.destroy())
  await t.rejects(clientOf(hangsUp).device('a'), { name: 'ServerFailed', code: 'UNREACHABLE' })
  const path = join(t.testdir(), 'big')
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024))
  await t.rejects(
    clientOf(silent, { timeoutMs: 200 }).uploadBundle(path),
    { name: 'ServerFailed', code: 'TIMEOUT' },
    'an upload nobody reads',
  )
  const stop = new AbortController()
  const asked = clientOf(silent, { signal: stop.signal }).device('a')
  stop.abort(new Error('Ctrl-C'))
  await t.rejects(asked, { message: 'Ctrl-C' })
})

t.test('an upload that takes longer than the timeout but moves is let go on', async t => {
  const { url, useCases } = await openDoor(t)
  const path = join(t.testdir(), 'a.bundle')
  writeFileSync(path, bundle.bytes)
  const view = await clientOf(url).uploadBundle(path)
  writeFileSync(path, Buffer.alloc(8 * 1024 * 1024))
  useCases.onUpload = async bytes => {
    for await (const _piece of bytes) await new Promise(resolve => setTimeout(resolve, 20))
    return view
  }
  t.match(await clientOf(url, { timeoutMs: 1_000 }).uploadBundle(path), { id: bundle.release })
})

t.test('a download that is cut, stands still or brings other bytes than promised leaves no file', async t => {
  const file = join(t.testdir(), 'config')
  const digest = (text: string): string => `sha-256=:${createHash('sha256').update(text).digest('base64')}:`
  const get = async (begin: (response: ServerResponse) => void, ...more: readonly string[]) => {
    const url = await foreignServer(t, (_request, response) => begin(response))
    const args = ['backup', 'get', operation, 'sensor-1', '-o', file, ...more]
    return drover(args, { DROVER_URL: url, DROVER_TOKEN: 'a' })
  }
  const promised = (text: string) => ({ 'repr-digest': `sha-512=:AA==:, ${digest(text)}` })
  const rows: readonly (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
    ['other bytes', r => void r.writeHead(200, promised('good')).end('evil'), /digest/],
    ['fewer bytes', r => void r.writeHead(200, promised('good')).end('goo'), /digest/],
    ['cut', r => void r.writeHead(200).write('goo', () => r.destroy()), /cannot reach/],
    [
      'cut short of its length',
      r => void r.writeHead(200, { 'content-length': 9 }).write('goo', () => r.destroy()),
      /cannot reach/,
    ],
    ['silent in the middle', r => void r.writeHead(200).write('goo'), /did not answer within 0.3 s/],
    ['silent from the start', () => undefined, /did not answer within 0.3 s/],
  ]
  for (const [what, begin, message] of rows) {
    t.match(await get(begin, '--timeout', '300ms'), { code: 4, stderr: message }, what)
    t.notOk(existsSync(file), what)
  }
  t.match(await get(r => void r.writeHead(200, promised('good')).end('good')), { code: 0 })
  t.equal(readFileSync(file, 'utf8'), 'good')
})

t.test('a download may take longer than the timeout as long as it moves', async t => {
  const url = await foreignServer(t, async (_request, response) => {
    response.writeHead(200)
    for (let count = 0; count < 30; count += 1) {
      response.write('piece')
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    response.end()
  })
  let text = ''
  const { bytes } = await clientOf(url, { timeoutMs: 2_000 }).exportOperation(operation)
  for await (const piece of bytes) text += Buffer.from(piece).toString()
  t.equal(text.length, 150)
})

t.test('a long list is gathered from its pages, and no further than wanted', async t => {
  const all = Array.from({ length: 2500 }, (_, number) => String(number))
  const asked: object[] = []
  const pageOf = async ({ after, limit }: { readonly after?: string; readonly limit: number }) => {
    asked.push({ after, limit })
    const start = after === undefined ? 0 : all.indexOf(after) + 1
    const data = all.slice(start, start + Math.max(limit, 2))
    return { object: 'list' as const, data, limit, after: after ?? null, has_more: start + data.length < all.length }
  }
  const cases: readonly (readonly [number, string | undefined, number, boolean])[] = [
    [10, undefined, 10, true],
    [1, undefined, 1, true],
    [1000, undefined, 1000, true],
    [2400, undefined, 2400, true],
    [2500, undefined, 2500, false],
    [9999, undefined, 2500, false],
    [9999, '2498', 1, false],
    [1, '2497', 1, true],
    [10, '2499', 0, false],
  ]
  for (const [limit, after, count, hasMore] of cases) {
    const found = await gather(limit, after, item => item, pageOf)
    t.equal(found.items.length, count, `${limit} after ${after}`)
    t.equal(found.hasMore, hasMore, `${limit} after ${after}: more`)
    t.equal(found.items[0], count === 0 ? undefined : String(after === undefined ? 0 : Number(after) + 1))
  }
  t.ok(asked.every(page => (page as { limit: number }).limit <= 1000))
})
