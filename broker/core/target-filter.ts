// The filter language over devices: text in, conditions out, and whether a device satisfies them. The same text comes
// through every door: `group=berlin&component=main&version__lte=1.4.0`. All conditions must hold; an empty text is the
// filter that every registered device satisfies. How conditions are written is in filter-grammar.ts.
//
//   eq neq in nin like   id vendor_id class_id group tag component digest version attributes.NAME
//   eq neq in nin        state, one of the words below; a device has several of them at once
//   gte lte              version: its three numbers in order · attributes.NAME: as decimal numbers, a text that is none
//                        never holds · last_seen: a time, or how long ago (`7d`, `12h`); a device that is online is seen now
//
// `neq` and `nin` are the opposite of `eq` and `in`: they hold for a device that lacks the field, and for a device with
// several values (tag, state) when none of them is named. Conditions on component, version and digest speak of the same
// component: there must be one that satisfies them all. When all of them are negated, no component may be as they say:
// `component__neq=main` is a device without main, `component=main&version__neq=2.0.0` one whose main is another version.
// A device that is enrolled and has never said hello is only found by a filter that names the state `enrolled`.
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import type { ComponentReport } from '../../proto/messages.ts'
import { compareVersions, versionFailure } from '../../proto/version.ts'
import type { Device } from './device.ts'
import {
  type FilterProblem,
  isLike,
  type Moment,
  matchesMoments,
  momentOf,
  parseConditions,
  partsOf,
  problemBy,
  problemIn,
  valuesOf,
} from './filter-grammar.ts'

export const targetStates = ['enrolled', 'registered', 'online', 'offline', 'quarantined'] as const
export type TargetState = (typeof targetStates)[number]

/** A device of the registry, or one that is enrolled only and has nothing but its id. */
export type TargetDevice = Pick<Device, 'id'> & Partial<Device>
export interface TargetFacts {
  /** Milliseconds since 1970, by the broker's clock. */
  readonly now: number
  readonly online: boolean
}

export interface TargetFilter {
  readonly conditions: readonly Condition[]
  /** Fields that are spoken of. */
  readonly fields: ReadonlySet<string>
}
export type ParsedTargetFilter = { readonly filter: TargetFilter } | { readonly problems: readonly FilterProblem[] }

type Condition =
  | { readonly kind: 'device'; readonly field: string; readonly negated: boolean; readonly test: Test }
  | { readonly kind: 'component'; readonly field: ComponentField; readonly negated: boolean; readonly test: Test }
  | { readonly kind: 'seen'; readonly bound: Bound; readonly moment: Moment | { readonly agoMs: number } }
type Bound = 'gte' | 'lte'
/** Of one value. */
type Test =
  | { readonly kind: 'text'; readonly values: readonly string[] }
  | { readonly kind: 'like'; readonly pattern: readonly string[] }
  | { readonly kind: 'version'; readonly relation: 'eq' | Bound; readonly versions: readonly string[] }
  | { readonly kind: 'number'; readonly bound: Bound; readonly limit: number }

const componentFields = ['component', 'version', 'digest'] as const
type ComponentField = (typeof componentFields)[number]

const textOperators = ['eq', 'neq', 'in', 'nin', 'like'] as const
const rangeOperators = [...textOperators, 'gte', 'lte'] as const
type Operator = (typeof rangeOperators)[number]
const operatorsOf: ReadonlyMap<string, readonly Operator[]> = new Map<string, readonly Operator[]>([
  ...['id', 'vendor_id', 'class_id', 'group', 'tag', 'component', 'digest'].map(name => [name, textOperators] as const),
  ['state', ['eq', 'neq', 'in', 'nin']],
  ['version', rangeOperators],
  ['last_seen', ['gte', 'lte']],
])
const attributePrefix = 'attributes.'
const fieldsText = `${[...operatorsOf.keys()].join(', ')}, ${attributePrefix}NAME`

/** What may stand behind `attributes.`; a name with two underscores in it needs its operator, `__eq` too. */
export function isAttributeName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(text)
}

