// The report as a page to send to a colleague: one file, no script, nothing fetched (its policy forbids it), a few hundred
// kilobytes for any number of sensors. What makes the figures doubtful stands above the figures.
import { createHash } from 'node:crypto'
import type { Judgement } from './expectations.ts'
import type { FleetReport } from './fleet-report.ts'
import { percentile } from './latency.ts'
import { type Content, html, Markup } from './markup.ts'
import { style } from './page-style.ts'
import { codesTable, faultsTable, profilesTable, settingsTable, testersTable, unexpectedTable } from './page-tables.ts'
import { latencyFigure } from './plot-latency.ts'
import { progressFigure, telemetryFigure, throughputFigure } from './plots-over-time.ts'
import { grouped, spoken } from './quantities.ts'

/** HTML in UTF-8. */
export function reportPage(report: FleetReport, judgements: readonly Judgement[] = []): string {
  // Styles by their digest: what a device could smuggle into the text is neither style nor script.
  const digest = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; base-uri 'none'; form-action 'none'`
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${report.title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<header>
<h1>${report.title}</h1>
<p class="quiet">${new Date(report.startedAt)
    .toISOString()
    .replace('T', ' ')
    .replace(
      /\.\d+Z/,
      ' UTC',
    )}, ${spoken(report.durationMs, 'time')}, ${grouped(report.sensors)} virtual sensors${report.operation === null ? '' : `, operation ${report.operation}`}</p>
${verdictBanner(report, judgements)}${doubtBanner(report)}
</header>
${tiles(report)}
${section('Thresholds', judgements.length === 0 ? undefined : judgementsTable(judgements))}
${section('Progress', progressFigure(report))}
${section('Throughput', throughputFigure(report))}
${section('Telemetry during the update', telemetryFigure(report))}
${section('Latencies', latencyFigure(report))}
${section('Outcomes by code', codesTable(report))}
${section('Outcomes by fault', faultsTable(report))}
${section('Outcomes by profile', profilesTable(report))}
${section('Otherwise than expected', unexpectedTable(report))}
${section('The instrument', testersTable(report))}
${section('Settings', settingsTable(report))}
</main>
</body>
</html>
`.text
}

function section(title: string, content: Content | undefined): Markup {
  return content === undefined ? html`` : html`<section><h2>${title}</h2>${content}</section>`
}

function verdictBanner({ sensors, unexpected, unfinished }: FleetReport, judgements: readonly Judgement[]): Markup {
  const broken = judgements.filter(({ holds }) => !holds)
  const outcome =
    unexpected === 0
      ? `${sensors === 1 ? 'The sensor' : `All ${grouped(sensors)} sensors`} ended as expected.`
      : `${grouped(unexpected)} of ${grouped(sensors)} sensors ended otherwise than expected${unfinished === 0 ? '' : `, ${grouped(unfinished)} have not ended at all`}.`
  const thresholds =
    judgements.length === 0
      ? ''
      : broken.length === 0
        ? ` All ${judgements.length} thresholds hold.`
        : ` ${broken.length} of ${judgements.length} thresholds are broken: ${broken.map(({ text, actual }) => `${text} (${actual})`).join('; ')}.`
  const good = broken.length === 0 && (judgements.length > 0 || unexpected === 0)
  return html`<div class="banner ${good ? 'ok' : 'failed'}"><strong>${good ? '✓ Passed.' : '✗ Not passed.'}</strong> ${outcome}${thresholds}</div>`
}

function doubtBanner({ testers }: FleetReport): Markup {
  const warnings = testers.flatMap(({ name, warnings }) => warnings.map(warning => ({ name, warning })))
  if (warnings.length === 0) return html``
  return html`<div class="banner doubt"><strong>⚠ The tester was at its own limits: read the figures with doubt.</strong>
<ul>${warnings.map(({ name, warning }) => html`<li>${testers.length > 1 ? `${name}: ` : ''}${warning}</li>`)}</ul></div>`
}

type Tile = readonly [name: string, value: Content, note: string, className?: string]

function tiles(report: FleetReport): Markup {
  const { sensors, succeeded, failed, skipped, unfinished, unexpected, durationMs, downBytes, telemetry, latencies } =
    report
  const share = (count: number): string => (sensors === 0 ? '' : `${spoken(count / sensors, 'share')} of all`)
  const p = (quantile: number): string => {
    const value = percentile(latencies.total, quantile)
    return value === undefined ? '–' : spoken(value, 'time')
  }
  const rest = [
    ...(skipped === 0 ? [] : [`${grouped(skipped)} skipped`]),
    ...(unfinished === 0 ? [] : [`${grouped(unfinished)} unfinished`]),
  ]
  const outcomes: readonly Tile[] = [
    ['Succeeded', grouped(succeeded), share(succeeded), 'ok-ink'],
    ['Failed', grouped(failed), [share(failed), ...rest].join(', '), failed === 0 ? '' : 'failed-ink'],
  ]
  const updated = succeeded + failed + skipped + unfinished > 0
  const entries: readonly Tile[] = [
    ...(updated ? outcomes : []),
    [
      'Otherwise than expected',
      grouped(unexpected),
      unexpected === 0 ? 'faults that were put in on purpose ended as they must' : share(unexpected),
      unexpected === 0 ? '' : 'failed-ink',
    ],
    [
      'Duration',
      spoken(durationMs, 'time'),
      durationMs === 0 || !updated
        ? ''
        : `${spoken(((succeeded + failed) * 1000) / durationMs, 'number')} outcomes a second`,
    ],
    ...(updated ? [['Offer to success, median', p(0.5), `p95 ${p(0.95)}, p99 ${p(0.99)}`] as const] : []),
    [
      'Downloaded',
      spoken(downBytes, 'bytes'),
      sensors === 0
        ? ''
        : `${spoken(Math.round(downBytes / sensors), 'bytes')} a sensor; image ${spoken(report.imageBytes, 'bytes')}`,
    ],
    [
      'Telemetry lost',
      telemetry.sent === 0 ? '–' : grouped(telemetry.lost),
      telemetry.sent === 0 ? 'none was sent' : `of ${grouped(telemetry.sent)} messages`,
      telemetry.lost === 0 ? '' : 'failed-ink',
    ],
    ['Reconnects', grouped(report.reconnects), 'after a line broke or a device restarted'],
  ]
  return html`<dl class="tiles">${entries.map(
    ([name, value, note, className = '']) =>
      html`<div><dt>${name}</dt><dd class="${className}">${value}<small>${note}</small></dd></div>`,
  )}</dl>`
}

function judgementsTable(judgements: readonly Judgement[]): Markup {
  return html`<div class="scroll"><table><thead><tr><th scope="col">threshold</th><th scope="col">measured</th><th scope="col">verdict</th></tr></thead>
<tbody>${judgements.map(
    ({ text, holds, actual }) =>
      html`<tr><th scope="row" class="code">${text}</th><td>${actual}</td><td class="verdict ${holds ? 'ok-ink' : 'failed-ink'}">${holds ? '✓ holds' : '✗ broken'}</td></tr>`,
  )}</tbody></table></div>`
}
