// The slot record: which image of a component is started, and which one is on trial. Transitions are plain functions,
// its bytes carry a checksum; where it lies and how it is written is slot-folder.ts. boot works with it before anything
// else exists, so both files need Node's built-ins alone.
//
//   steady ── installTrial ──▶ trial(startsLeft) ── commit ──▶ steady, the other slot is active
//                               │  ▲ countStart before each start
//                               └─ fallBack(reason) ──▶ steady, the same slot is active, the reason stays
//
// Only one process writes at a time: boot while its child does not run, the child while it runs.
import { hash } from 'node:crypto'
import { dirname } from 'node:path'

export type SlotName = 'a' | 'b'

/** What an image in a slot is: version as told by manifest or configuration, lower-case hex SHA-256, bytes. */
export interface SlotContent {
  readonly version: string
  readonly digest: string
  readonly size: number
}

export interface SlotRecord {
  /** Grows by one with each write; boot tells a wanted restart from a crash by it. */
  readonly sequence: number
  readonly active: SlotName
  readonly trial: { readonly slot: SlotName; readonly startsLeft: number } | null
  readonly slots: Readonly<Record<SlotName, SlotContent | null>>
  /** The last trial that ended without a commit; stays until the next one begins. */
  readonly fallback: { readonly slot: SlotName; readonly reason: string } | null
}

/** The record exists but cannot be believed. Nothing is started or written until a person has looked. */
export class SlotRecordCorrupt extends Error {
  override readonly name = 'SlotRecordCorrupt'
  readonly code = 'SLOT_RECORD_CORRUPT'
  readonly path: string
  constructor(path: string, found: string, options?: ErrorOptions) {
    super(
      `slot record ${path}: ${found}. Nothing was started. Restore the file, or remove the folder ${dirname(path)} ` +
        'to begin again from the configured initial image.',
      options,
    )
    this.path = path
  }
}

const format = 1
const reasonCharactersMax = 64
/** A longer file is no record. */
export const slotRecordBytesMax = 4096

export function otherSlot(slot: SlotName): SlotName {
  return slot === 'a' ? 'b' : 'a'
}

/** The slot that is to be started: the one on trial, else the active one. */
export function startSlot(record: SlotRecord): SlotName {
  return record.trial?.slot ?? record.active
}

/** The record of a component whose first image was just placed in slot a. */
export function firstRecord(content: SlotContent): SlotRecord {
  return { sequence: 1, active: 'a', trial: null, slots: { a: content, b: null }, fallback: null }
}

/** The other slot now holds `content` and may be started `startsMax` times before it must be committed. */
export function installTrial(record: SlotRecord, content: SlotContent, startsMax: number): SlotRecord {
  const slot = otherSlot(record.active)
  return next(record, {
    trial: { slot, startsLeft: startsMax },
    slots: { ...record.slots, [slot]: content },
    fallback: null,
  })
}

/** Written before each start of a trial, so that a start that kills the machine has been counted. */
export function countStart(record: SlotRecord): SlotRecord {
  const { trial } = record
  if (trial === null || trial.startsLeft < 1) throw new RangeError('countStart: no trial with starts left')
  return next(record, { trial: { ...trial, startsLeft: trial.startsLeft - 1 } })
}

/** The slot on trial becomes the active one. */
export function commit(record: SlotRecord): SlotRecord {
  if (record.trial === null) throw new RangeError('commit: no trial')
  return next(record, { active: record.trial.slot, trial: null, fallback: null })
}

/** The trial is over and lost, by the agent's verdict or by boot's; the active slot stays what it was. */
export function fallBack(record: SlotRecord, reason: string): SlotRecord {
  if (record.trial === null) throw new RangeError('fallBack: no trial')
  return next(record, { trial: null, fallback: { slot: record.trial.slot, reason: shortReason(reason) } })
}

