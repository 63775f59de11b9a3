// The bench of the fleet in small, so that it does not rot: real processes, and every figure of it.
import t from 'tap'
import { linesOf, runBench } from '../fixtures/bench-run.ts'
import { notThisTime } from '../fixtures/cases.ts'

t.test(
  'a small fleet is weighed at rest, and updated with each outcome as expected',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const folder = t.testdir()
    const run = await runBench(['fleet', '--quick', '--json', '--report', folder])
    t.equal(run.code, 0, run.err)
    const lines = linesOf(run)
    for (const { bench, metric, value, unit } of lines) {
      t.equal(bench, 'fleet')
      t.ok(typeof value === 'number' && Number.isFinite(value), `${metric} is a number: ${value}`)
      t.not(unit, '')
    }
    const of = (metric: string): unknown => lines.find(line => line.metric === metric)?.value
    t.strictSame([of('sensors'), of('devices_completed'), of('unexpected_outcomes')], [24, 24, 0])
    for (const metric of ['virtual_sensor_kib', 'broker_connection_kib', 'fleet_seconds']) t.not(of(metric), undefined)
    t.ok(Number(of('fleet_seconds')) > 0)
  },
)

t.test('a flag that is wrong is named, and nothing is measured', async t => {
  for (const [args, problem] of [
    [['--devices', 'many'], '--devices: expected a whole number from 1 to 1000000, got "many"'],
    [['--only', 'sleep'], '--only: expected idle or update, got sleep'],
    [['--loud'], "Unknown option '--loud'"],
  ] as const) {
    const { code, out, err } = await runBench(['fleet', ...args])
    t.equal(code, 2, args.join(' '))
    t.ok(err.includes(problem), err)
    t.equal(out, '')
  }
})
