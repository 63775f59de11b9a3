// A component whose images lie in two slot folders: the slot record decides which one counts, a candidate is written at its
// offsets into the slot that does not. What the system refuses becomes StorageReadFailed (UPD4_FAIL_36) or
// StorageWriteFailed (35) with the errno.
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { ManifestFormat } from '../../../proto/manifest.ts'
import { StorageReadFailed, StoredThingCorrupt, StoredThingMissing } from '../../errors.ts'
import type {
  Candidate,
  Disk,
  DiskFile,
  HealthVerdict,
  InstalledImage,
  Installer,
  NewImage,
  RestartKind,
  SlotName,
  SlotStatus,
} from '../../ports.ts'
import { componentFolder, imagePath, indexPath, readSlotRecord, writeSlotRecord } from '../../slot-folder.ts'
import * as transitions from '../../slot-record.ts'
import { otherSlot, type SlotContent, type SlotRecord } from '../../slot-record.ts'
import { openCandidateFile } from './candidate-file.ts'
import { readIndexFile, reading, usedBytes, writing } from './storage.ts'

export interface SlotsFilesSettings {
  readonly component: string
  readonly dataDir: string
  /** `image`: boot starts it, a new one runs on trial after a restart; `none`: the slot is switched at once. */
  readonly restart: Extract<RestartKind, 'image' | 'none'>
  /** What `components/` may hold in all, bytes; absent: what the file system has. */
  readonly storageBytesMax: number | undefined
  /** The slot boot started this process from; absent when it was not boot. */
  readonly runningSlot: SlotName | undefined
}

const readBytes = 256 * 1024

export class SlotsFiles implements Installer {
  readonly component: string
  readonly restart: RestartKind
  readonly formats: readonly ManifestFormat[] = ['raw', 'delta-zstd']
  readonly members: readonly string[] = []
  readonly #disk: Disk
  readonly #settings: SlotsFilesSettings
  readonly #folder: string
  #candidateIsOpen = false
  #active: Promise<DiskFile> | undefined

  constructor(disk: Disk, settings: SlotsFilesSettings) {
    this.component = settings.component
    this.restart = settings.restart
    this.#disk = disk
    this.#settings = settings
    this.#folder = componentFolder(settings.dataDir, settings.component)
  }

  async status(): Promise<SlotStatus> {
    const { component, restart } = this
    const record = await this.#record()
    const { active, trial, fallback } = record
    return {
      component,
      running: (restart === 'none' ? undefined : this.#settings.runningSlot) ?? active,
      active: installed(record, active, component),
      trial: trial === null ? undefined : { ...installed(record, trial.slot, component), startsLeft: trial.startsLeft },
      fallback: fallback ?? undefined,
    }
  }

  async hash(slot: SlotName): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
    const path = imagePath(this.#folder, slot)
    const hash = createHash('sha256')
    let sizeBytes = 0
    await reading(path, async () => {
      const file = await this.#disk.open(path, 'read')
      try {
        for (;;) {
          const piece = await file.read(sizeBytes, readBytes)
          if (piece.length === 0) return
          hash.update(piece)
          sizeBytes += piece.length
        }
      } finally {
        await file.close()
      }
    })
    return { digest: hash.digest('hex'), sizeBytes }
  }

  async readActive(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await reading(this.#folder, async () => {
      // Thousands of chunks are read from one image: its file stays open until the record changes.
      this.#active ??= this.#record().then(({ active }) => this.#disk.open(imagePath(this.#folder, active), 'read'))
      try {
        return await (await this.#active).read(offset, length)
      } catch (error) {
        await this.#forgetActive()
        throw error
      }
    })
    if (bytes.length < length)
      throw new StorageReadFailed(
        `reading ${length} bytes at ${offset} of ${this.#folder}, got ${bytes.length}`,
        'SHORT',
      )
    return bytes
  }

  async readActiveIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#disk, indexPath(this.#folder, (await this.#record()).active))
  }

