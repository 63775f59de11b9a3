// One file that the programs of the device use: a model, a table, a certificate bundle. The candidate is built in the
// component's folder, and the file is replaced by one rename in its own folder, so that whoever opens it finds the old
// content or the new. What was there before is kept until the next candidate.
//
//   openCandidate ─▶ <slot>/image ── install ─▶ copy of the target in <other slot>/previous ─▶ record ─▶ rename to target
//                                    rollBack ─▶ previous becomes that slot's image         ─▶ record ─▶ rename to target
//
// The record leads: an image that lies in the slot that counts has still to be moved to the target, after a power cut too.
// What is there is always read from the target itself, so a file that somebody else changed is told by its digest.
import { basename, dirname, join } from 'node:path'
import { InstallFailed, StoredThingMissing } from '../errors.ts'
import type {
  Candidate,
  Clock,
  Disk,
  HealthVerdict,
  InstalledImage,
  Installer,
  Log,
  NewImage,
  SlotStatus,
  UpdateBytes,
} from '../ports.ts'
import { runProgram } from '../program.ts'
import { ActiveFile } from '../storage/active-file.ts'
import { ComponentRecord, isNamed, slotContent, withFallback } from '../storage/component-record.ts'
import { errnoOf, reading, writing } from '../storage/disk-errors.ts'
import { roomFor } from '../storage/disk-room.ts'
import { type Content, contentOf, copyFile } from '../storage/durable-file.ts'
import { FileCandidate, readIndexFile } from '../storage/file-candidate.ts'
import { imagePath, indexPath } from '../storage/slot-folder.ts'
import { clearInactive, otherSlot, type SlotName, switchBack, switchTo } from '../storage/slot-record.ts'

export interface SingleFileSettings {
  readonly component: string
  /** The component's own folder (slot-folder.ts). */
  readonly folder: string
  /** The file that is replaced. A symbolic link would be replaced by a file. */
  readonly file: string
  /**
   * Who may read, write and run it: three octal digits as a number; absent: who may now. The owner is the agent's user.
   */
  readonly mode: number | undefined
  /** Version of what the file holds when the component is opened for the first time. */
  readonly version: string
  /** Placed where the file is to be when there is none at the first opening. */
  readonly image: string | undefined
  /** What all components may hold in the data folder, bytes; absent: what the file system has. */
  readonly storageBytesMax: number | undefined
  /** Run after each replacement: the file's users take it up. Exit code other than 0 after an install: rolled back. */
  readonly reload: { readonly command: readonly string[]; readonly timeoutMs: number } | undefined
  readonly environment: NodeJS.ProcessEnv
}

type Basics = { readonly disk: Disk; readonly clock: Clock; readonly log: Log }

export class SingleFile implements Installer {
  readonly restart = 'none'
  readonly formats = ['raw', 'delta-zstd'] as const
  readonly members = []
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: SingleFileSettings
  readonly #record: ComponentRecord
  readonly #active: ActiveFile
  #candidateOpen = false
  /** Is the target on another file system than the component's folder? Found out when it first matters. */
  #apart: boolean | undefined

  /** Finishes what a power cut interrupted. Throws StorageReadFailed, StorageWriteFailed, StoredThing…. */
  static async open(basics: Basics, settings: SingleFileSettings): Promise<SingleFile> {
    const installer = new SingleFile(basics, settings)
    await installer.#record.open(() => installer.#initial())
    await installer.#settle()
    return installer
  }

  private constructor({ disk, clock, log }: Basics, settings: SingleFileSettings) {
    this.#disk = disk
    this.#clock = clock
    this.#log = log
    this.#settings = settings
    this.#record = new ComponentRecord(disk, settings.folder, settings.component)
    this.#active = new ActiveFile(disk, settings.file)
  }

  get component(): string {
    return this.#settings.component
  }

  async status(): Promise<SlotStatus> {
    return this.#record.status()
  }

