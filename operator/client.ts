// The broker's HTTP door, typed: requests of proto/http-api.ts in, answers of proto/http-api.ts out. An answer is
// checked before it is believed, a failure becomes one of three errors (errors.ts), and nothing waits for ever.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import {
  DeviceView,
  EnrollAnswer,
  ErrorBody,
  EventListing,
  ExecutionView,
  type Listing,
  ListingOf,
  type OperationRequest,
  OperationView,
  PrincipalAnswer,
  type PrincipalRequest,
  PrincipalView,
  ReleaseView,
} from '../proto/http-api.ts'
import { BadInput, Refused, ServerFailed } from './errors.ts'
import type { Page } from './gather.ts'
import type { Clock } from './ports.ts'

export interface ClientOptions {
  /** http: or https:, with a path when the broker stands behind one. */
  readonly url: URL
  readonly token: string
  /** For one request; for an upload: without progress. Milliseconds. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Ends whatever is under way; its reason is thrown. */
  readonly signal?: AbortSignal
}
export interface EventFilter {
  readonly device?: string
  readonly operation?: string
  readonly code?: string
  readonly order?: 'ASC' | 'DESC'
  /** Further conditions in the language of the event log, `field__op=value` joined with `&`. */
  readonly filter?: string
}

const answerBytesMax = 64 * 1024 * 1024
const Devices = ListingOf(DeviceView)
const Releases = ListingOf(ReleaseView)
const Operations = ListingOf(OperationView)
const Executions = ListingOf(ExecutionView)
const Principals = ListingOf(PrincipalView)

interface Request {
  readonly method?: 'GET' | 'POST'
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly json?: object
  readonly stream?: Readable
  readonly signal?: AbortSignal
}

