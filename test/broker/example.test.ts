// The example of attaching to one's own Aedes, as it stands in the documents: it type-checks, a device and a client of
// the host come through it, and SIGTERM ends it although both are still connected.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import t from 'tap'

const compiled = fileURLToPath(new URL('../..', import.meta.url))
const root = [compiled, dirname(compiled), process.cwd()].find(folder => existsSync(join(folder, 'README.md'))) ?? ''

function exampleIn(document: string): string {
  const blocks = readFileSync(join(root, document), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
  return [...blocks].map(([, code = '']) => code).find(code => code.includes('attach(aedes')) ?? ''
}
const example = exampleIn('README.md')

/** A folder from which the libraries are found, beside the compiled product. */
function workshop(t: { teardown(action: () => void): unknown }): string {
  mkdirSync(join(compiled, 'test'), { recursive: true })
  const folder = mkdtempSync(join(compiled, 'test', 'example-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the example has no ${from}`)
  return text.replace(from, to)
}

t.test('it is the same ten lines in both documents, and imports what the package exports', async t => {
  t.ok(example)
  t.equal(exampleIn('docs/ARCHITECTURE.md'), example)
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.equal(exports['./broker'].default, './dist/broker/plugin.js')
  t.equal(exports['./broker'].types, './dist/broker/plugin.d.ts')
})

t.test('it type-checks against the types that are published', { timeout: 110_000 }, async t => {
  const folder = workshop(t)
  writeFileSync(join(folder, 'example.ts'), replaced(example, `'drover/broker'`, `'../../broker/plugin.js'`))
  const options = '--ignoreConfig --noEmit --strict --skipLibCheck --target es2023 --module nodenext --types node'
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const checked = await promisify(execFile)(process.execPath, [tsc, ...options.split(' '), 'example.ts'], {
    cwd: folder,
  }).catch((error: { stdout: string }) => error)
  t.equal(checked.stdout, '')
})

t.test('devices and the host’s clients come through it, and SIGTERM ends it', { timeout: 30_000 }, async t => {
  const folder = workshop(t)
  // The same program on a free port, which tells the port and the password of a device.
  const told = `server.once('listening', () => console.log(JSON.stringify({ port: server.address().port, secret })))`
  const enrolled = `const { secret } = await drover.useCases.enrollDevice({ name: 'host', role: 'admin' }, { device: 'sensor-1' })`
  const program = [
    [`'drover/broker'`, `'../../broker/plugin.js'`],
    ['server.listen(1883,', `${enrolled}\n${told}\nserver.listen(0,`],
  ].reduce((text, [from = '', to = '']) => replaced(text, from, to), example)
  writeFileSync(join(folder, 'example.mjs'), program)
  const host = spawn(process.execPath, ['example.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(host, 'exit')
  t.teardown(() => host.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: host.stdout }), 'line')
  const { port, secret } = JSON.parse(line)

  const connect = (options: IClientOptions): Promise<MqttClient> =>
    mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, ...options }, false)
  const stranger = await connect({ clientId: 'of-the-host' })
  const device = await connect({ clientId: 'sensor-1', username: 'sensor-1', password: secret })
  t.teardown(() => [stranger.end(true), device.end(true)])
  await t.rejects(connect({ clientId: 'sensor-1', username: 'sensor-1', password: 'wrong' }), 'our rules hold')
  await stranger.subscribeAsync('home/#')
  const heard = new Promise(resolve => stranger.once('message', resolve))
  await stranger.publishAsync('home/door', 'open', { qos: 1 })
  t.equal(await heard, 'home/door', 'so do the rules of the host')
  const [granted] = await device.subscribeAsync('drover/v1/devices/sensor-1/offer', { qos: 1 })
  t.match(granted, { qos: 1 }, 'a device may listen to its own offers')

  host.kill('SIGTERM')
  t.same(await ended, [0, null], 'ended by itself, in order')
})
