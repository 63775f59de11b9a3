// The folder of one component: the slot record, the two slots with image and chunk index, and how they are written so
// that a power cut leaves the old file or the new one. Node's built-ins and a Disk alone: boot needs it.
//
//   <dataDir>/components/<name>/record.json · a/image · a/index · b/image · b/index
import { dirname, join } from 'node:path'
import type { Disk } from '../ports.ts'
import { copyFile } from './durable-file.ts'
import {
  encodeSlotRecord,
  firstRecord,
  parseSlotRecord,
  type SlotName,
  type SlotRecord,
  SlotRecordCorrupt,
  slotRecordBytesMax,
} from './slot-record.ts'

/** Where a component lives: its record, its images and their chunk indexes. */
export function componentFolder(dataDir: string, component: string): string {
  return join(dataDir, 'components', component)
}
export function recordPath(folder: string): string {
  return join(folder, 'record.json')
}
export function imagePath(folder: string, slot: SlotName): string {
  return join(folder, slot, 'image')
}
export function indexPath(folder: string, slot: SlotName): string {
  return join(folder, slot, 'index')
}

/** Undefined when there is none yet. Throws SlotRecordCorrupt, or the file system's error. */
export async function readSlotRecord(disk: Disk, folder: string): Promise<SlotRecord | undefined> {
  const path = recordPath(folder)
  const bytes = await readWhole(disk, path, slotRecordBytesMax + 1)
  return bytes === undefined ? undefined : parseSlotRecord(bytes, path)
}

/** Atomic and durable: after a power cut the old record or the new one, never a mixture. */
export async function writeSlotRecord(disk: Disk, folder: string, record: SlotRecord): Promise<void> {
  await replaceFile(disk, recordPath(folder), encodeSlotRecord(record))
}

/** Up to `bytesMax` bytes of the file from its beginning; undefined when it is not there. */
export async function readWhole(disk: Disk, path: string, bytesMax: number): Promise<Uint8Array | undefined> {
  const size = await disk.sizeOf(path)
  if (size === undefined) return undefined
  const file = await disk.open(path, 'read')
  try {
    return await file.read(0, Math.min(size, bytesMax))
  } finally {
    await file.close()
  }
}

/**
 * Temp, fsync, rename, fsync of the folder. A temp file left by a power cut is overwritten by the next write. `mode`: who
 * may read the new file; absent: as the process makes files.
 */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const file = await disk.open(`${path}.new`, 'create', mode)
  try {
    await file.write(0, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(`${path}.new`, path)
  await disk.syncFolder(dirname(path))
}

/**
 * The component's record; on its first start `image` is copied into slot a (fsynced, executable) and the first record
 * written. May be repeated after a power cut at any moment. Throws SlotRecordCorrupt, or the file system's error.
 */
export async function openComponent(
  disk: Disk,
  folder: string,
  initial: { readonly version: string; readonly image: string },
): Promise<SlotRecord> {
  const found = await readSlotRecord(disk, folder)
  if (found !== undefined) return found
  // Slot b is made only after a record exists: one without the other means that the record was taken away, and
  // starting from the initial image again would silently undo every update.
  if ((await disk.sizeOf(join(folder, 'b'))) !== undefined)
    throw new SlotRecordCorrupt(recordPath(folder), 'missing, although slot b exists')
  const target = imagePath(folder, 'a')
  await disk.makeFolder(dirname(target))
  // What an earlier start got done without its record is done again, and there may be no room for it twice.
  await disk.remove(target)
  const { digest, sizeBytes: size } = await copyFile(disk, initial.image, target, 0o755)
  const content = { version: initial.version, digest, size }
  for (const path of [folder, dirname(folder), dirname(dirname(folder))]) await disk.syncFolder(path)
  const record = firstRecord(content)
  await writeSlotRecord(disk, folder, record)
  return record
}
