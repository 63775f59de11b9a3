// What clients publish. Messages of devices and operators are taken out here, in authorizePublish, because Aedes writes
// the PUBACK right after it and before anything is stored (finding 1): the callback waits until the message is durable.
// Then the packet is turned into an empty one on a topic nobody reads, so nothing of ours goes through the emitter. Most
// messages of devices do not even come by that hook (device-publishes.ts).
//
// Aedes reads no further from a client while its messages wait (D2), so only those wait that are acknowledged for
// something: hello, events, an operator's request. `chunks/request`, `progress` and `presence` pass at once; telemetry is
// not taken out at all.
import type { PublishPacket } from 'aedes'
import type { DeviceId } from '../../../proto/ids.ts'
import type { Uplink } from '../../../proto/topics.ts'
import { isTelemetryOf, parseOperatorRequest, uplinkOf } from '../../../proto/topics.ts'
import { TokenBuckets } from '../../core/token-bucket.ts'
import { MessageRefused } from '../../errors.ts'
import type { Clock, Log, MqttEvents } from '../../ports.ts'
import { Deadlines, TimedOut } from './deadline.ts'
import type { AedesDeviceConnection } from './device-connection.ts'
import type { Hooks, HostBroker, HostClient } from './internals.ts'
import { isReserved, mayPublish, sinkTopic } from './rights.ts'
import { namesOf, type Session, type Sessions } from './sessions.ts'
import type { AedesSettings } from './settings.ts'
import type { Tally } from './tally.ts'
import { told } from './told.ts'

export type Callback = (error?: Error | null) => void

const waiting: Readonly<Record<Uplink, boolean>> = {
  hello: true,
  events: true,
  progress: false,
  'chunks/request': false,
  presence: false,
  configuration: true,
  log: true,
  certificate: true,
}

export class Messages {
  readonly #aedes: HostBroker
  readonly #host: Hooks
  readonly #events: MqttEvents
  readonly #sessions: Sessions
  readonly #settings: AedesSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #closures: Tally
  readonly #records: TokenBuckets
  readonly #requests: TokenBuckets
  readonly #deadlines: Deadlines

  constructor(parts: {
    readonly aedes: HostBroker
    readonly host: Hooks
    readonly events: MqttEvents
    readonly sessions: Sessions
    readonly settings: AedesSettings
    readonly clock: Clock
    readonly log: Log
    readonly closures: Tally
  }) {
    this.#aedes = parts.aedes
    this.#host = parts.host
    this.#events = parts.events
    this.#sessions = parts.sessions
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#log = parts.log
    this.#closures = parts.closures
    this.#records = new TokenBuckets(parts.settings.records, rememberedMax)
    this.#requests = new TokenBuckets(parts.settings.requests, rememberedMax)
    this.#deadlines = new Deadlines(parts.clock, parts.settings.messageTimeoutMs)
  }

  authorizePublish(client: HostClient | null, packet: PublishPacket, callback: Callback): void {
    // Aedes asks with null for wills of clients of a broker that is gone; those are strangers' wills, ours are not kept there.
    if (client === null) {
      this.#askHost(null, packet, callback)
      return
    }
    const session = this.#sessions.get(client)
    if (session === undefined || session.party === undefined || !session.accepted) {
      callback(new MessageRefused('not-authenticated', 'PUBLISH before the CONNECT was accepted'))
      return
    }
    if (!mayPublish(session.party, packet.topic)) {
      this.#refuse(session, callback, denied(packet.topic))
      return
    }
    switch (session.party.kind) {
      case 'device':
        this.#takeUplink(session, packet, callback)
        return
      case 'operator':
        this.#takeRequest(session, packet, callback)
        return
      case 'stranger':
        this.#askHost(client, packet, callback)
        return
    }
  }

