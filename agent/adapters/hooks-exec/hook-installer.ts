// An installer made of programs: a package manager, RAUC, SWUpdate, a bus with other controllers behind it. The image is
// built and kept by another installer (`staging`, which installs nothing itself); what counts on the device is changed by
// the programs, and the note says how far they came.
//
//   restart none:    install ─▶ staging.install ─▶ verify ─▶ commit
//   restart device:  install ─▶ the device restarts ─▶ verify ─▶ commit ─▶ staging.install
//   rollback whenever `install` may have run and the image is not wanted any more

import { InstallFailed, StorageReadFailed } from '../../errors.ts'
import type {
  Candidate,
  Disk,
  HealthVerdict,
  InstalledImage,
  Installer,
  Log,
  NewImage,
  SlotName,
  SlotStatus,
  UpdateBytes,
} from '../../ports.ts'
import { isNamed } from '../../storage/component-record.ts'
import { otherSlot } from '../../storage/slot-record.ts'
import { type HookNote, readHookNote, writeHookNote } from './hook-note.ts'
import type { HookName, HookPrograms, HookWords } from './hook-programs.ts'

export interface HookInstallerSettings {
  readonly restart: 'none' | 'device'
  readonly notePath: string
  /** Where staging keeps the image of a slot. */
  readonly imagePath: (slot: SlotName) => string
  /** Another one in each boot of the device. */
  readonly bootId: string
  /** Aborted when the agent ends: a program that runs is killed, and run again after the next start. */
  readonly stop: AbortSignal
}

export interface HookInstallerParts {
  readonly disk: Disk
  readonly log: Log
  readonly programs: HookPrograms
  readonly staging: Installer
}

/** How often a rollback is tried before it is told that nobody knows what the device runs. */
const rollbackFailuresMax = 5

export class HookInstaller implements Installer {
  readonly members = []
  readonly #disk: Disk
  readonly #log: Log
  readonly #programs: HookPrograms
  readonly #staging: Installer
  readonly #settings: HookInstallerSettings

  /** Owns `staging` from now on. Counts a start of an image on trial. Throws StorageReadFailed, StoredThing…. */
  static async open(parts: HookInstallerParts, settings: HookInstallerSettings): Promise<HookInstaller> {
    const installer = new HookInstaller(parts, settings)
    await installer.#countStart()
    return installer
  }

  private constructor({ disk, log, programs, staging }: HookInstallerParts, settings: HookInstallerSettings) {
    this.#disk = disk
    this.#log = log
    this.#programs = programs
    this.#staging = staging
    this.#settings = settings
  }

  get component(): string {
    return this.#staging.component
  }
  get restart(): 'none' | 'device' {
    return this.#settings.restart
  }
  get formats(): Installer['formats'] {
    return this.#staging.formats
  }

