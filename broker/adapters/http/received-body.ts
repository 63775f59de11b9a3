// A body that goes from the socket to a use case as fast as that takes it, and nowhere else. Too many bytes, a client
// that goes away and one that goes silent all end the same way: the use case's loop throws.
import type { IncomingMessage } from 'node:http'
import { RequestRefused } from '../../errors.ts'
import { HttpProblem } from './problems.ts'

export interface BodyRules {
  /** `A bundle`: the beginning of a sentence. */
  readonly what: string
  readonly type: string
  readonly bytesMax: number
}

export class ReceivedBody {
  readonly #request: IncomingMessage
  readonly #rules: BodyRules
  count = 0
  exceeded = false

  /** Throws RequestRefused TOO_LARGE or HttpProblem 415 when the headers alone tell. */
  constructor(request: IncomingMessage, rules: BodyRules) {
    this.#request = request
    this.#rules = rules
    const { headers } = request
    if (Number(headers['content-length'] ?? 0) > rules.bytesMax) throw this.tooLarge()
    if (headers['content-type'] === undefined) throw unsupported(rules, 'content-type', `expected ${rules.type}`)
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw unsupported(rules, 'content-encoding', 'expected none: it travels as it is')
  }

  /** The connection ended before the body did. */
  get cutOff(): boolean {
    return this.#request.destroyed && !this.#request.complete
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    // A reader who stops early has an answer to give: the connection must outlive the loop.
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      this.count += (chunk as Buffer).length
      if (this.count > this.#rules.bytesMax) {
        this.exceeded = true
        throw this.tooLarge()
      }
      yield chunk as Buffer
    }
  }

  tooLarge(): RequestRefused {
    const { what, bytesMax } = this.#rules
    return new RequestRefused('TOO_LARGE', `${what} may have ${bytesMax} bytes.`, [
      { name: 'body', message: `larger than ${bytesMax} bytes` },
    ])
  }
}

function unsupported({ what }: BodyRules, name: string, message: string): HttpProblem {
  return new HttpProblem({
    status: 415,
    type: 'UNSUPPORTED_MEDIA_TYPE',
    message: `${what} cannot be read from this body: ${name}, ${message}.`,
    fields: [{ name, message }],
  })
}
