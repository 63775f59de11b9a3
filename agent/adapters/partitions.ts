// Images in two partitions of a device that an external boot loader starts from. The image goes whole into the partition
// that is not active; the boot loader tries it for a number of starts, and goes back by itself.
//
//   install:   tries = n ─▶ record: trial ─▶ try = b          (whole device restarts; the boot loader counts)
//   commit:    active = b ─▶ try removed ─▶ record: b is active
//   roll back: record: fallback ─▶ try removed
//
// Two places must agree, and a power cut can come between. Of arming and of giving up the record is the first to know, of
// committing and of starts used up the boot loader: `#agree` makes them one again at every opening.
import { dirname, join } from 'node:path'
import type { BootLoader } from '../boot-loader.ts'
import { InstallFailed, StorageReadFailed, StorageWriteFailed, StoredThingMissing } from '../errors.ts'
import type {
  Candidate,
  Disk,
  HealthVerdict,
  InstalledImage,
  Installer,
  Log,
  NewImage,
  SlotStatus,
  UpdateBytes,
} from '../ports.ts'
import { ActiveFile } from '../storage/active-file.ts'
import { ComponentRecord, isNamed, slotContent, withFallback } from '../storage/component-record.ts'
import { reading, writing } from '../storage/disk-errors.ts'
import { type Content, contentOf } from '../storage/durable-file.ts'
import { FileCandidate, readIndexFile } from '../storage/file-candidate.ts'
import { indexPath, readWhole, replaceFile } from '../storage/slot-folder.ts'
import {
  clearInactive,
  commit,
  countStart,
  fallBack,
  installTrial,
  otherSlot,
  type SlotContent,
  type SlotName,
  type SlotRecord,
  switchTo,
} from '../storage/slot-record.ts'

export interface PartitionsSettings {
  readonly component: string
  /** The component's own folder: record and chunk indexes (slot-folder.ts). */
  readonly folder: string
  /** Device nodes, or plain files. */
  readonly partitions: Readonly<Record<SlotName, string>>
  /** Version of what is active when the component is opened for the first time, and its bytes; absent: the partition's. */
  readonly version: string
  readonly imageBytes: number | undefined
}

type Basics = { readonly disk: Disk; readonly log: Log; readonly bootLoader: BootLoader }

/** Of a partition that holds what nobody installed: older than any release. */
const unknownVersion = '0.0.0'

export class Partitions implements Installer {
  readonly restart = 'device'
  readonly formats = ['raw', 'delta-zstd'] as const
  readonly members = []
  readonly #disk: Disk
  readonly #log: Log
  readonly #bootLoader: BootLoader
  readonly #settings: PartitionsSettings
  readonly #record: ComponentRecord
  readonly #booted: SlotName
  readonly #active: ActiveFile
  #candidateOpen = false

  /** Makes record and boot loader agree. Throws StorageReadFailed, StorageWriteFailed, StoredThing…. */
  static async open(basics: Basics, settings: PartitionsSettings): Promise<Partitions> {
    const installer = new Partitions(basics, settings, await basics.bootLoader.booted())
    await installer.#agree()
    return installer
  }

  private constructor({ disk, log, bootLoader }: Basics, settings: PartitionsSettings, booted: SlotName) {
    this.#disk = disk
    this.#log = log
    this.#bootLoader = bootLoader
    this.#settings = settings
    this.#record = new ComponentRecord(disk, settings.folder, settings.component)
    this.#booted = booted
    this.#active = new ActiveFile(disk, `the active partition of ${settings.component}`)
  }

  get component(): string {
    return this.#settings.component
  }

  async status(): Promise<SlotStatus> {
    return this.#record.status(this.#booted)
  }

