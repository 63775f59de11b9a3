// The agent's port `Link` for thousands of sensors in one process: MQTT 3.1.1 on a bare socket, as docs/PROTOCOL.md asks for
// it, with little memory for each. It behaves as the link of the product does (agent/adapters/mqtt), and carries the plain
// traffic of a sensor besides.
//
//   connect ─▶ CONNACK ─▶ SUBSCRIBE all downlinks ─▶ SUBACK, none refused ─▶ the session, if one is wanted ─▶ presence
//   ─▶ connected()      any end ─▶ full jitter ─▶ connect
import { jitteredDelayMs } from '../../../agent/core/backoff.ts'
import { LinkDown } from '../../../agent/errors.ts'
import type { Clock, Link, LinkHandlers, Timer } from '../../../agent/ports.ts'
import type { DeviceId } from '../../../proto/ids.ts'
import { encodePresence } from '../../../proto/messages.ts'
import {
  deviceTopic,
  downlinks,
  parseDeviceTopic,
  parseSessionTopic,
  sessionChannels,
  sessionTopic,
  type Uplink,
} from '../../../proto/topics.ts'
import type { Seed } from '../../world/seed.ts'
import { LightConnection } from './light-connection.ts'
import type { LineTap } from './line.ts'
import {
  connectPacket,
  encodePacket,
  idField,
  type Packet,
  packetTypes,
  publishPacketOf,
  readPublish,
  subscribePacket,
  typeOf,
  unsubscribePacket,
} from './mqtt-packets.ts'
import type { BrokerAddress } from './shared.ts'

export interface LightLinkSettings {
  readonly device: DeviceId
  readonly secret: string
  readonly broker: BrokerAddress
  readonly keepAliveSeconds: number
  readonly receiveBytesMax: number
  readonly reconnect: { readonly baseMs: number; readonly capMs: number }
  readonly downBytesPerSecond: number | undefined
  readonly taps: readonly LineTap[]
}

/** Who looks on. */
export interface LinkWatch {
  /** `tookMs`: from the CONNECT to the last SUBACK. */
  linked(tookMs: number): void
  unlinked(reason: string): void
  /** An offer, before the agent gets it. */
  offered(bytes: Uint8Array): void
  moved(downBytes: number, upBytes: number): void
}

const connectTimeMs = 20_000
const farewellMs = 1000
/** So many bytes are told of at once. */
const tellBytes = 16 * 1024

type Phase = 'connecting' | 'subscribing' | 'joining' | 'ready'
interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: LinkDown) => void
}

export class LightLink implements Link {
  readonly #settings: LightLinkSettings
  readonly #clock: Clock
  readonly #seed: Seed
  readonly #watch: LinkWatch
  #handlers: LinkHandlers | undefined
  #connection: LightConnection | undefined
  #phase: Phase = 'connecting'
  #timer: Timer | undefined
  /** Connections in a row that ended before they had proved themselves. */
  #failures = 0
  #connectMs = 0
  #connectionId = ''
  #readyMs: number | undefined
  #packetId = 0
  #waiting: Map<number, Waiting> | undefined
  #session: string | undefined
  #joined: string | undefined
  #pinged = false
  #offline = false
  #closed = false

  constructor(settings: LightLinkSettings, clock: Clock, seed: Seed, watch: LinkWatch) {
    this.#settings = settings
    this.#clock = clock
    this.#seed = seed
    this.#watch = watch
  }

  get connected(): boolean {
    return this.#phase === 'ready' && this.#connection !== undefined
  }

