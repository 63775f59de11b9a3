// GET /v1/stream: what happens, as it happens. Each logged event with its id, operations as they change; whoever comes
// back with the last id he has misses no event in between.
import { PassThrough } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { text } from '../../doors/parameters.ts'
import { RequestRefused } from '../../errors.ts'
import type { Clock, Log } from '../../ports.ts'
import type { LiveMessage, UseCases } from '../../use-cases/use-cases.ts'
import { eventView } from '../../views.ts'
import { type StreamedEvent, streamEvents } from './event-stream.ts'
import { readQuery } from './query.ts'
import { principalOf, type Server } from './server.ts'
import type { HttpSettings } from './settings.ts'

const parameters = {
  operation: text(64, 'only this operation and its events'),
  device: text(64, 'only events of this device'),
  lastEventId: text(64, 'for clients that cannot send the header Last-Event-ID'),
} as const

export interface StreamParts {
  readonly useCases: UseCases
  readonly log: Log
  readonly clock: Clock
  readonly settings: Pick<HttpSettings, 'streamsMax' | 'streamsEachMax' | 'streamHeartbeatMs' | 'streamStallMs'>
  /** The token of the request is still good. */
  readonly stillAdmitted: (request: FastifyRequest) => Promise<boolean>
}

export class Streams {
  readonly #parts: StreamParts
  readonly #open = new Map<AbortController, string>()
  #closing = false

  constructor(parts: StreamParts) {
    this.#parts = parts
  }

  /** Ends all of them; a new one is refused from now on. */
  close(): void {
    this.#closing = true
    for (const controller of this.#open.keys()) controller.abort()
  }

  addRoute(server: Server): void {
    server.get(
      '/v1/stream',
      {
        config: {
          document: {
            name: 'event-stream',
            summary: 'Live: `device-event` for each logged event, `operation` for each change of an operation',
            role: 'viewer',
            query: Object.fromEntries(
              Object.entries(parameters).map(([name, { schema }]) => [name, Type.Optional(schema)]),
            ),
            headers: {
              'last-event-id': Type.Optional(
                Type.String({ maxLength: 64, description: 'id of the last event that was received' }),
              ),
            },
            answer: {
              status: 200,
              description: 'Server-sent events; `id` is the id of the event, `data` an EventView or OperationView',
              content: { type: 'text/event-stream', schema: Type.String() },
            },
          },
        },
      },
      async (request, reply) => {
        const by = principalOf(request)
        const wanted = wantedOf(request)
        this.#mustHaveRoom(by.name)
        const controller = new AbortController()
        this.#open.set(controller, by.name)
        try {
          const messages = await this.#parts.useCases.watch(by, wanted, controller.signal)
          const out = new PassThrough()
          out.once('close', () => controller.abort())
          controller.signal.addEventListener('abort', () => out.end(), { once: true })
          if (controller.signal.aborted) out.end()
          void this.#stream(request, controller, out, messages)
          return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(out)
        } catch (error) {
          this.#open.delete(controller)
          throw error
        }
      },
    )
  }

  #mustHaveRoom(name: string): void {
    const { streamsMax, streamsEachMax } = this.#parts.settings
    if (this.#closing) throw new RequestRefused('UNAVAILABLE', 'The broker is shutting down.')
    if (this.#open.size >= streamsMax)
      throw new RequestRefused('UNAVAILABLE', `${streamsMax} streams are open; try again when one has ended.`)
    const own = [...this.#open.values()].filter(owner => owner === name).length
    if (own >= streamsEachMax)
      throw new RequestRefused('UNAVAILABLE', `${name} has ${streamsEachMax} streams open; close one first.`)
  }

  async #stream(
    request: FastifyRequest,
    controller: AbortController,
    out: PassThrough,
    messages: AsyncIterable<LiveMessage>,
  ): Promise<void> {
    const { log, clock, settings, stillAdmitted } = this.#parts
    const fields = { requestId: request.id, principal: request.principal?.name }
    try {
      const end = await streamEvents(out, worded(messages), {
        clock,
        heartbeatMs: settings.streamHeartbeatMs,
        stallMs: settings.streamStallMs,
        mayGoOn: () => stillAdmitted(request),
      })
      const level = end === 'stalled' || end === 'unwelcome' ? 'warn' : 'debug'
      log[level]({ event: 'stream-ended', ...fields, end }, 'a live stream ended')
    } catch (error) {
      log.warn({ event: 'stream-failed', ...fields, err: error }, 'a live stream broke off')
    } finally {
      this.#open.delete(controller)
      controller.abort()
    }
  }
}

function wantedOf(request: FastifyRequest): { operation?: string; device?: string; lastEventId?: string } {
  const values = readQuery(request.query, Object.keys(parameters))
  const wanted: { operation?: string; device?: string; lastEventId?: string } = {}
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = values.get(name)
    if (value !== undefined) wanted[name as keyof typeof parameters] = parameter.read(value, name)
  }
  // The header is what a client sends by itself when it comes back: it is newer than the address.
  const header = request.headers['last-event-id']
  if (typeof header === 'string' && header !== '')
    wanted.lastEventId = parameters.lastEventId.read(header, 'last-event-id')
  return wanted
}

async function* worded(messages: AsyncIterable<LiveMessage>): AsyncGenerator<StreamedEvent, void, undefined> {
  for await (const message of messages)
    yield message.kind === 'event'
      ? { event: 'device-event', id: message.record.id, data: eventView(message.record) }
      : { event: 'operation', data: message.operation }
}