  async status(): Promise<SlotStatus> {
    const [status, note] = await Promise.all([this.#staging.status(), this.#note()])
    if (this.restart === 'none' || note === undefined || isNamed(note, status.active)) return status
    const slot = otherSlot(status.active.slot)
    const image = { slot, version: note.version, digest: note.digest, sizeBytes: note.sizeBytes }
    switch (note.phase) {
      case 'installed':
      case 'committing': {
        const running = note.bootId === this.#settings.bootId ? status.active.slot : slot
        return { ...status, running, trial: { ...image, startsLeft: note.startsLeft }, fallback: undefined }
      }
      case 'rolling-back':
      case 'fallen': {
        // In the boot in which it was taken back, the image goes on running.
        const running = note.startedIn === this.#settings.bootId ? slot : status.active.slot
        return { ...status, running, fallback: { slot, reason: note.reason } }
      }
      default:
        return status
    }
  }

  async hash(slot: SlotName): ReturnType<Installer['hash']> {
    const note = await this.#note()
    if (note?.phase === 'unknown' && slot === (await this.#staging.status()).active.slot)
      throw new StorageReadFailed(`${this.component}: ${note.version} could not be taken back`, 'ROLLBACK')
    return this.#staging.hash(slot)
  }

  readActive(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    return this.#staging.readActive(offset, length, into)
  }
  readActiveIndex(): Promise<Uint8Array | undefined> {
    return this.#staging.readActiveIndex()
  }
  availableBytes(update: UpdateBytes): Promise<number> {
    return this.#staging.availableBytes(update)
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    const note = await this.#note()
    // What nobody can say of the device stays unsaid until an image has been installed.
    if (note !== undefined && note.phase !== 'unknown') await this.#write(undefined)
    return this.#staging.openCandidate(imageBytes)
  }

  async install(image: NewImage, startsLeft: number): Promise<void> {
    const before = await this.#note()
    const { active } = await this.#staging.status()
    const known = before !== undefined && isNamed(before, image)
    if (known && before.phase !== 'installing') {
      if (before.phase === 'installed' && this.restart === 'none') await this.#staging.install(image, startsLeft)
      if (['installed', 'committing', 'committed'].includes(before.phase)) return
      throw new InstallFailed(`installing ${this.component}`, `it is ${before.phase}`)
    }
    const note: HookNote = {
      phase: 'installing',
      operation: image.operation ?? '',
      version: image.version,
      digest: image.digest,
      sizeBytes: image.sizeBytes,
      installedVersion: active.version,
      startsLeft,
      bootId: this.#settings.bootId,
      startedIn: '',
      reason: '',
      rollbackFailures: 0,
    }
    if (!known) await this.#write(note)
    const slot = otherSlot(active.slot)
    const problem = await this.#carryOut('install', note, slot, { repeated: known })
    if (problem !== undefined) throw new InstallFailed(`installing ${this.component}`, problem)
    // From here on a power cut does not run it again.
    await this.#write({ ...note, phase: 'installed' })
    if (this.restart === 'none') await this.#staging.install(image, startsLeft)
  }

  async verify(signal: AbortSignal): Promise<HealthVerdict> {
    const note = await this.#note()
    if (note === undefined || !(await this.#programs.has('verify'))) return { healthy: true }
    const slot = await this.#slotOf(note)
    const problem = await this.#carryOut('verify', note, slot, { signal, repeated: note.phase !== 'installed' })
    return problem === undefined ? { healthy: true } : { healthy: false, reason: `verify-${problem}` }
  }

  async commit(): Promise<void> {
    const note = await this.#note()
    if (note?.phase !== 'installed' && note?.phase !== 'committing') return
    if (this.restart === 'device' && note.bootId === this.#settings.bootId)
      throw new InstallFailed(`committing ${this.component}`, 'not-started')
    const slot = await this.#slotOf(note)
    if (await this.#programs.has('commit')) {
      const repeated = note.phase === 'committing'
      if (!repeated) await this.#write({ ...note, phase: 'committing' })
      const problem = await this.#carryOut('commit', note, slot, { repeated })
      if (problem !== undefined) throw new InstallFailed(`committing ${this.component}`, `commit-${problem}`)
    }
    if (this.restart === 'device') await this.#staging.install(note, note.startsLeft)
    await this.#write({ ...note, phase: 'committed' })
  }

  async rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    const note = await this.#note()
    if (note === undefined || !isNamed(note, image)) return this.#staging.rollBack(image, reason)
    if (note.phase === 'fallen' || note.phase === 'unknown') return
    const repeated = note.phase === 'rolling-back'
    const going = { ...note, phase: 'rolling-back', reason, bootId: this.#settings.bootId } as const
    await this.#write(going)
    const problem = await this.#carryOut('rollback', going, await this.#slotOf(note), { repeated })
    if (problem !== undefined) {
      const failures = note.rollbackFailures + 1
      // The agent ends, nothing failed.
      if (this.#settings.stop.aborted) throw new InstallFailed(`rolling back ${this.component}`, problem)
      if (failures < rollbackFailuresMax) {
        await this.#write({ ...going, rollbackFailures: failures })
        throw new InstallFailed(`rolling back ${this.component}`, `rollback-${problem}`)
      }
      const facts = { event: 'rollback-impossible', component: this.component, reason: problem }
      this.#log.error(facts, 'nobody knows what the device runs')
    }
    await this.#staging.rollBack(image, reason)
    await this.#write({ ...going, phase: problem === undefined ? 'fallen' : 'unknown' })
  }

  async close(): Promise<void> {
    await this.#staging.close()
  }

  /** Once in each boot of the device that follows the one in which the image was installed. */
  async #countStart(): Promise<void> {
    const { bootId } = this.#settings
    const note = await this.#note()
    const counts = note?.phase === 'installed' || note?.phase === 'committing'
    if (this.restart === 'none' || note === undefined || !counts) return
    if (note.bootId === bootId || note.startedIn === bootId) return
    const status = await this.#staging.status()
    if (isNamed(note, status.active)) return
    if (note.startsLeft > 0) return this.#write({ ...note, startedIn: bootId, startsLeft: note.startsLeft - 1 })
    this.#log.error({ event: 'fell-back', component: this.component, reason: 'starts-used-up' }, 'it is given up')
    await this.#write({ ...note, phase: 'rolling-back', startedIn: bootId, reason: 'starts-used-up' })
  }

  async #carryOut(
    name: HookName,
    note: HookNote,
    slot: SlotName,
    { repeated, signal }: { readonly repeated: boolean; readonly signal?: AbortSignal },
  ): Promise<string | undefined> {
    const { imagePath, restart, stop } = this.#settings
    const words: HookWords = {
      DROVER_COMPONENT: this.component,
      DROVER_OPERATION: note.operation || undefined,
      DROVER_VERSION: note.version,
      DROVER_INSTALLED_VERSION: note.installedVersion,
      DROVER_CANDIDATE: imagePath(slot),
      DROVER_PREVIOUS: imagePath(otherSlot(slot)),
      DROVER_SHA256: note.digest,
      DROVER_SIZE: String(note.sizeBytes),
      DROVER_RESTART: restart,
      DROVER_REASON: note.reason || undefined,
      DROVER_REPEATED: repeated ? '1' : undefined,
    }
    return this.#programs.carryOut(name, words, signal === undefined ? stop : AbortSignal.any([signal, stop]))
  }

  /** Where the image of the note lies. */
  async #slotOf(note: HookNote): Promise<SlotName> {
    const { active } = await this.#staging.status()
    return isNamed(note, active) ? active.slot : otherSlot(active.slot)
  }

  #note(): Promise<HookNote | undefined> {
    return readHookNote(this.#disk, this.#settings.notePath)
  }

  #write(note: HookNote | undefined): Promise<void> {
    return writeHookNote(this.#disk, this.#settings.notePath, note)
  }
}
