// The slots of one component on a virtual disk: the product's own installer, but the digest of an image is computed once
// for each content, not once for each sensor that has it. And an installer may have quirks.
import { SlotsFiles, type SlotsFilesSettings } from '../../../agent/adapters/slots-files/slots-files.ts'
import type { Candidate, Disk, HealthVerdict, SlotName } from '../../../agent/ports.ts'
import { componentFolder, imagePath } from '../../../agent/storage/slot-folder.ts'
import type { ManifestFormat } from '../../../proto/manifest.ts'
import type { Power, VirtualDisk } from './virtual-disk.ts'

export interface SlotQuirks {
  /** What it takes, in the place of all it could. */
  readonly formats?: readonly ManifestFormat[]
  /** What it says of whatever it has installed. */
  readonly verdict?: HealthVerdict
  /** Thrown when a candidate is to be opened: a driver with a mistake in it. */
  readonly broken?: Error
}

export class VirtualSlots extends SlotsFiles {
  override readonly formats: readonly ManifestFormat[]
  readonly #disk: VirtualDisk
  readonly #power: Power
  readonly #folder: string
  readonly #quirks: SlotQuirks

  /** `port`: of the disk; records and images are written by it. */
  constructor(
    disk: VirtualDisk,
    power: Power,
    settings: SlotsFilesSettings,
    quirks: SlotQuirks = {},
    port: Disk = disk.port(power),
  ) {
    super(port, settings)
    this.#disk = disk
    this.#power = power
    this.#folder = componentFolder(settings.dataDir, settings.component)
    this.#quirks = quirks
    this.formats = quirks.formats ?? allFormats
  }

  override async hash(slot: SlotName): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
    const path = imagePath(this.#folder, slot)
    const content = this.#power.on && this.#disk.faults === undefined ? this.#disk.contentOf(path) : undefined
    // Without a file, on a disk with a fault, and without power it ends as on any disk.
    if (content === undefined) return super.hash(slot)
    return { digest: content.digest, sizeBytes: content.sizeBytes }
  }

  override async openCandidate(imageBytes: number): Promise<Candidate> {
    if (this.#quirks.broken !== undefined) throw this.#quirks.broken
    return super.openCandidate(imageBytes)
  }

  override async verify(): Promise<HealthVerdict> {
    return this.#quirks.verdict ?? super.verify()
  }
}

const allFormats: readonly ManifestFormat[] = ['raw', 'delta-zstd']
