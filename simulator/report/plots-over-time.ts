// Three drawings over the time of the run, one under the other with the same axis: where the sensors were, what went over
// the line, and the plain telemetry that went on meanwhile. Drawn as SVG when the report is written, not by a chart library
// in the reader's browser: the page needs no script at all, survives mail programs that remove scripts, prints as lines
// instead of pixels, and changes with light and dark.
import type { FleetReport } from './fleet-report.ts'
import { type Content, html, type Markup } from './markup.ts'
import {
  at,
  axes,
  type Column,
  clockText,
  columnsOf,
  drawing,
  type Frame,
  polyline,
  readings,
  type Scale,
  scales,
  ticks,
} from './plot.ts'
import { grouped, spoken } from './quantities.ts'

const columnsMax = 180
const rowsMax = 40
const frame = (height: number): Frame => ({ width: 1000, height, left: 78, right: 14, top: 20, bottom: 26 })

type State = 'succeeded' | 'failed' | 'installing' | 'downloading' | 'waiting'
/** From the bottom of the stack to its top. */
const states: readonly { readonly name: State; readonly className: string; readonly text: string }[] = [
  { name: 'succeeded', className: 'fill-ok', text: 'succeeded' },
  { name: 'failed', className: 'fill-failed', text: 'failed' },
  { name: 'installing', className: 'fill-installing', text: 'installing' },
  { name: 'downloading', className: 'fill-downloading', text: 'downloading' },
  { name: 'waiting', className: 'fill-waiting', text: 'waiting' },
]

export function progressFigure(report: FleetReport): Markup {
  const columns = columnsOf(report, columnsMax)
  const area = frame(320)
  const endMs = columns.at(-1)?.atMs ?? 0
  if (endMs === 0) return html`<p class="quiet">The run was over before its first second was recorded.</p>`
  const yTicks = ticks(Math.max(report.sensors, ...columns.map(stackHeight)), 'count')
  const { x, y } = scales(area, endMs, yTicks)
  const stacked: Markup[] = []
  let below = columns.map(() => 0)
  for (const { name, className } of states) {
    const above = columns.map((column, index) => (below[index] ?? 0) + column[name])
    if (columns.some(column => column[name] > 0)) {
      const outline = `${polyline([...edge(columns, above, x, y), ...edge(columns, below, x, y).reverse()])}Z`
      stacked.push(html`<path class="${className}" d="${outline}"/>`)
      if (name === 'failed') stacked.push(html`<path fill="url(#hatched)" d="${outline}"/>`)
    }
    below = above
  }
  const line = polyline(columns.map(column => [x(column.atMs), y(column.connected)]))
  const tell = (column: Column): string =>
    [
      `connected ${grouped(column.connected)}`,
      ...states.map(({ name, text }) => `${text} ${grouped(column[name])}`),
    ].join(', ')
  const last = columns.at(-1)
  return html`<figure>
${legend([
  ...states.map(({ className, text }) => ({ swatch: swatchOf(className), text })),
  { swatch: html`<line class="line-connected" x1="0" x2="16" y1="6" y2="6"/>`, text: 'connected' },
])}
${drawing(
  area,
  'progress',
  'Progress over time',
  `Sensors by state over ${clockText(endMs)}. At the end: ${last === undefined ? '' : tell(last)}.`,
  [
    hatch,
    axes(area, endMs, yTicks, 'count', false),
    stacked,
    html`<path class="line-connected" d="${line}"/>`,
    readings(area, columns, x, tell),
  ],
)}
<figcaption>Sensors by what they were doing (stacked), minutes and seconds since the first connect.</figcaption>
${table('Sensors by state', ['connected', ...states.map(({ text }) => text)], columns, column => [
  grouped(column.connected),
  ...states.map(({ name }) => grouped(column[name])),
])}
</figure>`
}

