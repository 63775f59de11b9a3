// The form of a new operation, without a browser: what is typed becomes one request, and the command line and the MQTT
// message that are shown beside it ask for exactly the same – the line is run by a shell and by the CLI's own program.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chdir, cwd } from 'node:process'
import t, { type Test } from 'tap'
import { Compile } from 'typebox/compile'
import { cliCommandOf, quoted, shellText } from '../../../operator/console/pages/new-operation/cli-command.ts'
import {
  type Draft,
  defaultAbort,
  defaultRetries,
  draftOf,
  emptyAbort,
  emptyPolicy,
  emptyRetry,
  emptyWave,
  type PolicyDraft,
} from '../../../operator/console/pages/new-operation/draft.ts'
import { mqttMessageOf } from '../../../operator/console/pages/new-operation/mqtt-message.ts'
import { requestOf } from '../../../operator/console/pages/new-operation/request.ts'
import { devicesIn, devicesInCsv } from '../../../operator/console/pages/new-operation/target-list.ts'
import { editOf } from '../../../operator/console/pages/operations/limits-edit.ts'
import { OperationRequest } from '../../../proto/http-api.ts'
import { principalName } from '../../../proto/ids.ts'
import { operatorRequestTopic } from '../../../proto/topics.ts'
import { at, drover, fill } from '../cli/run.ts'
import { openCommand } from '../cli/signed.ts'
import { operationView } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { base, nothing, rows, update, withPolicy } from './form-rows.ts'

t.test('what is typed becomes one request that the broker takes', async t => {
  const schema = Compile(OperationRequest)
  for (const [what, draft, request] of rows) {
    const made = requestOf(draft)
    t.strictSame(made.problems, [], what)
    t.strictSame(made.request, request, what)
    t.ok(schema.Check(made.request), `${what}: as the schema has it`)
  }
})

t.test('the command line that is shown asks for the same, through a shell', async t => {
  const door = await openDoor(t)
  fill(door)
  const asked: unknown[] = []
  door.useCases.createOperation = async (_by, request) => {
    asked.push(request)
    return operationView(operation)
  }
  inFolder(t)
  for (const [what, draft, request] of rows) {
    const { code, stderr } = await drover(wordsOf(shellText(cliCommandOf(requestOf(draft).request))), at(door))
    t.equal(code, 0, `${what}: ${stderr}`)
    t.strictSame(asked.at(-1), { policy: {}, ...request }, what)
  }
  t.equal(asked.length, rows.length, 'each once')
})

t.test('a command is shown with the key that signs it, and signed it is what was typed', async t => {
  const door = await openDoor(t)
  const signed: OperationRequest['signed'][] = []
  door.useCases.createOperation = async (_by, request) => {
    signed.push(request.signed)
    return operationView(request.signed?.id ?? operation)
  }
  inFolder(t)
  await drover(['keys', 'create', '--out', '.'])
  const draft = { ...draftOf({ ...nothing, type: 'command' }), command: 'blink', arguments: '{"times": 3}' }
  const { request, problems } = requestOf(draft)
  t.strictSame(problems, [])
  const { code, stderr } = await drover(wordsOf(shellText(cliCommandOf(request))), at(door))
  t.equal(code, 0, stderr)
  t.strictSame(openCommand(signed[0], readFileSync('trust.bin')).arguments, request.arguments)
  t.type(mqttMessageOf(request, 'kim', 'r1'), 'string', 'and by MQTT it cannot be asked for unsigned')
})

t.test('a list in a file is imported by the CLI, and said to be none of MQTT', async t => {
  const door = await openDoor(t)
  const imported: unknown[] = []
  door.useCases.importOperation = async (_by, request, body) => {
    const parts: Buffer[] = []
    for await (const part of body) parts.push(Buffer.from(part))
    imported.push([request, Buffer.concat(parts).toString()])
    return operationView(operation)
  }
  inFolder(t, { 'my devices.csv': 'id\nsensor-1\n' })
  const csv = { name: 'my devices.csv', sizeBytes: 12, devices: devicesInCsv('id\nsensor-1\n') }
  const { request, problems } = requestOf({ ...update, aim: 'csv', csv })
  t.strictSame(problems, [])
  const { code, stderr } = await drover(wordsOf(shellText(cliCommandOf(request, csv.name))), at(door))
  t.equal(code, 0, stderr)
  t.strictSame(imported, [[{ ...base, policy: {} }, 'id\nsensor-1\n']])
  t.match(mqttMessageOf(request, 'kim', 'r1'), /HTTP/)
})

