// What goes through the emitter to clients: rights are asked once more at delivery, because wildcards, retained messages
// and kept sessions pass no other check; and a client that does not read is closed before it holds up anybody (trap C,
// finding 3). Nothing here waits.
import type { AedesPublishPacket, Subscription } from 'aedes'
import { parseSessionTopic } from '../../../proto/topics.ts'
import { MessageRefused } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import { type BroadcastSubscriptions, unheard } from './broadcast-subscriptions.ts'
import type { ClientDeliveries } from './client-deliveries.ts'
import type { Hooks, HostBroker, HostClient } from './internals.ts'
import { mayReceive, maySubscribe, sessionFilter } from './rights.ts'
import { namesOf, type Sessions } from './sessions.ts'
import type { AedesSettings } from './settings.ts'
import type { Tally } from './tally.ts'
import { told } from './told.ts'

type Granted = (error: Error | null, subscription?: Subscription | null) => void

export class Deliveries {
  readonly #aedes: HostBroker
  readonly #host: Hooks
  readonly #sessions: Sessions
  readonly #settings: AedesSettings
  readonly #log: Log
  readonly #refusals: Tally
  readonly #broadcasts: BroadcastSubscriptions
  readonly #deliveriesOf: (client: HostClient) => ClientDeliveries | undefined
  readonly #refusedFilters = new WeakSet<Subscription>()

  constructor(parts: {
    readonly aedes: HostBroker
    readonly host: Hooks
    readonly sessions: Sessions
    readonly settings: AedesSettings
    readonly log: Log
    readonly refusals: Tally
    readonly broadcasts: BroadcastSubscriptions
    readonly deliveriesOf: (client: HostClient) => ClientDeliveries | undefined
  }) {
    this.#aedes = parts.aedes
    this.#host = parts.host
    this.#sessions = parts.sessions
    this.#settings = parts.settings
    this.#log = parts.log
    this.#refusals = parts.refusals
    this.#broadcasts = parts.broadcasts
    this.#deliveriesOf = parts.deliveriesOf
  }

  /** A denied filter is answered 0x80 in the SUBACK (3.9.3). */
  authorizeSubscribe(client: HostClient, subscription: Subscription, granted: Granted): void {
    this.#authorizeSubscribe(client, subscription, (error, answer) => {
      if (!answer) this.#refusedFilters.add(subscription)
      granted(error, answer)
    })
  }

  /** Known behind authorizeSubscribe, by the object itself. */
  isRefused(subscription: Subscription): boolean {
    return this.#refusedFilters.has(subscription)
  }

  #authorizeSubscribe(client: HostClient, subscription: Subscription, granted: Granted): void {
    // Of a kept session, when it comes back.
    if (subscription.topic === sessionFilter) {
      granted(null, null)
      return
    }
    const session = this.#sessions.get(client)
    const party = session?.party
    if (session === undefined || party === undefined || !session.accepted) {
      granted(new MessageRefused('not-authenticated', 'SUBSCRIBE before the CONNECT was accepted'))
      return
    }
    const named = party.kind === 'device' ? parseSessionTopic(subscription.topic) : undefined
    const full = Object.keys(client.subscriptions).length >= this.#settings.subscriptionsMax
    const may =
      named === undefined
        ? maySubscribe(party, subscription.topic)
        : this.#broadcasts.maySubscribe(session, named.session)
    if (!may || (party.kind !== 'stranger' && full)) {
      this.#refusals.add('subscribe')
      this.#log.warn(
        { event: 'subscribe-refused', ...namesOf(session), filter: told(subscription.topic) },
        'filter refused',
      )
      granted(null, null)
      return
    }
    if (party.kind !== 'stranger') {
      granted(null, named === undefined ? subscription : unheard(client, subscription))
      return
    }
    this.#host.authorizeSubscribe.call(this.#aedes, client as never, subscription, (error, answer) => {
      // The host may have rewritten the filter.
      granted(error, answer && maySubscribe(party, answer.topic) ? answer : null)
    })
  }

  authorizeForward(client: HostClient, packet: AedesPublishPacket): AedesPublishPacket | null | undefined {
    const session = this.#sessions.get(client)
    if (session?.party === undefined || !session.accepted) return null
    const { party } = session
    if (!mayReceive(party, packet.topic)) return null
    const { messageId } = packet as { readonly messageId?: number }
    // Only what was kept for the session has an identifier here.
    if (messageId !== undefined && this.#deliveriesOf(client)?.queued(packet, messageId) === false) return null
    if (client.conn.writableLength > this.#settings.forwardBytesMax) {
      this.#sessions.close(session, 'backlog')
      // Null for a kept session would make Aedes clear another message of its queue; this one is written nowhere now.
      return client.clean ? null : packet
    }
    session.stall.check()
    if (party.kind !== 'stranger') return packet
    const answer = this.#host.authorizeForward.call(this.#aedes, client as never, packet)
    return answer && mayReceive(party, answer.topic) ? answer : null
  }
}
