// MQTT 3.1.1 packets as they stand on a line between a device and its broker: where one ends, and what those say that an
// examination is about. What does not read is told as `undefined`; the broker behind the line judges it.
import { publishHead, topicField } from '../../proto/packets.ts'

/** Longest packet that is waited for, bytes with the fixed header; the protocol's own limit is a quarter of it. */
const packetBytesMax = 1024 * 1024

/** The peer sent a length that no packet of the protocol has. */
export class LineGarbage extends Error {
  override readonly name = 'LineGarbage'
  readonly code = 'LINE_GARBAGE'
}

export type Packet =
  | { readonly kind: 'connect'; readonly bytes: Buffer; readonly connect: Connect | undefined }
  | { readonly kind: 'publish'; readonly bytes: Buffer; readonly publish: Publish }
  | { readonly kind: 'subscribe'; readonly bytes: Buffer; readonly packetId: number; readonly filters: string[] }
  | { readonly kind: 'puback' | 'suback' | 'pubrec' | 'pubcomp'; readonly bytes: Buffer; readonly packetId: number }
  | { readonly kind: 'ping' | 'disconnect' | 'connack' | 'other'; readonly bytes: Buffer }

export interface Connect {
  readonly protocol: string
  readonly level: number
  readonly cleanSession: boolean
  readonly keepAliveSeconds: number
  readonly clientId: string
  readonly userName: string | undefined
  readonly will: { readonly topic: string; readonly retain: boolean; readonly payload: Buffer } | undefined
}

export interface Publish {
  readonly topic: string
  readonly qos: number
  readonly duplicate: boolean
  readonly retain: boolean
  /** 0 at QoS 0. */
  readonly packetId: number
  /** A view of the packet. */
  readonly payload: Buffer
}

/** Cuts a stream into packets, however it comes. */
export class PacketCutter {
  #held: Buffer = Buffer.alloc(0)

  /** The packets that are whole now. Throws LineGarbage. */
  push(bytes: Buffer): Packet[] {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const packets: Packet[] = []
    for (;;) {
      const end = packetEnd(this.#held)
      if (end === undefined || end.next > this.#held.length) return packets
      packets.push(read(this.#held.subarray(0, end.next), end.body))
      this.#held = this.#held.subarray(end.next)
    }
  }
}

/** A PUBLISH at QoS 0. */
export function publication(topic: string, payload: Uint8Array, retain = false): Buffer {
  const packet = Buffer.concat([publishHead(topicField(topic), payload.length), payload])
  if (retain) packet[0] = (packet[0] ?? 0) | 1
  return packet
}

/** CONNACK with a return code. */
export function connectionAnswer(returnCode: number): Buffer {
  return Buffer.of(0x20, 2, 0, returnCode)
}

/** MQTT 3.1.1, 2.2.3: seven bits a byte, the lowest first. */
function packetEnd(bytes: Buffer): { readonly body: number; readonly next: number } | undefined {
  let length = 0
  for (let at = 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    length += (byte & 0x7f) * 128 ** (at - 1)
    if (byte >= 0x80 && at < 4) continue
    if (byte >= 0x80 || at + 1 + length > packetBytesMax) throw new LineGarbage(`a packet of ${length} bytes or more`)
    return { body: at + 1, next: at + 1 + length }
  }
  return undefined
}

const kinds: Readonly<Record<number, 'puback' | 'suback' | 'pubrec' | 'pubcomp'>> = {
  4: 'puback',
  5: 'pubrec',
  7: 'pubcomp',
  9: 'suback',
}

function read(bytes: Buffer, body: number): Packet {
  const type = (bytes[0] ?? 0) >> 4
  const reader = new FieldReader(bytes, body)
  try {
    if (type === 1) return { kind: 'connect', bytes, connect: readConnect(reader) }
    if (type === 3) return { kind: 'publish', bytes, publish: readPublish(bytes[0] ?? 0, reader) }
    if (type === 8) {
      const packetId = reader.number(2)
      const filters: string[] = []
      while (!reader.atEnd) {
        filters.push(reader.text())
        reader.number(1)
      }
      return { kind: 'subscribe', bytes, packetId, filters }
    }
    const kind = kinds[type]
    if (kind !== undefined) return { kind, bytes, packetId: reader.number(2) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return type === 1 ? { kind: 'connect', bytes, connect: undefined } : { kind: 'other', bytes }
  }
  return { kind: type === 12 ? 'ping' : type === 14 ? 'disconnect' : type === 2 ? 'connack' : 'other', bytes }
}

function readConnect(reader: FieldReader): Connect {
  const protocol = reader.text()
  const level = reader.number(1)
  const flags = reader.number(1)
  const keepAliveSeconds = reader.number(2)
  const clientId = reader.text()
  const will =
    (flags & 4) === 0 ? undefined : { topic: reader.text(), payload: reader.field(), retain: (flags & 32) !== 0 }
  const userName = (flags & 128) === 0 ? undefined : reader.text()
  return { protocol, level, cleanSession: (flags & 2) !== 0, keepAliveSeconds, clientId, userName, will }
}

function readPublish(head: number, reader: FieldReader): Publish {
  const qos = (head >> 1) & 3
  const topic = reader.text()
  const packetId = qos === 0 ? 0 : reader.number(2)
  const payload = reader.rest()
  return { topic, qos, duplicate: (head & 8) !== 0, retain: (head & 1) !== 0, packetId, payload }
}

/** Throws RangeError where the packet ends too early. */
class FieldReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  number(size: 1 | 2): number {
    const value = this.#bytes.readUIntBE(this.#at, size)
    this.#at += size
    return value
  }

  field(): Buffer {
    const length = this.number(2)
    if (this.#at + length > this.#bytes.length) throw new RangeError('past the end of the packet')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  text(): string {
    return this.field().toString('utf8')
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }
}
