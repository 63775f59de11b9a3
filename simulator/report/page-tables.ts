// The tables of the page: codes, faults, profiles, the sensors that ended otherwise than expected, testers and settings.
import { eventCodeEntry, isEventCode } from '../../proto/event-codes.ts'
import type { DeviceResult, FleetReport, Tester } from './fleet-report.ts'
import { LatencyCounter, percentile } from './latency.ts'
import { type Content, html, type Markup } from './markup.ts'
import { grouped, spoken } from './quantities.ts'

const unexpectedShownMax = 200
const groupsShownMax = 100

interface Column<T> {
  readonly head: string
  readonly of: (item: T) => Content
  readonly className?: 'number' | 'code'
}

/** The first column names the row. */
function table<T>(columns: readonly Column<T>[], items: readonly T[]): Markup {
  const classOf = ({ className }: Column<T>): Markup => (className === undefined ? html`` : html` class="${className}"`)
  return html`<div class="scroll"><table><thead><tr>${columns.map(
    column => html`<th scope="col"${column.className === 'number' ? classOf(column) : ''}>${column.head}</th>`,
  )}</tr></thead>
<tbody>${items.map(
    item =>
      html`<tr>${columns.map((column, index) =>
        index === 0
          ? html`<th scope="row"${classOf(column)}>${column.of(item)}</th>`
          : html`<td${classOf(column)}>${column.of(item)}</td>`,
      )}</tr>\n`,
  )}</tbody></table></div>`
}

export function codesTable({ codes, sensors, unfinished }: FleetReport): Markup {
  const rows = Object.entries(codes)
    .map(([code, { count, expected }]) => ({ code, count, expected }))
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1))
  const all = unfinished === 0 ? rows : [...rows, { code: undefined, count: unfinished, expected: 0 }]
  if (all.length === 0) return html`<p class="quiet">There was no update in this run.</p>`
  return table<(typeof all)[number]>(
    [
      { head: 'code', className: 'code', of: ({ code }) => code ?? '–' },
      {
        head: 'meaning',
        of: ({ code }) => (code === undefined ? 'not ended' : isEventCode(code) ? eventCodeEntry(code).text : ''),
      },
      { head: 'sensors', className: 'number', of: ({ count }) => grouped(count) },
      {
        head: 'share',
        className: 'number',
        of: ({ count }) => (sensors === 0 ? '–' : spoken(count / sensors, 'share')),
      },
      { head: 'as expected', className: 'number', of: ({ expected }) => grouped(expected) },
      { head: 'otherwise', className: 'number', of: ({ count, expected }) => otherwise(count - expected) },
    ],
    all,
  )
}

interface Group {
  readonly name: string
  readonly results: readonly DeviceResult[]
}

/** What was wrong with the sensors on purpose, and how they had to end. */
export function faultsTable({ devices }: FleetReport): Content | undefined {
  if (devices.every(({ fault }) => fault === null)) return undefined
  const groups = grouping(devices, ({ fault, expected }) => JSON.stringify([fault, expected]))
  return table<Group>(
    [
      { head: 'fault', of: ({ results: [first] }) => first?.fault ?? 'none' },
      { head: 'has to end with', className: 'code', of: ({ results: [first] }) => wanted(first?.expected ?? []) },
      { head: 'sensors', className: 'number', of: ({ results }) => grouped(results.length) },
      { head: 'as expected', className: 'number', of: ({ results }) => grouped(results.filter(fine).length) },
      {
        head: 'otherwise',
        className: 'number',
        of: ({ results }) => otherwise(results.length - results.filter(fine).length),
      },
    ],
    groups,
  )
}

export function profilesTable({ devices }: FleetReport): Content | undefined {
  const groups = grouping(devices, ({ profile }) => profile)
  if (groups.length < 2) return undefined
  const time = (results: readonly DeviceResult[], share: number): string => {
    const counter = new LatencyCounter()
    for (const { totalMs, code } of results) if (totalMs !== null && isSuccess(code)) counter.add(totalMs)
    const value = percentile(counter.distribution(), share)
    return value === undefined ? '–' : spoken(value, 'time')
  }
  return [
    table<Group>(
      [
        { head: 'profile', of: ({ name }) => name },
        { head: 'sensors', className: 'number', of: ({ results }) => grouped(results.length) },
        { head: 'as expected', className: 'number', of: ({ results }) => grouped(results.filter(fine).length) },
        {
          head: 'otherwise',
          className: 'number',
          of: ({ results }) => otherwise(results.length - results.filter(fine).length),
        },
        { head: 'offer to success, p50', className: 'number', of: ({ results }) => time(results, 0.5) },
        { head: 'p95', className: 'number', of: ({ results }) => time(results, 0.95) },
      ],
      groups,
    ),
    html`<p class="quiet">The times here are of all updates that succeeded, warm-up included.</p>`,
  ]
}

