// The filter language of the event log: text in, conditions out, and whether a record satisfies them. The same text comes
// through every door: `event_type__in=SYS_111,SYS_112&date_time__gte=2027-01-01T00:00:00Z`. All conditions must hold.
// Which rows are read to answer one is the business of the use case; `candidatesOf` says what it may rely on.
import { type EventCode, type EventType, eventCodeEntry, eventCodeNames } from '../../proto/event-codes.ts'
import { type DeviceId, deviceId, type EventId, eventId, type OperationId, operationId } from '../../proto/ids.ts'
import type { EventRecord } from './records.ts'

/** Characters of one filter. */
export const filterLengthMax = 4096
/** Values behind one `__in` or `__nin`. */
export const filterValuesMax = 100

/** A moment to the millisecond, as records have it, or between that one and the next. */
interface Moment {
  readonly ms: number
  readonly beyond: boolean
}
type Condition =
  | { readonly kind: 'text'; readonly field: TextField; readonly negated: boolean; readonly values: readonly string[] }
  | { readonly kind: 'time'; readonly test: 'in' | 'nin' | 'gte' | 'lte'; readonly moments: readonly Moment[] }
  | { readonly kind: 'state-change'; readonly wanted: boolean }
export interface EventFilter {
  readonly conditions: readonly Condition[]
  /** Fields that are spoken of. */
  readonly fields: ReadonlySet<string>
}
export interface FilterProblem {
  /** The parameter, as it was written; `filter` for the text as a whole. */
  readonly name: string
  readonly message: string
}
export type ParsedFilter = { readonly filter: EventFilter } | { readonly problems: readonly FilterProblem[] }

interface TextRule {
  readonly of: (record: EventRecord) => string | undefined
  /** What is wrong with a value, or undefined. */
  readonly problem: (value: string) => string | undefined
}
const textRules = {
  id: { of: ({ id }) => id, problem: value => problemBy(eventId, value) },
  device_id: { of: ({ device }) => device, problem: value => problemBy(deviceId, value) },
  event_type: { of: ({ code }) => code, problem: value => problemIn(eventCodeNames, value, 'a code of the catalogue') },
  description: { of: ({ code }) => eventCodeEntry(code).text, problem: () => undefined },
  event_type_category: {
    of: ({ category }) => category,
    problem: value => problemIn(categories, value, `one of ${categories.join(', ')}`),
  },
  event_type_description: {
    of: ({ type }) => type,
    problem: value => problemIn(types, value, `one of ${types.join(', ')}`),
  },
  'data.campaign_id': { of: ({ operation }) => operation, problem: value => problemBy(operationId, value) },
} as const satisfies Readonly<Record<string, TextRule>>
type TextField = keyof typeof textRules

const types: readonly EventType[] = ['SUCCESS', 'FAIL', 'SKIPPED', 'INFO']
const categories = [...new Set(eventCodeNames.flatMap(categoriesOf))].sort()

const textOperators = ['eq', 'neq', 'in', 'nin'] as const
const timeOperators = ['eq', 'neq', 'in', 'nin', 'gte', 'lte'] as const
const flagOperators = ['eq', 'neq'] as const
type Operator = (typeof timeOperators)[number]
const operatorsOf: ReadonlyMap<string, readonly Operator[]> = new Map<string, readonly Operator[]>([
  ...Object.keys(textRules).map(field => [field, textOperators] as const),
  ['date_time', timeOperators],
  ['created_at', timeOperators],
  ['state_change', flagOperators],
])

/** Every parameter there is: a field alone, which means `__eq`, or with an operator. */
export const filterNames: readonly string[] = [...operatorsOf].flatMap(([field, operators]) => [
  field,
  ...operators.map(operator => `${field}__${operator}`),
])

/** Problems name the parameter they are in. Never throws. */
export function parseEventFilter(text: string): ParsedFilter {
  if (text.length > filterLengthMax)
    return { problems: [{ name: 'filter', message: `must be at most ${filterLengthMax} characters` }] }
  const problems: FilterProblem[] = []
  const conditions: Condition[] = []
  const fields = new Set<string>()
  const seen = new Set<string>()
  for (const { name, value } of splitFilter(text)) {
    const { field, operator } = partsOf(name)
    const made = seen.has(`${field}__${operator}`) ? 'must be given once' : conditionOf(name, value)
    seen.add(`${field}__${operator}`)
    fields.add(field)
    if (typeof made === 'string') problems.push({ name: name.slice(0, 64) || 'filter', message: made })
    else conditions.push(made)
  }
  return problems.length > 0 ? { problems: problems.slice(0, 20) } : { filter: { conditions, fields } }
}

