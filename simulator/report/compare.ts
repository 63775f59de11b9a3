// Two runs side by side: each figure before and after, the change, and a mark where chance inside the runs cannot explain
// it. The rule of the mark:
//
//   counts of sensors   the 99 % intervals (Wilson) of the two shares do not overlap
//   percentiles         the 99 % intervals of the two (from the ranks that a binomial leaves open) do not overlap, and
//                       the change is 5 % at least
//   events of a run     (reconnects, lost telemetry) they differ by more than 2.6 times the root of their sum (Poisson)
//   one number a run    (duration, bytes, memory) the change is 10 % at least; of the event loop's lag, 100 %
//
// Two runs of one setting scatter for more reasons than chance inside a run (another load on the machine, another
// weather): a mark says "look here", not "proven". Run both settings a few times before you believe it.
import { type FleetReport, type LatencyName, latencyNames, latencyTexts } from './fleet-report.ts'
import { percentile, valueAtRank } from './latency.ts'
import { type Kind, spoken } from './quantities.ts'

export interface Difference {
  readonly figure: string
  readonly kind: Kind
  /** Milliseconds, bytes, counts; undefined: not measured. */
  readonly before: number | undefined
  readonly after: number | undefined
  /** Share of `before`; undefined where there is nothing to divide by. */
  readonly change: number | undefined
  readonly beyondNoise: boolean
}

/** Quantile of the normal distribution for 99 %, both sides. */
const z = 2.576
const percentileChangeMin = 0.05
const numberChangeMin = 0.1

export interface Comparison {
  readonly differences: readonly Difference[]
  /** Sentences: what of the two runs is not alike, so that they cannot be compared blindly. */
  readonly caveats: readonly string[]
}

export function compare(before: FleetReport, after: FleetReport): Comparison {
  const codes = [...new Set([...Object.keys(before.codes), ...Object.keys(after.codes)])].sort()
  const shares: readonly (readonly [figure: string, of: (report: FleetReport) => number])[] = [
    ['succeeded', report => report.succeeded],
    ['failed', report => report.failed],
    ['skipped', report => report.skipped],
    ['unfinished', report => report.unfinished],
    ['unexpected', report => report.unexpected],
    ...codes.map(code => [`code ${code}`, (report: FleetReport) => report.codes[code]?.count ?? 0] as const),
  ]
  const numbers: readonly NumberFigure[] = [
    { figure: 'duration', kind: 'time', of: report => report.durationMs },
    { figure: 'bytes down a sensor', kind: 'bytes', of: report => perSensor(report, report.downBytes) },
    { figure: 'bytes up a sensor', kind: 'bytes', of: report => perSensor(report, report.upBytes) },
    { figure: 'reconnects', kind: 'count', of: report => report.reconnects },
    { figure: 'telemetry lost', kind: 'count', of: report => report.telemetry.lost },
    {
      figure: 'event loop lag p99 of the tester',
      kind: 'time',
      changeMin: 1,
      of: ({ testers }) => worst(testers.map(tester => tester.eventLoopLagP99Ms)),
    },
    { figure: 'broker memory, most', kind: 'bytes', of: ({ broker }) => broker?.rssBytesMax },
    {
      figure: 'broker CPU',
      kind: 'time',
      of: ({ broker }) => (broker === null ? undefined : broker.cpuSeconds * 1000),
    },
  ]
  return {
    differences: [
      ...shares.map(([figure, of]) =>
        shareDifference(figure, [of(before), before.sensors], [of(after), after.sensors]),
      ),
      ...latencyNames.flatMap(name => [0.5, 0.95, 0.99].map(share => percentileDifference(name, share, before, after))),
      ...numbers.map(number => numberDifference(number, before, after)),
    ],
    caveats: caveatsOf(before, after),
  }
}

function shareDifference(figure: string, before: Counted, after: Counted): Difference {
  return {
    figure,
    kind: 'count',
    before: before[0],
    after: after[0],
    change: changeOf(before[0], after[0]),
    beyondNoise: apart(wilson(before), wilson(after)),
  }
}

