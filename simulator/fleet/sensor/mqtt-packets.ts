// MQTT 3.1.1 as little of it as a device needs: packets made, and a stream of bytes taken apart into packets. What a peer
// announces is judged at its first bytes: nothing is buffered for a packet that is too large.
import { topicField } from '../../../proto/packets.ts'

export const packetTypes = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const

export interface Packet {
  /** Type in the upper four bits, flags in the lower. */
  readonly head: number
  /** All after the fixed header; a view that is good only during the call it comes with. */
  readonly body: Buffer
}

export function typeOf({ head }: Packet): number {
  return head >> 4
}

export function encodePacket(head: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const lengthBytes = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4
  const packet = Buffer.allocUnsafe(1 + lengthBytes + length)
  let at = 0
  packet[at++] = head
  let left = length
  do {
    packet[at++] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0)
    left >>>= 7
  } while (left > 0)
  for (const part of parts) {
    packet.set(part, at)
    at += part.length
  }
  return packet
}

export function encoded({ head, body }: Packet): Buffer {
  return encodePacket(head, body)
}

export interface ConnectFields {
  readonly clientId: string
  readonly password: string
  readonly keepAliveSeconds: number
  readonly willTopic: string
  readonly willPayload: Uint8Array
}

/** Clean session; user name = client id; will at QoS 0, not retained (3.1). */
export function connectPacket(fields: ConnectFields): Buffer {
  const { clientId, password, keepAliveSeconds, willTopic, willPayload } = fields
  const flags = Buffer.from([4, 0b1100_0110, keepAliveSeconds >> 8, keepAliveSeconds & 0xff])
  const id = topicField(clientId)
  const willLength = Buffer.from([willPayload.length >> 8, willPayload.length & 0xff])
  const will = [topicField(willTopic), willLength, willPayload]
  return encodePacket(0x10, topicField('MQTT'), flags, id, ...will, id, topicField(password))
}

/** `packetId`: of QoS 1; absent: QoS 0. */
export function publishPacketOf(topic: string, payload: Uint8Array, packetId?: number): Buffer {
  if (packetId === undefined) return encodePacket(0x30, topicField(topic), payload)
  return encodePacket(0x32, topicField(topic), idField(packetId), payload)
}

export function subscribePacket(packetId: number, topics: readonly (readonly [topic: string, qos: 0 | 1])[]): Buffer {
  const parts = topics.flatMap(([topic, qos]) => [topicField(topic), Buffer.from([qos])])
  return encodePacket(0x82, idField(packetId), ...parts)
}

export function unsubscribePacket(packetId: number, topics: readonly string[]): Buffer {
  return encodePacket(0xa2, idField(packetId), ...topics.map(topicField))
}

export function idField(packetId: number): Buffer {
  return Buffer.from([packetId >> 8, packetId & 0xff])
}

export interface Published {
  readonly topic: string
  readonly qos: number
  /** At QoS 1 and 2. */
  readonly packetId: number
  /** A view of the packet. */
  readonly payload: Buffer
}

/** Of a PUBLISH; undefined when it is malformed (3.3). */
export function readPublish({ head, body }: Packet): Published | undefined {
  if (body.length < 2) return undefined
  const topicEnd = 2 + body.readUInt16BE(0)
  const qos = (head >> 1) & 3
  const start = qos === 0 ? topicEnd : topicEnd + 2
  if (qos === 3 || body.length < start) return undefined
  const topic = body.toString('utf8', 2, topicEnd)
  return { topic, qos, packetId: qos === 0 ? 0 : body.readUInt16BE(topicEnd), payload: body.subarray(start) }
}

/** The same PUBLISH with another payload. */
export function withPayload({ head, body }: Packet, payload: Uint8Array): Packet {
  const before = body.length - (readPublish({ head, body })?.payload.length ?? 0)
  return { head, body: Buffer.concat([body.subarray(0, before), payload]) }
}

/** PUBLISH at QoS 0, as a broker sends it. */
export function publishOf(topic: string, payload: Uint8Array): Packet {
  return { head: 0x30, body: Buffer.concat([topicField(topic), payload]) }
}

const nothing = Buffer.alloc(0)

export class PacketSplitter {
  readonly #bytesMax: number
  #rest: Buffer = nothing

  /** Largest packet with its fixed header, bytes. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /**
   * Calls `found` for each packet that is whole now, as long as that returns true. Undefined, or what is wrong: then use
   * it no more. `bytes` may be used again by the caller afterwards.
   */
  take(bytes: Buffer, found: (packet: Packet) => boolean): string | undefined {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    while (at < all.length) {
      let length = 0
      let position = at + 1
      // 2.2.3: seven bits a byte, the lowest first, at most four bytes.
      for (let shift = 0; ; shift += 7) {
        if (shift === 28) return 'malformed length'
        const byte = all[position]
        if (byte === undefined) return this.#keep(all, at)
        position += 1
        length += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) break
      }
      const end = position + length
      if (end - at > this.#bytesMax) return `packet of ${end - at} bytes, expected at most ${this.#bytesMax}`
      if (end > all.length) return this.#keep(all, at)
      if (!found({ head: all[at] as number, body: all.subarray(position, end) })) return undefined
      at = end
    }
    this.#rest = nothing
    return undefined
  }

  #keep(all: Buffer, at: number): undefined {
    // A copy: what came may lie in memory that is read into again.
    this.#rest = Buffer.from(all.subarray(at))
  }
}
