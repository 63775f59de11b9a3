// The bin as people and scripts meet it.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseTrustDocument } from '../../../proto/envelope.ts'
import type { ReleaseView } from '../../../proto/http-api.ts'
import { makeImage } from '../../fixtures/bundle.ts'
import { deviceSecret, deviceView, eventView, newToken, operationView, tokens } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill, hurriedClock, spawned, start } from './run.ts'

const ids = ['--vendor-id', '11'.repeat(16), '--class-id', '22222222-2222-2222-2222-222222222222']

const ended = operationView(operation, {
  state: 'completed',
  updateStatus: 'Completed',
  sensors: 2,
  updated: 1,
  errors: 1,
  counts: { pending: 0, inProgress: 0, completed: 1, failed: 1, skipped: 0 },
  codes: [
    { code: 'SYS_112', count: 1, text: 'Device updated.', correctiveAction: 'None.' },
    { code: 'UPD4_FAIL_40', count: 1, text: 'Installation failed.', correctiveAction: 'Look at the device.' },
  ],
})
const good = { ...ended, updated: 2, errors: 0, codes: [] }

t.test('from keys to an operation: every step works when pasted', { timeout: 110_000 }, async t => {
  const door = await openDoor(t)
  const folder = t.testdir({
    image: makeImage(100_000),
    'token.txt': `${tokens.admin}\n`,
    passphrase: 'open sesame\n',
    'devices.txt': 'sensor-1 # first\n\nsensor-2\r\nsensor-1\n',
  })
  const path = (name: string): string => join(folder, name)
  const env = { DROVER_URL: door.url, DROVER_TOKEN_FILE: path('token.txt') }

  const keys = await spawned([
    'keys',
    'create',
    '--out',
    path('keys'),
    '--algorithm',
    'p256',
    '--passphrase-file',
    path('passphrase'),
    '--json',
  ])
  t.equal(keys.code, 0, keys.stderr)
  t.equal(statSync(path('keys/release.pem')).mode & 0o777, 0o600)
  t.ok(parseTrustDocument(readFileSync(path('keys/trust.bin'))).keys.has(keys.lines[0].release.keyId))

  const create = [
    'artifact',
    'create',
    '--image',
    path('image'),
    '--component',
    'app',
    '--version',
    '2.0.0',
    ...ids,
    '--key',
    path('keys/release.pem'),
    '--out',
    path('a.bundle'),
  ]
  const made = await spawned([
    ...create,
    '--passphrase-file',
    path('passphrase'),
    '--no-reboot',
    '--expires',
    '30d',
    '--json',
  ])
  t.equal(made.code, 0, made.stderr)
  t.match(made.lines, [
    { object: 'artifact', component: 'app', version: '2.0.0', releaseCounter: 2_000_000, imageBytes: 100_000 },
  ])
  const { release } = made.lines[0]

  const uploaded = await spawned(['artifact', 'upload', path('a.bundle'), '--json'], env)
  t.equal(uploaded.code, 0, uploaded.stderr)
  t.match(uploaded.lines, [{ id: release, manifests: [{ classId: '22'.repeat(16) }] }])

  const enrolled = await spawned(['devices', 'enroll', 'sensor-1', '--out', path('secret'), '--json'], env)
  t.equal(enrolled.code, 0, enrolled.stderr)
  t.equal(readFileSync(path('secret'), 'utf8'), `${deviceSecret}\n`)
  t.equal(statSync(path('secret')).mode & 0o777, 0o600)
  t.notMatch(enrolled.stdout, deviceSecret, 'what went into a file is not shown')

  const begun = await spawned(
    [
      'operation',
      'create',
      '--release',
      release,
      '--devices-file',
      path('devices.txt'),
      '--device',
      'sensor-3',
      '--concurrency',
      '50%',
      '--timeout-days',
      '0.5',
      '--step-timeout-minutes',
      '5',
      '--name',
      'night',
      '--json',
    ],
    env,
  )
  t.equal(begun.code, 0, begun.stderr)
  t.match(begun.lines, [{ name: 'night', sensors: 3 }])
  t.same(door.useCases.calls.at(-1)?.args[1], {
    name: 'night',
    type: 'firmware-update',
    release,
    targets: { devices: ['sensor-3', 'sensor-1', 'sensor-2'] },
    policy: { concurrency: '50%', timeoutDays: 0.5, stepTimeoutMinutes: 5 },
  })
})

