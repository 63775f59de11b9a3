// A real broker with people and devices on it, and what a story about hostile clients looks at from outside: its log, its
// memory, what it has stored. Clients are raw, so that they can send what no library would.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IConnectPacket } from 'mqtt-packet'
import type { DeviceView, EventListing, EventView, Listing } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { encodeEvent, encodeHello } from '../../proto/messages.ts'
import { type Downlink, deviceTopic, type Uplink } from '../../proto/topics.ts'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import { testClassId, testVendorId } from '../fixtures/bundle.ts'
import { call, type RunningBroker, startBroker } from './process.ts'

export type Client = RawClient & { readonly returnCode?: number }
export type LogLine = Readonly<Record<string, unknown>>

export const topicOf = (device: string, name: Uplink | Downlink): string => deviceTopic(deviceId(device), name)

export class HostileScene {
  readonly broker: RunningBroker
  readonly #folder: string
  /** Passwords of devices and tokens of principals. */
  readonly #secrets = new Map<string, string>()
  readonly #clients: RawClient[] = []

  private constructor(broker: RunningBroker, folder: string) {
    this.broker = broker
    this.#folder = folder
  }

  static async open(folder: string): Promise<HostileScene> {
    return new HostileScene(await startBroker(folder), folder)
  }

  /** Ends every client and, if it still runs, the broker. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    if (this.broker.process.exitCode === null) await this.broker.kill()
  }

  async enroll(...ids: string[]): Promise<void> {
    for (const id of ids) {
      const { secret } = await call<{ secret: string }>(this.broker, 'POST', '/v1/devices/enroll', { device: id })
      this.#secrets.set(id, secret)
    }
  }

  async principal(name: string, role: string): Promise<void> {
    const { token } = await call<{ token: string }>(this.broker, 'POST', '/v1/principals', { name, role })
    this.#secrets.set(name, token)
  }

  secret(name: string): string {
    const secret = this.#secrets.get(name)
    if (secret === undefined) throw new Error(`nobody is called ${name}`)
    return secret
  }

  /** A TCP connection that has sent nothing. */
  socket(): RawClient {
    const client = new RawClient(this.broker.mqttPort)
    this.#clients.push(client)
    return client
  }

  /** CONNECT of a device or principal with its own name and secret, unless `options` say otherwise. */
  async connect(name: string, options: Partial<IConnectPacket> = {}): Promise<Client> {
    const password = Buffer.from(this.secret(name))
    const client = await RawClient.connect(this.broker.mqttPort, {
      clientId: name,
      username: name,
      password,
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  /** Connected, subscribed to all of its downlinks and with its hello stored. */
  async online(device: string): Promise<Client> {
    const client = await this.connect(device)
    const granted = await client.subscribe(
      topicOf(device, 'offer'),
      topicOf(device, 'command'),
      topicOf(device, 'chunks/data'),
    )
    if (granted?.some(code => code !== 0) !== false) throw new Error(`${device} may not subscribe: ${granted}`)
    client.publish(topicOf(device, 'hello'), goodHello(), { qos: 1 })
    await client.until(() => client.of('puback').length === 1)
    return client
  }

  /** The event log from its beginning. */
  async events(): Promise<EventView[]> {
    const events: EventView[] = []
    for (let after = '', more = true; more; ) {
      const path = `/v3/device-events?order=ASC&limit=250${after}`
      const page: EventListing = await call<EventListing>(this.broker, 'GET', path)
      events.push(...page.data)
      more = page.has_more
      after = `&after=${page.data.at(-1)?.id}`
    }
    return events
  }

  /** Event log and registered devices, without those of `bystanders`, who go on meanwhile, and without who is online. */
  async stored(bystanders: ReadonlySet<string>): Promise<object> {
    const { data } = await call<Listing<DeviceView>>(this.broker, 'GET', '/v1/devices?limit=1000')
    const devices = data.filter(({ id }) => !bystanders.has(id)).map(({ online: _, ...device }) => device)
    const events = (await this.events()).filter(event => !bystanders.has(event.device_id ?? ''))
    return { devices, events }
  }

  /** Lines of the broker's log with this event word. */
  async logged(event: string): Promise<LogLine[]> {
    const text = await readFile(join(this.#folder, 'broker.log'), 'utf8')
    const lines = text.split('\n').filter(line => line.startsWith('{') && line.endsWith('}'))
    return lines.map(line => JSON.parse(line) as LogLine).filter(line => line.event === event)
  }

  /** Watches the broker's resident memory; the function returned ends that and gives the growth in MiB, undefined where there is no /proc. */
  watchMemory(): () => number | undefined {
    const before = this.#residentMiB()
    if (before === undefined) return () => undefined
    let most = before
    const look = (): void => {
      most = Math.max(most, this.#residentMiB() ?? 0)
    }
    const timer = setInterval(look, 10)
    return () => {
      look()
      clearInterval(timer)
      return Math.round(most - before)
    }
  }

  #residentMiB(): number | undefined {
    try {
      const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.broker.process.pid}/status`, 'utf8')) ?? []
      return Number(kib) / 1024
    } catch {
      // No such file system here.
      return undefined
    }
  }
}

export const journalId = '66'.repeat(8)

export function goodHello(): Buffer {
  return encodeHello({
    vendorId: testVendorId,
    classId: testClassId,
    bootId: '55'.repeat(16),
    journalId,
    components: [{ name: 'main', version: '1.0.0', digest: '0d'.repeat(32) }],
    outboxEventCount: 0,
    outboxLastEventNumber: 0,
    packetBytesMax: 32_768,
    agentVersion: 'raw',
  })
}

/** An event of no operation, with a code that is logged. */
export function goodEvent(eventNumber: number, detail = 'x'): Buffer {
  const content = { kind: 'code', code: 'UPD4_FAIL_33' } as const
  return encodeEvent({ journalId, eventNumber, deviceTime: 1_800_000_000_000, content, data: { reason: detail } })
}
