// The line to the broker by mqtt.js: MQTT 3.1.1, clean session, client id = device id. Every connection is a client of
// its own, so that nothing of an old one (packet ids, stored packets, the library's reconnect timer) reaches into it.
//
//   connect ─▶ CONNACK ─▶ SUBSCRIBE all downlinks ─▶ SUBACK, none refused ─▶ presence ─▶ connected()
//      ▲                   and the broadcast session, which may be refused        │
//      └──────────── full jitter: 0 to min(cap, base · 2^n), drawn ◀── close, error, refusal, packet too large
import type { Socket } from 'node:net'
// The client alone: the package's root also loads what only browsers and WebSockets need, a third of an agent's start.
import type { IClientOptions, MqttClient } from 'mqtt'
import mqttClient from 'mqtt/lib/client'
import type { DeviceId } from '../../../proto/ids.ts'
import { encodePresence } from '../../../proto/messages.ts'
import {
  type Downlink,
  deviceTopic,
  downlinks,
  parseDeviceTopic,
  parseSessionTopic,
  type SessionChannel,
  type Uplink,
} from '../../../proto/topics.ts'
import { jitteredDelayMs } from '../../core/backoff.ts'
import { LinkDown } from '../../errors.ts'
import type { Clock, Link, LinkHandlers, Log, Random, Timer } from '../../ports.ts'
import { FrameBound } from './frame-bound.ts'
import { type LineMemory, type LineTls, openLine, reasonOf } from './line-socket.ts'
import { SessionSubscription } from './session-subscription.ts'

export interface MqttLinkSettings {
  readonly deviceId: DeviceId
  readonly host: string
  readonly port: number
  /** Absent: plain TCP. */
  readonly tls?: LineTls
  readonly username: string
  readonly password: string | undefined
  /** Largest MQTT packet believed, bytes; a larger one ends the connection before it is buffered. */
  readonly receiveBytesMax: number
  readonly reconnect: { readonly baseMs: number; readonly capMs: number }
}

export interface MqttLinkPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const keepaliveSeconds = 30
/** From the TCP connect to the last SUBACK. */
const connectTimeMs = 20_000

export class MqttLink implements Link {
  readonly #ports: MqttLinkPorts
  readonly #settings: MqttLinkSettings
  #handlers: LinkHandlers | undefined
  #connection: Connection | undefined
  #timer: Timer | undefined
  /** Connections in a row that ended before they had proved themselves. */
  #failures = 0
  #session: string | undefined
  #closed = false
  /** The end of the present connection is our own wish. */
  #anew = false
  readonly #memory: LineMemory = {}

