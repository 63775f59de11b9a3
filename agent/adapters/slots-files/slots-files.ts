// Images in slot folders on the device's file system: the slot record decides which one counts, a candidate is written
// at its offsets into the slot that does not. What the system refuses becomes StorageReadFailed (UPD4_FAIL_36) or
// StorageWriteFailed (35) with the errno.
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StorageReadFailed, StoredThingCorrupt, StoredThingMissing } from '../../errors.ts'
import type { Candidate, InstalledImage, SlotName, SlotStatus, Slots } from '../../ports.ts'
import {
  componentFolder,
  imagePath,
  indexPath,
  readSlotRecord,
  syncFolder,
  writeSlotRecord,
} from '../../slot-folder.ts'
import * as transitions from '../../slot-record.ts'
import { otherSlot, type SlotContent, type SlotRecord } from '../../slot-record.ts'
import { CandidateFile, openKeeping } from './candidate-file.ts'
import { absent, nothingWhenAbsent, readIndexFile, reading, readUpTo, writing } from './storage.ts'

export interface SlotsFilesSettings {
  readonly dataDir: string
  readonly components: readonly { readonly name: string; readonly reboot: boolean }[]
  /** What `components/` may hold in all, bytes; absent: what the file system has. */
  readonly storageBytesMax: number | undefined
  /** The slot boot started this process from; absent when it was not boot. */
  readonly runningSlot: SlotName | undefined
}

const readBytes = 256 * 1024

export class SlotsFiles implements Slots {
  readonly #settings: SlotsFilesSettings
  readonly #candidates = new Set<string>()
  readonly #actives = new Map<string, Promise<FileHandle>>()

  constructor(settings: SlotsFilesSettings) {
    this.#settings = settings
  }

  get components(): readonly string[] {
    return this.#settings.components.map(({ name }) => name)
  }

