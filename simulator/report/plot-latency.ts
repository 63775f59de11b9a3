// How long things took: one row of columns for each latency over one logarithmic axis, with the median, the 95th and the
// 99th of a hundred marked; and the same as a table.
import { type Distribution, type FleetReport, type LatencyName, latencyNames, latencyTexts } from './fleet-report.ts'
import { bounds, mean, percentile } from './latency.ts'
import { html, type Markup } from './markup.ts'
import { at, drawing, type Frame, type Scale } from './plot.ts'
import { grouped, spoken } from './quantities.ts'

const rowHeight = 92
const barHeight = 46
const binCount = 120
const marked = [0.5, 0.95, 0.99] as const

const meanings: Readonly<Record<LatencyName, string>> = {
  connect: 'from CONNECT until all subscriptions were granted',
  offerToStart: 'from the first offer until the sensor had accepted it',
  download: 'from the first chunk asked for until the last was there',
  total: 'of updates that succeeded: from the first offer until the outcome',
  telemetry: 'from PUBLISH to PUBACK of telemetry at QoS 1',
}

export function latencyFigure({ latencies }: FleetReport): Markup {
  const measured = latencyNames.filter(name => latencies[name].count > 0)
  if (measured.length === 0) return html`<p class="quiet">Nothing was measured after the warm-up.</p>`
  const area: Frame = {
    width: 1000,
    height: measured.length * rowHeight + 34,
    left: 150,
    right: 24,
    top: 6,
    bottom: 28,
  }
  const [fromMs, toMs] = domain(measured.map(name => latencies[name]))
  const x = logarithmic([fromMs, toMs], [area.left, area.width - area.right])
  const description = measured.map(name => `${latencyTexts[name]}: ${told(latencies[name])}`).join('; ')
  return html`<figure>
${drawing(area, 'latency', 'How long things took', `${description}.`, [
  decades(area, x, fromMs, toMs),
  measured.map((name, index) => row(area, x, latencies[name], name, area.top + (index + 1) * rowHeight)),
])}
<figcaption>The axis is logarithmic. The height of a column is the share of what was measured that fell into it, each row by its own
highest. Warm-up is left out.</figcaption>
</figure>
${latencyTable({ latencies })}`
}

function latencyTable({ latencies }: Pick<FleetReport, 'latencies'>): Markup {
  const cell = (value: number | undefined): Markup =>
    html`<td class="number">${value === undefined ? '–' : spoken(value, 'time')}</td>`
  return html`<div class="scroll"><table><caption>Latencies</caption>
<thead><tr><th scope="col">what</th>${['measured', 'shortest', 'mean', 'p50', 'p95', 'p99', 'longest'].map(head => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>${latencyNames.map(name => {
    const distribution = latencies[name]
    const some = distribution.count > 0
    return html`<tr><th scope="row">${latencyTexts[name]}<br><small class="quiet">${meanings[name]}</small></th><td class="number">${grouped(distribution.count)}</td>${cell(some ? distribution.min : undefined)}${cell(mean(distribution))}${marked.map(share => cell(percentile(distribution, share)))}${cell(some ? distribution.max : undefined)}</tr>`
  })}</tbody></table></div>`
}

