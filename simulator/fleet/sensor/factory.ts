// What virtual sensors come with from the factory: images made of name and version alone, and a disk on which the real
// first start has put them in their slots. Made once for each kind, and the same for all sensors of that kind.
import { createCipheriv, createHash } from 'node:crypto'
import { componentFolder, openComponent } from '../../../agent/storage/slot-folder.ts'
import type { ComponentProfile } from '../plan.ts'
import type { PiecePool } from './piece-pool.ts'
import { type DiskImage, VirtualDisk } from './virtual-disk.ts'

export const dataDir = '/data'
const shelf = '/factory'

export class Factory {
  readonly #pool: PiecePool
  readonly #disks = new Map<string, Promise<DiskImage>>()

  constructor(pool: PiecePool) {
    this.#pool = pool
  }

  /** The disk of a sensor that was never started. */
  disk(components: readonly ComponentProfile[]): Promise<DiskImage> {
    const key = JSON.stringify(components.map(({ name, version, imageBytes }) => [name, version, imageBytes]))
    const found = this.#disks.get(key) ?? this.#made(components)
    this.#disks.set(key, found)
    return found
  }

  async #made(components: readonly ComponentProfile[]): Promise<DiskImage> {
    const made = new VirtualDisk(this.#pool)
    const disk = made.port({ on: true })
    await disk.makeFolder(dataDir)
    for (const component of components) {
      await disk.makeFolder(shelf)
      const image = `${shelf}/${component.name}`
      const file = await disk.open(image, 'create')
      await file.write(0, factoryImage(component))
      await openComponent(disk, componentFolder(dataDir, component.name), { version: component.version, image })
      await disk.remove(image)
      await disk.remove(shelf)
    }
    return made.image()
  }
}

/** The same bytes for the same name and version; a longer image begins like a shorter one. */
export function factoryImage({ name, version, imageBytes }: ComponentProfile): Buffer {
  const seed = createHash('sha256').update(`factory image of ${name} ${version}`).digest()
  // A stream cipher over zeros: bytes that no chunk of another image shares, at a gigabyte a second.
  const cipher = createCipheriv('aes-128-ctr', seed.subarray(0, 16), seed.subarray(16))
  return cipher.update(Buffer.alloc(imageBytes))
}
