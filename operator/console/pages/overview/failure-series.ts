// Failures by code as the chart, its legend and its table show them: the most frequent codes, the others summed up.
import type { FailureHistory } from '../../../../proto/http-console.ts'

/** One colour of the chart: a code, or all codes that have no colour of their own. */
export interface FailureSeries {
  /** Undefined: of several codes. */
  readonly code: string | undefined
  readonly text: string
  readonly total: number
  readonly counts: readonly number[]
}

const seriesMax = 6

export function seriesOf({ codes }: FailureHistory): readonly FailureSeries[] {
  if (codes.length <= seriesMax) return codes
  const own: FailureSeries[] = codes.slice(0, seriesMax - 1)
  const rest = codes.slice(own.length)
  const counts = rest.reduce<readonly number[]>(
    (sums, code) => code.counts.map((count, step) => count + (sums[step] ?? 0)),
    [],
  )
  const total = rest.reduce((sum, code) => sum + code.total, 0)
  return [...own, { code: undefined, text: `${rest.length.toLocaleString()} more codes`, total, counts }]
}

/** Local time of a step: “22 Nov, 14:00 – 15:00”. */
export function hourText({ since, stepSeconds }: FailureHistory, step: number): string {
  const from = new Date(Date.parse(since) + step * stepSeconds * 1000)
  const to = new Date(from.getTime() + stepSeconds * 1000)
  return `${dayFormat.format(from)}, ${hourFormat.format(from)} – ${hourFormat.format(to)}`
}

const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const hourFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
