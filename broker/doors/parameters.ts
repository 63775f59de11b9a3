// What may stand beside a command's own fields: how a list is paged, ordered and narrowed. One parameter is known in two
// forms: as text behind the question mark of an address, and as a JSON value. Limits of length are in its schema.
import Type, { type TSchema } from 'typebox'
import { ListingOf, pageLimitMax } from '../../proto/http-api.ts'
import { RequestRefused } from '../errors.ts'

export interface Parameter<T> {
  /** As a JSON value; also what the documentation says of it. */
  readonly schema: TSchema
  /** Characters of the text form. */
  readonly lengthMax: number
  /** From text that is not empty; throws RequestRefused INVALID that names it. */
  readonly read: (text: string, name: string) => T
}
export type Parameters = Readonly<Record<string, Parameter<unknown>>>
/** All of them may be left out. */
export type ValuesOf<P extends Parameters> = {
  readonly [Name in keyof P]?: P[Name] extends Parameter<infer T> ? T : never
}

export function text(lengthMax: number, description: string): Parameter<string> {
  return {
    schema: Type.String({ minLength: 1, maxLength: lengthMax, description }),
    lengthMax,
    read(value, name) {
      if (value.length > lengthMax) throw refusedParameter(name, `must be 1 to ${lengthMax} characters`)
      return value
    },
  }
}

export function oneOf<const Word extends string>(words: readonly Word[], description: string): Parameter<Word> {
  return {
    schema: Type.Union(
      words.map(word => Type.Literal(word)),
      { description },
    ),
    lengthMax: 64,
    read(value, name) {
      const word = words.find(candidate => candidate === value)
      if (word === undefined) throw refusedParameter(name, `must be one of ${words.join(', ')}`)
      return word
    },
  }
}

/** 1 to `most`, which is below 2^53. */
export function positiveInteger(description: string, most: number = Number.MAX_SAFE_INTEGER): Parameter<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? 'from 1' : `from 1 to ${most}`
  return {
    schema: Type.Integer({ minimum: 1, maximum: most, description }),
    lengthMax: 16,
    read(value, name) {
      const number = Number(value)
      if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(number) || number < 1 || number > most)
        throw refusedParameter(name, `must be a whole number ${range}`)
      return number
    },
  }
}

/** Moved into `least`..1000, not refused. */
export function limit(least = 1): Parameter<number> {
  return {
    schema: Type.Integer({ description: `moved into ${least} to ${pageLimitMax}; default 50` }),
    lengthMax: 16,
    read(value, name) {
      if (!/^-?\d{1,15}$/.test(value)) throw refusedParameter(name, 'must be a whole number')
      return Math.min(Math.max(Number(value), least), pageLimitMax)
    },
  }
}

/** Of every list. */
export const paging = {
  after: text(256, 'id of the last item of the page before'),
  limit: limit(),
} as const

/** Of a list in which a condition may leave a page short. */
export const shortListingOf = <T extends TSchema>(item: T) =>
  Type.Object({
    ...ListingOf(item).properties,
    next: Type.Optional(
      Type.String({ description: '`after` of the next page, where a condition left this one short' }),
    ),
  })

export function refusedParameter(name: string, message: string): RequestRefused {
  return new RequestRefused('INVALID', `The query is not valid: ${name} ${message}.`, [{ name, message }])
}