export function unexpectedTable({ devices, unexpected }: FleetReport): Markup {
  const wrong = devices.filter(device => !fine(device))
  if (unexpected === 0 && wrong.length === 0) return html`<p>None: every sensor ended as it had to.</p>`
  const shown = wrong.slice(0, unexpectedShownMax)
  const note =
    shown.length < wrong.length
      ? html`<p class="quiet">The first ${shown.length} of ${grouped(wrong.length)}; the CSV has all of them.</p>`
      : ''
  return html`${table<DeviceResult>(
    [
      { head: 'device', className: 'code', of: ({ device }) => device },
      { head: 'profile', of: ({ profile }) => profile },
      { head: 'fault', of: ({ fault }) => fault ?? 'none' },
      { head: 'had to end with', className: 'code', of: ({ expected }) => wanted(expected) },
      { head: 'ended with', className: 'code', of: ({ code }) => code ?? 'not ended' },
      { head: 'version', of: ({ version }) => version ?? '–' },
      {
        head: 'offer to end',
        className: 'number',
        of: ({ totalMs }) => (totalMs === null ? '–' : spoken(totalMs, 'time')),
      },
      { head: 'reconnects', className: 'number', of: ({ reconnects }) => grouped(reconnects) },
    ],
    shown,
  )}${note}`
}

/** Whoever measures must see what measured. */
export function testersTable({ testers, broker }: FleetReport): Content {
  const own =
    broker === null
      ? ''
      : html`<p>The run has started its own broker: ${spoken(broker.rssBytesBefore, 'bytes')} of memory before, ${spoken(broker.rssBytesConnected, 'bytes')} with all sensors connected, ${spoken(broker.rssBytesMax, 'bytes')} at most; ${spoken(broker.cpuSeconds * 1000, 'time')} of CPU.</p>`
  const facts: readonly (readonly [what: string, of: (tester: Tester) => Content])[] = [
    ['sensors', ({ sensors }) => grouped(sensors)],
    ['processes', ({ processes }) => grouped(processes)],
    ['cores of the machine', ({ cores }) => grouped(cores)],
    ['CPU, of one core', ({ cpuShare }) => spoken(cpuShare, 'share')],
    ['event loop lag, p99', ({ eventLoopLagP99Ms }) => spoken(eventLoopLagP99Ms, 'time')],
    ['event loop lag, longest', ({ eventLoopLagMaxMs }) => spoken(eventLoopLagMaxMs, 'time')],
    ['open files needed', ({ openFilesNeeded }) => grouped(openFilesNeeded)],
    ['open files allowed', ({ openFilesLimit }) => filesText(openFilesLimit)],
    ['memory', ({ rssBytes }) => spoken(rssBytes, 'bytes')],
    ['heap a sensor', ({ heapBytesPerSensor }) => spoken(heapBytesPerSensor, 'bytes')],
    ['warnings', ({ warnings }) => otherwise(warnings.length)],
  ]
  return [
    table<(typeof facts)[number]>(
      [
        { head: 'tester', of: ([what]) => what },
        ...testers.map(tester => ({
          head: tester.name,
          className: 'number' as const,
          of: ([, of]: (typeof facts)[number]) => of(tester),
        })),
      ],
      facts,
    ),
    own,
    html`<p class="quiet">A lag of the tester's event loop is part of every latency it has measured: nothing shorter than it can be told apart.</p>`,
  ]
}

export function settingsTable({ settings, warmUpMs }: FleetReport): Markup {
  const rows: FleetReport['settings'] = [...settings, ['Warm-up, outside all percentiles', spoken(warmUpMs, 'time')]]
  return table<(typeof rows)[number]>(
    [
      { head: 'setting', of: ([name]) => name },
      { head: 'value', of: ([, value]) => value },
    ],
    rows,
  )
}

function grouping(devices: readonly DeviceResult[], nameOf: (result: DeviceResult) => string): readonly Group[] {
  const groups = new Map<string, DeviceResult[]>()
  for (const result of devices) {
    const group = groups.get(nameOf(result))
    if (group === undefined) groups.set(nameOf(result), [result])
    else group.push(result)
  }
  return [...groups]
    .map(([name, results]) => ({ name, results }))
    .sort((a, b) => b.results.length - a.results.length || (a.name < b.name ? -1 : 1))
    .slice(0, groupsShownMax)
}

function fine({ asExpected }: DeviceResult): boolean {
  return asExpected
}

/** A refusal takes a moment: beside it an update would look fast. */
function isSuccess(code: string | null): boolean {
  return code !== null && isEventCode(code) && eventCodeEntry(code).category === 'SUCCESS'
}

/** 0 stands for not known, the largest integer for no limit. */
function filesText(limit: number): string {
  if (limit === 0) return 'not known'
  return limit < Number.MAX_SAFE_INTEGER ? grouped(limit) : 'any number'
}

function wanted(codes: readonly string[]): string {
  return codes.length === 0 ? 'connected' : codes.join(' or ')
}

function otherwise(count: number): Markup {
  return count === 0 ? html`0` : html`<strong class="failed-ink">${grouped(count)}</strong>`
}
