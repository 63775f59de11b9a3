// The part of an address behind the question mark: every parameter is known, stands once and has a value that can be
// used, or the request is refused by the name of the parameter.
import { pageLimitDefault, pageLimitMax } from '../../../proto/http-api.ts'
import { type FieldProblem, RequestRefused } from '../../errors.ts'

export interface QueryRules {
  /** Characters of one value; 256 unless said otherwise. */
  readonly lengthMax?: number
  /** What to say of a parameter that is not known. */
  readonly unknown?: (name: string) => string | undefined
}

/** Throws RequestRefused INVALID that names every parameter which is unknown, given twice or too long. */
export function readQuery(
  query: unknown,
  known: readonly string[],
  { lengthMax = 256, unknown }: QueryRules = {},
): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const problems: FieldProblem[] = []
  for (const [given, value] of Object.entries(query as Record<string, unknown>)) {
    const name = given.slice(0, 64)
    if (!known.includes(given))
      problems.push({ name, message: unknown?.(name) ?? `is not known here; expected ${known.join(', ')}` })
    else if (typeof value !== 'string') problems.push({ name, message: 'must be given once' })
    else if (value === '' || value.length > lengthMax)
      problems.push({ name, message: `must be 1 to ${lengthMax} characters` })
    else values.set(given, value)
  }
  if (problems.length > 0) throw refusedQuery(problems.slice(0, 20))
  return values
}

export interface PageQuery {
  readonly after?: string
  readonly limit: number
}

/** `limit` is clamped into `least`..1000; default 50. Throws RequestRefused INVALID unless it is a whole number. */
export function pageOf(values: ReadonlyMap<string, string>, least = 1): PageQuery {
  const limit = values.get('limit') ?? String(pageLimitDefault)
  if (!/^-?\d{1,15}$/.test(limit)) throw refusedQuery([{ name: 'limit', message: 'must be a whole number' }])
  const after = values.get('after')
  return {
    limit: Math.min(Math.max(Number(limit), least), pageLimitMax),
    ...(after === undefined ? {} : { after }),
  }
}

/** The value, which must be one of `words`, or undefined. */
export function wordOf<Word extends string>(
  values: ReadonlyMap<string, string>,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const value = values.get(name)
  const word = words.find(candidate => candidate === value)
  if (value !== undefined && word === undefined)
    throw refusedQuery([{ name, message: `must be one of ${words.join(', ')}` }])
  return word
}

export function refusedQuery(problems: readonly FieldProblem[]): RequestRefused {
  const named = problems.map(({ name, message }) => `${name} ${message}`).slice(0, 3)
  return new RequestRefused('INVALID', `The query is not valid: ${named.join('; ')}.`, problems)
}
