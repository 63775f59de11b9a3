import t from 'tap'
import type { FleetReport, Instant } from '../../../simulator/report/fleet-report.ts'
import { percentile } from '../../../simulator/report/latency.ts'
import { merge } from '../../../simulator/report/merge.ts'
import { parseReport, ReportUnreadable, readReport, reportText } from '../../../simulator/report/report-file.ts'
import { sample } from './sample.ts'

const a = sample({ sensors: 40, seed: 1, prefix: 'a', unexpected: 3 })
const b = sample({ sensors: 25, seed: 2, prefix: 'b', startedAt: '2026-03-01T02:00:03.400Z', warnings: ['tired'] })
const c = sample({ sensors: 5, seed: 3, prefix: 'c', startedAt: '2026-03-01T02:00:01.000Z' })

t.test('the sums of machines are the sums, in any order', async t => {
  const all = merge([a, b, c])
  const other = merge([c, a, b])
  for (const field of ['sensors', 'succeeded', 'failed', 'skipped', 'unfinished', 'unexpected'] as const)
    t.equal(all[field], a[field] + b[field] + c[field], field)
  for (const field of ['reconnects', 'downBytes', 'upBytes'] as const)
    t.equal(all[field], a[field] + b[field] + c[field], field)
  t.equal(all.telemetry.sent, 70 * 6)
  t.equal(all.devices.length, 70)
  t.strictSame(
    all.testers.map(({ name }) => name),
    ['a-tester', 'b-tester', 'c-tester'],
  )
  t.strictSame(all.testers[1]?.warnings, ['tired'])
  t.equal(all.codes.SYS_112?.count, all.succeeded)
  for (const field of ['latencies', 'codes', 'timeline', 'startedAt', 'durationMs'] as const)
    t.strictSame(other[field], all[field], `${field}: the order does not matter`)
  t.strictSame(merge([a]), a, 'one alone stays as it is')
})

t.test('merged percentiles are those of all sensors together', async t => {
  const all = merge([a, b, c])
  const sorted = all.devices.flatMap(({ connectMs }) => connectMs ?? []).sort((x, y) => x - y)
  t.equal(all.latencies.connect.count, 70)
  for (const share of [0.5, 0.95, 0.99]) {
    const exact = sorted[Math.ceil(share * 70) - 1] ?? 0
    t.ok(Math.abs((percentile(all.latencies.connect, share) ?? 0) / exact - 1) < 0.01, `p${share * 100}`)
  }
})

const calm: Instant = {
  atMs: 0,
  connected: 0,
  waiting: 0,
  downloading: 0,
  installing: 0,
  succeeded: 0,
  failed: 0,
  downBytes: 0,
  upBytes: 0,
  telemetry: 0,
}

function machine(
  name: string,
  startedAt: string,
  durationMs: number,
  timeline: readonly Partial<Instant>[],
): FleetReport {
  const report = sample({ sensors: 3, seed: 5, prefix: name, startedAt })
  return { ...report, durationMs, timeline: timeline.map(some => ({ ...calm, ...some })) }
}

t.test(
  'seconds are laid side by side by wall clock: before its start a machine waits, after its end it stays',
  async t => {
    const early = machine('early', '2026-03-01T02:00:00.000Z', 2000, [
      { atMs: 1000, connected: 3, downloading: 3, downBytes: 100, telemetry: 1 },
      { atMs: 2000, connected: 3, succeeded: 3, downBytes: 50 },
    ])
    const late = machine('late', '2026-03-01T02:00:02.300Z', 3000, [
      { atMs: 1000, connected: 2, waiting: 3 },
      { atMs: 1600, connected: 3, downloading: 3, downBytes: 7 },
      { atMs: 2900, connected: 3, succeeded: 2, failed: 1, downBytes: 11, upBytes: 5 },
    ])
    const { timeline, durationMs, startedAt } = merge([late, early])
    t.equal(startedAt, '2026-03-01T02:00:00.000Z')
    t.equal(durationMs, 5300)
    t.strictSame(timeline, [
      { ...calm, atMs: 1000, connected: 3, waiting: 3, downloading: 3, downBytes: 100, telemetry: 1 },
      { ...calm, atMs: 2000, connected: 3, waiting: 3, succeeded: 3, downBytes: 50 },
      // Two instants of the later machine in one second: its last state, what both moved.
      { ...calm, atMs: 3000, connected: 6, downloading: 3, succeeded: 3, downBytes: 7 },
      { ...calm, atMs: 5000, connected: 6, succeeded: 5, failed: 1, downBytes: 11, upBytes: 5 },
    ])
  },
)

