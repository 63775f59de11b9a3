// The page that Prometheus reads, from rows and figures.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cwd } from 'node:process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { PrometheusMetrics } from '../../../broker/adapters/metrics.ts'
import type { Metric } from '../../../broker/ports.ts'
import { readMetrics } from '../../fixtures/prometheus.ts'

interface Figures {
  readonly sent: number
  readonly words: Readonly<Record<string, number>>
  readonly near?: number
}
const rows: readonly Metric<Figures>[] = [
  { name: 'test_sent_bytes_total', help: 'Bytes sent.', kind: 'counter', of: ({ sent }) => sent },
  { name: 'test_refusals_total', help: 'By "word".', kind: 'counter', label: 'word', of: ({ words }) => words },
  { name: 'test_queue', help: 'What waits.', kind: 'gauge', label: 'word', of: ({ words }) => words },
  { name: 'test_near_bytes', help: 'Not everywhere.', kind: 'gauge', of: ({ near }) => near },
]

t.test('a page says what the figures are at that moment; a word that is gone leaves the page', async t => {
  const metrics = new PrometheusMetrics(rows, { process: false })
  const page = async (figures: Figures) => readMetrics((await metrics.page(() => figures)).body)
  const values = (families: Awaited<ReturnType<typeof page>>): object =>
    Object.fromEntries(
      [...families].map(([name, { type, samples }]) => [
        name,
        [type, ...samples.map(({ labels, value }) => [...Object.values(labels), value])],
      ]),
    )
  t.strictSame(values(await page({ sent: 5, words: { busy: 1, 'a "b"\n\\': 2 }, near: 0 })), {
    test_sent_bytes_total: ['counter', [5]],
    test_refusals_total: ['counter', ['busy', 1], ['a \\"b\\"\\n\\\\', 2]],
    test_queue: ['gauge', ['busy', 1], ['a \\"b\\"\\n\\\\', 2]],
    test_near_bytes: ['gauge', [0]],
  })
  t.strictSame(values(await page({ sent: 7, words: { busy: 3 } })), {
    test_sent_bytes_total: ['counter', [7]],
    test_refusals_total: ['counter', ['busy', 3]],
    test_queue: ['gauge', ['busy', 3]],
    test_near_bytes: ['gauge'],
  })
  t.match(await metrics.page(() => ({ sent: 8, words: {} })), {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  })
})

t.test('who asks while a page is made gets that page: the figures are taken once', async t => {
  const metrics = new PrometheusMetrics(rows, { process: false })
  let taken = 0
  const figures = (): Figures => ({ sent: ++taken, words: {} })
  const pages = await Promise.all([metrics.page(figures), metrics.page(figures), metrics.page(figures)])
  t.equal(taken, 1)
  t.equal(new Set(pages.map(({ body }) => body)).size, 1)
  t.equal(readMetrics((await metrics.page(figures)).body).get('test_sent_bytes_total')?.samples[0]?.value, 2)
  // A row that fails fails its page and no later one.
  await t.rejects(
    metrics.page(() => ({ sent: -1, words: {} })),
    'a counter does not shrink',
  )
  await t.resolves(metrics.page(figures))
})

t.test('with the process: CPU, memory, event loop and collections; nothing that looks at every socket', async t => {
  const metrics = new PrometheusMetrics(rows, { process: true })
  const families = readMetrics((await metrics.page(() => ({ sent: 1, words: {} }))).body)
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_max_fds',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_gc_duration_seconds',
    'nodejs_heap_size_used_bytes',
  ])
    t.ok((families.get(name)?.type ?? '').length > 0, name)
  const names = [...families.keys()].join(' ')
  t.notMatch(names, /_active_|open_fds/)
  t.equal(families.get('test_sent_bytes_total')?.samples[0]?.value, 1)
  for (const { samples } of families.values())
    for (const { name, value } of samples) t.ok(value >= 0 && value < 2 ** 50, `${name} ${value}`)
})

t.test('a process that has made a page ends by itself', async t => {
  const built = fileURLToPath(new URL('../../../broker/adapters/metrics.js', import.meta.url))
  const program = `
    const { PrometheusMetrics } = await import(${JSON.stringify(built)})
    const page = await new PrometheusMetrics([], { process: true }).page(() => ({}))
    process.stdout.write(String(page.body.includes('process_cpu_seconds_total')))
  `
  const { status, signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: join(cwd()),
    env: {},
    timeout: 60_000,
    encoding: 'utf8',
  })
  t.strictSame({ status, signal, stdout }, { status: 0, signal: null, stdout: 'true' })
})

t.test('the reader of pages refuses what a scraper would refuse', async t => {
  const good = '# HELP a_total Help.\n# TYPE a_total counter\na_total{b="c",d="e"} 1\n'
  t.equal(readMetrics(good).get('a_total')?.samples[0]?.value, 1)
  for (const bad of [
    good.trimEnd(),
    `${good}a_total{b="c",d="e"} 2\n`,
    good.replace('counter', 'count'),
    good.replace('a_total{', 'b_total{'),
    good.replace('"c"', '"c'),
    good.replace(' 1', ' one'),
    good.replace(' 1', ''),
    good.replace('# TYPE a_total counter\n', ''),
    `${good}${good}`,
    good.replace('b="c",d="e"', 'b="c",b="e"'),
  ])
    t.throws(() => readMetrics(bad), bad)
})
