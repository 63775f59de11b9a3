// Whether the bytes of one packet are a packet that a client of MQTT 3.1 or 3.1.1 may send: type and flags, every length,
// every string, nothing left over. Pure, and asked before Aedes' parser, which lets most of this pass. What depends on
// what came before (a second CONNECT, an acknowledgement of something else) is not judged here.
import { isUtf8 } from 'node:buffer'
import { filterProblem } from './topic-filter.ts'

/** What is wrong; `level`: the protocol is one we do not speak, which is answered with return code 1 [MQTT-3.1.2-2]. */
export interface FormProblem {
  readonly text: string
  readonly level?: true
}

/**
 * `first` is the first byte of the fixed header, `length` the remaining length. `body` is what follows the fixed header;
 * of a PUBLISH the part before the payload is enough.
 */
export function formProblem(first: number, length: number, body: Buffer): FormProblem | undefined {
  const text = problemOf(first, length, body)
  return typeof text === 'string' ? { text } : text
}

/** Bytes of a PUBLISH body that formProblem looks at, when so many have come. */
export function publishFront(first: number, topicBytes: number): number {
  return 2 + topicBytes + ((first & 0x06) === 0 ? 0 : 2)
}

function problemOf(first: number, length: number, body: Buffer): string | FormProblem | undefined {
  const type = first >> 4
  if (type !== types.publish && (first & 0x0f) !== flagsOf(type)) {
    return `packet type ${type} with header flags ${first & 0x0f} [MQTT-2.2.2-2]`
  }
  switch (type) {
    case types.connect:
      return connectProblem(new Reader(body))
    case types.publish:
      return publishProblem(first, length, body)
    case types.puback:
    case types.pubrec:
    case types.pubrel:
    case types.pubcomp:
      if (length !== 2) return `an acknowledgement of ${length} bytes, always 2`
      return body.readUInt16BE(0) === 0 ? 'packet identifier 0 [MQTT-2.3.1-1]' : undefined
    case types.subscribe:
      return subscribeProblem(new Reader(body), true)
    case types.unsubscribe:
      return subscribeProblem(new Reader(body), false)
    case types.pingreq:
    case types.disconnect:
      return length === 0 ? undefined : `packet type ${type} with ${length} bytes, always none`
    default:
      return `packet type ${type} is none that a client sends`
  }
}

const types = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const

/** Table 2.2 of MQTT 3.1.1. */
function flagsOf(type: number): number {
  return type === types.pubrel || type === types.subscribe || type === types.unsubscribe ? 2 : 0
}

function connectProblem(reader: Reader): string | FormProblem | undefined {
  const name = reader.text()
  const level = reader.byte()
  if (name !== 'MQTT' && name !== 'MQIsdp') return 'another protocol [MQTT-3.1.2-1]'
  if (level === undefined) return short
  if (level !== (name === 'MQTT' ? 4 : 3)) return { text: `protocol level ${level} [MQTT-3.1.2-2]`, level: true }
  const flags = reader.byte()
  if (flags === undefined || reader.number() === undefined) return short
  if ((flags & 0x01) !== 0) return 'the reserved flag of CONNECT [MQTT-3.1.2-3]'
  const will = (flags & 0x04) !== 0
  if (!will && (flags & 0x38) !== 0) return 'will QoS or retain without a will [MQTT-3.1.2-11, -13, -15]'
  if ((flags & 0x18) === 0x18) return 'will QoS 3 [MQTT-3.1.2-14]'
  if ((flags & 0xc0) === 0x40) return 'a password without a user name [MQTT-3.1.2-22]'
  if (reader.text() === undefined) return reader.problem('client id')
  if (will) {
    const topic = reader.text()
    if (topic === undefined) return reader.problem('will topic')
    if (topic === '' || /[+#]/.test(topic)) return 'a will topic that is empty or has wildcards [MQTT-4.7.1-1, 4.7.3-1]'
    if (!reader.bytes()) return short
  }
  if ((flags & 0x80) !== 0 && reader.text() === undefined) return reader.problem('user name')
  if ((flags & 0x40) !== 0 && !reader.bytes()) return short
  return reader.atEnd ? undefined : leftOver
}

function publishProblem(first: number, length: number, front: Buffer): string | undefined {
  const qos = (first >> 1) & 0x03
  if (qos === 3) return 'QoS 3 [MQTT-3.3.1-4]'
  if (qos === 0 && (first & 0x08) !== 0) return 'DUP on a PUBLISH at QoS 0 [MQTT-3.3.1-2]'
  const topicBytes = front.length < 2 ? 0 : front.readUInt16BE(0)
  if (length < publishFront(first, topicBytes)) return short
  if (topicBytes === 0) return 'an empty topic [MQTT-4.7.3-1]'
  const topic = front.subarray(2, 2 + topicBytes)
  if (!plain(topic)) {
    const problem = textProblem(topic)
    if (problem !== undefined) return `${problem} in a topic`
  }
  if (topic.includes(0x2b) || topic.includes(0x23)) return 'a wildcard in a topic name [MQTT-3.3.2-2]'
  if (qos > 0 && front.readUInt16BE(2 + topicBytes) === 0) return 'PUBLISH with packet identifier 0 [MQTT-2.3.1-1]'
  return undefined
}

function subscribeProblem(reader: Reader, withQos: boolean): string | undefined {
  const id = reader.number()
  if (id === undefined) return short
  if (id === 0) return 'packet identifier 0 [MQTT-2.3.1-1]'
  if (reader.atEnd) return 'no topic filter [MQTT-3.8.3-3, 3.10.3-2]'
  while (!reader.atEnd) {
    const filter = reader.text()
    if (filter === undefined) return reader.problem('topic filter')
    const problem = filterProblem(filter)
    if (problem !== undefined) return problem
    if (!withQos) continue
    const qos = reader.byte()
    if (qos === undefined) return short
    if (qos > 2) return `requested QoS ${qos} [MQTT-3-8.3-4]`
  }
  return undefined
}

/** Reads on as long as bytes and texts are whole; undefined, and at the end, otherwise. */
class Reader {
  readonly #bytes: Buffer
  #at = 0
  #problem = short

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  problem(field: string): string {
    return `${this.#problem} (${field})`
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++]
  }

  number(): number | undefined {
    const high = this.byte()
    const low = this.byte()
    return high === undefined || low === undefined ? undefined : high * 256 + low
  }

  /** Two bytes of length and so many bytes; false when they are not there. */
  bytes(): boolean {
    return this.#field() !== undefined
  }

  text(): string | undefined {
    const field = this.#field()
    if (field === undefined) return undefined
    const problem = plain(field) ? undefined : textProblem(field)
    if (problem === undefined) return field.toString()
    this.#problem = problem
    return undefined
  }

  #field(): Buffer | undefined {
    const length = this.number()
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

/** Printable ASCII: nearly every string there is. */
function plain(bytes: Buffer): boolean {
  // By index: an iterator costs five times as much, and this is asked for every message.
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 0x20 || byte > 0x7e) return false
  }
  return true
}

/** U+0000 and ill-formed UTF-8 must close the connection, control and non-characters may [MQTT-1.5.3-1, -2], and do. */
function textProblem(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return 'ill-formed UTF-8 [MQTT-1.5.3-1]'
  if (bytes.includes(0)) return 'U+0000 [MQTT-1.5.3-2]'
  return /[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(bytes.toString())
    ? 'a control or non-character (1.5.3)'
    : undefined
}

const short = 'a packet that ends too early'
const leftOver = 'bytes behind the last field'