function row(area: Frame, x: Scale, distribution: Distribution, name: LatencyName, baseline: number): Markup {
  const bins = rebinned(distribution, x, area)
  const highest = Math.max(...bins)
  const binWidth = (area.width - area.left - area.right) / binCount
  const bars = bins
    .map((count, index) => {
      if (count === 0) return ''
      const height = Math.max(1, (count / highest) * barHeight)
      return `M${at(area.left + index * binWidth)} ${at(baseline)}v${at(-height)}h${at(Math.max(binWidth - 0.8, 0.5))}v${at(height)}z`
    })
    .join('')
  const marks = marked.map((share, index) => {
    const value = percentile(distribution, share) ?? 0
    const place = x(Math.max(value, shortestMs))
    // One above the other, so that those close together can still be read; near the right edge they stand on the left.
    const top = baseline - barHeight - 30 + index * 13
    const atEdge = place > area.width - 150
    return html`<line class="mark${share === 0.5 ? '' : ' dashed'}" x1="${at(place)}" x2="${at(place)}" y1="${top - 9}" y2="${baseline}"/><text class="reading" x="${at(place + (atEdge ? -5 : 5))}" y="${top}" text-anchor="${atEdge ? 'end' : 'start'}">p${share * 100} ${spoken(value, 'time')}</text>`
  })
  return html`<line class="axis" x1="${area.left}" x2="${area.width - area.right}" y1="${baseline}" y2="${baseline}"/><path class="fill-downloading" d="${bars}"/>${marks}<text class="strong" x="0" y="${baseline - 22}">${latencyTexts[name]}</text><text x="0" y="${baseline - 6}">${grouped(distribution.count)} measured</text>`
}

/** Counts by column of the drawing; a bucket is far narrower, one over an edge goes to both by its parts. */
function rebinned(distribution: Distribution, x: Scale, area: Frame): readonly number[] {
  const bins = new Array<number>(binCount).fill(0)
  const binWidth = (area.width - area.left - area.right) / binCount
  for (const [bucket, count] of distribution.buckets) {
    const [from, below] = bounds(bucket)
    const start = (x(Math.max(from, shortestMs)) - area.left) / binWidth
    const end = Math.max((x(Math.max(below, shortestMs)) - area.left) / binWidth, start + 1e-6)
    for (let bin = Math.floor(start); bin < end; bin += 1) {
      const share = (Math.min(end, bin + 1) - Math.max(start, bin)) / (end - start)
      const inside = Math.min(Math.max(bin, 0), binCount - 1)
      bins[inside] = (bins[inside] ?? 0) + count * share
    }
  }
  return bins
}

/** Zero has no place on a logarithmic axis: a microsecond is the finest that was counted. */
const shortestMs = 0.001

/** From a 1, 2 or 5 of a decade to another, one decade at least. */
function domain(distributions: readonly Distribution[]): readonly [fromMs: number, toMs: number] {
  const min = Math.max(shortestMs, Math.min(...distributions.map(distribution => distribution.min)))
  const max = Math.max(min, ...distributions.map(distribution => distribution.max))
  const from = (round(min, values => values.findLast(value => value <= min * 1.0001)) ?? min) as number
  const to = (round(max, values => values.find(value => value >= max * 0.9999)) ?? max) as number
  return [from, Math.max(to, from * 10)]
}

function round(value: number, choose: (values: readonly number[]) => number | undefined): number | undefined {
  const power = 10 ** Math.floor(Math.log10(value))
  return choose([0.5, 1, 2, 5, 10, 20].map(factor => factor * power))
}

function logarithmic([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  const [low, span] = [Math.log(from), Math.log(to) - Math.log(from)]
  return value => start + ((Math.log(value) - low) / span) * (end - start)
}

function decades(area: Frame, x: Scale, fromMs: number, toMs: number): Markup {
  const lines: Markup[] = []
  for (let power = Math.floor(Math.log10(fromMs)); power <= Math.ceil(Math.log10(toMs)); power += 1) {
    const value = 10 ** power
    if (value < fromMs * 0.999 || value > toMs * 1.001) continue
    lines.push(
      html`<line class="grid" x1="${at(x(value))}" x2="${at(x(value))}" y1="${area.top}" y2="${area.height - area.bottom}"/><text x="${at(x(value))}" y="${area.height - area.bottom + 18}" text-anchor="middle">${spoken(value, 'time')}</text>`,
    )
  }
  return html`${lines}`
}

function told(distribution: Distribution): string {
  return marked.map(share => `p${share * 100} ${spoken(percentile(distribution, share) ?? 0, 'time')}`).join(', ')
}
