// The line over TLS: the broker proves its name before a byte of MQTT is sent, what is wrong is told in words, and it is
// tried again as after every other failure.

import { unlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { Aedes } from 'aedes'
import t, { type Test } from 'tap'
import { MqttLink, type MqttLinkSettings } from '../../../../agent/adapters/mqtt/mqtt-link.ts'
import { probeBroker } from '../../../../agent/adapters/mqtt/probe.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../../../agent/adapters/system-random.ts'
import { Authority, type CertificateWishes } from '../../../fixtures/certificates.ts'
import { device, listening, log, until, watched } from './line.ts'

const authority = new Authority()
const day = 24 * 3_600_000

interface Served {
  readonly port: number
  /** Bytes that came out of TLS, and handshakes that were done. */
  readonly seen: { bytes: number; sockets: TLSSocket[] }
}

/** A server with this certificate; with `broker` it speaks MQTT. */
async function served(
  t: Test,
  wishes: Partial<CertificateWishes> = {},
  options: TlsOptions = {},
  broker?: Aedes,
): Promise<Served> {
  const issued = authority.issue({ name: 'broker', hosts: ['127.0.0.1'], ...wishes })
  const seen: Served['seen'] = { bytes: 0, sockets: [] }
  const server = createTlsServer({ ...issued, ...options }, socket => {
    seen.sockets.push(socket)
    socket.on('error', () => {})
    if (broker !== undefined) broker.handle(socket)
    else
      socket.on('data', bytes => {
        seen.bytes += bytes.length
      })
  })
  return { port: await listening(t, server as Server), seen }
}

function files(t: Test, contents: Record<string, string> = {}) {
  const folder = t.testdir({ ca: authority.cert, ...contents })
  return (name: string): string => join(folder, name)
}

/** A link and the reasons it told. */
function started(t: Test, settings: Pick<MqttLinkSettings, 'port'> & Partial<MqttLinkSettings>) {
  const reasons: string[] = []
  const warn = ({ reason }: { readonly reason?: unknown }): void => void reasons.push(String(reason))
  const link = new MqttLink(
    { clock: systemClock, random: systemRandom, log: { ...log, warn } },
    {
      ...{ deviceId: device, host: '127.0.0.1', username: 'd1', password: 'secret', receiveBytesMax: 100_000 },
      reconnect: { baseMs: 10, capMs: 50 },
      ...settings,
    },
  )
  t.teardown(() => link.close())
  const handlers = watched()
  link.start(handlers)
  return { link, handlers, reasons }
}

t.test('over TLS everything is as over TCP, and a second connection takes up the session of the first', async t => {
  const broker = await Aedes.createBroker()
  t.teardown(() => new Promise<void>(resolve => broker.close(resolve)))
  const { port, seen } = await served(t, {}, {}, broker)
  const { link, handlers } = started(t, { port, tls: { caFile: files(t)('ca') } })
  await handlers.seen('connected')
  await link.publish('hello', Buffer.from('h'))
  seen.sockets[0]?.destroy()
  await handlers.seen('connected', 2)
  t.notOk(seen.sockets[0]?.isSessionReused())
  t.ok(seen.sockets[1]?.isSessionReused())
})

t.test('a broker that cannot prove its name gets nothing, is told about in words, and is tried again', async t => {
  const past = { validFrom: new Date(Date.now() - 3 * day), validTo: new Date(Date.now() - day) }
  const future = { validFrom: new Date(Date.now() + day), validTo: new Date(Date.now() + 3 * day) }
  const foreign = new Authority('Foreign').cert
  const rows: readonly (readonly [name: string, wishes: Partial<CertificateWishes>, ca: string, words: RegExp])[] = [
    ['another authority', {}, foreign, /from no authority in tls\.caFile/],
    ['expired', past, authority.cert, /has expired, or the clock of this device is ahead/],
    ['not valid yet', future, authority.cert, /not valid yet, or the clock of this device is behind/],
    ['another name', { hosts: ['broker.example'] }, authority.cert, /for another name than the one in url/],
    [
      'no name but the subject',
      { name: '127.0.0.1', hosts: [] },
      authority.cert,
      /for another name than the one in url/,
    ],
    ['for clients only', { use: 'client' }, authority.cert, /not for servers/],
  ]
  for (const [name, wishes, ca, words] of rows) {
    const { port, seen } = await served(t, wishes)
    const { handlers, reasons, link } = started(t, { port, tls: { caFile: files(t, { ca })('ca') } })
    await until(`${name}: two tries`, () => reasons.length >= 2)
    for (const reason of reasons) t.match(reason, words, name)
    t.equal(seen.bytes, 0, `${name}: no password was sent`)
    t.same(handlers.facts, [])
    await link.close()
  }
})

t.test('no environment variable takes the proof away', async t => {
  const { port, seen } = await served(t)
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.teardown(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  const { reasons } = started(t, { port, tls: { caFile: files(t, { ca: new Authority('Foreign').cert })('ca') } })
  await until('a try', () => reasons.length >= 1)
  t.match(reasons[0], /from no authority/)
  t.equal(seen.bytes, 0)
})

t.test('TLS at the plain port, and the plain line at the port of TLS, are told and tried again', async t => {
  const plain = createServer((socket: Socket) => socket.on('error', () => {}).end('HTTP/1.1 400 \r\n\r\n'))
  const toPlain = started(t, { port: await listening(t, plain), tls: { caFile: files(t)('ca') } })
  await until('two tries', () => toPlain.reasons.length >= 2)
  t.match(toPlain.reasons[0], /no TLS is spoken there: is it the port for plain MQTT\?/)
  const { port } = await served(t)
  const toSecure = started(t, { port })
  await until('two tries', () => toSecure.reasons.length >= 2)
  t.match(toSecure.reasons[0], /closed by the broker or the network/)
})

t.test(
  'the certificate of the device is shown to the broker; its files are read again for each connection',
  async t => {
    const own = authority.issue({ name: 'd1', use: 'client' })
    const { port, seen } = await served(
      t,
      {},
      { ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' },
    )
    const named = files(t, { ...own })
    const tls = { caFile: named('ca'), certFile: named('cert'), keyFile: named('key') }
    const { reasons } = started(t, { port, tls })
    await until('a handshake', () => seen.sockets.length === 1)
    t.equal(seen.sockets[0]?.getPeerCertificate().subject.CN, 'd1')
    unlinkSync(named('key'))
    seen.sockets[0]?.destroy()
    await until('the key is missed', () =>
      reasons.some(reason => /tls\.keyFile .* cannot be read \(ENOENT\)/.test(reason)),
    )
    const renewed = authority.issue({ name: 'd1', use: 'client' })
    writeFileSync(named('cert'), renewed.cert)
    await until('half of a renewal', () => seen.sockets.length === 1)
    writeFileSync(named('key'), renewed.key)
    await until('a handshake with the renewed one', () => seen.sockets.length === 2)
    t.notOk(seen.sockets[1]?.isSessionReused(), 'the session of the old one is not used')
  },
)

t.test('the probe of the doctor speaks TLS in the same words', async t => {
  const broker = await Aedes.createBroker()
  t.teardown(() => new Promise<void>(resolve => broker.close(resolve)))
  const { port } = await served(t, {}, {}, broker)
  const address = { host: '127.0.0.1', port, timeoutMs: 5_000 }
  const credentials = { clientId: 'd1', username: 'd1' }
  const named = files(t, { foreign: new Authority('Foreign').cert })
  const tls = { caFile: named('ca') }
  t.match(await probeBroker(systemClock, { ...address, tls, credentials }), { kind: 'accepted' })
  t.match(await probeBroker(systemClock, { ...address, tls }), { kind: 'reached' })
  t.match(await probeBroker(systemClock, { ...address, tls: { caFile: named('foreign') } }), {
    kind: 'unreachable',
    reason: /from no authority/,
  })
  t.match(await probeBroker(systemClock, { ...address, tls: { caFile: named('absent') } }), {
    kind: 'unreachable',
    reason: /tls\.caFile .* cannot be read/,
  })
})
