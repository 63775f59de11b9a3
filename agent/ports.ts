// What the agent needs from the world. The shell (agent.ts) knows nothing beyond these; adapters/ implement them for a
// real device, tests and the simulator with fakes. Errors are those of errors.ts, each named where it is thrown.

import type { ManifestFormat } from '../proto/manifest.ts'
import type { DeviceEvent } from '../proto/messages.ts'
import type { Downlink, SessionChannel, Uplink } from '../proto/topics.ts'
import type { AgentMemory } from './core/memory.ts'
import type { Observer, RecentLog } from './observer.ts'

export interface Timer {
  /** May be called twice, and after the timer fired. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds since 1970, as the device believes; may jump. */
  wallMs(): number
  /** Milliseconds from an arbitrary start; never falls. Deadlines within one run are measured with it. */
  monotonicMs(): number
  /** Calls `run` once, at least `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer
}

export interface Random {
  /** In [0, 1). */
  fraction(): number
  bytes(count: number): Uint8Array
}

/** pino's shape: facts first, the sentence after. */
export interface Log {
  debug(facts: Readonly<Record<string, unknown>>, text: string): void
  info(facts: Readonly<Record<string, unknown>>, text: string): void
  warn(facts: Readonly<Record<string, unknown>>, text: string): void
  error(facts: Readonly<Record<string, unknown>>, text: string): void
}

// ---- durable memory ----------------------------------------------------------------------------

export interface JournalSnapshot {
  /** 16 hex digits: 8 random bytes made with the journal. */
  readonly journalId: string
  /** Plain JSON, one record replaced as a whole (core/memory.ts). Undefined in a new journal. */
  readonly memory: AgentMemory | undefined
  /** Not acknowledged yet, in the order of their numbers. */
  readonly outbox: readonly DeviceEvent[]
}

/** One atomic change. Events are appended, acknowledged ones removed by number (unknown numbers are ignored). */
export interface JournalBatch {
  readonly memory?: AgentMemory
  readonly events?: readonly DeviceEvent[]
  readonly acknowledged?: readonly number[]
}

export interface Journal {
  /** What the last completed `save` left. Throws StorageReadFailed, StoredThingCorrupt. */
  read(): Promise<JournalSnapshot>
  /** Durable (fsynced) when it resolves; after a power cut all of the batch or none. Throws StorageWriteFailed. */
  save(batch: JournalBatch): Promise<void>
  close(): Promise<void>
}

// ---- the line to the broker --------------------------------------------------------------------

export interface LinkHandlers {
  /** Connected, subscribed to all downlinks with every SUBACK granted, presence said. Now the hello may go. */
  connected(): void
  /** Called once after each `connected`. The link connects again by itself (full jitter). */
  disconnected(reason: string): void
  /** The bytes belong to the receiver. */
  message(downlink: Downlink, bytes: Uint8Array): void
  /** From the session subscribed to with `join`. */
  broadcast(channel: SessionChannel, session: string, bytes: Uint8Array): void
}

export interface Link {
  /** Begins to connect, and keeps connecting until `close`. Called once. */
  start(handlers: LinkHandlers): void
  /** QoS 1: resolves at the PUBACK. Rejects with LinkDown when the connection ends before it; never sends twice. */
  publish(
    uplink: Extract<Uplink, 'hello' | 'events' | 'configuration' | 'log' | 'certificate'>,
    bytes: Uint8Array,
  ): Promise<void>
  /** QoS 0, best effort; silently nothing while disconnected. */
  send(uplink: Extract<Uplink, 'progress' | 'chunks/request'>, bytes: Uint8Array): void
  /**
   * Subscribes to a broadcast session, now and after every connect until `leave`; one at a time, the last one counts.
   */
  join(session: string): void
  leave(): void
  close(): Promise<void>
}

// ---- disk --------------------------------------------------------------------------------------

