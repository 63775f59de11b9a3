// A fleet of virtual sensors on a broker beside it, both on this machine: what a sensor and its connection cost in memory
// while nothing happens, and whether an update to all of them under telemetry ends for each as it has to.
//
//   idle     all connected, no telemetry, a rest: memory of the simulator's processes, memory of the broker
//   update   all connected, telemetry, some of them with faults: the image to all of them
//
// `--only idle` or `--only update` for one of them, `--report FOLDER` keeps the report of the update, `--quick` is a form of
// seconds; every other flag is one of `drover-simulator fleet` (--devices, --processes, --ramp, --telemetry, --faults …).
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reportOf } from '../simulator/fleet/findings-report.ts'
import { percentile } from '../simulator/report/latency.ts'
import { reportPage } from '../simulator/report/page.ts'
import { reportText } from '../simulator/report/report-file.ts'
import { UsageError } from '../simulator/verbs/verb-host.ts'
import { type Print, printer } from './engine/printing.ts'
import { measuredFleet } from './fleet/measured.ts'

const parts = ['idle', 'update'] as const
type Part = (typeof parts)[number]

const standard = ['--spawn', '--devices', '10000', '--concurrency', '1000', '--limit', '20m']
const quick = ['--devices', '24', '--image-size', '16KiB']
const faults =
  'drop=0.5%,corrupt-chunk=0.5%,power-cut-downloading=0.5%,code-23=0.5%,code-31=0.5%,code-33=0.5%,code-40=0.5%'
const ofPart: Readonly<Record<Part, readonly string[]>> = {
  idle: ['--without-update', '--telemetry', 'off', '--think', '15s'],
  update: ['--telemetry', '1/10s,qos1,64B', '--faults', faults, '--think', '2s'],
}
const quickOfPart: Readonly<Record<Part, readonly string[]>> = {
  idle: ['--think', '1s'],
  update: ['--telemetry', '4/1s,qos1,64B', '--faults', 'drop=10%,code-23=10%'],
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const print = printer(json, 'fleet')
  try {
    const { chosen, isQuick, folder, rest } = readArgs(args)
    for (const part of chosen) {
      const flags = [...standard, ...ofPart[part], ...(isQuick ? [...quick, ...quickOfPart[part]] : []), ...rest]
      await measurements[part](flags, print, folder)
    }
  } catch (error) {
    console.error(`fleet: ${(error as Error).message}`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}

const measurements: Readonly<
  Record<Part, (flags: readonly string[], print: Print, folder: string | undefined) => Promise<void>>
> = {
  async idle(flags, print) {
    const { findings, preparation } = await measuredFleet(flags)
    const { weights, broker, figures } = findings
    const sensors = preparation.members.length
    const kib = (bytes: number): number => bytes / 1024 / sensors
    print('sensors', sensors, 'sensors')
    print('virtual_sensor_kib', kib(weights.connected.rssBytes - weights.before.rssBytes), 'KiB')
    print('virtual_sensor_heap_kib', kib(weights.connected.heapBytes - weights.before.heapBytes), 'KiB')
    if (broker !== undefined) print('broker_connection_kib', kib(broker.connected - broker.before), 'KiB')
    print('connect_p99_ms', percentile(figures.latencies.connect, 0.99) ?? Number.NaN, 'ms')
  },
  async update(flags, print, folder) {
    const { findings, preparation } = await measuredFleet(flags)
    const report = reportOf(preparation, findings)
    if (folder !== undefined) {
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'fleet.json'), reportText(report))
      await writeFile(join(folder, 'fleet.html'), reportPage(report))
    }
    const ended = report.devices.filter(({ code }) => code !== null)
    print('devices_completed', ended.length, 'devices')
    print('unexpected_outcomes', report.unexpected, 'devices')
    print('fleet_seconds', report.durationMs / 1000, 's')
    for (const name of ['connect', 'offerToStart', 'download', 'total', 'telemetry'] as const) {
      const worst = percentile(report.latencies[name], 0.99)
      if (worst !== undefined) print(`${name}_p99_ms`, worst, 'ms')
    }
    print('telemetry_lost', report.telemetry.lost, 'messages')
    print('broker_cpu_seconds', report.broker?.cpuSeconds ?? Number.NaN, 's')
    print('tester_cpu_seconds', findings.figures.cpuSeconds + findings.ownCpuSeconds, 's')
    for (const { warnings } of report.testers) for (const warning of warnings) console.error(`fleet: ${warning}`)
  },
}

function readArgs(args: readonly string[]): {
  readonly chosen: readonly Part[]
  readonly isQuick: boolean
  readonly folder: string | undefined
  readonly rest: readonly string[]
} {
  const rest = [...args]
  const taken = (name: string): string | undefined => {
    const at = rest.indexOf(name)
    return at === -1 ? undefined : (rest.splice(at, 2)[1] ?? '')
  }
  const only = taken('--only')
  const folder = taken('--report')
  const isQuick = rest.includes('--quick')
  const chosen = parts.filter(part => only === undefined || part === only)
  if (chosen.length === 0) throw new UsageError(`--only: expected ${parts.join(' or ')}, got ${only}`)
  if (folder === '') throw new UsageError('--report: expected a folder')
  return { chosen, isQuick, folder, rest: rest.filter(argument => argument !== '--quick') }
}