/** `a=1&b=2` as it stands; percent-signs are not looked at yet. */
export function splitFilter(text: string): readonly { readonly name: string; readonly value: string }[] {
  return text.split('&').map(part => {
    const at = part.indexOf('=')
    return at === -1 ? { name: part, value: '' } : { name: part.slice(0, at), value: part.slice(at + 1) }
  })
}

/** The text that parses to these conditions, whatever stands in the values. */
export function filterTextOf(conditions: Iterable<readonly [name: string, value: string]>): string {
  return Array.from(
    conditions,
    ([name, value]) => `${name}=${value.replaceAll('%', '%25').replaceAll('&', '%26')}`,
  ).join('&')
}

/** `device_id__in` is field device_id, operator in; a field alone has the operator eq. */
export function partsOf(name: string): { readonly field: string; readonly operator: string } {
  const at = name.lastIndexOf('__')
  return at === -1 ? { field: name, operator: 'eq' } : { field: name.slice(0, at), operator: name.slice(at + 2) }
}

/** What is wrong with the name of a parameter, or undefined. */
export function problemOfName(name: string): string | undefined {
  const { field, operator } = partsOf(name)
  const operators = operatorsOf.get(field)
  if (operators === undefined) return `is not known here; expected a field of ${[...operatorsOf.keys()].join(', ')}`
  if (!operators.some(known => known === operator))
    return `is not known here; ${field} takes ${operators.map(known => `__${known}`).join(', ')}`
  return undefined
}

export function matches({ conditions }: EventFilter, record: EventRecord): boolean {
  return conditions.every(condition => holds(condition, record))
}

/** What every match must have; a list that is absent says nothing, an empty one that there is no match. */
export interface Candidates {
  readonly ids?: readonly EventId[]
  readonly devices?: readonly DeviceId[]
  readonly operations?: readonly OperationId[]
  readonly codes?: readonly EventCode[]
  /** Milliseconds, inclusive. */
  readonly notBefore: number
  readonly notAfter: number
}

export function candidatesOf({ conditions }: EventFilter): Candidates {
  const wanted = (field: TextField) =>
    conditions
      .flatMap(found => (found.kind === 'text' && found.field === field && !found.negated ? [found.values] : []))
      .reduce<readonly string[] | undefined>(
        (all, values) => all?.filter(one => values.includes(one)) ?? values,
        undefined,
      )
  const ids = wanted('id') as readonly EventId[] | undefined
  const devices = wanted('device_id') as readonly DeviceId[] | undefined
  const operations = wanted('data.campaign_id') as readonly OperationId[] | undefined
  const [named, described] = [wanted('event_type'), wanted('description')]
  const [ofCategories, ofTypes] = [wanted('event_type_category'), wanted('event_type_description')]
  const codes = eventCodeNames.filter(code => {
    const { text, types: permitted } = eventCodeEntry(code)
    return (
      (named?.includes(code) ?? true) &&
      (described?.includes(text) ?? true) &&
      (ofCategories?.some(category => categoriesOf(code).includes(category)) ?? true) &&
      (ofTypes?.some(type => permitted.some(one => one === type)) ?? true)
    )
  })
  let [notBefore, notAfter] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const condition of conditions) {
    if (condition.kind !== 'time' || condition.test === 'nin') continue
    const times = condition.moments.map(({ ms }) => ms)
    if (condition.test !== 'lte') notBefore = Math.max(notBefore, Math.min(...times))
    if (condition.test !== 'gte') notAfter = Math.min(notAfter, Math.max(...times))
  }
  return {
    ...(ids === undefined ? {} : { ids }),
    ...(devices === undefined ? {} : { devices }),
    ...(operations === undefined ? {} : { operations }),
    ...(codes.length === eventCodeNames.length ? {} : { codes }),
    notBefore,
    notAfter,
  }
}

