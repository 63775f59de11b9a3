// drover-simulator fleet: reads the flags, runs the fleet, shows it, writes the report, judges it. The run itself is
// fleet/run.ts, what a report is and how it looks is report/.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { epochMs, nowMs } from '../clock.ts'
import { FleetFailed } from '../fleet/failure.ts'
import type { Findings } from '../fleet/findings.ts'
import { reportOf } from '../fleet/findings-report.ts'
import { Refused } from '../fleet/http-door.ts'
import { type Preparation, prepare } from '../fleet/preparation.ts'
import { type Onlooker, runFleet } from '../fleet/run.ts'
import { type FleetSettings, flagsText, readSettings } from '../fleet/settings.ts'
import { judge } from '../report/expectations.ts'
import type { FleetReport } from '../report/fleet-report.ts'
import { LiveView } from '../report/live-view.ts'
import { writeReport } from '../report/report-outputs.ts'
import { summary } from '../report/summary.ts'
import { exits, type VerbHost } from './verb-host.ts'

export const help = `drover-simulator fleet: thousands of virtual sensors on real connections, an update to all of them, a report

Each sensor is the agent of the product, on a memory instead of a disk. Try it on this machine, nothing else is needed:

  drover-simulator fleet --spawn --devices 200
  drover-simulator fleet --spawn --devices 2000 --faults 'drop=1%,code-23=0.5%' --telemetry '1/10s,qos1,64B' --html report.html

Against a broker that is there, with thresholds for a pipeline:

  drover-simulator fleet --url mqtts://broker.example:8883 --http https://broker.example --token-file token --ca ca.pem \\
    --devices 10000 --ramp 200/s --profile profiles.json --expect 'failed<1%' --expect 'p99.total<60s' --json report.json

From three machines at once, the same flags on each but --part; then drover-simulator report merge:

  drover-simulator fleet … --prefix night --part 2/3 --start-at 2026-05-01T22:00:00Z --json part-2.json

${flagsText()}

Exit codes: 0 every sensor ended as expected and every threshold holds · 1 not so, or the run failed · 2 command line ·
130 interrupted
`

const logLines = 15
const graceMs = 60_000

export async function fleet(args: readonly string[], host: VerbHost): Promise<number> {
  const settings = readSettings(args)
  const preparation = await prepare(settings, host.cwd, epochMs())
  const run = new AbortController()
  const interrupt = (): void => run.abort(host.signal.reason)
  if (host.signal.aborted) interrupt()
  host.signal.addEventListener('abort', interrupt, { once: true })
  const { limitMs } = settings
  const latestMs = nowMs() + limitMs
  // The way out takes its time, too.
  const limit = AbortSignal.timeout(limitMs + graceMs)
  limit.addEventListener('abort', () =>
    run.abort(new FleetFailed(`not done within --limit ${limitMs / 1000} s and a minute`)),
  )
  const view = settings.quiet ? undefined : new LiveView(host.stderr, preparation.members.length)
  try {
    const findings = await runFleet({ preparation, host, onlooker: onlookerOf(view), run, latestMs })
    view?.end()
    if (!settings.quiet) host.stderr.write(disconnectsText(findings))
    return await conclude(preparation, findings, host)
  } catch (error) {
    view?.end()
    if (host.signal.aborted) {
      host.stderr.write(`drover-simulator fleet: ${(host.signal.reason as Error).message}\n`)
      return exits.interrupted
    }
    if (!(error instanceof FleetFailed) && !(error instanceof Refused)) throw error
    if (error instanceof FleetFailed && error.log !== undefined) host.stderr.write(await tailOf(error.log))
    host.stderr.write(`drover-simulator fleet: ${error.message}\n`)
    return exits.failed
  } finally {
    host.signal.removeEventListener('abort', interrupt)
  }
}

function disconnectsText({ figures }: Findings): string {
  const reasons = Object.entries(figures.disconnects).sort(([, some], [, others]) => others - some)
  if (reasons.length === 0) return ''
  return `connections ended: ${reasons.map(([reason, count]) => `${count} × ${reason}`).join(', ')}\n`
}

function onlookerOf(view: LiveView | undefined): Onlooker {
  return {
    say: text => view?.say(text),
    show: (instant, { phase, codes, unexpected, figures }) =>
      view?.show(instant, { phase, codes, unexpected, latencies: figures.latencies }),
  }
}

async function conclude(preparation: Preparation, findings: Findings, host: VerbHost): Promise<number> {
  const { settings } = preparation
  const report = reportOf(preparation, findings)
  const judgements = judge(report, settings.expectations)
  const files = await writeFiles(report, judgements, settings, host.cwd)
  host.stdout.write(summary(report, judgements))
  for (const file of files) host.stdout.write(`${file}\n`)
  const { kept } = findings
  if (kept !== undefined)
    host.stdout.write(
      `The broker goes on: MQTT ${kept.mqtt.host}, ${kept.http.origin}, administrator's token in ${kept.folder}/data/admin-token\n` +
        `Stop it and remove what it wrote: kill ${kept.pid} && rm -r ${kept.folder}\n`,
    )
  const asExpected = report.unexpected === 0 && report.unfinished === 0
  return asExpected && judgements.every(({ holds }) => holds) ? exits.expected : exits.failed
}

/** Resolves with the paths. */
async function writeFiles(
  report: FleetReport,
  judgements: ReturnType<typeof judge>,
  { files: { json, csv, html } }: FleetSettings,
  cwd: string,
): Promise<readonly string[]> {
  const path = (file: string | undefined): string | undefined => (file === undefined ? undefined : resolve(cwd, file))
  const paths = { json: path(json), csv: path(csv), html: path(html) }
  try {
    await writeReport(report, judgements, paths)
  } catch (cause) {
    throw new FleetFailed(`the report cannot be written: ${(cause as Error).message}`, { cause })
  }
  return Object.values(paths).filter(file => file !== undefined)
}

async function tailOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(error => `cannot be read: ${(error as Error).message}`)
  return `── end of ${file}\n${text.trimEnd().split('\n').slice(-logLines).join('\n')}\n`
}
