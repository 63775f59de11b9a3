// What operators ask for, read once: ids and pages. Every refusal names the field.
import { pageLimitDefault, pageLimitMax } from '../../proto/http-api.ts'
import { RequestRefused } from '../errors.ts'
import type { PageRequest } from './use-cases.ts'

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
