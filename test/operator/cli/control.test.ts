// What is said to operations, devices, principals and webhooks: each command comes to its use case with what was given,
// and what cannot be taken back is asked for first.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { deviceView, executionView, operationView } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill } from './run.ts'

const time = '2030-01-02T03:04:05.000Z'
const principal = { name: 'anna', role: 'approver', createdAt: time }
const webhook = {
  id: 'w1',
  url: 'https://example.org/x',
  events: ['operation.paused'],
  createdAt: time,
  createdBy: 'kim',
}
const secrets = { secret: 'CANARY-secret', token: 'CANARY-token' }
const explanation = {
  operation,
  device: 'sensor-2',
  state: 'pending',
  rule: 'window',
  message: 'The next window opens at 22:00.',
  data: { opensAt: time },
}

t.test('each command is one use case, for people and as one JSON object', async t => {
  const door = await openDoor(t)
  fill(door)
  const { answers } = door.useCases
  const paused = operationView(operation, {
    state: 'paused',
    pause: { by: 'kim', at: time, reason: 'lunch' },
    wave: { number: 2, of: 3, handedOver: 9, executed: 4, succeeded: 3, failed: 1, soakUntil: null },
  })
  for (const name of ['pause', 'resume', 'approve', 'refuse', 'edit', 'override'] as const)
    answers.set(`${name}Operation`, paused)
  answers.set('retryFailed', operationView('op'.padEnd(26, '7'), { origin: { kind: 'retry', operation } }))
  answers.set('removeDevice', undefined)
  answers.set('showExecution', executionView(operation, 'sensor-2', { state: 'skipped', code: 'SYS_109' }))
  answers.set('explainDevice', explanation)
  for (const name of ['editDevice', 'releaseDevice', 'forgetReportKey'] as const)
    answers.set(name, deviceView('sensor-1', { group: 'hall', tags: ['a', 'b'], attributes: { floor: '2' } }))
  answers.set('deregisterDevice', undefined)
  answers.set('renewDeviceSecret', { device: 'sensor-1', secret: secrets.secret })
  answers.set('editPrincipal', principal)
  answers.set('renewPrincipalToken', { ...principal, token: secrets.token })
  answers.set('deletePrincipal', undefined)
  answers.set('createWebhook', { ...webhook, secret: secrets.secret })
  answers.set('listWebhooks', { object: 'list', data: [webhook], limit: 50, after: null, has_more: false })
  answers.set('deleteWebhook', undefined)
  const window = { cron: '0 22 * * *', minutes: 60, timeZone: 'Europe/Berlin' }
  const everyEvent = ['operation.paused', 'operation.aborted', 'operation.completed', 'operation.stopped']
  const rows: readonly (readonly [line: string, useCase: string, args: readonly unknown[], said: RegExp])[] = [
    ['operation pause ID', 'pauseOperation', [operation], /paused: +2030-01-02 03:04:05Z by kim: lunch/],
    ['operation resume ID', 'resumeOperation', [operation], /wave: +2 of 3: 9 handed over, 4 ended, 3 well, 1 not/],
    ['operation approve ID', 'approveOperation', [operation], /paused/],
    ['operation refuse ID', 'refuseOperation', [operation], /paused/],
    ['operation override ID --reason fire', 'overrideOperation', [operation, { reason: 'fire' }], /paused/],
    ['operation retry-failed ID', 'retryFailed', [operation], /because of: +retry of op0/],
    ['operation remove-device ID sensor-2', 'removeDevice', [operation, 'sensor-2'], /sensor-2 .*SYS_109/],
    ['operation explain ID sensor-2', 'explainDevice', [operation, 'sensor-2'], /rule: +window\n.*opensAt: /s],
    ['operation edit ID --concurrency 5', 'editOperation', [operation, { concurrency: 5 }], /paused/],
    ['operation edit ID --rate none', 'editOperation', [operation, { rate: null }], /paused/],
    ['operation edit ID --rate 60', 'editOperation', [operation, { rate: { maximumPerMinute: 60 } }], /paused/],
    ['operation edit ID --transport pull', 'editOperation', [operation, { delivery: { transport: 'pull' } }], /paused/],
    [
      'operation edit ID --bytes-per-second none',
      'editOperation',
      [operation, { delivery: { bytesPerSecond: null } }],
      /paused/,
    ],
    ['operation edit ID --window none', 'editOperation', [operation, { windows: [] }], /paused/],
    [
      'operation edit ID --window 0_22_*_*_*/60/Europe/Berlin',
      'editOperation',
      [operation, { windows: [window] }],
      /paused/,
    ],
    [
      'devices tag sensor-1 --add a,b --remove c',
      'editDevice',
      ['sensor-1', { tags: { add: ['a', 'b'], remove: ['c'] } }],
      /tags: +a, b/,
    ],
    ['devices group sensor-1 hall', 'editDevice', ['sensor-1', { group: 'hall' }], /group: +hall/],
    ['devices group sensor-1 none', 'editDevice', ['sensor-1', { group: null }], /device/],
    [
      'devices attribute sensor-1 floor=2 room= note=a=b',
      'editDevice',
      ['sensor-1', { attributes: { floor: '2', room: null, note: 'a=b' } }],
      /attribute floor: +2/,
    ],
    ['devices release sensor-1', 'releaseDevice', ['sensor-1'], /device/],
    ['devices forget-report-key sensor-1 --yes', 'forgetReportKey', ['sensor-1'], /device/],
    ['devices deregister sensor-1 --yes', 'deregisterDevice', ['sensor-1'], /deregistered: +sensor-1/],
    ['devices secret renew sensor-1', 'renewDeviceSecret', ['sensor-1'], /CANARY-secret/],
    ['principals role anna approver', 'editPrincipal', ['anna', { role: 'approver' }], /role: +approver/],
    ['principals token renew anna', 'renewPrincipalToken', ['anna'], /CANARY-token/],
    ['principals delete anna --yes', 'deletePrincipal', ['anna'], /deleted: +anna/],
    [
      'webhooks create https://example.org/x',
      'createWebhook',
      [{ url: 'https://example.org/x', events: everyEvent }],
      /CANARY-secret/,
    ],
    [
      'webhooks create https://example.org/x --events operation.paused',
      'createWebhook',
      [{ url: 'https://example.org/x', events: ['operation.paused'] }],
      /key: /,
    ],
    ['webhooks list', 'listWebhooks', [], /w1 +https:\/\/example.org\/x +operation.paused/],
    ['webhooks delete w1 --yes', 'deleteWebhook', ['w1'], /deleted: +w1/],
  ]
  for (const [line, useCase, args, said] of rows) {
    const argv = line.split(' ').map(part => part.replace('ID', operation).replaceAll('_', ' '))
    door.useCases.calls.length = 0
    const people = await drover(argv, at(door))
    t.equal(people.code, 0, `${line}: ${people.stderr}`)
    t.match(people.stdout, said, line)
    t.same(door.useCases.calls[0], { name: useCase, args: ['the-admin', ...args] }, line)
    const program = await drover([...argv, '--json'], at(door))
    t.match(program, { code: 0, stderr: '' }, `${line} --json`)
    t.equal(program.lines.length, 1, `${line} --json`)
  }
})

