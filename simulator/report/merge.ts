// Several machines drove one operation, each over sensors of its own: one report of all of them. Counts and buckets are
// added, the seconds are laid side by side by wall clock, the testers stay apart. What was not one run is refused.
import type { FleetReport, Instant } from './fleet-report.ts'
import { added } from './latency.ts'

/** These reports are not of one run. The message says which differ in what. */
export class ReportsUnlike extends Error {
  override readonly name = 'ReportsUnlike'
  readonly code = 'REPORTS_UNLIKE'
}

/**
 * Needs one report at least. The result does not depend on their order, but for the order of testers, devices and
 * settings. Throws ReportsUnlike.
 */
export function merge(reports: readonly FleetReport[]): FleetReport {
  const [first, ...rest] = reports
  if (first === undefined) throw new ReportsUnlike('expected one report at least')
  if (rest.length === 0) return first
  const broker = checkAlike(reports)
  const startMs = Math.min(...reports.map(startOf))
  const endMs = Math.max(...reports.map(report => startOf(report) + report.durationMs))
  const sum = (of: (report: FleetReport) => number): number => reports.reduce((total, report) => total + of(report), 0)
  return {
    ...first,
    startedAt: new Date(startMs).toISOString(),
    durationMs: endMs - startMs,
    settings: mergedSettings(reports),
    // A machine may have driven its sensors without following the operation.
    operation: reports.find(({ operation }) => operation !== null)?.operation ?? null,
    testers: reports.flatMap(({ testers }) => testers),
    broker,
    sensors: sum(report => report.sensors),
    succeeded: sum(report => report.succeeded),
    failed: sum(report => report.failed),
    skipped: sum(report => report.skipped),
    unfinished: sum(report => report.unfinished),
    unexpected: sum(report => report.unexpected),
    reconnects: sum(report => report.reconnects),
    downBytes: sum(report => report.downBytes),
    upBytes: sum(report => report.upBytes),
    telemetry: {
      sent: sum(report => report.telemetry.sent),
      acknowledged: sum(report => report.telemetry.acknowledged),
      lost: sum(report => report.telemetry.lost),
    },
    latencies: {
      connect: added(reports.map(({ latencies }) => latencies.connect)),
      offerToStart: added(reports.map(({ latencies }) => latencies.offerToStart)),
      download: added(reports.map(({ latencies }) => latencies.download)),
      total: added(reports.map(({ latencies }) => latencies.total)),
      telemetry: added(reports.map(({ latencies }) => latencies.telemetry)),
    },
    codes: mergedCodes(reports),
    timeline: mergedTimeline(reports, startMs),
    devices: reports.flatMap(({ devices }) => devices),
  }
}

/** Clocks of machines differ, and one may begin when another has just ended. */
const apartMsMax = 60_000

/** The broker that one of them has started, if one has. Throws ReportsUnlike. */
function checkAlike(reports: readonly FleetReport[]): FleetReport['broker'] {
  const same: readonly (readonly [field: string, values: readonly (string | number)[]])[] = [
    ['operation', reports.flatMap(({ operation }) => operation ?? [])],
    ['imageBytes', reports.map(({ imageBytes }) => imageBytes)],
    ['warmUpMs', reports.map(({ warmUpMs }) => warmUpMs)],
  ]
  for (const [field, values] of same) {
    const different = [...new Set(values)]
    if (different.length > 1)
      throw new ReportsUnlike(`${field}: expected the same in all reports of one run, got ${different.join(' and ')}`)
  }
  const [broker, another] = reports.flatMap(report => (report.broker === null ? [] : [report.broker]))
  if (another !== undefined)
    throw new ReportsUnlike('broker: expected one broker for all machines, got runs that have started one each')
  let endMs = Number.POSITIVE_INFINITY
  for (const report of [...reports].sort((a, b) => startOf(a) - startOf(b))) {
    if (startOf(report) > endMs + apartMsMax)
      throw new ReportsUnlike(
        `startedAt: expected machines that ran together, got one that began at ${report.startedAt}, when the others had ended at ${new Date(endMs).toISOString()} (are their clocks right?)`,
      )
    const ownEndMs = startOf(report) + report.durationMs
    endMs = endMs === Number.POSITIVE_INFINITY ? ownEndMs : Math.max(endMs, ownEndMs)
  }
  const seen = new Set<string>()
  for (const { devices } of reports)
    for (const { device } of devices) {
      if (seen.has(device))
        throw new ReportsUnlike(
          `devices: expected sensors of its own in each report, got ${JSON.stringify(device)} twice`,
        )
      seen.add(device)
    }
  return broker ?? null
}

