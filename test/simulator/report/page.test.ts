import { execFile, execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { judge, parseExpectation } from '../../../simulator/report/expectations.ts'
import type { FleetReport } from '../../../simulator/report/fleet-report.ts'
import { html, Markup } from '../../../simulator/report/markup.ts'
import { merge } from '../../../simulator/report/merge.ts'
import { reportPage } from '../../../simulator/report/page.ts'
import { clockText, columnsOf, ticks, timeTicks } from '../../../simulator/report/plot.ts'
import { sample } from './sample.ts'

const small = sample({ sensors: 3, seed: 1 })
const usual = sample({ sensors: 1000, seed: 7, unexpected: 9, warnings: ['The event loop stood still for 143 ms.'] })

/** A page without its style. */
const bodyOf = (page: string): string => page.slice(page.indexOf('<body>'))

t.test('the page tells verdict, counts, codes, faults, sensors that went wrong, tester and settings', async t => {
  const page = reportPage(usual, judge(usual, ['unexpected=0', 'p99.total<10m'].map(parseExpectation)))
  const text = bodyOf(page)
    .replace(/<[^>]+>/g, '|')
    .replace(/&#\d+;/g, ' ')
  for (const part of [
    'Not passed.',
    '9 of 1 000 sensors ended otherwise than expected, 3 have not ended at all.',
    '1 of 2 thresholds are broken: unexpected=0 (9)',
    'The tester was at its own limits',
    'The event loop stood still for 143 ms.',
    'Device reached desired state.',
    'Connection lost during download.',
    'trial-boot-fails',
    'sensor-00008',
    'sensor-tester',
    'mqtts://broker.example:8883',
    'Warm-up, outside all percentiles',
  ])
    t.ok(text.includes(part), part)
  t.ok(page.indexOf('stood still') < page.indexOf('class="tiles"'), 'doubts stand above the figures')
  const fine = bodyOf(reportPage(small))
  t.match(fine, 'All 3 sensors ended as expected.')
  t.match(fine, 'banner ok')
  t.notMatch(fine, 'banner doubt')
  t.match(fine, 'None: every sensor ended as it had to.')
})

t.test('a broken threshold is no pass, even when every sensor is as expected', async t => {
  const page = bodyOf(reportPage(small, judge(small, [parseExpectation('duration<1ms')])))
  t.match(page, 'banner failed')
  t.match(page, '✗ broken')
})

t.test('ten thousand sensors stay under a megabyte, and two hundred of those that went wrong are shown', async t => {
  const page = reportPage(sample({ sensors: 10_000, seed: 3, unexpected: 240 }))
  t.ok(Buffer.byteLength(page) < 1_000_000, `${Buffer.byteLength(page)} bytes`)
  t.match(page, 'The first 200 of 240; the CSV has all of them.')
  t.match(page, 'sensor-00199')
  t.notMatch(page, 'sensor-00200')
})

t.test('a long run is as small: seconds are drawn together, and what flowed stays what flowed', async t => {
  const [instant] = usual.timeline
  if (instant === undefined) throw new Error('the sample has seconds')
  const day = Array.from({ length: 86_400 }, (_, index) => ({ ...instant, atMs: (index + 1) * 1000, downBytes: 1000 }))
  const report: FleetReport = { ...usual, timeline: day }
  const columns = columnsOf(report, 180)
  t.ok(columns.length <= 181)
  t.ok(
    columns.slice(1).every(({ downBytes }) => downBytes === 1000),
    'bytes a second',
  )
  t.equal(columns.at(-1)?.atMs, 86_400_000)
  t.ok(Buffer.byteLength(reportPage(report)) < 1_000_000)
})

t.test('reports without seconds, without latencies, without sensors, without an update are pages, too', async t => {
  const nothing = { count: 0, min: 0, max: 0, sum: 0, buckets: [] }
  const latencies = { connect: nothing, offerToStart: nothing, download: nothing, total: nothing, telemetry: nothing }
  const none = { succeeded: 0, failed: 0, skipped: 0, unfinished: 0, codes: {}, operation: null }
  const idle = { ...small, ...none, devices: small.devices.map(device => ({ ...device, expected: [], code: null })) }
  const empty = {
    ...small,
    ...none,
    sensors: 0,
    timeline: [],
    latencies,
    devices: [],
    testers: [],
    settings: [],
    durationMs: 0,
  }
  for (const report of [{ ...small, timeline: [] }, { ...small, latencies }, idle, empty, merge([usual])]) {
    const page = reportPage(report)
    t.notMatch(page, /NaN|Infinity|undefined|\[object/)
  }
  t.notMatch(reportPage(idle), '<dt>Succeeded', 'nothing is said of outcomes that were not sought')
  for (const sensors of [1, 2, 17, 60])
    t.notMatch(reportPage(sample({ sensors, seed: sensors })), /NaN|Infinity|undefined/)
})

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&\u202e\u0007`

t.test('whatever a report says is text', async t => {
  const report: FleetReport = {
    ...usual,
    title: hostile,
    operation: hostile,
    settings: [[hostile, hostile]],
    codes: { [hostile]: { count: 1, expected: 0 } },
    testers: usual.testers.map(tester => ({ ...tester, name: hostile, warnings: [hostile] })),
    devices: usual.devices.map(device => ({
      ...device,
      device: hostile,
      profile: hostile,
      fault: hostile,
      expected: [hostile],
      code: hostile,
      version: hostile,
      asExpected: false,
    })),
  }
  const page = reportPage(report, [{ text: hostile, holds: false, actual: hostile }])
  t.notMatch(page, /<script|<img|(?!\n)\p{Cc}|\p{Cf}/u)
  t.ok(page.split('&#60;script&#62;').length > 200)
  t.equal(html`<a b="${'"'}">${['<', 1, new Markup('<i>')]}</a>`.text, '<a b="&#34;">&#60;1<i></a>')
})

t.test('every plot has a title, a sentence and its figures as a table', async t => {
  const page = bodyOf(reportPage(usual))
  const plots = page.match(/<svg class="plot"[\s\S]*?<\/svg>/g) ?? []
  t.equal(plots.length, 4)
  for (const plot of plots) {
    const [, title = '', description = ''] = /aria-labelledby="(\S+) (\S+)"/.exec(plot) ?? []
    t.match(plot, new RegExp(`<title id="${title}">\\w+[^<]*</title><desc id="${description}">[^<]{20,}</desc>`))
  }
  t.equal(page.split('The figures of this plot').length - 1, 3)
  t.match(page, /<caption>Latencies<\/caption>/)
  for (const heading of page.match(/<th(?![a-z])[^>]*>/g) ?? []) t.match(heading, 'scope=', heading)
})

t.test('at every instant the stack holds all sensors: who was not seen yet waits', async t => {
  const [first, ...rest] = usual.timeline
  if (first === undefined) throw new Error('the sample has seconds')
  const unseen = { ...first, connected: 0, waiting: 0, downloading: 0, installing: 0, succeeded: 0, failed: 0 }
  for (const { waiting, downloading, installing, succeeded, failed } of columnsOf(
    { ...usual, timeline: [unseen, ...rest] },
    180,
  ))
    t.equal(waiting + downloading + installing + succeeded + failed, 1000)
  const skipping = columnsOf({ ...usual, skipped: 10, timeline: [{ ...unseen, succeeded: 990 }] }, 180)
  t.equal(skipping.at(-1)?.waiting, 0, 'who was skipped does not wait')
})

t.test('a limit of open files that is not known, or that there is not, is no number', async t => {
  for (const [openFilesLimit, text] of [
    [0, 'not known'],
    [Number.MAX_SAFE_INTEGER, 'any number'],
    [4096, '4 096'],
  ] as const) {
    const testers = small.testers.map(tester => ({ ...tester, openFilesLimit }))
    t.match(reportPage({ ...small, testers }), `open files allowed</th><td class="number">${text}</td>`)
  }
})

t.test('axes count as people do', async t => {
  t.strictSame(ticks(10, 'count'), [0, 2, 4, 6, 8, 10])
  t.strictSame(ticks(1, 'count'), [0, 1], 'there is no half sensor')
  t.strictSame(ticks(10_000, 'count'), [0, 2000, 4000, 6000, 8000, 10_000])
  t.strictSame(ticks(0, 'bytes').at(0), 0)
  t.strictSame(
    ticks(3 * 2 ** 20, 'bytes').map(value => value / 2 ** 20),
    [0, 1, 2, 3],
  )
  t.strictSame(timeTicks(5000), [0, 1000, 2000, 3000, 4000, 5000])
  t.ok(timeTicks(400 * 86_400_000).length <= 12)
  for (const endMs of [1, 999, 61_000, 3_600_000, 86_400_000]) t.ok(timeTicks(endMs).length <= 12, String(endMs))
  t.strictSame([0, 83_000, 3_723_000].map(clockText), ['0:00', '1:23', '1:02:03'])
})

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(name => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

t.test(
  'Chromium shows the page without an error and without asking anybody for anything',
  { skip: chromium === undefined ? 'chromium is not installed' : false, timeout: 110_000 },
  async t => {
    if (chromium === undefined) return
    const asked: string[] = []
    const page = reportPage({ ...usual, title: `Run ${hostile}` }, judge(usual, [parseExpectation('failed<50%')]))
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.setHeader('content-type', 'text/html; charset=utf-8').end(request.url === '/run.html' ? page : '')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const folder = t.testdir({
      'planted.html': page.replace('<body>', '<body><img src="/x.png"><p style="color:red"></p>'),
    })
    const { port } = server.address() as AddressInfo
    const visit = async (
      url: string,
      data: string,
    ): Promise<{ readonly dom: string; readonly problems: readonly string[] }> => {
      const { stdout, stderr } = await promisify(execFile)(
        chromium,
        [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-background-networking',
          '--enable-logging=stderr',
          `--user-data-dir=${folder}/${data}`,
          '--dump-dom',
          url,
        ],
        { maxBuffer: 2 ** 26, timeout: 100_000 },
      )
      return { dom: stdout, problems: stderr.split('\n').filter(line => line.includes('CONSOLE')) }
    }
    const { dom, problems } = await visit(`http://127.0.0.1:${port}/run.html`, 'a')
    t.strictSame(problems, [], 'nothing on its console')
    t.strictSame(asked, ['/run.html'], 'one request, for the page')
    t.equal(dom.match(/<svg class="plot"/g)?.length, 4, 'all plots are in the document')
    t.match(dom, /Run &quot;&gt;&lt;script|Run "&gt;&lt;script/, 'the title is text')
    // The same eyes see a page that is not as it must be.
    const { problems: seen } = await visit(String(pathToFileURL(`${folder}/planted.html`)), 'b')
    t.ok(
      seen.some(line => line.includes('img-src')) && seen.some(line => line.includes('style-src')),
      'the policy holds',
    )
  },
)
