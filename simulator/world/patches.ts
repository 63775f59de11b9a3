// The patches a broker of a world makes by itself: what a thread with zstd does in the product takes virtual time here, and
// what is made stays when the process dies, as files do. Nobody has signed a patch, so this one may also lie.
import type { Clock, MadePatch, PatchMaker, PatchPair, PatchStore } from '../../broker/ports.ts'
import type { ArtifactId } from '../../proto/ids.ts'
import type { Faults } from './faults.ts'
import { patchBetween } from './patch-frames.ts'
import type { Seed } from './seed.ts'

/** An image the broker has, and its chunks: digest and bytes on the wire. */
export interface PatchableImage {
  readonly image: Buffer
  readonly chunks: ReadonlyMap<string, number>
}

export interface PatchWeather {
  readonly seed: Seed
  readonly faults: Faults
  /** Of reads of a patch: what comes is not what was made. In [0, 1]. */
  readonly spoiled: number
  /** Most milliseconds that making one takes. */
  readonly makingMostMs: number
}

/** A patch has to save this share of what the chunks cost. */
const savedShare = 0.1

export class WorldPatches implements PatchStore {
  /** Devices that ask for one before it is made. */
  readonly devicesMin: number
  readonly #images: ReadonlyMap<ArtifactId, PatchableImage>
  readonly #weather: () => PatchWeather
  readonly #reads = new Map<string, number>()
  readonly #made = new Map<string, { readonly patch: MadePatch; readonly bytes: Buffer }>()

  constructor(images: ReadonlyMap<ArtifactId, PatchableImage>, devicesMin: number, weather: () => PatchWeather) {
    this.#images = images
    this.devicesMin = devicesMin
    this.#weather = weather
  }

  all(): readonly MadePatch[] {
    return [...this.#made.values()].map(({ patch }) => patch)
  }

  find(pair: PatchPair): MadePatch | undefined {
    return this.#made.get(nameOf(pair))?.patch
  }

  async read(pair: PatchPair, offset: number, length: number): Promise<Uint8Array | undefined> {
    const bytes = this.#made.get(nameOf(pair))?.bytes.subarray(offset, offset + length)
    const { seed, spoiled, faults } = this.#weather()
    // Whoever else reads meanwhile does not change the luck of this pair.
    const name = nameOf(pair)
    const count = (this.#reads.get(name) ?? 0) + 1
    this.#reads.set(name, count)
    const luck = seed.fork(`${name} ${count}`)
    if (bytes === undefined || !luck.chance(spoiled)) return bytes
    faults.fired('patch spoiled')
    const bad = Buffer.from(bytes)
    const at = luck.whole(0, bad.length - 1)
    bad[at] = (bad[at] ?? 0) ^ (1 << luck.whole(0, 7))
    return bad
  }

  async keep(): Promise<void> {
    throw new TypeError('the maker of a world keeps what it makes by itself')
  }

  async close(): Promise<void> {}

  /** For one process, whose clock it is: with it ends what is under way. */
  makerFor(clock: Clock): PatchMaker {
    return {
      chunkBytes: async pair => this.#lackingBytes(pair),
      make: async pair => {
        const { seed, makingMostMs } = this.#weather()
        await new Promise<void>(resolve => clock.after(seed.fork(nameOf(pair)).whole(1, makingMostMs), resolve))
        return this.#make(pair)
      },
      close: async () => {},
    }
  }

  #make(pair: PatchPair): MadePatch | undefined {
    const [base, target] = [this.#images.get(pair.base), this.#images.get(pair.target)]
    const chunkBytes = this.#lackingBytes(pair)
    if (base === undefined || target === undefined || chunkBytes === undefined) return undefined
    const { bytes, metadata } = patchBetween(base.image, target.image)
    if (bytes.length > chunkBytes * (1 - savedShare)) return undefined
    const patch = { base: pair.base, target: pair.target, patchBytes: bytes.length, metadata, chunkBytes }
    this.#made.set(nameOf(pair), { patch, bytes })
    return patch
  }

  #lackingBytes({ base, target }: PatchPair): number | undefined {
    const [held, wanted] = [this.#images.get(base)?.chunks, this.#images.get(target)?.chunks]
    if (held === undefined || wanted === undefined) return undefined
    return [...wanted].reduce((sum, [digest, bytes]) => (held.has(digest) ? sum : sum + bytes), 0)
  }
}

function nameOf({ base, target }: PatchPair): string {
  return `${base}-${target}`
}