  #askHost(client: HostClient | null, packet: PublishPacket, callback: Callback): void {
    if (isReserved(packet.topic)) {
      callback(denied(packet.topic))
      return
    }
    this.#host.authorizePublish.call(this.#aedes, client as never, packet, error => {
      // The host may have rewritten the topic.
      callback(error ?? (isReserved(packet.topic) ? denied(packet.topic) : null))
    })
  }

  #takeUplink(session: Session, packet: PublishPacket, callback: Callback): void {
    const { connection } = session
    if (connection !== undefined && isTelemetryOf(connection.device, packet.topic)) {
      this.#passTelemetry(session, connection.device, packet, callback)
      return
    }
    const uplink = connection === undefined ? undefined : uplinkOf(connection.device, packet.topic)
    if (connection === undefined || uplink === undefined) {
      this.#refuse(session, callback, denied(packet.topic))
      return
    }
    this.fromDevice(session, connection, uplink, takeOut(packet), released(packet, callback))
  }

  /** What an accepted device publishes on an uplink of its own. `payload`: a view of what was read, nobody's after this. */
  fromDevice(
    session: Session,
    connection: AedesDeviceConnection,
    uplink: Uplink,
    payload: Uint8Array,
    callback: Callback,
  ): void {
    const buckets = uplink === 'progress' || uplink === 'chunks/request' ? this.#requests : this.#records
    if (!this.#admits(session, buckets, connection.device, callback)) return
    this.#follow(session, waiting[uplink], callback, this.#events.deviceMessage(connection, uplink, payload))
  }

  /** It is no business of ours: it goes on through the emitter, at QoS 0 and never kept, to whoever listens now. */
  #passTelemetry(session: Session, device: DeviceId, packet: PublishPacket, callback: Callback): void {
    if (!this.#requests.take(`${device}/telemetry`, this.#clock.monotonic())) {
      this.#refuse(session, callback, new MessageRefused('rate', 'more messages than one client may send'))
      return
    }
    packet.retain = false
    released(packet, callback)(null)
  }

  #takeRequest(session: Session, packet: PublishPacket, callback: Callback): void {
    const request = parseOperatorRequest(packet.topic)
    if (request === undefined || session.party?.kind !== 'operator') {
      this.#refuse(session, callback, denied(packet.topic))
      return
    }
    const { principal } = session.party
    const payload = takeOut(packet)
    const done = released(packet, callback)
    if (!this.#admits(session, this.#records, `operator/${principal.name}`, done)) return
    this.#follow(session, true, done, this.#events.operatorMessage(principal, request.verb, payload))
  }

  /** False when the message is one too many, and has been refused. */
  #admits(session: Session, buckets: TokenBuckets, key: string, callback: Callback): boolean {
    if (!buckets.take(key, this.#clock.monotonic())) {
      this.#refuse(session, callback, new MessageRefused('rate', 'more messages than one client may send'))
      return false
    }
    if (session.inFlight >= this.#settings.inFlightMessagesMax) {
      this.#refuse(session, callback, new MessageRefused('in-flight', 'too many messages without acknowledgement'))
      return false
    }
    return true
  }

  /**
   * Calls back when the work is done, or at once when nobody `waits` for it. Of the message itself nothing is held here:
   * thousands may be on their way to the disk, and each would keep the bytes of the read that brought it.
   */
  #follow(session: Session, waits: boolean, callback: Callback, work: Promise<void>): void {
    session.inFlight++
    let open = true
    const ended = (error: Error | undefined): void => {
      if (!open) return
      open = false
      session.inFlight--
      if (deadline !== undefined) this.#deadlines.remove(deadline)
      if (error !== undefined) this.#refuse(session, waits ? callback : undefined, error)
      else if (waits && !session.client.closed) callback(null)
    }
    const { messageTimeoutMs } = this.#settings
    const deadline = waits ? this.#deadlines.add(() => ended(new TimedOut(messageTimeoutMs))) : undefined
    work.then(() => ended(undefined), ended)
    if (!waits) callback(null)
  }

  /** Closes the connection: an error in the callback is Aedes' way to do that, and there is no PUBACK then. */
  #refuse(session: Session, callback: Callback | undefined, error: Error): void {
    if (session.ended || session.client.closed) {
      callback?.(error)
      return
    }
    const reason = error instanceof MessageRefused ? error.reason : 'message-failed'
    this.#closures.add(reason)
    this.#log.warn({ event: 'message-refused', ...namesOf(session), reason, err: error }, 'message refused')
    if (callback === undefined) session.client.close()
    else callback(error)
  }
}

/** Identities whose message rate is remembered. */
const rememberedMax = 100_000

function denied(topic: string): MessageRefused {
  return new MessageRefused('acl-denied', `publishing on ${JSON.stringify(told(topic))} is not allowed`)
}

const nothing = Buffer.alloc(0)

/** The payload; the packet is left without it, without its topic, and never retained (trap G). */
function takeOut(packet: PublishPacket): Uint8Array {
  const payload = payloadOf(packet)
  packet.topic = sinkTopic
  packet.payload = nothing
  packet.retain = false
  return payload
}

export function payloadOf({ payload }: PublishPacket): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload
}

/** Aedes makes PUBACK or PUBREC inside the callback; what it routes afterwards is QoS 0, so nobody's queue gets it. */
function released(packet: PublishPacket, callback: Callback): Callback {
  return error => {
    callback(error)
    if (!error) packet.qos = 0
  }
}
