// GET /v1/stream: what happens, as it happens. Each logged event with its id, operations as they change; whoever comes
// back with the last id he has misses no event in between.
import { PassThrough } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { text } from '../../doors/parameters.ts'
import { RequestRefused } from '../../errors.ts'
import type { Clock, Log } from '../../ports.ts'
import type { LiveKind, LiveMessage, UseCases, WatchRequest } from '../../use-cases/use-cases.ts'
import { eventView } from '../../views.ts'
import { framed, streamEvents } from './event-stream.ts'
import { readQuery, refusedQuery } from './query.ts'
import { principalOf, type Server } from './server.ts'
import type { HttpSettings } from './settings.ts'

const allKinds: readonly LiveKind[] = ['device-event', 'operation', 'activity']

const parameters = {
  operation: text(64, 'only this operation and its events'),
  device: text(64, 'only events of this device'),
  lastEventId: text(64, 'for clients that cannot send the header Last-Event-ID'),
  kinds: text(64, `what to tell, joined with commas: ${allKinds.join(', ')}; default device-event,operation`),
} as const

export interface StreamParts {
  readonly useCases: UseCases
  readonly log: Log
  readonly clock: Clock
  readonly settings: Pick<HttpSettings, 'streamsMax' | 'streamsEachMax' | 'streamHeartbeatMs' | 'streamStallMs'>
  /** The token or the session of the request is still good. */
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
            summary:
              'Live: `device-event` for each logged event, `operation` for each change of an operation, ' +
              '`activity` when the log has grown',
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
              description:
                'Server-sent events; `id` is the id of the event, `data` an EventView, OperationView or ActivityMessage',
              content: { type: 'text/event-stream', schema: Type.String() },
            },
          },
        },
      },
      async (request, reply) => {
        const by = principalOf(request)
        const wanted = wantedOf(request, this.#parts.settings.streamHeartbeatMs)
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

function wantedOf(request: FastifyRequest, heartbeatMs: number): WatchRequest {
  const values = readQuery(request.query, Object.keys(parameters))
  const given: { -readonly [Name in keyof typeof parameters]?: string } = {}
  for (const name of Object.keys(parameters) as (keyof typeof parameters)[]) {
    const value = values.get(name)
    if (value !== undefined) given[name] = parameters[name].read(value, name)
  }
  // The header is what a client sends by itself when it comes back: it is newer than the address.
  const header = request.headers['last-event-id']
  if (typeof header === 'string' && header !== '')
    given.lastEventId = parameters.lastEventId.read(header, 'last-event-id')
  const { kinds: words, ...others } = given
  if (words === undefined) return others
  const kinds = kindsIn(words)
  return { ...others, kinds, ...(kinds.includes('activity') ? { activityMs: heartbeatMs } : {}) }
}

/** Throws RequestRefused INVALID. */
function kindsIn(text: string): readonly LiveKind[] {
  const words = new Set(text.split(','))
  const kinds = allKinds.filter(kind => words.has(kind))
  if (kinds.length !== words.size)
    throw refusedQuery([{ name: 'kinds', message: `must be some of ${allKinds.join(', ')}, joined with commas` }])
  return kinds
}

/** Of what all readers are told alike: the text is made for the first, and is there as long as what it tells. */
const texts = new WeakMap<object, string>()

async function* worded(messages: AsyncIterable<LiveMessage>): AsyncGenerator<string, void, undefined> {
  for await (const message of messages) yield textOf(message)
}

function textOf(message: LiveMessage): string {
  if (message.kind === 'activity') return framed('activity', message.activity)
  const told = message.kind === 'event' ? message.record : message.operation
  const known = texts.get(told)
  if (known !== undefined) return known
  const text =
    message.kind === 'event'
      ? framed('device-event', eventView(message.record), message.record.id)
      : framed('operation', message.operation)
  texts.set(told, text)
  return text
}
