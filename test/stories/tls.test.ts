// Everything over TLS, as processes: broker, agent and command line, with an authority of their own. There is no plain
// MQTT. A device is updated, the certificate of the broker is renewed under it, and what is not believed stays out.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { testClassId, testVendorId } from '../fixtures/bundle.ts'
import { Authority } from '../fixtures/certificates.ts'
import { drover, type Ended, spawned } from '../operator/cli/run.ts'
import { startBroker, untilValue } from './process.ts'
import { StoryAgent, storyImage } from './story-agent.ts'

const authority = new Authority()
const own = authority.issue({ name: 'broker', hosts: ['127.0.0.1'] })

t.test('an update from the key to the export, by mqtts: and https: alone', { timeout: 110_000 }, async t => {
  const folder = t.testdir({ ...own, ca: authority.cert, foreign: new Authority().cert, image: storyImage('2.0.0') })
  const path = (...names: string[]): string => join(folder, ...names)
  const tls = ['--tls-cert', path('cert'), '--tls-key', path('key'), '--mqtts-port', '0', '--mqtt-port', 'off']
  const broker = await startBroker(folder, undefined, tls)
  t.teardown(() => broker.kill())
  const ready = JSON.parse(readFileSync(path('ready.json'), 'utf8'))
  t.equal(ready.mqttPort, undefined, 'no plain MQTT')
  const { mqttsPort } = ready
  const env = {
    ...{ DROVER_URL: `https://127.0.0.1:${broker.httpPort}`, DROVER_CA: path('ca') },
    DROVER_TOKEN_FILE: path('data/admin-token'),
  }
  const says = async (line: string, code = 0, as: object = env): Promise<Ended> => {
    const ended = await drover([...line.split(' '), '--json'], { ...as })
    t.equal(ended.code, code, `${line}: ${ended.stderr}`)
    return ended
  }
  await says(`keys create --out ${path('keys')}`)
  await says(`devices enroll hall spare --out-dir ${path('passwords')}`)
  t.equal(statSync(path('passwords/hall')).mode & 0o777, 0o600)
  const agent = await StoryAgent.start(path('hall'), {
    ...{ id: 'hall', mqttPort: 0, trustFile: path('keys/trust.bin') },
    secret: readFileSync(path('passwords/hall'), 'utf8').trim(),
    settings: { url: `mqtts://127.0.0.1:${mqttsPort}`, tls: { caFile: path('ca') } },
  })
  t.teardown(() => agent.stop())
  const sign = `--vendor-id ${testVendorId} --class-id ${testClassId} --key ${path('keys/release.pem')}`
  await says(
    `artifact create --image ${path('image')} --component main --version 2.0.0 ${sign} --out ${path('a.bundle')}`,
  )
  await says(`artifact upload ${path('a.bundle')}`)
  const registered = async () => {
    const { lines } = await says('devices show hall')
    return lines[0]?.online === true && lines[0]?.state === 'registered' ? lines[0] : undefined
  }
  await untilValue(registered)
  const { lines } = await says('operation create --release main@2.0.0 --device hall')
  const watched = await says(`operation watch ${lines[0].id}`)
  t.match(watched.lines.at(-1), { state: 'completed', updated: 1, errors: 0 }, 'followed live')
  t.equal(await agent.boots(), 2)
  await says(`operation export ${lines[0].id} --out ${path('export.csv')}`)
  t.match(readFileSync(path('export.csv'), 'utf8'), /hall/)
  await says('devices deregister spare --yes')
  t.match((await says('devices enroll-token spare', 3)).stderr, /this broker signs no certificates/)

  await says('devices list', 4, { ...env, DROVER_CA: path('foreign') })
  const bare = { ...env, DROVER_CA: '' }
  t.match((await says('devices list', 4, bare)).stderr, /from no authority that is known here/)
  const plainUrl = env.DROVER_URL.replace('https', 'http')
  t.match((await says('devices list', 4, { ...bare, DROVER_URL: plainUrl })).stderr, /UNREACHABLE/)
  t.equal((await spawned(['devices', 'list', '--json'], env)).lines[0].id, 'hall', 'the bin as it is installed')

  // Certificates renewed while a device is connected: half of a renewal changes nothing, a whole one is for who comes next.
  const standing = await secured(mqttsPort, authority.cert)
  const other = new Authority('Another')
  const renewed = other.issue({ name: 'broker', hosts: ['127.0.0.1'] })
  const log = () => readFileSync(path('broker.log'), 'utf8')
  writeFileSync(path('cert'), renewed.cert)
  broker.process.kill('SIGHUP')
  await untilValue(async () => /certificates-not-reloaded.*--tls-key .*is not the key/.test(log()) || undefined)
  ;(await secured(mqttsPort, authority.cert)).destroy()
  writeFileSync(path('key'), renewed.key)
  broker.process.kill('SIGHUP')
  await untilValue(async () => log().includes('"certificates-reloaded"') || undefined)
  await t.rejects(secured(mqttsPort, authority.cert), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  ;(await secured(mqttsPort, other.cert)).destroy()
  await says('devices list', 0, { ...env, DROVER_CA: writeAnd(path('ca-2'), other.cert) })
  t.notOk(standing.destroyed)
  t.notMatch(await agent.log(), /link-down.*link-down/s, 'the device has lost its connection for its own restart only')
  standing.destroy()

  const plain = connectTcp(mqttsPort, '127.0.0.1').on('error', () => {})
  plain.end(Buffer.from('101000044d515454040200 3c000468616c6c'.replaceAll(' ', ''), 'hex'))
  await new Promise(resolve => plain.resume().once('close', resolve))
  t.equal(await broker.stop(), 0)
  t.notMatch(log(), /PRIVATE KEY/)
})

t.test(
  'files that cannot be used keep the broker from starting, each with its setting and what was expected',
  async t => {
    const folder = t.testdir({ cert: own.key, key: 'junk' })
    const args = ['--tls-cert', join(folder, 'cert'), '--tls-key', join(folder, 'key')]
    await t.rejects(
      startBroker(folder, undefined, args),
      /--tls-cert .*holds no certificate.*\n.*--tls-key .*no private key/,
    )
  },
)

async function secured(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca })
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return socket.on('error', () => {})
}

function writeAnd(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}
