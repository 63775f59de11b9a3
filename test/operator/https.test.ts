// The typed client and the command line over HTTPS with an authority of one's own.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { OperatorClient } from '../../operator/client.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { Authority } from '../fixtures/certificates.ts'
import { drover } from './cli/run.ts'
import { httpClock } from './client-clock.ts'
import { tokens } from './fake-use-cases.ts'
import { openDoor } from './http-fixture.ts'

const authority = new Authority()
const own = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })
const day = 24 * 3_600_000

const clientOf = (url: string, more: object = {}): OperatorClient =>
  new OperatorClient({
    ...{ url: new URL(url), token: tokens.admin, timeoutMs: 5_000, clock: httpClock, ca: authority.cert },
    ...more,
  })

t.test('requests, refusals and uploads are as over HTTP', async t => {
  const { url, useCases, logged } = await openDoor(t, {}, { tls: own })
  const client = clientOf(url)
  t.match(await client.enrollDevice('sensor-1'), { device: 'sensor-1' })
  await t.rejects(client.device('absent'), { name: 'Refused', code: 'NOT_FOUND', fields: [{ name: 'id' }] })
  await t.rejects(clientOf(url, { token: 'wrong' }).device('a'), { name: 'Refused', code: 'UNAUTHENTICATED' })
  const bundle = makeBundle({ image: makeImage(300_000), version: '2.0.0' })
  const path = join(t.testdir(), 'a.bundle')
  writeFileSync(path, bundle.bytes)
  const view = await client.uploadBundle(path)
  t.match(view, { id: bundle.release })
  const whole = createHash('sha256')
  useCases.onUpload = async bytes => {
    for await (const piece of bytes) whole.update(piece)
    return view
  }
  await client.uploadBundle(path)
  t.equal(whole.digest('hex'), createHash('sha256').update(bundle.bytes).digest('hex'))
  t.notMatch(logged(), tokens.admin)
})

t.test('a server that cannot prove its name gets no token; what is wrong is told in words', async t => {
  let requests = 0
  const served = async (wishes: object): Promise<string> => {
    const server = createServer(authority.issue({ name: 'broker', hosts: ['127.0.0.1'], ...wishes }), (_, answer) => {
      requests += 1
      answer.end('{}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const past = { validFrom: new Date(Date.now() - 3 * day), validTo: new Date(Date.now() - day) }
  const unreachable = (words: RegExp) => ({ code: 'UNREACHABLE', message: words })
  const refused = (words: RegExp) => ({ code: 'CERTIFICATE', message: words })
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.teardown(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  const foreign = { ca: new Authority('Foreign').cert }
  await t.rejects(clientOf(await served({}), foreign).device('a'), refused(/from no authority that is known here/))
  await t.rejects(clientOf(await served(past)).device('a'), refused(/certificate of the broker has expired/))
  await t.rejects(clientOf(await served({ hosts: ['b'] })).device('a'), refused(/IP: 127\.0\.0\.1 is not in/))
  const plain = await openDoor(t)
  await t.rejects(clientOf(plain.url.replace('http', 'https')).device('a'), unreachable(/no HTTPS is spoken there/))
  t.equal(requests, 0)
})

t.test('a redirect is not followed, and whoever waits is let go by the timeout', async t => {
  const server = createServer(own, (request, answer) => {
    if (request.url?.includes('devices')) answer.writeHead(302, { location: 'https://127.0.0.1:1/' }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  await t.rejects(clientOf(url).device('a'), { code: 'UNREACHABLE', message: /redirect/ })
  await t.rejects(clientOf(url, { timeoutMs: 200 }).principals(), { code: 'TIMEOUT' })
})

t.test('--ca names the authority, and DROVER_CA; a file that is none, or http: beside it, is told', async t => {
  const { url } = await openDoor(t, {}, { tls: own })
  const folder = t.testdir({ ca: authority.cert, junk: 'junk' })
  const env = { DROVER_URL: url, DROVER_TOKEN: tokens.admin }
  const ca = join(folder, 'ca')
  t.equal((await drover(['devices', 'list', '--ca', ca], env)).code, 0)
  t.equal((await drover(['devices', 'list'], { ...env, DROVER_CA: ca })).code, 0)
  const rows: readonly (readonly [args: string[], env: object, code: number, words: RegExp])[] = [
    [[], {}, 4, /from no authority that is known here; --ca names another/],
    [['--ca', join(folder, 'junk')], {}, 2, /--ca: .*junk holds no certificate in PEM form/],
    [['--ca', join(folder, 'absent')], {}, 2, /--ca: .*absent/],
    [['--ca', ca, '--url', 'http://127.0.0.1:1'], {}, 2, /--ca: expected an https: address/],
    [['--url', 'http://127.0.0.1:1'], { DROVER_CA: ca }, 2, /DROVER_CA: expected an https: address/],
  ]
  for (const [args, more, code, words] of rows) {
    const ended = await drover(['devices', 'list', ...args], { ...env, ...more })
    t.equal(ended.code, code, ended.stderr)
    t.match(ended.stderr, words)
  }
})
