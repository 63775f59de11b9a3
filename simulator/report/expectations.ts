// Thresholds in a line: 'failed<1%', 'unexpected=0', 'p99.total<60s'. What a pipeline asks of a run, and what a report
// answers. A figure that nobody measured never holds: silence is no success.
import { isEventCode } from '../../proto/event-codes.ts'
import { type FleetReport, type LatencyName, latencyNames } from './fleet-report.ts'
import { mean, percentile } from './latency.ts'
import { grouped, type Kind, parseQuantity, spoken, unitsOf } from './quantities.ts'

const comparisons = {
  '<=': (a: number, b: number) => a <= b,
  '>=': (a: number, b: number) => a >= b,
  '<': (a: number, b: number) => a < b,
  '>': (a: number, b: number) => a > b,
  '=': (a: number, b: number) => a === b,
} as const
type Comparison = keyof typeof comparisons

export interface Expectation {
  /** As it was written. */
  readonly text: string
  readonly figure: string
  readonly comparison: Comparison
  /** Milliseconds, bytes, a count, or a share in 0..1 when `kind` is 'share'. */
  readonly limit: number
  readonly kind: Kind
}

export interface Judgement {
  readonly text: string
  readonly holds: boolean
  /** The figure as measured, or why there is none. */
  readonly actual: string
}

interface Measured {
  readonly value: number | undefined
  /** What a share of it is a share of: how many, and the word for them. */
  readonly whole?: readonly [count: number, what: string]
  /** Said when there is no value. */
  readonly missing?: string
}
interface Figure {
  readonly kind: Exclude<Kind, 'share'>
  readonly of: (report: FleetReport) => Measured
}

const ofSensors = (value: (report: FleetReport) => number): Figure => ({
  kind: 'count',
  of: report => ({ value: value(report), whole: [report.sensors, 'sensors'] }),
})
const plain = (kind: Figure['kind'], value: (report: FleetReport) => number): Figure => ({
  kind,
  of: report => ({ value: value(report) }),
})
const worst = (kind: Figure['kind'], value: (tester: FleetReport['testers'][number]) => number): Figure => ({
  kind,
  of: ({ testers }) =>
    testers.length === 0
      ? { value: undefined, missing: 'not measured: no tester said' }
      : { value: Math.max(...testers.map(value)) },
})

/** Every figure with a fixed name; percentiles and codes are made from their names. */
const figures: Readonly<Record<string, Figure>> = {
  sensors: plain('count', report => report.sensors),
  succeeded: ofSensors(report => report.succeeded),
  failed: ofSensors(report => report.failed),
  skipped: ofSensors(report => report.skipped),
  unfinished: ofSensors(report => report.unfinished),
  unexpected: ofSensors(report => report.unexpected),
  reconnects: ofSensors(report => report.reconnects),
  lost: {
    kind: 'count',
    of: ({ telemetry }) => ({ value: telemetry.lost, whole: [telemetry.sent, 'messages of telemetry'] }),
  },
  duration: plain('time', report => report.durationMs),
  downBytes: plain('bytes', report => report.downBytes),
  upBytes: plain('bytes', report => report.upBytes),
  warnings: plain('count', ({ testers }) => testers.reduce((sum, { warnings }) => sum + warnings.length, 0)),
  lag: worst('time', tester => tester.eventLoopLagP99Ms),
  heapPerSensor: worst('bytes', tester => tester.heapBytesPerSensor),
}

/** For --help: the names of all figures. */
export const figureNames: readonly string[] = [
  ...Object.keys(figures),
  'code.CODE',
  ...['pN', 'min', 'max', 'mean'].map(statistic => `${statistic}.LATENCY`),
]

const pattern = /^\s*([A-Za-z][A-Za-z0-9_.]*?)\s*(<=|>=|==|<|>|=)\s*(\S.*?)\s*$/

