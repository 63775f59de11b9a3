// What Aedes tells by events: who is registered, connected and gone, and what failed.
import { MessageRefused } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import type { Admission } from './admission.ts'
import type { BroadcastSubscriptions } from './broadcast-subscriptions.ts'
import { clientOf, type HostBroker } from './internals.ts'
import { keepSession } from './persistence-guard.ts'
import type { Sessions } from './sessions.ts'
import type { Tally } from './tally.ts'
import { told } from './told.ts'

type Listener = (...values: never[]) => void

/** Returns what takes all listeners away again. */
export function listenTo(parts: {
  readonly aedes: HostBroker
  readonly sessions: Sessions
  readonly admission: Admission
  readonly closures: Tally
  readonly broadcasts: BroadcastSubscriptions
  readonly log: Log
}): () => void {
  const { aedes, sessions, admission, closures, broadcasts, log } = parts
  const failed = clientFailed(closures, log)
  const listeners: [string, Listener][] = [
    ['client', (client: object) => admission.registered(clientOf(client as never))],
    ['clientDisconnect', (client: object) => sessions.unregistered(client)],
    // The first moment at which a write of ours comes behind the CONNACK, and before any message of the client.
    [
      'connackSent',
      (packet: { returnCode?: number }, client: object) => {
        const session = sessions.get(client)
        if (session?.accepted !== true || packet.returnCode !== 0) return
        if (!session.client.clean) keepSession(aedes, session.client.id, log)
        sessions.connected(session)
      },
    ],
    // Behind the SUBACK and the UNSUBACK.
    [
      'subscribe',
      (subscriptions: readonly { topic: string; qos: number }[], client: object) => {
        const session = sessions.get(client)
        if (session?.connection !== undefined) broadcasts.subscribed(session, session.connection, subscriptions)
      },
    ],
    [
      'unsubscribe',
      (topics: readonly string[], client: object) => {
        const session = sessions.get(client)
        if (session?.connection !== undefined) broadcasts.unsubscribed(session, session.connection, topics)
      },
    ],
    ['clientError', failed],
    ['connectionError', failed],
    // Without a listener an 'error' of broker or emitter ends the process (trap I).
    ['error', (error: Error) => log.error({ event: 'broker-error', err: error }, 'Aedes reports an error')],
  ]
  const emitterFailed = (error: Error) => log.error({ event: 'emitter-error', err: error }, 'the emitter failed')
  const { state } = aedes.mq
  for (const [event, listener] of listeners) aedes.on(event, listener)
  state?.on('error', emitterFailed)
  return () => {
    for (const [event, listener] of listeners) aedes.removeListener(event, listener)
    state?.removeListener('error', emitterFailed)
  }
}

/** Aedes has closed the client for this. What we refused ourselves is counted where it was refused. */
function clientFailed(closures: Tally, log: Log): Listener {
  return (client: object, error: Error) => {
    const fromParser = error instanceof MessageRefused && parserReasons.has(error.reason)
    if (error instanceof MessageRefused && !fromParser) return
    closures.add(fromParser ? error.reason : 'client-error')
    const { id: said } = clientOf(client as never)
    const id = said === null || said === undefined ? undefined : told(said)
    log.info({ event: 'client-error', client: id, err: error }, 'connection closed')
  }
}

const parserReasons: ReadonlySet<string> = new Set(['first-not-connect', 'packet-too-large', 'packet-malformed'])
