// The bench of the attacks in small, so that it does not rot: each attack beside an operation, and every figure of it.
import t from 'tap'
import { linesOf, runBench } from '../fixtures/bench-run.ts'
import { notThisTime, sampled, seed } from '../fixtures/cases.ts'
import { seeded } from '../fixtures/seeded.ts'

const attacks = ['strangers', 'flood', 'headers', 'half-open']

t.test(
  'a small operation comes to its end beside each attack, and what that took is told',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const tried = sampled(attacks, 2, seeded(seed))
    const run = await runBench(['hostile', '--quick', '--json', '--only', [...tried, 'connects'].join(',')])
    t.equal(run.code, 0, run.err)
    const lines = linesOf(run)
    for (const { bench, metric, value } of lines) {
      t.equal(bench, 'hostile')
      t.ok(typeof value === 'number' && Number.isFinite(value), `${metric} is a number: ${value}`)
    }
    const of = (metric: string): number => Number(lines.find(line => line.metric === metric)?.value)
    for (const part of ['quiet', ...tried])
      for (const figure of ['total_p99_ms', 'event_p99_ms', 'operation_seconds', 'memory_most_mb'])
        t.ok(of(`${part}_${figure}`) > 0, `${part}_${figure}`)
    for (const part of tried)
      for (const figure of ['total_p99_ratio', 'event_p99_ratio'])
        t.ok(of(`${part}_${figure}`) > 0, `${part}_${figure}`)
    // Each attack did what it is for, and got nowhere.
    const gotNowhere: Readonly<Record<string, () => void>> = {
      strangers: () => {
        t.ok(of('strangers_refused') > 0)
        t.equal(of('strangers_accepted'), 0)
        t.ok(of('strangers_broker_cpu_each') >= 0)
      },
      flood: () => void t.ok(of('flood_acknowledged') > 0),
      headers: () => void t.ok(of('headers_closed') > 0),
      'half-open': () => void t.equal(of('half-open_standingMost'), 40),
    }
    for (const part of tried) gotNowhere[part]?.()
    t.ok(of('connect_tls_cpu_ratio') >= 0)
  },
)

t.test('a flag that is wrong is named, and nothing is measured', async t => {
  for (const [args, problem] of [
    [['--devices', 'many'], '--devices: expected a number above 0, got many'],
    [
      ['--only', 'strangers,sleep'],
      '--only: expected some of strangers,flood,headers,half-open,tls,connects, got sleep',
    ],
    [['--loud'], "Unknown option '--loud'"],
  ] as const) {
    const { code, out, err } = await runBench(['hostile', ...args])
    t.equal(code, 2, args.join(' '))
    t.ok(err.includes(problem), err)
    t.equal(out, '')
  }
})
