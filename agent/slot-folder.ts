// The folder of one component: the slot record, the two slots with image and chunk index, and how they are written so
// that a power cut leaves the old file or the new one. Node's built-ins alone: boot needs it.
//
//   <dataDir>/components/<name>/record.json · a/image · a/index · b/image · b/index
import { createHash } from 'node:crypto'
import { access, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  encodeSlotRecord,
  firstRecord,
  parseSlotRecord,
  type SlotName,
  type SlotRecord,
  SlotRecordCorrupt,
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
export async function readSlotRecord(folder: string): Promise<SlotRecord | undefined> {
  const path = recordPath(folder)
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return parseSlotRecord(bytes, path)
}

/** Atomic and durable: after a power cut the old record or the new one, never a mixture. */
export async function writeSlotRecord(folder: string, record: SlotRecord): Promise<void> {
  await replaceFile(recordPath(folder), encodeSlotRecord(record))
}

/**
 * Temp, fsync, rename, fsync of the folder. A temp file left by a power cut is overwritten by the next write. `mode`: who
 * may read the new file; absent: as the process makes files.
 */
export async function replaceFile(path: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const file = await open(`${path}.new`, 'w', mode)
  try {
    // Of a temp file that was there already, `open` leaves the mode as it is; and the mask of the process has no say.
    if (mode !== undefined) await file.chmod(mode)
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncFolder(dirname(path))
}

/** Makes renames and new files in the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * The component's record; on its first start `image` is copied into slot a (fsynced, executable) and the first record
 * written. May be repeated after a power cut at any moment. Throws SlotRecordCorrupt, or the file system's error.
 */
export async function openComponent(
  folder: string,
  initial: { readonly version: string; readonly image: string },
): Promise<SlotRecord> {
  const found = await readSlotRecord(folder)
  if (found !== undefined) return found
  // Slot b is made only after a record exists: one without the other means that the record was taken away, and
  // starting from the initial image again would silently undo every update.
  if (await exists(join(folder, 'b')))
    throw new SlotRecordCorrupt(recordPath(folder), 'missing, although slot b exists')
  const target = imagePath(folder, 'a')
  await mkdir(dirname(target), { recursive: true })
  const content = { version: initial.version, ...(await copyDurably(initial.image, target)) }
  for (const path of [dirname(target), folder, dirname(folder), dirname(dirname(folder))]) await syncFolder(path)
  const record = firstRecord(content)
  await writeSlotRecord(folder, record)
  return record
}

async function copyDurably(from: string, to: string): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  const source = await open(from, 'r')
  try {
    const target = await open(`${to}.new`, 'w', 0o755)
    try {
      for await (const piece of source.createReadStream({ autoClose: false })) {
        hash.update(piece)
        size += piece.length
        await target.writeFile(piece)
      }
      await target.sync()
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
  await rename(`${to}.new`, to)
  return { digest: hash.digest('hex'), size }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    // Whatever hinders the look will hinder what follows, where it is told.
    return false
  }
}
