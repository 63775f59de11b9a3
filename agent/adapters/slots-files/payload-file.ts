// The payload an image is made from, kept on disk while that lasts: beside the components, so that the quota counts it.
//
//   <dataDir>/components/.payload/image · index
import { join } from 'node:path'
import type { Candidate, Disk, PayloadStore } from '../../ports.ts'
import { reading, writing } from '../../storage/disk-errors.ts'
import { usedBytes } from '../../storage/disk-room.ts'
import { FileCandidate } from '../../storage/file-candidate.ts'

export interface PayloadFileSettings {
  readonly dataDir: string
}

export class PayloadFile implements PayloadStore {
  readonly #disk: Disk
  readonly #folder: string
  #isOpen = false

  constructor(disk: Disk, { dataDir }: PayloadFileSettings) {
    this.#disk = disk
    // No component is called so: names begin with a letter or a digit.
    this.#folder = join(dataDir, 'components', '.payload')
  }

  async heldBytes(): Promise<number> {
    return reading(this.#folder, () => usedBytes(this.#disk, this.#folder))
  }

  async open(payloadBytes: number): Promise<Candidate> {
    if (this.#isOpen) throw new RangeError('a payload is open already')
    this.#isOpen = true
    const onClose = (): void => {
      this.#isOpen = false
    }
    try {
      return await writing(`opening ${this.#folder}`, async () => {
        await this.#disk.makeFolder(this.#folder)
        await this.#disk.syncFolder(join(this.#folder, '..'))
        const [path, indexPath] = [join(this.#folder, 'image'), join(this.#folder, 'index')]
        return FileCandidate.open(this.#disk, { path, indexPath, imageBytes: payloadBytes, onClose })
      })
    } catch (error) {
      onClose()
      throw error
    }
  }

  async discard(): Promise<void> {
    await writing(`removing ${this.#folder}`, async () => {
      if ((await this.#disk.sizeOf(this.#folder)) === undefined) return
      for (const { name } of await this.#disk.list(this.#folder)) await this.#disk.remove(join(this.#folder, name))
    })
  }
}