  /** Over exactly the bytes of the slot's image: what the partition holds after it is not looked at. */
  async hash(slot: SlotName): Promise<Content> {
    const path = this.#settings.partitions[slot]
    const sizeBytes = (await this.#record.read()).slots[slot]?.size ?? (await this.#candidateBytes(slot))
    if (sizeBytes === undefined) throw new StoredThingMissing(`image in ${path}`)
    const found = await reading(path, () => contentOf(this.#disk, path, sizeBytes))
    if (found === undefined) throw new StoredThingMissing(path)
    return found
  }

  async readActive(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    const { active, slots } = await this.#record.read()
    const path = this.#settings.partitions[active]
    // A partition goes on after the image.
    const sizeBytes = slots[active]?.size ?? 0
    if (offset + length > sizeBytes)
      throw new StorageReadFailed(`reading ${length} bytes at ${offset} of the ${sizeBytes} in ${path}`, 'SHORT')
    return this.#active.read(async () => path, offset, length, into)
  }

  async readActiveIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#disk, this.#index((await this.#record.read()).active))
  }

  /** The index lies in the data folder: room in one place is none in the other. */
  async availableBytes({ candidate, beside }: UpdateBytes): Promise<number> {
    const { partitions, folder } = this.#settings
    const path = partitions[otherSlot((await this.#record.read()).active)]
    return reading(path, async () => {
      const partitionBytes = (await this.#disk.sizeOf(path)) ?? 0
      return Math.min(candidate, partitionBytes) + Math.min(beside, await this.#disk.freeBytes(folder))
    })
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#candidateOpen) throw new RangeError(`${this.component}: a candidate is open already`)
    this.#candidateOpen = true
    try {
      const slot = otherSlot((await this.#record.change(clearInactive)).active)
      if (slot === this.#booted) throw new RangeError(`${this.component}: slot ${slot} runs and cannot be written`)
      const path = this.#settings.partitions[slot]
      return await writing(`opening ${path}`, async () => {
        const partitionBytes = await this.#disk.sizeOf(path)
        // Opening would make a file of that name, on a partition that is not there or in memory.
        if (partitionBytes === undefined) throw new StorageWriteFailed(`opening ${path}`, 'ENOENT')
        if (imageBytes > partitionBytes)
          throw new StorageWriteFailed(`${imageBytes} bytes for the ${partitionBytes} of ${path}`, 'ENOSPC')
        await this.#disk.makeFolder(dirname(this.#candidatePath(slot)))
        await this.#disk.syncFolder(this.#settings.folder)
        await replaceFile(this.#disk, this.#candidatePath(slot), Buffer.from(String(imageBytes)))
        const file = await this.#disk.open(path, 'update')
        const onClose = (): void => {
          this.#candidateOpen = false
        }
        return new FileCandidate(this.#disk, file, { path, indexPath: this.#index(slot), imageBytes, onClose })
      })
    } catch (error) {
      this.#candidateOpen = false
      throw error
    }
  }

  async install(image: NewImage, startsLeft: number): Promise<void> {
    const content = slotContent(image)
    const { active, slots, trial } = await this.#record.read()
    if (isNamed(slots[active], content)) return
    if (trial === null || !isNamed(slots[trial.slot], content)) {
      if ((await this.#candidateBytes(otherSlot(active))) !== image.sizeBytes)
        throw new InstallFailed(`installing ${this.component}`, 'candidate-incomplete')
      await this.#bootLoader.setTries(startsLeft)
      await this.#record.change(record => installTrial(record, content, startsLeft))
    }
    await this.#bootLoader.setTrial(otherSlot(active))
  }

  /** That it was started is all that can be said here; the rest is asked of the device's health command. */
  async verify(): Promise<HealthVerdict> {
    const record = await this.#record.read()
    const started = this.#booted === (record.trial?.slot ?? record.active)
    return started ? { healthy: true } : { healthy: false, reason: 'not-started' }
  }

  async commit(): Promise<void> {
    const { trial } = await this.#record.read()
    if (trial === null) return
    if (this.#booted !== trial.slot) throw new InstallFailed(`committing ${this.component}`, 'not-started')
    await this.#bootLoader.setActive(trial.slot)
    await this.#bootLoader.setTrial(undefined)
    await this.#active.forget()
    await this.#record.change(commit)
  }

  async rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    await this.#record.change(record => {
      if (record.trial !== null && isNamed(record.slots[record.trial.slot], image)) return fallBack(record, reason)
      return withFallback(record, reason)
    })
    if ((await this.#bootLoader.state()).trial !== undefined) await this.#bootLoader.setTrial(undefined)
  }

  async close(): Promise<void> {
    await this.#active.forget()
  }

  async #agree(): Promise<void> {
    const { active, trial, triesLeft } = await this.#bootLoader.state()
    const record = await this.#record.open(() => this.#contentOf(active, this.#settings.version))
    if (record.trial === null) {
      // A roll back was cut after the record, or somebody else wants a slot tried that we know nothing of.
      if (trial !== undefined) await this.#bootLoader.setTrial(undefined)
      if (active !== record.active) await this.#follow(record, active)
      return
    }
    const { slot } = record.trial
    if (active === slot) {
      if (trial !== undefined) await this.#bootLoader.setTrial(undefined)
      await this.#record.change(commit)
    } else if (this.#booted === slot) await this.#count(triesLeft)
    else if (trial === undefined && triesLeft === 0) await this.#giveUp('starts-used-up')
    // It was not started although it is to be tried: not restarted yet, or the boot loader knows nothing of `try`. The
    // openings are counted, so that a device of the second kind does not restart for ever.
    else if (record.trial.startsLeft === 0) await this.#giveUp('never-started')
    else {
      await this.#record.change(countStart)
      if (trial === undefined) await this.#bootLoader.setTrial(slot)
    }
  }

  /** The record says what the boot loader counts, for whoever reads the status. */
  async #count(triesLeft: number): Promise<void> {
    await this.#record.change(record =>
      record.trial === null || record.trial.startsLeft <= triesLeft
        ? record
        : { ...record, sequence: record.sequence + 1, trial: { ...record.trial, startsLeft: triesLeft } },
    )
  }

  async #giveUp(reason: string): Promise<void> {
    this.#log.error({ event: 'fell-back', component: this.component, reason }, 'the boot loader runs the old image')
    await this.#record.change(record => (record.trial === null ? record : fallBack(record, reason)))
    await this.#bootLoader.setTrial(undefined)
  }

  /** Somebody made the other partition the active one. What is in it counts, whatever it is. */
  async #follow(record: SlotRecord, active: SlotName): Promise<void> {
    const known = record.slots[active]
    this.#log.warn({ event: 'slot-changed', component: this.component, slot: active }, 'not changed by the agent')
    const content = known ?? (await this.#contentOf(active, unknownVersion))
    await this.#record.change(before => switchTo(before, content))
  }

  async #contentOf(slot: SlotName, version: string): Promise<SlotContent> {
    const path = this.#settings.partitions[slot]
    const sizeBytes = version === unknownVersion ? undefined : this.#settings.imageBytes
    const found = await reading(path, () => contentOf(this.#disk, path, sizeBytes))
    if (found === undefined) throw new StoredThingMissing(path)
    return { version, digest: found.digest, size: found.sizeBytes }
  }

  /** How long the image under construction is to be: the partition cannot tell. */
  async #candidateBytes(slot: SlotName): Promise<number | undefined> {
    const path = this.#candidatePath(slot)
    const bytes = await reading(path, () => readWhole(this.#disk, path, 20))
    return bytes === undefined ? undefined : Number(Buffer.from(bytes).toString())
  }

  #index(slot: SlotName): string {
    return indexPath(this.#settings.folder, slot)
  }

  #candidatePath(slot: SlotName): string {
    return join(dirname(this.#index(slot)), 'candidate-bytes')
  }
}
