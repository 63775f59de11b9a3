// Frames of a patch decoded: with zstd of Node itself where it has it (22.15 and later), else with the WebAssembly build
// of @bokuweb/zstd-wasm. Neither is loaded before the first frame comes: a device without deltas never pays for it.
//
// Both engines are handed only what has been walked through before: one whole frame of RFC 8878 and nothing behind it,
// which tells its content size, names no dictionary id and asks for a window within bounds. So a small frame cannot ask
// for much memory (the WebAssembly build takes whatever the content size says), and both say the same to the same bytes.
import * as zlib from 'node:zlib'
import type { PatchDecoder } from '../ports.ts'

/** Undefined for anything that does not decode to exactly `outputBytes`; may throw, which means the same. */
export type ZstdEngine = (frame: Uint8Array, base: Uint8Array, outputBytes: number) => Uint8Array | undefined

const frameMagic = 0xfd2fb528
/** A range of the base that begins like this would be read as a dictionary with tables, not as raw content. */
const dictionaryMagic = 0xec30a437
const windowLogMax = 23

export class ZstdPatches implements PatchDecoder {
  readonly #load: () => Promise<ZstdEngine>
  #engine: Promise<ZstdEngine> | undefined

  constructor(load: () => Promise<ZstdEngine> = loadEngine) {
    this.#load = load
  }

  async decode(frame: Uint8Array, base: Uint8Array, outputBytes: number): Promise<Uint8Array | undefined> {
    if (!isWholeFrame(frame, outputBytes) || beginsLikeDictionary(base)) return undefined
    this.#engine ??= this.#load()
    const engine = await this.#engine
    try {
      const output = engine(frame, base, outputBytes)
      return output?.length === outputBytes ? output : undefined
    } catch {
      // Whatever the engine says: these are not the bytes of a frame made with this base.
      return undefined
    }
  }
}

/** The better engine this Node can have. Rejects when neither can be loaded. */
export async function loadEngine(): Promise<ZstdEngine> {
  return nodeEngine() ?? (await wasmEngine())
}

type DecompressSync = (
  bytes: Uint8Array,
  options: { dictionary?: Uint8Array; maxOutputLength: number; params: Record<number, number> },
) => Buffer

/** Undefined where Node has no zstd (below 22.15). */
export function nodeEngine(): ZstdEngine | undefined {
  // The types are those of Node 20.
  const { zstdDecompressSync, constants } = zlib as unknown as {
    readonly zstdDecompressSync?: DecompressSync
    readonly constants: { readonly ZSTD_d_windowLogMax: number }
  }
  if (zstdDecompressSync === undefined) return undefined
  return (frame, base, outputBytes) =>
    zstdDecompressSync(frame, {
      ...(base.length === 0 ? {} : { dictionary: base }),
      maxOutputLength: outputBytes,
      params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
    })
}

/** Its memory grows to the largest frame with its base and stays: WebAssembly gives nothing back. */
export async function wasmEngine(): Promise<ZstdEngine> {
  wasm ??= startedWasm()
  const zstd = await wasm
  return (frame, base) => {
    // One context for each frame: none outlives a frame that did not decode.
    const context = zstd.createDCtx()
    try {
      return zstd.decompressUsingDict(context, view(frame), view(base))
    } finally {
      zstd.freeDCtx(context)
    }
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One for the process: a second `init` resolves at once and takes the memory away under the first a moment later. */
let wasm: ReturnType<typeof startedWasm> | undefined

async function startedWasm() {
  const zstd = await import('@bokuweb/zstd-wasm')
  await zstd.init()
  return zstd
}

function beginsLikeDictionary(base: Uint8Array): boolean {
  return base.length >= 4 && new DataView(base.buffer, base.byteOffset, 4).getUint32(0, true) === dictionaryMagic
}

/** One frame, from its magic to its last byte, that says it holds `outputBytes` (RFC 8878, 3.1.1). */
export function isWholeFrame(frame: Uint8Array, outputBytes: number): boolean {
  if (frame.length < 6) return false
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint32(0, true) !== frameMagic) return false
  const descriptor = view.getUint8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 0x04) !== 0
  // The reserved bit must be zero, and a dictionary id names a dictionary nobody has.
  if ((descriptor & 0x0b) !== 0) return false
  let position = 5
  if (!singleSegment) {
    const exponent = view.getUint8(5) >> 3
    const base = 2 ** (10 + exponent)
    if (base + (base / 8) * (view.getUint8(5) & 7) > 2 ** windowLogMax) return false
    position += 1
  }
  const sizeBytes = ([singleSegment ? 1 : 0, 2, 4, 8] as const)[(descriptor >> 6) as 0 | 1 | 2 | 3]
  if (sizeBytes === 0 || frame.length < position + sizeBytes) return false
  if (contentSize(view, position, sizeBytes) !== outputBytes) return false
  position += sizeBytes
  for (let last = false; !last; ) {
    if (frame.length < position + 3) return false
    const head = view.getUint16(position, true) | (view.getUint8(position + 2) << 16)
    last = (head & 1) === 1
    const type = (head >> 1) & 3
    if (type === 3) return false
    // A block of repeated bytes holds one of them.
    position += 3 + (type === 1 ? 1 : head >> 3)
  }
  return frame.length === position + (hasChecksum ? 4 : 0)
}

function contentSize(view: DataView, position: number, sizeBytes: 1 | 2 | 4 | 8): number {
  switch (sizeBytes) {
    case 1:
      return view.getUint8(position)
    case 2:
      return view.getUint16(position, true) + 256
    case 4:
      return view.getUint32(position, true)
    case 8:
      return Number(view.getBigUint64(position, true))
  }
}