function conditionOf(name: string, raw: string): Condition | string {
  const wrongName = problemOfName(name)
  if (wrongName !== undefined) return wrongName
  const { field, operator } = partsOf(name) as { readonly field: string; readonly operator: Operator }
  const text = decoded(raw)
  if (text === undefined) return 'has a malformed percent-encoding; % itself is %25'
  const values = operator === 'in' || operator === 'nin' ? listOf(text) : [text]
  if (values.includes('')) return values.length === 1 ? 'must have a value' : 'must not have empty values in its list'
  if (values.length > filterValuesMax) return `must have at most ${filterValuesMax} values`
  const negated = operator === 'neq' || operator === 'nin'
  if (field === 'state_change')
    return text === 'true' || text === 'false'
      ? { kind: 'state-change', wanted: (text === 'true') !== negated }
      : 'must be true or false'
  if (field === 'date_time' || field === 'created_at') {
    const moments = values.flatMap(value => momentOf(value) ?? [])
    if (moments.length < values.length)
      return 'must be a time like 2016-11-30T16:25:12Z, 2016-11-30T16:25:12.123456Z or 20161130T162512Z'
    return { kind: 'time', test: operator === 'eq' ? 'in' : operator === 'neq' ? 'nin' : operator, moments }
  }
  for (const value of values) {
    const problem = textRules[field as TextField].problem(value)
    if (problem !== undefined) return problem
  }
  return { kind: 'text', field: field as TextField, negated, values: [...new Set(values)] }
}

function holds(condition: Condition, record: EventRecord): boolean {
  switch (condition.kind) {
    case 'text': {
      const actual: string | undefined = textRules[condition.field].of(record)
      return (actual !== undefined && condition.values.includes(actual)) !== condition.negated
    }
    case 'time':
      return matchesTime(condition.test, condition.moments, record.recordedAt)
    case 'state-change':
      return record.stateChange === condition.wanted
  }
}

function matchesTime(test: 'in' | 'nin' | 'gte' | 'lte', moments: readonly Moment[], at: number): boolean {
  switch (test) {
    case 'in':
      return moments.some(({ ms, beyond }) => at === ms && !beyond)
    case 'nin':
      return !matchesTime('in', moments, at)
    case 'gte':
      return moments.every(({ ms, beyond }) => (beyond ? at > ms : at >= ms))
    case 'lte':
      return moments.every(({ ms }) => at <= ms)
  }
}

/** RFC 3339 (5.6), with any offset, or compact; a blank before the offset is a + that was not percent-encoded. */
function momentOf(text: string): Moment | undefined {
  const long = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+ -])([01]\d|2[0-3]):([0-5]\d))$/.exec(
    text,
  )
  const short = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (long === null && short === null) return undefined
  const second =
    short === null
      ? `${long?.[1]}T${long?.[2]}`
      : `${short[1]}-${short[2]}-${short[3]}T${short[4]}:${short[5]}:${short[6]}`
  const [, , , fraction = '', sign, hours = '0', minutes = '0'] = long ?? []
  const date = new Date(`${second}Z`)
  // A day or hour that does not exist is not quietly moved to the next.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== `${second}.000Z`) return undefined
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  const digits = fraction.padEnd(9, '0')
  return { ms: date.getTime() - offsetMs + Number(digits.slice(0, 3)), beyond: Number(digits.slice(3)) > 0 }
}

/** Commas part values; a comma or backslash in a value has a backslash before it. */
function listOf(text: string): readonly string[] {
  const pieces = text.match(/(?:\\[\s\S]?|[^\\,])+|,/g) ?? []
  const values: string[] = ['']
  for (const piece of pieces) {
    if (piece === ',') values.push('')
    else values[values.length - 1] = piece.replace(/\\([\s\S])/g, '$1')
  }
  return values
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** An event of a code that may be INFO has then that category. */
function categoriesOf(code: EventCode): readonly string[] {
  const { category, types: permitted } = eventCodeEntry(code)
  return permitted.includes('INFO') ? [category, 'INFO'] : [category]
}

function problemIn(words: readonly string[], value: string, expected: string): string | undefined {
  return words.includes(value) ? undefined : `must be ${expected}`
}

function problemBy(parse: (text: string) => unknown, value: string): string | undefined {
  try {
    parse(value)
    return undefined
  } catch (cause) {
    return (cause as Error).message
  }
}
