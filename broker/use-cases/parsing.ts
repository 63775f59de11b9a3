// What operators ask for, read once: schemas where a door has none of its own, ids, pages. Every refusal names the field.
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { pageLimitDefault, pageLimitMax } from '../../proto/http-api.ts'
import { RequestRefused } from '../errors.ts'
import type { PageRequest } from './use-cases.ts'

/** A function that lets through values of the schema and throws RequestRefused INVALID naming each wrong field. */
export function validator<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const compiled = Compile(schema)
  return value => {
    if (compiled.Check(value)) return value as Static<S>
    const fields = compiled
      .Errors(value)
      .slice(0, 10)
      .map(({ instancePath, message, params }) => {
        const extra = 'additionalProperties' in params ? ` (${String(params.additionalProperties)})` : ''
        return { name: instancePath.slice(1).replaceAll('/', '.') || 'body', message: `${message}${extra}` }
      })
    throw new RequestRefused('INVALID', 'the request is not as documented', fields)
  }
}

/** The id in `text`, or RequestRefused INVALID naming `field`. */
export function parsedId<Id>(parse: (text: string) => Id, text: string, field: string): Id {
  try {
    return parse(text)
  } catch (cause) {
    throw new RequestRefused('INVALID', (cause as Error).message, [{ name: field, message: (cause as Error).message }])
  }
}

/** `limit` is clamped, not refused. */
export function parsedPage<Id>(
  request: PageRequest,
  parse: (text: string) => Id,
  least = 1,
): { readonly after?: Id; readonly limit: number } {
  const limit = Math.min(pageLimitMax, Math.max(least, Math.trunc(request.limit ?? pageLimitDefault)))
  return request.after === undefined ? { limit } : { limit, after: parsedId(parse, request.after, 'after') }
}
