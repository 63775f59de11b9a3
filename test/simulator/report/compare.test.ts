import t from 'tap'
import { compare, type Difference } from '../../../simulator/report/compare.ts'
import { comparisonRows, comparisonText } from '../../../simulator/report/comparison-view.ts'
import type { FleetReport } from '../../../simulator/report/fleet-report.ts'
import { sample } from './sample.ts'

const before = sample({ sensors: 1000, seed: 1 })
const figure = (a: FleetReport, b: FleetReport, name: string): Difference | undefined =>
  compare(a, b).differences.find(difference => difference.figure === name)

t.test('a run beside itself differs in nothing', async t => {
  const { differences, caveats } = compare(before, before)
  t.ok(differences.length > 25)
  t.strictSame(
    differences.filter(({ beyondNoise, change }) => beyondNoise || (change !== undefined && change !== 0)),
    [],
  )
  t.strictSame(caveats, [])
})

t.test('two runs of one setting: chance alone leaves no mark on shares and percentiles', async t => {
  const marks = Array.from({ length: 6 }, (_, index) => compare(before, sample({ sensors: 1000, seed: 100 + index })))
    .flatMap(({ differences }) => differences)
    .filter(({ figure, beyondNoise }) => beyondNoise && /^(p\d|code|succeeded|failed)/.test(figure))
  // Six times 24 figures at 99 % intervals that must not even touch: one by chance is much.
  t.ok(marks.length <= 1, JSON.stringify(marks))
})

t.test('a slower run is marked: percentiles and duration, with the change', async t => {
  const slower = sample({ sensors: 1000, seed: 2, slower: 1.4 })
  for (const name of ['p50 connect', 'p95 connect', 'p50 download', 'p50 offer to start', 'duration']) {
    const found = figure(before, slower, name)
    t.ok(found?.beyondNoise, name)
    t.ok((found?.change ?? 0) > 0.1, `${name} ${found?.change}`)
  }
  t.notOk(figure(before, slower, 'succeeded')?.beyondNoise)
  t.notOk(figure(before, slower, 'p50 telemetry')?.beyondNoise)
})

t.test('with three sensors nothing can be told from chance', async t => {
  const [a, b] = [sample({ sensors: 3, seed: 1 }), sample({ sensors: 3, seed: 9, slower: 3 })]
  t.strictSame(
    compare(a, b).differences.filter(({ figure, beyondNoise }) => beyondNoise && /^p\d/.test(figure)),
    [],
  )
})

t.test('failures: a few more are chance, many more are not', async t => {
  const failing = (failed: number): FleetReport => ({ ...before, failed, succeeded: 1000 - failed })
  t.notOk(figure(failing(10), failing(16), 'failed')?.beyondNoise)
  t.ok(figure(failing(10), failing(60), 'failed')?.beyondNoise)
  t.notOk(figure(failing(0), failing(2), 'failed')?.beyondNoise)
  t.ok(figure(failing(0), failing(40), 'failed')?.beyondNoise)
  t.equal(figure(failing(0), failing(40), 'failed')?.change, undefined, 'there is no share of nothing')
})

t.test('events and numbers of a run have limits of their own', async t => {
  const rows: readonly (readonly [change: Partial<FleetReport>, name: string, marked: boolean])[] = [
    [{ reconnects: before.reconnects + 20 }, 'reconnects', false],
    [{ reconnects: before.reconnects * 2 }, 'reconnects', true],
    [{ durationMs: before.durationMs * 1.09 }, 'duration', false],
    [{ durationMs: before.durationMs * 0.85 }, 'duration', true],
    [{ downBytes: before.downBytes * 1.2 }, 'bytes down a sensor', true],
    [
      { testers: before.testers.map(tester => ({ ...tester, eventLoopLagP99Ms: 30 })) },
      'event loop lag p99 of the tester',
      false,
    ],
    [
      { testers: before.testers.map(tester => ({ ...tester, eventLoopLagP99Ms: 90 })) },
      'event loop lag p99 of the tester',
      true,
    ],
  ]
  for (const [change, name, marked] of rows)
    t.equal(
      figure(before, { ...before, ...change }, name)?.beyondNoise,
      marked,
      `${name} ${JSON.stringify(change).slice(0, 40)}`,
    )
  t.notOk(figure(before, before, 'broker memory, most')?.beyondNoise, 'nobody measured it')
})

t.test('what is not alike in the two runs is said', async t => {
  const after: FleetReport = {
    ...sample({ sensors: 500, seed: 1, warnings: ['CPU was full'] }),
    imageBytes: 1024,
    settings: [
      ['Seed', '2'],
      ['New', 'x'],
    ],
  }
  const files = compare(
    { ...before, settings: [['--json', 'a.json']] },
    { ...before, settings: [['--html', 'b.html']] },
  )
  t.strictSame(files.caveats, [], 'where the report is written changes nothing')
  const said = compare(before, after).caveats.join('\n')
  for (const part of [
    '1000 sensors before, 500 after',
    '256 KiB before, 1 KiB after',
    'Seed: 1 before, 2 after',
    'New: nothing before, x after',
    'Image: 256 KiB, format raw before, nothing after',
    'after, tester sensor-tester: CPU was full',
  ])
    t.match(said, part)
})

t.test('the comparison is told as a table and written as rows', async t => {
  const comparison = compare(before, { ...before, durationMs: before.durationMs * 2, settings: [['a\u001b[2J', 'b']] })
  const text = comparisonText(comparison, ['before', 'after'])
  t.match(text, /duration .*\+100 % *.*beyond noise/)
  t.match(text, /1 difference.* larger than chance/)
  t.notOk(text.includes('\u001b'), 'no control character of a report reaches the terminal')
  t.notMatch(text, /broker memory/, 'what neither measured is no row')
  t.match(comparisonText(compare(before, before), ['a', 'b']), /No difference is larger than chance/)
  const rows = comparisonRows(comparison).split('\r\n')
  t.equal(rows[0], 'figure,unit,before,after,change,beyond_noise')
  t.match(
    rows.find(row => row.startsWith('duration')),
    /^duration,ms,[\d.]+,[\d.]+,1\.0000,true$/,
  )
})
