// What a person sees while a fleet runs: bars per phase, codes as they come, throughput and percentiles so far. On a
// terminal it is drawn again in place; elsewhere it is a line every five seconds, for the log of a pipeline. Drawn by hand:
// cli-progress draws bars alone, from a timer of its own, and this one is told when a second has passed.
import { type Distribution, type Instant, type LatencyName, latencyNames, latencyTexts } from './fleet-report.ts'
import { percentile } from './latency.ts'
import { printable } from './printable.ts'
import { grouped, spoken } from './quantities.ts'

export interface LiveOutput {
  write(text: string): void
  readonly isTTY: boolean
  readonly columns: number
}

/** What an instant does not say. Everything since the run began. */
export interface LiveMore {
  /** A word or two: 'connecting', 'updating'. */
  readonly phase: string
  readonly codes: Readonly<Record<string, number>>
  readonly latencies: Readonly<Partial<Record<LatencyName, Distribution>>>
  /** Sensors that ended otherwise than expected. */
  readonly unexpected: number
}

const lineEveryMs = 5000
/** Throughput is the mean of the last so many instants that were shown. */
const windowLength = 5
const barMax = 40
const labelWidth = 13

export class LiveView {
  readonly #out: LiveOutput
  readonly #total: number
  #window: readonly Instant[] = []
  /** Of the frame that stands on the terminal. */
  #drawnLines = 0
  #last: { readonly instant: Instant; readonly more: LiveMore } | undefined
  #lineAtMs = Number.NEGATIVE_INFINITY

  constructor(out: LiveOutput, total: number) {
    this.#out = out
    this.#total = total
  }

  /** Once a second; the clock is that of the instants. */
  show(instant: Instant, more: LiveMore): void {
    this.#window = [...this.#window, instant].slice(-windowLength)
    this.#last = { instant, more }
    if (this.#out.isTTY) this.#draw(this.#frame(instant, more))
    else if (instant.atMs - this.#lineAtMs >= lineEveryMs) this.#line(instant, more)
  }

  /** A sentence that stays: above the bars, or as a line. */
  say(text: string): void {
    this.#erase()
    this.#out.write(`${text}\n`)
    if (this.#out.isTTY && this.#last !== undefined) this.#draw(this.#frame(this.#last.instant, this.#last.more))
  }

  /** The last figures stand. May be repeated; nothing is drawn over what is written after it. */
  end(): void {
    const last = this.#last
    this.#last = undefined
    this.#drawnLines = 0
    if (last !== undefined && !this.#out.isTTY && last.instant.atMs > this.#lineAtMs)
      this.#line(last.instant, last.more)
  }

  #draw(lines: readonly string[]): void {
    this.#erase()
    // A line as wide as the terminal would wrap, and the next frame would not find its beginning.
    const width = Math.max(1, this.#out.columns - 1)
    this.#out.write(lines.map(line => `${[...line].slice(0, width).join('')}\n`).join(''))
    this.#drawnLines = lines.length
  }

  #erase(): void {
    // To the first column of the frame's first line, then clear to the end of the screen.
    if (this.#drawnLines > 0) this.#out.write(`\x1b[${this.#drawnLines}F\x1b[J`)
    this.#drawnLines = 0
  }

  #line(instant: Instant, more: LiveMore): void {
    this.#lineAtMs = instant.atMs
    const { connected, waiting, downloading, installing, succeeded, failed } = instant
    const total = percentiles(more.latencies.total)
    const parts = [
      `${clock(instant.atMs)} ${more.phase}`,
      `connected ${connected}/${this.#total}`,
      `waiting ${waiting}`,
      `downloading ${downloading}`,
      `installing ${installing}`,
      `succeeded ${succeeded}`,
      `failed ${failed}`,
      `unexpected ${more.unexpected}`,
      ...this.#throughput(),
      ...(total === undefined ? [] : [`${latencyTexts.total} ${total}`]),
    ]
    this.#out.write(`${parts.join(', ')}\n`)
  }

  #frame(instant: Instant, more: LiveMore): readonly string[] {
    const { connected, waiting, downloading, installing, succeeded, failed } = instant
    const inProgress = downloading + installing
    const detail = (parts: readonly (readonly [count: number, word: string])[]): string =>
      parts.flatMap(([count, word]) => (count === 0 ? [] : [`${grouped(count)} ${word}`])).join(', ')
    const latencies = latencyNames.flatMap(name => {
      const text = percentiles(more.latencies[name])
      return text === undefined ? [] : [`  ${latencyTexts[name].padEnd(18)}${text}`]
    })
    const codes = Object.entries(more.codes).sort(([a, some], [b, others]) => others - some || (a < b ? -1 : 1))
    return [
      `  ${more.phase}, ${clock(instant.atMs)}, ${grouped(this.#total)} sensors`,
      this.#bar('connected', connected, ''),
      this.#bar(
        'in progress',
        inProgress,
        detail([
          [downloading, 'downloading'],
          [installing, 'installing'],
          [waiting, 'waiting'],
        ]),
      ),
      this.#bar(
        'done',
        succeeded + failed,
        detail([
          [succeeded, 'succeeded'],
          [failed, 'failed'],
          [more.unexpected, 'unexpected'],
        ]),
      ),
      `  ${this.#throughput().join(', ')}`,
      ...(latencies.length === 0 ? [] : [`  ${''.padEnd(18)}p50 / p95 / p99`, ...latencies]),
      ...(codes.length === 0
        ? []
        : [`  ${codes.map(([code, count]) => `${printable(code)} ${grouped(count)}`).join(' · ')}`]),
    ]
  }

  #bar(label: string, value: number, detail: string): string {
    const width = Math.min(barMax, Math.max(10, this.#out.columns - 60))
    const share = this.#total === 0 ? 0 : Math.min(1, value / this.#total)
    // Full only when it is: the last one is the one that is waited for.
    const full = share === 1 ? width : Math.min(width - 1, Math.round(share * width))
    const bar = '█'.repeat(full) + '░'.repeat(width - full)
    return `  ${label.padEnd(labelWidth)}${bar} ${grouped(value)}/${grouped(this.#total)}${detail === '' ? '' : `  ${detail}`}`
  }

  #throughput(): readonly string[] {
    const [first, ...rest] = this.#window
    if (first === undefined) return []
    // What the first of the window moved was moved before the window began.
    const counted = rest.length === 0 ? [first] : rest
    const seconds = rest.length === 0 ? 1 : Math.max(0.001, ((rest.at(-1)?.atMs ?? 0) - first.atMs) / 1000)
    const rate = (of: (instant: Instant) => number): number =>
      counted.reduce((sum, some) => sum + of(some), 0) / seconds
    return [
      `down ${spoken(Math.round(rate(some => some.downBytes)), 'bytes')}/s`,
      `up ${spoken(Math.round(rate(some => some.upBytes)), 'bytes')}/s`,
      `telemetry ${grouped(Math.round(rate(some => some.telemetry)))}/s`,
    ]
  }
}

/** p50 / p95 / p99 as one text; undefined: nothing was measured. */
function percentiles(distribution: Distribution | undefined): string | undefined {
  if (distribution === undefined || distribution.count === 0) return undefined
  return [0.5, 0.95, 0.99].map(share => spoken(percentile(distribution, share) ?? 0, 'time')).join(' / ')
}

/** 83000 as 01:23. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}
