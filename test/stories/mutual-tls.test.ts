// Devices with certificates, as processes and on the wire: from the request to the revocation, with the real agent; and
// everybody who shows a certificate that is not his, or none.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from 'node:process'
import { type ConnectionOptions, connect } from 'node:tls'
import { connectAsync } from 'mqtt'
import type { IConnectPacket } from 'mqtt-packet'
import t from 'tap'
import { fetchHttps } from '../../operator/https.ts'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import { makeTrust, testKeys } from '../fixtures/bundle.ts'
import { Authority, type Issued, request } from '../fixtures/certificates.ts'
import { drover, type Ended } from '../operator/cli/run.ts'
import { startBroker, untilValue } from './process.ts'
import { ShortLived } from './short-lived.ts'
import { StoryAgent } from './story-agent.ts'

const authority = new Authority()
const devices = new Authority('Devices')
const own = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })

t.test('certificates of devices from the request to the revocation', { timeout: 110_000 }, async t => {
  const folder = t.testdir({ ...own, ca: authority.cert, 'devices.cert': devices.cert, 'devices.key': devices.key })
  const path = (...names: string[]): string => join(folder, ...names)
  const broker = await startBroker(folder, undefined, [
    ...['--tls-cert', path('cert'), '--tls-key', path('key'), '--mqtts-port', '0', '--mqtt-port', 'off'],
    ...['--ws-port', '0'],
    ...['--device-ca', path('devices.cert'), '--device-ca-key', path('devices.key')],
  ])
  t.teardown(() => broker.kill())
  const { mqttsPort, wsPort } = JSON.parse(readFileSync(path('ready.json'), 'utf8'))
  const env = {
    ...{ DROVER_URL: `https://127.0.0.1:${broker.httpPort}`, DROVER_CA: path('ca') },
    DROVER_TOKEN_FILE: path('data/admin-token'),
  }
  const says = async (line: string, code = 0): Promise<Ended> => {
    const ended = await drover([...line.split(' '), '--json'], env)
    t.equal(ended.code, code, `${line}: ${ended.stderr}`)
    return ended
  }
  /** Enrolled by a request of its own; the key has never left this test. */
  const certified = async (id: string): Promise<Issued> => {
    const { csr, key } = request(id)
    writeFileSync(path(`${id}.csr`), csr)
    await says(`devices enroll ${id} --csr ${path(`${id}.csr`)} --out ${path(`${id}.cert`)}`)
    return { key, cert: readFileSync(path(`${id}.cert`), 'utf8') }
  }
  const enters = async (tls: ConnectionOptions, wishes: Partial<IConnectPacket>): Promise<RawClient> => {
    const socket = connect({ host: '127.0.0.1', port: mqttsPort, ca: authority.cert, ...tls })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    const client = new RawClient(socket)
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      clientId: '',
      ...wishes,
    })
    return client
  }
  const answer = async (tls: ConnectionOptions, wishes: Partial<IConnectPacket>): Promise<number | undefined> => {
    const client = await enters(tls, wishes)
    const code = await client.connack()
    client.destroy()
    return code
  }

  writeFileSync(path('trust.bin'), makeTrust(testKeys()))
  const hall = await certified('hall')
  const cellar = await certified('cellar')
  const { secret } = (await says('devices enroll attic')).lines[0]
  t.match((await says(`devices enroll hall --csr ${path('ca')}`, 2)).stderr, /--csr.*expected a certificate request/)

  await StoryAgent.start(path('agent'), {
    ...{ id: 'hall', secret: '', mqttPort: 0, trustFile: path('trust.bin') },
    settings: {
      ...{ url: `mqtts://127.0.0.1:${mqttsPort}`, password: undefined },
      tls: { caFile: path('ca'), certFile: path('hall.cert'), keyFile: path('hall.key') },
    },
  }).then(agent => {
    t.teardown(() => agent.stop())
  })
  // It tries again by itself until its key is there.
  writeFileSync(path('hall.key'), hall.key)
  const online = async (wanted: boolean) =>
    (await says('devices show hall')).lines[0]?.online === wanted ? true : undefined
  await untilValue(() => online(true))

  // Trust documents are read again at SIGHUP; what does not follow the one in force changes nothing.
  const logs = () => readFileSync(path('broker.log'), 'utf8')
  const hangup = async (event: string): Promise<void> => {
    const times = (): number => logs().split(`"event":"${event}"`).length
    const before = times()
    kill(JSON.parse(readFileSync(path('ready.json'), 'utf8')).pid, 'SIGHUP')
    await untilValue(async () => times() > before || undefined)
  }
  mkdirSync(path('data/trust'))
  for (const version of [1, 2]) writeFileSync(path(`data/trust/${version}.bin`), makeTrust(testKeys(), { version }))
  await hangup('trust-reloaded')
  await untilValue(async () => /"event":"trust-taken"/.test(readFileSync(path('agent/log'), 'utf8')) || undefined)
  writeFileSync(path('data/trust/3.bin'), makeTrust(testKeys('thief'), { version: 3 }))
  await hangup('trust-not-reloaded')
  rmSync(path('data/trust/2.bin'))
  rmSync(path('data/trust/3.bin'))
  await hangup('trust-not-reloaded')
  t.match(logs(), /they do not follow one another/)
  t.match(logs(), /version 2, which is in force, is not among the documents/)

  const foreign = new Authority('Foreign').issue({ name: 'hall', use: 'client' })
  const sameName = new Authority('Devices').issue({ name: 'hall', use: 'client' })
  const forged = devices.issue({ name: 'hall', use: 'client' })
  const past = devices.issue({ name: 'hall', use: 'client', validFrom: new Date(0), validTo: new Date(86_400_000) })
  const password = Buffer.from(secret)
  const rows: readonly (readonly [
    name: string,
    tls: ConnectionOptions,
    Partial<IConnectPacket>,
    code: number | undefined,
  ])[] = [
    ['no certificate and no password', {}, { clientId: 'hall', username: 'hall' }, 4],
    ['nothing at all', {}, { clientId: 'hall' }, 5],
    ['another authority', { ...foreign }, { clientId: 'hall', username: 'hall' }, 5],
    [
      'an authority of the same name, refused in the handshake',
      { ...sameName },
      { clientId: 'hall', username: 'hall' },
      undefined,
    ],
    ['the authority’s key, but not its list', { ...forged }, { clientId: 'hall', username: 'hall' }, 5],
    ['past its end', { ...past }, { clientId: 'hall', username: 'hall' }, 5],
    ['for servers', { ...devices.issue({ name: 'hall' }) }, { clientId: 'hall', username: 'hall' }, 5],
    ['the client id of another', { ...cellar }, { clientId: 'hall' }, 2],
    ['the user name of another', { ...cellar }, { clientId: 'hall', username: 'hall' }, 5],
    ['name and password of another', { ...cellar }, { clientId: 'attic', username: 'attic', password }, 5],
    ['a password, no certificate, as before', {}, { clientId: 'attic', username: 'attic', password }, 0],
  ]
  for (const [name, tls, wishes, code] of rows) t.equal(await answer(tls, wishes), code, name)

  // 20 times the id of a device that is connected, by somebody with a certificate of his own.
  const victim = await enters(cellar, { clientId: 'cellar', username: 'cellar' })
  t.equal(await victim.connack(), 0)
  const spare = await certified('spare')
  for (let count = 0; count < 20; count++) t.equal(await answer(spare, { clientId: 'cellar' }), 2)
  t.ok(await victim.ping(), 'whom nobody has thrown out')
  let session: Buffer | undefined
  const second = await enters(cellar, { clientId: 'cellar' })
  second.socket.on('session', (ticket: Buffer) => {
    session = ticket
  })
  t.equal(await second.connack(), 0)
  await victim.whenClosed()
  t.ok(await second.ping(), 'the same identity takes its place')

  const web = { ca: authority.cert, reconnectPeriod: 0, protocolVersion: 4 } as const
  const address = `wss://127.0.0.1:${wsPort}/mqtt`
  const inBrowser = await connectAsync(address, { ...web, ...spare, clientId: 'spare' })
  await t.rejects(connectAsync(address, { ...web, ...spare, clientId: 'hall' }), /Identifier rejected/)
  await t.rejects(connectAsync(address, { ...web, ...forged, clientId: 'hall' }), /Not authorized/)
  await inBrowser.endAsync()

  await says('devices revoke cellar --yes')
  await second.whenClosed()
  t.equal(await answer(cellar, { clientId: 'cellar' }), 5, 'revoked')
  if (session === undefined) throw new Error('no session')
  t.equal(
    await answer({ ...cellar, session, maxVersion: 'TLSv1.3' }, { clientId: 'cellar' }),
    5,
    'in a session of before, too',
  )
  t.ok(await online(true), 'others stay')

  const { token } = (await says('devices enroll-token cellar')).lines[0]
  const renewed = request('cellar')
  writeFileSync(path('body.json'), JSON.stringify({ device: 'cellar', token, csr: renewed.csr }))
  const made = await postOver(authority.cert, `${env.DROVER_URL}/v1/enroll`, readFileSync(path('body.json'), 'utf8'))
  t.equal(
    await answer({ key: renewed.key, cert: made.certificate }, { clientId: 'cellar' }),
    0,
    'enrolled again by a token',
  )
  t.equal(await answer(cellar, { clientId: 'cellar' }), 5, 'and the one of before stays out')
  await says('devices revoke hall --yes')
  await untilValue(() => online(false))
  const log = readFileSync(path('broker.log'), 'utf8')
  t.notMatch(log, token)
  t.match(log, /"reason":"certificate"/)
})

