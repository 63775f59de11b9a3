// What this adapter knows of the inside of Aedes 1.2.0 beyond its published types. Every private field we touch is named
// here, and self-test.ts proves at attach that it is there and does what we take it for (the fields are not promised by
// anybody, hence the exact version).
import type { Duplex } from 'node:stream'
import type { Aedes, AedesPublishPacket, Client, ConnectPacket, Subscription } from 'aedes'

export const supportedVersions: readonly string[] = ['1.2.0']

/** mqtt-packet's parser of one client. Its methods are looked up on the object for every packet, so they can be fitted. */
export interface HostParser {
  packet: { readonly cmd: string; readonly length: number }
  _list: { readonly length: number; get(index: number): number; slice(start: number, end: number): Buffer }
  /** 0 between packets. */
  readonly _stateCounter: number
  parse(bytes: Buffer): number
  _parseHeader(): boolean
  _parseLength(): boolean
  _parsePayload(): boolean
  _emitError(error: Error): void
  /** Aedes listens for 'packet', once. */
  listeners(event: 'packet'): readonly PacketListener[]
  removeAllListeners(event: 'packet'): void
  on(event: 'packet', listener: PacketListener): void
}
type PacketListener = (this: HostParser, packet: { readonly cmd: string }) => void

export type HostClient = Omit<Client, 'id' | 'clean' | 'conn' | 'once'> & {
  /** Given in `init`, before authenticate; the key in `clients` from registration on. */
  id: string
  clean: boolean
  conn: Duplex
  /** Highest packet number delivered, by broker id: the "dedupe" of trap A. */
  duplicates: object
  subscriptions: Readonly<Record<string, unknown>>
  connackSent: boolean
  /** The will until it is stored after authenticate. */
  _will: ConnectPacket['will'] | null
  /** A DISCONNECT arrived. */
  _disconnected: boolean
  _authorized: boolean
  _paused?: boolean
  _parser: HostParser
  /** A write or the parser has failed. */
  readonly errored: boolean
  /** Packets that have not called back `_nextBatch`, without which the client is read no further; an error closes it. */
  _parsingBatch: number
  _nextBatch: (error?: Error | null) => void
  /** The two ways from the emitter to the socket, looked up when a filter is subscribed. */
  deliver0: Deliver
  deliverQoS: Deliver
  /** Packet identifier of the next kept message. */
  _nextId: number
  once(event: 'connected', listener: () => void): void
  /** Milliseconds after which the timer closes a silent client; every packet puts it back. Not above 0: there is none. */
  readonly _keepaliveInterval: number
  readonly _keepaliveTimer: { refresh(): void } | null
  /** Calls back when the socket has been emptied, with an error when that took longer than `drainTimeout`. */
  waitForDrain(callback: (error?: Error | null) => void): void
  pause(): void
  resume(): void
}

type Deliver = (packet: AedesPublishPacket, callback: (error?: Error | null) => void) => void

/** What a persistence keeps for a session that is not clean. */
export interface StoredPacket {
  readonly cmd: string
  readonly messageId?: number
  readonly qos?: number
}

/** The part of a persistence that this adapter calls or guards. */
export interface HostPersistence {
  createRetainedStreamCombi: Method
  delWill: Method
  subscriptionsByTopic: Method
  addSubscriptions(client: { readonly id: string }, subscriptions: readonly Subscription[]): Promise<unknown>
  outgoingStream(client: { readonly id: string }): AsyncIterable<unknown>
  outgoingEnqueue(to: { readonly clientId: string }, packet: object): Promise<unknown>
  outgoingUpdate(client: HostClient, packet: object): Promise<unknown>
  outgoingClearMessageId(client: HostClient, packet: { readonly messageId: number }): Promise<unknown>
}

interface Emitter {
  on(event: 'error', listener: (error: Error) => void): void
  removeListener(event: 'error', listener: (error: Error) => void): void
}
export type Method = (...values: unknown[]) => unknown

export type HostBroker = Omit<Aedes, 'on' | 'emit' | 'id'> & {
  on(event: string, listener: (...values: never[]) => void): void
  removeListener(event: string, listener: (...values: never[]) => void): void
  emit(event: string, ...values: unknown[]): boolean
  readonly version: string
  readonly clients: Readonly<Record<string, HostClient | undefined>>
  readonly opts: { readonly drainTimeout?: number; readonly concurrency?: number }
  readonly connectTimeout: number
  readonly mq: {
    readonly concurrency?: number
    readonly state?: Emitter
    /** The emitter's table of listeners; other emitters have none. */
    readonly _matcher?: { match(topic: string): readonly unknown[] }
  }
  readonly persistence: HostPersistence
  readonly queueLimit: number
  readonly id: string
  /** Of the last message this broker has numbered. */
  counter: number
  unregisterClient(client: HostClient): void
}

export function internalsOf(aedes: Aedes): HostBroker {
  return aedes as unknown as HostBroker
}

export function clientOf(client: Client): HostClient {
  return client as unknown as HostClient
}

/** The hooks we wrap: plain properties of the instance, looked up at each call. */
export const hookNames = [
  'handle',
  'preConnect',
  'authenticate',
  'authorizePublish',
  'authorizeSubscribe',
  'authorizeForward',
  'published',
] as const
export type HookName = (typeof hookNames)[number]
export type Hooks = Pick<Aedes, HookName>

/**
 * Stands in for `client.duplicates` and always reads 0: nothing is ever taken for a duplicate. Without it a QoS 0 message
 * destroys the QoS 1 message published just before it (trap A). The price is one copy for each overlapping subscription,
 * which MQTT 3.1.1 allows (3.3.5).
 */
export const inertDuplicates: object = new Proxy(
  {},
  { get: () => 0, set: () => true, deleteProperty: () => true, has: () => false },
)

/** Puts a method of our own over one of the host's; the result puts things back as they were. */
export function replaceMethod<Name extends string>(
  target: Record<Name, Method>,
  name: Name,
  wrap: (original: Method) => Method,
): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  target[name] = wrap(target[name])
  return () => {
    if (own !== undefined) Object.defineProperty(target, name, own)
    else delete (target as Partial<Record<Name, Method>>)[name]
  }
}