function startOf({ startedAt }: FleetReport): number {
  return Date.parse(startedAt)
}

/** What differs stands side by side, in the order of the reports. */
function mergedSettings(reports: readonly FleetReport[]): FleetReport['settings'] {
  const names = [...new Set(reports.flatMap(({ settings }) => settings.map(([name]) => name)))]
  return names.map(name => {
    const values = reports.map(({ settings }) => settings.find(([other]) => other === name)?.[1] ?? '–')
    return [name, new Set(values).size === 1 ? (values[0] ?? '') : values.join(' | ')]
  })
}

function mergedCodes(reports: readonly FleetReport[]): FleetReport['codes'] {
  const codes = new Map<string, { count: number; expected: number }>()
  for (const report of reports)
    for (const [code, { count, expected }] of Object.entries(report.codes)) {
      const before = codes.get(code) ?? { count: 0, expected: 0 }
      codes.set(code, { count: before.count + count, expected: before.expected + expected })
    }
  return Object.fromEntries([...codes].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A machine that has not begun waits with all its sensors; one that has ended stays as it was and moves nothing. */
function mergedTimeline(reports: readonly FleetReport[], startMs: number): FleetReport['timeline'] {
  const machines = reports.map(report => ({ before: idle(report), bySecond: secondsOf(report, startMs) }))
  const seconds = [...new Set(machines.flatMap(({ bySecond }) => [...bySecond.keys()]))].sort((a, b) => a - b)
  const latest = machines.map(({ before }) => before)
  return seconds.map(second => {
    for (const [index, { before, bySecond }] of machines.entries()) {
      const now = bySecond.get(second)
      latest[index] = now ?? { ...(latest[index] ?? before), downBytes: 0, upBytes: 0, telemetry: 0 }
    }
    return latest.reduce(sumOf, { ...nothing, atMs: second * 1000 })
  })
}

function secondsOf(report: FleetReport, startMs: number): ReadonlyMap<number, Instant> {
  const seconds = new Map<number, Instant>()
  for (const instant of report.timeline) {
    const second = Math.floor((startOf(report) + instant.atMs - startMs) / 1000)
    const { downBytes, upBytes, telemetry } = seconds.get(second) ?? nothing
    // Of two in a second the later state counts, and what both moved.
    seconds.set(second, {
      ...instant,
      downBytes: instant.downBytes + downBytes,
      upBytes: instant.upBytes + upBytes,
      telemetry: instant.telemetry + telemetry,
    })
  }
  return seconds
}

function sumOf(a: Instant, b: Instant): Instant {
  return {
    atMs: a.atMs,
    connected: a.connected + b.connected,
    waiting: a.waiting + b.waiting,
    downloading: a.downloading + b.downloading,
    installing: a.installing + b.installing,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    downBytes: a.downBytes + b.downBytes,
    upBytes: a.upBytes + b.upBytes,
    telemetry: a.telemetry + b.telemetry,
  }
}

const nothing: Instant = {
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

function idle({ sensors, timeline }: FleetReport): Instant {
  return { ...nothing, waiting: timeline.length === 0 ? 0 : sensors }
}
