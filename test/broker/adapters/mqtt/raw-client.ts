// A client that sends exactly the packets, or bytes, it is told to, when it is told to, and can stop reading.
import { connect, type Socket } from 'node:net'
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet'

export class RawClient {
  readonly socket: Socket
  readonly received: Packet[] = []
  closed = false
  readonly #checks = new Set<() => void>()

  /** `way`: a port of 127.0.0.1, or a socket that stands already. */
  constructor(way: number | Socket) {
    this.socket = typeof way === 'number' ? connect({ port: way, host: '127.0.0.1', noDelay: true }) : way
    const reader = parser()
    reader.on('packet', (packet: Packet) => this.received.push(packet))
    this.socket.on('data', bytes => {
      reader.parse(bytes)
      this.#check()
    })
    this.socket.on('error', () => {
      // A reset is one way to be closed.
    })
    this.socket.on('close', () => {
      this.closed = true
      this.#check()
    })
  }

  /** Sends CONNECT and resolves with the return code of the CONNACK, or undefined when the socket was closed. */
  static async connect(port: number, options: Partial<IConnectPacket>): Promise<RawClient & { returnCode?: number }> {
    const client = new RawClient(port)
    client.write(connectBytes(options))
    const returnCode = await client.connack()
    return Object.assign(client, returnCode === undefined ? {} : { returnCode })
  }

  send(...packets: Packet[]): void {
    this.write(Buffer.concat(packets.map(packet => generate(packet))))
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  publish(
    topic: string,
    payload: string | Buffer = '',
    options: { qos?: 0 | 1 | 2; id?: number; retain?: boolean } = {},
  ) {
    const { qos = 0, id = 1, retain = false } = options
    this.send({ cmd: 'publish', topic, payload, qos, retain, dup: false, ...(qos > 0 ? { messageId: id } : {}) })
  }

  /** Resolves with the codes of the SUBACK, or undefined when the socket was closed instead. */
  async subscribe(...filters: string[]): Promise<number[] | undefined> {
    return this.subscribeAt(0, ...filters)
  }

  async subscribeAt(qos: 0 | 1, ...filters: string[]): Promise<number[] | undefined> {
    const before = this.of('suback').length
    this.send({ cmd: 'subscribe', messageId: 7, subscriptions: filters.map(topic => ({ topic, qos })) })
    await this.until(() => this.of('suback').length > before)
    return this.of('suback')[before]?.granted as number[] | undefined
  }

  async connack(): Promise<number | undefined> {
    await this.until(() => this.of('connack').length > 0)
    return this.of('connack')[0]?.returnCode
  }

  /** A PINGREQ behind everything sent: once answered, that has been handled. False when the socket was closed. */
  async ping(): Promise<boolean> {
    const before = this.of('pingresp').length
    this.send({ cmd: 'pingreq' })
    await this.until(() => this.of('pingresp').length > before)
    return this.of('pingresp').length > before
  }

  of<Cmd extends Packet['cmd']>(cmd: Cmd): Extract<Packet, { cmd: Cmd }>[] {
    return this.received.filter((packet): packet is Extract<Packet, { cmd: Cmd }> => packet.cmd === cmd)
  }

  topics(): string[] {
    return this.of('publish').map(packet => packet.topic)
  }

  /** Resolves when `holds()`, or when the socket is closed; rejects after `limitMs`. */
  until(holds: () => boolean, limitMs = 8_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#checks.delete(check)
        reject(new Error(`nothing after ${limitMs} ms; received ${this.received.length}: ${this.#tail()}`))
      }, limitMs)
      const check = () => {
        if (!this.closed && !holds()) return
        clearTimeout(timer)
        this.#checks.delete(check)
        resolve()
      }
      this.#checks.add(check)
      check()
    })
  }

  whenClosed(limitMs?: number): Promise<void> {
    return this.until(() => this.closed, limitMs)
  }

  stopReading(): void {
    this.socket.pause()
  }

  destroy(): void {
    this.socket.destroy()
  }

  #tail(): string {
    return this.received
      .slice(-10)
      .map(packet => packet.cmd)
      .join(' ')
  }

  #check(): void {
    for (const check of [...this.#checks]) check()
  }
}

/** mqtt-packet would not write an empty client id without a clean session: the flag is taken out afterwards. */
export function connectBytes(options: Partial<IConnectPacket>): Buffer {
  const bytes = generate(connectPacket({ ...options, clean: true }))
  const flags = bytes.indexOf('MQTT') + 5
  if (options.clean === false) bytes.writeUInt8(bytes.readUInt8(flags) & ~0x02, flags)
  return bytes
}

function connectPacket(options: Partial<IConnectPacket>): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: '',
    ...options,
  }
}