t.test('the MQTT message is the request with its id, on the topic of who asks', async t => {
  const kim = principalName('kim')
  for (const [what, draft, request] of rows) {
    const message = mqttMessageOf(requestOf(draft).request, kim, 'r1')
    if (typeof message === 'string') {
      t.fail(`${what}: ${message}`)
      continue
    }
    t.equal(message.topic, operatorRequestTopic(kim, 'operation-create'))
    t.strictSame(JSON.parse(message.payload), { requestId: 'r1', ...request }, what)
  }
  const long = requestOf(draftOf({ ...nothing, type: 'reboot', devices: 'x'.repeat(300 * 1024) })).request
  t.match(mqttMessageOf(long, kim, 'r1'), /256 KiB/, 'a packet has a limit')
})

t.test('what cannot be sent is named as the broker names it', async t => {
  const names = (draft: Draft): readonly string[] => requestOf(draft).problems.map(({ name }) => name)
  const config = draftOf({ ...nothing, type: 'config-change' })
  const table: readonly (readonly [Draft, readonly string[]])[] = [
    [draftOf(nothing), ['release']],
    [draftOf({ ...nothing, type: 'No Type' }), ['type']],
    [{ ...config, patch: '' }, ['arguments.patch']],
    [{ ...config, patch: '{' }, ['arguments.patch']],
    [{ ...config, patch: '[]' }, ['arguments.patch']],
    [{ ...config, patchFormat: 'json-patch', patch: '{}' }, ['arguments.patch']],
    [draftOf({ ...nothing, type: 'config-restore' }), ['backup']],
    [{ ...draftOf({ ...nothing, type: 'command' }), arguments: '[]' }, ['arguments.name', 'arguments.arguments']],
    [{ ...draftOf({ ...nothing, type: 'calibrate' }), arguments: '7' }, ['arguments']],
    [{ ...update, aim: 'filter' }, ['targets.filter']],
    [{ ...update, aim: 'devices' }, ['targets.devices']],
    [{ ...update, aim: 'csv' }, ['targets.file']],
    [{ ...update, aim: 'csv', csv: { name: 'a', sizeBytes: 0, devices: [] } }, ['targets.file']],
    [
      { ...update, aim: 'devices', devices: Array.from({ length: 10_001 }, (_, i) => `d${i}`).join(' ') },
      ['targets.devices'],
    ],
    [withPolicy({ priority: '10' }), ['policy.priority']],
    [withPolicy({ concurrencyCount: '0' }), ['policy.concurrency']],
    [withPolicy({ concurrencyPercent: '1e2' }), ['policy.concurrency']],
    [
      withPolicy({ ramp: true, rampFactor: '9' }),
      [
        'policy.rate.maximumPerMinute',
        'policy.rate.exponential.basePerMinute',
        'policy.rate.exponential.factor',
        'policy.rate.exponential.criterion',
      ],
    ],
    [
      withPolicy({ waves: [{ ...emptyWave, size: '0%', soakMinutes: '-1' }] }),
      ['policy.waves.0.size', 'policy.waves.0.soakMinutes'],
    ],
    [
      withPolicy({ abort: [{ ...emptyAbort, match: '', percent: '', action: 'rollback' }] }),
      ['policy.abort.0.match', 'policy.abort.0.action.rollback', 'policy.abort.0.percent'],
    ],
    [
      withPolicy({ retries: [{ ...emptyRetry, limit: '11', jitter: '2' }] }),
      ['policy.retries.0.limit', 'policy.retries.0.jitter'],
    ],
    [
      withPolicy({ windows: [{ cron: '0 22 * *', minutes: '', timeZone: ' ' }] }),
      ['policy.schedule.windows.0.cron', 'policy.schedule.windows.0.timeZone', 'policy.schedule.windows.0.minutes'],
    ],
    [
      withPolicy({ prerequisites: [{ component: 'a b', versionLeast: '1' }] }),
      ['policy.prerequisites.0.component', 'policy.prerequisites.0.versionLeast'],
    ],
    [
      withPolicy({ timeoutDays: '0', bytesPerSecond: '1000', stepTimeoutMinutes: '1.5' }),
      ['policy.delivery.bytesPerSecond', 'policy.timeoutDays', 'policy.stepTimeoutMinutes'],
    ],
  ]
  for (const [draft, expected] of table) t.strictSame(names(draft), expected, expected.join(', '))
})

