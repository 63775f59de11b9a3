// Webhooks by HTTP: where they may go, whatever a URL or a name server says, and what becomes of strange receivers.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type LookupFunction } from 'node:net'
import t from 'tap'
import { isLoopbackAddress, isPublicAddress } from '../../../broker/adapters/webhook-http/addresses.ts'
import { answerBytesMax, WebhookHttp } from '../../../broker/adapters/webhook-http.ts'

const body = Buffer.from('{"a":"ü"}')
const headers = { 'content-type': 'application/json', 'drover-event': 'operation.completed' }
const never = new AbortController().signal

async function serving(t: { teardown(action: () => void): void }, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${portOf(server)}`
}
const portOf = (server: Pick<Server, 'address'>) => (server.address() as AddressInfo).port
async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString()
}
/** A name server that answers every name with these addresses; counts how often it is asked. */
function resolving(...addresses: readonly string[]): { readonly lookup: LookupFunction; asked: number } {
  const resolver = {
    asked: 0,
    lookup: ((_name, _options, done) => {
      resolver.asked += 1
      done(
        null,
        addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    }) as LookupFunction,
  }
  return resolver
}

t.test('a post arrives as it was made, and the status comes back', async t => {
  const seen: unknown[] = []
  let status = 204
  const base = await serving(t, async (request, response) => {
    seen.push([request.method, request.url, request.headers['drover-event'], await bodyOf(request)])
    response.writeHead(status).end()
  })
  const http = new WebhookHttp()
  t.same(await http.post({ url: `${base}/hook?a=1#part`, headers, body }, never), { kind: 'answered', status: 204 })
  t.same(seen, [['POST', '/hook?a=1', 'operation.completed', '{"a":"ü"}']])
  for (status of [200, 400, 404, 500, 503])
    t.same(await http.post({ url: base, headers, body }, never), { kind: 'answered', status }, `${status}`)
})

