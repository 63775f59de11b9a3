// Stacked columns, one for each hour, drawn by uPlot: the sum of all codes first, then each smaller sum over it. Colours are
// those of the style sheet, read again when the colour scheme changes.
import uPlot from 'uplot'
import type { FailureHistory } from '../../../../proto/http-console.ts'
import type { FailureSeries } from './failure-series.ts'

export interface ShownFailures {
  readonly history: FailureHistory
  readonly series: readonly FailureSeries[]
}

const heightPx = 200
const wholeNumbers = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000]

export class Columns {
  readonly #place: HTMLElement
  readonly #onHover: (step: number | undefined) => void
  readonly #resized: ResizeObserver
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)')
  #shown: ShownFailures | undefined
  #plot: uPlot | undefined

  constructor(place: HTMLElement, onHover: (step: number | undefined) => void) {
    this.#place = place
    this.#onHover = onHover
    this.#resized = new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: heightPx }))
    this.#resized.observe(place)
    this.#scheme.addEventListener('change', this.#drawAnew)
  }

  show(shown: ShownFailures): void {
    const before = this.#shown
    this.#shown = shown
    const same = before !== undefined && before.series.map(codeOf).join() === shown.series.map(codeOf).join()
    if (this.#plot === undefined || !same || before.history.since !== shown.history.since) this.#drawAnew()
    else this.#plot.setData(dataOf(shown))
  }

  close(): void {
    this.#resized.disconnect()
    this.#scheme.removeEventListener('change', this.#drawAnew)
    this.#plot?.destroy()
    this.#plot = undefined
    this.#shown = undefined
  }

  readonly #drawAnew = (): void => {
    if (this.#shown === undefined) return
    this.#plot?.destroy()
    this.#plot = new uPlot(this.#optionsFor(this.#shown), dataOf(this.#shown), this.#place)
  }

  #optionsFor({ history, series }: ShownFailures): uPlot.Options {
    const { color: text, borderTopColor: line, fontFamily } = getComputedStyle(this.#place)
    const [from, to] = spanOf(history, series)
    const axis = { stroke: text, font: `12px ${fontFamily}`, ticks: { show: false } }
    const grid = { stroke: line, width: 1 }
    const bars = uPlot.paths.bars?.({ size: [0.82, 44], radius: 0 })
    return {
      width: this.#place.clientWidth,
      height: heightPx,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: () => [from, to] },
        y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.06)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 60,
          incrs: incrementsOf(from, to),
          values: (_plot, splits) => splits.map(momentText),
        },
        {
          ...axis,
          grid,
          size: (_plot, texts) => 14 + 8 * Math.max(2, ...(texts ?? []).map(({ length }) => length)),
          incrs: wholeNumbers,
          values: (_plot, splits) => splits.map(count => count.toLocaleString()),
        },
      ],
      series: [
        {},
        ...series.toReversed().map((_, index) => ({
          fill: this.#colour(series.length - index),
          width: 0,
          points: { show: false },
          ...(bars === undefined ? {} : { paths: bars }),
        })),
      ],
      hooks: {
        setCursor: [({ cursor }) => this.#onHover(cursor.idx ?? undefined)],
      },
    }
  }

  /** Numbers from 1, as the classes of the style sheet. */
  #colour(number: number): string {
    const probe = document.createElement('span')
    probe.className = `chart-${number}`
    this.#place.append(probe)
    const { backgroundColor } = getComputedStyle(probe)
    probe.remove()
    return backgroundColor
  }
}

/** Hours, and at midnight the day. */
function momentText(seconds: number): string {
  const at = new Date(seconds * 1000)
  return at.getHours() === 0 && at.getMinutes() === 0 ? dayFormat.format(at) : hourFormat.format(at)
}

const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const hourFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric' })

/** Seconds between two words below the columns. */
function incrementsOf(from: number, to: number): number[] {
  return to - from > 2 * 86_400 ? [86_400, 7 * 86_400] : [3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600]
}

function codeOf({ code }: FailureSeries): string {
  return code ?? ''
}

/** Seconds since 1970. */
function spanOf(history: FailureHistory, series: readonly FailureSeries[]): readonly [number, number] {
  const from = Date.parse(history.since) / 1000
  return [from, from + (series[0]?.counts.length ?? 0) * history.stepSeconds]
}

/** Columns stand in the middle of their hour; the highest sums first. */
function dataOf({ history, series }: ShownFailures): uPlot.AlignedData {
  const [from] = spanOf(history, series)
  const { stepSeconds } = history
  const times = Array.from(series[0]?.counts ?? [], (_, step) => from + (step + 0.5) * stepSeconds)
  const sums: number[][] = []
  for (const { counts } of series) {
    const below = sums.at(-1)
    sums.push(counts.map((count, step) => count + (below?.[step] ?? 0)))
  }
  return [times, ...sums.reverse()]
}
