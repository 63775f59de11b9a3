// What boot does with the slot record before and after each start. Node's built-ins and a Disk alone, as all of boot.
import type { Disk } from '../ports.ts'
import { readSlotRecord, writeSlotRecord } from '../storage/slot-folder.ts'
import { countStart, fallBack, type SlotRecord, SlotRecordCorrupt } from '../storage/slot-record.ts'

export interface Prepared {
  readonly record: SlotRecord
  /** The trial that was given up just now. */
  readonly gaveUp: { readonly slot: string; readonly reason: string } | undefined
}

/**
 * The record with the coming start counted, durably, before anything is started; a trial without starts left is given
 * up. Throws SlotRecordCorrupt and the file system's errors.
 */
export async function prepareStart(disk: Disk, folder: string): Promise<Prepared> {
  const record = await existingRecord(disk, folder)
  if (record.trial === null) return { record, gaveUp: undefined }
  if (record.trial.startsLeft < 1) return giveUpTrial(disk, folder, 'starts-used-up')
  const counted = countStart(record)
  await writeSlotRecord(disk, folder, counted)
  return { record: counted, gaveUp: undefined }
}

/** Durable: the trial is over. Nothing when none is on: the child may have committed in the moment it was killed. */
export async function giveUpTrial(disk: Disk, folder: string, reason: string): Promise<Prepared> {
  const record = await existingRecord(disk, folder)
  if (record.trial === null) return { record, gaveUp: undefined }
  const fallen = fallBack(record, reason)
  await writeSlotRecord(disk, folder, fallen)
  return { record: fallen, gaveUp: { slot: record.trial.slot, reason } }
}

/** Throws SlotRecordCorrupt, also when there is none: what was started had one. */
export async function existingRecord(disk: Disk, folder: string): Promise<SlotRecord> {
  const record = await readSlotRecord(disk, folder)
  if (record === undefined) throw new SlotRecordCorrupt(folder, 'the record has disappeared')
  return record
}
