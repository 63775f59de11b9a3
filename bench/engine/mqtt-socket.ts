// MQTT 3.1.1 on a bare socket, as little of it as a load generator needs, so that its CPU is not what is measured.
import { connect, type Socket } from 'node:net'

export interface Credentials {
  readonly port: number
  readonly name: string
  readonly password: string
}

export interface MqttListener {
  connected(): void
  subscribed(): void
  acknowledged(packetId: number): void
  message(payload: Buffer): void
  pong(): void
  closed(): void
}

export class MqttSocket {
  readonly #socket: Socket
  readonly #listener: MqttListener
  #rest: Buffer = Buffer.alloc(0)
  #packetId = 0

  constructor({ port, name, password }: Credentials, listener: MqttListener) {
    this.#listener = listener
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('data', bytes => this.#take(bytes))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => listener.closed())
    // Clean session with user name and password, keep-alive of ten minutes.
    const flags = Buffer.from([4, 0xc2, 0x02, 0x58])
    this.#write(0x10, [text('MQTT'), flags, text(name), text(name), text(password)])
  }

  subscribe(filter: string): void {
    this.#write(0x82, [this.#nextId(), text(filter), Buffer.from([0])])
  }

  /** At QoS 1; the packet id that `acknowledged` will name. `topic` is that of `topicBytes`. */
  publish(topic: Buffer, payload: Uint8Array): number {
    this.#write(0x32, [topic, this.#nextId(), payload])
    return this.#packetId
  }

  ping(): void {
    this.#socket.write(Buffer.from([0xc0, 0]))
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  close(): void {
    this.#socket.destroy()
  }

  #nextId(): Buffer {
    this.#packetId = (this.#packetId % 65_535) + 1
    return Buffer.from([this.#packetId >> 8, this.#packetId & 255])
  }

  #write(head: number, parts: readonly Uint8Array[]): void {
    const bytes = [head]
    let length = parts.reduce((sum, part) => sum + part.length, 0)
    for (; length > 127; length >>>= 7) bytes.push((length & 127) | 128)
    bytes.push(length)
    this.#socket.write(Buffer.concat([Buffer.from(bytes), ...parts]))
  }

  #take(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    for (;;) {
      const body = bodyAt(all, at)
      if (body === undefined) break
      this.#heard(all[at] as number, all.subarray(body.start, body.end))
      at = body.end
    }
    this.#rest = all.subarray(at)
  }

  #heard(head: number, body: Buffer): void {
    switch (head >> 4) {
      case 2:
        if (body[1] === 0) this.#listener.connected()
        break
      case 3:
        this.#listener.message(body.subarray(2 + body.readUInt16BE(0)))
        break
      case 4:
        this.#listener.acknowledged(body.readUInt16BE(0))
        break
      case 9:
        this.#listener.subscribed()
        break
      case 13:
        this.#listener.pong()
        break
    }
  }
}

/** A topic or other text as it stands in a packet. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

/** Where the body of the packet at `at` lies; undefined while it is not all there. */
function bodyAt(bytes: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  let length = 0
  for (let index = at + 1, shift = 0; index < bytes.length; index += 1, shift += 7) {
    const byte = bytes[index] as number
    length += (byte & 127) << shift
    if (byte >= 128) continue
    const end = index + 1 + length
    return end > bytes.length ? undefined : { start: index + 1, end }
  }
  return undefined
}
