// The console as files: which address brings which, in which form, with which headers, and what is never served.
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { pageSegments, readConsole } from '../../../../broker/adapters/http/console-files.ts'
import type { Log, LogFields } from '../../../../broker/ports.ts'
import { consoleFolder, page, script } from './console-folder.ts'
import { ask, openDoor } from './door.ts'
import { rawRequest } from './raw-request.ts'
import { scriptedUseCases, tokenOf } from './scripted-use-cases.ts'

function logInto(logged: LogFields[]): Log {
  const add = (fields: LogFields): void => {
    logged.push(fields)
  }
  return { debug: add, info: add, warn: add, error: add }
}

t.test('every page is the index, without a token and without being kept', async t => {
  const { url } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, {
    consoleDir: t.testdir(consoleFolder()),
  })
  const paths = [
    '/',
    ...['/devices', '/operations', '/events', '/artifacts', '/admin', '/sign-in'],
    ...['/operations/new', '/operations/new/', '/admin/audit/7', '/devices/a%2Fb%3A?tab=log&operation=x'],
    `/devices/${'a'.repeat(300)}`,
  ]
  for (const path of paths) {
    const answer = await rawRequest(url + path, 'GET')
    t.match(answer, { status: 200, body: page }, path.slice(0, 60))
    t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
    t.equal(answer.headers['cache-control'], 'no-cache')
  }
  t.same([...pageSegments].sort(), ['admin', 'artifacts', 'devices', 'events', 'operations', 'sign-in'])
  for (const path of ['/device', '/devicesx', '/index.html', '/console', '/assets', '/v2', '/favicon.ico'])
    t.match(await rawRequest(url + path, 'GET'), { status: 404, body: { object: 'error', type: 'NOT_FOUND' } }, path)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    t.equal((await rawRequest(`${url}/devices`, method)).status, 404, method)
  t.equal((await rawRequest(`${url}/v1/devices`, 'GET')).status, 401, 'the addresses of programs stay what they are')
  t.match(await rawRequest(`${url}/v1/nothing`, 'GET', { accept: 'text/html' }), {
    status: 404,
    headers: { 'content-type': /json/ },
  })
})

t.test('what a page may do is written in its headers; answers to programs keep their own', async t => {
  const { url } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, {
    consoleDir: t.testdir(consoleFolder()),
  })
  for (const path of ['/', '/operations/new', '/assets/main-AB12.js']) {
    const { headers } = await rawRequest(url + path, 'GET')
    const policy = String(headers['content-security-policy']).split('; ')
    t.same(
      policy,
      [
        ...[
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "img-src 'self' data:",
          "connect-src 'self'",
        ],
        ...["font-src 'self'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"],
      ],
      path,
    )
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      'x-request-id': /./,
    })
  }
  const api = await ask(`${url}/v1/devices`, tokenOf('viewer'))
  t.equal(api.headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'")
  t.equal(api.headers.get('cache-control'), 'no-store')
  const lost = await rawRequest(`${url}/assets/nothing.js`, 'GET')
  t.match(lost, { status: 404, body: { type: 'NOT_FOUND' } })
  t.equal(lost.headers['cache-control'], 'no-store', 'that there is nothing is not kept for a year')
})

t.test('assets are kept for ever, in the smallest form that the browser takes', async t => {
  const { url } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, {
    consoleDir: t.testdir(consoleFolder()),
  })
  const rows: readonly (readonly [accepted: string | undefined, encoding: string | undefined])[] = [
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['zstd, deflate', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0.1, gzip;q=1.0', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['BR ; q=0.000, GZIP', 'gzip'],
    ['brr', undefined],
  ]
  const etags = new Set<unknown>()
  for (const [accepted, encoding] of rows) {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
    const answer = await rawRequest(`${url}/assets/main-AB12.js`, 'GET', headers)
    t.equal(answer.headers['content-encoding'], encoding, `${accepted}`)
    t.equal(answer.headers['content-length'], String(answer.bytes.length))
    const unpack = encoding === 'br' ? brotliDecompressSync : encoding === 'gzip' ? gunzipSync : Buffer.from
    const plain = unpack(answer.bytes)
    t.equal(plain.toString(), script)
    t.match(answer.headers, {
      vary: 'accept-encoding',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    })
    etags.add(answer.headers.etag)
  }
  t.equal(etags.size, 3, 'each form has its own mark')
  const style = await rawRequest(`${url}/assets/main-CD34.css`, 'GET', { 'accept-encoding': 'gzip, br' })
  t.match(style, { status: 200, body: 'a{}', headers: { 'content-type': 'text/css; charset=utf-8' } })
  t.equal(style.headers['content-encoding'], undefined, 'there is no other form')
  t.match((await rawRequest(`${url}/assets/mark.svg`, 'GET')).headers, { 'content-type': 'image/svg+xml' })
})

