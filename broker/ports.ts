// What the broker needs from the world. Every adapter of a port passes the suite of that port in test/suites.

import type { ChunkEncoding } from '../proto/chunk-piece.ts'
import type { EventCode, EventType } from '../proto/event-codes.ts'
import type { ArtifactId, DeviceId, EventId, OperationId, PrincipalName, ReleaseId } from '../proto/ids.ts'
import type { DeltaMetadata } from '../proto/patch.ts'
import type { Downlink, Uplink } from '../proto/topics.ts'
import type { Device } from './core/device.ts'
import type { PresentedCertificate } from './core/device-certificates.ts'
import type { MaintenanceWindow } from './core/policy.ts'
import type {
  AuditEntry,
  AuditRecord,
  Backup,
  DeviceCredential,
  DeviceLog,
  EventRecord,
  Execution,
  ExecutionState,
  NewEvent,
  Notice,
  Operation,
  Principal,
  Release,
  StoredAnswer,
  Webhook,
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
  | { readonly kind: 'put-journals'; readonly device: DeviceId; readonly journals: Device['journals'] }
  | { readonly kind: 'put-credential'; readonly credential: DeviceCredential }
  | { readonly kind: 'put-principal'; readonly principal: Principal }
  | { readonly kind: 'put-release'; readonly release: Release }
  | { readonly kind: 'put-operation'; readonly operation: Operation }
  | { readonly kind: 'put-targets'; readonly operation: OperationId; readonly devices: readonly DeviceId[] }
  | { readonly kind: 'put-execution'; readonly execution: Execution; readonly previous?: ExecutionState }
  | { readonly kind: 'append-event'; readonly event: NewEvent }
  /** Numbered and chained by the store, in the order given (proto/audit.ts). */
  | { readonly kind: 'append-audit'; readonly entry: AuditEntry }
  | { readonly kind: 'put-answer'; readonly answer: StoredAnswer }
  | { readonly kind: 'put-clock'; readonly at: number }
  /** `content` under its SHA-256; of one device in one operation the last counts. */
  | { readonly kind: 'put-backup'; readonly backup: Backup; readonly content: Uint8Array }
  /** `content`: the deflated lines. The event is in the store. */
  | { readonly kind: 'put-device-log'; readonly log: DeviceLog; readonly content: Uint8Array }
  | { readonly kind: 'put-webhook'; readonly webhook: Webhook }
  /** Numbered by the store. */
  | { readonly kind: 'append-notice'; readonly notice: Omit<Notice, 'number'> }
  | { readonly kind: 'put-notice'; readonly notice: Notice }
  /** What is not there is no error. A device leaves registry and credentials; its events and executions stay. */
  | { readonly kind: 'delete-device'; readonly device: DeviceId }
  | { readonly kind: 'delete-principal'; readonly name: PrincipalName }
  | { readonly kind: 'delete-webhook'; readonly id: string }
  | { readonly kind: 'delete-notice'; readonly number: number }

export interface EventQuery {
  readonly device?: DeviceId
  readonly operation?: OperationId
  readonly code?: EventCode
  readonly type?: EventType
  /** Milliseconds since 1970, inclusive: where the log is entered; times in it never fall. */
  readonly notBefore?: number
  readonly notAfter?: number
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
 * every resolved commit. Rejects with StoreUnavailable (disk full, closed, damaged), or RangeError for an audit entry
 * longer than a line of an export (proto/audit.ts) and a content that is not its backup's; nothing was written then.
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
  /** Ended executions by what they count as on the update-status page, by device id, ascending. */
  executionsByResult(
    operation: OperationId,
    page: { readonly result: ExecutionResult; readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Execution>>
  /** Pending and in progress, oldest operation first. */
  unfinishedExecutionsOf(device: DeviceId): Promise<readonly Execution[]>
  event(id: EventId): Promise<EventRecord | undefined>
  events(query: EventQuery): Promise<EventPage>
  /** Number of the newest event, 0 when there is none; of the oldest that is kept, 1 unless some were trimmed. */
  eventRange(): { readonly oldest: number; readonly newest: number }
  /**
   * Forgets the oldest events recorded before that moment, with the device logs that belong to them, at most `rowsMax`
   * (1..10,000) in a call; resolves to how many. From the first one on that is not older, nothing is touched.
   */
  trimEvents(before: number, rowsMax: number): Promise<number>

  audit(page: AuditQuery): Promise<Page<AuditRecord>>
  /** The last record's number and hash; 0 and 64 zeros in an empty chain. */
  auditHead(): { readonly number: number; readonly hash: string }

  answer(principal: PrincipalName, requestId: string): Promise<StoredAnswer | undefined>
  /** Forgets answers given before that moment, at most `rowsMax` (1..10,000) in a call; resolves to how many. */
  trimAnswers(before: number, rowsMax: number): Promise<number>
  /** What put-clock saved last. */
  savedClock(): Promise<number | undefined>
  backup(operation: OperationId, device: DeviceId): Promise<Backup | undefined>
  /** Of one operation, by device id, ascending. */
  backups(operation: OperationId, page: { readonly after?: DeviceId; readonly limit: number }): Promise<Page<Backup>>
  /** The bytes with that SHA-256. */
  backupContent(sha256: string): Promise<Uint8Array | undefined>
  /** What the device had logged when that event of the operation told its failure. */
  deviceLog(operation: OperationId, event: EventId): Promise<DeviceLog | undefined>
  /** Of one operation, by event, oldest first. */
  deviceLogs(
    operation: OperationId,
    page: { readonly after?: EventId; readonly limit: number },
  ): Promise<Page<DeviceLog>>
  /** Its lines, deflated. */
  deviceLogContent(operation: OperationId, event: EventId): Promise<Uint8Array | undefined>
  webhooks(): Promise<readonly Webhook[]>
  /** Not delivered yet, by number, ascending, beyond `after`. */
  notices(page: { readonly after?: number; readonly limit: number }): Promise<Page<Notice>>
  /** Absent: it does not count. */
  figures?(): StoreFigures
  close(): Promise<void>
}

/** Counters grow from the start of the process; gauges are of now. */
export interface StoreFigures {
  /** Batches handed in and durable; refused or failed. */
  readonly commitsTotal: number
  readonly failedTotal: number
  /** Writes with one fsync each, which commits share, and how long they took together. */
  readonly writesTotal: number
  readonly writeMsTotal: number
  /** Of commits that wait for the write under way. */
  readonly waitingBytes: number
}

/** Updated: completed, or skipped with SYS_110; errors: every other ending. */
export type ExecutionResult = 'updated' | 'errors'

export interface AuditQuery {
  readonly operation?: OperationId
  /** Exclusive: records beyond this number in the order asked for. */
  readonly after?: number
  readonly order: 'ASC' | 'DESC'
  /** 1..1000 */
  readonly limit: number
}

/** When maintenance windows are open. Windows have been checked by `problem` before they come here. */
export interface Calendar {
  /** What is wrong with a window, or undefined. */
  problem(window: MaintenanceWindow): string | undefined
  /** Whether one of them is open at a moment (milliseconds since 1970), and when that changes next, if it ever does. */
  state(windows: readonly MaintenanceWindow[], at: number): { readonly open: boolean; readonly changesAt?: number }
}

/** Lists that people exchange with their own tools. */
export interface Csv {
  /** RFC 4180 in UTF-8 with a byte order mark; no cell is taken for a formula. Streams: one row at a time is in memory. */
  write(header: readonly string[], rows: AsyncIterable<readonly (string | null)[]>): AsyncIterable<Uint8Array>
  /** The ids of a target list. Rejects with RequestRefused INVALID naming the line. */
  readTargets(bytes: AsyncIterable<Uint8Array>): AsyncIterable<{ readonly line: number; readonly id: string }>
}

/** The online operations key. What it may sign is decided by the devices' trust document, not here. */
export interface CommandSigner {
  /** RFC 7638 thumbprint. */
  readonly keyId: string
  /** SignedEnvelope over exactly these bytes of a Command. */
  sign(command: Uint8Array): Uint8Array
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

/** A patch the broker has made: how to get from an installed image to the payload of an artifact. Lower-case hex. */
export interface PatchPair {
  readonly base: ArtifactId
  readonly target: ArtifactId
}
export interface MadePatch extends PatchPair {
  readonly patchBytes: number
  readonly metadata: DeltaMetadata
  /** Encoded bytes of the chunks of the target that the base does not have: what the pair costs without the patch. */
  readonly chunkBytes: number
}

/** Makes patches, off the event loop, one after another. */
export interface PatchMaker {
  /**
   * Encoded bytes of the chunks of the target that the base does not have; undefined when not both are here. Rejects with
   * ArtifactUnreadable, or with the reason of `signal`.
   */
  chunkBytes(pair: PatchPair, signal: AbortSignal): Promise<number | undefined>
  /**
   * Resolves when the patch is durable in the PatchStore; undefined when it would save nothing against the chunks, or the
   * images are not both here as whole images. Rejects with PatchImpossible (no zstd, too large, too slow), ArtifactUnreadable,
   * StoreUnavailable, or with the reason of `signal`; nothing is kept then.
   */
  make(pair: PatchPair, signal: AbortSignal): Promise<MadePatch | undefined>
  /** Ends what is under way. */
  close(): Promise<void>
}

/** A patch that has been written, not yet kept. */
export interface WrittenPatch {
  /** The file: its bytes are those of the patch, synced. It is the store's from then on. */
  readonly path: string
  /** Of its bytes, lower-case hex. */
  readonly sha256: string
}

/** Made patches, a bounded number of bytes on disk; those used last stay. What is lost is made again. */
export interface PatchStore {
  /** All that are whole, least recently used first. */
  all(): readonly MadePatch[]
  find(pair: PatchPair): MadePatch | undefined
  /**
   * Up to `length` bytes from `offset` on; undefined when it has been removed meanwhile. Rejects with ArtifactUnreadable
   * when the disk has spoiled it; it is removed then.
   */
  read(pair: PatchPair, offset: number, length: number): Promise<Uint8Array | undefined>
  /** Durable when it resolves; others go when the limit is passed. Rejects with StoreUnavailable, or PatchImpossible (too large). */
  keep(patch: MadePatch, written: WrittenPatch): Promise<void>
  close(): Promise<void>
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

/** One thing that is counted, as those who watch the process read it. */
export interface Metric<Figures> {
  /** Ends in its unit (`_bytes`, `_seconds`), and in `_total` if it is a counter. */
  readonly name: string
  /** One sentence with the unit in it. */
  readonly help: string
  /** A counter only grows while the process lives. */
  readonly kind: 'counter' | 'gauge'
  /** Name of the one label, whose values are a bounded number of fixed words; absent: a single number. */
  readonly label?: string
  /** Undefined: not known here. */
  of(figures: Figures): number | Readonly<Record<string, number>> | undefined
}

/** One live MQTT connection of a device. */
export interface DeviceConnection {
  readonly device: DeviceId
  /** SHA-256 (DER, lower-case hex) of the certificate it was opened with; absent: with a password. */
  readonly certificate?: string
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
  /**
   * Writes MQTT packets as they are (proto/packets.ts), whole, or a packet in parts between `cork` and `uncork`: not
   * copied, do not change them until they are drained. No-op on a closed connection.
   */
  write(packets: Uint8Array): void
  /** Between the two, writes are gathered and leave in one system call. */
  cork(): void
  uncork(): void
  /** Calls `listener` whenever the socket has kept bytes waiting and the kernel has taken some. One listener a connection. */
  onDrain(listener: () => void): void
  /** `reason` goes to the log. */
  close(reason: string): void
}

export type Identity =
  | { readonly kind: 'device'; readonly device: DeviceId; readonly certificate?: string }
  | { readonly kind: 'operator'; readonly principal: Principal }

/** A device or operator sent what the protocol does not allow; the adapter logs it and closes the connection. */
export interface MqttEvents {
  /** Who the client is; undefined: a name we do not know; 'refused': the secret is wrong; 'certificate': what it showed. */
  authenticate(
    clientId: string,
    userName: string | undefined,
    password: Uint8Array | undefined,
    certificate?: PresentedCertificate,
  ): Promise<Identity | undefined | 'refused' | 'certificate'>
  deviceConnected(connection: DeviceConnection): void
  /** Called once for every deviceConnected, also when a newer connection has replaced this one. */
  deviceDisconnected(connection: DeviceConnection): void
  /** Whether the device has been asked to join the broadcast session (16 hex digits) of that name. */
  maySubscribe(connection: DeviceConnection, session: string): boolean
  /** The device is subscribed to both topics of a session it may hear; again when it subscribes again. What is written to it from now on is heard. */
  sessionJoined(connection: DeviceConnection, session: string): void
  /** It is no more, on a connection that goes on. */
  sessionLeft(connection: DeviceConnection, session: string): void
  /** Resolves when the message may be acknowledged; rejects with MessageRefused to close the connection without one. */
  deviceMessage(connection: DeviceConnection, uplink: Uplink, payload: Uint8Array): Promise<void>
  /** JSON of an operator. Never rejects: the answer goes out on accepted or rejected. */
  operatorMessage(principal: Principal, verb: string, payload: Uint8Array): Promise<void>
}

/** The way out to operators who listen by MQTT. Slow ones are cut off; nothing waits for them. */
export interface OperatorChannel {
  /** JSON, QoS 0, not retained. */
  publish(topic: string, message: object): void
  /** False: nobody would hear it, so it need not be made. */
  hasReaders?(topic: string): boolean
}
