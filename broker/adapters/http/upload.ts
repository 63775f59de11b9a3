// Receives a bundle: the bytes go from the socket to the use case as fast as it takes them, and nowhere else. Too many
// bytes, a client that goes away and one that goes silent all end the same way: the use case's loop throws.
import type { IncomingMessage } from 'node:http'
import { ReleaseView } from '../../../proto/http-api.ts'
import { RequestRefused } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { HttpProblem } from './problems.ts'
import { readQuery } from './query.ts'
import { answers, principalOf, type Server } from './server.ts'
import type { HttpSettings } from './settings.ts'

/** Registered in its own scope: here the only content type is octets, and the body is never gathered. */
export function addUploadRoute(
  server: Server,
  useCases: UseCases,
  log: Log,
  settings: Pick<HttpSettings, 'uploadBytesMax' | 'uploadsMax'>,
): void {
  let underWay = 0
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
  server.post('/v1/artifacts', { schema: answers(201, ReleaseView) }, async (request, reply) => {
    const principal = principalOf(request)
    readQuery(request.query, [])
    checkHeaders(request.raw, settings.uploadBytesMax)
    if (underWay >= settings.uploadsMax)
      throw new RequestRefused('UNAVAILABLE', `${underWay} uploads are under way; try again when one has ended.`)
    underWay += 1
    const body = new LimitedBody(request.raw, settings.uploadBytesMax)
    try {
      const release = await useCases.uploadBundle(principal, body.bytes())
      return await reply
        .code(201)
        .header('location', `/v1/releases/${encodeURIComponent(release.id)}`)
        .send(release)
    } catch (error) {
      if (body.exceeded) throw tooLarge(settings.uploadBytesMax)
      if (!body.cutOff) throw error
      log.warn(
        { event: 'upload-aborted', requestId: request.id, principal: principal.name, bytes: body.count },
        'the client went away before the bundle was complete',
      )
      // There is nobody to answer.
      return reply.hijack()
    } finally {
      underWay -= 1
    }
  })
}

class LimitedBody {
  readonly #request: IncomingMessage
  readonly #most: number
  count = 0
  exceeded = false

  constructor(request: IncomingMessage, most: number) {
    this.#request = request
    this.#most = most
  }

  /** The connection ended before the body did. */
  get cutOff(): boolean {
    return this.#request.destroyed && !this.#request.complete
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    // A reader who stops early has an answer to give: the connection must outlive the loop.
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      this.count += (chunk as Buffer).length
      if (this.count > this.#most) {
        this.exceeded = true
        throw tooLarge(this.#most)
      }
      yield chunk as Buffer
    }
  }
}

function checkHeaders({ headers }: IncomingMessage, most: number): void {
  if (Number(headers['content-length'] ?? 0) > most) throw tooLarge(most)
  if (headers['content-type'] === undefined) throw unsupported('content-type', 'expected application/octet-stream')
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw unsupported('content-encoding', 'expected none: a bundle travels as it is')
}

function tooLarge(most: number): RequestRefused {
  return new RequestRefused('TOO_LARGE', `A bundle may have ${most} bytes.`, [
    { name: 'body', message: `larger than ${most} bytes` },
  ])
}

function unsupported(name: string, message: string): HttpProblem {
  return new HttpProblem({
    status: 415,
    type: 'UNSUPPORTED_MEDIA_TYPE',
    message: `A bundle cannot be read from this body: ${name}, ${message}.`,
    fields: [{ name, message }],
  })
}
