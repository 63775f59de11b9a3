// Axes of plots: where a value stands, which values get a line, how a long run fits into as many columns as one can see.
import type { FleetReport, Instant } from './fleet-report.ts'
import { type Content, html, type Markup } from './markup.ts'
import { grouped, spoken } from './quantities.ts'

/** In units of the drawing, which is scaled to the page. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export type Scale = (value: number) => number

export function linear([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  const span = to - from || 1
  return value => start + ((value - from) / span) * (end - start)
}

/** Coordinates to a tenth: finer is invisible, and long. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** From 0 to at least `max`, four to eight steps that people count in; bytes in steps of their binary units. */
export function ticks(max: number, kind: 'count' | 'bytes'): readonly number[] {
  const unit = kind === 'bytes' && max >= 1024 ? 1024 ** Math.min(4, Math.floor(Math.log(max) / Math.log(1024))) : 1
  const rough = Math.max(max, kind === 'count' ? 4 : 1) / unit / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find(some => some * power >= rough) ?? 10
  // There is no half sensor.
  const step = Math.max(factor * power * unit, kind === 'count' ? 1 : 0)
  const steps = Math.max(1, Math.ceil(max / step))
  return Array.from({ length: steps + 1 }, (_, index) => index * step)
}

const secondSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400]

/** In milliseconds, 0 to `endMs`, at most ten steps. */
export function timeTicks(endMs: number): readonly number[] {
  const fitting = secondSteps.find(step => endMs / (step * 1000) <= 10)
  const stepMs = (fitting ?? Math.ceil(endMs / 86_400_000 / 10) * 86_400) * 1000
  return Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => index * stepMs)
}

/** 83000 as 1:23, 3723000 as 1:02:03. */
export function clockText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  const tail = String(seconds % 60).padStart(2, '0')
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${String(minutes).padStart(2, '0')}:${tail}`
}

/** An instant over one second or many: states as they were at its end, flows a second. */
export interface Column extends Instant {
  readonly fromMs: number
}

/** At most `columnsMax` of them, from the first moment to the last. */
export function columnsOf({ timeline, sensors, skipped }: FleetReport, columnsMax: number): readonly Column[] {
  const endMs = timeline.at(-1)?.atMs ?? 0
  const widthMs = Math.max(1000, Math.ceil(endMs / columnsMax / 1000) * 1000)
  const groups = new Map<number, Instant[]>()
  for (const instant of timeline) {
    const index = Math.floor(Math.max(0, instant.atMs - 1) / widthMs)
    const group = groups.get(index)
    if (group === undefined) groups.set(index, [instant])
    else group.push(instant)
  }
  const columns: Column[] = []
  let fromMs = 0
  for (const group of groups.values()) {
    const last = group.at(-1)
    if (last === undefined) continue
    const seconds = Math.max(1, last.atMs - fromMs) / 1000
    const rate = (of: (instant: Instant) => number): number => group.reduce((sum, some) => sum + of(some), 0) / seconds
    const { connected, waiting, downloading, installing, succeeded, failed } = last
    const unseen = Math.max(0, sensors - skipped - waiting - downloading - installing - succeeded - failed)
    columns.push({
      atMs: last.atMs,
      fromMs,
      connected,
      // Who has not been seen yet waits, too.
      waiting: waiting + unseen,
      downloading,
      installing,
      succeeded,
      failed,
      downBytes: Math.round(rate(some => some.downBytes)),
      upBytes: Math.round(rate(some => some.upBytes)),
      telemetry: rate(some => some.telemetry),
    })
    fromMs = last.atMs
  }
  const first = columns[0]
  if (first === undefined) return []
  const start = { connected: 0, waiting: sensors, downloading: 0, installing: 0, succeeded: 0, failed: 0 }
  return [{ ...first, ...start, fromMs: 0, atMs: 0 }, ...columns]
}

/** Lines and labels of both axes; `y` in units of its kind, a second where `rate` says so. */
export function axes(
  frame: Frame,
  endMs: number,
  yTicks: readonly number[],
  kind: 'count' | 'bytes',
  rate: boolean,
): Markup {
  const { x, y } = scales(frame, endMs, yTicks)
  const label = (value: number): string =>
    `${kind === 'bytes' ? spoken(value, 'bytes') : grouped(value)}${rate ? '/s' : ''}`
  return html`${yTicks.map(
    value =>
      html`<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${at(y(value))}" y2="${at(y(value))}"/><text x="${frame.left - 8}" y="${at(y(value) + 4)}" text-anchor="end">${label(value)}</text>`,
  )}${timeTicks(endMs).map(
    value =>
      html`<line class="axis" x1="${at(x(value))}" x2="${at(x(value))}" y1="${frame.height - frame.bottom}" y2="${frame.height - frame.bottom + 4}"/><text x="${at(x(value))}" y="${frame.height - frame.bottom + 18}" text-anchor="middle">${clockText(value)}</text>`,
  )}<line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${frame.height - frame.bottom}" y2="${frame.height - frame.bottom}"/>`
}

export function scales(
  frame: Frame,
  endMs: number,
  yTicks: readonly number[],
): { readonly x: Scale; readonly y: Scale } {
  return {
    x: linear([0, endMs], [frame.left, frame.width - frame.right]),
    y: linear([0, yTicks.at(-1) ?? 1], [frame.height - frame.bottom, frame.top]),
  }
}

/** A stripe for each column that tells its figures under the pointer: style alone, no script. */
export function readings(frame: Frame, columns: readonly Column[], x: Scale, tell: (column: Column) => string): Markup {
  return html`${columns.slice(1).map(column => {
    const [from, to] = [x(column.fromMs), x(column.atMs)]
    return html`<g class="at"><rect class="hit" x="${at(from)}" y="${frame.top}" width="${at(to - from)}" height="${frame.height - frame.top - frame.bottom}"/><line x1="${at(to)}" x2="${at(to)}" y1="${frame.top}" y2="${frame.height - frame.bottom}"/><text class="reading" x="${frame.width - frame.right}" y="12" text-anchor="end">${clockText(column.atMs)}: ${tell(column)}</text></g>`
  })}`
}

/** An SVG that is told to people who do not see it by a title and a sentence. */
export function drawing(frame: Frame, id: string, title: string, description: string, content: Content): Markup {
  return html`<div class="scroll"><svg class="plot" viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-labelledby="${id}-title ${id}-description"><title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc>${content}</svg></div>`
}

export function polyline(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(y)}`).join('')
}
