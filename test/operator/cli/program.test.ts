// What a command line may not say, and how it is told.
import { join } from 'node:path'
import t from 'tap'
import { RequestRefused } from '../../../broker/errors.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill, spawned } from './run.ts'

const ids = ['--vendor-id', '11'.repeat(16), '--class-id', '22222222-2222-2222-2222-222222222222']

t.test('each flag of an operation is judged before anybody is asked', { timeout: 110_000 }, async t => {
  const door = await openDoor(t)
  const folder = t.testdir({
    'list.json': '[]',
    'text.json': 'no json',
    'schedule.json': '{"schedule":[]}',
    'object.json': '{}',
    'list.csv': 'a\n',
  })
  const path = (name: string): string => join(folder, name)
  await drover(['keys', 'create', '--out', path('keys')])
  const key = ['--key', path('keys/release.pem')]
  const release = ['--release', 'a@1.0.0']
  const firmware = (...more: readonly string[]): string[] => ['operation', 'create', ...release, '--all', ...more]
  const work = (type: string, ...more: readonly string[]): string[] => {
    return ['operation', 'create', '--type', type, '--all', ...more]
  }
  const aimed = (...more: readonly string[]): string[] => ['operation', 'create', ...release, ...more]
  const edit = (...more: readonly string[]): string[] => ['operation', 'edit', operation, ...more]
  const cases: readonly (readonly [readonly string[], string])[] = [
    [firmware('--waves', '5:95/'), '--waves'],
    [firmware('--rate', 'fast'), '--rate'],
    [firmware('--abort', 'FAIL'), '--abort'],
    [firmware('--window', 'sometimes'), '--window'],
    [firmware('--prerequisite', 'main'), '--prerequisite'],
    [firmware('--priority', '10'), '--priority'],
    [firmware('--offline', 'ignore'), '--offline'],
    [firmware('--on-end', 'never'), '--on-end'],
    [firmware('--start-at', 'tomorrow'), '--start-at'],
    [firmware('--start-at', '2030-01-02T03:04:05'), '--start-at'],
    [firmware('--end-at', '+1x'), '--end-at'],
    [firmware('--policy', path('absent')), '--policy'],
    [firmware('--policy', path('list.json')), '--policy'],
    [firmware('--policy', path('text.json')), '--policy'],
    [firmware('--policy', path('schedule.json')), '--policy'],
    [firmware('--request-id', 'a/b'), '--request-id'],
    [firmware('--patch', path('list.json')), '--patch'],
    [firmware('--command', 'blink'), '--command'],
    [firmware('--arguments', '{}'), '--arguments'],
    [firmware(...key), '--key'],
    [firmware('--signer', 'a'), '--signer'],
    [firmware('--signer-timeout', '2h'), '--signer-timeout'],
    [firmware('--expires', '1d'), '--expires'],
    [firmware('--only-device', 'a'), '--only-device'],
    [firmware('--open'), '--open'],
    [firmware('--filter', 'group=a'), '--all'],
    [firmware('--from-csv', path('list.csv')), '--all'],
    [aimed('--filter', 'group=a', '--devices', 'a'), '--filter'],
    [aimed('--devices', 'a,,b'), '--devices'],
    [aimed('--devices', 'a,b c'), '--devices'],
    [aimed('--from-csv', folder), '--from-csv'],
    [work('Reboot'), '--type'],
    [work('reboot', ...release), '--release'],
    [work('reboot', '--arguments', '{}'), '--arguments'],
    [work('config-change'), '--patch'],
    [work('config-change', '--patch', path('list.json'), '--merge-patch', path('object.json')), '--patch'],
    [work('config-change', '--patch', path('object.json')), '--patch'],
    [work('config-change', '--merge-patch', path('list.json')), '--merge-patch'],
    [work('config-restore'), '--backup'],
    [work('config-restore', '--backup', 'a/b'), '--backup'],
    [work('config-restore', '--backup', `${operation}/a b`), '--backup'],
    [work('config-restore', '--backup', `${operation}/a`, ...key), '--key'],
    [work('config-restore', '--backup', `${operation}/a`, '--signer', 'a'), '--signer'],
    [work('command'), '--command'],
    [work('command', '--command', 'a', '--arguments', '{"a":'), '--arguments'],
    [work('command', '--command', 'a', '--arguments', path('list.json')), '--arguments'],
    [work('command', '--command', 'a', '--key', path('object.json')), '--key'],
    [work('command', '--command', 'a', '--signer', path('absent')), '--signer'],
    [work('command', '--command', 'a', '--signer', "'"), '--signer'],
    [work('command', '--command', 'a', ...key, '--expires', '1'), '--expires'],
    [work('command', '--command', 'a', ...key, '--class-id', '1'), '--class-id'],
    [edit(), '--concurrency'],
    [edit('--concurrency', 'none'), '--concurrency'],
    [edit('--rate', '0'), '--rate'],
    [edit('--transport', 'pigeon'), '--transport'],
    [edit('--bytes-per-second', '5'), '--bytes-per-second'],
    [edit('--window', 'none', '--window', '0 1 * * */60/UTC'), '--window'],
    [['operation', 'override', operation], '--reason'],
    [['operation', 'executions', operation, '--result', 'good'], '--result'],
    [['operation', 'list', '--all', '--limit', '5'], '--all'],
    [['devices', 'tag', 'a'], '--add'],
    [['devices', 'tag', 'a', '--add', ','], '--add'],
    [['devices', 'attribute', 'a', 'floor'], '<pairs>'],
    [['devices', 'attribute', 'a', '=2'], '<pairs>'],
    [['devices', 'attribute', 'a', 'x=1', 'x='], '<pairs>'],
    [['principals', 'role', 'anna', 'root'], '<role>'],
    [['principals', 'role', 'anna'], '<role>'],
    [['webhooks', 'create', 'https://example.org/x', '--events', 'operation.begun'], '--events'],
    [['audit', 'export', '--from', '0'], '--from'],
    [['audit', 'list', '--operation', 'x'], '--operation'],
    [['events', 'follow', '--device', 'a/b'], '--device'],
  ]
  for (const [args, flag] of cases) {
    const { code, stderr, stdout } = await drover([...args, '--json'], at(door))
    t.equal(code, 2, `${args.slice(2).join(' ')}: ${stderr}`)
    t.equal(stdout, '')
    t.match(JSON.parse(stderr), { object: 'error', fields: [{ name: flag }] }, args.slice(2).join(' '))
  }
  t.equal(door.useCases.calls.length, 0, 'none of it reached a use case')
})