t.test('a device renews its certificate by itself and is connected by the new one', { timeout: 60_000 }, async t => {
  const scene = await ShortLived.open(t, { authority, devices, own, lifeMs: 10_000 })
  const { csr, key } = request('hall')
  const first = await scene.certified('hall', csr)
  await scene.device('hall', { cert: first.certificate, key })
  const listed = async () => (await drover(['devices', 'certificates', 'hall', '--json'], scene.env)).lines
  await untilValue(async () => ((await scene.online('hall')) ? true : undefined))
  t.match(await listed(), [{ serial: first.serial }], 'connected as it was provisioned')

  await untilValue(async () => (scene.logged('certificate-in-use') > 0 ? true : undefined), 30_000)
  await untilValue(async () => ((await scene.online('hall')) ? true : undefined))
  const now = await listed()
  t.notMatch(now[0], { serial: first.serial })
  t.equal(await scene.connack({ cert: first.certificate, key }, 'hall'), 5, 'the first one is over, before its end')

  // After a start it goes on with what it was given last, though what it was provisioned with has ended.
  await scene.restarted('hall')
  await untilValue(async () => ((await scene.online('hall')) ? true : undefined))
  const { stdout } = await drover(['audit', 'list', '--json'], scene.env)
  t.match(stdout, /policy:certificate-renewal/)
  t.notMatch(stdout + scene.lines.join('\n'), /PRIVATE KEY|BEGIN CERT/)
})

async function postOver(ca: string, url: string, body: string): Promise<{ readonly certificate: string }> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetchHttps(new URL(url), {
    method: 'POST',
    headers,
    body,
    ca,
    signal: AbortSignal.timeout(10_000),
  })
  return (await response.json()) as { certificate: string }
}