/** Problems name the parameter they are in. Never throws. */
export function parseTargetFilter(text: string): ParsedTargetFilter {
  if (text === '') return { filter: { conditions: [], fields: new Set() } }
  const parsed = parseConditions(text, conditionOf)
  return 'problems' in parsed ? parsed : { filter: parsed }
}

export function matches({ conditions }: TargetFilter, device: TargetDevice, facts: TargetFacts): boolean {
  if (device.registeredAt === undefined && !conditions.some(namesEnrolled)) return false
  const ofComponents: ComponentCondition[] = []
  for (const condition of conditions) {
    if (condition.kind === 'component') ofComponents.push(condition)
    else if (condition.kind === 'seen' ? !wasSeen(condition, device, facts) : !holds(condition, device, facts))
      return false
  }
  return ofComponents.length === 0 || componentsFit(ofComponents, device.components ?? [])
}

/** What can be said of a device from its id or its components alone: false for one that cannot match. */
export interface Prefilter {
  id(id: DeviceId): boolean
  components(components: readonly ComponentReport[]): boolean
}

/** Undefined when the filter speaks of neither. */
export function prefilterOf({ conditions }: TargetFilter): Prefilter | undefined {
  const ofIds = conditions.filter(condition => condition.kind === 'device').filter(({ field }) => field === 'id')
  const ofComponents = conditions.filter(condition => condition.kind === 'component')
  if (ofIds.length + ofComponents.length === 0) return undefined
  return {
    id: id => ofIds.every(({ test, negated }) => passes(test, id) !== negated),
    components: components => ofComponents.length === 0 || componentsFit(ofComponents, components),
  }
}

/** The only devices it can match, without doubles; undefined when it does not say: the whole registry is to be read. */
export function filterIds({ conditions }: TargetFilter): readonly DeviceId[] | undefined {
  let ids: readonly string[] | undefined
  for (const condition of conditions) {
    if (condition.kind !== 'device' || condition.field !== 'id' || condition.negated) continue
    const { test } = condition
    if (test.kind === 'text') ids = ids?.filter(id => test.values.includes(id)) ?? test.values
  }
  // They were parsed as device ids.
  return ids as readonly DeviceId[] | undefined
}

type ComponentCondition = Extract<Condition, { kind: 'component' }>
type DeviceCondition = Extract<Condition, { kind: 'device' }>
type SeenCondition = Extract<Condition, { kind: 'seen' }>

function componentsFit(conditions: readonly ComponentCondition[], components: readonly ComponentReport[]): boolean {
  const fits = (component: ComponentReport) => conditions.every(condition => holdsOf(condition, component))
  return conditions.every(({ negated }) => negated) ? components.every(fits) : components.some(fits)
}

function namesEnrolled(condition: Condition): boolean {
  if (condition.kind !== 'device' || condition.field !== 'state' || condition.negated) return false
  return condition.test.kind === 'text' && condition.test.values.includes('enrolled')
}

function holds({ field, negated, test }: DeviceCondition, device: TargetDevice, facts: TargetFacts): boolean {
  return valuesIn(device, field, facts).some(value => passes(test, value)) !== negated
}

function holdsOf({ field, negated, test }: ComponentCondition, component: ComponentReport): boolean {
  const { name, version, digest } = component
  return passes(test, { component: name, version, digest }[field]) !== negated
}

function wasSeen({ bound, moment }: SeenCondition, device: TargetDevice, { now, online }: TargetFacts): boolean {
  const seenAt = online ? now : device.lastHelloAt
  if (seenAt === undefined) return false
  return matchesMoments(bound, ['agoMs' in moment ? { ms: now - moment.agoMs, beyond: false } : moment], seenAt)
}

function valuesIn(device: TargetDevice, field: string, facts: TargetFacts): readonly string[] {
  const optional = (value: string | undefined) => (value === undefined ? [] : [value])
  switch (field) {
    case 'id':
      return [device.id]
    case 'vendor_id':
      return optional(device.vendorId)
    case 'class_id':
      return optional(device.classId)
    case 'group':
      return optional(device.group)
    case 'tag':
      return device.tags ?? []
    case 'state':
      return statesOf(device, facts)
    default: {
      const name = field.slice(attributePrefix.length)
      const attributes = device.attributes ?? {}
      return Object.hasOwn(attributes, name) ? optional(attributes[name]) : []
    }
  }
}