  start(handlers: LinkHandlers): void {
    if (this.#handlers !== undefined) throw new Error('the link was started before')
    this.#handlers = handlers
    if (!this.#offline) this.#connect()
  }

  publish(uplink: Uplink, bytes: Uint8Array): Promise<void> {
    return this.publishOn(deviceTopic(this.#settings.device, uplink), bytes)
  }

  send(uplink: Uplink, bytes: Uint8Array): void {
    this.sendOn(deviceTopic(this.#settings.device, uplink), bytes)
  }

  /** At QoS 1: resolves at the PUBACK, rejects with LinkDown. */
  async publishOn(topic: string, bytes: Uint8Array): Promise<void> {
    const connection = this.#connection
    if (connection === undefined || this.#phase !== 'ready') throw new LinkDown('not connected')
    const packetId = this.#nextId()
    await new Promise<void>((resolve, reject) => {
      this.#waiting ??= new Map()
      this.#waiting.set(packetId, { resolve, reject })
      connection.write(publishPacketOf(topic, bytes, packetId))
    })
  }

  /** At QoS 0; nothing while disconnected, or while much is waiting already. */
  sendOn(topic: string, bytes: Uint8Array): void {
    const connection = this.#connection
    if (connection === undefined || this.#phase !== 'ready') return
    if (connection.waitingBytes <= this.#settings.receiveBytesMax) connection.write(publishPacketOf(topic, bytes))
  }

  join(session: string): void {
    this.#session = session
    this.#follow()
  }

  leave(): void {
    this.#session = undefined
    this.#follow()
  }

  /** The device is out of reach: the connection is gone without a word, and none is made until it is back. */
  goOffline(reason: string): void {
    this.#offline = true
    this.#timer?.cancel()
    this.#connection?.end(reason)
  }

  goOnline(): void {
    if (!this.#offline) return
    this.#offline = false
    if (this.#handlers !== undefined && this.#connection === undefined && !this.#closed) this.#connect()
  }

  /** Without a goodbye: the power went. */
  drop(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#connection?.end('power cut')
  }

  async close(): Promise<void> {
    const connection = this.#connection
    const isReady = this.#phase === 'ready'
    this.#closed = true
    this.#timer?.cancel()
    if (connection === undefined) return
    if (isReady) {
      // The will is not sent after a DISCONNECT: we say ourselves that we go.
      this.send('presence', this.#presence(false))
      connection.write(encodePacket(packetTypes.disconnect << 4))
      this.#phase = 'connecting'
      this.#stopWaiting('closed')
      await connection.finish(farewellMs)
    }
    connection.end('closed')
  }

  #connect(): void {
    const { broker, receiveBytesMax, downBytesPerSecond, taps } = this.#settings
    this.#phase = 'connecting'
    this.#readyMs = undefined
    this.#joined = undefined
    this.#pinged = false
    const connection = new LightConnection(
      { broker, clock: this.#clock, seed: this.#seed, receiveBytesMax, downBytesPerSecond, taps },
      { opened: () => this.#opened(connection), packet: this.#onPacket, ended: this.#onEnd },
    )
    this.#connection = connection
    this.#connectionId = this.#seed.hex(8)
    this.#connectMs = this.#clock.monotonicMs()
    this.#timer = this.#clock.after(connectTimeMs, () => connection.end('not connected and subscribed in time'))
    connection.open()
  }

  #opened(connection: LightConnection): void {
    const { device: clientId, secret: password, keepAliveSeconds } = this.#settings
    this.#connectMs = this.#clock.monotonicMs()
    const willTopic = deviceTopic(clientId, 'presence')
    const will = { willTopic, willPayload: this.#presence(false) }
    connection.write(connectPacket({ clientId, password, keepAliveSeconds, ...will }))
  }

  readonly #onPacket = (packet: Packet): void => {
    const { body } = packet
    switch (typeOf(packet)) {
      case packetTypes.connack:
        if (body.length !== 2 || body[1] !== 0) this.#fail(`refused with return code ${body[1] ?? 'none'}`)
        else this.#subscribe()
        return
      case packetTypes.suback:
        this.#granted(body)
        return
      case packetTypes.publish:
        this.#received(packet)
        return
      case packetTypes.puback: {
        const packetId = body.length < 2 ? 0 : body.readUInt16BE(0)
        const waiting = this.#waiting?.get(packetId)
        this.#waiting?.delete(packetId)
        waiting?.resolve()
        return
      }
      case packetTypes.pingresp:
        this.#pinged = false
        return
      case packetTypes.unsuback:
        return
      default:
        this.#fail(`a packet of type ${typeOf(packet)}, which no broker sends`)
    }
  }

  #subscribe(): void {
    this.#phase = 'subscribing'
    const topics = downlinks.map(name => {
      const qos = name === 'chunks/data' ? 0 : 1
      return [deviceTopic(this.#settings.device, name), qos] as const
    })
    this.#connection?.write(subscribePacket(this.#nextId(), topics))
  }

  #granted(body: Buffer): void {
    if (this.#phase === 'ready') return
    // MQTT 3.1.1, 3.9.3: 0x80 is a refusal. That of a session is none of the device.
    if (
      this.#phase === 'subscribing' &&
      (body.length !== 2 + downlinks.length || body.subarray(2).some(qos => qos > 2))
    )
      this.#fail('subscribe: refused')
    else if (this.#phase === 'subscribing' && this.#session !== undefined) {
      this.#phase = 'joining'
      this.#follow()
    } else this.#ready()
  }

  #ready(): void {
    const { keepAliveSeconds } = this.#settings
    this.#phase = 'ready'
    this.#readyMs = this.#clock.monotonicMs()
    this.#timer?.cancel()
    this.#timer = this.#clock.after(keepAliveSeconds * 750, this.#ping)
    this.send('presence', this.#presence(true))
    this.#watch.linked(this.#readyMs - this.#connectMs)
    this.#handlers?.connected()
    this.#follow()
  }

  readonly #ping = (): void => {
    if (this.#pinged) {
      this.#fail('no answer to PINGREQ')
      return
    }
    this.#pinged = true
    this.#connection?.write(encodePacket(packetTypes.pingreq << 4))
    this.#timer = this.#clock.after(this.#settings.keepAliveSeconds * 750, this.#ping)
    this.#tell(0)
  }

  #follow(): void {
    const connection = this.#connection
    if (connection === undefined || (this.#phase !== 'ready' && this.#phase !== 'joining')) return
    const [before, next] = [this.#joined, this.#session]
    if (before === next) return
    this.#joined = next
    if (before !== undefined) connection.write(unsubscribePacket(this.#nextId(), topicsOf(before)))
    if (next !== undefined) {
      const [control = '', data = ''] = topicsOf(next)
      connection.write(
        subscribePacket(this.#nextId(), [
          [control, 1],
          [data, 0],
        ]),
      )
    }
  }

  #received(packet: Packet): void {
    const published = readPublish(packet)
    if (published === undefined || published.qos === 2) {
      this.#fail('a malformed PUBLISH')
      return
    }
    const { topic, qos, packetId, payload } = published
    if (qos === 1) this.#connection?.write(encodePacket(packetTypes.puback << 4, idField(packetId)))
    this.#tell(tellBytes)
    const handlers = this.#handlers
    const named = parseDeviceTopic(topic)
    if (named !== undefined) {
      if (!('downlink' in named) || named.device !== this.#settings.device) return
      // A copy: the receiver may keep it for long.
      const bytes = new Uint8Array(payload)
      if (named.downlink === 'offer') this.#watch.offered(bytes)
      handlers?.message(named.downlink, bytes)
      return
    }
    const said = parseSessionTopic(topic)
    // What comes after leaving was on its way.
    if (said !== undefined && said.session === this.#session)
      handlers?.broadcast(said.channel, said.session, new Uint8Array(payload))
  }

  readonly #onEnd = (reason: string): void => {
    this.#tell(0)
    const readyMs = this.#readyMs
    this.#connection = undefined
    this.#phase = 'connecting'
    this.#timer?.cancel()
    this.#stopWaiting(reason)
    const { baseMs, capMs } = this.#settings.reconnect
    const proved = readyMs !== undefined && this.#clock.monotonicMs() - readyMs >= 5 * baseMs
    this.#failures = proved ? 0 : this.#failures + 1
    if (!this.#closed && !this.#offline) {
      const delayMs = jitteredDelayMs(Math.max(this.#failures - 1, 0), baseMs, capMs, this.#seed.fraction())
      this.#timer = this.#clock.after(delayMs, () => this.#connect())
    }
    this.#watch.unlinked(reason)
    if (readyMs !== undefined) this.#handlers?.disconnected(reason)
  }

  #fail(reason: string): void {
    this.#connection?.end(reason)
  }

  #stopWaiting(reason: string): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const { reject } of waiting?.values() ?? []) reject(new LinkDown(reason))
  }

  /** Tells what has moved once it is more than `above`. */
  #tell(above: number): void {
    const connection = this.#connection
    if (connection === undefined || connection.downBytes + connection.upBytes <= above) return
    this.#watch.moved(connection.downBytes, connection.upBytes)
    connection.downBytes = 0
    connection.upBytes = 0
  }

  #nextId(): number {
    do this.#packetId = (this.#packetId % 65_535) + 1
    while (this.#waiting?.has(this.#packetId))
    return this.#packetId
  }

  #presence(online: boolean): Buffer {
    return encodePresence({ online, connectionId: this.#connectionId })
  }
}

function topicsOf(session: string): readonly string[] {
  return sessionChannels.map(channel => sessionTopic(session, channel))
}
