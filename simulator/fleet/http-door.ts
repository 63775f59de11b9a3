// The broker's HTTP door as the fleet uses it: every answer is checked by its schema before it is believed, nothing waits
// for ever, and what the broker puts off (429, 503) is asked again a few times.
import { setMaxListeners } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as plainRequest } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { ErrorBody } from '../../proto/http-api.ts'
import { pause } from '../clock.ts'
import { FleetFailed } from './failure.ts'

export interface HttpDoorOptions {
  /** http: or https:, with a path when the broker stands behind one. */
  readonly url: URL
  readonly token: string
  /** PEM; undefined: the system's certificates. */
  readonly ca: string | undefined
  /** Ends whatever is under way; its reason is thrown. */
  readonly signal: AbortSignal
}

export interface HttpCall {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly json?: object
  readonly bytes?: Uint8Array
}

/** The broker understood and said no. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code = 'REFUSED'
  readonly status: number
  readonly type: string
  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

/** Requests at once; more wait for a connection. */
export const callsAtOnce = 32
const answerBytesMax = 64 * 1024 * 1024
const silenceMs = 120_000
const triesMax = 6

export class HttpDoor {
  readonly #options: HttpDoorOptions
  readonly #agent: HttpAgent

  constructor(options: HttpDoorOptions) {
    this.#options = options
    // Every call under way listens, and a few waits beside them.
    setMaxListeners(callsAtOnce * 2, options.signal)
    const keepAlive = { keepAlive: true, maxSockets: callsAtOnce }
    this.#agent =
      options.url.protocol === 'https:'
        ? new TlsAgent({ ...keepAlive, ...(options.ca === undefined ? {} : { ca: options.ca }) })
        : new HttpAgent(keepAlive)
  }

  /** Throws Refused, FleetFailed (no answer, or one of another kind) and the reason of the signal. */
  async ask<Schema extends TSchema>(schema: Schema, path: string, call: HttpCall = {}): Promise<Static<Schema>> {
    const text = await this.tell(path, call)
    const answer = parsed(text)
    if (Check(schema, answer)) return answer as Static<Schema>
    throw new FleetFailed(`${call.method ?? 'GET'} ${path}: an answer of another kind: ${text.slice(0, 300)}`)
  }

  /** The answer as it is; for those that have none. Throws as `ask`. */
  async tell(path: string, call: HttpCall): Promise<string> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#once(path, call)
      } catch (error) {
        this.#options.signal.throwIfAborted()
        const putOff = error instanceof Refused && (error.status === 503 || error.status === 429)
        if (!putOff || tried >= triesMax) throw error
        await pause(100 * 2 ** tried, this.#options.signal)
      }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #once(path: string, { method = 'GET', query = {}, json, bytes }: HttpCall): Promise<string> {
    const { url, token, signal } = this.#options
    const address = new URL(url)
    address.pathname = `${address.pathname.replace(/\/+$/, '')}${path}`
    for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, value)
    const body = json === undefined ? bytes : Buffer.from(JSON.stringify(json))
    const type = json === undefined ? 'application/octet-stream' : 'application/json'
    const open = address.protocol === 'https:' ? tlsRequest : plainRequest
    let response: IncomingMessage
    let text: string
    try {
      response = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = open(address, {
          method,
          agent: this.#agent,
          signal,
          headers: {
            authorization: `Bearer ${token}`,
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-type': type, 'content-length': body.length }),
          },
        })
        request.setTimeout(silenceMs, () => request.destroy(new Error(`no answer within ${silenceMs / 1000} s`)))
        request.once('response', resolve)
        request.once('error', reject)
        request.end(body)
      })
      text = await textOf(response)
    } catch (cause) {
      signal.throwIfAborted()
      throw new FleetFailed(`${method} ${address.origin}${path}: ${reasonOf(cause)}`, { cause })
    }
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return text
    const problem = parsed(text)
    if (!Check(ErrorBody, problem)) throw new Refused(status, '', `${method} ${path}: ${status} ${text.slice(0, 300)}`)
    const fields = problem.fields.map(({ name, message }) => `; ${name}: ${message}`).join('')
    throw new Refused(status, problem.type, `${method} ${path}: ${problem.message}${fields}`)
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > answerBytesMax) throw new RangeError(`an answer of more than ${answerBytesMax} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A refused connection to several addresses of one host is an AggregateError without a message. */
function reasonOf(cause: unknown): string {
  const { message, code } = cause as NodeJS.ErrnoException
  return message === '' ? String(code) : message
}