function statesOf(device: TargetDevice, { online }: TargetFacts): readonly TargetState[] {
  if (device.registeredAt === undefined) return ['enrolled']
  return [
    'registered',
    online ? 'online' : 'offline',
    ...(device.quarantinedAt === undefined ? [] : (['quarantined'] as const)),
  ]
}

function passes(test: Test, value: string): boolean {
  switch (test.kind) {
    case 'text':
      return test.values.includes(value)
    case 'like':
      return isLike(test.pattern, value)
    case 'number':
      return isNumber(value) && (test.bound === 'gte' ? Number(value) >= test.limit : Number(value) <= test.limit)
    case 'version':
      return test.versions.some(version => {
        const difference = compareVersions(value, version)
        return test.relation === 'eq' ? difference === 0 : test.relation === 'gte' ? difference >= 0 : difference <= 0
      })
  }
}

function conditionOf(name: string, raw: string): Condition | string {
  const { field, operator: written } = partsOf(name)
  const isAttribute = field.startsWith(attributePrefix) && isAttributeName(field.slice(attributePrefix.length))
  const operators = isAttribute ? rangeOperators : operatorsOf.get(field)
  if (operators === undefined) return `is not known here; expected a field of ${fieldsText}`
  const operator = operators.find(known => known === written)
  if (operator === undefined)
    return `is not known here; ${field} takes ${operators.map(known => `__${known}`).join(', ')}`
  const values = valuesOf(operator, raw)
  if (typeof values === 'string') return values
  if (field === 'last_seen') return seenOf(operator as Bound, values[0] ?? '')
  const test = testOf(field, operator, values)
  if (typeof test === 'string') return test
  const negated = operator === 'neq' || operator === 'nin'
  const ofComponent = componentFields.find(known => known === field)
  return ofComponent === undefined
    ? { kind: 'device', field, negated, test }
    : { kind: 'component', field: ofComponent, negated, test }
}

function testOf(field: string, operator: Operator, values: readonly string[]): Test | string {
  const [first = ''] = values
  if (operator === 'like') return { kind: 'like', pattern: [...first] }
  for (const value of values) {
    const problem = problemOf(field, value)
    if (problem !== undefined) return problem
  }
  if (field === 'version')
    return { kind: 'version', relation: operator === 'gte' || operator === 'lte' ? operator : 'eq', versions: values }
  if (operator === 'gte' || operator === 'lte')
    return isNumber(first)
      ? { kind: 'number', bound: operator, limit: Number(first) }
      : 'must be a decimal number like 12 or -0.5'
  return { kind: 'text', values: [...new Set(values)] }
}

/** What could never be the value of that field. */
function problemOf(field: string, value: string): string | undefined {
  switch (field) {
    case 'id':
      return problemBy(deviceId, value)
    case 'vendor_id':
    case 'class_id':
      return /^[0-9a-f]{32}$/.test(value) ? undefined : 'must be 32 lower-case hex digits'
    case 'digest':
      return /^[0-9a-f]{64}$/.test(value) ? undefined : 'must be 64 lower-case hex digits'
    case 'version':
      return versionFailure(value) === undefined ? undefined : 'must be a version like 1.4.0, numbers up to 999'
    case 'state':
      return problemIn(targetStates, value, `one of ${targetStates.join(', ')}`)
    default:
      return undefined
  }
}

const unitMs = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

function seenOf(bound: Bound, value: string): Condition | string {
  const ago = /^(\d{1,6})([smhdw])$/.exec(value)
  const moment =
    ago === null ? momentOf(value) : { agoMs: Number(ago[1]) * (unitMs.get(ago[2] ?? '') ?? Number.POSITIVE_INFINITY) }
  return moment === undefined
    ? 'must be a time like 2026-11-30T16:25:12Z or how long ago, like 90m, 12h, 7d or 4w'
    : { kind: 'seen', bound, moment }
}

function isNumber(text: string): boolean {
  return /^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text)
}