export function throughputFigure(report: FleetReport): Markup {
  const columns = columnsOf(report, columnsMax)
  const area = frame(220)
  const endMs = columns.at(-1)?.atMs ?? 0
  if (endMs === 0) return html``
  const yTicks = ticks(Math.max(...columns.flatMap(column => [column.downBytes, column.upBytes])), 'bytes')
  const { x, y } = scales(area, endMs, yTicks)
  const tell = (column: Column): string =>
    `down ${spoken(column.downBytes, 'bytes')}/s, up ${spoken(column.upBytes, 'bytes')}/s`
  const most = Math.max(...columns.map(({ downBytes }) => downBytes))
  return html`<figure>
${legend([
  { swatch: html`<line class="line-down" x1="0" x2="16" y1="6" y2="6"/>`, text: 'to the sensors' },
  { swatch: html`<line class="line-up" x1="0" x2="16" y1="6" y2="6"/>`, text: 'from the sensors' },
])}
${drawing(
  area,
  'throughput',
  'Throughput',
  `Bytes a second over the lines of all sensors; the most towards them: ${spoken(most, 'bytes')} a second.`,
  [
    axes(area, endMs, yTicks, 'bytes', true),
    html`<path class="fill-soft" d="${steps(columns, x, y, column => column.downBytes)}V${at(y(0))}H${at(x(0))}Z"/>`,
    html`<path class="line-down" d="${steps(columns, x, y, column => column.downBytes)}"/>`,
    html`<path class="line-up" d="${steps(columns, x, y, column => column.upBytes)}"/>`,
    readings(area, columns, x, tell),
  ],
)}
<figcaption>Bytes of MQTT packets over all lines, a second.</figcaption>
${table('Throughput', ['to the sensors', 'from the sensors'], columns.slice(1), column => [
  `${spoken(column.downBytes, 'bytes')}/s`,
  `${spoken(column.upBytes, 'bytes')}/s`,
])}
</figure>`
}

export function telemetryFigure(report: FleetReport): Markup {
  const columns = columnsOf(report, columnsMax)
  const area = frame(160)
  const endMs = columns.at(-1)?.atMs ?? 0
  const most = Math.max(0, ...columns.map(({ telemetry }) => telemetry))
  if (report.telemetry.sent === 0) return html`<p class="quiet">The sensors of this run sent no telemetry.</p>`
  if (endMs === 0) return html``
  const yTicks = ticks(most, 'count')
  const { x, y } = scales(area, endMs, yTicks)
  const tell = (column: Column): string => `${grouped(Math.round(column.telemetry))} messages/s`
  return html`<figure>
${drawing(
  area,
  'telemetry',
  'Telemetry during the update',
  `Messages of telemetry a second; the most: ${grouped(Math.round(most))}.`,
  [
    axes(area, endMs, yTicks, 'count', true),
    html`<path class="fill-soft" d="${steps(columns, x, y, column => column.telemetry)}V${at(y(0))}H${at(x(0))}Z"/>`,
    html`<path class="line-down" d="${steps(columns, x, y, column => column.telemetry)}"/>`,
    readings(area, columns, x, tell),
  ],
)}
<figcaption>Messages of plain telemetry that the sensors sent meanwhile, a second.</figcaption>
${table('Telemetry', ['messages a second'], columns.slice(1), column => [grouped(Math.round(column.telemetry))])}
</figure>`
}

function stackHeight(column: Column): number {
  return states.reduce((sum, { name }) => sum + column[name], 0)
}

function edge(
  columns: readonly Column[],
  heights: readonly number[],
  x: Scale,
  y: Scale,
): (readonly [number, number])[] {
  return columns.map((column, index) => [x(column.atMs), y(heights[index] ?? 0)] as const)
}

/** A flow holds over its whole column: no slope that nobody measured. */
function steps(columns: readonly Column[], x: Scale, y: Scale, of: (column: Column) => number): string {
  return columns
    .slice(1)
    .map(
      (column, index) =>
        `${index === 0 ? `M${at(x(0))} ${at(y(of(column)))}` : `V${at(y(of(column)))}`}H${at(x(column.atMs))}`,
    )
    .join('')
}

const hatch = html`<defs><pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="6"/></pattern></defs>`

function swatchOf(className: string): Markup {
  const hatched = className === 'fill-failed' ? html`<rect width="16" height="12" fill="url(#hatched)"/>` : ''
  return html`<rect width="16" height="12" class="${className}"/>${hatched}`
}

function legend(entries: readonly { readonly swatch: Markup; readonly text: string }[]): Markup {
  return html`<ul class="legend">${entries.map(
    ({ swatch, text }) => html`<li><svg viewBox="0 0 16 12" aria-hidden="true">${swatch}</svg>${text}</li>`,
  )}</ul>`
}

/** What a drawing shows, for those who read instead: every so many columns, the last one always. */
function table(
  title: string,
  heads: readonly string[],
  columns: readonly Column[],
  cells: (column: Column) => readonly Content[],
): Markup {
  const every = Math.ceil(columns.length / rowsMax)
  const shown = columns.filter((_, index) => index % every === 0 || index === columns.length - 1)
  return html`<details><summary>The figures of this plot</summary><div class="scroll"><table><caption>${title}</caption>
<thead><tr><th scope="col">time</th>${heads.map(head => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>${shown.map(
    column =>
      html`<tr><th scope="row">${clockText(column.atMs)}</th>${cells(column).map(cell => html`<td class="number">${cell}</td>`)}</tr>`,
  )}</tbody></table></div></details>`
}