/**
 * The file system of the device, as little of it as images and records need. Everything throws the system's own error
 * (`code`, `errno`, `syscall`); what that means is said by whoever asked. Nothing is durable before the `sync` of the
 * file, and no name before the `syncFolder` of its folder.
 */
export interface Disk {
  /** `read`: must exist. `update`: read and write, made when absent, kept as it is. `create`: the same, made empty. */
  open(path: string, how: 'read' | 'update' | 'create', mode?: number): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  /** A file or an empty folder; nothing when absent. */
  remove(path: string): Promise<void>
  /** With all folders above it; nothing when it exists. */
  makeFolder(path: string): Promise<void>
  /** Names within a folder, in no order. */
  list(path: string): Promise<readonly { readonly name: string; readonly isFolder: boolean }[]>
  /** Undefined when there is nothing. */
  sizeOf(path: string): Promise<number | undefined>
  /** Permissions (the nine bits) and the time of the last change, milliseconds since 1970; undefined when absent. */
  factsOf(path: string): Promise<{ readonly mode: number; readonly modifiedMs: number } | undefined>
  /** Free for this program, bytes. */
  freeBytes(path: string): Promise<number>
  syncFolder(path: string): Promise<void>
}

export interface DiskFile {
  /**
   * Up to `length` bytes at `offset`; fewer only at the end of the file. The bytes belong to the caller. `into`: memory of
   * at least `length` bytes they may be put in, for who reads a whole image; what is returned may be a view of it.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>
  /** All of it. Past the end the file grows. */
  write(offset: number, bytes: Uint8Array): Promise<void>
  size(): Promise<number>
  truncate(size: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

// ---- images ------------------------------------------------------------------------------------

export type SlotName = 'a' | 'b'

export interface InstalledImage {
  readonly slot: SlotName
  readonly version: string
  /** Lower-case hex SHA-256 of the whole image. */
  readonly digest: string
  readonly sizeBytes: number
}

/** An image that was verified and is to be installed: what the signed statement says of it. */
export interface NewImage extends Omit<InstalledImage, 'slot'> {
  /** The operation that brings it, for programs that are told. */
  readonly operation?: string
}

/** What the record of one component says. */
export interface SlotStatus {
  readonly component: string
  /** The slot that runs now (without a restart: the active one). */
  readonly running: SlotName
  /** What runs when no trial is under way. */
  readonly active: InstalledImage
  /** The image on trial and the starts it has left. */
  readonly trial: (InstalledImage & { readonly startsLeft: number }) | undefined
  /** Set when a trial was given up; cleared when a candidate is opened. */
  readonly fallback: { readonly slot: SlotName; readonly reason: string } | undefined
}

/**
 * Bytes under construction: an image in the slot that is not active, or a payload an image is made from. All sizes and
 * offsets are bytes. Methods throw StorageReadFailed or StorageWriteFailed.
 */
export interface Candidate {
  /** Writes all of `bytes` at `offset`; never past the bytes of the opening (RangeError). Not fsynced. */
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** Up to `length` bytes; fewer at the end of what the file holds (a resume reads a file that is not full yet). */
  read(offset: number, length: number): Promise<Uint8Array>
  /** The chunk index beside the image, written whole and fsynced, or undefined when there is none. */
  readIndex(): Promise<Uint8Array | undefined>
  writeIndex(bytes: Uint8Array): Promise<void>
  /** fsync of the image. */
  sync(): Promise<void>
  /** Closes the file; the bytes stay. May be called twice. */
  close(): Promise<void>
}

/** What has to start anew for a new image to count: nothing, the image that boot starts, or the whole device. */
export type RestartKind = 'none' | 'image' | 'device'

/**
 * How one component gets its images. Whatever the kind (slots, one file, programs of the device, a package of several
 * components), an image goes the same way: candidate, `install`, perhaps a restart, `verify`, then `commit` or `rollBack`.
 */
export interface Installer {
  readonly component: string
  readonly restart: RestartKind
  /** Formats it takes: `delta-zstd` where the installed image can be read, `combined` for a package alone. */
  readonly formats: readonly ManifestFormat[]
  /** The components a package brings images for, in no order; empty for all others. */
  readonly members: readonly string[]
  /** Reads the record. Throws StorageReadFailed, StoredThingMissing, StoredThingCorrupt. */
  status(): Promise<SlotStatus>
  /** SHA-256 and size of what the slot's image file holds now, read whole. StoredThingMissing without a file. */
  hash(slot: SlotName): Promise<{ readonly digest: string; readonly sizeBytes: number }>
  /** Reads exactly `length` bytes of the active image. Throws StorageReadFailed (`SHORT` included). `into` as of a file. */
  readActive(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>
  /** The chunk index beside the active image, or undefined. */
  readActiveIndex(): Promise<Uint8Array | undefined>
  /**
   * How much of an update finds room, to be compared with the sum of `update`: the quota less what other files use, or the
   * file system's free bytes plus what the inactive slot holds already; the smaller of the two. Where the parts lie in
   * several places none counts for more than it takes. Throws StorageReadFailed.
   */
  availableBytes(update: UpdateBytes): Promise<number>
  /**
   * Opening takes the slot's entry and the fallback out of the record (durably) before any byte changes; the bytes that
   * are there stay, so a download resumes. Throws StorageWriteFailed. One candidate at a time.
   */
  openCandidate(imageBytes: number): Promise<Candidate>
  /**
   * Durable when it resolves: `image` (whole in the inactive slot, fsynced, index beside it) is the one that runs, or,
   * with a restart, the one that is started next, for at most `startsLeft` starts before it must be committed. May be
   * repeated. Throws InstallFailed, StorageWriteFailed, StorageReadFailed.
   */
  install(image: NewImage, startsLeft: number): Promise<void>
  /** Is what was installed, and runs now, sound? Never throws. May be repeated. */
  verify(signal: AbortSignal): Promise<HealthVerdict>
  /** Durable: the image on trial becomes the active one. Nothing when none is on trial. Throws InstallFailed. */
  commit(): Promise<void>
  /**
   * Durable: gives up the image with this version and digest; what was active before is active again. Leaves `reason` in
   * `fallback`, also when the record names no such image. May be repeated.
   */
  rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void>
  /** Closes what is kept open. */
  close(): Promise<void>
}

/** What an update takes of the disk before it is done. All sizes are bytes. */
export interface UpdateBytes {
  readonly candidate: number
  /** In the data folder, wherever the candidate is: the chunk index, and the payload a candidate is made from. */
  readonly beside: number
  /** The images that a package is taken apart into; 0 for all others. */
  readonly members: number
}

/** The one place for a payload that is no image itself (a patch), until the image has been made from it. */
export interface PayloadStore {
  /** Bytes of an earlier payload and its index, which the next one is written over. Throws StorageReadFailed. */
  heldBytes(): Promise<number>
  /** What is there of an earlier payload stays, and is written over. One at a time. */
  open(payloadBytes: number): Promise<Candidate>
  /** Removes it; nothing when there is none. */
  discard(): Promise<void>
}

/** Decodes the frames of a patch. */
export interface PatchDecoder {
  /**
   * The `outputBytes` that the zstd frame stands for, with `base` as its dictionary. Undefined for anything that is no
   * such frame. Never takes more memory than `outputBytes` and the inputs ask for, each twice. Throws only when the device
   * has no decoder after all.
   */
  decode(
    frame: Uint8Array,
    base: Uint8Array,
    outputBytes: number,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

// ---- who is asked ------------------------------------------------------------------------------

/** What is about to be downloaded or installed, for whoever decides. */
export interface UpdateRequest {
  readonly operation: string
  readonly component: string
  readonly version: string
  readonly installedVersion: string
  readonly payloadBytes: number
  readonly priority: number
  readonly vendorData: Uint8Array
}

export type Answer =
  | { readonly kind: 'authorized' }
  /** For good. `reason` is one fixed word. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** Not now. `afterMs`: asked again then, or when the application says so; absent: the agent's own rhythm. */
  | { readonly kind: 'deferred'; readonly reason: string; readonly afterMs?: number }

/** The application of the device. What it throws counts as a rejection. */
export interface Authorization {
  download(request: UpdateRequest, signal: AbortSignal): Promise<Answer>
  install(request: UpdateRequest, signal: AbortSignal): Promise<Answer>
}

/**
 * The report key of the device: what signs the reports of its successes, and nothing else. It stays the same as long as the
 * device is the same; a broker keeps the first one it is told.
 */
export interface ReportSigner {
  /** SubjectPublicKeyInfo, DER, of an Ed25519 or P-256 key. */
  readonly publicKey: Uint8Array
  /** 64 bytes: Ed25519 of the message itself, or ECDSA over its SHA-256 as r and s (IEEE P1363). May take seconds, may fail. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

// ---- the device around the agent ---------------------------------------------------------------

export type HealthVerdict = { readonly healthy: true } | { readonly healthy: false; readonly reason: string }

export interface Health {
  /** Runs the health command within its time limit; healthy when none is configured. Never throws. */
  check(): Promise<HealthVerdict>
}

export interface Reboot {
  /** Asks that the process ends and boot starts what the slot records say. Returns at once; may be repeated. */
  restart(reason: string): void
  /**
   * Asks for a restart of the whole device, once for one order. Resolves with one word when it could not be asked for,
   * else with undefined; the device then goes down in its own time. Never throws.
   */
  device(): Promise<string | undefined>
}

export type ConfigurationVerdict = { readonly accepted: true } | { readonly accepted: false; readonly reason: string }

/** The one file that the device's programs are configured by. Methods throw StorageReadFailed or StorageWriteFailed. */
export interface Configuration {
  /** Members whose values nobody is told, besides those whose name says so: names, or JSON pointers. */
  readonly secrets: readonly string[]
  /** All of it, with a name for this version of 1 to 64 characters; undefined when there is none. */
  read(): Promise<{ readonly version: string; readonly content: Uint8Array } | undefined>
  /** Would the device run with it? Changes nothing. `reason` is one fixed word. */
  check(content: Uint8Array, signal: AbortSignal): Promise<ConfigurationVerdict>
  /** Durable when it resolves: after a power cut the old content or the new. What was there before is kept beside it. */
  replace(content: Uint8Array): Promise<void>
}

export interface ProgramEnd {
  /** Undefined when it did not end by itself. */
  readonly exitCode: number | undefined
  /** Undefined for exit code 0, else one fixed word with a number or name. */
  readonly problem: string | undefined
  /** What it wrote, in the order of arrival, up to a limit. */
  readonly output: Uint8Array
  readonly outputCut: boolean
}

/** The named commands of this device. */
export interface Programs {
  /** `name` is no path. */
  has(name: string): Promise<boolean>
  /** Runs it within its time limit; it and what it started have ended when this resolves. Never throws. */
  run(
    name: string,
    input: Uint8Array,
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ProgramEnd>
}

export interface AgentPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly journal: Journal
  readonly link: Link
  readonly installers: readonly Installer[]
  readonly payloads: PayloadStore
  readonly patches: PatchDecoder
  readonly authorization: Authorization
  readonly health: Health
  readonly reboot: Reboot
  /** Absent: the device has no configuration to back up or to change. */
  readonly configuration?: Configuration
  /** Absent: the device has no named commands. */
  readonly programs?: Programs
  readonly observer?: Observer
  /** Absent: no log is sent, whoever asks for it. */
  readonly recentLog?: RecentLog
  /** Absent: the device signs no reports. */
  readonly reportSigner?: ReportSigner
}
