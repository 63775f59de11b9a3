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
import { encodePackageHead } from '../../../proto/package.ts'
import { InstallFailed, StorageReadFailed, StoredThingCorrupt } from '../../errors.ts'
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
  UpdateBytes,
} from '../../ports.ts'
import { isNamed } from '../../storage/component-record.ts'
import { writing } from '../../storage/disk-errors.ts'
import { roomFor } from '../../storage/disk-room.ts'
import type { Content } from '../../storage/durable-file.ts'
import { readIndexFile } from '../../storage/file-candidate.ts'
import { indexPath } from '../../storage/slot-folder.ts'
import { otherSlot } from '../../storage/slot-record.ts'
import { changedIn, PackageMembers } from './package-members.ts'
import { PackagePayload } from './package-payload.ts'
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
  /** Members whose images lie outside the data folder; absent: none. */
  readonly membersElsewhere?: readonly string[]
}

const strength: readonly RestartKind[] = ['none', 'image', 'device']

/** Why an install is taken back that a power cut found half done. */
const interrupted = 'interrupted'

export class PackageInstaller implements Installer {
  readonly formats = ['combined'] as const
  readonly #disk: Disk
  readonly #settings: PackageSettings
  readonly #members: PackageMembers
  readonly #record: PackageRecordFile
  readonly #payload: PackagePayload
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
    this.#members = new PackageMembers(members)
    this.#settings = settings
    this.#record = new PackageRecordFile(disk, settings.folder)
    this.#payload = new PackagePayload(disk, settings.folder)
  }

  get component(): string {
    return this.#settings.component
  }

  get members(): readonly string[] {
    return this.#members.all.map(({ component }) => component)
  }

  /** The strongest of the members'. */
  get restart(): RestartKind {
    const strongest = Math.max(...this.#members.all.map(({ restart }) => strength.indexOf(restart)))
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
    const { runs, startsLeft } = await this.#members.standing(contentIn(record, slot))
    return {
      ...steady,
      // Half of it running is not the old one any more: whoever looks finds another digest, and gives it up. Half
      // committed has only to be started.
      running: runs === 'all' || (runs === 'some' && phase === 'trial') ? slot : active,
      trial: { ...this.#image(record, slot), startsLeft: Math.min(record.startsLeft, startsLeft) },
      fallback: undefined,
    }
  }

  async hash(slot: SlotName): Promise<Content> {
    const record = await this.#record.read()
    if (slot !== record.active && record.phase === 'steady') return this.#payload.hash(slot)
    const { parts, digest, sizeBytes } = contentIn(record, slot)
    const found = createHash('sha256')
    let changed = false
    for (const part of parts) {
      const member = this.#members.of(part)
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
    const head = await this.#payload.readHead(active)
    const pieces: Uint8Array[] = [head.subarray(Math.min(offset, head.length), offset + length)]
    let start = head.length
    for (const part of slots[active]?.parts ?? []) {
      const from = Math.max(offset, start)
      const to = Math.min(offset + length, start + part.sizeBytes)
      if (from < to) pieces.push(await this.#members.of(part).readActive(from - start, to - from))
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

  /** The images are written over what the members' inactive slots hold; each has its own check when it is made. */
  async availableBytes({ candidate, beside, members }: UpdateBytes): Promise<number> {
    const { folder, storageBytesMax, membersElsewhere = [] } = this.#settings
    const root = dirname(folder)
    const inactive = join(folder, otherSlot((await this.#record.read()).active))
    const room = await roomFor(this.#disk, inactive, root, storageBytesMax)
    // The payload cannot be written over what is to be replaced only after it.
    if (room < candidate + beside) return room
    return room + (await this.#members.roomBytes(this.#disk, root, membersElsewhere, members))
  }

  async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#candidateOpen) throw new RangeError(`${this.component}: a candidate is open already`)
    const record = await this.#record.read()
    if (record.phase !== 'steady')
      throw new RangeError(`${this.component}: a candidate cannot be opened during a trial`)
    this.#candidateOpen = true
    const slot = otherSlot(record.active)
    try {
      if (record.slots[slot] !== null || record.fallback !== null)
        await this.#record.write({ ...record, slots: { ...record.slots, [slot]: null }, fallback: null })
      return await this.#payload.open(slot, imageBytes, () => {
        this.#candidateOpen = false
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
      const { head, parts } = await this.#staged(slot, image.sizeBytes)
      await this.#payload.writeHead(slot, head)
      const { version, digest, sizeBytes } = image
      const content: PackageContent = { version, digest, sizeBytes, parts }
      const slots = { ...record.slots, [slot]: content }
      record = await this.#record.write({ ...record, phase: 'trial', startsLeft, slots, fallback: null })
    }
    for (const part of changedIn(contentIn(record, slot)))
      if (!(await this.#members.holds(part))) await this.#members.of(part).install(part, startsLeft)
  }

  async verify(signal: AbortSignal): Promise<HealthVerdict> {
    for (const member of this.#members.all) {
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
      if (!(await this.#members.holds(part)))
        throw new InstallFailed(`committing ${this.component}`, `lost-${part.component}`)
    // From here on there is no way back.
    await this.#finishCommit(await this.#record.write({ ...record, phase: 'committing' }))
  }

  async rollBack(image: Pick<InstalledImage, 'version' | 'digest'>, reason: string): Promise<void> {
    const record = await this.#record.read()
    const slot = otherSlot(record.active)
    if (record.phase !== 'steady' && isNamed(record.slots[slot], image)) {
      if (record.phase === 'committing' && (await this.#members.isCommittedInPart(contentIn(record, slot))))
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
    for (const member of this.#members.all) {
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
    })
    await this.#payload.writeHead('a', head)
    const hash = createHash('sha256').update(head)
    for (const part of parts)
      for (let at = 0; at < part.sizeBytes; at += pieceBytes)
        hash.update(await this.#members.of(part).readActive(at, Math.min(pieceBytes, part.sizeBytes - at)))
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
        if (!(await this.#members.holds(part))) await this.#members.of(part).install(part, record.startsLeft)
      if ((await this.#members.standing(content)).runs === 'all') await this.#finishCommit(record)
      return
    }
    const { holdsAll, runs, fellBack } = await this.#members.standing(content)
    // What runs cannot be written over by a new try: it is given up by whoever looks at it, with a restart.
    if (holdsAll || runs !== 'none') return
    // Our own word, left behind when the power went while this was done before: nothing fell back by itself.
    const fault = fellBack === interrupted ? undefined : fellBack
    await this.#takeBack(record, fault ?? interrupted, fault)
  }

  async #finishCommit(record: PackageRecord): Promise<void> {
    const slot = otherSlot(record.active)
    for (const part of changedIn(contentIn(record, slot))) await this.#members.of(part).commit()
    await this.#record.write({ ...record, active: slot, phase: 'steady', fallback: null })
    // The images are where the members keep them.
    await this.#payload.discard(slot)
  }

  /** All members as they were before. `fallback`: what is told of it; undefined: nothing, it may be tried again. */
  async #takeBack(record: PackageRecord, reason: string, fallback: string | undefined): Promise<void> {
    const slot = otherSlot(record.active)
    for (const part of changedIn(contentIn(record, slot)).toReversed())
      if (await this.#members.holds(part)) await this.#members.of(part).rollBack(part, reason)
    const told = fallback === undefined ? null : { slot, reason: shortReason(fallback) }
    await this.#record.write({ ...record, phase: 'steady', fallback: told })
  }

  /** Head and parts of the payload in `slot`. Throws InstallFailed when it is no package for these members. */
  async #staged(
    slot: SlotName,
    sizeBytes: number,
  ): Promise<{ readonly head: Uint8Array; readonly parts: readonly PackagePart[] }> {
    const found = await this.#payload.parse(slot, sizeBytes)
    if (found === undefined) throw new InstallFailed(`installing ${this.component}`, 'package-head')
    const parts = await this.#members.partsOf(found.images)
    if (parts === undefined) throw new InstallFailed(`installing ${this.component}`, 'package-members')
    return { head: found.head, parts }
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
