// The packets of one client on their way from the parser to Aedes. Aedes begins with all packets of a segment at once, so
// what depends on the one before may come too early: a SUBSCRIBE misses the retained message before it, a QoS 0
// message overtakes a retained one, a QoS 2 message sent twice is published twice, its PUBREL meets the next message of
// the same identifier. Here those wait until all before them have called back, and all others wait for them:
//
//   alone      SUBSCRIBE, UNSUBSCRIBE, PUBREL, DISCONNECT, a PUBLISH that is retained or QoS 2
//   together   every other PUBLISH, acknowledgements, PINGREQ
//
// Acknowledgements are compared with what was sent on the way, and a filter given twice gets two codes in its SUBACK.
import type { PublishPacket, Subscription } from 'aedes'
import { MessageRefused } from '../../errors.ts'
import type { HostBroker, HostClient, Method } from './internals.ts'
import type { PacketIds } from './packet-ids.ts'

interface Packet {
  readonly cmd: string
  readonly qos?: number
  readonly retain?: boolean
  messageId?: number
  subscriptions?: readonly Subscription[]
}

export class PacketOrder {
  readonly #aedes: HostBroker
  readonly #client: HostClient
  readonly #ids: PacketIds
  readonly #isRefused: (subscription: Subscription) => boolean
  readonly #pass: (packet: Packet) => void
  #held: Packet[] = []
  /** With Aedes, and not called back. */
  #underWay = 0
  #alone = false
  #advancing = false

  /** Takes the place of Aedes' listener, once, before the first packet. `isRefused` is asked behind authorizeSubscribe. */
  constructor(
    aedes: HostBroker,
    client: HostClient,
    ids: PacketIds,
    isRefused: (subscription: Subscription) => boolean,
  ) {
    this.#aedes = aedes
    this.#client = client
    this.#ids = ids
    this.#isRefused = isRefused
    const parser = client._parser
    const listeners = parser.listeners('packet')
    this.#pass = packet => {
      for (const listener of listeners) listener.call(parser, packet)
    }
    parser.removeAllListeners('packet')
    parser.on('packet', packet => this.take(packet))
    client.once('connected', () => this.#advance())
    client.conn.once('close', () => this.#publishHeld())
  }

  take(packet: Packet): void {
    const client = this.#client
    if (packet.cmd === 'connect') {
      this.#pass(packet)
      return
    }
    if (client._keepaliveInterval > 0) client._keepaliveTimer?.refresh()
    // The will is gone from here on, however long this packet waits [MQTT-3.14.4-3].
    if (packet.cmd === 'disconnect') client._disconnected = true
    if (client.connected && this.#held.length === 0 && this.#mayGo(packet)) {
      this.#hand(packet, false)
      return
    }
    if (!client.connected && this.#held.length >= this.#aedes.queueLimit) {
      client._parser._emitError(new MessageRefused('packet-malformed', 'too many packets before CONNACK'))
      return
    }
    // Aedes reads no further while anything waits.
    client._parsingBatch++
    this.#held.push(packet)
  }

  #mayGo(packet: Packet): boolean {
    return !this.#alone && (this.#underWay === 0 || !goesAlone(packet))
  }

  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    for (;;) {
      const [next] = this.#held
      if (next === undefined || this.#client.closed || !this.#mayGo(next)) break
      this.#held.shift()
      this.#hand(next, true)
    }
    this.#advancing = false
  }

