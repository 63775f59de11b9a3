// MQTT 3.1.1 as little as a load generator and a bare server need of it: packets to write, and a counter that looks at
// nothing but the heads of what comes.

/** PUBLISH, QoS 0. */
export const publishType = 3

/** Tells type and length of each packet whose last byte has come. */
export class FrameCounter {
  readonly #ended: (type: number, bodyBytes: number) => void
  #type = 0
  #state: 'type' | 'length' | 'body' = 'type'
  #length = 0
  #left = 0
  #shift = 0

  constructor(ended: (type: number, bodyBytes: number) => void) {
    this.#ended = ended
  }

  take(bytes: Buffer): void {
    for (let position = 0; position < bytes.length; ) {
      if (this.#state === 'body') {
        const part = Math.min(this.#left, bytes.length - position)
        this.#left -= part
        position += part
      } else {
        const byte = bytes[position] as number
        position += 1
        if (this.#state === 'type') {
          this.#type = byte >>> 4
          this.#state = 'length'
          this.#length = 0
          this.#shift = 0
          continue
        }
        this.#length += (byte & 127) << this.#shift
        this.#shift += 7
        if (byte >= 128) continue
        this.#left = this.#length
        this.#state = 'body'
      }
      if (this.#left > 0) continue
      this.#state = 'type'
      this.#ended(this.#type, this.#length)
    }
  }
}

/** Clean session, no keep-alive; the name also stands as user name. */
export function connectPacket(name: string): Buffer {
  const flags = Buffer.from([4, 0xc2, 0, 0])
  return packet(0x10, [text('MQTT'), flags, text(name), text(name), text('secret')])
}

/** At QoS 0, packet id 1. */
export function subscribePacket(filters: readonly string[]): Buffer {
  return packet(0x82, [Buffer.from([0, 1]), ...filters.flatMap(filter => [text(filter), Buffer.from([0])])])
}

export const connack = Buffer.from([0x20, 2, 0, 0])
/** For packet id 1. */
export const suback = Buffer.from([0x90, 3, 0, 1, 0])

function packet(head: number, parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([head, ...lengthOf(length)]), ...parts])
}

function lengthOf(bytes: number): number[] {
  const length: number[] = []
  let rest = bytes
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
  length.push(rest)
  return length
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}