function manifestView(fields: Partial<ReleaseView['manifests'][number]>): ReleaseView['manifests'][number] {
  return {
    sha256: 'ee'.repeat(32),
    vendorId: '11'.repeat(16),
    classId: '22'.repeat(16),
    deviceId: null,
    artifact: 'ab'.repeat(32),
    format: 'raw',
    signatures: [],
    precursorSha256: null,
    payloadSize: 1,
    expiresAt: '2031-01-02T03:04:05Z',
    ...fields,
  }
}

t.test('every list and every view, for people and as one JSON object a line', { timeout: 110_000 }, async t => {
  const door = await openDoor(t)
  fill(door)
  const release = {
    id: 'app@2.0.0+0011223344556677',
    component: 'app',
    version: '2.0.0',
    installedSha256: 'ab',
    createdAt: '2030-01-02T03:04:05Z',
    createdBy: 'anna',
    manifests: [
      manifestView({ format: 'delta-zstd', precursorSha256: 'cd'.repeat(32), payloadSize: 77 }),
      manifestView({ payloadSize: 4096 }),
    ],
  }
  door.useCases.releases.set(release.id, release)
  door.useCases.principals.set('anna', { name: 'anna', role: 'viewer', createdAt: '2030-01-02T03:04:05Z' })
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['devices', 'list'], 3, /^DEVICE +STATE.*\nsensor-1 +enrolled +yes +– +app 1\.0\.0/],
    [['devices', 'list', '--limit', '1'], 1, /sensor-1/],
    [['devices', 'show', 'sensor-2'], 1, /^device: +sensor-2\n/],
    [['devices', 'enroll', 'sensor-9'], 1, new RegExp(deviceSecret)],
    [['releases', 'list'], 1, /MANIFESTS +DELTAS +BYTES.*\napp@2\.0\.0\S+ +2 +1 +4096 /],
    [['releases', 'show', release.id], 1, /created: +2030-01-02 03:04:05Z by anna/],
    [
      ['releases', 'show', release.id],
      1,
      /delta-zstd, 77 bytes.*\n +on installed: +(cd){32}\n.*\n.*\n.* raw, 4096 bytes/,
    ],
    [['operation', 'list'], 1, /Processing/],
    [['operation', 'show', operation], 1, /2: 0 updated, 0 errors/],
    [['operation', 'executions', operation], 2, /UPD4_FAIL_40/],
    [['operation', 'executions', operation, '--state', 'pending'], 1, /sensor-2/],
    [['operation', 'create', '--release', 'app@2.0.0', '--all'], 1, /Processing/],
    [['events', 'list'], 5, /SYS_106/],
    [
      [
        'events',
        'list',
        '--limit',
        '1',
        '--device',
        'sensor-1',
        '--operation',
        operation,
        '--code',
        'SYS_106',
        '--order',
        'ASC',
        '--after',
        eventView(2).id,
      ],
      1,
      /sensor-1/,
    ],
    [['principals', 'create', 'night-shift', '--role', 'operator'], 1, new RegExp(newToken)],
    [['principals', 'list'], 2, /anna +viewer/],
    [['operation', 'stop', operation], 1, /Stopped/],
  ]
  for (const [args, count, pattern] of cases) {
    door.useCases.devices.delete('sensor-9')
    const people = await drover(args, at(door))
    t.equal(people.code, 0, `${args.join(' ')}: ${people.stderr}`)
    t.match(people.stdout, pattern, args.join(' '))
    t.notOk(people.stdout.includes('\u001b'), 'no colour without a terminal')
    door.useCases.devices.delete('sensor-9')
    door.useCases.operations.set(operation, operationView(operation))
    const program = await drover([...args, '--json'], at(door))
    t.equal(program.code, 0, `${args.join(' ')} --json: ${program.stderr}`)
    t.equal(program.lines.length, count, `${args.join(' ')} --json`)
    t.equal(program.stderr, '', 'nothing beside the data')
  }
  const more = await drover(['devices', 'list', '--limit', '2'], at(door))
  t.match(more.stderr, /--after sensor-2/, 'how to get the rest')
  t.match(
    await drover(['--json', 'devices', 'list', '--url', door.url, '--token', tokens.viewer]),
    { code: 0, lines: [{ id: 'sensor-1' }, {}, {}] },
    'common flags stand before or behind',
  )
  door.useCases.releases.clear()
  const empty = await drover(['releases', 'list'], at(door))
  t.match(empty, { code: 0, stdout: '', stderr: /drover artifact create/ }, 'an empty list says what to do')
})