  #hand(packet: Packet, held: boolean): void {
    const client = this.#client
    const problem = this.#acknowledged(packet)
    if (problem === 'answered') {
      // Not at once: the parser may be at work still, and would parse on inside.
      if (held) queueMicrotask(client._nextBatch)
      return
    }
    if (problem !== undefined) {
      client._parser._emitError(new MessageRefused('packet-malformed', problem))
      return
    }
    if (held) client._parsingBatch--
    const alone = goesAlone(packet)
    this.#underWay++
    if (alone) this.#alone = true
    const nextBatch = client._nextBatch
    const answer = this.#ownAnswer(packet)
    let open = true
    const done = (error?: Error | null): void => {
      if (open) {
        open = false
        this.#underWay--
        if (alone) this.#alone = false
        if (!error) answer?.()
      }
      nextBatch(error)
      this.#advance()
    }
    // Aedes looks this up when it is given the packet, for what it calls at the packet's end.
    client._nextBatch = done
    try {
      this.#pass(packet)
    } finally {
      client._nextBatch = nextBatch
    }
  }

  /** Undefined when the packet is Aedes' to handle; a text when it ends the connection. */
  #acknowledged({ cmd, messageId = 0 }: Packet): string | 'answered' | undefined {
    if (cmd !== 'puback' && cmd !== 'pubrec' && cmd !== 'pubcomp') return undefined
    const meaning = this.#ids.acknowledged(messageId, cmd)
    if (meaning === 'wrong') return `${cmd} for a message that waits for something else (4.3)`
    if (cmd !== 'pubrec' && this.#client.clean) {
      // Aedes would begin a queue for this client in its persistence, and never end it.
      this.#aedes.emit('ack', undefined, this.#client)
      return 'answered'
    }
    if (meaning === 'expected' || cmd !== 'pubrec') return undefined
    // Of a message nobody knows any more: the exchange is brought to its end.
    const pubrel = Buffer.from([0x62, 0x02, messageId >> 8, messageId & 0xff])
    if (!this.#client.conn.destroyed) this.#client.conn.write(pubrel)
    return 'answered'
  }

  /** Aedes answers once for each different filter; MQTT wants a code for each that was sent [MQTT-3.8.4-5, 3.9.3-1]. */
  #ownAnswer(packet: Packet): (() => void) | undefined {
    const { cmd, subscriptions = [], messageId = 0 } = packet
    if (cmd !== 'subscribe') return undefined
    // The last of the same filter is the one Aedes asks about.
    const asked = new Map(subscriptions.map(subscription => [subscription.topic, subscription]))
    if (asked.size === subscriptions.length) return undefined
    const requested = subscriptions.map(subscription => ({ topic: subscription.topic, qos: subscription.qos }))
    // Without an identifier Aedes answers nothing.
    delete packet.messageId
    return () => {
      const codes = requested.map(({ topic, qos }) => {
        const last = asked.get(topic)
        return last === undefined || this.#isRefused(last) ? 0x80 : qos
      })
      if (!this.#client.conn.destroyed) this.#client.conn.write(subackOf(messageId, codes))
    }
  }

  #publish(packet: PublishPacket): void {
    const publish = this.#aedes.publish as (packet: PublishPacket, ...more: never[]) => void as Method
    publish.call(this.#aedes, packet, this.#client, () => {})
  }

  /** They came before the end, and at QoS 0 and 1 nobody will send them again for the want of an answer. */
  #publishHeld(): void {
    const held = this.#held
    this.#held = []
    for (const packet of held) {
      if (packet.cmd !== 'publish' || packet.qos === 2 || this.#aedes.closed) continue
      const publish = packet as unknown as PublishPacket
      this.#aedes.authorizePublish(this.#client as never, publish, error => {
        if (!error) this.#publish(publish)
      })
    }
  }
}

function goesAlone({ cmd, qos = 0, retain = false }: Packet): boolean {
  if (cmd === 'publish') return retain || qos === 2
  return cmd === 'subscribe' || cmd === 'unsubscribe' || cmd === 'pubrel' || cmd === 'disconnect'
}

function subackOf(messageId: number, codes: readonly number[]): Buffer {
  const body = Buffer.from([messageId >> 8, messageId & 0xff, ...codes])
  const lengthBytes = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7]
  return Buffer.concat([Buffer.from([0x90, ...lengthBytes]), body])
}
