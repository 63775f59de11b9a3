// The other operations as people meet them: the real broker with its operations key, two real agents, the command line. A
// configuration is saved, changed, refused and brought back, devices are started anew, programs run for those who may ask.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import root from 'tap'
import { readHello } from '../../proto/messages.ts'
import { testClassId, testVendorId } from '../fixtures/bundle.ts'
import { drover, type Ended, spawned } from '../operator/cli/run.ts'
import { type RunningBroker, startBroker, untilValue } from './process.ts'
import { StoryAgent, storyImage } from './story-agent.ts'
import { WatchedLine } from './watched-line.ts'

const factory = '{ "interval": 60,\n  "wifi": { "ssid": "hall", "password": "FIRST-SECRET", "pin": 1111 } }\n'
const secrets = ['FIRST-SECRET', 'SECOND-SECRET', 'THIRD-SECRET']
/** The device takes no interval below 10. */
const check = ['/bin/sh', '-c', `grep -Eq '"interval": *[1-9][0-9]+' "$DROVER_CANDIDATE"`]
const commands = {
  blink: '#!/bin/sh\necho "blinks with $(cat)"\necho run >> "$(dirname "$0")/../blinked"\n',
  fails: '#!/bin/sh\necho "no bulb" >&2\nexit 3\n',
}

const folder = root.testdir({
  'wifi.json': '{"wifi":{"ssid":"attic","password":"SECOND-SECRET"},"interval":30}',
  'interval.json': '[{"op":"test","path":"/interval","value":30},{"op":"replace","path":"/interval","value":90}]',
  'password.json': '[{"op":"replace","path":"/wifi/password","value":"THIRD-SECRET"}]',
  'refused.json': '{"interval":5}',
  'image-2': storyImage('2.0.0'),
})
const path = (...names: string[]): string => join(folder, ...names)
const settings = ['--operations-key', path('keys/operations.pem'), '--offer-repeat-ms', '100']
const admin: Record<string, string> = { DROVER_TOKEN_FILE: path('data/admin-token') }
let broker: RunningBroker
let line: WatchedLine
let hall: StoryAgent
let cellar: StoryAgent

/** What the command says; its errors when it ends otherwise. */
async function says(args: readonly string[], code = 0): Promise<Ended> {
  const ended = await drover([...args, '--json'], admin)
  if (ended.code !== code) throw new Error(`drover ${args.join(' ')}: ${ended.code} ${ended.stderr}${ended.stdout}`)
  return ended
}
const one = async (...args: string[]) => (await says(args)).lines[0]

/** The operation in its end, with its execution on the device. */
async function done(args: readonly string[], { code = 0, device = 'hall' } = {}) {
  const started = (await says(['operation', 'create', '--device', device, ...args, '--wait'], code)).lines
  const { id } = started[0]
  const executions = (await says(['operation', 'executions', id])).lines
  return { id, execution: executions.find(execution => execution.device === device) }
}

const online = () =>
  untilValue(async () => {
    const { lines } = await says(['devices', 'list'])
    return lines.filter(device => device.online && device.state === 'registered').length === 2 ? true : undefined
  })

root.test('a broker with an operations key; two devices, one of which has a configuration and programs', async t => {
  t.equal((await drover(['keys', 'create', '--out', path('keys')])).code, 0)
  broker = await startBroker(folder, undefined, settings)
  root.teardown(() => broker.kill())
  admin.DROVER_URL = `http://127.0.0.1:${broker.httpPort}`
  line = await WatchedLine.open(broker.mqttPort)
  root.teardown(() => line.close())
  await says(['devices', 'enroll', 'hall', 'cellar', '--out-dir', path('passwords')])
  const provision = (id: string, mqttPort: number) => ({
    ...{ id, mqttPort, trustFile: path('keys/trust.bin') },
    secret: readFileSync(path('passwords', id), 'utf8').trim(),
  })
  hall = await StoryAgent.start(path('hall'), {
    ...provision('hall', line.port),
    settings: { configuration: { file: 'config.json', check, secrets: ['pin'] }, commands: { folder: 'commands' } },
    configuration: factory,
    commands,
  })
  root.teardown(() => hall.stop())
  cellar = await StoryAgent.start(path('cellar'), provision('cellar', broker.mqttPort))
  root.teardown(() => cellar.stop())
  t.ok(await online())
})