t.test('a secret that is renewed goes into a file when one is named, and nowhere else', async t => {
  const door = await openDoor(t)
  door.useCases.answers.set('renewDeviceSecret', { device: 'sensor-1', secret: secrets.secret })
  door.useCases.answers.set('renewPrincipalToken', { ...principal, token: secrets.token })
  door.useCases.answers.set('createWebhook', { ...webhook, secret: secrets.secret })
  const folder = t.testdir({ there: 'kept' })
  for (const [line, secret] of [
    ['devices secret renew sensor-1', secrets.secret],
    ['principals token renew anna', secrets.token],
    ['webhooks create https://example.org/x', secrets.secret],
  ] as const) {
    const path = join(folder, line.replaceAll(/\W/g, '-'))
    const { code, stdout, stderr } = await drover([...line.split(' '), '--out', path], at(door))
    t.equal(code, 0, stderr)
    t.equal(readFileSync(path, 'utf8'), `${secret}\n`)
    t.equal(statSync(path).mode & 0o777, 0o600)
    t.notMatch(stdout + stderr, /CANARY/)
    const before = door.useCases.calls.length
    t.match(await drover([...line.split(' '), '--out', join(folder, 'there')], at(door)), { code: 2, stderr: /--out/ })
    t.equal(door.useCases.calls.length, before, 'the old one is not made void for a new one nobody can write down')
  }
})

