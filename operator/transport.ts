// One request to the broker's HTTP door, and its answer. An answer is checked before it is believed, a failure becomes one
// of three errors (errors.ts), nothing waits for ever, and the token is never carried along a redirect.
import { Readable } from 'node:stream'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { ErrorBody } from '../proto/http-api.ts'
import { bodyOf } from './answer-body.ts'
import { BadInput, Refused, ServerFailed } from './errors.ts'
import { fetchHttps } from './https.ts'
import type { Clock } from './ports.ts'
import { watchForStall } from './stall.ts'

export interface TransportOptions {
  /** http: or https:, with a path when the broker stands behind one. */
  readonly url: URL
  readonly token: string
  /** PEM: the authority an https: broker has its certificate from; absent: those Node was started with. */
  readonly ca?: string
  /** For one request; for what streams: without progress. Milliseconds. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Ends whatever is under way; its reason is thrown. */
  readonly signal?: AbortSignal
}
export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly json?: object
  readonly stream?: { readonly type: string; readonly body: Readable }
  readonly headers?: Readonly<Record<string, string>>
  /** Makes a repetition of the same change answer as the first one did. */
  readonly requestId?: string
  /** Ends this one request, in place of the timeout. */
  readonly limit?: AbortSignal
}
export interface StreamWishes {
  readonly accept: string
  /** Longest silence, milliseconds; default: the timeout. */
  readonly idleMs?: number
  /** Ends the reading; its reason is thrown. */
  readonly signal?: AbortSignal
}
export interface StreamAnswer {
  readonly headers: Headers
  /** To be read to its end or left early; throws ServerFailed when it is cut. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** For an answer of which nothing has been read. */
  cancel(): Promise<void>
}

const answerBytesMax = 64 * 1024 * 1024

/** Every call throws BadInput, Refused or ServerFailed, or the reason of the signal. */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  async ask<T extends TSchema>(schema: T, path: readonly string[], request: Request = {}): Promise<Static<T>> {
    const url = this.#addressOf(path, request)
    const body = parsed(await this.#text(url, request))
    if (Check(schema, body)) return body as Static<T>
    throw unexpected(url)
  }

  /** For what answers with nothing. */
  async tell(path: readonly string[], request: Request): Promise<void> {
    await this.#text(this.#addressOf(path, request), request)
  }

  /** An answer of any length. */
  async stream(path: readonly string[], request: Request, wishes: StreamWishes): Promise<StreamAnswer> {
    const { clock, timeoutMs } = this.#options
    const { accept, idleMs = timeoutMs, signal } = wishes
    const url = this.#addressOf(path, request)
    const stalled = new AbortController()
    const ended = new AbortController()
    const moved = { bytes: 0, idleMs: timeoutMs }
    const watching = watchForStall(clock, () => moved, stalled, ended.signal)
    const limit = this.#anyOf(stalled.signal, signal)
    const finish = async (): Promise<void> => {
      ended.abort()
      await watching
    }
    const explain = (cause: unknown): unknown =>
      signal?.aborted === true ? signal.reason : this.#failure(cause, stalled.signal, url)
    try {
      const response = await this.#fetch(url, { ...request, limit }, accept)
      if (!response.ok) throw errorOf(response.status, await limitedText(response, limit), url.origin)
      const bytes = (async function* () {
        try {
          moved.idleMs = idleMs
          for await (const piece of bodyOf(response, limit)) {
            moved.bytes += piece.length
            yield piece
          }
        } catch (cause) {
          throw explain(cause)
        } finally {
          await finish()
        }
      })()
      const cancel = async (): Promise<void> => {
        await finish()
        await response.body?.cancel()
      }
      return { headers: response.headers, bytes, cancel }
    } catch (cause) {
      await finish()
      throw explain(cause)
    }
  }

  #addressOf(path: readonly string[], { query = {} }: Request): URL {
    const url = new URL(this.#options.url)
    url.pathname = [url.pathname.replace(/\/+$/, ''), ...path.map(encodeURIComponent)].join('/')
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    return url
  }

  /** Of a 2xx. */
  async #text(url: URL, request: Request): Promise<string> {
    const { clock, timeoutMs } = this.#options
    const own = request.limit ?? clock.deadline(timeoutMs)
    const limit = this.#anyOf(own)
    try {
      const response = await this.#fetch(url, { ...request, limit }, 'application/json')
      const text = await limitedText(response, limit)
      if (response.ok) return text
      throw errorOf(response.status, text, url.origin)
    } catch (cause) {
      throw this.#failure(cause, own, url)
    }
  }

  #fetch(url: URL, request: Request & { readonly limit: AbortSignal }, accept: string): Promise<Response> {
    const { method = 'GET', json, stream, headers, requestId, limit } = request
    const all = {
      accept,
      authorization: `Bearer ${this.#options.token}`,
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(stream === undefined ? {} : { 'content-type': stream.type }),
      ...(requestId === undefined ? {} : { 'idempotency-key': requestId }),
      ...headers,
    }
    const { ca } = this.#options
    if (ca !== undefined) {
      const body = json === undefined ? stream?.body : JSON.stringify(json)
      return fetchHttps(url, { method, headers: all, signal: limit, ca, ...(body === undefined ? {} : { body }) })
    }
    return fetch(url, {
      method,
      redirect: 'error',
      headers: all,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(stream === undefined ? {} : { body: Readable.toWeb(stream.body) as ReadableStream, duplex: 'half' as const }),
      signal: limit,
    })
  }

  /** With the signal that ends everything. */
  #anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
    return AbortSignal.any([...signals, this.#options.signal].filter(signal => signal !== undefined))
  }

  /** What to throw for what went wrong on the way. */
  #failure(cause: unknown, limit: AbortSignal, { origin }: URL): unknown {
    const { timeoutMs, signal } = this.#options
    if (cause instanceof ServerFailed || cause instanceof Refused || cause instanceof BadInput) return cause
    if (signal?.aborted) return signal.reason
    if (limit.aborted)
      return new ServerFailed('TIMEOUT', `${origin} did not answer within ${timeoutMs / 1000} s, or takes no more`, {
        cause,
      })
    const { code, words } = causeOf(cause)
    const certificate = code !== undefined && certificateCodes.includes(code)
    return new ServerFailed(certificate ? 'CERTIFICATE' : 'UNREACHABLE', `cannot reach ${origin} (${words})`, { cause })
  }
}