/** For a component that is not started by boot: the other slot holds `content` and is the active one at once. */
export function switchTo(record: SlotRecord, content: SlotContent): SlotRecord {
  const slot = otherSlot(record.active)
  return next(record, { active: slot, trial: null, slots: { ...record.slots, [slot]: content }, fallback: null })
}

/** Takes a `switchTo` back. The other slot must hold an image. */
export function switchBack(record: SlotRecord, reason: string): SlotRecord {
  const slot = otherSlot(record.active)
  if (record.slots[slot] === null) throw new RangeError('switchBack: the other slot is empty')
  return next(record, { active: slot, trial: null, fallback: { slot: record.active, reason: shortReason(reason) } })
}

/**
 * The inactive slot is about to be written: its entry and the reason of the last fallback go first, so that the record
 * never vouches for an image under construction. The same record when there is nothing to take out.
 */
export function clearInactive(record: SlotRecord): SlotRecord {
  if (record.trial !== null) throw new RangeError('clearInactive: a trial is under way')
  const slot = otherSlot(record.active)
  if (record.slots[slot] === null && record.fallback === null) return record
  return next(record, { slots: { ...record.slots, [slot]: null }, fallback: null })
}

/** Leaves a reason although the record names no image to give up: it was gone already. */
export function noteFallback(record: SlotRecord, reason: string): SlotRecord {
  return next(record, { fallback: { slot: otherSlot(record.active), reason: shortReason(reason) } })
}

function next(record: SlotRecord, changes: Partial<SlotRecord>): SlotRecord {
  return { ...record, ...changes, sequence: record.sequence + 1 }
}

function shortReason(reason: string): string {
  return reason.slice(0, reasonCharactersMax)
}

export function encodeSlotRecord(record: SlotRecord): Buffer {
  const body = canonical(record)
  return Buffer.from(`${JSON.stringify({ ...body, checksum: checksumOf(body) }, null, 2)}\n`)
}

/** Throws SlotRecordCorrupt for bytes that `encodeSlotRecord` did not make. */
export function parseSlotRecord(bytes: Uint8Array, path: string): SlotRecord {
  const corrupt = (found: string, cause?: unknown): SlotRecordCorrupt => new SlotRecordCorrupt(path, found, { cause })
  if (bytes.length > slotRecordBytesMax) throw corrupt(`${bytes.length} bytes, expected at most ${slotRecordBytesMax}`)
  let json: Partial<SlotRecord> & { format?: unknown; checksum?: unknown }
  try {
    json = JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw corrupt('torn or overwritten, it is no JSON', cause)
  }
  if (typeof json !== 'object' || json === null) throw corrupt('no JSON object')
  if (json.format !== format) throw corrupt(`format ${JSON.stringify(json.format)}, this program knows ${format}`)
  // The checksum is judged over the fields it protects; once it fits, the writer's types can be trusted.
  let body: ReturnType<typeof canonical>
  try {
    body = canonical(json as SlotRecord)
  } catch (cause) {
    throw corrupt('a field is absent', cause)
  }
  if (json.checksum !== checksumOf(body)) throw corrupt('the checksum does not fit the fields')
  const { format: _, ...record } = body
  return record
}

/** The fields in one fixed order, so that one record has one checksum. */
function canonical({ sequence, active, trial, slots, fallback }: SlotRecord): { readonly format: number } & SlotRecord {
  const content = (slot: SlotContent | null): SlotContent | null =>
    slot === null ? null : { version: slot.version, digest: slot.digest, size: slot.size }
  return {
    format,
    sequence,
    active,
    trial: trial === null ? null : { slot: trial.slot, startsLeft: trial.startsLeft },
    slots: { a: content(slots.a), b: content(slots.b) },
    fallback: fallback === null ? null : { slot: fallback.slot, reason: fallback.reason },
  }
}

function checksumOf(body: object): string {
  return hash('sha256', JSON.stringify(body), 'hex')
}
