import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cwd } from 'node:process'
import { parse } from 'csv-parse/sync'
import t from 'tap'
import { faultNames, faultSynonyms } from '../../../simulator/fleet/fault-names.ts'
import { parseProfiles } from '../../../simulator/fleet/profile-file.ts'
import { parseExpectation } from '../../../simulator/report/expectations.ts'
import type { FleetReport } from '../../../simulator/report/fleet-report.ts'
import { merge } from '../../../simulator/report/merge.ts'
import { parseReport, reportText } from '../../../simulator/report/report-file.ts'
import { resultRows } from '../../../simulator/report/rows.ts'
import { help as fleetHelp } from '../../../simulator/verbs/fleet.ts'
import { help, report } from '../../../simulator/verbs/report.ts'
import { UsageError, type VerbHost } from '../../../simulator/verbs/verb-host.ts'
import { help as worldHelp } from '../../../simulator/verbs/world.ts'
import { sample } from '../report/sample.ts'

const one = sample({ sensors: 20, seed: 1, prefix: 'one', unexpected: 2 })
const two = sample({ sensors: 30, seed: 2, prefix: 'two' })

interface Told {
  stdout: string
  stderr: string
}

function hostIn(cwd: string, signal = new AbortController().signal): VerbHost & { readonly told: Told } {
  const told: Told = { stdout: '', stderr: '' }
  const screen = (name: keyof Told): VerbHost['stdout'] => ({
    write: text => {
      told[name] += text
    },
    isTTY: false,
    columns: 80,
  })
  return {
    told,
    stdout: screen('stdout'),
    stderr: screen('stderr'),
    environment: {},
    signal,
    node: 'node',
    cwd,
    fork: () => {
      throw new Error('a report starts no process')
    },
  }
}

const folder = (t: { testdir(content: Record<string, string>): string }): string =>
  t.testdir({ 'one.json': reportText(one), 'two.json': reportText(two) })

t.test('show writes the summary, the page, the rows and the report', async t => {
  const dir = folder(t)
  const host = hostIn(dir)
  const args = ['show', 'one.json', '--html', 'page.html', '--csv', 'rows.csv', '--json', 'copy.json']
  t.equal(await report(args, host), 0)
  t.match(host.told.stdout, '2 OTHERWISE THAN EXPECTED')
  t.match(host.told.stderr, `written: ${dir}/page.html`)
  t.match(readFileSync(`${dir}/page.html`, 'utf8'), /^<!DOCTYPE html>/)
  t.equal(readFileSync(`${dir}/copy.json`, 'utf8'), reportText(one))
  t.equal(readFileSync(`${dir}/rows.csv`, 'utf8'), [...resultRows(one)].join(''))
  t.strictSame(readdirSync(dir).sort(), ['copy.json', 'one.json', 'page.html', 'rows.csv', 'two.json'], 'nothing else')
})

t.test('thresholds decide the exit code, and stand on the page', async t => {
  const dir = folder(t)
  const host = hostIn(dir)
  t.equal(await report(['expect', 'one.json', '--expect', 'unexpected<=2', '--expect', 'sensors=20'], host), 0)
  t.equal(host.told.stdout, 'holds   unexpected<=2  (2)\nholds   sensors=20  (20)\n')
  t.equal(await report(['expect', 'one.json', '--expect', 'unexpected<=2', '--expect', 'p99.total<1ms'], host), 1)
  t.match(host.told.stdout, /BROKEN {2}p99\.total<1ms/)
  t.equal(await report(['show', 'one.json', '--expect', 'unexpected=0', '--html', 'page.html'], host), 1)
  t.match(readFileSync(`${dir}/page.html`, 'utf8'), '✗ broken', 'what fails is written all the same')
})

t.test('merge makes one report of several files', async t => {
  const dir = folder(t)
  const host = hostIn(dir)
  t.equal(await report(['merge', 'one.json', 'two.json', '--json', 'all.json', '--expect', 'sensors=50'], host), 0)
  t.strictSame(parseReport(readFileSync(`${dir}/all.json`, 'utf8'), 'all.json'), merge([one, two]))
  t.equal(await report(['merge', 'one.json', 'one.json'], host), 2)
  t.match(host.told.stderr, /devices: expected sensors of its own/)
})

t.test('compare sets two runs beside each other', async t => {
  const dir = folder(t)
  const host = hostIn(dir)
  t.equal(
    await report(['compare', 'one.json', 'two.json', '--json', 'difference.json', '--csv', 'difference.csv'], host),
    0,
  )
  t.match(host.told.stdout, /p50 connect/)
  t.match(host.told.stdout, /20 sensors before, 30 after/)
  t.match(JSON.parse(readFileSync(`${dir}/difference.json`, 'utf8')).caveats, [/20 sensors before/])
  t.match(readFileSync(`${dir}/difference.csv`, 'utf8'), /^figure,unit/)
})

