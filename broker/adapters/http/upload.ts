// What comes in as bytes: a bundle, and the target list of an operation. Both are streamed into their use case; how many
// at the same time is bounded over both.
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { OperationRequest, OperationView, ReleaseView } from '../../../proto/http-api.ts'
import { checked } from '../../doors/checked.ts'
import { parseJsonText } from '../../doors/json-text.ts'
import { addressIn } from '../../doors/verb.ts'
import { RequestRefused } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { Gate } from './gate.ts'
import { readQuery } from './query.ts'
import { type BodyRules, ReceivedBody } from './received-body.ts'
import { inJson } from './route-document.ts'
import { answers, callerOf, type Server } from './server.ts'
import type { HttpSettings } from './settings.ts'
import { idempotencyHeader } from './table-routes.ts'

/** Characters of the request that stands in an address. */
const requestLengthMax = 16_384

const { targets: _, ...withoutTargets } = OperationRequest.properties
const ImportRequest = Type.Object(withoutTargets, { additionalProperties: false })
const validImport = checked(ImportRequest)
const bytes: TSchema = Type.String({ format: 'binary' })

export interface UploadParts {
  readonly useCases: UseCases
  readonly log: Log
  readonly settings: Pick<HttpSettings, 'uploadBytesMax' | 'uploadsMax' | 'importBytesMax'>
}

export function addUploadRoutes(server: Server, { useCases, log, settings }: UploadParts): void {
  const uploads = new Uploads(log, settings.uploadsMax)
  // Each in its own scope: there its content type is the only one, and the body is never gathered.
  const scoped = (rules: BodyRules, add: (scope: Server) => void): void => {
    server.register(async scope => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser(rules.type, (_request, _payload, done) => done(null))
      add(scope as Server)
    })
  }

  const bundle: BodyRules = {
    what: 'A bundle',
    type: 'application/octet-stream',
    bytesMax: settings.uploadBytesMax,
  }
  scoped(bundle, scope =>
    scope.post(
      '/v1/artifacts',
      {
        config: {
          document: {
            name: 'release-upload',
            summary: 'Takes a bundle: a signed manifest with its chunks',
            role: 'operator',
            body: { type: bundle.type, schema: bytes },
            answer: inJson(201, 'Release and artifact are durable', ReleaseView),
          },
        },
        schema: answers(201, ReleaseView),
      },
      async (request, reply) => {
        const caller = callerOf(request)
        readQuery(request.query, [])
        return uploads.received(request, reply, bundle, async body => {
          const release = await useCases.uploadBundle(caller, body)
          return { address: addressIn('/v1/releases', release.id), answer: release }
        })
      },
    ),
  )

  const list: BodyRules = { what: 'A target list', type: 'text/csv', bytesMax: settings.importBytesMax }
  scoped(list, scope =>
    scope.post(
      '/v1/operations/import',
      {
        config: {
          document: {
            name: 'operation-import',
            summary: 'Makes an operation over a list of devices, one id a line',
            role: 'operator',
            headers: idempotencyHeader,
            query: {
              request: Type.String({
                minLength: 1,
                maxLength: requestLengthMax,
                description: 'JSON of an OperationRequest without `targets`, percent-encoded',
              }),
            },
            body: { type: list.type, schema: Type.String() },
            answer: inJson(201, 'Made', OperationView),
          },
        },
        schema: answers(201, OperationView),
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const wanted = importRequest(request.query)
        return uploads.received(request, reply, list, async body => {
          const operation = await useCases.importOperation(caller, wanted, body)
          return { address: addressIn('/v1/operations', operation.id), answer: operation }
        })
      },
    ),
  )
}

/** Throws RequestRefused INVALID; fields are named from `request` on: `request.policy.concurrency`. */
function importRequest(query: unknown): Omit<OperationRequest, 'targets'> {
  const text = readQuery(query, ['request'], { lengthMax: requestLengthMax }).get('request')
  const value = text === undefined ? undefined : parseJsonText(text, undefined, 'request')
  if (value === undefined)
    throw new RequestRefused('INVALID', 'The operation is missing: give its JSON in the parameter request.', [
      { name: 'request', message: 'is required' },
    ])
  try {
    return validImport(value)
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error
    const fields = error.fields.map(({ name, message }) => ({
      name: name === 'body' ? 'request' : `request.${name}`,
      message,
    }))
    throw new RequestRefused('INVALID', 'The parameter request is not valid.', fields)
  }
}

class Uploads {
  readonly #log: Log
  readonly #gate: Gate

  constructor(log: Log, most: number) {
    this.#log = log
    this.#gate = new Gate('uploads', most)
  }

  async received(
    request: FastifyRequest,
    reply: FastifyReply,
    rules: BodyRules,
    take: (bytes: AsyncIterable<Uint8Array>) => Promise<{ readonly address: string; readonly answer: object }>,
  ): Promise<FastifyReply> {
    const body = new ReceivedBody(request.raw, rules)
    const leave = this.#gate.enter()
    try {
      const { address, answer } = await take(body.bytes())
      return await reply.code(201).header('location', address).send(answer)
    } catch (error) {
      if (body.exceeded) throw body.tooLarge()
      if (!body.cutOff) throw error
      this.#log.warn(
        { event: 'upload-aborted', requestId: request.id, principal: request.principal?.name, bytes: body.count },
        'the client went away before its upload was complete',
      )
      // There is nobody to answer.
      return reply.hijack()
    } finally {
      leave()
    }
  }
}
