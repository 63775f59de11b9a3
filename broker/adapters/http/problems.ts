// Every failure as the documented error body: `code` is the HTTP status, `type` a stable word, `fields` name what was
// wrong. What went wrong inside stays inside: the answer carries the request id, the log carries the error.
import { STATUS_CODES } from 'node:http'
import { BundleError } from '../../../proto/bundle.ts'
import type { ErrorBody } from '../../../proto/http-api.ts'
import { ArtifactTooLarge, type FieldProblem, RequestRefused, StoreUnavailable } from '../../errors.ts'

export interface Problem {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly fields: readonly FieldProblem[]
  /** Seconds; sent as Retry-After. */
  readonly retryAfterSeconds?: number
}

/** A failure that only this door knows: rate limits, media types, timeouts. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

const statusOf: Readonly<Record<RequestRefused['code'], number>> = {
  INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_LARGE: 413,
  UNAVAILABLE: 503,
}
const retryAfterSeconds = 5

/** Never throws. */
export function problemOf(error: unknown): Problem {
  if (error instanceof HttpProblem) return error.problem
  if (error instanceof RequestRefused) {
    const { code: type, message, fields } = error
    const status = statusOf[type]
    return { status, type, message, fields, ...(status === 503 ? { retryAfterSeconds } : {}) }
  }
  if (error instanceof BundleError)
    return problem(400, error.code, error.message, [{ name: 'body', message: error.message }])
  if (error instanceof ArtifactTooLarge)
    return problem(413, 'TOO_LARGE', error.message, [{ name: 'body', message: error.message }])
  if (error instanceof StoreUnavailable)
    return isDiskFull(error)
      ? problem(507, 'STORE_FULL', 'The disk of the broker is full; nothing was changed.')
      : {
          ...problem(503, 'STORE_UNAVAILABLE', 'The broker cannot write or read now; nothing was changed. Try again.'),
          retryAfterSeconds,
        }
  return problemOfFramework(error)
}

export function errorBody(found: Problem, requestId: string): ErrorBody {
  return {
    object: 'error',
    code: found.status,
    type: found.type,
    message: found.message,
    fields: found.fields.map(({ name, message }) => ({ name, message })),
    request_id: requestId,
  }
}

/** A whole answer, for the moments when there is no request to answer: what came is no HTTP, or came too slowly. */
export function rawAnswer(found: Problem, requestId: string): string {
  const body = JSON.stringify(errorBody(found, requestId))
  return [
    `HTTP/1.1 ${found.status} ${STATUS_CODES[found.status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

/** What Node's parser found wrong before there was a request. */
export function problemOfConnection(error: { readonly code?: string }): Problem {
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return problem(431, 'INVALID', 'Address and headers are larger than allowed.')
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem(408, 'TIMEOUT', 'The request did not arrive in time.')
  return problem(400, 'INVALID', 'What arrived is no HTTP request.')
}

function problem(status: number, type: string, message: string, fields: readonly FieldProblem[] = []): Problem {
  return { status, type, message, fields }
}

/** Fastify's own errors, by their stable codes; their messages may quote what was sent, so ours stand instead. */
function problemOfFramework(error: unknown): Problem {
  const { code, statusCode } = (error ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown }
  const inBody = (message: string): readonly FieldProblem[] => [{ name: 'body', message }]
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem(413, 'TOO_LARGE', 'The body is larger than allowed.', inBody('is larger than allowed'))
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'The content type does not fit this address.', [
        {
          name: 'content-type',
          message: 'expected application/json; application/octet-stream for a bundle, text/csv for a target list',
        },
      ])
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem(400, 'INVALID', 'The body is not as long as Content-Length says.', inBody('cut off'))
    case 'FST_ERR_BAD_URL':
      return problem(400, 'INVALID', 'The address has a malformed percent-encoding.', [
        { name: 'url', message: 'expected UTF-8, percent-encoded' },
      ])
    default:
      return typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' && statusCode < 500
        ? problem(statusCode, 'INVALID', 'The request cannot be read.')
        : problem(500, 'INTERNAL', 'The broker failed; the log has more under this request_id.')
  }
}

function isDiskFull(error: unknown): boolean {
  let cause: unknown = error
  for (let depth = 0; depth < 8 && cause instanceof Error; depth += 1) {
    // LevelDB passes the text of the system on and drops the number.
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC' || /no space left/i.test(cause.message)) return true
    cause = cause.cause
  }
  return false
}