t.test(
  'watch and --wait follow an operation to its end, and their exit code is its result',
  { timeout: 110_000 },
  async t => {
    const door = await openDoor(t)
    fill(door)
    door.useCases.script.push(operationView(operation), operationView(operation), ended)
    const bad = await drover(['operation', 'watch', operation], at(door))
    t.equal(bad.code, 1, bad.stderr)
    t.match(
      bad.stdout,
      /^Processing {2}0% .*\nCompleted {2}100% .*\nCompleted: 1 updated, 1 errors, of 2 sensors\.\n/,
      'a line a change',
    )
    t.match(bad.stdout, /UPD4_FAIL_40 +1 +Installation failed\. +Look at the device\./)
    t.match(bad.stderr, /--result errors/)

    door.useCases.script.push(operationView(operation), ended)
    const json = await spawned(['operation', 'watch', operation, '--json'], at(door))
    t.match(json, { code: 1, lines: [{ state: 'running' }, { state: 'completed', errors: 1 }] })
    t.equal(json.lines.length, 2)

    door.useCases.releases.set('app@2.0.0+0011223344556677', {} as never)
    door.useCases.script.push(good)
    const waited = await drover(['operation', 'create', '--release', 'app@2.0.0', '--all', '--wait'], at(door))
    t.match(waited, { code: 0, stdout: /has begun\.\n.*Completed: 2 updated, 0 errors/s })
    door.useCases.script.push({ ...good, state: 'stopped', updateStatus: 'Stopped' })
    t.match(await drover(['operation', 'watch', operation], at(door)), { code: 0, stdout: /Stopped: 2 updated/ })
    const counts = { pending: 0, inProgress: 0, completed: 0, failed: 0, skipped: 2 }
    door.useCases.script.push({ ...ended, updated: 0, errors: 2, counts })
    const never = await drover(['operation', 'watch', operation], at(door))
    t.match(never, { code: 1, stderr: /--result errors/ }, 'the hint finds those that a stop kept from it')

    const waiting = { ...good, state: 'pending' as const, counts: { ...good.counts, completed: 0, pending: 2 } }
    door.useCases.script.push(...Array.from({ length: 9 }, () => waiting), good)
    const idle = await drover(['operation', 'watch', operation], at(door), hurriedClock())
    t.equal(idle.stderr.match(/gets its offer when it connects.*drover devices list/g)?.length, 1, 'told once')
    door.useCases.script.push(waiting, waiting, good)
    const brief = await drover(['operation', 'watch', operation], at(door), hurriedClock())
    t.notMatch(brief.stderr, /gets its offer/, 'not at once')
  },
)

t.test('watch outlives a broker that fails for a moment, and Ctrl-C', { timeout: 110_000 }, async t => {
  const door = await openDoor(t)
  fill(door)
  door.useCases.failNext = new Error('for a moment')
  door.useCases.script.push(good)
  t.match(await drover(['operation', 'watch', operation], at(door)), { code: 0, stderr: /Waiting: / })

  door.useCases.operations.set(operation, operationView(operation))
  const { child, ended: end, heard } = start(['operation', 'watch', operation], at(door))
  while (!heard().includes('Processing')) await new Promise(resolve => setTimeout(resolve, 20))
  child.kill('SIGINT')
  t.match(await end, { code: 130, stderr: /goes on without you/ })
})