let backup = ''
root.test('a backup is the device’s file, byte for byte; a device that has none says so', async t => {
  const { lines } = await says(['operation', 'create', '--type', 'config-backup', '--all', '--wait'], 1)
  backup = lines[0].id
  t.match(lines.at(-1), { typeName: 'Backup', state: 'completed', sensors: 2, updated: 1, errors: 1 })
  t.match((await says(['operation', 'executions', backup])).lines, [
    { device: 'cellar', state: 'failed', code: 'SYS_111', data: { reason: 'unsupported' } },
    { device: 'hall', state: 'completed', code: 'SYS_112' },
  ])
  t.match((await says(['operation', 'backups', backup])).lines, [
    { device: 'hall', sizeBytes: factory.length, sha256: /^[0-9a-f]{64}$/, version: /^20/ },
  ])
  await says(['backups', 'get', backup, 'hall', '--out', path('backup')])
  t.equal(readFileSync(path('backup'), 'utf8'), factory)
  t.equal(statSync(path('backup')).mode & 0o777, 0o600)
})

root.test('a broker killed between storing a backup and saying so gets it again, and keeps it once', async t => {
  const before = line.said('configuration').length
  line.loseAnswersAfter('configuration')
  const { id } = await one('operation', 'create', '--type', 'config-backup', '--device', 'hall')
  await untilValue(async () => ((await says(['operation', 'backups', id])).lines.length === 1 ? true : undefined))
  t.match(
    await one('operation', 'show', id),
    { state: 'running', counts: { inProgress: 1 } },
    'nobody has said it is done',
  )
  await broker.kill()
  line.mend()
  broker = await startBroker(folder, broker, settings)
  const ended = await says(['operation', 'watch', id])
  t.match(ended.lines.at(-1), { state: 'completed', updated: 1, errors: 0 })
  t.equal(line.said('configuration').length - before, 2, 'the device, which had heard no answer, sent it again')
  t.equal((await says(['operation', 'backups', id])).lines.length, 1)
  const events = (await says(['events', 'list', '--operation', id, '--order', 'ASC'])).lines
  t.same(
    events.map(({ event_type: code }) => code),
    ['SYS_108', 'SYS_112'],
    'begun once, ended once',
  )
  await online()
})

root.test(
  'a merge patch and a JSON patch change the file; the audit has what changed, without the secrets',
  async t => {
    const merged = await done(['--type', 'config-change', '--merge-patch', path('wifi.json')])
    t.match(merged.execution, { state: 'completed', code: 'SYS_112' })
    t.same(JSON.parse(String(await hall.configuration())), {
      interval: 30,
      wifi: { ssid: 'attic', password: 'SECOND-SECRET', pin: 1111 },
    })
    const patched = await done(['--type', 'config-change', '--patch', path('interval.json')])
    t.match(patched.execution, { state: 'completed', code: 'SYS_112' })
    t.equal(JSON.parse(String(await hall.configuration())).interval, 90)
    const hidden = await done(['--type', 'config-change', '--patch', path('password.json')])
    t.equal(JSON.parse(String(await hall.configuration())).wifi.password, 'THIRD-SECRET')

    const diffOf = async (id: string) => {
      const results = (await says(['audit', 'list', '--operation', id, '--all'])).lines
      return results.find(({ action }) => action === 'operation.results')?.data.devices.hall.diff
    }
    t.same(await diffOf(merged.id), [
      { op: 'replace', path: '/interval', value: 30 },
      { op: 'replace', path: '/wifi/ssid', value: 'attic' },
      { op: 'replace', path: '/wifi/password', value: '***' },
    ])
    t.same(await diffOf(patched.id), [{ op: 'replace', path: '/interval', value: 90 }])
    t.same(await diffOf(hidden.id), [{ op: 'replace', path: '/wifi/password', value: '***' }])

    const again = await done(['--type', 'config-change', '--patch', path('interval.json')], { code: 1 })
    t.match(
      again.execution,
      { state: 'failed', code: 'SYS_111', data: { reason: 'test-failed' } },
      'its test is heeded',
    )
  },
)

