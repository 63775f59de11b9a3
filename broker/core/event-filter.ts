// The filter language of the event log: text in, conditions out, and whether a record satisfies them. The same text comes
// through every door: `event_type__in=SYS_111,SYS_112&date_time__gte=2027-01-01T00:00:00Z`. All conditions must hold.
// Which rows are read to answer one is the business of the use case; `candidatesOf` says what it may rely on. How
// conditions are written is in filter-grammar.ts.
import { type EventCode, type EventType, eventCodeEntry, eventCodeNames } from '../../proto/event-codes.ts'
import { type DeviceId, deviceId, type EventId, eventId, type OperationId, operationId } from '../../proto/ids.ts'
import type { Device } from './device.ts'
import {
  type FilterProblem,
  type Moment,
  type MomentTest,
  matchesMoments,
  momentOf,
  parseConditions,
  partsOf,
  problemBy,
  problemIn,
  valuesOf,
} from './filter-grammar.ts'
import type { EventRecord } from './records.ts'

export { filterLengthMax, filterTextOf, partsOf, splitFilter } from './filter-grammar.ts'

type Condition =
  | { readonly kind: 'text'; readonly field: TextField; readonly negated: boolean; readonly values: readonly string[] }
  | { readonly kind: 'time'; readonly test: MomentTest; readonly moments: readonly Moment[] }
  | { readonly kind: 'state-change'; readonly wanted: boolean }
  /** What the registry says today of the device the event is about. */
  | {
      readonly kind: 'registry'
      readonly field: 'group' | 'tag'
      readonly negated: boolean
      readonly values: readonly string[]
    }
export interface EventFilter {
  readonly conditions: readonly Condition[]
  /** Fields that are spoken of. */
  readonly fields: ReadonlySet<string>
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
  ['group', textOperators],
  ['tag', textOperators],
])

/** Every parameter there is: a field alone, which means `__eq`, or with an operator. */
export const filterNames: readonly string[] = [...operatorsOf].flatMap(([field, operators]) => [
  field,
  ...operators.map(operator => `${field}__${operator}`),
])

/** Problems name the parameter they are in. Never throws. */
export function parseEventFilter(text: string): ParsedFilter {
  const parsed = parseConditions(text, conditionOf)
  return 'problems' in parsed ? parsed : { filter: parsed }
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

/** `device`: the registry's record; asked for only when `needsRegistry`. */
export function matches(
  { conditions }: EventFilter,
  record: EventRecord,
  device?: Pick<Device, 'group' | 'tags'>,
): boolean {
  return conditions.every(condition => holds(condition, record, device))
}

/** The filter speaks of groups or tags: each event is judged with the record of its device. */
export function needsRegistry({ fields }: EventFilter): boolean {
  return fields.has('group') || fields.has('tag')
}

/** What every match must have; a list that is absent says nothing, an empty one that there is no match. */
export interface Candidates {
  readonly ids?: readonly EventId[]
  readonly devices?: readonly DeviceId[]
  readonly operations?: readonly OperationId[]
  readonly codes?: readonly EventCode[]
  readonly types?: readonly EventType[]
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
    ...(ofTypes === undefined ? {} : { types: types.filter(type => ofTypes.includes(type)) }),
    notBefore,
    notAfter,
  }
}

function conditionOf(name: string, raw: string): Condition | string {
  const wrongName = problemOfName(name)
  if (wrongName !== undefined) return wrongName
  const { field, operator } = partsOf(name) as { readonly field: string; readonly operator: Operator }
  const values = valuesOf(operator, raw)
  if (typeof values === 'string') return values
  const negated = operator === 'neq' || operator === 'nin'
  if (field === 'state_change')
    return values[0] === 'true' || values[0] === 'false'
      ? { kind: 'state-change', wanted: (values[0] === 'true') !== negated }
      : 'must be true or false'
  if (field === 'date_time' || field === 'created_at') {
    const moments = values.flatMap(value => momentOf(value) ?? [])
    if (moments.length < values.length)
      return 'must be a time like 2016-11-30T16:25:12Z, 2016-11-30T16:25:12.123456Z or 20161130T162512Z'
    return { kind: 'time', test: operator === 'eq' ? 'in' : operator === 'neq' ? 'nin' : operator, moments }
  }
  if (field === 'group' || field === 'tag') return { kind: 'registry', field, negated, values }
  for (const value of values) {
    const problem = textRules[field as TextField].problem(value)
    if (problem !== undefined) return problem
  }
  return { kind: 'text', field: field as TextField, negated, values: [...new Set(values)] }
}

function holds(condition: Condition, record: EventRecord, device: Pick<Device, 'group' | 'tags'> | undefined): boolean {
  switch (condition.kind) {
    case 'text': {
      const actual: string | undefined = textRules[condition.field].of(record)
      return (actual !== undefined && condition.values.includes(actual)) !== condition.negated
    }
    case 'time':
      return matchesMoments(condition.test, condition.moments, record.recordedAt)
    case 'state-change':
      return record.stateChange === condition.wanted
    case 'registry': {
      const actual = condition.field === 'tag' ? (device?.tags ?? []) : [device?.group]
      return condition.values.some(value => actual.includes(value)) !== condition.negated
    }
  }
}

/** An event of a code that may be INFO has then that category. */
function categoriesOf(code: EventCode): readonly string[] {
  const { category, types: permitted } = eventCodeEntry(code)
  return permitted.includes('INFO') ? [category, 'INFO'] : [category]
}
