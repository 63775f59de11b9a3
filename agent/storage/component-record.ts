// The record of one component on the device's disk: read, changed by the transitions of slot-record.ts, told as a status.
import { dirname } from 'node:path'
import { StoredThingCorrupt, StoredThingMissing } from '../errors.ts'
import type { Disk, InstalledImage, NewImage, SlotStatus } from '../ports.ts'
import { reading, writing } from './disk-errors.ts'
import { readSlotRecord, recordPath, writeSlotRecord } from './slot-folder.ts'
import {
  firstRecord,
  noteFallback,
  otherSlot,
  type SlotContent,
  type SlotName,
  type SlotRecord,
} from './slot-record.ts'

export class ComponentRecord {
  readonly #disk: Disk
  readonly #folder: string
  readonly #component: string

  constructor(disk: Disk, folder: string, component: string) {
    this.#disk = disk
    this.#folder = folder
    this.#component = component
  }

  /** The record that is there, or the first one: `content` is in slot a. Throws StoredThingCorrupt, StorageReadFailed. */
  async open(content: () => Promise<SlotContent>): Promise<SlotRecord> {
    const found = await this.#found()
    if (found !== undefined) return found
    const first = firstRecord(await content())
    await writing(`slot record of ${this.#component}`, async () => {
      await this.#disk.makeFolder(this.#folder)
      const parent = dirname(this.#folder)
      for (const folder of [parent, dirname(parent)]) await this.#disk.syncFolder(folder)
      await this.#write(first)
    })
    return first
  }

  /** Throws StorageReadFailed, StoredThingMissing, StoredThingCorrupt. */
  async read(): Promise<SlotRecord> {
    const found = await this.#found()
    if (found === undefined) throw new StoredThingMissing(`slot record of ${this.#component}`)
    return found
  }

  /** Writes, durably, when the transition returns another record. Throws what `read` throws, and StorageWriteFailed. */
  async change(transition: (record: SlotRecord) => SlotRecord): Promise<SlotRecord> {
    const record = await this.read()
    const changed = transition(record)
    if (changed !== record) await writing(`slot record of ${this.#component}`, () => this.#write(changed))
    return changed
  }

  /** `running`: the slot that runs when it need not be the active one. Throws what `read` throws. */
  async status(running?: SlotName): Promise<SlotStatus> {
    const record = await this.read()
    const { active, trial, fallback } = record
    return {
      component: this.#component,
      running: running ?? active,
      active: this.#image(record, active),
      trial: trial === null ? undefined : { ...this.#image(record, trial.slot), startsLeft: trial.startsLeft },
      fallback: fallback ?? undefined,
    }
  }

  /** Throws StoredThingCorrupt for a slot that counts and has no entry. */
  #image(record: SlotRecord, slot: SlotName): InstalledImage {
    const content = record.slots[slot]
    if (content === null)
      throw new StoredThingCorrupt(`slot record of ${this.#component}: slot ${slot} counts but is empty`)
    return { slot, version: content.version, digest: content.digest, sizeBytes: content.size }
  }

  async #found(): Promise<SlotRecord | undefined> {
    return reading(recordPath(this.#folder), () => readSlotRecord(this.#disk, this.#folder))
  }

  async #write(record: SlotRecord): Promise<void> {
    await writeSlotRecord(this.#disk, this.#folder, record)
  }
}

export function slotContent({ version, digest, sizeBytes }: NewImage): SlotContent {
  return { version, digest, size: sizeBytes }
}

/** The same record when it says so already: a repeat writes nothing. */
export function withFallback(record: SlotRecord, reason: string): SlotRecord {
  const told = record.fallback?.reason === reason && record.fallback.slot === otherSlot(record.active)
  return told ? record : noteFallback(record, reason)
}

export function isNamed(
  content: { readonly version: string; readonly digest: string } | null,
  image: { readonly version: string; readonly digest: string },
): boolean {
  return content !== null && content.version === image.version && content.digest === image.digest
}
