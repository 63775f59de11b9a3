// The end of a run on the terminal: how it went in a sentence, tables of codes and latencies, thresholds, and what makes
// the figures doubtful. Everything that a report holds is on the page; this is what one reads first.
import Table from 'cli-table3'
import { eventCodeEntry, isEventCode } from '../../proto/event-codes.ts'
import type { Judgement } from './expectations.ts'
import { type FleetReport, latencyNames, latencyTexts } from './fleet-report.ts'
import { mean, percentile } from './latency.ts'
import { printable } from './printable.ts'
import { grouped, spoken } from './quantities.ts'

/** Ends with a line feed. */
export function summary(report: FleetReport, judgements: readonly Judgement[] = []): string {
  const parts = [
    headline(report),
    String(codeTable(report)),
    String(latencyTable(report)),
    ...traffic(report),
    ...testers(report),
    ...(judgements.length === 0 ? [] : [verdict(judgements)]),
  ]
  return `${parts.join('\n\n')}\n`
}

function headline(report: FleetReport): string {
  const { sensors, succeeded, failed, skipped, unfinished, unexpected, reconnects, durationMs } = report
  const counts = [
    `${grouped(succeeded)} succeeded`,
    `${grouped(failed)} failed`,
    ...(skipped === 0 ? [] : [`${grouped(skipped)} skipped`]),
    ...(unfinished === 0 ? [] : [`${grouped(unfinished)} unfinished`]),
  ]
  const expected = unexpected === 0 ? 'each as expected' : `${grouped(unexpected)} OTHERWISE THAN EXPECTED`
  return `${printable(report.title)}\n${grouped(sensors)} sensors in ${spoken(durationMs, 'time')}: ${counts.join(', ')}; ${expected}. ${grouped(reconnects)} reconnects.`
}

function codeTable({ codes, unfinished }: FleetReport): Table.Table {
  const table = new Table({
    head: ['code', 'text', 'sensors', 'not expected'],
    colAligns: ['left', 'left', 'right', 'right'],
    ...bare,
  })
  for (const [code, { count, expected }] of Object.entries(codes).sort(([, a], [, b]) => b.count - a.count))
    table.push([
      printable(code),
      isEventCode(code) ? eventCodeEntry(code).text : '',
      grouped(count),
      grouped(count - expected),
    ])
  if (unfinished > 0) table.push(['', 'not ended', grouped(unfinished), ''])
  return table
}

function latencyTable({ latencies }: FleetReport): Table.Table {
  const table = new Table({
    head: ['latency', 'measured', 'mean', 'p50', 'p95', 'p99', 'max'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    ...bare,
  })
  for (const name of latencyNames) {
    const distribution = latencies[name]
    const cells = [
      mean(distribution),
      ...[0.5, 0.95, 0.99].map(share => percentile(distribution, share)),
      distribution.count === 0 ? undefined : distribution.max,
    ]
    table.push([
      latencyTexts[name],
      grouped(distribution.count),
      ...cells.map(value => (value === undefined ? '–' : spoken(value, 'time'))),
    ])
  }
  return table
}

function traffic({ downBytes, upBytes, durationMs, telemetry }: FleetReport): readonly string[] {
  const rate = durationMs === 0 ? '' : ` (${spoken(Math.round((downBytes * 1000) / durationMs), 'bytes')}/s down)`
  const told =
    telemetry.sent === 0
      ? ''
      : `; telemetry ${grouped(telemetry.sent)} sent, ${grouped(telemetry.acknowledged)} acknowledged, ${grouped(telemetry.lost)} lost`
  return [`Moved ${spoken(downBytes, 'bytes')} down and ${spoken(upBytes, 'bytes')} up${rate}${told}.`]
}

function testers({ testers }: FleetReport): readonly string[] {
  const lines = testers.flatMap(tester => [
    `Tester ${printable(tester.name)}: ${grouped(tester.sensors)} sensors in ${grouped(tester.processes)} processes, event loop p99 ${spoken(tester.eventLoopLagP99Ms, 'time')}, CPU ${spoken(tester.cpuShare, 'share')} of one core, ${spoken(tester.heapBytesPerSensor, 'bytes')} of heap a sensor.`,
    ...tester.warnings.map(warning => `  WARNING: ${printable(warning)}`),
  ])
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** A line for each threshold; empty without any. */
export function verdict(judgements: readonly Judgement[]): string {
  return judgements
    .map(({ text, holds, actual }) => `${holds ? 'holds ' : 'BROKEN'}  ${printable(text)}  (${printable(actual)})`)
    .join('\n')
}

const bare = { style: { head: [], border: [], compact: true } }
