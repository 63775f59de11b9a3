// Texts of the form read as values. What cannot be read is put down as a problem of its field, under the name by which the
// broker knows the field, so that the broker's own objections find the same place.
import type { PolicyRequest } from '../../../../proto/http-policy.ts'

export interface FieldProblem {
  readonly name: string
  readonly message: string
}

export interface Reading {
  /** Grows while fields are read. */
  readonly problems: FieldProblem[]
}

interface NumberRange {
  readonly least: number
  readonly most: number
  /** Default: only whole numbers. */
  readonly fraction?: boolean
}

/** Undefined for an empty text, and for one that is no such number (then with a problem). */
export function numberOf(
  text: string,
  name: string,
  { least, most, fraction = false }: NumberRange,
  { problems }: Reading,
): number | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  const value = Number(trimmed)
  const written = fraction ? /^\d{1,12}(\.\d{1,6})?$/ : /^\d{1,16}$/
  if (written.test(trimmed) && value >= least && value <= most) return value
  const kind = fraction ? 'a number' : 'a whole number'
  problems.push({ name, message: `expected ${kind} from ${least.toLocaleString()} to ${most.toLocaleString()}` })
  return undefined
}

/** As `numberOf`; an empty text is a problem, too. */
export function neededNumber(text: string, name: string, range: NumberRange, reading: Reading): number | undefined {
  if (text.trim() === '') reading.problems.push({ name, message: 'is missing' })
  return numberOf(text, name, range, reading)
}

/** `500` or `25%`; undefined (with a problem) for anything else. */
export function sizeOf(text: string, name: string, most: number, { problems }: Reading): number | string | undefined {
  const trimmed = text.trim().replace(/\s+%$/, '%')
  if (/^([1-9]|[1-9][0-9]|100)%$/.test(trimmed)) return trimmed
  const count = Number(trimmed)
  if (/^[1-9]\d{0,6}$/.test(trimmed) && count <= most) return count
  problems.push({ name, message: `expected a number of devices up to ${most.toLocaleString()}, or a share like 10%` })
  return undefined
}

/** FAIL, TIMED_OUT, ALL or a class as it stands; codes as a list. */
export function matchOf(text: string): NonNullable<PolicyRequest['retries']>[number]['match'] {
  const words = text.split(/[\s,+]+/).filter(word => word !== '')
  return words.length > 1 || /^(UPD\d|SYS)_/.test(words[0] ?? '') ? words : text.trim()
}

/** One JSON value; undefined (with a problem) when it is none. */
export function jsonOf(text: string, name: string, { problems }: Reading): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    problems.push({ name, message: text.trim() === '' ? 'is missing' : `is no JSON: ${(error as Error).message}` })
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