  async availableBytes(): Promise<number> {
    const root = dirname(this.#folder)
    const own = join(this.#folder, otherSlot((await this.#record()).active))
    return reading(root, async () => {
      const ownBytes = await usedBytes(this.#disk, own)
      const free = (await this.#disk.freeBytes(root)) + ownBytes
      const { storageBytesMax } = this.#settings
      if (storageBytesMax === undefined) return free
      return Math.max(0, Math.min(free, storageBytesMax - ((await usedBytes(this.#disk, root)) - ownBytes)))
    })
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#candidateIsOpen) throw new RangeError(`${this.component}: a candidate is open already`)
    const record = await this.#record()
    if (record.trial !== null) throw new RangeError(`${this.component}: a candidate cannot be opened during a trial`)
    const slot = otherSlot(record.active)
    const paths = { image: imagePath(this.#folder, slot), index: indexPath(this.#folder, slot) }
    this.#candidateIsOpen = true
    const closed = (): void => {
      this.#candidateIsOpen = false
    }
    try {
      return await writing(`opening ${paths.image}`, async () => {
        await this.#change(transitions.clearInactive)
        await this.#disk.makeFolder(dirname(paths.image))
        await this.#disk.syncFolder(this.#folder)
        return openCandidateFile(this.#disk, paths, imageBytes, closed)
      })
    } catch (error) {
      closed()
      throw error
    }
  }

  async install(image: NewImage, startsLeft: number): Promise<void> {
    const content = { version: image.version, digest: image.digest, size: image.sizeBytes }
    await this.#change(record => {
      // A repeat leaves the starts that are counted already.
      if (this.restart === 'none')
        return same(record.slots[record.active], content) ? record : transitions.switchTo(record, content)
      return record.trial !== null && same(record.slots[record.trial.slot], content)
        ? record
        : transitions.installTrial(record, content, startsLeft)
    })
  }

  /** Its digest is all there is to know of an image in a slot. */
  async verify(): Promise<HealthVerdict> {
    return { healthy: true }
  }

  async commit(): Promise<void> {
    await this.#change(record => (record.trial === null ? record : transitions.commit(record)))
  }

  async rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    const named = (content: SlotContent | null): boolean =>
      content?.version === image.version && content.digest === image.digest
    await this.#change(record => {
      if (record.trial !== null && named(record.slots[record.trial.slot])) return transitions.fallBack(record, reason)
      const switched = this.restart === 'none' && named(record.slots[record.active])
      if (switched && record.slots[otherSlot(record.active)] !== null) return transitions.switchBack(record, reason)
      const told = record.fallback?.reason === reason && record.fallback.slot === otherSlot(record.active)
      return told ? record : transitions.noteFallback(record, reason)
    })
  }

  /** Candidates are closed by whoever opened them. */
  async close(): Promise<void> {
    await this.#forgetActive()
  }

  async #forgetActive(): Promise<void> {
    const file = this.#active
    this.#active = undefined
    // A file that could not be opened has told so to its reader.
    await file?.then(opened => opened.close()).catch(() => {})
  }

  async #record(): Promise<SlotRecord> {
    const record = await reading(this.#folder, () => readSlotRecord(this.#disk, this.#folder))
    if (record === undefined) throw new StoredThingMissing(`slot record of ${this.component}`)
    return record
  }

  /** Writes only when the transition returns another record. */
  async #change(transition: (record: SlotRecord) => SlotRecord): Promise<void> {
    const record = await this.#record()
    const changed = transition(record)
    if (changed === record) return
    await this.#forgetActive()
    await writing(`slot record of ${this.component}`, () => writeSlotRecord(this.#disk, this.#folder, changed))
  }
}

function installed(record: SlotRecord, slot: SlotName, component: string): InstalledImage {
  const content = record.slots[slot]
  if (content === null) throw new StoredThingCorrupt(`slot record of ${component}: slot ${slot} counts but is empty`)
  return { slot, version: content.version, digest: content.digest, sizeBytes: content.size }
}

function same(a: SlotContent | null, b: SlotContent): boolean {
  return a !== null && a.version === b.version && a.digest === b.digest
}
