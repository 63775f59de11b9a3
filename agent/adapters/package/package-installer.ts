// A package of images for several components, installed over the installers of these: in order, and as one. Of its own
// it keeps a record, the payload while it is taken up, and its head; the images are where their members keep them, so
// what the package "is" at any moment is read from the members.
//
//   candidate (the payload) ─▶ handlers/unpack.ts: images into the members' candidates ─▶ install: members in order
//   ─▶ restart, when a member wants one ─▶ verify: all members ─▶ commit: all members
//
// Whatever is found half done when it is opened is brought to one side: an install goes back, a commit goes on.
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { encodePackageHead, packagePrefixBytes, readPackageHead } from '../../../proto/package.ts'
import { reading, writing } from '../../disk-errors.ts'
import { contentOf, usedBytes } from '../../durable-file.ts'
import { InstallFailed, StorageReadFailed, StoredThingCorrupt, StoredThingMissing } from '../../errors.ts'
import { FileCandidate, readIndexFile } from '../../file-candidate.ts'
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
import { imagePath, indexPath, readWhole, replaceFile } from '../../slot-folder.ts'
import { otherSlot } from '../../slot-record.ts'
import {
  type PackageContent,
  type PackagePart,
  type PackageRecord,
  PackageRecordFile,
  shortReason,
} from './package-record.ts'

export interface PackageSettings {
  readonly component: string
  /** The component's own folder (slot-folder.ts). */
  readonly folder: string
  /** Version of what the members hold when the package is opened for the first time. */
  readonly version: string
  /** What all components may hold in the data folder, bytes; absent: what the file system has. */
  readonly storageBytesMax: number | undefined
}

const headBytesMax = packagePrefixBytes + 64 * 1024
const strength: readonly RestartKind[] = ['none', 'image', 'device']

export class PackageInstaller implements Installer {
  readonly formats = ['combined'] as const
  readonly #disk: Disk
  readonly #settings: PackageSettings
  readonly #members: ReadonlyMap<string, Installer>
  readonly #record: PackageRecordFile
  #candidateOpen = false

