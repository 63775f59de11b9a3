// A real MQTT broker around a few lines of script, for devices that are real processes.
import { createServer, type Socket } from 'node:net'
import { Aedes, type PublishPacket } from 'aedes'
import type { Test } from 'tap'
import { encodeChunkData, readChunkRequest } from '../../../proto/chunk-messages.ts'
import type { DeviceId } from '../../../proto/ids.ts'
import {
  type ConfigurationReport,
  type DeviceEvent,
  type Hello,
  readConfigurationReport,
  readEvent,
  readHello,
} from '../../../proto/messages.ts'
import { encodeOfferMessage, type OfferToSend } from '../../../proto/offer-messages.ts'
import { type Downlink, deviceTopic, parseDeviceTopic } from '../../../proto/topics.ts'
import { answersTo } from './broker.ts'
import type { Release } from './release.ts'

export interface Conversation {
  readonly hellos: Hello[]
  /** By journal and number: what came twice is one event. */
  readonly events: Map<string, DeviceEvent>
  readonly configurations: ConfigurationReport[]
}

/** What is offered to a device, asked at each of its hellos and events. */
export type Script = (conversation: Conversation, at: 'hello' | 'event') => OfferToSend | undefined

/** The real one repeats an offer that is not answered, too; a device that was just killed has not heard the first. */
const repeatMs = 2_000

/** Offers by its script, answers chunk requests from `release`, remembers what devices say. */
export class ScriptedBroker {
  /** Until the device says anything. */
  readonly #unanswered = new Map<DeviceId, NodeJS.Timeout>()
  readonly #aedes: Aedes
  readonly #conversations = new Map<string, Conversation>()
  readonly port: number
  readonly #script: Script
  readonly #release: Release | undefined

  static async open(t: Test, script: Script, release?: Release): Promise<ScriptedBroker> {
    const aedes = await Aedes.createBroker()
    const sockets = new Set<Socket>()
    const server = createServer(aedes.handle)
    server.on('connection', socket => sockets.add(socket))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const broker = new ScriptedBroker(aedes, address.port, script, release)
    t.teardown(async () => {
      for (const timer of broker.#unanswered.values()) clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
      await new Promise<void>(resolve => aedes.close(resolve))
    })
    return broker
  }

  private constructor(aedes: Aedes, port: number, script: Script, release: Release | undefined) {
    this.#aedes = aedes
    this.port = port
    this.#script = script
    this.#release = release
    // Before the PUBACK goes out, as the real one does.
    aedes.authorizePublish = (_client, packet, done) => {
      this.#heard(packet)
      done(null)
    }
  }

  of(device: DeviceId): Conversation {
    let conversation = this.#conversations.get(device)
    if (conversation === undefined) {
      conversation = { hellos: [], events: new Map(), configurations: [] }
      this.#conversations.set(device, conversation)
    }
    return conversation
  }

  #heard({ topic, payload }: PublishPacket): void {
    const named = parseDeviceTopic(topic)
    if (named === undefined || !('uplink' in named) || !(payload instanceof Uint8Array)) return
    const { device, uplink } = named
    const conversation = this.of(device)
    clearInterval(this.#unanswered.get(device))
    if (uplink === 'hello') {
      conversation.hellos.push(readHello(payload))
      this.#offer(device, 'hello')
    } else if (uplink === 'events') {
      const event = readEvent(payload)
      conversation.events.set(`${event.journalId}/${event.eventNumber}`, event)
      this.#offer(device, 'event')
    } else if (uplink === 'configuration') {
      const report = readConfigurationReport(payload)
      conversation.configurations.push({ ...report, content: Buffer.from(report.content) })
    } else if (uplink === 'chunks/request' && this.#release !== undefined) {
      for (const data of answersTo(readChunkRequest(payload), this.#release, 8 * 1024))
        this.#say(device, 'chunks/data', encodeChunkData(data), 0)
    }
  }

  #offer(device: DeviceId, at: 'hello' | 'event'): void {
    const offer = this.#script(this.of(device), at)
    if (offer === undefined) return
    const bytes = encodeOfferMessage(offer)
    this.#say(device, 'offer', bytes, 1)
    this.#unanswered.set(
      device,
      setInterval(() => this.#say(device, 'offer', bytes, 1), repeatMs),
    )
  }

  #say(device: DeviceId, downlink: Downlink, payload: Buffer, qos: 0 | 1): void {
    const packet = {
      cmd: 'publish',
      topic: deviceTopic(device, downlink),
      payload,
      qos,
      dup: false,
      retain: false,
    } as const
    this.#aedes.publish(packet, () => {})
  }
}

export function codes({ events }: Conversation): readonly string[] {
  return [...events.values()].flatMap(({ content }) => (content.kind === 'code' ? [content.code] : []))
}
