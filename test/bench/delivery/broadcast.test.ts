// The parts of the delivery bench that look at many sockets, in small.
import t from 'tap'
import { linesOf, runBench } from '../../fixtures/bench-run.ts'
import { notThisTime } from '../../fixtures/cases.ts'

t.test(
  'broadcasts, frozen sockets and many devices are measured',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const run = await runBench(['delivery', '--quick', '--json', '--only', 'frozen,broadcast,many'])
    t.equal(run.code, 0, run.err)
    const lines = linesOf(run)
    const of = (metric: string): number =>
      Number(lines.find(line => line.metric === metric && line.peer === undefined)?.value)
    const above = (metric: string): void => void t.ok(of(metric) > 0, `${metric}: ${of(metric)}`)
    for (const metric of ['frozen_slowdown_ratio', 'frozen_ping_p99_ms']) above(metric)
    for (const size of ['4k_10', '32k_10_tls']) {
      above(`broadcast_ratio_vs_publish_${size}`)
      above(`broadcast_deliveries_per_cpu_second_${size}`)
      const heard = of(`broadcast_heard_percent_${size}`)
      t.ok(heard > 95 && heard < 101, `every chunk was heard by all: ${heard} %`)
      if (!run.err.includes('mosquitto is not installed')) above(`broadcast_ratio_vs_mosquitto_${size}`)
    }
    above('broadcast_ratio_vs_publish_4k')
    t.equal(of('many_devices'), 50)
    t.equal(of('many_devices_cut_off'), 0)
    t.ok(of('many_undrained_mib_max') <= of('many_undrained_mib_limit'))
    t.ok(lines.filter(({ metric }) => metric.startsWith('many_rss_mib_at_')).length > 3, 'memory is told as a curve')
  },
)