root.test('a change that the device does not take leaves its file as it was', async t => {
  const before = await hall.configuration()
  const { execution } = await done(['--type', 'config-change', '--merge-patch', path('refused.json')], { code: 1 })
  t.match(execution, { state: 'failed', code: 'UPD4_FAIL_37', data: { reason: 'exit-1' } })
  t.same(await hall.configuration(), before)
})

root.test('the chosen backup is brought back, byte for byte', async t => {
  const { execution } = await done(['--type', 'config-restore', '--backup', `${backup}/hall`])
  t.match(execution, { state: 'completed', code: 'SYS_112' })
  t.equal(String(await hall.configuration()), factory)
  const absent = await drover(
    ['operation', 'create', '--type', 'config-restore', '--backup', `${backup}/cellar`, '--device', 'hall', '--json'],
    admin,
  )
  t.match(absent, { code: 2, stderr: /"name":"--backup"/ }, 'of what was never sent nothing is begun')
})

root.test('a reboot starts each device anew, once', async t => {
  const bootId = () => readHello(line.said('hello').at(-1) ?? Buffer.alloc(0)).bootId
  const [before, hallBoots, cellarBoots] = [bootId(), await hall.boots(), await cellar.boots()]
  const { lines } = await says(['operation', 'create', '--type', 'reboot', '--all', '--wait'])
  t.match(lines.at(-1), { typeName: 'Reboot', state: 'completed', updated: 2, errors: 0 })
  t.match((await says(['operation', 'executions', lines[0].id])).lines, [{ code: 'SYS_112' }, { code: 'SYS_112' }])
  t.not(bootId(), before, 'it says hello with a new boot id')
  t.same([await hall.boots(), await cellar.boots()], [hallBoots + 1, cellarBoots + 1])
})

const command = (name: string, key: string) => [
  ...['--type', 'command', '--command', name, '--arguments', '{"times":3}', '--key', path('keys', key)],
]
const blinked = () => readFileSync(path('hall/blinked'), 'utf8')

root.test('a command signed by the release key runs the program, and tells how it ended and what it said', async t => {
  // The bin itself, as a script would call it.
  const args = ['operation', 'create', ...command('blink', 'release.pem'), '--device', 'hall', '--wait', '--json']
  const { code, stderr, lines } = await spawned(args, admin)
  t.equal(code, 0, stderr)
  t.match((await says(['operation', 'executions', lines[0].id])).lines, [
    { state: 'completed', code: 'SYS_112', data: { exit_code: '0', output: 'blinks with {"times":3}\n' } },
  ])
  t.equal(blinked(), 'run\n', 'once')

  const { execution } = await done(command('fails', 'release.pem'), { code: 1 })
  t.match(execution, { state: 'failed', code: 'SYS_111' })
  t.same(execution.data, { reason: 'exit-3', exit_code: '3', output: 'no bulb\n' })
})

root.test('who has failed three operations in a day is left alone until somebody releases it', async t => {
  const { execution } = await done(command('explode', 'release.pem'), { code: 1 })
  t.match(execution, { state: 'skipped', code: 'SYS_109', data: { reason: 'quarantined' } })
  t.match(await one('devices', 'show', 'hall'), { quarantinedAt: /^20/ })
  t.match(await one('devices', 'release', 'hall'), { quarantinedAt: null })
  const again = await done(command('explode', 'release.pem'), { code: 1 })
  t.match(again.execution, { code: 'SYS_111', data: { reason: 'unknown-command', command: 'explode' } })
})