/** Throws TypeError that names the text and what was expected of it. */
export function parseExpectation(text: string): Expectation {
  const [, name, sign, amount] = pattern.exec(text) ?? []
  if (name === undefined || sign === undefined || amount === undefined)
    throw refused(text, "a figure, one of < <= = >= >, and a value, such as 'failed<1%' or 'p99.total<60s'")
  const figure = figureOf(name, text)
  const comparison = (sign === '==' ? '=' : sign) as Comparison
  const quantity = parseQuantity(amount)
  // 0 is 0 in every unit.
  const fits =
    quantity !== undefined &&
    (quantity.kind === figure.kind ||
      (quantity.kind === 'share' && figure.kind === 'count' && hasWhole(name)) ||
      (quantity.kind === 'count' && quantity.value === 0))
  if (!fits) throw refused(text, `after ${sign} ${expectedValue(figure, name)}, not ${JSON.stringify(amount)}`)
  const kind = quantity.kind === 'share' ? 'share' : figure.kind
  return { text: text.trim(), figure: name, comparison, limit: quantity.value, kind }
}

export function judge(report: FleetReport, expectations: readonly Expectation[]): readonly Judgement[] {
  return expectations.map(({ text, figure, comparison, limit, kind }) => {
    const { value, whole, missing } = figureOf(figure, text).of(report)
    if (value === undefined) return { text, holds: false, actual: missing ?? 'not measured' }
    if (kind !== 'share') return { text, holds: comparisons[comparison](value, limit), actual: spoken(value, kind) }
    const [count, what] = whole ?? [0, 'anything']
    if (count === 0) return { text, holds: false, actual: `not measured: there were no ${what}` }
    const share = value / count
    return {
      text,
      holds: comparisons[comparison](share, limit),
      actual: `${spoken(share, 'share')} (${grouped(value)} of ${grouped(count)} ${what})`,
    }
  })
}

function figureOf(name: string, text: string): Figure {
  if (Object.hasOwn(figures, name)) return figures[name] as Figure
  const [first = '', ...rest] = name.split('.')
  if (first === 'code') {
    const code = rest.join('.')
    // A misspelt code would never occur and the threshold would always hold.
    if (!isEventCode(code))
      throw refused(text, `after 'code.' an event code such as UPD4_FAIL_24, not ${JSON.stringify(code)}`)
    return ofSensors(report => report.codes[code]?.count ?? 0)
  }
  const latency = rest.at(-1)
  const statistic = statisticOf([first, ...rest.slice(0, -1)].join('.'))
  if (statistic === undefined || latency === undefined)
    throw refused(text, `one of the figures ${figureNames.join(', ')}, not ${JSON.stringify(name)}`)
  if (!isLatencyName(latency))
    throw refused(
      text,
      `a latency (one of ${latencyNames.join(', ')}) after '${first}.', not ${JSON.stringify(latency)}`,
    )
  return {
    kind: 'time',
    of: ({ latencies }) => ({
      value: latencies[latency].count === 0 ? undefined : statistic(latencies[latency]),
      missing: `not measured: no sensor has a ${latency} time in this report`,
    }),
  }
}

type Statistic = (distribution: FleetReport['latencies'][LatencyName]) => number | undefined

function statisticOf(name: string): Statistic | undefined {
  if (name === 'min') return distribution => distribution.min
  if (name === 'max') return distribution => distribution.max
  if (name === 'mean') return mean
  const percent = /^p(\d{1,2}(?:\.\d{1,3})?|100)$/.exec(name)?.[1]
  return percent === undefined ? undefined : distribution => percentile(distribution, Number(percent) / 100)
}

function isLatencyName(text: string): text is LatencyName {
  return (latencyNames as readonly string[]).includes(text)
}

function hasWhole(name: string): boolean {
  return name.startsWith('code.') || !['sensors', 'warnings'].includes(name)
}

function expectedValue({ kind }: Figure, name: string): string {
  const units = unitsOf(kind).join(', ')
  if (kind !== 'count') return `a number with a unit (${units})`
  return hasWhole(name) ? 'a whole number or a share such as 1%' : 'a whole number'
}

function refused(text: string, expected: string): TypeError {
  return new TypeError(`expectation ${JSON.stringify(text)}: expected ${expected}`)
}
