// How a message goes from the emitter to the socket of one client, in place of Aedes' own `deliver0` and `deliverQoS`.
// Aedes counts packet identifiers from anywhere and uses them twice, hands on the publisher's DUP, lets a wildcard raise
// the QoS above what was granted or an exact filter lower it, and writes to a kept session before its CONNACK. Here:
//
//   emitter ─▶ once a message [MQTT-3.3.5-1] ─▶ authorizeForward ─▶ QoS of the widest filter that matches ─▶ identifier
//           ─▶ the kept session remembers it ─▶ socket
//
// Messages that were kept while the client was away come by Aedes' way (emptyQueue), and are set right in `queued`.
import type { AedesPublishPacket } from 'aedes'
import type { Log } from '../../ports.ts'
import type { HostBroker, HostClient, StoredPacket } from './internals.ts'
import { PacketIds } from './packet-ids.ts'
import { matches } from './topic-filter.ts'

type Callback = (error?: Error | null) => void
type Delivered = AedesPublishPacket & { messageId?: number }

export class ClientDeliveries {
  readonly ids = new PacketIds()
  readonly #aedes: HostBroker
  readonly #client: HostClient
  readonly #log: Log
  readonly #close: (reason: string) => void
  /** Identifiers that an earlier connection of the session has sent: they go out again with DUP [MQTT-3.3.1-1]. */
  readonly #sentBefore = new Set<number>()
  /** Live messages that came while the kept ones were still going out, and which of those have [MQTT-4.6.0-6]. */
  #waiting: (() => void)[] = []
  readonly #drained = new Set<string>()
  #lastBroker: string | undefined
  #lastNumber = 0

  constructor(aedes: HostBroker, client: HostClient, log: Log, close: (reason: string) => void) {
    this.#aedes = aedes
    this.#client = client
    this.#log = log
    this.#close = close
  }

  /** Once, before the client's first packet. */
  fit(): void {
    const client = this.#client
    client.deliver0 = (packet, callback) => this.#deliver(packet, callback)
    client.deliverQoS = client.deliver0
    // Aedes' own numbering, for kept messages: read, then set to the next one.
    Object.defineProperty(client, '_nextId', {
      configurable: true,
      get: () => this.ids.next ?? 1,
      set: () => {
        this.ids.take('any')
      },
    })
    client.once('connected', () => this.#goOn())
    client.conn.once('close', () => this.#goOn())
  }

  /** What is kept for the session has its identifiers from an earlier connection: no new message may get them. */
  async recall(): Promise<void> {
    for await (const packet of this.#aedes.persistence.outgoingStream(this.#client)) {
      const { cmd, messageId, qos } = packet as StoredPacket
      if (messageId === undefined) continue
      if (cmd === 'publish') this.#sentBefore.add(messageId)
      this.ids.hold(messageId, cmd === 'publish' ? awaitedFor(qos ?? 1) : 'pubcomp')
    }
  }

  /**
   * A kept message on its way out, in authorizeForward: it has its identifier, and Aedes writes the object itself. False
   * when nobody subscribed to it: Aedes' tables match `#` with `$` [MQTT-4.7.2-1].
   */
  queued(packet: Delivered, messageId: number): boolean {
    if (this.#client.clean) {
      // Of a session that ends here: Aedes throws it away.
      this.ids.release(messageId)
      return false
    }
    this.#drained.add(`${packet.brokerId}/${packet.brokerCounter}`)
    if (this.#sentBefore.delete(messageId)) {
      packet.dup = true
      return true
    }
    const granted = this.#granted(packet.topic)
    if (granted === undefined && packet.topic.startsWith('$')) {
      this.ids.release(messageId)
      return false
    }
    if (granted !== undefined && granted < packet.qos) packet.qos = granted as 0 | 1 | 2
    if (packet.qos > 0) this.ids.hold(messageId, awaitedFor(packet.qos))
    else this.#forget(messageId)
    return true
  }

  #deliver(packet: Delivered, callback: Callback): void {
    const client = this.#client
    // Set by a subscription, and by it alone.
    const subscribed = Object.hasOwn(packet, 'nl')
    const kept = !client.clean && packet.qos > 0
    if (subscribed && this.#isRepeated(packet)) setImmediate(callback)
    else if (subscribed && kept && !client.connected && !client.closed) {
      this.#waiting.push(() => {
        if (this.#drained.has(`${packet.brokerId}/${packet.brokerCounter}`)) setImmediate(callback)
        else this.#forward(packet, subscribed, callback)
      })
    } else if (client.closed || !client.connackSent) setImmediate(callback)
    else this.#forward(packet, subscribed, callback)
  }

  #goOn(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
    this.#drained.clear()
  }

