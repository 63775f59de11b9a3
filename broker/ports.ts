// What the broker needs from the world. Every adapter of a port passes the suite of that port in test/suites.
import type { EventCode, EventType } from '../proto/event-codes.ts'
import type { ArtifactId, DeviceId, EventId, OperationId, PrincipalName, ReleaseId } from '../proto/ids.ts'
import type { ChunkEncoding } from '../proto/messages.ts'
import type { Downlink, Uplink } from '../proto/topics.ts'
import type { Device } from './core/device.ts'
import type {
  DeviceCredential,
  EventRecord,
  Execution,
  ExecutionState,
  NewEvent,
  Operation,
  Principal,
  Release,
} from './core/records.ts'

export interface Clock {
  /** Wall time, milliseconds since 1970. May jump. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number
  /** Runs `action` once after `delayMs`; the result cancels it. A pending timer does not keep the process alive. */
  after(delayMs: number, action: () => void): () => void
}

export interface Random {
  /** Cryptographically strong. */
  bytes(count: number): Buffer
}

/** pino's shape. `event` is a fixed word to search for. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
export interface LogFields {
  readonly event: string
  readonly [field: string]: unknown
}

/** One write. `previous` is the state the execution had in the store, absent when it is new: indexes follow it. */
export type Change =
  | { readonly kind: 'put-device'; readonly device: Device }
  | { readonly kind: 'put-credential'; readonly credential: DeviceCredential }
  | { readonly kind: 'put-principal'; readonly principal: Principal }
  | { readonly kind: 'put-release'; readonly release: Release }
  | { readonly kind: 'put-operation'; readonly operation: Operation }
  | { readonly kind: 'put-targets'; readonly operation: OperationId; readonly devices: readonly DeviceId[] }
  | { readonly kind: 'put-execution'; readonly execution: Execution; readonly previous?: ExecutionState }
  | { readonly kind: 'append-event'; readonly event: NewEvent }

export interface EventQuery {
  readonly device?: DeviceId
  readonly operation?: OperationId
  readonly code?: EventCode
  readonly type?: EventType
  /** Exclusive: events beyond this one in the order asked for. */
  readonly after?: EventId
  readonly order: 'ASC' | 'DESC'
  /** 1..1000 */
  readonly limit: number
}
export interface Page<T> {
  readonly items: readonly T[]
  /** There are more beyond the last item. */
  readonly hasMore: boolean
}
/**
 * With a filter a call looks at a bounded number of rows: a page may be short, even empty, with hasMore true. It means:
 * go on from `next`, and there may be nothing there.
 */
export interface EventPage extends Page<EventRecord> {
  /** The `after` of the following page; there whenever hasMore is true. */
  readonly next?: EventId
}

/**
 * Durable memory of the broker. `commit` is one atomic batch, resolved only when it is fsynced: after a power cut all of
 * it is there or nothing. Commits resolve in the order they were called; those that wait share one fsync. Reads see
 * every resolved commit. Rejects with StoreUnavailable (disk full, closed, damaged); nothing was written then.
 */
export interface Store {
  /** The stored events of the batch, numbered without gaps in the order given. */
  commit(changes: readonly Change[]): Promise<readonly EventRecord[]>

