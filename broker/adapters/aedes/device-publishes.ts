// The short way of what devices publish at QoS 0 and 1: from the parser to messages.ts and, when that has called back, the
// PUBACK to the socket. Aedes' own way ends there as well, since what we have taken out reaches nobody, but goes through
// its series of handlers, a write and a turn of the event loop for each message; that took as long as all we do with it.
// Here what one commit acknowledges leaves in one write a socket. Events, which are nearly all there is, do not even go
// through the parser where they are whole in what was read (event-packets.ts).
//
//   bytes ─▶ takeEvents ─▶ messages.fromDevice, as below
//      └ from the first other packet on:
//   parser ─▶ take ─▶ messages.fromDevice ─▶ PUBACKs of this moment, gathered ─▶ socket ─▶ client._nextBatch
//               └ anything else: Aedes' own listener
//
// What Aedes promises stays: a client is read on when all its messages have called back, and not while its socket is full.
import type { PublishPacket } from 'aedes'
import { topicField } from '../../../proto/packets.ts'
import { deviceTopic, type Uplink, uplinkOf } from '../../../proto/topics.ts'
import type { AedesDeviceConnection } from './device-connection.ts'
import { eventPacketAt } from './event-packets.ts'
import type { HostClient } from './internals.ts'
import { type Messages, payloadOf } from './messages.ts'
import type { Session, Sessions } from './sessions.ts'

type Packet = { readonly cmd: string }

export class DevicePublishes {
  readonly #sessions: Sessions
  readonly #messages: Messages
  readonly #isOurs: () => boolean
  readonly #packetBytesMax: number
  /** Message ids to be acknowledged, of the connections that have some. */
  #gathered = new Map<HostClient, number[]>()

  /** `isOurs`: asked for every message; false while Aedes' way is to be gone. `packetBytesMax`: of a device. */
  constructor(sessions: Sessions, messages: Messages, isOurs: () => boolean, packetBytesMax: number) {
    this.#sessions = sessions
    this.#messages = messages
    this.#isOurs = isOurs
    this.#packetBytesMax = packetBytesMax
  }

  /** Once for each client, before its first packet. Aedes takes all listeners away when it closes the client. */
  fit(client: HostClient): void {
    const parser = client._parser
    const listeners = parser.listeners('packet')
    parser.removeAllListeners('packet')
    parser.on('packet', packet => {
      if (this.#take(client, packet)) return
      for (const listener of listeners) listener.call(parser, packet)
    })
    const parse = parser.parse
    let topic: Buffer | undefined
    parser.parse = bytes => {
      const session = this.#sessions.get(client)
      const connection = session?.connection
      // In the middle of a packet only the parser knows what these bytes are.
      const isBetween = parser._stateCounter === 0 && parser._list.length === 0
      if (!isBetween || session === undefined || connection === undefined || !client.connected || !this.#isOurs())
        return parse.call(parser, bytes)
      topic ??= topicField(deviceTopic(connection.device, 'events'))
      const taken = this.#takeEvents(client, session, connection, topic, bytes)
      return taken === bytes.length ? 0 : parse.call(parser, taken === 0 ? bytes : bytes.subarray(taken))
    }
  }

  /** How many bytes of whole events stood in front; all of them when the connection was closed over one. */
  #takeEvents(
    client: HostClient,
    session: Session,
    connection: AedesDeviceConnection,
    topic: Buffer,
    bytes: Buffer,
  ): number {
    let at = 0
    for (;;) {
      const packet = eventPacketAt(bytes, at, topic, this.#packetBytesMax)
      if (packet === undefined) break
      const { messageId, payloadAt, end } = packet
      this.#hand(client, session, connection, 'events', bytes.subarray(payloadAt, end), messageId)
      if (client.closed || client.errored || client.conn.destroyed) return bytes.length
      at = end
    }
    if (at > 0 && client._keepaliveInterval > 0) client._keepaliveTimer?.refresh()
    return at
  }

  /** `messageId`: 0 at QoS 0. */
  #hand(
    client: HostClient,
    session: Session,
    connection: AedesDeviceConnection,
    uplink: Uplink,
    payload: Uint8Array,
    messageId: number,
  ): void {
    client._parsingBatch++
    this.#messages.fromDevice(session, connection, uplink, payload, error => {
      if (error) client._nextBatch(error)
      else if (messageId !== 0) this.#acknowledge(client, messageId)
      // Not at once: the parser may be at work still, and would parse on inside.
      else queueMicrotask(client._nextBatch)
    })
  }

  /** False when it is not for us. */
  #take(client: HostClient, packet: Packet): boolean {
    if (packet.cmd !== 'publish' || !client.connected || !this.#isOurs()) return false
    const publish = packet as PublishPacket
    const session = this.#sessions.get(client)
    const connection = session?.connection
    if (session === undefined || connection === undefined || publish.qos === 2) return false
    const uplink = uplinkOf(connection.device, publish.topic)
    if (uplink === undefined) return false
    const { qos, messageId = 0 } = publish
    this.#hand(client, session, connection, uplink, payloadOf(publish), qos === 1 ? messageId : 0)
    if (client._keepaliveInterval > 0) client._keepaliveTimer?.refresh()
    return true
  }

  #acknowledge(client: HostClient, messageId: number): void {
    // What one commit ends comes back in one go of the microtasks: this one runs behind the last of them.
    if (this.#gathered.size === 0) queueMicrotask(() => this.#send())
    const ids = this.#gathered.get(client)
    if (ids === undefined) this.#gathered.set(client, [messageId])
    else ids.push(messageId)
  }

  #send(): void {
    const gathered = this.#gathered
    this.#gathered = new Map()
    for (const [client, ids] of gathered) {
      if (client.closed || client.conn.destroyed) continue
      const readOn = (error?: Error | null): void => {
        if (error) client._nextBatch(error)
        else for (const _ of ids) client._nextBatch()
      }
      if (client.conn.write(pubacksOf(ids)) || client.errored) readOn()
      else client.waitForDrain(readOn)
    }
  }
}

/** MQTT 3.1.1, 3.4: four bytes each. */
function pubacksOf(ids: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * ids.length)
  for (const [index, id] of ids.entries()) bytes.writeUInt32BE(pubackHead + id, 4 * index)
  return bytes
}

/** Type 4 and no flags, two bytes to come; the message id follows. */
const pubackHead = 0x4002_0000