  constructor(ports: MqttLinkPorts, settings: MqttLinkSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  start(handlers: LinkHandlers): void {
    if (this.#handlers !== undefined) throw new Error('the link was started before')
    this.#handlers = handlers
    this.#connect(handlers)
  }

  async publish(...[uplink, bytes]: Parameters<Link['publish']>): Promise<void> {
    if (this.#connection === undefined) throw new LinkDown('not connected')
    await this.#connection.publish(uplink, bytes)
  }

  send(uplink: Extract<Uplink, 'progress' | 'chunks/request'>, bytes: Uint8Array): void {
    this.#connection?.send(uplink, bytes)
  }

  join(session: string): void {
    this.#session = session
    this.#connection?.follow(session)
  }

  leave(): void {
    this.#session = undefined
    this.#connection?.follow(undefined)
  }

  /** Ends the connection in order and opens the next one at once; while there is none it does nothing. */
  connectAnew(): void {
    if (this.#connection === undefined) return
    this.#anew = true
    void this.#connection.close()
  }

  /** Says goodbye in order, so that the will (offline) is replaced by a clean end. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#connection?.close()
  }

  #connect(handlers: LinkHandlers): void {
    const { clock, log } = this.#ports
    const { reconnect } = this.#settings
    const connection = new Connection(this.#ports, this.#settings, this.#memory, {
      connected: () => {
        connectedMs = clock.monotonicMs()
        log.info({ event: 'link-up' }, 'connected to the broker')
        handlers.connected()
      },
      message: handlers.message,
      broadcast: handlers.broadcast,
      ended: reason => {
        this.#connection = undefined
        // A broker that takes us and throws us out at once is backed off from like one that does not answer.
        const proved = connectedMs !== undefined && clock.monotonicMs() - connectedMs >= 5 * reconnect.baseMs
        this.#failures = proved || this.#anew ? 0 : this.#failures + 1
        const delayMs = this.#closed || this.#anew ? 0 : this.#delayMs()
        this.#anew = false
        log.warn({ event: 'link-down', reason, delayMs }, 'no connection to the broker')
        if (!this.#closed) this.#timer = clock.after(delayMs, () => this.#connect(handlers))
        if (connectedMs !== undefined) handlers.disconnected(reason)
      },
    })
    let connectedMs: number | undefined
    this.#connection = connection
    connection.follow(this.#session)
    connection.open()
  }

  /** Full jitter: thousands of devices that lose one broker come back spread over the whole span. */
  #delayMs(): number {
    const { baseMs, capMs } = this.#settings.reconnect
    return jitteredDelayMs(Math.max(this.#failures - 1, 0), baseMs, capMs, this.#ports.random.fraction())
  }
}

interface ConnectionHandlers {
  connected(): void
  message(downlink: Downlink, bytes: Uint8Array): void
  broadcast(channel: SessionChannel, session: string, bytes: Uint8Array): void
  /** Exactly once. */
  ended(reason: string): void
}

/** One connection, from connect to its end. */
class Connection {
  readonly #ports: MqttLinkPorts
  readonly #settings: MqttLinkSettings
  readonly #memory: LineMemory
  readonly #handlers: ConnectionHandlers
  readonly #connectionId: string
  /** What waits for a PUBACK; rejected when the connection ends. */
  readonly #waiting = new Set<(error: LinkDown) => void>()
  readonly #session: SessionSubscription
  #client: MqttClient | undefined
  #socket: Socket | undefined
  #timer: Timer | undefined
  #ready = false
  #closing = false
  #ended = false

  constructor(ports: MqttLinkPorts, settings: MqttLinkSettings, memory: LineMemory, handlers: ConnectionHandlers) {
    this.#ports = ports
    this.#settings = settings
    this.#memory = memory
    this.#handlers = handlers
    this.#connectionId = Buffer.from(ports.random.bytes(8)).toString('hex')
    this.#session = new SessionSubscription(ports.log)
  }

  /** The session to be subscribed to, now or as soon as there is a connection. */
  follow(session: string | undefined): void {
    this.#session.follow(session)
  }

  open(): void {
    this.#timer = this.#ports.clock.after(connectTimeMs, () => this.#fail('not connected and subscribed in time'))
    try {
      const socket = openLine(this.#settings, () => this.#speak(socket), this.#memory)
      this.#socket = socket
      socket.on('error', error => this.#fail(reasonOf(error)))
      socket.once('close', () => this.#fail(this.#closing ? 'closed' : 'closed by the broker or the network'))
    } catch (error) {
      // Whoever opened this connection is told of its end after that, as of every other.
      queueMicrotask(() => this.#fail(reasonOf(error as Error)))
    }
  }

  #speak(socket: Socket): void {
    if (this.#ended) return
    this.#boundFrames(socket)
    const client = new mqttClient.default(() => socket, this.#options())
    this.#client = client
    client.on('connect', () => {
      this.#subscribe(client).then(
        () => this.#subscribed(),
        error => this.#fail(`subscribe: ${(error as Error).message}`),
      )
    })
    client.on('message', (topic, payload) => this.#received(topic, payload))
    client.on('error', error => this.#fail(reasonOf(error)))
    client.on('close', () => this.#fail(this.#closing ? 'closed' : 'closed by the broker or the network'))
  }

  async publish(uplink: Uplink, bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (!this.#ready || this.#client === undefined) return reject(new LinkDown('not connected'))
      this.#waiting.add(reject)
      this.#client.publish(this.#topic(uplink), Buffer.from(bytes), { qos: 1 }, error => {
        this.#waiting.delete(reject)
        if (error) reject(new LinkDown('connection ended before the acknowledgement', { cause: error }))
        else resolve()
      })
    })
  }

  send(uplink: Uplink, bytes: Uint8Array): void {
    // A full socket drops what is best effort anyway: mqtt.js would queue without a bound.
    if (!this.#ready || (this.#socket?.writableLength ?? 0) > this.#settings.receiveBytesMax) return
    this.#client?.publish(this.#topic(uplink), Buffer.from(bytes), { qos: 0 })
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#closing = true
    if (this.#ready && client !== undefined) {
      // The will is not sent after a DISCONNECT: we say ourselves that we go.
      client.publish(this.#topic('presence'), this.#presence(false), { qos: 0 })
      this.#stopWaiting('closed')
      this.#ready = false
      await new Promise<void>(resolve => {
        const timer = this.#ports.clock.after(1000, resolve)
        client.end(false, {}, () => {
          timer.cancel()
          resolve()
        })
      })
    }
    this.#fail('closed')
  }

  #options(): IClientOptions {
    const { deviceId, username, password } = this.#settings
    return {
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: deviceId,
      clean: true,
      username,
      ...(password === undefined ? {} : { password }),
      keepalive: keepaliveSeconds,
      connectTimeout: connectTimeMs,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: this.#topic('presence'), payload: this.#presence(false), qos: 0, retain: false },
    }
  }

  #boundFrames(socket: Socket): void {
    const { receiveBytesMax } = this.#settings
    const bound = new FrameBound(receiveBytesMax)
    // Before the library's own listener: a frame that announces too much is cut off at its first bytes.
    socket.on('data', bytes => {
      const tooLarge = bound.take(bytes)
      if (tooLarge === undefined) return
      this.#fail(`packet of ${tooLarge} bytes, expected at most ${receiveBytesMax}`)
    })
  }

  #received(topic: string, payload: Uint8Array): void {
    if (this.#ended) return
    // A copy: the library hands out views of socket buffers, and the receiver may keep a few bytes for long.
    const bytes = Uint8Array.from(payload)
    const said = parseSessionTopic(topic)
    if (said !== undefined) {
      // What comes after leaving was on its way.
      if (said.session === this.#session.wanted) this.#handlers.broadcast(said.channel, said.session, bytes)
      return
    }
    const named = parseDeviceTopic(topic)
    if (named === undefined || !('downlink' in named) || named.device !== this.#settings.deviceId) return
    this.#handlers.message(named.downlink, bytes)
  }

  async #subscribe(client: MqttClient): Promise<void> {
    const wishes = Object.fromEntries(
      downlinks.map(name => [this.#topic(name), { qos: name === 'chunks/data' ? (0 as const) : (1 as const) }]),
    )
    const granted = await client.subscribeAsync(wishes)
    // MQTT 3.1.1, 3.9.3: 0x80 is a refusal. The library rejects on it; another version of it might not.
    const refused = granted.find(({ qos }) => qos > 2)
    if (refused !== undefined) throw new Error(`refused for ${refused.topic}`)
    await this.#session.open(client)
  }

  #subscribed(): void {
    if (this.#ended) return
    this.#timer?.cancel()
    this.#ready = true
    this.#client?.publish(this.#topic('presence'), this.#presence(true), { qos: 0 })
    this.#handlers.connected()
  }

  /** The end of this connection, whatever the cause; the first one is told. */
  #fail(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#ready = false
    this.#timer?.cancel()
    this.#socket?.destroy()
    this.#client?.end(true)
    this.#stopWaiting(reason)
    this.#handlers.ended(reason)
  }

  #stopWaiting(reason: string): void {
    for (const reject of [...this.#waiting]) reject(new LinkDown(reason))
    this.#waiting.clear()
  }

  #topic(name: Uplink | Downlink): string {
    return deviceTopic(this.#settings.deviceId, name)
  }

  #presence(online: boolean): Buffer {
    return encodePresence({ online, connectionId: this.#connectionId })
  }
}
