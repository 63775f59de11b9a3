// Which broadcast sessions a device is subscribed to. Aedes answers the SUBSCRIBE, but its emitter is not told the topic:
// nobody publishes there, and ten thousand listeners on one topic cost seconds when they leave. The subscription is known
// here instead, and told once the SUBACK is written and both topics are held, so that nothing is sent to half a listener.
import type { Subscription } from 'aedes'
import { parseSessionTopic, type SessionChannel, sessionChannels } from '../../../proto/topics.ts'
import type { DeviceConnection, MqttEvents } from '../../ports.ts'
import type { HostClient } from './internals.ts'
import type { Session } from './sessions.ts'

/** Broadcast sessions remembered of one connection; the one subscribed to longest ago is left. */
const sessionsMax = 16
const refused = 128

export class BroadcastSubscriptions {
  readonly #events: MqttEvents
  readonly #held = new WeakMap<Session, Map<string, Set<SessionChannel>>>()

  constructor(events: MqttEvents) {
    this.#events = events
  }

  maySubscribe({ connection }: Session, name: string): boolean {
    return connection !== undefined && this.#events.maySubscribe(connection, name)
  }

  /** The SUBACK has been written. */
  subscribed(
    session: Session,
    connection: DeviceConnection,
    subscriptions: readonly { readonly topic: string; readonly qos: number }[],
  ): void {
    const named = new Set<string>()
    for (const { topic, qos } of subscriptions) {
      const parsed = qos === refused ? undefined : parseSessionTopic(topic)
      if (parsed === undefined) continue
      this.#channels(session, connection, parsed.session).add(parsed.channel)
      named.add(parsed.session)
    }
    for (const name of named)
      if (this.#channels(session, connection, name).size === sessionChannels.length)
        this.#events.sessionJoined(connection, name)
  }

  unsubscribed(session: Session, connection: DeviceConnection, topics: readonly string[]): void {
    for (const topic of topics) {
      const parsed = parseSessionTopic(topic)
      const channels = parsed && this.#held.get(session)?.get(parsed.session)
      if (parsed === undefined || channels === undefined) continue
      const wasWhole = channels.size === sessionChannels.length
      channels.delete(parsed.channel)
      if (channels.size === 0) this.#held.get(session)?.delete(parsed.session)
      if (wasWhole && channels.size < sessionChannels.length) this.#events.sessionLeft(connection, parsed.session)
    }
  }

  #channels(session: Session, connection: DeviceConnection, name: string): Set<SessionChannel> {
    const held = this.#held.get(session) ?? new Map<string, Set<SessionChannel>>()
    this.#held.set(session, held)
    const channels = held.get(name) ?? new Set<SessionChannel>()
    held.set(name, channels)
    for (const oldest of held.keys()) {
      if (held.size <= sessionsMax) break
      held.delete(oldest)
      this.#events.sessionLeft(connection, oldest)
    }
    return channels
  }
}

/** What the emitter is told in its place: a topic of this client alone, on which nothing is ever published. */
export function unheard(client: HostClient, subscription: Subscription): Subscription {
  return { ...subscription, topic: `$drover/sessions/${client.id}`, qos: 0 }
}