t.test('what the broker refuses is told by the flag it came from', async t => {
  const door = await openDoor(t)
  const folder = t.testdir({ 'policy.json': '{"rate":{"maximumPerMinute":-1},"colour":1}' })
  const path = join(folder, 'policy.json')
  const base = ['operation', 'create', '--release', 'a@1.0.0', '--all']
  const rows: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      [...base, '--policy', path],
      ['--policy', '--policy'],
    ],
    [[...base, '--waves', '1:101'], ['--waves']],
    [
      [...base, '--waves', '1:5', '--policy', path],
      ['--policy', '--policy'],
    ],
    [
      [...base, '--abort', 'FAIL:101%:stop', '--policy', path],
      ['--policy', '--policy', '--abort'],
    ],
  ]
  for (const [args, flags] of rows) {
    const { code, stderr } = await drover([...args, '--json'], at(door))
    t.equal(code, 2, stderr)
    const names = JSON.parse(stderr).fields.map(({ name }: { name: string }) => name)
    t.same(new Set(names), new Set(flags), `${args.slice(5).join(' ')}: ${stderr}`)
  }
  door.useCases.listDevices = async () => {
    throw new RequestRefused('INVALID', 'The filter is not valid.', [{ name: 'colour', message: 'is not known here' }])
  }
  const filtered = await drover(['devices', 'list', '--filter', 'colour=red', '--json'], at(door))
  t.match(filtered.code, 2)
  t.match(JSON.parse(filtered.stderr).fields, [{ name: '--filter', message: 'colour is not known here' }])
})

