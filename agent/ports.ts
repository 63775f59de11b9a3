// What the agent needs from the world. The shell (agent.ts) knows nothing beyond these; adapters/ implement them for a
// real device, tests and the simulator with fakes. Errors are those of errors.ts, each named where it is thrown.

import type { DeviceEvent } from '../proto/messages.ts'
import type { Downlink, Uplink } from '../proto/topics.ts'
import type { AgentMemory } from './core/memory.ts'

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
}

export interface Link {
  /** Begins to connect, and keeps connecting until `close`. Called once. */
  start(handlers: LinkHandlers): void
  /** QoS 1: resolves at the PUBACK. Rejects with LinkDown when the connection ends before it; never sends twice. */
  publish(uplink: Extract<Uplink, 'hello' | 'events' | 'configuration'>, bytes: Uint8Array): Promise<void>
  /** QoS 0, best effort; silently nothing while disconnected. */
  send(uplink: Extract<Uplink, 'progress' | 'chunks/request'>, bytes: Uint8Array): void
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

/** What the slot record of one component says. */
export interface SlotStatus {
  readonly component: string
  /** The component that boot starts: a new image runs on trial after a restart. Others switch at once. */
  readonly reboot: boolean
  /** The slot that runs now (of `reboot: false`: the active one). */
  readonly running: SlotName
  /** What is started when no trial is under way. */
  readonly active: InstalledImage
  /** The image on trial and the starts it has left. */
  readonly trial: (InstalledImage & { readonly startsLeft: number }) | undefined
  /** Set by boot or `rollBack` when a trial was given up; cleared when a candidate is opened. */
  readonly fallback: { readonly slot: SlotName; readonly reason: string } | undefined
}

/**
 * The image under construction, in the slot that is not active. Opening it takes the slot's entry and the fallback out
 * of the record (durably) before any byte changes; the bytes that are there stay, so a download resumes. All sizes and
 * offsets are bytes. Methods throw StorageReadFailed or StorageWriteFailed.
 */
export interface Candidate {
  /** Writes all of `bytes` at `offset`; never past `imageBytes` of the opening (RangeError). Not fsynced. */
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

export interface Slots {
  /** In the order of the config. */
  readonly components: readonly string[]
  /** Reads the record. Throws StorageReadFailed, StoredThingMissing, StoredThingCorrupt. */
  status(component: string): Promise<SlotStatus>
  /** SHA-256 and size of what the slot's image file holds now, read whole. StoredThingMissing without a file. */
  hash(component: string, slot: SlotName): Promise<{ readonly digest: string; readonly sizeBytes: number }>
  /** Reads exactly `length` bytes of the active image. Throws StorageReadFailed (`SHORT` included). */
  readActive(component: string, offset: number, length: number): Promise<Uint8Array>
  /** The chunk index beside the active image, or undefined. */
  readActiveIndex(component: string): Promise<Uint8Array | undefined>
  /**
   * Bytes a candidate (image and index together) may take: the quota less what other files of the components folder
   * use, or the file system's free bytes plus what the inactive slot holds already; the smaller of the two.
   */
  availableBytes(component: string): Promise<number>
  /** Throws StorageWriteFailed. One candidate of a component at a time. */
  openCandidate(component: string, imageBytes: number): Promise<Candidate>
  /**
   * Durable: the image in the inactive slot (already fsynced, index beside it) is `version`, `digest`, and on trial
   * with `startsLeft` starts. Only for `reboot: true`. May be repeated.
   */
  startTrial(component: string, image: Omit<InstalledImage, 'slot'>, startsLeft: number): Promise<void>
  /** Durable: switches the active slot to the candidate. Only for `reboot: false`. May be repeated. */
  activate(component: string, image: Omit<InstalledImage, 'slot'>): Promise<void>
  /** Durable: the image on trial becomes the active one. Nothing when none is on trial. */
  commit(component: string): Promise<void>
  /**
   * Durable: gives up the image with this version and digest: ends its trial, or (`reboot: false`) makes the other slot
   * active again when it is the active one; leaves `reason` in `fallback`. Writes the reason alone when the record
   * names no such image. May be repeated.
   */
  rollBack(component: string, image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void>
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
  readonly slots: Slots
  readonly health: Health
  readonly reboot: Reboot
  /** Absent: the device has no configuration to back up or to change. */
  readonly configuration?: Configuration
  /** Absent: the device has no named commands. */
  readonly programs?: Programs
}
