// A device that does of an update what the broker can see: it takes the offer, pulls the whole payload over MQTT and
// checks it, or refuses with a code; then it says hello with the new image. It keeps nothing and installs nothing.
import { createHash } from 'node:crypto'
import { connectAsync, type MqttClient } from 'mqtt'
import { decodeChunk } from '../../proto/bundle.ts'
import { ChunkIndex } from '../../proto/chunk-index.ts'
import { type ChunkData, type ChunkRequest, encodeChunkRequest, readChunkData } from '../../proto/chunk-messages.ts'
import { openEnvelope } from '../../proto/envelope.ts'
import type { DeviceCode } from '../../proto/event-codes.ts'
import { type DeviceId, deviceId, type OperationId } from '../../proto/ids.ts'
import { type Manifest, readManifest } from '../../proto/manifest.ts'
import { type EventContent, encodeEvent, encodeHello } from '../../proto/messages.ts'
import { readOfferMessage } from '../../proto/offer-messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { testClassId, testVendorId } from '../fixtures/bundle.ts'

export interface PullingDeviceWishes {
  readonly id: string
  readonly secret: string
  readonly mqttPort: number
  readonly installed: { readonly version: string; readonly digest: string }
  /** Judges what is offered; a code refuses it. */
  readonly judge?: (manifest: Manifest) => DeviceCode | undefined
  /** Artifacts it asks for beside the one it was offered, once it is downloading. */
  readonly curious?: readonly string[]
}

interface Taken {
  readonly operation: OperationId
  readonly attempt: number
  readonly manifest: Manifest
  /** Payload bytes that came; undefined when it was refused. */
  readonly pulled?: number
  /** What its curiosity was answered: `given`, or the word of the refusal. */
  readonly others?: readonly string[]
}

export class PullingDevice {
  readonly #wishes: PullingDeviceWishes
  readonly #device: DeviceId
  readonly #client: MqttClient
  #installed: { readonly version: string; readonly digest: string }
  #eventNumber = 0
  #requestNumber = 0
  #boots = 0
  #answer: ((message: ChunkData) => void) | undefined
  #work: Promise<void> = Promise.resolve()
  /** What was offered, in order; a repetition counts once. */
  readonly taken: Taken[] = []
  readonly failures: unknown[] = []