t.test('what cannot be taken back is done only after a yes', async t => {
  const door = await openDoor(t)
  for (const name of ['deregisterDevice', 'deletePrincipal', 'deleteWebhook'] as const)
    door.useCases.answers.set(name, undefined)
  for (const line of ['devices deregister sensor-1', 'principals delete anna', 'webhooks delete w1']) {
    const argv = line.split(' ')
    t.match(await drover(argv, at(door)), { code: 2, stderr: /--yes/ }, `${line}: nobody to ask`)
    for (const answer of ['', 'y', 'no', 'yes please']) {
      const ask = async (): Promise<string> => answer
      t.match(
        await drover(argv, at(door), undefined, { ask }),
        { code: 2, stderr: /nothing was done/ },
        `${line}: ${answer}`,
      )
    }
    t.equal(door.useCases.calls.length, 0, line)
    const questions: string[] = []
    const ask = async (question: string): Promise<string> => {
      questions.push(question)
      return 'Yes'
    }
    t.match(await drover([...argv, '--json'], at(door), undefined, { ask }), { code: 2 }, 'a program is not asked')
    t.match(await drover(argv, at(door), undefined, { ask }), { code: 0 }, line)
    t.equal(questions.length, 1)
    t.match(questions[0], argv.at(-1), 'the question names it')
    t.equal(door.useCases.calls.length, 1)
    door.useCases.calls.length = 0
  }
})

t.test('retry-failed --wait follows the new operation, not the old one', async t => {
  const door = await openDoor(t)
  fill(door)
  const next = 'op'.padEnd(26, '7')
  const good = { state: 'completed', updateStatus: 'Completed', sensors: 1, updated: 1 }
  door.useCases.answers.set('retryFailed', operationView(next))
  door.useCases.operations.set(next, operationView(next, good))
  const { code, stdout } = await drover(['operation', 'retry-failed', operation, '--wait'], at(door))
  t.equal(code, 0)
  t.match(stdout, new RegExp(`Operation ${next} has begun.*Completed: 1 updated`, 's'))
})

t.test('errors come together by reason and by code, and lists by result', async t => {
  const door = await openDoor(t)
  fill(door)
  const codes = [{ code: 'UPD4_FAIL_40', count: 2, text: 'Installation failed.', correctiveAction: 'Look at it.' }]
  const view = operationView(operation, { errors: 2, reasons: [{ reason: 'Update error', count: 2 }], codes })
  door.useCases.operations.set(operation, view)
  const people = await drover(['operation', 'errors', operation], at(door))
  t.match(people, { code: 0, stdout: /Update error +2\n\n.*UPD4_FAIL_40 +2 +Installation failed. +Look at it./s })
  t.match(people.stderr, /--result errors/)
  const program = await drover(['operation', 'errors', operation, '--json'], at(door))
  t.match(program.lines, [{ object: 'operation-errors', reasons: view.reasons, codes }])
  await drover(['operation', 'executions', operation, '--result', 'updated'], at(door))
  t.match(door.useCases.calls.at(-1), { name: 'listExecutions', args: ['the-admin', operation, { result: 'updated' }] })
})

t.test('devices that still run a version are found over short pages, all of them', async t => {
  const door = await openDoor(t)
  const asked: unknown[] = []
  const ids = Array.from({ length: 7 }, (_, number) => `sensor-${number}`)
  door.useCases.listDevices = async (_by, request) => {
    asked.push(request)
    // Every second page finds nobody.
    const number = asked.length
    const data = number % 2 === 0 ? [] : ids.slice(number - 1, number + 1).map(id => deviceView(id))
    const has_more = number < 7
    return {
      object: 'list' as const,
      data,
      limit: 50,
      after: null,
      has_more,
      ...(has_more ? { next: `p${number}` } : {}),
    }
  }
  const filter = 'component=main&version=1.0.0'
  const found = await drover(['devices', 'list', '--filter', filter, '--all', '--json'], at(door))
  t.equal(found.code, 0, found.stderr)
  t.equal(found.lines.length, 7)
  t.match(asked, [{ filter }, { filter, after: 'p1' }, { after: 'p2' }])
  asked.length = 0
  const some = await drover(['devices', 'list', '--filter', filter, '--limit', '2'], at(door))
  t.match(some, { code: 0, stderr: /--after p1/ }, 'where to go on')
})