  /**
   * `members` are open already and stay their owner's. Finishes what a power cut interrupted. Throws StorageReadFailed,
   * StorageWriteFailed, StoredThing…, and what the members throw.
   */
  static async open(disk: Disk, members: readonly Installer[], settings: PackageSettings): Promise<PackageInstaller> {
    const installer = new PackageInstaller(disk, members, settings)
    if ((await installer.#record.find()) === undefined) await installer.#begin()
    await installer.#recover()
    return installer
  }

  private constructor(disk: Disk, members: readonly Installer[], settings: PackageSettings) {
    this.#disk = disk
    this.#members = new Map(members.map(member => [member.component, member]))
    this.#settings = settings
    this.#record = new PackageRecordFile(disk, settings.folder)
  }

  get component(): string {
    return this.#settings.component
  }

  get members(): readonly string[] {
    return [...this.#members.keys()]
  }

  /** The strongest of the members'. */
  get restart(): RestartKind {
    const strongest = Math.max(...[...this.#members.values()].map(({ restart }) => strength.indexOf(restart)))
    return strength[strongest] ?? 'none'
  }

  async status(): Promise<SlotStatus> {
    const record = await this.#record.read()
    const { active, phase, fallback } = record
    const steady = {
      component: this.component,
      running: active,
      active: this.#image(record, active),
      trial: undefined,
      fallback: fallback ?? undefined,
    }
    if (phase === 'steady') return steady
    const slot = otherSlot(active)
    const { runs, startsLeft } = await this.#standing(contentIn(record, slot))
    return {
      ...steady,
      // Half of it running is not the old one any more: whoever looks finds another digest, and gives it up. Half
      // committed has only to be started.
      running: runs === 'all' || (runs === 'some' && phase === 'trial') ? slot : active,
      trial: { ...this.#image(record, slot), startsLeft: Math.min(record.startsLeft, startsLeft) },
      fallback: undefined,
    }
  }

  async hash(slot: SlotName): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
    const record = await this.#record.read()
    if (slot !== record.active && record.phase === 'steady') {
      const path = imagePath(this.#settings.folder, slot)
      const found = await reading(path, () => contentOf(this.#disk, path))
      if (found === undefined) throw new StoredThingMissing(path)
      return found
    }
    const { parts, digest, sizeBytes } = contentIn(record, slot)
    const found = createHash('sha256')
    let changed = false
    for (const part of parts) {
      const member = this.#member(part)
      const image = await member.hash((await member.status()).running)
      found.update(image.digest)
      changed ||= image.digest !== part.digest
    }
    // With every image as its descriptor says the package is, byte for byte, the one that was hashed when it came.
    return { digest: changed ? found.digest('hex') : digest, sizeBytes }
  }

  /** The head, then the members' active images. */
  async readActive(offset: number, length: number): Promise<Uint8Array> {
    const { active, slots } = await this.#record.read()
    const head = await this.#head(active)
    const pieces: Uint8Array[] = [head.subarray(Math.min(offset, head.length), offset + length)]
    let start = head.length
    for (const part of slots[active]?.parts ?? []) {
      const from = Math.max(offset, start)
      const to = Math.min(offset + length, start + part.sizeBytes)
      if (from < to) pieces.push(await this.#member(part).readActive(from - start, to - from))
      start += part.sizeBytes
    }
    const bytes = Buffer.concat(pieces)
    if (bytes.length === length) return bytes
    throw new StorageReadFailed(`reading ${length} bytes at ${offset} of ${this.component}`, 'SHORT')
  }

  async readActiveIndex(): Promise<Uint8Array | undefined> {
    const { active } = await this.#record.read()
    return readIndexFile(this.#disk, indexPath(this.#settings.folder, active))
  }

  /** What the members need for their images is told by them when these are made. */
  async availableBytes(): Promise<number> {
    const { folder, storageBytesMax } = this.#settings
    const root = dirname(folder)
    const inactive = join(folder, otherSlot((await this.#record.read()).active))
    return reading(root, async () => {
      const own = await usedBytes(this.#disk, inactive)
      const free = (await this.#disk.freeBytes(root)) + own
      if (storageBytesMax === undefined) return free
      return Math.max(0, Math.min(free, storageBytesMax - ((await usedBytes(this.#disk, root)) - own)))
    })
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#candidateOpen) throw new RangeError(`${this.component}: a candidate is open already`)
    const record = await this.#record.read()
    if (record.phase !== 'steady')
      throw new RangeError(`${this.component}: a candidate cannot be opened during a trial`)
    this.#candidateOpen = true
    const slot = otherSlot(record.active)
    const path = imagePath(this.#settings.folder, slot)
    try {
      if (record.slots[slot] !== null || record.fallback !== null)
        await this.#record.write({ ...record, slots: { ...record.slots, [slot]: null }, fallback: null })
      return await writing(`opening ${path}`, async () => {
        await this.#disk.makeFolder(dirname(path))
        await this.#disk.syncFolder(this.#settings.folder)
        const file = await this.#disk.open(path, 'update')
        try {
          // What a longer payload left behind would be hashed with the new one.
          if ((await file.size()) > imageBytes) await file.truncate(imageBytes)
          await this.#disk.syncFolder(dirname(path))
        } catch (error) {
          await file.close()
          throw error
        }
        const onClose = (): void => {
          this.#candidateOpen = false
        }
        const index = indexPath(this.#settings.folder, slot)
        return new FileCandidate(this.#disk, file, { path, indexPath: index, imageBytes, onClose })
      })
    } catch (error) {
      this.#candidateOpen = false
      throw error
    }
  }

  /** Throws InstallFailed too when the payload is no package for these members, or what a member throws. */
  async install(image: NewImage, startsLeft: number): Promise<void> {
    let record = await this.#record.read()
    const slot = otherSlot(record.active)
    if (record.phase === 'steady' && isNamed(record.slots[record.active], image)) return
    if (record.phase === 'steady') {
      const { head, parts } = await this.#staged(image)
      await writing(`head of ${this.component}`, () => replaceFile(this.#disk, this.#headPath(slot), head))
      const { version, digest, sizeBytes } = image
      const content: PackageContent = { version, digest, sizeBytes, parts }
      const slots = { ...record.slots, [slot]: content }
      record = await this.#record.write({ ...record, phase: 'trial', startsLeft, slots, fallback: null })
    }
    for (const part of changedIn(contentIn(record, slot)))
      if (!(await this.#holds(part))) await this.#member(part).install(part, startsLeft)
  }

  async verify(signal: AbortSignal): Promise<HealthVerdict> {
    for (const member of this.#members.values()) {
      const verdict = await member.verify(signal)
      if (!verdict.healthy) return { healthy: false, reason: `${member.component}:${verdict.reason}` }
    }
    return { healthy: true }
  }

  async commit(): Promise<void> {
    const record = await this.#record.read()
    if (record.phase === 'steady') return
    const slot = otherSlot(record.active)
    for (const part of changedIn(contentIn(record, slot)))
      if (!(await this.#holds(part))) throw new InstallFailed(`committing ${this.component}`, `lost-${part.component}`)
    // From here on there is no way back.
    await this.#finishCommit(await this.#record.write({ ...record, phase: 'committing' }))
  }

  async rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    const record = await this.#record.read()
    const slot = otherSlot(record.active)
    if (record.phase !== 'steady' && isNamed(record.slots[slot], image)) {
      if (record.phase === 'committing' && (await this.#isCommittedInPart(contentIn(record, slot))))
        throw new InstallFailed(`rolling back ${this.component}`, 'committed-in-part')
      await this.#takeBack(record, reason, reason)
      return
    }
    if (record.fallback?.reason === shortReason(reason) && record.fallback.slot === slot) return
    await this.#record.write({ ...record, fallback: { slot, reason: shortReason(reason) } })
  }

  /** The members are closed by their owner. */
  async close(): Promise<void> {}

  // ---- after a start ------------------------------------------------------------------------

  /** The first record: the package that the members' images would make. May be repeated after a power cut. */
  async #begin(): Promise<void> {
    const { folder, version } = this.#settings
    const parts: PackagePart[] = []
    for (const member of this.#members.values()) {
      const { active } = await member.status()
      const { digest, sizeBytes } = await member.hash(active.slot)
      parts.push({ component: member.component, version: active.version, digest, sizeBytes, before: null })
    }
    const head = encodePackageHead(
      parts.map(({ digest: sha256, ...part }) => ({ ...part, sha256, vendorData: new Uint8Array(0) })),
    )
    await writing(`opening ${this.component}`, async () => {
      await this.#disk.makeFolder(join(folder, 'a'))
      for (const each of [folder, dirname(folder), dirname(dirname(folder))]) await this.#disk.syncFolder(each)
      await replaceFile(this.#disk, this.#headPath('a'), head)
    })
    const hash = createHash('sha256').update(head)
    for (const part of parts)
      for (let at = 0; at < part.sizeBytes; at += pieceBytes)
        hash.update(await this.#member(part).readActive(at, Math.min(pieceBytes, part.sizeBytes - at)))
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, head.length)
    const content = { version, digest: hash.digest('hex'), sizeBytes, parts }
    await this.#record.write({
      active: 'a',
      phase: 'steady',
      startsLeft: 0,
      slots: { a: content, b: null },
      fallback: null,
    })
  }

  async #recover(): Promise<void> {
    const record = await this.#record.read()
    if (record.phase === 'steady') return
    const content = contentIn(record, otherSlot(record.active))
    if (record.phase === 'committing') {
      // A member whose starts were used up in between is tried once more: it was found healthy with the others.
      for (const part of changedIn(content))
        if (!(await this.#holds(part))) await this.#member(part).install(part, record.startsLeft)
      if ((await this.#standing(content)).runs === 'all') await this.#finishCommit(record)
      return
    }
    const { holdsAll, runs, fellBack } = await this.#standing(content)
    // What runs cannot be written over by a new try: it is given up by whoever looks at it, with a restart.
    if (holdsAll || runs !== 'none') return
    await this.#takeBack(record, fellBack ?? 'interrupted', fellBack)
  }

  async #finishCommit(record: PackageRecord): Promise<void> {
    const slot = otherSlot(record.active)
    for (const part of changedIn(contentIn(record, slot))) await this.#member(part).commit()
    await this.#record.write({ ...record, active: slot, phase: 'steady', fallback: null })
    // The images are where the members keep them.
    await this.#discard(slot)
  }

  /** All members as they were before. `fallback`: what is told of it; undefined: nothing, it may be tried again. */
  async #takeBack(record: PackageRecord, reason: string, fallback: string | undefined): Promise<void> {
    const slot = otherSlot(record.active)
    for (const part of changedIn(contentIn(record, slot)).toReversed())
      if (await this.#holds(part)) await this.#member(part).rollBack(part, reason)
    const told = fallback === undefined ? null : { slot, reason: shortReason(fallback) }
    await this.#record.write({ ...record, phase: 'steady', fallback: told })
  }

  // ---- the members --------------------------------------------------------------------------

  #member({ component }: Pick<PackagePart, 'component'>): Installer {
    const member = this.#members.get(component)
    if (member === undefined) throw new StoredThingMissing(`component ${component} of the package ${this.component}`)
    return member
  }

  /** Is the image the member's own, on trial or for good? */
  async #holds(part: PackagePart): Promise<boolean> {
    const { active, trial } = await this.#member(part).status()
    return isNamed(trial ?? null, part) || (trial === undefined && isNamed(active, part))
  }

  async #standing(content: PackageContent): Promise<{
    readonly holdsAll: boolean
    /** `some`: only part of what needs a restart has had it. */
    readonly runs: 'none' | 'some' | 'all'
    readonly startsLeft: number
    /** The reason of a member that went back by itself. */
    readonly fellBack: string | undefined
  }> {
    let [holdsAll, waiting, restarted] = [true, 0, 0]
    let startsLeft = Number.POSITIVE_INFINITY
    let fellBack: string | undefined
    for (const part of changedIn(content)) {
      const member = this.#member(part)
      const { active, trial, running: slot, fallback } = await member.status()
      const image = isNamed(trial ?? null, part)
        ? trial
        : trial === undefined && isNamed(active, part)
          ? active
          : undefined
      if (image === undefined) {
        holdsAll = false
        fellBack ??= fallback?.reason
        continue
      }
      if (image === trial) startsLeft = Math.min(startsLeft, trial?.startsLeft ?? startsLeft)
      if (slot !== image.slot) waiting += 1
      else if (member.restart !== 'none') restarted += 1
    }
    const runs = holdsAll && waiting === 0 ? 'all' : restarted > 0 ? 'some' : 'none'
    return { holdsAll, runs, startsLeft, fellBack }
  }

  /** Has a member that restarts lost its way back? */
  async #isCommittedInPart(content: PackageContent): Promise<boolean> {
    for (const part of changedIn(content)) {
      const member = this.#member(part)
      const { active, trial } = await member.status()
      if (member.restart !== 'none' && trial === undefined && isNamed(active, part)) return true
    }
    return false
  }

  // ---- files --------------------------------------------------------------------------------

  /** Head and parts of the payload in the candidate. Throws InstallFailed when it is no package for these members. */
  async #staged({
    sizeBytes,
  }: NewImage): Promise<{ readonly head: Uint8Array; readonly parts: readonly PackagePart[] }> {
    const { active } = await this.#record.read()
    const path = imagePath(this.#settings.folder, otherSlot(active))
    const begin = await reading(path, () => readWhole(this.#disk, path, Math.min(headBytesMax, sizeBytes)))
    if (begin === undefined) throw new StoredThingMissing(path)
    const failed = (reason: string): InstallFailed => new InstallFailed(`installing ${this.component}`, reason)
    if (begin.length < packagePrefixBytes) throw failed('package-head')
    const descriptorSize = Buffer.from(begin).readUInt32LE(packagePrefixBytes - 4)
    const head = begin.subarray(0, packagePrefixBytes + descriptorSize)
    const read = readPackageHead(head, { descriptorSize }, sizeBytes)
    if (!read.ok) throw failed('package-head')
    const parts: PackagePart[] = []
    for (const { component, version, sizeBytes, sha256 } of read.head.images) {
      const member = this.#members.get(component)
      if (member === undefined) throw failed('package-members')
      const { active } = await member.status()
      const image = { version, digest: sha256 }
      const before = isNamed(active, image) ? null : { version: active.version, digest: active.digest }
      parts.push({ component, ...image, sizeBytes, before })
    }
    if (parts.length !== this.#members.size) throw failed('package-members')
    return { head, parts }
  }

  async #head(slot: SlotName): Promise<Uint8Array> {
    const path = this.#headPath(slot)
    const head = await reading(path, () => readWhole(this.#disk, path, headBytesMax))
    if (head === undefined) throw new StoredThingMissing(path)
    return head
  }

  async #discard(slot: SlotName): Promise<void> {
    const path = imagePath(this.#settings.folder, slot)
    await writing(`removing ${path}`, () => this.#disk.remove(path))
  }

  #headPath(slot: SlotName): string {
    return join(this.#settings.folder, slot, 'head')
  }

  #image(record: PackageRecord, slot: SlotName): InstalledImage {
    const { version, digest, sizeBytes } = contentIn(record, slot)
    return { slot, version, digest, sizeBytes }
  }
}

const pieceBytes = 256 * 1024

function contentIn(record: PackageRecord, slot: SlotName): PackageContent {
  const content = record.slots[slot]
  if (content === null) throw new StoredThingCorrupt(`record of a package: slot ${slot} counts but is empty`)
  return content
}

function changedIn({ parts }: PackageContent): readonly PackagePart[] {
  return parts.filter(({ before }) => before !== null)
}

function isNamed(
  content: { readonly version: string; readonly digest: string } | null,
  image: { readonly version: string; readonly digest: string },
): boolean {
  return content !== null && content.version === image.version && content.digest === image.digest
}
