// The bench of the delivery plane in small, so that it does not rot: real processes, and that its figures are figures.
// What they say at this size says nothing.
import t from 'tap'
import { linesOf, runBench } from '../fixtures/bench-run.ts'
import { notThisTime } from '../fixtures/cases.ts'

t.test(
  'pulls are measured beside their peers, plain and over TLS',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const run = await runBench(['delivery', '--quick', '--json', '--only', 'pull'])
    t.equal(run.code, 0, run.err)
    const lines = linesOf(run)
    for (const { bench, metric, value, unit } of lines) {
      t.equal(bench, 'delivery')
      t.ok(typeof value === 'number' && Number.isFinite(value), `${metric} is a number: ${value}`)
      t.not(unit, '')
    }
    const above = (metric: string, peer?: string): void => {
      const value = Number(lines.find(line => line.metric === metric && line.peer === peer)?.value)
      t.ok(value > 0, `${metric}${peer ? ` of ${peer}` : ''}: ${value}`)
    }
    for (const size of ['4k', '64k_tls']) {
      for (const peer of [undefined, 'aedes.publish', 'bare net server']) {
        above(`pull_cpu_us_per_chunk_${size}`, peer)
        above(`pull_cpu_seconds_per_mib_${size}`, peer)
      }
      above(`pull_ratio_vs_publish_${size}`)
      above(`pull_share_of_raw_${size}`)
    }
    above('pull_ratio_vs_one_request_per_chunk_4k')
    above('pull_cpu_us_per_chunk_4k_window_256k')
  },
)

t.test('a flag that is wrong is named, and nothing is measured', async t => {
  for (const [args, problem] of [
    [['--devices', '2.5'], '--devices: expected a number above 0, got 2.5'],
    [['--seconds', 'long'], '--seconds: expected a number above 0, got long'],
    [['--only', 'pull,sleep'], '--only: expected some of pull,frozen,overhead,pairs,broadcast,many, got sleep'],
    [['--loud'], "Unknown option '--loud'"],
  ] as const) {
    const { code, out, err } = await runBench(['delivery', ...args])
    t.equal(code, 2, args.join(' '))
    t.ok(err.includes(problem), err)
    t.equal(out, '')
  }
})