t.test('what was not one run is refused with words', async t => {
  const broker = { rssBytesBefore: 1, rssBytesConnected: 1, rssBytesMax: 1, cpuSeconds: 1 }
  const rows: readonly (readonly [reports: readonly FleetReport[], words: RegExp])[] = [
    [[], /one report at least/],
    [[a, { ...b, operation: 'op-2' }], /operation: expected the same in all reports of one run, got op-0001 and op-2/],
    [[a, { ...b, imageBytes: 5 }], /imageBytes: expected the same/],
    [[a, { ...b, warmUpMs: 0 }], /warmUpMs: expected the same/],
    [[a, a], /devices: expected sensors of its own in each report, got "a-00000" twice/],
    [[a, { ...b, startedAt: '2026-03-02T02:00:00.000Z' }], /startedAt: expected machines that ran together.*clocks/],
    [
      [
        { ...a, broker },
        { ...b, broker },
      ],
      /broker: expected one broker/,
    ],
  ]
  for (const [reports, words] of rows) t.throws(() => merge(reports), words)
  t.strictSame(merge([{ ...a, broker }, b]).broker, broker, 'one machine may have started the broker')
  t.equal(merge([{ ...a, operation: null }, b]).operation, 'op-0001', 'one may have followed no operation')
})

t.test('settings that differ stand side by side', async t => {
  const settings = (part: string): FleetReport['settings'] => [
    ['Image', '256 KiB'],
    ['Part', part],
  ]
  t.strictSame(
    merge([
      { ...a, settings: settings('1/2') },
      { ...b, settings: [...settings('2/2'), ['Ramp', '5/s']] },
    ]).settings,
    [
      ['Image', '256 KiB'],
      ['Part', '1/2 | 2/2'],
      ['Ramp', '– | 5/s'],
    ],
  )
})

t.test('a report is written and read again as it was', async t => {
  const dir = t.testdir({ 'run.json': reportText(a), 'merged.json': reportText(merge([a, b])) })
  t.strictSame(await readReport(`${dir}/run.json`), a)
  t.strictSame(await readReport(`${dir}/merged.json`), merge([a, b]))
  t.strictSame(parseReport(reportText({ ...a, timeline: [], devices: [] }), 'x').devices, [])
})

t.test('what is no report is refused with its file, its field and what was expected', async t => {
  const dir = t.testdir({ 'folder.json': {} })
  await t.rejects(readReport(`${dir}/none.json`), /none\.json: expected a file that can be read \(ENOENT/)
  await t.rejects(readReport(`${dir}/folder.json`), ReportUnreadable)
  const changed = (change: object): string => JSON.stringify({ ...a, ...change })
  const connect = a.latencies.connect
  const latencies = (change: object): object => ({ latencies: { ...a.latencies, connect: { ...connect, ...change } } })
  const rows: readonly (readonly [text: string, words: RegExp])[] = [
    ['', /^x: expected JSON/],
    ['null', /^x: format: expected "drover-fleet-report"/],
    ['[]', /^x: format/],
    [changed({ format: 'other' }), /^x: format/],
    [changed({ formatVersion: 2 }), /^x: formatVersion: expected 1, got 2/],
    [changed({ sensors: -1 }), /^x: sensors: expected to be >= 0/],
    [changed({ sensors: 'many' }), /^x: sensors: expected to be integer/],
    [changed({ broker: { rssBytesBefore: 1 } }), /^x: broker: expected to have required properties/],
    [changed({ surplus: 1 }), /^x: surplus: expected not to be there/],
    [changed({ devices: [{ ...a.devices[0], code: 7 }] }), /^x: devices\.0\.code: expected to be string or be null/],
    [changed({ timeline: [{ ...calm, atMs: -1 }] }), /^x: timeline\.0\.atMs: expected to be >= 0/],
    [changed({ timeline: [{ ...calm, atMs: 5 }, calm] }), /^x: timeline\.1\.atMs: expected not to be before/],
    [changed({ startedAt: 'yesterday' }), /^x: startedAt: expected a time/],
    [changed({ succeeded: 1 }), /^x: sensors: expected what succeeded.*got 40/],
    [
      changed({ codes: { SYS_112: { count: 1, expected: 2 } } }),
      /^x: codes\.SYS_112\.expected: expected at most its count 1, got 2/,
    ],
    [changed(latencies({ count: 5 })), /^x: latencies\.connect\.count: expected the sum of its buckets, 40, got 5/],
    [changed(latencies({ buckets: [[7, 0], ...connect.buckets] })), /^x: latencies\.connect\.buckets\.0/],
    [changed(latencies({ buckets: [...connect.buckets].reverse() })), /^x: latencies\.connect\.buckets\.1/],
    [
      changed(latencies({ buckets: [[2 ** 50, 40]] })),
      /^x: latencies\.connect\.buckets\.0: expected ascending buckets up to/,
    ],
    [changed(latencies({ min: 1e9 })), /^x: latencies\.connect\.min: expected at most max/],
  ]
  for (const [text, words] of rows) {
    t.throws(() => parseReport(text, 'x'), words, String(words))
    t.throws(() => parseReport(text, 'x'), { code: 'REPORT_UNREADABLE' })
  }
  const none = { succeeded: 0, failed: 0, skipped: 0, unfinished: 0, codes: {} }
  t.equal(parseReport(changed(none), 'x').sensors, 40, 'a run without an update has no outcomes')
})
