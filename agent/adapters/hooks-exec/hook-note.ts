// What the hook installer remembers of the one image under way, in a file beside the slot record: how far its programs
// came, so that after a power cut it is known which of them may have run.
//
//   installing ─▶ installed ─▶ committing ─▶ committed          any of them ─▶ rolling-back ─▶ fallen │ unknown
import { dirname } from 'node:path'
import { StoredThingCorrupt } from '../../errors.ts'
import type { Disk } from '../../ports.ts'
import { reading, writing } from '../../storage/disk-errors.ts'
import { readWhole, replaceFile } from '../../storage/slot-folder.ts'

const phases = [
  'installing',
  'installed',
  'committing',
  'committed',
  'rolling-back',
  'fallen',
  /** Rolling back failed for good: nobody can say what the device runs. */
  'unknown',
] as const

export interface HookNote {
  readonly phase: (typeof phases)[number]
  /** The operation that brought the image; empty when it was not told. */
  readonly operation: string
  readonly version: string
  readonly digest: string
  readonly sizeBytes: number
  readonly installedVersion: string
  readonly startsLeft: number
  /** The boot of the device in which the phase was entered. */
  readonly bootId: string
  /** The last boot that was counted as a start of the image; empty before the first. */
  readonly startedIn: string
  /** Why it is given up; empty before. */
  readonly reason: string
  readonly rollbackFailures: number
}

const bytesMax = 16 * 1024
const texts = ['operation', 'version', 'digest', 'installedVersion', 'bootId', 'startedIn', 'reason'] as const
const counts = ['sizeBytes', 'startsLeft', 'rollbackFailures'] as const

/** Undefined when there is none. Throws StoredThingCorrupt, StorageReadFailed. */
export async function readHookNote(disk: Disk, path: string): Promise<HookNote | undefined> {
  const bytes = await reading(path, () => readWhole(disk, path, bytesMax))
  if (bytes === undefined) return undefined
  try {
    const note = JSON.parse(Buffer.from(bytes).toString()) as HookNote
    const sound =
      phases.includes(note.phase) &&
      texts.every(name => typeof note[name] === 'string') &&
      counts.every(name => Number.isSafeInteger(note[name]) && note[name] >= 0)
    if (sound) return note
  } catch {
    // No JSON, or no object: told below.
  }
  throw new StoredThingCorrupt(`${path} does not read as it was written; remove it when the device runs what it should`)
}

/** Durable. Throws StorageWriteFailed. */
export async function writeHookNote(disk: Disk, path: string, note: HookNote | undefined): Promise<void> {
  await writing(`writing ${path}`, async () => {
    if (note !== undefined) return replaceFile(disk, path, Buffer.from(`${JSON.stringify(note, null, 2)}\n`))
    await disk.remove(path)
    await disk.syncFolder(dirname(path))
  })
}