export function unexpected({ origin }: URL): ServerFailed {
  return new ServerFailed(
    'UNEXPECTED_ANSWER',
    `${origin} answered with something else than expected; is it a Drover broker of this version?`,
  )
}

async function limitedText(response: Response, limit: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of bodyOf(response, limit)) {
    length += piece.length
    if (length > answerBytesMax) throw new ServerFailed('UNEXPECTED_ANSWER', 'the answer has no end')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function errorOf(status: number, text: string, origin: string): BadInput | Refused | ServerFailed {
  const value = parsed(text)
  const body = Check(ErrorBody, value) ? value : undefined
  const code = body?.type ?? `HTTP_${status}`
  const message = body?.message ?? `${origin} answered ${status}`
  const details = { fields: body?.fields ?? [], ...(body === undefined ? {} : { requestId: body.request_id }) }
  if ([401, 403, 404, 409, 429].includes(status)) return new Refused(code, message, details)
  if (status >= 400 && status < 500 && status !== 408) return new BadInput(code, message, details)
  return new ServerFailed(code, message, details)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Judged by the schema, like every other answer that is not ours.
    return undefined
  }
}

const untrusted = 'its certificate is from no authority that is known here; --ca names another'

const certificateCodes: readonly string[] = [
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]

/** fetch says "fetch failed" and hides the reason one or two levels down. */
function causeOf(error: unknown): { readonly code?: string; readonly words: string } {
  let cause = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  const { code, message } = (cause ?? {}) as { readonly code?: string; readonly message?: string }
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nobody listens there',
    ECONNRESET: 'the connection was cut',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the name of the host cannot be looked up',
    UND_ERR_SOCKET: 'the connection was cut',
    EPROTO: 'no HTTPS is spoken there: is it http:?',
    ERR_SSL_WRONG_VERSION_NUMBER: 'no HTTPS is spoken there: is it http:?',
    ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no HTTPS is spoken there: is it http:?',
    CERT_HAS_EXPIRED: 'the certificate of the broker has expired',
    DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  }
  const text = (code === undefined ? undefined : words[code]) ?? message ?? String(error)
  return { words: text, ...(code === undefined ? {} : { code }) }
}
