// The payload an image is made from, kept on disk while that lasts: beside the components, so that the quota counts it.
//
//   <dataDir>/components/.payload/image · index
import { join } from 'node:path'
import type { Candidate, Disk, PayloadStore } from '../../ports.ts'
import { openCandidateFile } from './candidate-file.ts'
import { reading, usedBytes, writing } from './storage.ts'

export interface PayloadFileSettings {
  readonly dataDir: string
  /** What `components/` may hold in all, bytes; absent: what the file system has. */
  readonly storageBytesMax: number | undefined
}

export class PayloadFile implements PayloadStore {
  readonly #disk: Disk
  readonly #settings: PayloadFileSettings
  readonly #folder: string
  #isOpen = false

  constructor(disk: Disk, settings: PayloadFileSettings) {
    this.#disk = disk
    this.#settings = settings
    // No component is called so: names begin with a letter or a digit.
    this.#folder = join(settings.dataDir, 'components', '.payload')
  }

  async availableBytes(): Promise<number> {
    const root = join(this.#settings.dataDir, 'components')
    return reading(root, async () => {
      const own = await usedBytes(this.#disk, this.#folder)
      const free = (await this.#disk.freeBytes(root)) + own
      const { storageBytesMax } = this.#settings
      if (storageBytesMax === undefined) return free
      return Math.max(0, Math.min(free, storageBytesMax - ((await usedBytes(this.#disk, root)) - own)))
    })
  }

  async open(payloadBytes: number): Promise<Candidate> {
    if (this.#isOpen) throw new RangeError('a payload is open already')
    this.#isOpen = true
    const closed = (): void => {
      this.#isOpen = false
    }
    try {
      return await writing(`opening ${this.#folder}`, async () => {
        await this.#disk.makeFolder(this.#folder)
        await this.#disk.syncFolder(join(this.#folder, '..'))
        const paths = { image: join(this.#folder, 'image'), index: join(this.#folder, 'index') }
        return openCandidateFile(this.#disk, paths, payloadBytes, closed)
      })
    } catch (error) {
      closed()
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
