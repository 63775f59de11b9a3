// A real broker on a free port of 127.0.0.1 with the adapter attached, people who may connect to it, and a record of
// what the adapter told the orchestration.
import { Aedes, type AedesOptions } from 'aedes'
import type { IConnectPacket } from 'mqtt-packet'
import type { Test } from 'tap'
import { type AedesAttachment, attachAedes } from '../../../../broker/adapters/aedes/attach.ts'
import { type AedesSettings, aedesOptions } from '../../../../broker/adapters/aedes/settings.ts'
import { MqttListener } from '../../../../broker/adapters/mqtt-listener.ts'
import type { Clock, DeviceConnection, Identity, Log, LogFields, MqttEvents } from '../../../../broker/ports.ts'
import { deviceId, principalName } from '../../../../proto/ids.ts'
import { RawClient } from './raw-client.ts'

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

export class RecordingLog implements Log {
  readonly lines: (LogFields & { readonly level: string })[] = []
  debug = (fields: LogFields) => this.#add('debug', fields)
  info = (fields: LogFields) => this.#add('info', fields)
  warn = (fields: LogFields) => this.#add('warn', fields)
  error = (fields: LogFields) => this.#add('error', fields)
  of(event: string): LogFields[] {
    return this.lines.filter(line => line.event === event)
  }
  #add(level: string, fields: LogFields): void {
    this.lines.push({ level, ...fields })
  }
}

/** Devices are all user names `device-…`, operators `alice` and `bob`; the secret is `secret`. */
export class RecordingEvents implements MqttEvents {
  readonly connected: DeviceConnection[] = []
  readonly disconnected: DeviceConnection[] = []
  readonly messages: { connection: DeviceConnection; uplink: string; payload: string }[] = []
  readonly requests: { name: string; verb: string; payload: string }[] = []
  authenticateDelayMs = 0
  onMessage: (uplink: string, payload: string, connection: DeviceConnection) => Promise<void> = async () => {}
  onConnected: (connection: DeviceConnection) => void = () => {}
  onRequest: () => Promise<void> = async () => {}

  async authenticate(_: string, userName: string | undefined, password: Uint8Array | undefined) {
    if (this.authenticateDelayMs > 0) await sleep(this.authenticateDelayMs)
    const identity = identityOf(userName)
    if (identity === undefined) return undefined
    return Buffer.from(password ?? []).toString() === 'secret' ? identity : ('refused' as const)
  }
  deviceConnected(connection: DeviceConnection): void {
    this.connected.push(connection)
    this.onConnected(connection)
  }
  /** Sessions that any device may hear. */
  readonly invited = new Set<string>()
  readonly joined: { readonly connection: DeviceConnection; readonly session: string }[] = []
  readonly left: { readonly connection: DeviceConnection; readonly session: string }[] = []
  onJoined: (connection: DeviceConnection, session: string) => void = () => {}

  deviceDisconnected(connection: DeviceConnection): void {
    this.disconnected.push(connection)
  }
  maySubscribe(_: DeviceConnection, session: string): boolean {
    return this.invited.has(session)
  }
  sessionJoined(connection: DeviceConnection, session: string): void {
    this.joined.push({ connection, session })
    this.onJoined(connection, session)
  }
  sessionLeft(connection: DeviceConnection, session: string): void {
    this.left.push({ connection, session })
  }
  async deviceMessage(connection: DeviceConnection, uplink: string, payload: Uint8Array): Promise<void> {
    const text = Buffer.from(payload).toString()
    this.messages.push({ connection, uplink, payload: text })
    await this.onMessage(uplink, text, connection)
  }
  async operatorMessage(principal: { name: string }, verb: string, payload: Uint8Array): Promise<void> {
    this.requests.push({ name: principal.name, verb, payload: Buffer.from(payload).toString() })
    await this.onRequest()
  }
}

export function identityOf(userName: string | undefined): Identity | undefined {
  if (userName?.startsWith('device-')) return { kind: 'device', device: deviceId(userName) }
  if (userName !== 'alice' && userName !== 'bob') return undefined
  const principal = { name: principalName(userName), role: 'operator', tokenSha256: '', createdAt: 0 } as const
  return { kind: 'operator', principal }
}

/** The live connection of the device; deviceConnected comes a moment after the client has its CONNACK. */
export async function connectionOf(broker: BrokerUnderTest, name: string): Promise<DeviceConnection> {
  const find = () => broker.events.connected.findLast(connection => connection.device === name && !connection.closed)
  await eventually(() => find() !== undefined)
  const connection = find()
  if (connection === undefined) throw new Error(`${name} is not connected`)
  return connection
}

export interface BrokerUnderTest {
  readonly aedes: Aedes
  readonly attachment: AedesAttachment
  readonly events: RecordingEvents
  readonly log: RecordingLog
  readonly port: number
  device(name: string, options?: Partial<IConnectPacket>): Promise<RawClient & { returnCode?: number }>
  operator(name: string, options?: Partial<IConnectPacket>): Promise<RawClient & { returnCode?: number }>
  stranger(clientId: string, options?: Partial<IConnectPacket>): Promise<RawClient & { returnCode?: number }>
}

export async function openBroker(
  t: Test,
  setup: { settings?: Partial<AedesSettings>; options?: AedesOptions; prepare?: (aedes: Aedes) => void } = {},
): Promise<BrokerUnderTest> {
  const aedes = await Aedes.createBroker({ ...aedesOptions(setup.settings?.strangers), ...setup.options })
  setup.prepare?.(aedes)
  const events = new RecordingEvents()
  const log = new RecordingLog()
  const attachment = await attachAedes(aedes, events, { ...roomy, ...setup.settings }, { clock: realClock, log })
  const listener = await MqttListener.open(aedes, {
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 1000,
    clock: realClock,
    log,
  })
  t.teardown(async () => {
    listener.stopAccepting()
    await attachment.close()
    await new Promise<void>(resolve => aedes.close(resolve))
    await listener.close()
  })
  const { port } = listener
  return {
    aedes,
    attachment,
    events,
    log,
    port,
    device: (name, options = {}) =>
      RawClient.connect(port, { clientId: name, username: name, password: Buffer.from('secret'), ...options }),
    operator: (name, options = {}) =>
      RawClient.connect(port, { clientId: `${name}-1`, username: name, password: Buffer.from('secret'), ...options }),
    stranger: (clientId, options = {}) => RawClient.connect(port, { clientId, ...options }),
  }
}

/** Gives the persistence of the broker the delays of one that is not in memory. */
export function slowPersistence(delayMs: number): (aedes: Aedes) => void {
  return aedes => {
    const { persistence } = aedes as unknown as { persistence: Record<string, (...values: unknown[]) => unknown> }
    for (const name of ['cleanSubscriptions', 'delWill']) {
      const original = persistence[name]
      persistence[name] = async (...values) => {
        await sleep(delayMs)
        return original?.apply(persistence, values)
      }
    }
  }
}

/** Rates that only the tests about rates can reach. */
const roomy: Partial<AedesSettings> = {
  connects: { perSecond: 1e6, burst: 1e6 },
  records: { perSecond: 1e6, burst: 1e6 },
  requests: { perSecond: 1e6, burst: 1e6 },
}

export function sleep(delayMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, delayMs))
}

/** Polls for a state that no packet tells of. */
export async function eventually(holds: () => boolean, limitMs = 5_000): Promise<boolean> {
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(2)) if (holds()) return true
  return holds()
}
