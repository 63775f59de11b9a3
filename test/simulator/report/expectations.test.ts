import t from 'tap'
import { figureNames, judge, parseExpectation } from '../../../simulator/report/expectations.ts'
import type { FleetReport } from '../../../simulator/report/fleet-report.ts'
import { LatencyCounter } from '../../../simulator/report/latency.ts'
import { parseQuantity, spoken } from '../../../simulator/report/quantities.ts'
import { sample } from './sample.ts'

function distribution(values: readonly number[]): FleetReport['latencies']['total'] {
  const counter = new LatencyCounter()
  for (const value of values) counter.add(value)
  return counter.distribution()
}

const base = sample({ sensors: 3, seed: 1 })
const nothing = distribution([])
/** 200 sensors, of which 198 succeeded, one failed as it had to and one otherwise. */
const report: FleetReport = {
  ...base,
  sensors: 200,
  succeeded: 198,
  failed: 2,
  skipped: 0,
  unfinished: 0,
  unexpected: 1,
  reconnects: 9,
  durationMs: 290_000,
  downBytes: 3 * 2 ** 30,
  upBytes: 1000,
  telemetry: { sent: 1000, acknowledged: 990, lost: 10 },
  codes: { SYS_112: { count: 198, expected: 198 }, UPD4_FAIL_24: { count: 2, expected: 1 } },
  latencies: {
    connect: distribution([100, 200, 250.001]),
    offerToStart: nothing,
    download: nothing,
    total: distribution([1000, 2000, 60_000]),
    telemetry: nothing,
  },
}

t.test('a threshold holds or not, at the limit as its sign says', async t => {
  const rows: readonly (readonly [text: string, holds: boolean])[] = [
    ['failed<1%', false],
    ['failed<=1%', true],
    ['failed<1.1%', true],
    ['failed<=2', true],
    ['failed<2', false],
    ['failed=2', true],
    ['failed==2', true],
    ['failed = 2', true],
    ['failed>=2', true],
    ['failed>2', false],
    ['unexpected=0', false],
    ['unexpected<=1', true],
    ['unfinished=0', true],
    ['skipped=0', true],
    ['succeeded>=99%', true],
    ['succeeded>99%', false],
    ['sensors=200', true],
    ['reconnects<10', true],
    ['reconnects<9', false],
    ['lost<=1%', true],
    ['lost<1%', false],
    ['lost=0', false],
    ['duration<5m', true],
    ['duration<290s', false],
    ['duration<=290s', true],
    ['p50.connect<250ms', true],
    ['p99.connect<250ms', false],
    ['max.connect<251ms', true],
    ['min.connect>=100ms', true],
    ['mean.total=21s', true],
    ['p99.9.total<=60s', true],
    ['p100.total<1min', false],
    ['code.UPD4_FAIL_24<1%', false],
    ['code.UPD4_FAIL_24<1.5%', true],
    ['code.UPD4_FAIL_24=2', true],
    ['code.UPD4_FAIL_25=0', true],
    ['downBytes<=3GiB', true],
    ['downBytes<3GB', false],
    ['upBytes<1KiB', true],
    ['lag<20ms', true],
    ['lag<18ms', false],
    ['heapPerSensor<40KiB', true],
    ['warnings=0', true],
  ]
  for (const [text, holds] of rows) t.equal(judge(report, [parseExpectation(text)])[0]?.holds, holds, text)
})

t.test('what was measured is said beside the verdict, in the order of the thresholds', async t => {
  t.strictSame(judge(report, ['failed<1%', 'p50.connect<1s', 'duration<5m'].map(parseExpectation)), [
    { text: 'failed<1%', holds: false, actual: '1 % (2 of 200 sensors)' },
    { text: 'p50.connect<1s', holds: true, actual: '200 ms' },
    { text: 'duration<5m', holds: true, actual: '4 min 50 s' },
  ])
})

