// What a package has on the disk of its own: the payload while it is taken up, and the head of the one that counts.
//
//   <folder>/<slot>/image · index · head
import { dirname, join } from 'node:path'
import { type PackageHead, packagePrefixBytes, readPackageHead } from '../../../proto/package.ts'
import { StoredThingMissing } from '../../errors.ts'
import type { Candidate, Disk, SlotName } from '../../ports.ts'
import { reading, writing } from '../../storage/disk-errors.ts'
import { type Content, contentOf } from '../../storage/durable-file.ts'
import { FileCandidate } from '../../storage/file-candidate.ts'
import { imagePath, indexPath, readWhole, replaceFile } from '../../storage/slot-folder.ts'

const headBytesMax = packagePrefixBytes + 64 * 1024

export class PackagePayload {
  readonly #disk: Disk
  readonly #folder: string

  /** `folder`: the component's own (slot-folder.ts). */
  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Throws StorageWriteFailed. */
  async open(slot: SlotName, imageBytes: number, onClose: () => void): Promise<Candidate> {
    const path = imagePath(this.#folder, slot)
    return writing(`opening ${path}`, async () => {
      await this.#disk.makeFolder(dirname(path))
      await this.#disk.syncFolder(this.#folder)
      return FileCandidate.open(this.#disk, { path, indexPath: indexPath(this.#folder, slot), imageBytes, onClose })
    })
  }

  /** Throws StorageReadFailed, StoredThingMissing. */
  async hash(slot: SlotName): Promise<Content> {
    const path = imagePath(this.#folder, slot)
    const found = await reading(path, () => contentOf(this.#disk, path))
    if (found === undefined) throw new StoredThingMissing(path)
    return found
  }

  /** How the payload in `slot` begins; undefined when that is no package. Throws StorageReadFailed, StoredThingMissing. */
  async parse(
    slot: SlotName,
    sizeBytes: number,
  ): Promise<{ readonly head: Uint8Array; readonly images: PackageHead['images'] } | undefined> {
    const begin = await this.#read(imagePath(this.#folder, slot), Math.min(headBytesMax, sizeBytes))
    if (begin.length < packagePrefixBytes) return undefined
    const descriptorSize = Buffer.from(begin).readUInt32LE(packagePrefixBytes - 4)
    const head = begin.subarray(0, packagePrefixBytes + descriptorSize)
    const read = readPackageHead(head, { descriptorSize }, sizeBytes)
    return read.ok ? { head, images: read.head.images } : undefined
  }

  async discard(slot: SlotName): Promise<void> {
    const path = imagePath(this.#folder, slot)
    await writing(`removing ${path}`, () => this.#disk.remove(path))
  }

  async readHead(slot: SlotName): Promise<Uint8Array> {
    return this.#read(this.#headPath(slot), headBytesMax)
  }

  /** The slot's folder exists. Throws StorageWriteFailed. */
  async writeHead(slot: SlotName, head: Uint8Array): Promise<void> {
    const path = this.#headPath(slot)
    await writing(`writing ${path}`, () => replaceFile(this.#disk, path, head))
  }

  async #read(path: string, bytesMax: number): Promise<Uint8Array> {
    const bytes = await reading(path, () => readWhole(this.#disk, path, bytesMax))
    if (bytes === undefined) throw new StoredThingMissing(path)
    return bytes
  }

  #headPath(slot: SlotName): string {
    return join(this.#folder, slot, 'head')
  }
}