t.test('CSV and backups arrive whole or not at all', async t => {
  const door = await openDoor(t)
  const { answers } = door.useCases
  const folder = t.testdir()
  const path = (name: string): string => join(folder, name)
  const piece = Buffer.from('device,status\r\nsensor-1,Completed\r\n'.repeat(3000))
  const pieces = async function* (count: number, failure?: Error) {
    for (let number = 0; number < count; number += 1) yield piece
    if (failure !== undefined) throw failure
  }
  answers.set('exportOperation', () => pieces(5))
  const csv = ['operation', 'export', operation]
  const shown = await drover(csv, at(door))
  t.match(shown, { code: 0, stderr: '' })
  t.equal(shown.stdout.length, piece.length * 5, 'to standard output nothing but the bytes')
  t.match(await drover([...csv, '-o', path('a.csv')], at(door)), { code: 0, stdout: /a\.csv/ })
  t.equal(readFileSync(path('a.csv')).length, piece.length * 5)
  answers.set('exportOperation', () => pieces(5, new Error('the disk of the broker')))
  const cut = await drover([...csv, '--out', path('b.csv')], at(door))
  t.equal(cut.code, 4, cut.stderr)
  t.notOk(existsSync(path('b.csv')), 'half a file is no file')
  await drover([...csv, '--out', path('a.csv')], at(door))
  t.equal(readFileSync(path('a.csv')).length, piece.length * 5, 'and what was there stays')
  answers.delete('exportOperation')
  t.match(await drover([...csv, '--out', path('b.csv')], at(door)), { code: 3 })
  t.match(await drover([...csv, '--out', path('absent/b.csv')], at(door)), { code: 3 })
  answers.set('exportOperation', () => pieces(1))
  t.match(await drover([...csv, '--out', path('absent/b.csv')], at(door)), { code: 2, stderr: /--out/ })

  const content = Buffer.from([0, 255, 1, 254])
  const view = { operation, device: 'sensor-1', sha256: 'ab', version: '7', sizeBytes: 4, at: time }
  answers.set('readBackup', { view, content })
  const backup = ['backup', 'get', operation, 'sensor-1']
  const got = await drover([...backup, '-o', path('config'), '--json'], at(door))
  t.match(got, { code: 0, lines: [{ object: 'backup', device: 'sensor-1', bytes: 4 }] })
  t.same(readFileSync(path('config')), content)
  t.equal(statSync(path('config')).mode & 0o777, 0o600, 'configurations hold secrets')
  answers.set('listBackups', { object: 'list', data: [view], limit: 50, after: null, has_more: false })
  t.match(await drover(['operation', 'backups', operation], at(door)), { code: 0, stdout: /sensor-1 +7 +4 +ab/ })

  const event = '2b'.padStart(32, '0')
  const log = { id: event, operation, device: 'sensor-1', attempt: 2, sizeBytes: 9, cut: true, at: time }
  answers.set('readDeviceLog', { view: log, text: '{"a":"ü"}\n' })
  t.match(await drover(['device', 'log', event], at(door)), { code: 0, stdout: '{"a":"ü"}\n', stderr: '' })
  t.match(await drover(['devices', 'log', event, '-o', path('log')], at(door)), { code: 0, stdout: /log {2}11 bytes/ })
  t.equal(statSync(path('log')).mode & 0o777, 0o600)
  answers.set('listDeviceLogs', { object: 'list', data: [log], limit: 50, after: null, has_more: false })
  const listed = await drover(['operation', 'logs', operation], at(door))
  t.match(listed, { code: 0, stdout: new RegExp(`${event} +sensor-1 +2 +9 +older lines are gone`) })
  answers.delete('readDeviceLog')
  t.match(await drover(['device', 'log', event], at(door)), { code: 3, stderr: /drover operation logs ID/ })
  t.match(await drover(['device', 'log', 'x'], at(door)), { code: 2, stderr: /32 lower-case hex digits/ })
})