t.test('a refusal ends with 3, a broker that fails or is away with 4', { timeout: 110_000 }, async t => {
  const door = await openDoor(t)
  fill(door)
  const folder = t.testdir()
  const refused = async (
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    message: RegExp,
  ): Promise<void> => {
    const { code, stderr, stdout } = await drover(args, env)
    t.equal(code, 3, `${args.join(' ')}: ${stderr}`)
    t.match(stderr, message)
    t.match(stderr, /request id/)
    t.equal(stdout, '')
    t.notMatch(stderr, /CANARY/, 'no token is quoted')
  }
  await refused(['devices', 'list'], at(door, 'CANARY-wrong'), /not valid.*taken from DROVER_TOKEN;.*--token-file/s)
  t.notMatch((await drover(['devices', 'list'], at(door, 'CANARY-wrong'))).stderr, /Bearer/, 'no word about headers')
  await refused(
    ['devices', 'enroll', 'new', '--out', join(folder, 'secret')],
    at(door, tokens.viewer),
    /needs the role admin/,
  )
  t.notOk(existsSync(join(folder, 'secret')), 'no empty secret stays behind')
  await refused(['devices', 'show', 'absent'], at(door), /no device absent.*\n {2}drover devices list/s)
  await refused(
    ['operation', 'watch', 'op'.padEnd(26, '1')],
    at(door),
    /no operation.*\n {2}drover operation list shows[^\n]*\n {2}request/s,
  )
  t.match(await spawned(['devices', 'show', 'absent'], at(door)), { code: 3, stdout: '' })
  await refused(['devices', 'enroll', 'sensor-1'], at(door), /enrolled already.*<id>.*devices secret renew/s)
  await refused(
    ['operation', 'create', '--release', 'app@9.9.9', '--all'],
    at(door),
    /--release: is not known\n {2}drover releases list/,
  )
  door.useCases.failNext = new Error('inside')
  t.match(await drover(['devices', 'list'], at(door)), { code: 4, stderr: /request id/ })
  await door.door.close()
  t.match(await drover(['devices', 'list'], at(door)), { code: 4, stderr: /cannot reach.*--url/s })
  t.match(await spawned(['devices', 'list', '--json'], at(door)), {
    code: 4,
    stderr: /^\{"object":"error","code":"UNREACHABLE".*nobody listens/,
  })
})

t.test('devices enroll takes several devices, and one that cannot be enrolled keeps nobody from it', async t => {
  const door = await openDoor(t)
  fill(door)
  const folder = t.testdir({ passwords: { 'sensor-7': 'kept' } })
  const path = (name: string): string => join(folder, name)
  const shown = await drover(['devices', 'enroll', 'a', 'b', 'c', '--json'], at(door))
  t.match(shown, { code: 0, stderr: '' })
  t.same(
    shown.lines,
    ['a', 'b', 'c'].map(device => ({ object: 'enrolled-device', device, secret: deviceSecret })),
    'a line each, in order',
  )
  t.match(await drover(['devices', 'enroll', 'd', 'e'], at(door)), { code: 0, stdout: /d\n.*\ndevice: +e\n/ })

  const written = await drover(['devices', 'enroll', 'f', 'g', '--out-dir', path('new/dir'), '--json'], at(door))
  t.match(written, { code: 0, lines: [{ device: 'f', path: path('new/dir/f') }, { device: 'g' }] })
  t.equal(written.lines.length, 2)
  t.notMatch(written.stdout, deviceSecret, 'what went into files is not shown')
  t.equal(statSync(path('new/dir')).mode & 0o777, 0o700)
  for (const name of ['f', 'g']) {
    t.equal(readFileSync(path(`new/dir/${name}`), 'utf8'), `${deviceSecret}\n`)
    t.equal(statSync(path(`new/dir/${name}`)).mode & 0o777, 0o600)
  }

  const list = ['devices', 'enroll', 'sensor-1', 'h', 'sensor-7', 'i', '--out-dir', path('passwords')]
  const some = await drover(list, at(door))
  t.equal(some.code, 3)
  t.match(some.stdout, /passwords\/h\n.*passwords\/i\n/s, 'the others are enrolled')
  t.match(some.stderr, /2 of 4 devices were not enrolled now.*<id>: [^\n]*sensor-1[^\n]*\n[^\n]*sensor-7 exists/s)
  t.equal(readFileSync(path('passwords/sensor-7'), 'utf8'), 'kept', 'nothing is overwritten')
  t.notOk(existsSync(path('passwords/sensor-1')), 'no empty file stays behind')
  t.equal(door.useCases.devices.has('sensor-7'), false, 'and no password is issued that cannot be written')

  door.useCases.calls.length = 0
  t.match(await drover(['devices', 'enroll', 'k', 'l'], at(door, tokens.viewer)), { code: 3, stdout: '' })
  t.equal(door.useCases.calls.length, 1, 'what the next would meet too ends the command')
})

t.test('what a device calls itself cannot write on the terminal', async t => {
  const door = await openDoor(t)
  fill(door)
  const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\r\nline'
  door.useCases.devices.set(
    'sensor-1',
    deviceView('sensor-1', { agentVersion: evil, components: [{ name: evil, version: '1', digest: '' }] }),
  )
  for (const args of [
    ['devices', 'show', 'sensor-1'],
    ['devices', 'list'],
  ]) {
    const { code, stdout } = await drover(args, at(door))
    t.equal(code, 0)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    t.notMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  }
})

t.test('help says a default once', async t => {
  const { code, stdout } = await drover(['artifact', 'create', '--help'])
  t.equal(code, 0)
  t.match(stdout, '(default 365d)\n')
  t.notMatch(stdout, /\(default.*\(default/)
  t.match((await drover(['operation', 'create', '--help'])).stdout, '(default: "firmware-update")')
})