t.test('what the browser has already is not sent again, and HEAD sends headers only', async t => {
  const { url } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, {
    consoleDir: t.testdir(consoleFolder()),
  })
  const address = `${url}/assets/main-AB12.js`
  const whole = await rawRequest(address, 'GET', { 'accept-encoding': 'br' })
  const etag = whole.headers.etag ?? ''
  t.match(etag, /^"[A-Za-z0-9_-]{20,}-br"$/)
  for (const given of [etag, `W/${etag}`, `"a", ${etag}`, '*']) {
    const answer = await rawRequest(address, 'GET', { 'accept-encoding': 'br', 'if-none-match': given })
    t.equal(answer.status, 304, given)
    t.equal(answer.bytes.length, 0)
    t.match(answer.headers, { etag, 'cache-control': /immutable/, vary: 'accept-encoding' })
    t.equal(answer.headers['content-encoding'], undefined)
  }
  t.equal((await rawRequest(address, 'GET', { 'accept-encoding': 'gzip', 'if-none-match': etag })).status, 200)
  t.equal((await rawRequest(address, 'GET', { 'accept-encoding': 'br', 'if-none-match': '"a"' })).status, 200)
  for (const path of ['/', '/operations/new', '/assets/main-AB12.js']) {
    const get = await rawRequest(url + path, 'GET')
    const head = await rawRequest(url + path, 'HEAD')
    t.same([head.status, head.bytes.length], [200, 0], path)
    for (const name of ['content-length', 'content-type', 'etag', 'cache-control', 'content-security-policy'])
      t.equal(head.headers[name], get.headers[name], `${path} ${name}`)
  }
  t.equal((await rawRequest(`${url}/assets/none.js`, 'HEAD')).status, 404)
})

t.test('nothing but files of the folder is served, whatever the address says', async t => {
  const folder = t.testdir({ secret: 'a secret', console: consoleFolder() })
  await symlink(join(folder, 'secret'), join(folder, 'console/assets/link.txt'))
  const { url, logged } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, {
    consoleDir: join(folder, 'console'),
  })
  t.match(
    logged
      .filter(({ event }) => event === 'console-file-left-out')
      .map(({ name }) => name)
      .sort(),
    ['.hidden.js', 'photo.exe'],
    'they are told of',
  )
  for (const name of [
    ...['..%2Findex.html', '..%2F..%2Fsecret', '%2e%2e%2f%2e%2e%2fsecret', '%00', 'link.txt', 'photo.exe'],
    ...['.hidden.js', 'main-AB12.js.br', 'main-AB12.js.gz', 'main-AB12.js%2F', 'constructor', '__proto__', 'folder'],
  ]) {
    const answer = await rawRequest(`${url}/assets/${name}`, 'GET')
    t.not(answer.status, 200, name)
    t.notMatch(answer.body, /secret/, name)
  }
})

t.test(
  'a folder that is missing, without an index or too large is no console, and the door opens all the same',
  async t => {
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, number) => [`a-${number}.js`, '']))
    const large = { 'index.html': page, assets: { 'a.js': 'x'.repeat(4_000_000), 'a.js.gz': 'x'.repeat(4_388_700) } }
    const { 'a-0.js': _, ...fewer } = many
    const folder = t.testdir({
      'no-index': { assets: { 'a.js': '' } },
      'no-assets': { 'index.html': page },
      'a-link-for-an-index': { assets: { 'a.js': '' } },
      'many-files': { 'index.html': page, assets: many },
      'large-files': large,
      '64-files': { 'index.html': page, assets: fewer },
    })
    await symlink(join(folder, 'no-assets/index.html'), join(folder, 'a-link-for-an-index/index.html'))
    for (const [name, event, problem] of [
      ['nowhere', 'console-absent', undefined],
      ['no-index', 'console-absent', undefined],
      ['no-assets', 'console-absent', undefined],
      ['a-link-for-an-index', 'console-absent', undefined],
      ['many-files', 'console-not-read', /at most 64 files/],
      ['large-files', 'console-not-read', /at most 8388608 bytes/],
    ] as const) {
      const logged: LogFields[] = []
      t.ok((await readConsole(join(folder, name), logInto(logged))) === undefined, name)
      t.match(logged, [{ event, ...(problem === undefined ? {} : { err: { message: problem } }) }], name)
    }
    t.ok(await readConsole(join(folder, '64-files'), logInto([])), '64 are not too many')

    const { url } = await openDoor(t, scriptedUseCases().useCases, {}, undefined, {
      consoleDir: join(folder, 'nowhere'),
    })
    for (const path of ['/', '/devices'])
      t.match(await rawRequest(url + path, 'GET'), { status: 404, body: { object: 'error' } })
    t.equal((await rawRequest(`${url}/healthz`, 'GET')).status, 200)
    const without = await openDoor(t, scriptedUseCases().useCases)
    t.equal((await rawRequest(`${without.url}/`, 'GET')).status, 404)
  },
)
