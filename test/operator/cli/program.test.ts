// What a command line may not say, and how it is told.
import { join } from 'node:path'
import t from 'tap'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill, spawned } from './run.ts'

const ids = ['--vendor-id', '11'.repeat(16), '--class-id', '22222222-2222-2222-2222-222222222222']

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
  t.equal(
    (await drover(['devices', 'list'])).stderr,
    'drover: no access token: give --token-file FILE, or set DROVER_TOKEN_FILE or DROVER_TOKEN\n' +
      '  a broker writes its first token into the file admin-token of its data directory\n',
  )
  const nowhere = await drover(['devices', 'list'], { DROVER_TOKEN_FILE: path('absent') })
  t.match(nowhere, { code: 2, stderr: /^drover: DROVER_TOKEN_FILE: cannot read .*absent.*\n.*admin-token/ })
  for (const args of [['--help'], ['operation', '--help'], ['operation', 'create', '--help']])
    t.match(await drover(args), { code: 0, stdout: /Usage: drover/, stderr: '' })
  t.match((await drover(['operation', 'create', '--help'])).stdout, /Exit codes:\n +0 .*\n +1 .*\n +2 .*\n +3 .*\n +4 /)
})