function percentileDifference(name: LatencyName, share: number, before: FleetReport, after: FleetReport): Difference {
  const [a, b] = [before.latencies[name], after.latencies[name]]
  const change = changeOf(percentile(a, share), percentile(b, share))
  return {
    figure: `p${share * 100} ${latencyTexts[name]}`,
    kind: 'time',
    before: percentile(a, share),
    after: percentile(b, share),
    change,
    beyondNoise:
      change !== undefined &&
      Math.abs(change) >= percentileChangeMin &&
      apart(rankInterval(a, share), rankInterval(b, share)),
  }
}

interface NumberFigure {
  readonly figure: string
  /** Counts are those of independent events. */
  readonly kind: Kind
  readonly changeMin?: number
  readonly of: (report: FleetReport) => number | undefined
}

function numberDifference(
  { figure, kind, changeMin = numberChangeMin, of }: NumberFigure,
  earlier: FleetReport,
  later: FleetReport,
): Difference {
  const [before, after] = [of(earlier), of(later)]
  const change = changeOf(before, after)
  if (before === undefined || after === undefined) return { figure, kind, before, after, change, beyondNoise: false }
  const beyondNoise =
    kind === 'count'
      ? Math.abs(after - before) > z * Math.sqrt(after + before)
      : Math.abs(after - before) >= changeMin * before && after !== before
  return { figure, kind, before, after, change, beyondNoise }
}

type Counted = readonly [count: number, of: number]
type Interval = readonly [from: number, to: number]

/** Of the share that is behind a count (Wilson's score interval: sensible for 0 of n, too). */
function wilson([count, of]: Counted): Interval {
  if (of === 0) return [0, 1]
  const share = count / of
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))
  return [middle - half, middle + half]
}

/** Of a percentile: between the ranks that a binomial count leaves open. A few values leave all of them open. */
function rankInterval(distribution: FleetReport['latencies'][LatencyName], share: number): Interval {
  const { count } = distribution
  const half = z * Math.sqrt(count * share * (1 - share))
  const [low, high] = [Math.floor(count * share - half), Math.ceil(count * share + half) + 1]
  return [
    low < 1 ? 0 : valueAtRank(distribution, low),
    high > count ? Number.POSITIVE_INFINITY : valueAtRank(distribution, high),
  ]
}

function apart([aFrom, aTo]: Interval, [bFrom, bTo]: Interval): boolean {
  return aTo < bFrom || bTo < aFrom
}

function changeOf(before: number | undefined, after: number | undefined): number | undefined {
  if (before === undefined || after === undefined) return undefined
  if (before === after) return 0
  return before === 0 ? undefined : (after - before) / before
}

function perSensor({ sensors }: FleetReport, bytes: number): number | undefined {
  return sensors === 0 ? undefined : Math.round(bytes / sensors)
}

function worst(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

/** Settings that change nothing of what is measured. */
const ofOutput: ReadonlySet<string> = new Set(['--json', '--csv', '--html', '--title', '--expect', '--quiet'])

function caveatsOf(before: FleetReport, after: FleetReport): readonly string[] {
  const sentences: string[] = []
  if (before.sensors !== after.sensors) sentences.push(`${before.sensors} sensors before, ${after.sensors} after`)
  if (before.imageBytes !== after.imageBytes)
    sentences.push(
      `an image of ${spoken(before.imageBytes, 'bytes')} before, ${spoken(after.imageBytes, 'bytes')} after`,
    )
  for (const [name, value] of after.settings) {
    if (ofOutput.has(name)) continue
    const other = before.settings.find(([same]) => same === name)?.[1] ?? 'nothing'
    if (other !== value) sentences.push(`${name}: ${other} before, ${value} after`)
  }
  for (const [name, value] of before.settings)
    if (!ofOutput.has(name) && !after.settings.some(([same]) => same === name))
      sentences.push(`${name}: ${value} before, nothing after`)
  for (const [when, { testers }] of [
    ['before', before],
    ['after', after],
  ] as const)
    for (const { name, warnings } of testers)
      for (const warning of warnings) sentences.push(`${when}, tester ${name}: ${warning}`)
  return sentences
}
