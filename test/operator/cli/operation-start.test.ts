// drover operation create: what the broker is asked for, type by type, and what never leaves the desk.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { Caller } from '../../../broker/use-cases/use-cases.ts'
import type { OperationRequest } from '../../../proto/http-api.ts'
import { operationView } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill } from './run.ts'
import { openCommand } from './signed.ts'

const create = ['operation', 'create']
const release = 'app@2.0.0'
const plan = {
  sensors: 3,
  complete: false,
  verdicts: [
    { verdict: 'update', count: 2, devices: ['sensor-1', 'sensor-2'] },
    { verdict: 'SYS_110', count: 9, devices: ['sensor-3'] },
  ],
  policy: operationView(operation).policy,
}

t.test('every type of work, aim and policy becomes the request the broker knows', async t => {
  const door = await openDoor(t)
  fill(door)
  door.useCases.releases.set(`${release}+0011223344556677`, {} as never)
  door.useCases.createOperation = async (by, request) => {
    door.useCases.calls.push({ name: 'createOperation', args: [by.name, request] })
    return operationView(operation)
  }
  const folder = t.testdir({
    'patch.json': '[{"op":"replace","path":"/a","value":1}]',
    'merge.json': '{"a":null}',
    'arguments.json': '{"depth":2}',
    'policy.json': '{"rate":{"maximumPerMinute":9},"priority":1,"schedule":{"onEnd":"stop"},"retries":[]}',
    'ids.txt': 'sensor-2\n# none\nsensor-3 # why\n',
  })
  const path = (name: string): string => join(folder, name)
  const all = { all: true }
  const firmware = ['--release', release]
  const work = { type: 'firmware-update', release }
  const rows: readonly (readonly [readonly string[], object])[] = [
    [[...firmware, '--all'], { ...work, targets: all }],
    [
      [...firmware, '--devices', 'sensor-1,sensor-2', '--device', 'sensor-1', '--devices-file', path('ids.txt')],
      { ...work, targets: { devices: ['sensor-1', 'sensor-2', 'sensor-3'] } },
    ],
    [[...firmware, '--filter', 'group=a&tag=b'], { ...work, targets: { filter: 'group=a&tag=b' } }],
    [[...firmware, '--filter', 'group=a', '--open'], { ...work, targets: { filter: 'group=a', open: true } }],
    [['--type', 'reboot', '--all'], { type: 'reboot', targets: all }],
    [['--type', 'config-backup', '--all', '--name', 'n'], { type: 'config-backup', name: 'n', targets: all }],
    [
      ['--type', 'config-change', '--patch', path('patch.json'), '--all'],
      {
        type: 'config-change',
        arguments: { format: 'json-patch', patch: [{ op: 'replace', path: '/a', value: 1 }] },
        targets: all,
      },
    ],
    [
      ['--type', 'config-change', '--merge-patch', path('merge.json'), '--all'],
      { type: 'config-change', arguments: { format: 'merge-patch', patch: { a: null } }, targets: all },
    ],
    [
      ['--type', 'config-restore', '--backup', `${operation}/sensor-1`, '--device', 'sensor-1'],
      { type: 'config-restore', backup: { operation, device: 'sensor-1' }, targets: { devices: ['sensor-1'] } },
    ],
    [
      ['--type', 'command', '--command', 'blink', '--arguments', '{"times":3}', '--all'],
      { type: 'command', arguments: { name: 'blink', arguments: { times: 3 } }, targets: all },
    ],
    [
      ['--type', 'command', '--command', 'scan', '--arguments', path('arguments.json'), '--all'],
      { type: 'command', arguments: { name: 'scan', arguments: { depth: 2 } }, targets: all },
    ],
    [
      ['--type', 'calibrate', '--arguments', '{"a":1}', '--all'],
      { type: 'calibrate', arguments: { a: 1 }, targets: all },
    ],
  ]
  for (const [args, request] of rows) {
    const { code, stderr } = await drover([...create, ...args], at(door))
    t.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    t.same(door.useCases.calls.at(-1)?.args[1], { ...request, policy: {} }, args.join(' '))
  }

  const policies: readonly (readonly [readonly string[], object])[] = [
    [
      ['--concurrency', '500/25%', '--rate', '100', '--waves', '1%:95/5,100%', '--priority', '9', '--approval'],
      {
        concurrency: { count: 500, percent: 25 },
        rate: { maximumPerMinute: 100 },
        waves: [{ size: '1%', successPercent: 95, errorPercent: 5 }, { size: '100%' }],
        priority: 9,
        approval: true,
      },
    ],
    [
      ['--abort', 'FAIL:10%:stop', '--abort', 'ALL:50%:pause', '--offline', 'skip', '--prerequisite', 'main@1.2.3'],
      {
        abort: [
          { match: 'FAIL', percent: 10, action: 'stop' },
          { match: 'ALL', percent: 50, action: 'pause' },
        ],
        offlinePolicy: 'skip',
        prerequisites: [{ component: 'main', versionLeast: '1.2.3' }],
      },
    ],
    [
      [
        ['--start-at', '2030-01-02T03:04:05+01:00', '--end-at', '2030-02-02T00:00:00Z', '--on-end', 'stop'],
        ['--window', '0 22 * * */480/Europe/Berlin', '--window', '0 1 * * 0/60/UTC', '--install-in-window'],
      ].flat(),
      {
        schedule: {
          startAt: '2030-01-02T02:04:05.000Z',
          endAt: '2030-02-02T00:00:00.000Z',
          onEnd: 'stop',
          windows: [
            { cron: '0 22 * * *', minutes: 480, timeZone: 'Europe/Berlin' },
            { cron: '0 1 * * 0', minutes: 60, timeZone: 'UTC' },
          ],
          install: 'in-window',
        },
      },
    ],
    [
      ['--transport', 'broadcast', '--bytes-per-second', '1048576', '--no-retry-by-pull'],
      { delivery: { transport: 'broadcast', bytesPerSecond: 1_048_576, retryByPull: false } },
    ],
    [['--transport', 'pull'], { delivery: { transport: 'pull' } }],
    [
      ['--policy', path('policy.json'), '--priority', '3', '--log-on-failure', '--end-at', '2030-02-02T00:00:00Z'],
      {
        rate: { maximumPerMinute: 9 },
        priority: 3,
        logOnFailure: true,
        retries: [],
        schedule: { onEnd: 'stop', endAt: '2030-02-02T00:00:00.000Z' },
      },
    ],
  ]
  const sentPolicy = (): object => (door.useCases.calls.at(-1)?.args[1] as OperationRequest | undefined)?.policy ?? {}
  for (const [args, policy] of policies) {
    const { code, stderr } = await drover([...create, ...firmware, '--all', ...args], at(door))
    t.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    t.match(door.useCases.calls.at(-1)?.args[1], { policy }, args.join(' '))
    t.same(Object.keys(sentPolicy()).toSorted(), Object.keys(policy).toSorted(), 'and nothing else')
  }
  const before = Date.now()
  await drover([...create, ...firmware, '--all', '--start-at', '+2h'], at(door))
  const { args: [, relative] = [] } = door.useCases.calls.at(-1) ?? {}
  const aheadMs = Date.parse(String((relative as OperationRequest).policy?.schedule?.startAt)) - before
  t.ok(aheadMs >= 7_200_000 && aheadMs < 7_260_000, 'from now on')
  t.equal((await drover(['operation', 'start', ...firmware, '--all'], at(door))).code, 0, 'start is another word')
})

