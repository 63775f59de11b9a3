// The parts of the delivery bench that move whole images, in small: real agents on a real broker, and two images whose
// difference is known.
import t from 'tap'
import { linesOf, runBench } from '../../fixtures/bench-run.ts'
import { notThisTime } from '../../fixtures/cases.ts'

t.test(
  'what travels beside the image, and what of it travels at all',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const run = await runBench(['delivery', '--quick', '--json', '--only', 'overhead,pairs'])
    t.equal(run.code, 0, run.err)
    const lines = linesOf(run)
    const of = (metric: string, peer?: string): number =>
      Number(lines.find(line => line.metric === metric && line.peer === peer)?.value)
    const between = (metric: string, least: number, most: number): void => {
      t.ok(of(metric) > least && of(metric) < most, `${metric}: ${of(metric)}`)
    }
    for (const direction of ['downlink', 'uplink'])
      for (const size of ['', '_1_mib']) between(`${direction}_overhead_percent${size}`, 0, 5)
    between('pair_image_mb_synthetic', 2, 2.2)
    between('pair_index_percent_synthetic', 0.05, 0.3)
    // Half of the image has a changed byte in every chunk.
    between('pair_chunks_percent_synthetic', 45, 55)
    between('pair_sent_percent_synthetic', 0, 55)
    t.ok(of('pair_sent_percent_synthetic', 'gzip -9, whole image') > 90, 'nobody compresses noise')
    between('pair_chunks_percent_synthetic_1_4_16k', 45, 55)
    for (const metric of ['chunker_mb_per_second_synthetic', 'chunker_mb_per_second_random'])
      t.ok(of(metric) > 0, metric)
  },
)