  device(id: DeviceId): Promise<Device | undefined>
  /** By id, ascending. */
  devices(page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<Device>>
  credential(device: DeviceId): Promise<DeviceCredential | undefined>
  principal(name: PrincipalName): Promise<Principal | undefined>
  principalByToken(tokenSha256: string): Promise<Principal | undefined>
  principals(): Promise<readonly Principal[]>
  release(id: ReleaseId): Promise<Release | undefined>
  /** By id, ascending. */
  releases(page: { readonly after?: ReleaseId; readonly limit: number }): Promise<Page<Release>>
  operation(id: OperationId): Promise<Operation | undefined>
  /** Newest first: ids grow with time. */
  operations(page: { readonly after?: OperationId; readonly limit: number }): Promise<Page<Operation>>
  /** Neither completed nor stopped; read at start. */
  unfinishedOperations(): Promise<readonly Operation[]>
  /** The explicit targets, ascending and without doubles, beyond `after`. */
  targets(operation: OperationId, page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<DeviceId>>
  execution(operation: OperationId, device: DeviceId): Promise<Execution | undefined>
  /** By device id, ascending; all states unless one is named. */
  executions(
    operation: OperationId,
    page: { readonly state?: ExecutionState; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>>
  /** Pending and in progress, oldest operation first. */
  unfinishedExecutionsOf(device: DeviceId): Promise<readonly Execution[]>
  event(id: EventId): Promise<EventRecord | undefined>
  events(query: EventQuery): Promise<EventPage>
  close(): Promise<void>
}

/** One artifact with its chunk index and encoded chunks, open for reading. Owned by the ArtifactStore. */
export interface ArtifactReader {
  readonly id: ArtifactId
  readonly chunkCount: number
  readonly chunkIndex: Uint8Array
  encodingOf(chunk: number): ChunkEncoding
  /** Bytes. */
  encodedLengthOf(chunk: number): number
  /** The encoded bytes; rejects with ArtifactUnreadable. `chunk` is below chunkCount. */
  read(chunk: number): Promise<Uint8Array>
}

export interface ReceivedBundle {
  readonly artifact: ArtifactId
  readonly envelope: Uint8Array
}

export interface ArtifactStore {
  /**
   * Takes a bundle, verifies every chunk against the index, the index and the image against the manifest, then makes it
   * durable under the artifact's id. Rejects with BundleError (the file is wrong), ArtifactTooLarge or StoreUnavailable;
   * nothing is kept then. The same bundle again is no error.
   */
  receive(bytes: AsyncIterable<Uint8Array>): Promise<ReceivedBundle>
  /** Undefined when there is no such artifact. */
  open(artifact: ArtifactId): Promise<ArtifactReader | undefined>
  close(): Promise<void>
}

/** One live MQTT connection of a device. */
export interface DeviceConnection {
  readonly device: DeviceId
  /** Grows with every connection of this process; a later connection of the same device replaces the earlier one. */
  readonly number: number
  readonly closed: boolean
  /** Bytes handed to the socket and not yet taken by the kernel. */
  readonly undrainedBytes: number
  /**
   * Writes a PUBLISH at QoS 0 on a downlink of this device straight to its socket. The payload is the concatenation of
   * `parts`, which are not copied: do not change them until they are drained. No-op on a closed connection.
   */
  publish(downlink: Downlink, parts: readonly Uint8Array[]): void
  /** Between the two, writes are gathered and leave in one system call. */
  cork(): void
  uncork(): void
  /** Calls `listener` whenever the socket has drained below its high-water mark. One listener a connection. */
  onDrain(listener: () => void): void
  /** `reason` goes to the log. */
  close(reason: string): void
}

export type Identity =
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'operator'; readonly principal: Principal }

/** A device or operator sent what the protocol does not allow; the adapter logs it and closes the connection. */
export interface MqttEvents {
  /** Who the client is; undefined when we do not know the name; 'refused' when the secret is wrong. */
  authenticate(
    clientId: string,
    userName: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Identity | undefined | 'refused'>
  deviceConnected(connection: DeviceConnection): void
  /** Called once for every deviceConnected, also when a newer connection has replaced this one. */
  deviceDisconnected(connection: DeviceConnection): void
  /** Resolves when the message may be acknowledged; rejects with MessageRefused to close the connection without one. */
  deviceMessage(connection: DeviceConnection, uplink: Uplink, payload: Uint8Array): Promise<void>
  /** JSON of an operator. Never rejects: the answer goes out on accepted or rejected. */
  operatorMessage(principal: Principal, verb: string, payload: Uint8Array): Promise<void>
}

/** The way out to operators who listen by MQTT. Slow ones are cut off; nothing waits for them. */
export interface OperatorChannel {
  /** JSON, QoS 0, not retained. */
  publish(topic: string, message: object): void
}
