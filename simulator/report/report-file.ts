// The one reader of report files: bytes in, a report out, or an error that names the file, the field and what was
// expected of it. Beyond the schema it checks what the sums and percentiles rely on.
import { readFile, stat } from 'node:fs/promises'
import { Check, Errors } from 'typebox/value'
import { type Distribution, FleetReport, latencyNames } from './fleet-report.ts'
import { bucketMax } from './latency.ts'

/** Also what a string of JavaScript can hold. */
export const reportBytesMax = 512_000_000

/** Not a report we can read. The message names the file, the field and what was expected. */
export class ReportUnreadable extends Error {
  override readonly name = 'ReportUnreadable'
  readonly code = 'REPORT_UNREADABLE'
}

/** Rejects with ReportUnreadable. */
export async function readReport(path: string): Promise<FleetReport> {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > reportBytesMax)
      throw new ReportUnreadable(`${path}: expected a file of at most ${reportBytesMax} bytes, it has ${size}`)
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof ReportUnreadable) throw cause
    throw new ReportUnreadable(`${path}: expected a file that can be read (${(cause as Error).message})`, { cause })
  }
  return parseReport(text, path)
}

/** Throws ReportUnreadable; `name` stands for the text in its message. */
export function parseReport(text: string, name: string): FleetReport {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ReportUnreadable(`${name}: expected JSON (${(cause as Error).message})`, { cause })
  }
  // Said before the schema, which would tell the first of a hundred differences.
  const { format, formatVersion } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  if (format !== 'drover-fleet-report')
    throw new ReportUnreadable(
      `${name}: format: expected "drover-fleet-report": is this a report of drover-simulator fleet?`,
    )
  if (formatVersion !== 1)
    throw new ReportUnreadable(`${name}: formatVersion: expected 1, got ${JSON.stringify(formatVersion)}`)
  if (!Check(FleetReport, value)) throw new ReportUnreadable(`${name}: ${difference(value)}`)
  const problem = inconsistency(value)
  if (problem !== undefined) throw new ReportUnreadable(`${name}: ${problem}`)
  return value
}

/** For a file: compact where it is long, one line for each device, so that it can be searched and compared as text. */
export function reportText(report: FleetReport): string {
  const { devices, timeline, ...head } = report
  const lines = (items: readonly object[]): string =>
    items.length === 0 ? '[]' : `[\n${items.map(item => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`
  const fields = [
    ...Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`),
    `  "timeline": ${lines(timeline)}`,
    `  "devices": ${lines(devices)}`,
  ]
  return `{\n${fields.join(',\n')}\n}\n`
}

function difference(value: unknown): string {
  const errors = Errors(FleetReport, value)
  // The deepest of what failed first: a union tells each of its forms, then itself.
  const at = errors[0]?.instancePath ?? ''
  const here = errors.filter(({ instancePath }) => instancePath === at)
  const field = at === '' ? 'the report' : at.slice(1).replaceAll('/', '.')
  if (here.some(({ keyword }) => keyword === 'boolean')) return `${field}: expected not to be there`
  const messages = here.filter(({ keyword }) => keyword !== 'anyOf').map(({ message }) => message.replace(/^must /, ''))
  return `${field}: expected to ${messages.join(' or ')}`
}

function inconsistency(report: FleetReport): string | undefined {
  for (const name of latencyNames) {
    const problem = distributionProblem(report.latencies[name])
    if (problem !== undefined) return `latencies.${name}.${problem}`
  }
  if (Number.isNaN(Date.parse(report.startedAt))) return 'startedAt: expected a time as in RFC 3339'
  const ended = report.succeeded + report.failed + report.skipped + report.unfinished
  // All of them are 0 where there was no update.
  if (ended !== report.sensors && ended !== 0)
    return `sensors: expected what succeeded, failed, was skipped and is unfinished (${ended}), got ${report.sensors}`
  for (const [code, { count, expected }] of Object.entries(report.codes))
    if (expected > count) return `codes.${code}.expected: expected at most its count ${count}, got ${expected}`
  for (const [index, { atMs }] of report.timeline.entries())
    if (atMs < (report.timeline[index - 1]?.atMs ?? 0))
      return `timeline.${index}.atMs: expected not to be before the one above it`
  return undefined
}

function distributionProblem({ count, min, max, buckets }: Distribution): string | undefined {
  let [sum, before] = [0, -1]
  for (const [index, [bucket, some]] of buckets.entries()) {
    if (bucket <= before || bucket > bucketMax || some === 0)
      return `buckets.${index}: expected ascending buckets up to ${bucketMax} with counts above 0`
    before = bucket
    sum += some
  }
  if (sum !== count) return `count: expected the sum of its buckets, ${sum}, got ${count}`
  return min <= max ? undefined : `min: expected at most max ${max}, got ${min}`
}