t.test('a figure that nobody measured does not hold, whatever is asked of it, and says why', async t => {
  const empty: FleetReport = {
    ...report,
    sensors: 0,
    testers: [],
    telemetry: { sent: 0, acknowledged: 0, lost: 0 },
  }
  for (const [text, why] of [
    ['p99.download<60s', 'not measured: no sensor has a download time in this report'],
    ['p99.download>=0', 'not measured: no sensor has a download time in this report'],
    ['max.download<60s', 'not measured: no sensor has a download time in this report'],
    ['mean.download<60s', 'not measured: no sensor has a download time in this report'],
    ['failed<1%', 'not measured: there were no sensors'],
    ['lost<1%', 'not measured: there were no messages of telemetry'],
    ['lag<1s', 'not measured: no tester said'],
  ] as const)
    t.strictSame(judge(empty, [parseExpectation(text)]), [{ text, holds: false, actual: why }])
})

t.test('a bad threshold is refused with a word about what was expected', async t => {
  const rows: readonly (readonly [text: string, expected: RegExp])[] = [
    ['', /a figure, one of < <= = >= >, and a value/],
    ['failed', /a figure, one of/],
    ['<1%', /a figure, one of/],
    ['failed<', /a figure, one of/],
    ['failed~1%', /a figure, one of/],
    ['fialed<1%', /one of the figures sensors, succeeded/],
    ['constructor<1', /one of the figures/],
    ['toString<1', /one of the figures/],
    ['failed<1.5', /a whole number or a share such as 1%/],
    ['failed<1s', /a whole number or a share/],
    ['failed<-1', /a whole number or a share/],
    ['failed<1e3', /a whole number or a share/],
    ['sensors>1%', /a whole number, not "1%"/],
    ['warnings<1%', /a whole number, not "1%"/],
    ['duration<5', /a number with a unit \(us, µs, ms, s, m, min, h\), not "5"/],
    ['duration<5%', /a number with a unit/],
    ['duration<5parsecs', /a number with a unit/],
    ['downBytes<3', /a number with a unit \(B, kB/],
    ['p99.totl<60s', /a latency \(one of connect, offerToStart, download, total, telemetry\) after 'p99\.'/],
    ['p99<60s', /one of the figures/],
    ['p101.total<60s', /one of the figures/],
    ['p99.total<60', /a number with a unit/],
    ['median.total<60s', /one of the figures/],
    ['code.UPD4_FIAL_24<1%', /after 'code\.' an event code such as UPD4_FAIL_24, not "UPD4_FIAL_24"/],
    ['code<1%', /after 'code\.'/],
    ['code.SYS_112<5s', /a whole number or a share/],
  ]
  for (const [text, expected] of rows) {
    t.throws(() => parseExpectation(text), expected, text)
    t.throws(() => parseExpectation(text), TypeError, text)
  }
  t.match(figureNames.join(' '), /failed.*code\.CODE pN\.LATENCY/)
})

t.test('quantities are read with their units and spoken with the unit that fits', async t => {
  t.strictSame(parseQuantity('1.5h'), { value: 5_400_000, kind: 'time' })
  t.strictSame(parseQuantity('64KiB'), { value: 65_536, kind: 'bytes' })
  t.strictSame(parseQuantity('7%'), { value: 0.07, kind: 'share' })
  t.strictSame(parseQuantity('7'), { value: 7, kind: 'count' })
  for (const bad of ['', '7.5', '1 2', '-1s', 'ms', '1constructor', 'Infinity', '1e3', '٣'])
    t.equal(parseQuantity(bad), undefined, bad)
  const rows = [
    [0, 'time', '0 ms'],
    [0.0123, 'time', '12.3 µs'],
    [1.234, 'time', '1.23 ms'],
    [999.6, 'time', '1 s'],
    [59_940, 'time', '59.9 s'],
    [59_960, 'time', '1 min 0 s'],
    [3_723_000, 'time', '1 h 2 min'],
    [7_199_600, 'time', '2 h 0 min'],
    [1023, 'bytes', '1023 B'],
    [1024, 'bytes', '1 KiB'],
    [1_048_570, 'bytes', '1 MiB'],
    [3.5 * 2 ** 40, 'bytes', '3.5 TiB'],
    [1_234_567, 'count', '1 234 567'],
    [0.00167, 'share', '0.167 %'],
    [1, 'share', '100 %'],
  ] as const
  for (const [value, kind, text] of rows) t.equal(spoken(value, kind), text)
})
