// A device as small as the protocol allows, written from docs/PROTOCOL.md on a plain MQTT client: it takes offers,
// reports steps from an outbox that survives everything, "reboots" into the target and says so. It installs nothing.
import { connectAsync, type MqttClient } from 'mqtt'
import { deviceId, type OperationId } from '../../proto/ids.ts'
import { type EventContent, encodeEvent, encodeHello } from '../../proto/messages.ts'
import { readOfferMessage } from '../../proto/offer-messages.ts'
import { deviceTopic } from '../../proto/topics.ts'

export interface LightDeviceOptions {
  readonly id: string
  readonly secret: string
  readonly mqttPort: number
  readonly target: { readonly version: string; readonly digest: string }
  /** Ends with this failure instead of the new version. */
  readonly failure?: 'UPD4_FAIL_33'
  /** Milliseconds between two steps. */
  readonly stepMs: number
}

interface Entry {
  readonly eventNumber: number
  readonly operation: OperationId
  readonly attempt: number
  readonly content: EventContent
}

export class LightDevice {
  readonly #options: LightDeviceOptions
  readonly #device
  #installed = { version: '1.0.0', digest: '0d'.repeat(32) }
  #outbox: Entry[] = []
  #nextNumber = 1
  #underWay: { readonly operation: OperationId; readonly attempt: number } | undefined
  #client: MqttClient | undefined
  #stopped = false
  #running: Promise<void> | undefined
  /** Numbers and codes of events with a code whose PUBACK has arrived. */
  readonly acknowledged: { readonly eventNumber: number; readonly code: string }[] = []

  constructor(options: LightDeviceOptions) {
    this.#options = options
    this.#device = deviceId(options.id)
  }

  /** Between the acceptance of an offer and the last word about it. */
  get busy(): boolean {
    return this.#underWay !== undefined
  }

  start(): void {
    this.#running = this.#live()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#client?.end(true)
    await this.#running
  }

  async #live(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#session()
      } catch {
        // The broker is away: that is what these stories are about.
      }
      this.#client?.end(true)
      await pause(50)
    }
  }

  async #session(): Promise<void> {
    const { id, secret, mqttPort, stepMs } = this.#options
    const connecting = connectAsync({
      ...{ host: '127.0.0.1', port: mqttPort, clientId: id, username: id, password: secret },
      ...{ clean: true, reconnectPeriod: 0, connectTimeout: 5000, protocolVersion: 4 },
    })
    const client = await bounded(connecting)
    this.#client = client
    let connected = true
    let rebooted = false
    client.on('error', () => {})
    client.on('close', () => {
      connected = false
    })
    client.on('message', (_, payload) => this.#hear(payload))
    await bounded(client.subscribeAsync(deviceTopic(this.#device, 'offer'), { qos: 1 }))
    await this.#hello(client)
    while (connected && !this.#stopped && !rebooted) {
      const entry = this.#outbox[0]
      if (entry !== undefined) {
        await bounded(client.publishAsync(deviceTopic(this.#device, 'events'), this.#encoded(entry), { qos: 1 }))
        this.#outbox.shift()
        if (entry.content.kind === 'code')
          this.acknowledged.push({ eventNumber: entry.eventNumber, code: entry.content.code })
        continue
      }
      await pause(stepMs)
      rebooted = this.#advance()
    }
  }

  async #hello(client: MqttClient): Promise<void> {
    const { version, digest } = this.#installed
    const hello = encodeHello({
      vendorId: '11'.repeat(16),
      classId: '22'.repeat(16),
      bootId: '55'.repeat(16),
      journalId: '66'.repeat(8),
      components: [{ name: 'main', version, digest }],
      outboxEventCount: this.#outbox.length,
      outboxLastEventNumber: this.#nextNumber - 1,
      packetBytesMax: 32_768,
      agentVersion: 'light',
      ...(this.#underWay === undefined ? {} : { operation: this.#underWay.operation }),
    })
    await bounded(client.publishAsync(deviceTopic(this.#device, 'hello'), hello, { qos: 1 }))
  }

  #hear(payload: Buffer): void {
    const message = readOfferMessage(payload)
    if (message.kind !== 'offer' || this.#underWay !== undefined) return
    if (this.#installed.version === this.#options.target.version) return
    this.#underWay = { operation: message.operation, attempt: message.attempt }
    this.#steps = ['downloading', 'installing', 'rebooting']
    this.#advance()
  }
  #steps: ('downloading' | 'installing' | 'rebooting')[] = []

  /** True when the device restarts now. */
  #advance(): boolean {
    if (this.#underWay === undefined) return false
    const step = this.#steps.shift()
    if (step === 'installing' && this.#options.failure !== undefined) {
      this.#put({ kind: 'code', code: this.#options.failure })
      this.#underWay = undefined
      return false
    }
    if (step !== undefined) this.#put({ kind: 'step', step })
    else {
      this.#installed = this.#options.target
      this.#underWay = undefined
      return true
    }
    return false
  }

  #put(content: EventContent): void {
    if (this.#underWay === undefined) return
    this.#outbox.push({ eventNumber: this.#nextNumber, ...this.#underWay, content })
    this.#nextNumber += 1
  }

  #encoded(entry: Entry): Buffer {
    return encodeEvent({ journalId: '66'.repeat(8), deviceTime: Date.now(), data: {}, ...entry })
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** mqtt.js waits for ever for what a closed connection will not answer. */
async function bounded<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), 5000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
