// drover-simulator report: what is done with reports once they are written. Show one, add those of several machines, set
// two beside each other, judge one by thresholds.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compare } from '../report/compare.ts'
import { comparisonRows, comparisonText } from '../report/comparison-view.ts'
import { type Expectation, figureNames, type Judgement, judge, parseExpectation } from '../report/expectations.ts'
import type { FleetReport } from '../report/fleet-report.ts'
import { merge, ReportsUnlike } from '../report/merge.ts'
import { ReportUnreadable, readReport } from '../report/report-file.ts'
import { type ReportFiles, replace, writeReport } from '../report/report-outputs.ts'
import { summary, verdict } from '../report/summary.ts'
import { exits, UsageError, type VerbHost } from './verb-host.ts'

export const help = `drover-simulator report: what to do with the reports (JSON) of drover-simulator fleet

Usage: drover-simulator report show FILE             the summary, and the files that are asked for
       drover-simulator report merge FILE FILE...    one report of several machines that drove one operation
       drover-simulator report compare BEFORE AFTER  each figure of two runs, and which differ by more than noise
       drover-simulator report expect FILE           only judge: needs --expect

  --expect THRESHOLD   may be repeated; exit code 1 when one does not hold (show, merge, expect)
  --html FILE          the report as one page to send to a colleague (show, merge)
  --csv FILE           one row a sensor; of compare: one row a figure
  --json FILE          the report; of compare: the differences

A threshold is a figure, one of < <= = >= >, and a value:
  counts     ${figureNames.filter(name => !name.includes('.') && !timesAndSizes(name)).join(' ')} code.UPD4_FAIL_24
             a whole number, or a share of the sensors (lost: of the telemetry) such as 1%
  times      duration lag, and pN. min. max. mean. of connect offerToStart download total telemetry
             250ms 60s 5m 1h
  sizes      downBytes upBytes heapPerSensor
             64KiB 2GiB
A figure that nobody measured does not hold, whatever is asked of it.

Examples:
  drover-simulator report show run.json --html run.html
  drover-simulator report merge a.json b.json c.json --json all.json --html all.html
  drover-simulator report compare monday.json tuesday.json
  drover-simulator report expect run.json --expect 'unexpected=0' --expect 'failed<1%' --expect 'p99.total<60s'

Exit codes: 0 as expected · 1 a threshold does not hold · 2 command line, a file that is no report, reports of different runs
`

function timesAndSizes(name: string): boolean {
  return ['duration', 'lag', 'downBytes', 'upBytes', 'heapPerSensor'].includes(name)
}

/** How many files each takes, and the flags that mean something with it. */
const actions = {
  show: { filesMin: 1, filesMax: 1, flags: ['expect', 'html', 'csv', 'json'] },
  merge: { filesMin: 2, filesMax: 1000, flags: ['expect', 'html', 'csv', 'json'] },
  compare: { filesMin: 2, filesMax: 2, flags: ['csv', 'json'] },
  expect: { filesMin: 1, filesMax: 1, flags: ['expect'] },
} as const

interface Wish {
  readonly action: keyof typeof actions
  readonly paths: readonly string[]
  readonly expectations: readonly Expectation[]
  readonly files: ReportFiles
}

/** Throws UsageError. */
export async function report(args: readonly string[], host: VerbHost): Promise<number> {
  const wish = wishOf(args, host.cwd)
  try {
    return await act(wish, host)
  } catch (error) {
    if (!(error instanceof ReportUnreadable || error instanceof ReportsUnlike)) throw error
    host.stderr.write(`drover-simulator report: ${error.message}\n`)
    return exits.usage
  }
}

async function act({ action, paths, expectations, files }: Wish, host: VerbHost): Promise<number> {
  // One after the other: a report of ten thousand sensors is some megabytes, and there may be many.
  const reports: FleetReport[] = []
  for (const path of paths) {
    if (host.signal.aborted) return exits.interrupted
    reports.push(await readReport(path))
  }
  const [first, second] = reports
  if (first === undefined) throw new UsageError('expected a file')
  if (action === 'compare' && second !== undefined) {
    const comparison = compare(first, second)
    host.stdout.write(comparisonText(comparison, ['before', 'after']))
    if (files.csv !== undefined) await replace(files.csv, [comparisonRows(comparison)])
    if (files.json !== undefined) await replace(files.json, [`${JSON.stringify(comparison, null, 2)}\n`])
    tellFiles(files, host)
    return exits.expected
  }
  const whole = merge(reports)
  const judgements = judge(whole, expectations)
  host.stdout.write(action === 'expect' ? `${verdict(judgements)}\n` : summary(whole, judgements))
  await writeReport(whole, judgements, files)
  tellFiles(files, host)
  return exitOf(judgements)
}

function exitOf(judgements: readonly Judgement[]): number {
  return judgements.every(({ holds }) => holds) ? exits.expected : exits.failed
}

function tellFiles({ json, csv, html }: ReportFiles, host: VerbHost): void {
  for (const path of [json, csv, html]) if (path !== undefined) host.stderr.write(`written: ${path}\n`)
}

function wishOf(args: readonly string[], cwd: string): Wish {
  const { values, positionals } = parsed(args)
  const [name, ...names] = positionals
  if (name === undefined || !isAction(name))
    throw new UsageError(
      `expected one of ${Object.keys(actions).join(', ')}${name === undefined ? '' : `, not ${JSON.stringify(name)}`}`,
    )
  const { filesMin, filesMax, flags } = actions[name]
  if (names.length < filesMin || names.length > filesMax)
    throw new UsageError(
      `${name}: expected ${filesMin === filesMax ? filesMin : `${filesMin} or more`} files, got ${names.length}`,
    )
  for (const flag of Object.keys(values))
    if (!(flags as readonly string[]).includes(flag))
      throw new UsageError(
        `--${flag}: means nothing with ${name}, expected one of ${flags.map(one => `--${one}`).join(', ')}`,
      )
  const paths = names.map(path => resolve(cwd, path))
  const file = (flag: 'json' | 'csv' | 'html'): string | undefined => {
    const value = values[flag]
    if (value === undefined) return undefined
    if (value === '') throw new UsageError(`--${flag}: expected a file`)
    const path = resolve(cwd, value)
    if (paths.includes(path)) throw new UsageError(`--${flag}: expected another file than one that is read`)
    return path
  }
  const files = { json: file('json'), csv: file('csv'), html: file('html') }
  const written = Object.values(files).filter(path => path !== undefined)
  if (new Set(written).size < written.length)
    throw new UsageError('--json, --csv, --html: expected a file of its own each')
  const expectations = (values.expect ?? []).map(expectation)
  if (name === 'expect' && expectations.length === 0)
    throw new UsageError("expect: expected one --expect at least, such as --expect 'failed<1%'")
  return { action: name, paths, expectations, files }
}

function parsed(args: readonly string[]): {
  readonly values: { readonly expect?: string[]; readonly html?: string; readonly csv?: string; readonly json?: string }
  readonly positionals: readonly string[]
} {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        expect: { type: 'string', multiple: true },
        html: { type: 'string' },
        csv: { type: 'string' },
        json: { type: 'string' },
      },
    })
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause })
  }
}

function expectation(text: string): Expectation {
  try {
    return parseExpectation(text)
  } catch (cause) {
    throw new UsageError(`--expect: ${(cause as Error).message}`, { cause })
  }
}

function isAction(name: string): name is keyof typeof actions {
  return Object.hasOwn(actions, name)
}
