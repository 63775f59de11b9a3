// From what a run found to its report, and to the sentences about what makes the figures doubtful.
import { availableParallelism, hostname } from 'node:os'
import { Errors } from 'typebox/value'
import { FleetReport, type Tester } from '../report/fleet-report.ts'
import { spoken } from '../report/quantities.ts'
import { FleetFailed } from './failure.ts'
import type { Findings } from './findings.ts'
import { resultsOf } from './outcome.ts'
import type { Preparation } from './preparation.ts'

/** Beyond them the tool is part of what was measured. */
const lagP99MsMax = 50
const busiestMax = 0.85
const machineMax = 0.9
const rampLateMsMax = 200

/** Throws FleetFailed if it were not what the schema says: then the mistake is ours. */
export function reportOf(preparation: Preparation, findings: Findings): FleetReport {
  const { settings, members, profiles } = preparation
  const { figures, sensors, ended, target, operation, broker } = findings
  const { devices, counts, codes, total } = resultsOf(members, profiles, target, sensors, ended)
  const report: FleetReport = {
    format: 'drover-fleet-report',
    formatVersion: 1,
    title: settings.title,
    startedAt: new Date(findings.startedAt).toISOString(),
    durationMs: findings.durationMs,
    warmUpMs: settings.warmUpMs,
    settings: settings.spoken.map(([flag, value]) => [flag, value]),
    operation: operation?.id ?? null,
    testers: [testerOf(preparation, findings)],
    broker:
      broker === undefined
        ? null
        : {
            rssBytesBefore: broker.before,
            rssBytesConnected: broker.connected,
            rssBytesMax: broker.most,
            cpuSeconds: broker.cpuSeconds,
          },
    sensors: members.length,
    ...counts,
    reconnects: figures.reconnects,
    imageBytes: findings.imageBytes,
    downBytes: figures.downBytes,
    upBytes: figures.upBytes,
    telemetry: {
      sent: figures.telemetrySent,
      acknowledged: figures.telemetryAcknowledged,
      lost: findings.telemetryLost,
    },
    latencies: { ...figures.latencies, total },
    codes,
    timeline: [...findings.timeline],
    devices: [...devices],
  }
  const [wrong] = Errors(FleetReport, report)
  if (wrong === undefined) return report
  throw new FleetFailed(`the report is not as it should be: ${wrong.instancePath} ${wrong.message}`)
}

function testerOf({ members }: Preparation, findings: Findings): Tester {
  const { figures, limits, weights, ownCpuSeconds, timeline, processes } = findings
  const seconds = Math.max(1, (timeline.at(-1)?.atMs ?? 0) / 1000)
  const heapBytes = Math.max(0, weights.connected.heapBytes - weights.before.heapBytes)
  return {
    name: hostname(),
    cores: availableParallelism(),
    processes,
    sensors: members.length,
    openFilesLimit: limits.openFiles ?? 0,
    openFilesNeeded: findings.openFilesNeeded,
    eventLoopLagP99Ms: figures.lag.p99Ms,
    eventLoopLagMaxMs: figures.lag.maxMs,
    cpuShare: (figures.cpuSeconds + ownCpuSeconds) / seconds,
    rssBytes: figures.rssBytes,
    heapBytesPerSensor: Math.round(heapBytes / Math.max(1, members.length)),
    warnings: [...warningsOf(findings, seconds)],
  }
}

function* warningsOf({ figures, limits, broker, ownCpuSeconds }: Findings, seconds: number): Iterable<string> {
  const { lag, busiest, rampLateMs, cpuSeconds } = figures
  const cores = availableParallelism()
  if (lag.p99Ms > lagP99MsMax)
    yield `The event loop of a simulator process was late by ${spoken(lag.p99Ms, 'time')} (p99): times contain as much of its own. Take fewer sensors, more --processes, or more machines.`
  if (busiest > busiestMax)
    yield `A simulator process took ${Math.round(busiest * 100)} % of a core in its busiest second: what is measured then may be the simulator. Take more --processes or machines.`
  if (rampLateMs > rampLateMsMax)
    yield `The ramp could not be kept: a sensor was started ${spoken(rampLateMs, 'time')} late.`
  const machine = (cpuSeconds + ownCpuSeconds + (broker?.cpuSeconds ?? 0)) / seconds / cores
  if (machine > machineMax)
    yield `This machine was busy to ${Math.round(machine * 100)} % of its ${cores} cores with the simulator${broker === undefined ? '' : ' and the broker'}: neither had room.`
  if (limits.openFiles === undefined) yield 'The limit of open files is not known on this system and was not checked.'
}