root.test('the operations key, which lies on the broker, runs no program', async t => {
  const { execution } = await done(command('blink', 'operations.pem'), { code: 1 })
  t.match(execution, { state: 'failed', code: 'UPD4_FAIL_23', data: { reason: 'unknown-key' } })
  t.equal(blinked(), 'run\n', 'the program was not started')
})

root.test('a command that was signed for another device is refused', async t => {
  const signed = [...command('blink', 'release.pem'), '--only-device', 'hall', '--vendor-id', testVendorId]
  const { execution } = await done(signed, { code: 1, device: 'cellar' })
  t.match(execution, { state: 'failed', code: 'UPD4_FAIL_31' })
})

root.test(
  'an update that may be installed in a window only waits when it is downloaded, and goes on when one opens',
  async t => {
    await one(
      ...['artifact', 'create', '--image', path('image-2'), '--component', 'main', '--version', '2.0.0'],
      ...['--vendor-id', testVendorId, '--class-id', testClassId],
      ...['--key', path('keys/release.pem'), '--out', path('bundle')],
    )
    await one('artifact', 'upload', path('bundle'))
    const always = ['--window', '* * * * */60/UTC']
    // One minute, every 29th of February.
    const never = ['--window', '0 3 29 2 */1/UTC']
    line.loseAnswersAfter('chunks/request')
    const { id } = await one(
      ...['operation', 'create', '--release', 'main@2.0.0', '--device', 'hall', '--install-in-window', ...always],
    )
    await untilValue(async () => (line.said('chunks/request').length > 0 ? true : undefined))
    await one('operation', 'edit', id, ...never)
    line.mend()
    const held = await untilValue(async () => {
      const [execution] = (await says(['operation', 'executions', id])).lines
      return execution?.step === 'awaiting-install' ? execution : undefined
    })
    t.match(held, { state: 'in-progress', initialVersion: '1.0.0' })
    t.match(await one('operation', 'explain', id, 'hall'), { rule: 'awaiting-go', message: /window/ })
    const boots = await hall.boots()
    // Longer than the broker takes to look again.
    await new Promise(resolve => setTimeout(resolve, 1_300))
    t.match((await says(['operation', 'executions', id])).lines, [{ step: 'awaiting-install' }])
    await one('operation', 'edit', id, ...always)
    t.match((await says(['operation', 'watch', id])).lines.at(-1), { state: 'completed', updated: 1, errors: 0 })
    t.match((await says(['operation', 'executions', id])).lines, [{ code: 'SYS_112', updatedVersion: '2.0.0' }])
    t.equal(await hall.boots(), boots + 1)
    t.match(await hall.log(), /^boots with 2\.0\.0$/m)
  },
)

root.test('with a new token the connection of the old one ends', async t => {
  const { token } = await one('principals', 'create', 'kim', '--role', 'operator')
  const options = { host: '127.0.0.1', port: broker.mqttPort, clientId: 'kim', username: 'kim', reconnectPeriod: 0 }
  const client = await connectAsync({ ...options, password: token, protocolVersion: 4 })
  t.teardown(() => client.endAsync(true))
  const closed = new Promise<true>(resolve => client.once('close', () => resolve(true)))
  const renewed = await one('principals', 'token', 'renew', 'kim')
  t.ok(await closed)
  await t.rejects(connectAsync({ ...options, password: token, protocolVersion: 4 }), { code: 4 })
  const again = await connectAsync({ ...options, password: renewed.token, protocolVersion: 4 })
  await again.endAsync(true)
})

root.test('the audit is whole, and no secret of a configuration stands in what people and logs are told', async t => {
  await says(['audit', 'export', '--out', path('audit')])
  t.match(await one('audit', 'verify', path('audit'), '--live'), { intact: true })
  const told = [
    readFileSync(path('audit'), 'utf8'),
    readFileSync(path('broker.log'), 'utf8'),
    await hall.log(),
    (await says(['operation', 'list', '--all'])).stdout,
    (await says(['events', 'list', '--all'])).stdout,
  ]
  for (const secret of secrets)
    t.same(
      told.filter(text => text.includes(secret)),
      [],
    )
  t.equal(await broker.stop(), 0)
})