t.test('the rules that are shown to start from are the ones the broker has', async t => {
  const { policyDefaults } = await import('../../../broker/core/policy.ts')
  const { policyOf } = await import('../../../broker/use-cases/policy-request.ts')
  const { request } = requestOf(withPolicy({ abort: defaultAbort, retries: defaultRetries }))
  const made = await policyOf(request.policy ?? {}, {
    store: {} as never,
    calendar: {} as never,
    at: 0,
    subject: { kind: 'release' } as never,
  })
  t.strictSame(made.abort, policyDefaults.abort)
  t.strictSame(made.retries, policyDefaults.retries)
})

t.test('ids are found in what people paste and in the columns of a file', async t => {
  t.strictSame(devicesIn(' a, b\n\nc;a\td '), ['a', 'b', 'c', 'd'])
  const files: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['a\nb\r\n\nb\n', ['a', 'b']],
    ['\uFEFFdevice_id,name\na,x\n"b",y\n', ['a', 'b']],
    ['name,device_id\nx,a\n', ['a']],
    ['ControllerID;floor\na;1\n', ['a']],
    ['floor\tid\n1\ta\n', ['a']],
    ['a,1\nb,2', ['a', 'b']],
  ]
  for (const [text, ids] of files) t.strictSame(devicesInCsv(text), ids, JSON.stringify(text))
})

t.test('a change of limits says only what was changed', async t => {
  const before: PolicyDraft = { ...emptyPolicy, rateMaximum: '100', bytesPerSecond: '4096' }
  const window = { cron: '0 22 * * *', minutes: '60', timeZone: 'UTC' }
  const table: readonly (readonly [Partial<PolicyDraft>, object])[] = [
    [{}, {}],
    [{ concurrencyCount: '9' }, { concurrency: 9 }],
    [{ rateMaximum: '' }, { rate: null }],
    [{ rateMaximum: '7' }, { rate: { maximumPerMinute: 7 } }],
    [{ bytesPerSecond: '' }, { delivery: { bytesPerSecond: null } }],
    [{ transport: 'pull' }, { delivery: { transport: 'pull' } }],
    [{ windows: [window] }, { windows: [{ ...window, minutes: 60 }] }],
  ]
  for (const [changes, edit] of table)
    t.strictSame(editOf(before, { ...before, ...changes }), { edit, problems: [] }, JSON.stringify(changes))
  const lifted = { ...before, windows: [window] }
  t.strictSame(editOf(lifted, { ...lifted, windows: [] }).edit, { windows: [] }, 'windows are lifted by an empty list')
  t.strictSame(
    editOf(before, { ...before, concurrencyCount: 'x' }).problems.map(({ name }) => name),
    ['concurrency'],
  )
})

t.test('a word of a shell is quoted only where it must be', async t => {
  t.equal(quoted('main@2.0.0'), 'main@2.0.0')
  t.equal(quoted("it's"), `'it'\\''s'`)
  t.equal(quoted(''), "''")
})

/** Runs the lines in the folder; what `drover` was given. */
function wordsOf(text: string): readonly string[] {
  const heard = execFileSync('/bin/sh', ['-c', `drover() { printf '%s\\0' "$@"; }\n${text}`])
  return heard.toString().split('\0').slice(0, -1)
}

/** The shell writes its files where it stands, and the CLI reads them there. */
function inFolder(t: Test, files: Readonly<Record<string, string>> = {}): void {
  const before = cwd()
  chdir(t.testdir(files))
  t.teardown(() => chdir(before))
}
