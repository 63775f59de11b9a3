// The kinds a setting can be: how a value of JSON is read, what was expected when it is something else.

export interface Setting<T> {
  readonly unit: string
  readonly range: string
  /** For people; the value itself is in `absent`. */
  readonly default: string
  readonly meaning: string
  /** The value used when the setting is absent; without this field the setting is required. */
  readonly absent?: { readonly value: T }
  /** Throws RangeError saying what was expected. */
  readonly read: (value: unknown) => T
}

export function required<T>(range: string, meaning: string, read: (value: unknown) => T): Setting<T> {
  return { unit: '', range, default: 'required', meaning, read }
}

export function optional<T>(
  range: string,
  fallback: string,
  meaning: string,
  read: (value: unknown) => T,
): Setting<T | undefined> {
  return { unit: '', range, default: fallback, meaning, read, absent: { value: undefined } }
}

export function withDefault<T>(value: T & string, setting: Setting<T>): Setting<T> {
  return { ...setting, default: value, absent: { value } }
}

export function number(unit: string, least: number, most: number, fallback: number, meaning: string): Setting<number> {
  const range = `${least} to ${most}`
  return { unit, range, default: String(fallback), meaning, read: whole(least, most), absent: { value: fallback } }
}

export function whole(least: number, most: number): (value: unknown) => number {
  return value => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      throw expected(`a whole number from ${least} to ${most}`, value)
    return value as number
  }
}

export function text(least: number, most: number): (value: unknown) => string {
  return value => {
    if (typeof value !== 'string' || value.length < least || value.length > most || value.includes('\0'))
      throw expected(`text of ${least} to ${most} characters`, value)
    return value
  }
}

export function identity(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{32}$/.test(value)) throw expected('32 hex digits', value)
  return value.toLowerCase()
}

export function command(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(part => typeof part === 'string' && part !== ''))
    throw expected('a list of program and arguments', value)
  return value
}

/** One of a few words. */
export function word<T extends string>(words: readonly T[]): (value: unknown) => T {
  return value => {
    const found = words.find(each => each === value)
    if (found === undefined) throw expected(`one of ${words.join(' ')}`, value)
    return found
  }
}

/** Several things are wrong with one setting. */
export class Problems extends RangeError {
  override readonly name = 'Problems'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('; '))
    this.problems = problems
  }
}

export function expected(what: string, value: unknown): RangeError {
  return new RangeError(`expected ${what}, got ${JSON.stringify(value)?.slice(0, 80)}`)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