t.test('a command is signed at the desk, for one operation and for whom it names', async t => {
  const door = await openDoor(t)
  const asked: { id: string; envelope: string }[] = []
  door.useCases.createOperation = async (_by, { signed, arguments: args }) => {
    t.equal(args, undefined, 'the arguments travel inside what is signed')
    if (signed !== undefined) asked.push(signed)
    return operationView(signed?.id ?? operation)
  }
  const folder = t.testdir({ passphrase: 'open sesame\n' })
  const path = (name: string): string => join(folder, name)
  await drover(['keys', 'create', '--out', path('keys'), '--passphrase-file', path('passphrase')])
  const sign = ['--type', 'command', '--command', 'blink', '--arguments', '{"times":3}', '--all']
  const keys = ['--key', path('keys/release.pem'), '--passphrase-file', path('passphrase')]
  const bound = ['--vendor-id', '11'.repeat(16), '--class-id', '22'.repeat(16), '--only-device', 'sensor-1']
  const trust = readFileSync(path('keys/trust.bin'))
  const first = await drover([...create, ...sign, ...keys, '--json'], at(door))
  t.equal(first.code, 0, first.stderr)
  t.equal(first.lines[0].id, asked[0]?.id, 'the operation has the id it was signed for')
  const command = openCommand(asked[0], trust)
  t.match(command, {
    operationType: 'command',
    operation: asked[0]?.id,
    arguments: { name: 'blink', arguments: { times: 3 } },
  })
  t.match(
    Object.keys(command).filter(name => /Id$/.test(name)),
    [],
    'for any device',
  )
  const days = (command.expiresAt - Date.now()) / 86_400_000
  t.ok(days > 29.9 && days <= 30)
  const second = await drover([...create, ...sign, ...keys, ...bound, '--expires', '1h'], at(door))
  t.equal(second.code, 0, second.stderr)
  t.match(openCommand(asked[1], trust), { vendorId: '11'.repeat(16), classId: '22'.repeat(16), deviceId: 'sensor-1' })
  t.not(asked[0]?.id, asked[1]?.id)
  t.ok((asked[0]?.id ?? '') < (asked[1]?.id ?? ''), 'ids sort by age')
  const wrong = await drover([...create, ...sign, '--key', path('keys/release.pem')], at(door))
  t.match(wrong, { code: 2, stderr: /--key: .*passphrase/ })
  // The release key of another fleet's folder, whose PEM no program asks a passphrase for.
  await drover(['keys', 'create', '--out', path('open')])
  const program = `${resolve('docs/examples/signer-openssl.sh')} ${path('open/release.pem')}`
  const third = await drover([...create, ...sign, '--signer', program], { ...at(door), DROVER_KEYS: path('keys') })
  t.match(third, { code: 0, stderr: /to sign command "blink" for the devices of operation [0-9a-z]{26}, until 20/ })
  t.match(openCommand(asked[2], readFileSync(path('open/trust.bin'))), { operation: asked[2]?.id }, 'by that key alone')
  writeFileSync(path('huge.json'), JSON.stringify({ text: 'x'.repeat(48 * 1024 - 20) }))
  const huge = [...create, '--type', 'command', '--command', 'a', '--arguments', path('huge.json'), '--all', ...keys]
  t.match(await drover(huge, at(door)), { code: 2, stderr: /--arguments: .*49152 bytes/ })
  t.equal(asked.length, 3, 'nothing of that reached the broker')
})