  async status(component: string): Promise<SlotStatus> {
    const record = await this.#record(component)
    const { active, trial, fallback } = record
    const reboot = this.#reboots(component)
    return {
      component,
      reboot,
      running: (reboot ? this.#settings.runningSlot : undefined) ?? active,
      active: installed(record, active, component),
      trial: trial === null ? undefined : { ...installed(record, trial.slot, component), startsLeft: trial.startsLeft },
      fallback: fallback ?? undefined,
    }
  }

  async hash(component: string, slot: SlotName): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
    const path = imagePath(this.#folder(component), slot)
    const hash = createHash('sha256')
    let sizeBytes = 0
    await reading(path, async () => {
      const file = await open(path, 'r')
      try {
        const buffer = Buffer.allocUnsafe(readBytes)
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, buffer.length, sizeBytes)
          if (bytesRead === 0) return
          hash.update(buffer.subarray(0, bytesRead))
          sizeBytes += bytesRead
        }
      } finally {
        await file.close()
      }
    })
    return { digest: hash.digest('hex'), sizeBytes }
  }

  async readActive(component: string, offset: number, length: number): Promise<Uint8Array> {
    const folder = this.#folder(component)
    const bytes = await reading(folder, async () => {
      // Thousands of chunks are read from one image: its file stays open until the record changes.
      let file = this.#actives.get(component)
      if (file === undefined) {
        file = open(imagePath(folder, (await this.#record(component)).active), 'r')
        this.#actives.set(component, file)
      }
      try {
        return await readUpTo(await file, offset, length)
      } catch (error) {
        await this.#forgetActive(component)
        throw error
      }
    })
    if (bytes.length < length)
      throw new StorageReadFailed(`reading ${length} bytes at ${offset} of ${folder}, got ${bytes.length}`, 'SHORT')
    return bytes
  }

  async readActiveIndex(component: string): Promise<Uint8Array | undefined> {
    return readIndexFile(indexPath(this.#folder(component), (await this.#record(component)).active))
  }

  async availableBytes(component: string): Promise<number> {
    const root = dirname(this.#folder(component))
    const own = join(this.#folder(component), otherSlot((await this.#record(component)).active))
    return reading(root, async () => {
      const ownBytes = await usedBytes(own)
      const { bavail, bsize } = await statfs(root)
      const free = bavail * bsize + ownBytes
      const { storageBytesMax } = this.#settings
      if (storageBytesMax === undefined) return free
      return Math.max(0, Math.min(free, storageBytesMax - ((await usedBytes(root)) - ownBytes)))
    })
  }

  async candidateExists(component: string): Promise<boolean> {
    const path = imagePath(this.#folder(component), otherSlot((await this.#record(component)).active))
    return reading(path, async () => (await stat(path).catch(nothingWhenAbsent))?.isFile() ?? false)
  }

  async openCandidate(component: string, imageBytes: number): Promise<Candidate> {
    if (this.#candidates.has(component)) throw new RangeError(`${component}: a candidate is open already`)
    const record = await this.#record(component)
    if (record.trial !== null) throw new RangeError(`${component}: a candidate cannot be opened during a trial`)
    const folder = this.#folder(component)
    const slot = otherSlot(record.active)
    const path = imagePath(folder, slot)
    this.#candidates.add(component)
    try {
      return await writing(`opening ${path}`, async () => {
        await this.#change(component, transitions.clearInactive)
        await mkdir(dirname(path), { recursive: true })
        await syncFolder(folder)
        const file = await openKeeping(path)
        try {
          // What a longer image left behind would be hashed with the new one.
          if ((await file.stat()).size > imageBytes) await file.truncate(imageBytes)
          await syncFolder(dirname(path))
        } catch (error) {
          await file.close()
          throw error
        }
        const closed = (): void => void this.#candidates.delete(component)
        return new CandidateFile(file, path, indexPath(folder, slot), imageBytes, closed)
      })
    } catch (error) {
      this.#candidates.delete(component)
      throw error
    }
  }

  async startTrial(component: string, image: Omit<InstalledImage, 'slot'>, startsLeft: number): Promise<void> {
    if (!this.#reboots(component)) throw new RangeError(`${component}: boot does not start it, it has no trials`)
    const content = contentOf(image)
    await this.#change(component, record =>
      // A repeat leaves the starts that are counted already.
      record.trial !== null && same(record.slots[record.trial.slot], content)
        ? record
        : transitions.installTrial(record, content, startsLeft),
    )
  }

  async activate(component: string, image: Omit<InstalledImage, 'slot'>): Promise<void> {
    if (this.#reboots(component)) throw new RangeError(`${component}: boot starts it, it needs a trial`)
    const content = contentOf(image)
    await this.#change(component, record =>
      same(record.slots[record.active], content) ? record : transitions.switchTo(record, content),
    )
  }

  async commit(component: string): Promise<void> {
    await this.#change(component, record => (record.trial === null ? record : transitions.commit(record)))
  }

  async rollBack(component: string, image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    const named = (content: SlotContent | null): boolean =>
      content?.version === image.version && content.digest === image.digest
    await this.#change(component, record => {
      if (record.trial !== null && named(record.slots[record.trial.slot])) return transitions.fallBack(record, reason)
      const switched = !this.#reboots(component) && named(record.slots[record.active])
      if (switched && record.slots[otherSlot(record.active)] !== null) return transitions.switchBack(record, reason)
      const told = record.fallback?.reason === reason && record.fallback.slot === otherSlot(record.active)
      return told ? record : transitions.noteFallback(record, reason)
    })
  }

  /** Closes what is kept open. Candidates are closed by whoever opened them. */
  async close(): Promise<void> {
    for (const component of this.components) await this.#forgetActive(component)
  }

  async #forgetActive(component: string): Promise<void> {
    const file = this.#actives.get(component)
    this.#actives.delete(component)
    // A file that could not be opened has told so to its reader.
    await file?.then(opened => opened.close()).catch(() => {})
  }

  #folder(component: string): string {
    if (!this.components.includes(component)) throw new RangeError(`${component}: not a component of this device`)
    return componentFolder(this.#settings.dataDir, component)
  }

  #reboots(component: string): boolean {
    return this.#settings.components.some(({ name, reboot }) => name === component && reboot)
  }

  async #record(component: string): Promise<SlotRecord> {
    const folder = this.#folder(component)
    const record = await reading(folder, () => readSlotRecord(folder))
    if (record === undefined) throw new StoredThingMissing(`slot record of ${component}`)
    return record
  }

  /** Writes only when the transition returns another record. */
  async #change(component: string, transition: (record: SlotRecord) => SlotRecord): Promise<void> {
    const record = await this.#record(component)
    const changed = transition(record)
    if (changed === record) return
    await this.#forgetActive(component)
    await writing(`slot record of ${component}`, () => writeSlotRecord(this.#folder(component), changed))
  }
}

/** Sizes of all files below, as `ls` tells them; 0 for a folder that is not there. */
async function usedBytes(folder: string): Promise<number> {
  let bytes = 0
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      bytes += entry.isDirectory() ? await usedBytes(path) : (await stat(path)).size
    }
  } catch (error) {
    // A temp file that was renamed meanwhile, or a slot that was never written.
    if (!absent(error)) throw error
  }
  return bytes
}

function installed(record: SlotRecord, slot: SlotName, component: string): InstalledImage {
  const content = record.slots[slot]
  if (content === null) throw new StoredThingCorrupt(`slot record of ${component}: slot ${slot} counts but is empty`)
  return { slot, version: content.version, digest: content.digest, sizeBytes: content.size }
}

function contentOf({ version, digest, sizeBytes }: Omit<InstalledImage, 'slot'>): SlotContent {
  return { version, digest, size: sizeBytes }
}

function same(a: SlotContent | null, b: SlotContent): boolean {
  return a !== null && a.version === b.version && a.digest === b.digest
}