  #forward(packet: Delivered, subscribed: boolean, callback: Callback): void {
    const client = this.#client
    const granted = subscribed || packet.retain ? this.#granted(packet.topic) : packet.qos
    const hidden = granted === undefined && packet.topic.startsWith('$')
    const forward = hidden || client.closed ? null : this.#aedes.authorizeForward(client as never, packet)
    if (!forward) {
      if (subscribed && !client.clean && packet.qos > 0 && !client.closed) this.#drop(packet)
      setImmediate(callback)
      return
    }
    const qos = Math.min(forward.qos, granted ?? forward.qos)
    setImmediate(() => {
      if (qos === 0) this.#write(forward, 0, 0, callback)
      else this.#deliverCounted(forward, qos, subscribed, callback)
    })
  }

  #deliverCounted(packet: Delivered, qos: number, subscribed: boolean, callback: Callback): void {
    const client = this.#client
    const messageId = client.closed ? undefined : this.ids.take(awaitedFor(qos))
    if (messageId === undefined) {
      if (!client.closed) this.#close('in-flight')
      callback()
      return
    }
    if (client.clean) {
      this.#write(packet, qos, messageId, callback)
      return
    }
    this.#remember(packet, messageId, subscribed).then(
      () => this.#write(packet, qos, messageId, callback),
      error => {
        this.#failed(error)
        callback()
      },
    )
  }

  /** The session's queue gets the identifier, so that an acknowledgement ends it and a reconnect repeats it [MQTT-4.4.0-1]. */
  async #remember(packet: Delivered, messageId: number, subscribed: boolean): Promise<void> {
    const { persistence } = this.#aedes
    const client = this.#client
    if (subscribed) {
      const { brokerId, brokerCounter } = packet
      try {
        await persistence.outgoingUpdate(client, { brokerId, brokerCounter, messageId })
        return
      } catch {
        // Aedes keeps for fewer than it delivers to (filters with + and empty levels): kept below, as a retained one is.
      }
    }
    const numbered = { ...packet, brokerId: this.#aedes.id, brokerCounter: ++this.#aedes.counter }
    await persistence.outgoingEnqueue({ clientId: client.id }, numbered)
    const { brokerId, brokerCounter } = numbered
    await persistence.outgoingUpdate(client, { brokerId, brokerCounter, messageId })
  }

  /** Plain Aedes would take another message off the queue, the first without an identifier. */
  #drop({ brokerId, brokerCounter }: Delivered): void {
    const { persistence } = this.#aedes
    const messageId = this.ids.take('any')
    if (messageId === undefined) return
    persistence
      .outgoingUpdate(this.#client, { brokerId, brokerCounter, messageId })
      .then(() => persistence.outgoingClearMessageId(this.#client, { messageId }))
      .catch(error => this.#failed(error))
      .finally(() => this.ids.release(messageId))
  }

  #forget(messageId: number): void {
    this.ids.release(messageId)
    this.#aedes.persistence.outgoingClearMessageId(this.#client, { messageId }).catch(error => this.#failed(error))
  }

  #failed(error: unknown): void {
    this.#log.error({ event: 'persistence-failed', err: error }, 'a message of a kept session was not kept')
  }

  /** The emitter calls all filters of a client for one message before it takes the next one. */
  #isRepeated({ brokerId, brokerCounter }: Delivered): boolean {
    if (brokerId === this.#lastBroker && brokerCounter === this.#lastNumber) return true
    this.#lastBroker = brokerId
    this.#lastNumber = brokerCounter
    return false
  }

  /** The highest QoS granted to a filter that matches [MQTT-3.3.5-1, 3.8.4-6]; undefined when none does. */
  #granted(topic: string): number | undefined {
    let highest: number | undefined
    for (const [filter, subscription] of Object.entries(this.#client.subscriptions)) {
      const { qos = 0 } = subscription as { readonly qos?: number }
      if ((highest === undefined || qos > highest) && matches(filter, topic)) highest = qos
    }
    return highest
  }

  #write(packet: Delivered, qos: number, messageId: number, callback: Callback): void {
    const client = this.#client
    const { conn } = client
    if (client.closed || conn.destroyed) {
      callback()
      return
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    conn.cork()
    conn.write(headOf(packet.topic, payload.length, { qos, messageId, retain: packet.retain }))
    const room = payload.length === 0 ? !conn.writableNeedDrain : conn.write(payload)
    conn.uncork()
    if (room || client.errored) setImmediate(callback)
    else client.waitForDrain(callback)
  }
}

function awaitedFor(qos: number): 'puback' | 'pubrec' {
  return qos === 2 ? 'pubrec' : 'puback'
}

/** PUBLISH up to its payload; DUP is 0, whatever the publisher's was [MQTT-3.3.1-3]. */
function headOf(
  topic: string,
  payloadBytes: number,
  { qos, messageId, retain }: { readonly qos: number; readonly messageId: number; readonly retain: boolean },
): Buffer {
  const topicBytes = Buffer.byteLength(topic)
  let length = 2 + topicBytes + (qos > 0 ? 2 : 0) + payloadBytes
  const lengthBytes = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4
  const head = Buffer.allocUnsafe(1 + lengthBytes + length - payloadBytes)
  let at = head.writeUInt8(0x30 | (qos << 1) | (retain ? 1 : 0))
  do {
    const more = length > 127
    at = head.writeUInt8((length & 0x7f) | (more ? 0x80 : 0), at)
    length >>>= 7
  } while (length > 0)
  at = head.writeUInt16BE(topicBytes, at)
  at += head.write(topic, at)
  if (qos > 0) head.writeUInt16BE(messageId, at)
  return head
}