  static async start(wishes: PullingDeviceWishes): Promise<PullingDevice> {
    const { id, secret, mqttPort } = wishes
    const client = await connectAsync({
      ...{ host: '127.0.0.1', port: mqttPort, clientId: id, username: id, password: secret },
      ...{ clean: true, reconnectPeriod: 0, connectTimeout: 5000, protocolVersion: 4 },
    })
    const device = new PullingDevice(wishes, client)
    const topics = (['offer', 'chunks/data'] as const).map(name => deviceTopic(device.#device, name))
    await client.subscribeAsync(topics, { qos: 1 })
    await device.#hello()
    return device
  }

  private constructor(wishes: PullingDeviceWishes, client: MqttClient) {
    this.#wishes = wishes
    this.#client = client
    this.#device = deviceId(wishes.id)
    this.#installed = wishes.installed
    client.on('error', error => this.failures.push(error))
    client.on('message', (topic, payload) => {
      if (topic !== deviceTopic(this.#device, 'offer')) this.#answer?.(readChunkData(payload))
      else this.#work = this.#work.then(() => this.#hear(payload)).catch(error => void this.failures.push(error))
    })
  }

  async stop(): Promise<void> {
    await this.#client.endAsync(true)
  }

  async #hear(payload: Buffer): Promise<void> {
    const message = readOfferMessage(payload)
    if (message.kind !== 'offer') return
    const { operation, attempt } = message
    if (this.taken.some(one => one.operation === operation && one.attempt === attempt)) return
    const verdict = readManifest(openEnvelope(message.envelope).payload)
    if (!verdict.ok) throw new Error(verdict.failure.code)
    const { manifest } = verdict
    const code = this.#wishes.judge?.(manifest)
    const said = (content: EventContent, data: Readonly<Record<string, string>> = {}): Promise<void> =>
      this.#say(operation, attempt, content, data)
    if (code !== undefined) {
      this.taken.push({ operation, attempt, manifest })
      return said({ kind: 'code', code })
    }
    await said({ kind: 'step', step: 'downloading' })
    const others: string[] = []
    for (const artifact of this.#wishes.curious ?? []) others.push(await this.#answerFor(operation, artifact))
    const { bytes: pulled, wireBytes } = await this.#payload(operation, manifest)
    this.taken.push({ operation, attempt, manifest, pulled, others })
    const took = { held_bytes: '0', received_bytes: `${pulled}`, wire_bytes: `${wireBytes}` }
    await said({ kind: 'step', step: 'rebooting' }, took)
    this.#installed = { version: manifest.version, digest: manifest.installedSha256 }
    this.#boots += 1
    await this.#hello()
  }

  #answerFor(operation: OperationId, artifact: string): Promise<string> {
    const asked = this.#pull({ operation, artifact, wanted: { kind: 'index', offset: 0 } })
    return asked.then(
      () => 'given',
      (error: Error) => error.message,
    )
  }

  /** Length of the payload, whose digest is the manifest's, and what came instead. */
  async #payload(
    operation: OperationId,
    { payloadSha256: artifact }: Manifest,
  ): Promise<{ readonly bytes: number; readonly wireBytes: number }> {
    const index = await this.#pull({ operation, artifact, wanted: { kind: 'index', offset: 0 } })
    const chunks = ChunkIndex.parse(index.bytes)
    const hash = createHash('sha256')
    let bytes = 0
    let wireBytes = index.bytes.length
    for (let chunk = 0; chunk < chunks.count; chunk += 1) {
      const wanted = { kind: 'chunks', ranges: [{ first: chunk, count: 1 }] } as const
      const encoded = await this.#pull({ operation, artifact, wanted })
      const plain = decodeChunk(encoded, chunks.lengthOf(chunk))
      hash.update(plain)
      bytes += plain.length
      wireBytes += encoded.bytes.length
    }
    if (hash.digest('hex') !== artifact) throw new Error(`the payload is not ${artifact}`)
    return { bytes, wireBytes }
  }

  /** One answer, whole. Rejects with the word of a refusal. */
  #pull(
    request: Omit<ChunkRequest, 'requestNumber' | 'windowBytes'>,
  ): Promise<{ readonly bytes: Buffer; readonly encoding: 'plain' | 'deflate' }> {
    this.#requestNumber += 1
    const requestNumber = this.#requestNumber
    const parts: Uint8Array[] = []
    let received = 0
    return new Promise((resolve, reject) => {
      this.#answer = message => {
        if (message.requestNumber !== requestNumber) return
        if (message.kind === 'refusal') return reject(new Error(message.reason))
        parts.push(Buffer.from(message.data))
        received += message.data.length
        if (received === message.encodedSize) resolve({ bytes: Buffer.concat(parts), encoding: message.encoding })
      }
      const bytes = encodeChunkRequest({ ...request, requestNumber, windowBytes: 1024 * 1024 })
      this.#client.publish(deviceTopic(this.#device, 'chunks/request'), bytes)
    })
  }

  async #say(
    operation: OperationId,
    attempt: number,
    content: EventContent,
    data: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.#eventNumber += 1
    const event = { journalId: journal, deviceTime: Date.now(), data, operation, attempt, content }
    const bytes = encodeEvent({ ...event, eventNumber: this.#eventNumber })
    await this.#client.publishAsync(deviceTopic(this.#device, 'events'), bytes, { qos: 1 })
  }

  async #hello(): Promise<void> {
    const hello = encodeHello({
      vendorId: testVendorId,
      classId: testClassId,
      bootId: String(this.#boots).padStart(32, '0'),
      journalId: journal,
      components: [{ name: 'main', ...this.#installed }],
      outboxEventCount: 0,
      outboxLastEventNumber: this.#eventNumber,
      packetBytesMax: 32_768,
      agentVersion: 'pulling',
    })
    await this.#client.publishAsync(deviceTopic(this.#device, 'hello'), hello, { qos: 1 })
  }
}

const journal = '77'.repeat(8)
