import t from 'tap'
import { judge, parseExpectation } from '../../../simulator/report/expectations.ts'
import type { Instant } from '../../../simulator/report/fleet-report.ts'
import { LatencyCounter } from '../../../simulator/report/latency.ts'
import { type LiveMore, LiveView } from '../../../simulator/report/live-view.ts'
import { summary } from '../../../simulator/report/summary.ts'
import { sample } from './sample.ts'

const introducer = '\u001b'

class Output {
  text = ''
  readonly isTTY: boolean
  readonly columns: number
  constructor(isTTY: boolean, columns = 120) {
    this.isTTY = isTTY
    this.columns = columns
  }
  write(text: string): void {
    this.text += text
  }
  /** What stands on the screen, as a terminal would show it. */
  get screen(): readonly string[] {
    const lines: string[] = ['']
    for (const [piece] of this.text.matchAll(/\p{Cc}\[\d*[A-Z]|\n|[^\p{Cc}]+/gu)) {
      const up = /^\p{Cc}\[(\d+)F$/u.exec(piece)?.[1]
      if (up !== undefined) lines.splice(Math.max(0, lines.length - 1 - Number(up)))
      else if (piece === '\u001b[J') lines.push('')
      else if (piece === '\n') lines.push('')
      else lines[lines.length - 1] = `${lines.at(-1) ?? ''}${piece}`
    }
    return lines.slice(0, -1)
  }
}

const counter = new LatencyCounter()
for (let ms = 1; ms <= 1000; ms += 1) counter.add(ms)
const more: LiveMore = {
  phase: 'updating',
  codes: { UPD4_FAIL_24: 2, SYS_112: 500 },
  latencies: { total: counter.distribution() },
  unexpected: 1,
}
function instant(atMs: number, change: Partial<Instant> = {}): Instant {
  return {
    atMs,
    connected: 990,
    waiting: 398,
    downloading: 70,
    installing: 30,
    succeeded: 500,
    failed: 2,
    downBytes: 2 * 2 ** 20,
    upBytes: 1024,
    telemetry: 50,
    ...change,
  }
}

t.test('on a terminal the view is drawn in place: one frame stands, with the last figures', async t => {
  const out = new Output(true)
  const view = new LiveView(out, 1000)
  view.show(instant(1000, { succeeded: 7 }), { ...more, codes: {}, latencies: {} })
  view.show(instant(2000), more)
  view.show(instant(63_000), more)
  view.end()
  out.write('after\n')
  const lines = out.screen
  t.match(lines[0], /updating, 01:03, 1 000 sensors/)
  t.match(lines[1], /connected +█+░+ 990\/1 000/)
  t.match(lines[2], /in progress +█+░+ 100\/1 000 {2}70 downloading, 30 installing, 398 waiting/)
  t.match(lines[3], /done +█+░+ 502\/1 000 {2}500 succeeded, 2 failed, 1 unexpected/)
  t.match(lines.join('\n'), /p50 \/ p95 \/ p99\n.*offer to success +50\d ms \/ 9[45]\d ms \/ 9[89]\d ms/)
  t.match(lines.join('\n'), /SYS_112 500 · UPD4_FAIL_24 2/, 'the most frequent first')
  t.equal(lines.filter(line => line.includes('connected')).length, 1, 'no frame is left behind')
  t.equal(lines.at(-1), 'after', 'what is written later stands below')
})

t.test('a sentence stays above the bars, and the bars stay', async t => {
  const out = new Output(true)
  const view = new LiveView(out, 1000)
  view.show(instant(1000), more)
  view.say('The operation has begun.')
  view.show(instant(2000), more)
  t.equal(out.screen[0], 'The operation has begun.')
  t.match(out.screen[1], /updating, 00:02/)
  t.equal(out.screen.filter(line => line.includes('connected')).length, 1)
})

t.test('a narrow terminal gets shorter lines, never a wrapped one', async t => {
  const out = new Output(true, 40)
  new LiveView(out, 1000).show(instant(1000), more)
  t.ok(out.screen.every(line => [...line].length < 40))
  t.ok(out.screen.length > 4)
})

t.test('a code from elsewhere moves no cursor', async t => {
  const out = new Output(true)
  new LiveView(out, 10).show(instant(1000), { ...more, codes: { 'x\u001b[5A': 1 } })
  t.ok(out.text.includes('x\u{fffd}[5A 1'))
})

t.test('a bar is full when all are there, not before', async t => {
  const barOf = (connected: number): string => {
    const out = new Output(true)
    new LiveView(out, 100_000).show(instant(1000, { connected }), more)
    return out.screen[1] ?? ''
  }
  t.match(barOf(99_999), /█░ 99 999/)
  t.match(barOf(100_000), /█ 100 000/)
  t.notMatch(barOf(100_000), /░/)
  t.notMatch(barOf(120_000), /░/, 'more than there are: full')
})

t.test('in a pipe it is a line every five seconds, and the last word at the end', async t => {
  const out = new Output(false)
  const view = new LiveView(out, 1000)
  for (let second = 1; second <= 13; second += 1) view.show(instant(second * 1000), more)
  view.end()
  view.end()
  const lines = out.text.trimEnd().split('\n')
  t.strictSame(
    lines.map(line => line.slice(0, 5)),
    ['00:01', '00:06', '00:11', '00:13'],
  )
  t.match(
    lines[1],
    /connected 990\/1000, waiting 398, downloading 70, installing 30, succeeded 500, failed 2, unexpected 1/,
  )
  t.match(lines[1], /offer to success 50\d ms \/ 9/)
  t.notMatch(out.text, introducer)
})

t.test('a line that was the last is not said twice; without a second there is nothing to say', async t => {
  const out = new Output(false)
  const view = new LiveView(out, 10)
  view.end()
  t.equal(out.text, '')
  view.show(instant(1000), more)
  view.end()
  t.equal(out.text.trimEnd().split('\n').length, 1)
})

t.test('throughput is the mean of the last seconds, by their own clock', async t => {
  const out = new Output(false)
  const view = new LiveView(out, 10)
  // Two seconds each: 2 MiB in 2 s is 1 MiB/s.
  for (const atMs of [1000, 3000, 5000, 7000])
    view.show(instant(atMs, { downBytes: 2 * 2 ** 20, telemetry: 100 }), more)
  t.match(out.text.trimEnd().split('\n').at(-1), /down 1 MiB\/s, up 512 B\/s, telemetry 50\/s/)
})

t.test('the summary tells outcomes, codes, latencies, traffic, the tester and the verdict', async t => {
  const report = sample({ sensors: 1000, seed: 4, unexpected: 5, warnings: ['The event loop stood still.'] })
  const text = summary(report, judge(report, ['failed<50%', 'unexpected=0'].map(parseExpectation)))
  t.match(text, `${report.succeeded} succeeded`)
  t.match(text, '5 OTHERWISE THAN EXPECTED')
  t.match(text, /UPD4_FAIL_24 +│ Connection lost during download\. +│ +3 │ +3/)
  t.match(text, /not ended +│ +2/)
  t.match(text, /connect +│ +1 000 │/)
  t.match(text, /telemetry 6 000 sent, 5 999 acknowledged, 1 lost/)
  t.match(text, /WARNING: The event loop stood still\./)
  t.match(text, /holds {3}failed<50%.*\nBROKEN {2}unexpected=0 {2}\(5\)/)
  t.match(summary(sample({ sensors: 3, seed: 1 })), /each as expected/)
})

t.test('no control character of a report reaches the terminal', async t => {
  const report = sample({ sensors: 3, seed: 1, warnings: ['x\u001b]0;owned\u0007'] })
  const text = summary({ ...report, title: 'a\u001b[2Jb', codes: { 'c\u009b2J': { count: 1, expected: 1 } } })
  t.notMatch(text, /\p{Cc}(?<!\n)/u)
  t.match(text, 'a\u{fffd}[2Jb')
})