t.test('bad input ends with 2 and names the flag', { timeout: 110_000 }, async t => {
  const door = await openDoor(t)
  fill(door)
  const folder = t.testdir({
    image: 'a',
    empty: '',
    'bad-devices': 'ok\nnot ok\n',
    comment: '# none\n',
    bundle: 'no bundle',
    secret: 'there',
  })
  const path = (name: string): string => join(folder, name)
  const { code } = await drover(['keys', 'create', '--out', path('keys')])
  t.equal(code, 0)
  const artifact = (...more: readonly string[]): string[] => [
    'artifact',
    'create',
    '--image',
    path('image'),
    '--component',
    'app',
    '--version',
    '1.0.0',
    ...ids,
    '--key',
    path('keys/release.pem'),
    '--out',
    path('out'),
    ...more,
  ]
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['keys', 'create'], '--out'],
    [['keys', 'create', '--out', path('keys')], '--out'],
    [['keys', 'create', '--out', path('k2'), '--algorithm', 'rsa'], '--algorithm'],
    [['keys', 'create', '--out', path('k2'), '--passphrase-file', path('empty')], '--passphrase-file'],
    [['keys', 'create', '--out', path('k2'), '--trust-expires', 'soon'], '--trust-expires'],
    [artifact('--image', path('absent')), '--image'],
    [artifact('--image', path('empty')), '--image'],
    [artifact('--version', '1.0'), '--version'],
    [artifact('--component', 'a b'), '--component'],
    [artifact('--vendor-id', 'xyz'), '--vendor-id'],
    [artifact('--class-id', '22-22'.repeat(6)), '--class-id'],
    [artifact('--device', 'a/b'), '--device'],
    [artifact('--priority', '-1'), '--priority'],
    [artifact('--release-counter', '1e3'), '--release-counter'],
    [artifact('--expires', '365'), '--expires'],
    [artifact('--vendor-data', path('absent')), '--vendor-data'],
    [artifact('--key', path('image')), '--key'],
    [artifact('--key', path('keys/release.pem')), '--key'],
    [artifact('--signer', path('absent')), '--signer'],
    [artifact('--signer', ''), '--signer'],
    [artifact('--signer-timeout', 'soon'), '--signer-timeout'],
    [['keys', 'show'], '--key'],
    [['keys', 'show', '--key', path('keys/release.pem'), '--signer', 'a'], '--key'],
    [['keys', 'show', '--key', path('image')], '--key'],
    [['keys', 'show', '--key', path('keys/release.pem'), '--try'], '--try'],
    [['keys', 'show', '--key', path('keys/release.pem'), '--out', path('absent/out')], '--out'],
    [['trust', 'create', '--key', path('keys/root.pem'), '--out', path('out')], '--role'],
    [artifact('--out', path('absent/out')), '--out'],
    [['artifact', 'upload', path('bundle')], '<bundle>'],
    [['artifact', 'upload', path('absent')], '<bundle>'],
    [['operation', 'create', '--all'], '--release'],
    [['operation', 'create', '--release', 'a@1.0.0'], '--device'],
    [['operation', 'create', '--release', 'a@1.0.0', '--all', '--device', 'a'], '--all'],
    [['operation', 'create', '--release', 'a@1.0.0', '--device', 'a b'], '--device'],
    [['operation', 'create', '--release', 'a@1.0.0', '--devices-file', path('bad-devices')], '--devices-file'],
    [['operation', 'create', '--release', 'a@1.0.0', '--devices-file', path('comment')], '--device'],
    [['operation', 'create', '--release', 'a@1.0.0', '--all', '--concurrency', '0'], '--concurrency'],
    [['operation', 'create', '--release', 'a@1.0.0', '--all', '--concurrency', '101%'], '--concurrency'],
    [['operation', 'create', '--release', 'a@1.0.0', '--all', '--timeout-days', '400'], '--timeout-days'],
    [['operation', 'create', '--release', 'x'.repeat(90), '--all'], '--release'],
    [['operation', 'executions', operation, '--state', 'asleep'], '--state'],
    [['events', 'list', '--code', 'SYS_999'], '--code'],
    [['events', 'list', '--order', 'up'], '--order'],
    [['events', 'list', '--limit', '0'], '--limit'],
    [['devices', 'enroll', 'sensor-8', '--out', path('secret')], '--out'],
    [['devices', 'enroll', 'sensor-8', 'sensor-9', '--out', path('new')], '--out'],
    [['devices', 'enroll', 'sensor-8', '--out', path('new'), '--out-dir', path('new')], '--out'],
    [['devices', 'enroll', 'sensor-8', '--out-dir', path('secret')], '--out-dir'],
    [['devices', 'enroll', 'sensor-8', 'sensor-8'], '<id>'],
    [['devices', 'enroll', 'sensor-8', 'sensor/9'], '<id>'],
    [['principals', 'create', 'anna', '--role', 'root'], '--role'],
    [['principals', 'create', 'anna'], '--role'],
    [['devices', 'list', '--timeout', 'never'], '--timeout'],
    [['devices', 'list', '--url', 'ftp://x'], '--url'],
    [['devices', 'list', '--token', 'a', '--token-file', 'b'], '--token'],
    [['devices', 'list', '--token-file', path('empty')], '--token-file'],
    [['devices', 'list', '--colour'], '--colour'],
  ]
  door.useCases.calls.length = 0
  for (const [args, flag] of cases) {
    const { code, stderr, stdout } = await drover([...args, '--json'], at(door))
    const what = args.slice(0, 2).concat(args.slice(-2)).join(' ')
    t.equal(code, 2, `${what}: ${stderr}`)
    t.equal(stdout, '', what)
    const error = JSON.parse(stderr)
    t.match(error, { object: 'error', fields: [{ name: flag }] }, what)
  }
  t.equal(door.useCases.calls.length, 0, 'none of it reached a use case')
  for (const [args, hint] of [
    [['devices', 'lst'], /Did you mean list\?/],
    [['devices'], /Usage: drover devices/],
    [[], /Usage: drover/],
    [['devices', 'show'], /missing required argument 'id'/],
    [['devices', 'show', 'a', 'b'], /too many arguments/],
  ] as const) {
    const { code, stderr, stdout } = await drover(args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, hint, args.join(' '))
    t.equal(stdout, '')
  }
  t.match(await spawned(['devices', 'list', '--colour']), { code: 2, stdout: '', stderr: /--colour/ })
  t.match(
    (await drover(['devices', 'list'])).stderr,
    /^drover: no access token: .*--token-file FILE.*drover init.*\n.*admin-token/,
  )
  const nowhere = await drover(['devices', 'list'], { DROVER_TOKEN_FILE: path('absent') })
  t.match(nowhere, { code: 2, stderr: /^drover: DROVER_TOKEN_FILE: cannot read .*absent.*\n.*admin-token/ })
  for (const args of [['--help'], ['operation', '--help'], ['operation', 'create', '--help']])
    t.match(await drover(args), { code: 0, stdout: /Usage: drover/, stderr: '' })
})