t.test('a list of any length travels as a file beside the request', async t => {
  const door = await openDoor(t)
  const text = Array.from({ length: 20_000 }, (_, number) => `sensor-${number}\n`).join('')
  const folder = t.testdir({ 'list.csv': text, 'policy.json': JSON.stringify({ retries: 'x'.repeat(20_000) }) })
  const path = (name: string): string => join(folder, name)
  door.useCases.answers.set('importOperation', operationView(operation))
  const args = [...create, '--release', release, '--from-csv', path('list.csv'), '--priority', '2']
  const made = await drover([...args, '--json'], at(door))
  t.match(made, { code: 0, lines: [{ id: operation }], stderr: '' })
  const [, request, list] = door.useCases.calls.at(-1)?.args ?? []
  t.same(request, { type: 'firmware-update', release, policy: { priority: 2 } })
  t.equal(list, text, 'byte for byte')
  t.match(await drover([...args, '--from-csv', path('absent')], at(door)), {
    code: 2,
    stderr: /--from-csv: cannot read/,
  })
  t.match(await drover([...args, '--policy', path('policy.json')], at(door)), {
    code: 2,
    stderr: /--from-csv: .*16384/,
  })
  t.match(await drover([...args, '--dry-run'], at(door)), { code: 2, stderr: /--dry-run/ })
})

t.test('--dry-run shows whom it would touch, and makes nothing', async t => {
  const door = await openDoor(t)
  door.useCases.answers.set('planOperation', plan)
  const args = [...create, '--release', release, '--filter', 'group=a', '--dry-run']
  const people = await drover(args, at(door))
  t.match(people, { code: 0, stdout: /3 sensors at least.*Nothing was made.*SYS_110 +9 +sensor-3, …/s })
  t.match(await drover([...args, '--json'], at(door)), { code: 0, lines: [{ object: 'operation-plan', sensors: 3 }] })
  t.ok(door.useCases.calls.every(({ name }) => name === 'planOperation'))
})

t.test('the same request id goes along, and a broken answer says how to repeat it safely', async t => {
  const door = await openDoor(t)
  const ids: unknown[] = []
  door.useCases.createOperation = async (by: Caller) => {
    ids.push(by.requestId)
    throw new Error('for a moment')
  }
  const args = [...create, '--release', release, '--all']
  const failed = await drover(args, at(door))
  t.equal(failed.code, 4)
  const [, told] = /--request-id ([0-9a-f]{32}) /.exec(failed.stderr) ?? []
  t.equal(told, ids[0], 'the id that was sent')
  await drover([...args, '--request-id', 'night-1'], at(door))
  t.equal(ids[1], 'night-1')
  t.match(await drover([...args, '--request-id', 'a b'], at(door)), { code: 2, stderr: /--request-id/ })
})