t.test('a command line that means nothing is refused, and says what was expected', async t => {
  const rows: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [[], /expected one of show, merge, compare, expect/],
    [['shwo', 'one.json'], /expected one of show, merge, compare, expect, not "shwo"/],
    [['constructor', 'one.json'], /expected one of show/],
    [['show'], /show: expected 1 files, got 0/],
    [['show', 'one.json', 'two.json'], /show: expected 1 files, got 2/],
    [['merge', 'one.json'], /merge: expected 2 or more files, got 1/],
    [['compare', 'one.json'], /compare: expected 2 files, got 1/],
    [['expect', 'one.json'], /expected one --expect at least/],
    [
      ['compare', 'one.json', 'two.json', '--html', 'x'],
      /--html: means nothing with compare, expected one of --csv, --json/,
    ],
    [['show', 'one.json', '--pdf', 'x'], /--pdf/],
    [['show', 'one.json', '--html', ''], /--html: expected a file/],
    [['show', 'one.json', '--json', './one.json'], /--json: expected another file than one that is read/],
    [['show', 'one.json', '--json', 'x', '--csv', 'x'], /a file of its own each/],
    [['show', 'one.json', '--expect', 'fialed<1%'], /--expect: expectation "fialed<1%": expected one of the figures/],
  ]
  const dir = folder(t)
  for (const [args, words] of rows) {
    await t.rejects(report(args, hostIn(dir)), words, args.join(' '))
    await t.rejects(report(args, hostIn(dir)), UsageError)
  }
})

t.test('a file that is no report is named, and nothing is written', async t => {
  const dir = folder(t)
  writeFileSync(`${dir}/bad.json`, '{"format":"drover-fleet-report","formatVersion":1}')
  const host = hostIn(dir)
  t.equal(await report(['show', 'bad.json', '--html', 'page.html'], host), 2)
  t.match(host.told.stderr, /^drover-simulator report: .*bad\.json: the report: expected to have required properties/)
  t.equal(await report(['show', 'missing.json'], host), 2)
  t.match(host.told.stderr, /missing\.json: expected a file that can be read/)
  t.notOk(existsSync(`${dir}/page.html`))
})

t.test('a folder that cannot be written is an error, not a success', async t => {
  const dir = folder(t)
  await t.rejects(report(['show', 'one.json', '--html', 'none/page.html'], hostIn(dir)), { code: 'ENOENT' })
})

t.test('who interrupts gets the code of an interruption', async t => {
  t.equal(await report(['show', 'one.json'], hostIn(folder(t), AbortSignal.abort())), 130)
})

t.test('help tells every flag, figure and latency', async t => {
  for (const word of [
    'show',
    'merge',
    'compare',
    '--expect',
    '--html',
    '--csv',
    '--json',
    'offerToStart',
    'unexpected',
    'lag',
    'code.',
  ])
    t.match(help, word)
})

t.test('rows are one for each sensor, readable by others, and run nothing', async t => {
  const [first] = one.devices
  if (first === undefined) throw new Error('the sample has sensors')
  const odd = {
    ...first,
    device: '=HYPERLINK("x")',
    profile: 'a;b,"c"\nd',
    fault: '@x',
    expected: ['-1', 'B'],
    code: null,
  }
  const rows = [...resultRows({ devices: [odd, ...one.devices] } as unknown as FleetReport)].join('')
  t.ok(rows.startsWith('\u{feff}device,profile,fault,expected,code,as_expected,version,'))
  const read = parse(rows, { bom: true, columns: true }) as readonly Record<string, string>[]
  t.equal(read.length, 21)
  t.match(read[0], { device: `'=HYPERLINK("x")`, profile: 'a;b,"c"\nd', fault: "'@x", expected: "'-1 B", code: '' })
  t.match(rows, '"a;b,""c""\nd"')
  t.match(read[1], { device: 'one-00000', as_expected: 'false', down_bytes: String(one.devices[0]?.downBytes) })
  t.equal(read.at(-1)?.total_ms, String(one.devices.at(-1)?.totalMs ?? ''))
  t.equal([...resultRows(sample({ sensors: 1000, seed: 2 }))].length, 5, 'in pieces')
})

const manual = readFileSync(`${cwd()}/docs/SIMULATOR.md`, 'utf8')

t.test('the manual has a row for every fault, and speaks of no flag that there is not', async t => {
  for (const fault of [...faultNames, ...Object.keys(faultSynonyms)]) t.ok(manual.includes(`\`${fault}\``), fault)
  // Settings of the broker, which the manual names as such.
  const others = new Set(['--connects-per-second', '--in-progress-max', '--help'])
  const flags = new Set(manual.match(/(?<![\w-])--[a-z][a-z-]*/g))
  t.ok(flags.size > 30)
  for (const flag of flags)
    t.ok(others.has(flag) || [fleetHelp, help, worldHelp].some(text => text.includes(`${flag} `)), flag)
})

t.test('the examples of the manual can be read: profiles and thresholds', async t => {
  const [, profiles = ''] = /```json\n([\s\S]*?)```/.exec(manual) ?? []
  t.strictSame(
    parseProfiles(profiles, 'manual').map(({ profile: { name }, share }) => [name, share]),
    [
      ['meter', 80],
      ['gateway', 20],
    ],
  )
  const thresholds = [...manual.matchAll(/--expect '([^']+)'/g)].map(([, text = '']) => parseExpectation(text).text)
  t.ok(thresholds.length >= 5)
})
