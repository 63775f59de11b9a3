// The members of a package, seen together: who has the image that the package brought, and who runs it.
import { join } from 'node:path'
import type { PackageHead } from '../../../proto/package.ts'
import { StoredThingMissing } from '../../errors.ts'
import type { Disk, Installer } from '../../ports.ts'
import { isNamed } from '../../storage/component-record.ts'
import { reading } from '../../storage/disk-errors.ts'
import { usedBytes } from '../../storage/disk-room.ts'
import { otherSlot } from '../../storage/slot-record.ts'
import type { PackageContent, PackagePart } from './package-record.ts'

export class PackageMembers {
  readonly #members: ReadonlyMap<string, Installer>

  constructor(members: readonly Installer[]) {
    this.#members = new Map(members.map(member => [member.component, member]))
  }

  get all(): readonly Installer[] {
    return [...this.#members.values()]
  }

  of({ component }: Pick<PackagePart, 'component'>): Installer {
    const member = this.#members.get(component)
    if (member === undefined) throw new StoredThingMissing(`component ${component} of a package`)
    return member
  }

  /** The images as parts to be installed; undefined when they are not one for each member. */
  async partsOf(images: PackageHead['images']): Promise<readonly PackagePart[] | undefined> {
    const parts: PackagePart[] = []
    for (const { component, version, sizeBytes, sha256 } of images) {
      const member = this.#members.get(component)
      if (member === undefined) return undefined
      const { active } = await member.status()
      const image = { version, digest: sha256 }
      const before = isNamed(active, image) ? null : { version: active.version, digest: active.digest }
      parts.push({ component, ...image, sizeBytes, before })
    }
    return parts.length === this.#members.size ? parts : undefined
  }

  /**
   * What images of `imageBytes` in all may be written over, or need not find room in `root`: the inactive slots of the
   * members below it, and what those `elsewhere` take. Throws what the members throw, and StorageReadFailed.
   */
  async roomBytes(disk: Disk, root: string, elsewhere: readonly string[], imageBytes: number): Promise<number> {
    let bytes = 0
    for (const member of this.all) {
      const { component } = member
      const inactive = join(root, component, otherSlot((await member.status()).active.slot))
      bytes += elsewhere.includes(component)
        ? await member.availableBytes({ candidate: imageBytes, beside: 0, members: 0 })
        : await reading(inactive, () => usedBytes(disk, inactive))
    }
    return Math.min(bytes, imageBytes)
  }

  /** Is the image the member's own, on trial or for good? */
  async holds(part: PackagePart): Promise<boolean> {
    const { active, trial } = await this.of(part).status()
    return isNamed(trial ?? null, part) || (trial === undefined && isNamed(active, part))
  }

  async standing(content: PackageContent): Promise<{
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
      const member = this.of(part)
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
  async isCommittedInPart(content: PackageContent): Promise<boolean> {
    for (const part of changedIn(content)) {
      const member = this.of(part)
      const { active, trial } = await member.status()
      if (member.restart !== 'none' && trial === undefined && isNamed(active, part)) return true
    }
    return false
  }
}

export function changedIn({ parts }: PackageContent): readonly PackagePart[] {
  return parts.filter(({ before }) => before !== null)
}