  async hash(slot: SlotName): Promise<Content> {
    const { active } = await this.#record.read()
    const paths = slot === active ? [this.#settings.file] : [this.#image(slot), this.#previous(slot)]
    for (const path of paths) {
      const found = await reading(path, () => contentOf(this.#disk, path))
      if (found !== undefined) return found
    }
    throw new StoredThingMissing(`slot ${slot} of ${this.component}`)
  }

  async readActive(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    return this.#active.read(async () => this.#settings.file, offset, length, into)
  }

  async readActiveIndex(): Promise<Uint8Array | undefined> {
    return readIndexFile(this.#disk, this.#index((await this.#record.read()).active))
  }

  /** Beside the candidate there must be room for what is kept of the file that is replaced. */
  async availableBytes({ beside }: UpdateBytes): Promise<number> {
    const { folder, file, storageBytesMax } = this.#settings
    const inactive = join(folder, otherSlot((await this.#record.read()).active))
    const room = await roomFor(this.#disk, inactive, dirname(folder), storageBytesMax)
    const kept = (await reading(file, () => this.#disk.sizeOf(file))) ?? 0
    if (!(await this.#isApart())) return Math.max(0, room - kept)
    const there = await reading(file, () => this.#disk.freeBytes(dirname(file)))
    return Math.max(0, Math.min(room - kept, there + beside))
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#candidateOpen) throw new RangeError(`${this.component}: a candidate is open already`)
    this.#candidateOpen = true
    try {
      const slot = otherSlot((await this.#record.change(clearInactive)).active)
      const path = this.#image(slot)
      return await writing(`opening ${path}`, async () => {
        await this.#disk.makeFolder(dirname(path))
        await this.#disk.syncFolder(this.#settings.folder)
        for (const each of ['a', 'b'] as const) await this.#disk.remove(this.#previous(each))
        const onClose = (): void => {
          this.#candidateOpen = false
        }
        const place = { path, indexPath: this.#index(slot), imageBytes, onClose }
        return FileCandidate.open(this.#disk, place, await this.#mode())
      })
    } catch (error) {
      this.#candidateOpen = false
      throw error
    }
  }

  async install(image: NewImage): Promise<void> {
    const content = slotContent(image)
    const { active, slots } = await this.#record.read()
    if (!isNamed(slots[active], content)) {
      const { file } = this.#settings
      const candidate = this.#image(otherSlot(active))
      if ((await reading(candidate, () => this.#disk.sizeOf(candidate))) !== image.sizeBytes)
        throw new InstallFailed(`installing ${this.component}`, 'candidate-incomplete')
      await writing(`keeping ${file}`, async () => {
        await this.#disk.makeFolder(dirname(this.#previous(active)))
        // Else the record could be there after a power cut and the folder not.
        await this.#disk.syncFolder(this.#settings.folder)
        await copyFile(this.#disk, file, this.#previous(active), await this.#mode())
      })
      await this.#record.change(record => switchTo(record, content))
    }
    // When this fails the record names the new image already: rolling back, or the next opening, makes it true.
    await this.#settle()
  }

  async verify(signal: AbortSignal): Promise<HealthVerdict> {
    const { version } = (await this.status()).active
    const problem = await this.#reload('installed', version, signal)
    return problem === undefined ? { healthy: true } : { healthy: false, reason: problem }
  }

  async commit(): Promise<void> {}

  async rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    const { active, slots } = await this.#record.read()
    const back = otherSlot(active)
    if (!isNamed(slots[active], image) || slots[back] === null) {
      await this.#record.change(record => withFallback(record, reason))
      await this.#settle()
      return
    }
    await this.#previousIsImage(back)
    await this.#record.change(record => switchBack(record, reason))
    await this.#settle()
    await this.#reload('rolled-back', slots[back].version, new AbortController().signal)
  }

  async close(): Promise<void> {
    await this.#active.forget()
  }

  /** Moves an image that lies in the slot that counts to the target. Nothing when there is none. */
  async #settle(): Promise<void> {
    const { file } = this.#settings
    const staged = this.#image((await this.#record.read()).active)
    const beside = this.#beside()
    await writing(`replacing ${file}`, async () => {
      await this.#disk.remove(beside)
      const wanted = await contentOf(this.#disk, staged)
      if (wanted === undefined) return
      await this.#active.forget()
      // A cut can have left both names; what is done is done.
      if ((await contentOf(this.#disk, file))?.digest !== wanted.digest) {
        try {
          await this.#disk.rename(staged, file)
        } catch (error) {
          if (errnoOf(error) !== 'EXDEV') throw error
          this.#apart = true
          await copyFile(this.#disk, staged, file, await this.#mode(), beside)
        }
        await this.#disk.syncFolder(dirname(file))
      }
      await this.#disk.remove(staged)
      await this.#disk.syncFolder(dirname(staged))
    })
  }

  /** Durable: what was kept of the file is what the slot holds. Throws StoredThingMissing when it is gone. */
  async #previousIsImage(slot: SlotName): Promise<void> {
    const [previous, image] = [this.#previous(slot), this.#image(slot)]
    await reading(previous, async () => {
      if ((await this.#disk.sizeOf(previous)) === undefined) {
        if ((await this.#disk.sizeOf(image)) !== undefined) return
        throw new StoredThingMissing(`previous content of ${this.#settings.file}`)
      }
      await writing(`restoring ${previous}`, async () => {
        await this.#disk.rename(previous, image)
        await this.#disk.syncFolder(dirname(image))
      })
    })
  }

  async #initial(): Promise<{ readonly version: string; readonly digest: string; readonly size: number }> {
    const { file, image, version } = this.#settings
    let found = await reading(file, () => contentOf(this.#disk, file))
    if (found === undefined && image !== undefined) found = await writing(`placing ${file}`, () => this.#placed(image))
    if (found === undefined) throw new StoredThingMissing(file)
    return { version, digest: found.digest, size: found.sizeBytes }
  }

  async #placed(image: string): Promise<Content> {
    const { file } = this.#settings
    return copyFile(this.#disk, image, file, await this.#mode(), this.#beside())
  }

  async #mode(): Promise<number> {
    return this.#settings.mode ?? (await this.#disk.factsOf(this.#settings.file))?.mode ?? 0o644
  }

  /** One word for what went wrong; undefined when it went well, or there is no such program. */
  async #reload(reason: string, version: string, signal: AbortSignal): Promise<string | undefined> {
    const { component, environment, file, reload } = this.#settings
    if (reload === undefined) return undefined
    const [program = '', ...rest] = reload.command
    const told = { DROVER_COMPONENT: component, DROVER_FILE: file, DROVER_VERSION: version, DROVER_REASON: reason }
    const start = { program, arguments: rest, environment: { ...environment, ...told }, outputBytesMax: 500 }
    const { problem, output } = await runProgram({ ...start, timeoutMs: reload.timeoutMs }, this.#clock, signal)
    if (problem === undefined) return undefined
    const facts = { event: 'reload-failed', component, version, reason: problem, output: output.toString() }
    this.#log.warn(facts, 'the program that takes up the file failed')
    return `reload-${problem}`
  }

  /** Only a rename tells whether two folders are on one file system. */
  async #isApart(): Promise<boolean> {
    if (this.#apart !== undefined) return this.#apart
    const { folder } = this.#settings
    const [probe, beside] = [join(folder, 'probe'), this.#beside()]
    return writing(`looking for room beside ${this.#settings.file}`, async () => {
      await (await this.#disk.open(probe, 'create')).close()
      try {
        await this.#disk.rename(probe, beside)
        this.#apart = false
      } catch (error) {
        if (errnoOf(error) !== 'EXDEV') throw error
        this.#apart = true
      }
      await this.#disk.remove(this.#apart ? probe : beside)
      return this.#apart
    })
  }

  #image(slot: SlotName): string {
    return imagePath(this.#settings.folder, slot)
  }

  #index(slot: SlotName): string {
    return indexPath(this.#settings.folder, slot)
  }

  #previous(slot: SlotName): string {
    return join(this.#settings.folder, slot, 'previous')
  }

  /** A name on the target's own file system that nobody else uses. */
  #beside(): string {
    const { file } = this.#settings
    return join(dirname(file), `.${basename(file)}.drover-new`)
  }
}
