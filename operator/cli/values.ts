// Values of flags: text in, our value out, or commander's InvalidArgumentError, which it prints with the flag's name.
import { InvalidArgumentError } from 'commander'

/** A whole number in least..most. */
export function whole(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d{1,16}$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
    return value
  }
}

/** A number above 0, up to `most`. */
export function positive(most: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || value <= 0 || value > most)
      throw new InvalidArgumentError(`Expected a number above 0, at most ${most}.`)
    return value
  }
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds from `500ms`, `30s`, `5m`, `12h`, `365d` or `2w`. */
export function duration(leastMs: number, mostMs: number): (text: string) => number {
  return text => {
    const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text) ?? []
    const milliseconds = Number(count) * (unitMs[unit] ?? Number.NaN)
    if (!(milliseconds >= leastMs && milliseconds <= mostMs))
      throw new InvalidArgumentError(
        `Expected a time like 30s, 12h or 365d, from ${inWords(leastMs)} to ${inWords(mostMs)}.`,
      )
    return milliseconds
  }
}

/** 16 bytes as 32 hex digits or as a UUID; lower-case hex. */
export function identity(text: string): string {
  const hex = text.replaceAll('-', '').toLowerCase()
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
  if (!/^[0-9a-f]{32}$/.test(hex) || (text.includes('-') && !isUuid))
    throw new InvalidArgumentError('Expected 16 bytes: 32 hex digits or a UUID.')
  return hex
}

/** One of the words, which the parser tells whoever completes a line. */
export function word<Word extends string>(
  words: readonly Word[],
): ((text: string) => Word) & { readonly words: readonly Word[] } {
  const parse = (text: string): Word => {
    const found = words.find(candidate => candidate === text)
    if (found === undefined) throw new InvalidArgumentError(`Expected one of ${words.join(', ')}.`)
    return found
  }
  return Object.assign(parse, { words })
}

/** What `parse` makes of the text; its RangeError becomes the flag's. */
export function parsedBy<T>(parse: (text: string) => T): (text: string) => T {
  return text => {
    try {
      return parse(text)
    } catch (cause) {
      throw new InvalidArgumentError((cause as Error).message)
    }
  }
}

/** Collects a flag that may be given several times. */
export function each<T>(parse: (text: string) => T): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before) => [...(before ?? []), parse(text)]
}

/** Several values parted by commas; the flag may be given again. */
export function commaList<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before) => {
    const parts = text.split(',').map(part => part.trim())
    if (parts.includes('')) throw new InvalidArgumentError('Expected values parted by commas, none of them empty.')
    return [...(before ?? []), ...parts.map(parse)]
  }
}

/** A moment: RFC 3339 with an offset or Z, or how long from now, like +30m or +12h. */
export type Moment = { readonly at: number } | { readonly inMs: number }

export function moment(text: string): Moment {
  if (text.startsWith('+')) return { inMs: duration(1, 36_500 * 86_400_000)(text.slice(1)) }
  const at = Date.parse(text)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i.test(text) || Number.isNaN(at))
    throw new InvalidArgumentError('Expected a time like 2030-01-02T22:00:00Z, with its offset, or +12h from now.')
  return { at }
}

/** RFC 3339, UTC. */
export function timeText(when: Moment, now: number): string {
  return new Date('at' in when ? when.at : now + when.inMs).toISOString()
}

function inWords(milliseconds: number): string {
  const [unit, length] = Object.entries(unitMs).findLast(([name, ms]) => name !== 'w' && milliseconds % ms === 0) ?? [
    'ms',
    1,
  ]
  return `${milliseconds / length}${unit}`
}
