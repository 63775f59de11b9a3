// A component whose images lie in two slot folders: the slot record decides which one counts, a candidate is written at its
// offsets into the slot that does not. What the system refuses becomes StorageReadFailed (UPD4_FAIL_36) or
// StorageWriteFailed (35) with the errno.
import { dirname, join } from 'node:path'
import type { ManifestFormat } from '../../../proto/manifest.ts'
import { StoredThingMissing } from '../../errors.ts'
import type {
  Candidate,
  Disk,
  HealthVerdict,
  InstalledImage,
  Installer,
  NewImage,
  RestartKind,
  SlotName,
  SlotStatus,
} from '../../ports.ts'
import { ActiveFile } from '../../storage/active-file.ts'
import { ComponentRecord, isNamed, slotContent, withFallback } from '../../storage/component-record.ts'
import { reading, writing } from '../../storage/disk-errors.ts'
import { roomFor } from '../../storage/disk-room.ts'
import { type Content, contentOf } from '../../storage/durable-file.ts'
import { FileCandidate, readIndexFile } from '../../storage/file-candidate.ts'
import { componentFolder, imagePath, indexPath } from '../../storage/slot-folder.ts'
import * as transitions from '../../storage/slot-record.ts'
import { otherSlot, type SlotRecord } from '../../storage/slot-record.ts'

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

export class SlotsFiles implements Installer {
  readonly component: string
  readonly restart: RestartKind
  readonly formats: readonly ManifestFormat[] = ['raw', 'delta-zstd']
  readonly members: readonly string[] = []
  readonly #disk: Disk
  readonly #settings: SlotsFilesSettings
  readonly #folder: string
  readonly #record: ComponentRecord
  readonly #active: ActiveFile
  #candidateIsOpen = false

  constructor(disk: Disk, settings: SlotsFilesSettings) {
    this.component = settings.component
    this.restart = settings.restart
    this.#disk = disk
    this.#settings = settings
    this.#folder = componentFolder(settings.dataDir, settings.component)
    this.#record = new ComponentRecord(disk, this.#folder, settings.component)
    this.#active = new ActiveFile(disk, this.#folder)
  }

  async status(): Promise<SlotStatus> {
    return this.#record.status(this.restart === 'none' ? undefined : this.#settings.runningSlot)
  }

  async hash(slot: SlotName): Promise<Content> {
    const path = imagePath(this.#folder, slot)
    const found = await reading(path, () => contentOf(this.#disk, path))
    if (found === undefined) throw new StoredThingMissing(path)
    return found
  }

  async readActive(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    const path = async (): Promise<string> => imagePath(this.#folder, (await this.#record.read()).active)
    return this.#active.read(path, offset, length, into)
  }

  async readActiveIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#disk, indexPath(this.#folder, (await this.#record.read()).active))
  }

  async availableBytes(): Promise<number> {
    const inactive = join(this.#folder, otherSlot((await this.#record.read()).active))
    return roomFor(this.#disk, inactive, dirname(this.#folder), this.#settings.storageBytesMax)
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#candidateIsOpen) throw new RangeError(`${this.component}: a candidate is open already`)
    const record = await this.#record.read()
    if (record.trial !== null) throw new RangeError(`${this.component}: a candidate cannot be opened during a trial`)
    const slot = otherSlot(record.active)
    const path = imagePath(this.#folder, slot)
    this.#candidateIsOpen = true
    const onClose = (): void => {
      this.#candidateIsOpen = false
    }
    try {
      return await writing(`opening ${path}`, async () => {
        await this.#change(transitions.clearInactive)
        await this.#disk.makeFolder(dirname(path))
        await this.#disk.syncFolder(this.#folder)
        const place = { path, indexPath: indexPath(this.#folder, slot), imageBytes, onClose }
        // An image may be a program.
        return FileCandidate.open(this.#disk, place, 0o755)
      })
    } catch (error) {
      onClose()
      throw error
    }
  }

  async install(image: NewImage, startsLeft: number): Promise<void> {
    const content = slotContent(image)
    await this.#change(record => {
      // A repeat leaves the starts that are counted already.
      if (this.restart === 'none')
        return isNamed(record.slots[record.active], content) ? record : transitions.switchTo(record, content)
      return record.trial !== null && isNamed(record.slots[record.trial.slot], content)
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
    await this.#change(record => {
      if (record.trial !== null && isNamed(record.slots[record.trial.slot], image))
        return transitions.fallBack(record, reason)
      const switched = this.restart === 'none' && isNamed(record.slots[record.active], image)
      if (switched && record.slots[otherSlot(record.active)] !== null) return transitions.switchBack(record, reason)
      return withFallback(record, reason)
    })
  }

  /** Candidates are closed by whoever opened them. */
  async close(): Promise<void> {
    await this.#active.forget()
  }

  /** Which file is the active one may be another afterwards. */
  async #change(transition: (record: SlotRecord) => SlotRecord): Promise<void> {
    try {
      await this.#record.change(transition)
    } finally {
      await this.#active.forget()
    }
  }
}
