// What happens now, as the broker's stream tells it: each logged event with its id, and operations as they change. A
// connection that is lost is made anew and goes on behind the last event that was heard, so nothing is missed and nothing
// comes twice; a broker that stays away is given up after about a minute.
import { Check } from 'typebox/value'
import { EventView, OperationView } from '../proto/http-api.ts'
import { type OperatorError, ServerFailed } from './errors.ts'
import { readEventStream } from './event-stream.ts'
import type { Clock } from './ports.ts'
import type { StreamAnswer, Transport } from './transport.ts'

export interface LiveRequest {
  readonly operation?: string
  readonly device?: string
  /** Begin behind this event instead of with what happens from now on. */
  readonly lastEventId?: string
  /** Ends it; the generator returns. */
  readonly signal: AbortSignal
  /** The connection is gone and will be made anew. */
  readonly onLost?: (error: OperatorError) => void
}
export type LiveMessage =
  /** From here on nothing is missed: what was read before may be out of date. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'event'; readonly event: EventView }
  | { readonly kind: 'operation'; readonly operation: OperationView }

const failuresMax = 12
const delayLeastMs = 500
const delayMostMs = 8_000
/** A connection that lasted so long was a good one, even if nothing happened. */
const steadyMs = 10_000
/** The broker says something, if only a comment, well within this time. */
const idleMs = 60_000

/** Throws Refused and BadInput at once, ServerFailed when the broker stays away. */
export async function* liveMessages(
  transport: Transport,
  { clock }: { readonly clock: Clock },
  request: LiveRequest,
): AsyncGenerator<LiveMessage, void, undefined> {
  const { signal, onLost } = request
  let lastEventId = request.lastEventId
  for (let failures = 0; !signal.aborted; ) {
    let steadyFrom = Number.POSITIVE_INFINITY
    try {
      const answer = await connected(transport, request, lastEventId)
      steadyFrom = clock.now() + steadyMs
      yield { kind: 'connected' }
      for await (const { event, data, id } of readEventStream(answer.bytes)) {
        const message = messageOf(event, data)
        if (id !== '') lastEventId = id
        failures = 0
        if (message !== undefined) yield message
      }
      throw new ServerFailed('UNREACHABLE', 'the broker ended the stream')
    } catch (error) {
      if (signal.aborted) return
      const lost = error instanceof RangeError ? new ServerFailed('UNEXPECTED_ANSWER', error.message) : error
      const mayPass = lost instanceof ServerFailed && lost.code !== 'UNEXPECTED_ANSWER'
      failures = clock.now() > steadyFrom ? 1 : failures + 1
      if (!mayPass || failures >= failuresMax) throw lost
      onLost?.(lost)
    }
    try {
      await clock.sleep(Math.min(delayLeastMs * 2 ** (failures - 1), delayMostMs), signal)
    } catch {
      // The signal: the loop ends.
    }
  }
}

async function connected(
  transport: Transport,
  { operation, device, signal }: LiveRequest,
  lastEventId: string | undefined,
): Promise<StreamAnswer> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const answer = await transport.stream(
    ['v1', 'stream'],
    { query: { operation, device }, headers },
    { accept: 'text/event-stream', idleMs, signal },
  )
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) return answer
  await answer.cancel()
  throw new ServerFailed('UNEXPECTED_ANSWER', 'the answer is no stream; is it a Drover broker of this version?')
}

/** Undefined for a kind of message that is news to this version. */
function messageOf(event: string, data: string): LiveMessage | undefined {
  if (event !== 'device-event' && event !== 'operation') return undefined
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    // Judged by the schemas below.
    value = undefined
  }
  if (event === 'device-event' && Check(EventView, value)) return { kind: 'event', event: value }
  if (event === 'operation' && Check(OperationView, value)) return { kind: 'operation', operation: value }
  throw new ServerFailed('UNEXPECTED_ANSWER', `the stream brought no ${event}; is it a Drover broker of this version?`)
}
