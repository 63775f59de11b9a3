// What the filter languages have in common: `field__op=value` joined with `&`, lists behind `in` and `nin`, percent-signs,
// moments. Which fields there are, and what they are compared with, is said by event-filter.ts and target-filter.ts.

/** Characters of one filter. */
export const filterLengthMax = 4096
/** Values behind one `__in` or `__nin`. */
export const filterValuesMax = 100
const problemsMax = 20

export interface FilterProblem {
  /** The parameter, as it was written; `filter` for the text as a whole. */
  readonly name: string
  readonly message: string
}

/** Conditions in the order given, and the fields that are spoken of. */
export interface ParsedConditions<Condition> {
  readonly conditions: readonly Condition[]
  readonly fields: ReadonlySet<string>
}

/** `conditionOf` makes a condition of one parameter or says what is wrong with it. Never throws. */
export function parseConditions<Condition extends object>(
  text: string,
  conditionOf: (name: string, raw: string) => Condition | string,
): ParsedConditions<Condition> | { readonly problems: readonly FilterProblem[] } {
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
  return problems.length > 0 ? { problems: problems.slice(0, problemsMax) } : { conditions, fields }
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

/** The decoded values of one parameter, or what is wrong with them. */
export function valuesOf(operator: string, raw: string): readonly string[] | string {
  const text = decoded(raw)
  if (text === undefined) return 'has a malformed percent-encoding; % itself is %25'
  const values = operator === 'in' || operator === 'nin' ? listOf(text) : [text]
  if (values.includes('')) return values.length === 1 ? 'must have a value' : 'must not have empty values in its list'
  if (values.length > filterValuesMax) return `must have at most ${filterValuesMax} values`
  return values
}

/** A moment to the millisecond, as records have it, or between that one and the next. */
export interface Moment {
  readonly ms: number
  readonly beyond: boolean
}
export type MomentTest = 'in' | 'nin' | 'gte' | 'lte'

/** RFC 3339 (5.6), with any offset, or compact; a blank before the offset is a + that was not percent-encoded. */
export function momentOf(text: string): Moment | undefined {
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

/** `at` is a whole millisecond. */
export function matchesMoments(test: MomentTest, moments: readonly Moment[], at: number): boolean {
  switch (test) {
    case 'in':
      return moments.some(({ ms, beyond }) => at === ms && !beyond)
    case 'nin':
      return !matchesMoments('in', moments, at)
    case 'gte':
      return moments.every(({ ms, beyond }) => (beyond ? at > ms : at >= ms))
    case 'lte':
      return moments.every(({ ms }) => at <= ms)
  }
}

/** `*` is any run of characters, `?` one; all others are themselves. Takes at most text × pattern steps. */
export function isLike(pattern: readonly string[], text: string): boolean {
  const characters = [...text]
  let [at, inPattern] = [0, 0]
  // The last star, and how far it reaches so far: when what follows does not fit, it takes one more.
  let [star, reach] = [-1, 0]
  while (at < characters.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = inPattern
      inPattern += 1
      reach = at
    } else if (wanted !== undefined && (wanted === '?' || wanted === characters[at])) {
      at += 1
      inPattern += 1
    } else if (star !== -1) {
      reach += 1
      at = reach
      inPattern = star + 1
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern += 1
  return inPattern === pattern.length
}

export function problemIn(words: readonly string[], value: string, expected: string): string | undefined {
  return words.includes(value) ? undefined : `must be ${expected}`
}

/** What a parser that throws would say. */
export function problemBy(parse: (text: string) => unknown, value: string): string | undefined {
  try {
    parse(value)
    return undefined
  } catch (cause) {
    return (cause as Error).message
  }
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
    // The caller tells what is wrong with the text.
    return undefined
  }
}
