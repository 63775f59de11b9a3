// The fleet in numbers, operations by what they are, and what became of one device.
import t from 'tap'
import { barOf } from '../../../operator/cli/fleet.ts'
import { executionView, operationView } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill } from './run.ts'

const time = '2030-01-02T03:04:05.000Z'

t.test('drover fleet shows versions as bars, and says when it was counted', async t => {
  const door = await openDoor(t)
  const { answers } = door.useCases
  const digest = 'ab'.repeat(32)
  answers.set('showFleet', {
    ...{ countedAt: time, devices: 1000, online: 900, quarantined: 2 },
    components: [
      {
        component: 'firmware',
        devices: 1000,
        versions: [
          { version: '2.0.0', digest, devices: 749 },
          { version: '1.0.0', digest: 'cd'.repeat(32), devices: 250 },
        ],
        others: 1,
      },
    ],
  })
  const people = await drover(['fleet'], at(door))
  t.match(people, { code: 0, stderr: '' })
  t.match(people.stdout, /^1000 devices, 900 online, 2 in quarantine; counted 2030-01-02 03:04:05Z\.\n/)
  t.match(people.stdout, /\nfirmware +2\.0\.0 +749 +█{22}░{8} 74 % +abababababababab\n/)
  t.match(people.stdout, /\nfirmware +others +1 +█░{29} <1 % +–\n/)
  t.match((await drover(['fleet', '--json'], at(door))).lines, [{ object: 'fleet', devices: 1000, components: [{}] }])
  answers.set('showFleet', { countedAt: null, devices: 0, online: 0, quarantined: 0, components: [] })
  t.match(await drover(['fleet'], at(door)), { code: 0, stdout: /not counted yet/ })
})

t.test('a bar is never full before all are there, and never empty while one is', async t => {
  for (const [count, all, expected] of [
    [0, 10, `${'░'.repeat(30)} 0 %`],
    [1, 100_000, `█${'░'.repeat(29)} <1 %`],
    [5, 10, `${'█'.repeat(15)}${'░'.repeat(15)} 50 %`],
    [99_999, 100_000, /99 %$/],
    [10, 10, `${'█'.repeat(30)} 100 %`],
    [0, 0, `${'░'.repeat(30)} 0 %`],
  ] as const)
    t.match(barOf(count, all), expected)
  t.notMatch(barOf(99_999, 100_000), '█'.repeat(30))
})

t.test('operation list asks for a type, a status in either words, a person, a release', async t => {
  const door = await openDoor(t)
  const asked: unknown[] = []
  door.useCases.listOperations = async (_by, page) => {
    asked.push(page)
    const data = [operationView(operation)]
    return { object: 'list', data, limit: 50, after: null, has_more: false }
  }
  const list = ['operation', 'list']
  const rows: readonly (readonly [readonly string[], object])[] = [
    [[], {}],
    [['--type', 'reboot'], { type: 'reboot' }],
    [['--status', 'processing'], { updateStatus: 'Processing' }],
    [['--status', 'Running'], { status: 'Running' }],
    [['--status', 'cancelled'], { status: 'Cancelled' }],
    [['--status', 'Pending', '--created-by', 'anna'], { updateStatus: 'Pending', createdBy: 'anna' }],
    [['--release', 'app@2.0.0'], { release: 'app@2.0.0' }],
  ]
  for (const [flags, expected] of rows) {
    asked.length = 0
    t.match(await drover([...list, ...flags], at(door)), { code: 0, stdout: operation }, flags.join(' '))
    t.strictSame(asked, [{ limit: 50, ...expected }], flags.join(' '))
  }
  t.match(await drover([...list, '--status', 'asleep'], at(door)), { code: 2, stderr: /--status.*Pending, Processing/ })
  door.useCases.listOperations = async () => ({ object: 'list', data: [], limit: 50, after: null, has_more: false })
  t.match((await drover([...list, '--type', 'reboot'], at(door))).stderr, /No operations match/)
  t.match((await drover(list, at(door))).stderr, /drover operation start/)
})

t.test('what operations were to one device, over short pages', async t => {
  const door = await openDoor(t)
  fill(door)
  const item = (id: string, code: string) => ({
    operation: {
      ...{ id, name: 'one', type: 'reboot', typeName: 'Reboot', state: 'completed', component: null },
      ...{ targetVersion: null, createdBy: 'anna', requestedAt: time },
    },
    execution: executionView(id, 'sensor-1', { state: 'completed', status: 'Completed', code }),
  })
  const pages = [
    { data: [item('op1', 'SYS_112')], next: 'op5', has_more: true },
    { data: [], next: 'op9', has_more: true },
    { data: [item('op9', 'SYS_100')], has_more: false },
  ]
  const asked: unknown[] = []
  door.useCases.listDeviceOperations = async (_by, id, page) => {
    asked.push([id, page.after])
    return {
      object: 'list' as const,
      limit: 50,
      after: null,
      ...(pages[asked.length - 1] as (typeof pages)[0]),
    } as never
  }
  const shown = await drover(['devices', 'operations', 'sensor-1'], at(door))
  t.match(shown, { code: 0, stdout: /op1 +Reboot +one .* SYS_112 .*\nop9 .* SYS_100 / })
  t.strictSame(asked, [
    ['sensor-1', undefined],
    ['sensor-1', 'op5'],
    ['sensor-1', 'op9'],
  ])
})

t.test('audit status is the finding of the broker, and its exit code', async t => {
  const door = await openDoor(t)
  const { answers } = door.useCases
  const found = { state: 'holds', checkedTo: 7, head: 9, checkedAt: time, firstBroken: null }
  answers.set('auditVerification', found)
  t.match(await drover(['audit', 'status'], at(door)), {
    code: 0,
    stdout: /state: +holds\nchecked: +records 1 to 7 of 9\n/,
  })
  answers.set('auditVerification', { ...found, state: 'broken', firstBroken: 3 })
  t.match(await drover(['audit', 'status'], at(door)), { code: 1, stdout: /broken[\s\S]*first broken: +record 3/ })
  t.match(await drover(['audit', 'status', '--json'], at(door)), {
    code: 1,
    lines: [{ object: 'audit-verification', firstBroken: 3 }],
  })
})
