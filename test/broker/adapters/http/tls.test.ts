// HTTPS: the same door behind a handshake, certificates renewed while it is open, and its end.
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import t from 'tap'
import { Authority } from '../../../fixtures/certificates.ts'
import { eventually } from '../mqtt/broker-under-test.ts'
import { openDoor } from './door.ts'
import { scriptedUseCases } from './scripted-use-cases.ts'

const authority = new Authority()
const own = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })

/** On a connection of its own. */
function status(url: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/healthz`, { ca, agent: new Agent({ maxCachedSessions: 0 }) }, response => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
      .once('error', reject)
      .end()
  })
}

t.test('answers over TLS, and not in plain text', async t => {
  const { url, door } = await openDoor(t, scriptedUseCases().useCases, {}, own)
  t.equal(await status(url, authority.cert), 200)
  await t.rejects(fetch(url.replace('https', 'http')), 'plain text')
  await t.rejects(status(url, new Authority('Another').cert), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  await door.close()
})

t.test('renewed certificates are for new connections', async t => {
  const { url, door } = await openDoor(t, scriptedUseCases().useCases, {}, own)
  const other = new Authority('Another')
  t.equal(await status(url, authority.cert), 200)
  door.renewTls(other.issue({ name: 'broker', hosts: ['127.0.0.1'] }))
  t.equal(await status(url, other.cert), 200)
  await t.rejects(status(url, authority.cert), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
})

t.test('a handshake has an end, and who has not asked anything yet does not hold up the closing', async t => {
  const { door, logged } = await openDoor(
    t,
    scriptedUseCases().useCases,
    { headersTimeoutMs: 200, closeGraceMs: 5_000 },
    own,
  )
  const silent = connectPlain(door.port, '127.0.0.1').on('error', () => {})
  t.ok(await eventually(() => silent.destroyed))
  t.match(
    logged.filter(({ event }) => event === 'http-handshake-failed'),
    [{ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }],
  )
  const address = { host: '127.0.0.1', port: door.port, ca: authority.cert }
  // In 1.2 the server is the first to know that the handshake is done, in 1.3 the last.
  const idle = [connect({ ...address, maxVersion: 'TLSv1.2' }), connect(address)]
  await Promise.all(idle.map(socket => new Promise(resolve => socket.once('secureConnect', resolve))))
  await door.close()
  t.ok(await eventually(() => idle.every(socket => socket.destroyed)))
  t.same(
    logged.filter(({ event }) => event === 'http-cut-off'),
    [],
  )
})