t.test('a redirect is an answer, not a way', async t => {
  let paths = ''
  const base = await serving(t, (request, response) => {
    paths += request.url
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  t.same(await new WebhookHttp().post({ url: base, headers, body }, never), { kind: 'answered', status: 307 })
  t.equal(paths, '/')
})

t.test('an endless answer is cut off, a silent receiver ends with the signal, a dead one at once', async t => {
  let sent = 0
  let cutOff: Promise<unknown> | undefined
  const endless = await serving(t, (_, response: ServerResponse) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(answerBytesMax)
    const more = () => {
      sent += chunk.length
      if (!response.destroyed) response.write(chunk, () => setImmediate(more))
    }
    cutOff = once(response, 'close')
    more()
  })
  t.same(await new WebhookHttp().post({ url: endless, headers, body }, never), { kind: 'answered', status: 200 })
  await cutOff
  t.ok(sent > 0, 'the receiver was cut off while it wrote')

  const ending = new AbortController()
  const silent = await serving(t, () => ending.abort())
  t.same(await new WebhookHttp().post({ url: silent, headers, body }, ending.signal), {
    kind: 'failed',
    reason: 'no answer in time',
  })
  const dripping = new AbortController()
  const slow = await serving(t, (_, response) => {
    response.writeHead(200).write('a')
    setImmediate(() => dripping.abort())
  })
  t.match(
    await new WebhookHttp().post({ url: slow, headers, body }, dripping.signal),
    { kind: /answered|failed/ },
    'it ends',
  )
  t.same(await new WebhookHttp().post({ url: silent, headers, body }, AbortSignal.abort()), {
    kind: 'failed',
    reason: 'no answer in time',
  })

  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const port = portOf(gone)
  gone.close()
  await once(gone, 'close')
  t.same(await new WebhookHttp().post({ url: `http://localhost:${port}`, headers, body }, never), {
    kind: 'failed',
    reason: 'ECONNREFUSED',
  })
})

t.test('what is no HTTP is a failure with a reason', async t => {
  const answers = [
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n',
    'SSH-2.0-server\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    '',
  ]
  for (const answer of answers) {
    const server = createTcpServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${portOf(server)}`
    t.match(
      await new WebhookHttp().post({ url, headers, body }, never),
      { kind: 'failed', reason: /./ },
      JSON.stringify(answer.slice(0, 20)),
    )
    server.close()
  }
})

t.test('URLs that may not be posted to are refused when they are given, and again when they are used', async t => {
  const http = new WebhookHttp()
  const fine = [
    'https://example.org/hook',
    'https://example.org:8443/hook?x=1',
    'http://localhost:3000/',
    'http://127.0.0.1/',
    'http://[::1]:3000/',
    'https://localhost/',
    'http://0x7f.1/',
    'https://1.1.1.1/',
    'https://[2606:4700::1111]/',
  ]
  for (const url of fine) t.equal(http.problem(url), undefined, url)
  const rows: readonly (readonly [url: string, problem: RegExp])[] = [
    ['', /expected a URL/],
    ['example.org', /expected a URL/],
    ['ftp://example.org/', /begins with https/],
    ['file:///etc/passwd', /begins with https/],
    ['javascript:alert(1)', /begins with https/],
    ['http://example.org/', /expected https/],
    ['http://localhost.example.org/', /expected https/],
    ['http://10.0.0.1/', /expected https/],
    ['https://kim@example.org/', /no user name/],
    ['https://kim:secret@example.org/', /no user name/],
    ['https://10.0.0.1/', /public address, 10\.0\.0\.1 is none/],
    ['https://169.254.169.254/latest', /public address/],
    ['https://[fe80::1]/', /public address/],
    ['https://[::ffff:10.0.0.1]/', /public address/],
    ['https://[::ffff:127.0.0.1]/', /public address/],
    ['https://0/', /public address/],
    [`https://example.org/${'a'.repeat(2048)}`, /at most 2048 characters/],
  ]
  for (const [url, problem] of rows) {
    t.match(http.problem(url), problem, url.slice(0, 60))
    t.match(
      await http.post({ url, headers, body }, never),
      { kind: 'failed', reason: /the URL is refused/ },
      url.slice(0, 60),
    )
  }
  const allowed = new WebhookHttp({ plainHttp: true, privateAddresses: true })
  for (const url of ['http://example.org/', 'http://10.0.0.1/', 'https://192.168.1.1/', 'https://[fd00::1]/'])
    t.equal(allowed.problem(url), undefined, url)
  t.match(allowed.problem('https://kim@example.org/'), /no user name/)
})

t.test('a name is judged by the address that is connected to', async t => {
  let served = 0
  const base = await serving(t, (_, response) => {
    served += 1
    response.end()
  })
  const port = new URL(base).port
  const url = `http://inside.example:${port}/`
  for (const addresses of [['127.0.0.1'], ['10.1.2.3', '169.254.169.254'], ['::1'], ['fd00::1'], []]) {
    const resolver = resolving(...addresses)
    const http = new WebhookHttp({ plainHttp: true }, resolver.lookup)
    t.match(
      await http.post({ url, headers, body }, never),
      { kind: 'failed', reason: /inside\.example leads to no address that is allowed/ },
      addresses.join(),
    )
    t.equal(resolver.asked, 1, 'looked up once, by the connection')
  }
  t.equal(served, 0)
  const local = new WebhookHttp({}, resolving('10.0.0.1').lookup)
  t.match(
    await local.post({ url: `http://localhost:${port}/`, headers, body }, never),
    { kind: 'failed', reason: /no address that is allowed: 10\.0\.0\.1/ },
    'what is called localhost must be it',
  )
  const allowed = new WebhookHttp({ plainHttp: true, privateAddresses: true }, resolving('127.0.0.1').lookup)
  t.same(await allowed.post({ url, headers, body }, never), { kind: 'answered', status: 200 })
  t.equal(served, 1, 'and with the setting it is reached')
  const mixed = new WebhookHttp({}, resolving('10.0.0.1', '127.0.0.1').lookup)
  t.same(
    await mixed.post({ url: `http://localhost:${port}/`, headers, body }, never),
    { kind: 'answered', status: 200 },
    'of several addresses only those that are allowed are tried',
  )
  const failing = new WebhookHttp({ plainHttp: true }, (_name, _options, done) =>
    done(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), []),
  )
  t.same(await failing.post({ url, headers, body }, never), { kind: 'failed', reason: 'ENOTFOUND' })
})

t.test('public addresses are told from all others', async t => {
  for (const address of ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1', '2a00::1'])
    t.ok(isPublicAddress(address), address)
  const others = [
    ...['0.0.0.0', '10.255.0.1', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
    ...['192.0.0.8', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.51.100.1', '203.0.113.9', '224.0.0.1', '240.0.0.1'],
    ...['255.255.255.255', '::', '::1', '::ffff:1.1.1.1', '64:ff9b::a00:1', '100::1', '2001::1', '2001:db8::1'],
    ...['2002:a00:1::', '3fff::1', 'fc00::1', 'fd12::1', 'fe80::1', 'ff02::1', '', 'localhost', '1.1.1', '01.1.1.1'],
  ]
  for (const address of others) t.notOk(isPublicAddress(address), address)
  for (const address of ['127.0.0.1', '127.255.0.9', '::1']) t.ok(isLoopbackAddress(address), address)
  for (const address of ['128.0.0.1', '::2', '::ffff:127.0.0.1', 'localhost', ''])
    t.notOk(isLoopbackAddress(address), address)
})