/** Every call throws BadInput, Refused or ServerFailed. */
export class OperatorClient {
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#options = options
  }

  enrollDevice(device: string): Promise<EnrollAnswer> {
    return this.#ask(EnrollAnswer, ['v1', 'devices', 'enroll'], { method: 'POST', json: { device } })
  }
  devices(page: Page): Promise<Listing<DeviceView>> {
    return this.#ask(Devices, ['v1', 'devices'], { query: { ...page } })
  }
  device(id: string): Promise<DeviceView> {
    return this.#ask(DeviceView, ['v1', 'devices', id])
  }

  createPrincipal(request: PrincipalRequest): Promise<PrincipalAnswer> {
    return this.#ask(PrincipalAnswer, ['v1', 'principals'], { method: 'POST', json: request })
  }
  principals(): Promise<Listing<PrincipalView>> {
    return this.#ask(Principals, ['v1', 'principals'])
  }

  releases(page: Page): Promise<Listing<ReleaseView>> {
    return this.#ask(Releases, ['v1', 'releases'], { query: { ...page } })
  }
  release(id: string): Promise<ReleaseView> {
    return this.#ask(ReleaseView, ['v1', 'releases', id])
  }
  /** Streams the file. `onProgress` is told the bytes read so far. */
  async uploadBundle(path: string, onProgress?: (bytes: number) => void): Promise<ReleaseView> {
    const stalled = new AbortController()
    const ended = new AbortController()
    let bytes = 0
    let sentAll = false
    const body = createReadStream(path, { highWaterMark: 256 * 1024 })
    const counted = Readable.from(
      (async function* () {
        for await (const chunk of body) {
          bytes += (chunk as Buffer).length
          onProgress?.(bytes)
          yield chunk as Buffer
        }
        sentAll = true
      })(),
      { objectMode: false },
    )
    const watching = this.#watchForStall(() => ({ bytes, sentAll }), stalled, ended.signal)
    try {
      return await this.#ask(ReleaseView, ['v1', 'artifacts'], {
        method: 'POST',
        stream: counted,
        signal: stalled.signal,
      })
    } finally {
      body.destroy()
      ended.abort()
      await watching
    }
  }

  createOperation(request: OperationRequest): Promise<OperationView> {
    return this.#ask(OperationView, ['v1', 'operations'], { method: 'POST', json: request })
  }
  operations(page: Page): Promise<Listing<OperationView>> {
    return this.#ask(Operations, ['v1', 'operations'], { query: { ...page } })
  }
  operation(id: string): Promise<OperationView> {
    return this.#ask(OperationView, ['v1', 'operations', id])
  }
  stopOperation(id: string): Promise<OperationView> {
    return this.#ask(OperationView, ['v1', 'operations', id, 'stop'], { method: 'POST' })
  }
  executions(id: string, page: Page & { readonly state?: string }): Promise<Listing<ExecutionView>> {
    return this.#ask(Executions, ['v1', 'operations', id, 'executions'], { query: { ...page } })
  }

  events({ device, operation, code, order, ...page }: Page & EventFilter): Promise<EventListing> {
    return this.#ask(EventListing, ['v3', 'device-events'], {
      query: {
        ...page,
        order,
        device_id__eq: device,
        event_type__eq: code,
        'data.campaign_id__eq': operation,
      },
    })
  }

  async #ask<T extends TSchema>(schema: T, path: readonly string[], request: Request = {}): Promise<Static<T>> {
    const { method = 'GET', query = {}, json, stream } = request
    const url = new URL(this.#options.url)
    url.pathname = [url.pathname.replace(/\/+$/, ''), ...path.map(encodeURIComponent)].join('/')
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const { status, text } = await this.#send(url, request.signal, {
      method,
      // A redirect could carry the token to somebody else.
      redirect: 'error',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${this.#options.token}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(stream === undefined ? {} : { 'content-type': 'application/octet-stream' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(stream === undefined ? {} : { body: Readable.toWeb(stream) as ReadableStream, duplex: 'half' as const }),
    })
    const body = parsed(text)
    if (status >= 200 && status < 300) {
      if (Check(schema, body)) return body as Static<T>
      throw new ServerFailed(
        'UNEXPECTED_ANSWER',
        `${url.origin} answered with something else than expected; is it a Drover broker of this version?`,
      )
    }
    throw errorOf(status, Check(ErrorBody, body) ? body : undefined, url.origin)
  }

  async #send(url: URL, own: AbortSignal | undefined, init: RequestInit): Promise<{ status: number; text: string }> {
    const { clock, timeoutMs, signal } = this.#options
    // An upload has its own idea of how long is too long.
    const limit = own ?? clock.deadline(timeoutMs)
    const either = signal === undefined ? limit : AbortSignal.any([limit, signal])
    try {
      const response = await fetch(url, { ...init, signal: either })
      return { status: response.status, text: await limitedText(response) }
    } catch (cause) {
      if (cause instanceof ServerFailed) throw cause
      if (signal?.aborted) throw signal.reason
      if (limit.aborted)
        throw new ServerFailed(
          'TIMEOUT',
          `${url.origin} did not answer within ${timeoutMs / 1000} s, or takes no more`,
          { cause },
        )
      throw new ServerFailed('UNREACHABLE', `cannot reach ${url.origin} (${causeOf(cause)})`, { cause })
    }
  }

  /** Aborts `stalled` when a whole timeout passes in which nothing more was read; ten for the broker's last fsync. */
  async #watchForStall(
    progress: () => { readonly bytes: number; readonly sentAll: boolean },
    stalled: AbortController,
    ended: AbortSignal,
  ): Promise<void> {
    const { clock, timeoutMs } = this.#options
    try {
      for (let before = -1; before !== progress().bytes; ) {
        before = progress().bytes
        await clock.sleep(progress().sentAll ? timeoutMs * 10 : timeoutMs, ended)
      }
      stalled.abort()
    } catch {
      // Ended in time.
    }
  }
}

async function limitedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += (piece as Uint8Array).length
    if (length > answerBytesMax) throw new ServerFailed('UNEXPECTED_ANSWER', 'the answer has no end')
    pieces.push(piece as Uint8Array)
  }
  return Buffer.concat(pieces).toString()
}

function errorOf(status: number, body: ErrorBody | undefined, origin: string): BadInput | Refused | ServerFailed {
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
    return undefined
  }
}

/** fetch says "fetch failed" and hides the reason one or two levels down. */
function causeOf(error: unknown): string {
  let cause = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  const { code, message } = (cause ?? {}) as { readonly code?: string; readonly message?: string }
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nobody listens there',
    ECONNRESET: 'the connection was cut',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the name of the host cannot be looked up',
    UND_ERR_SOCKET: 'the connection was cut',
  }
  return (code === undefined ? undefined : words[code]) ?? message ?? String(error)
}
