// What makes the frames of a patch: zstd of Node itself, where Node has it (22.15 and later). The program `zstd`, which
// does the same where it is installed, is started by those who may start programs.
import * as zlib from 'node:zlib'

/**
 * One whole zstd frame of `output` with `base` as its dictionary, with content size and checksum, that was decoded again
 * and gave `output`. May run several at once.
 */
export type MakeFrame = (output: Uint8Array, base: Uint8Array) => Promise<Uint8Array>

/** Below 16 most of the likeness is missed. */
export const frameLevel = 19
/** Reaches over the longest base and output together. */
const windowLog = 23

interface ZstdOptions {
  readonly dictionary: Uint8Array
  readonly pledgedSrcSize?: number
  readonly maxOutputLength?: number
  readonly params: Readonly<Record<number, number>>
}
type Zstd = (bytes: Uint8Array, options: ZstdOptions, callback: (error: Error | null, result: Buffer) => void) => void
type ZstdSync = (bytes: Uint8Array, options: ZstdOptions) => Buffer

// The types are those of Node 20.
const node = zlib as unknown as {
  readonly zstdCompress?: Zstd
  readonly zstdDecompress?: Zstd
  readonly zstdCompressSync?: ZstdSync
  readonly zstdDecompressSync?: ZstdSync
  readonly constants: {
    readonly ZSTD_c_compressionLevel: number
    readonly ZSTD_c_checksumFlag: number
    readonly ZSTD_c_windowLog: number
    readonly ZSTD_d_windowLogMax: number
  }
}

/** Works in the threads that Node has for such things. Undefined where Node has no zstd. */
export function nodeFrameMaker(): MakeFrame | undefined {
  const { zstdCompress: compress, zstdDecompress: decompress } = node
  if (compress === undefined || decompress === undefined) return undefined
  return async (output, base) => {
    const frame = await done(callback => compress(output, making(output, base, frameLevel), callback))
    const limits = decoding(output, base)
    mustGiveBack(output, await done(callback => decompress(frame, limits, callback)))
    return frame
  }
}

/** Works in the very thread that calls it, for seconds: for a worker that has nothing else to do. */
export function nodeFrameMakerInThread(level = frameLevel): MakeFrame | undefined {
  const { zstdCompressSync: compress, zstdDecompressSync: decompress } = node
  if (compress === undefined || decompress === undefined) return undefined
  return async (output, base) => {
    const frame = compress(output, making(output, base, level))
    mustGiveBack(output, decompress(frame, decoding(output, base)))
    return frame
  }
}

function done(begin: (callback: (error: Error | null, result: Buffer) => void) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    begin((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}

/** Throws unless what a frame decoded to is what it was made from. */
export function mustGiveBack(output: Uint8Array, decoded: Uint8Array): void {
  if (Buffer.compare(output, decoded) !== 0) throw new Error('zstd gave back other bytes than it was given')
}

function making(output: Uint8Array, base: Uint8Array, level: number): ZstdOptions {
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_windowLog } = node.constants
  const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1, [ZSTD_c_windowLog]: windowLog }
  return { dictionary: base, pledgedSrcSize: output.length, params }
}

function decoding(output: Uint8Array, base: Uint8Array): ZstdOptions {
  const params = { [node.constants.ZSTD_d_windowLogMax]: windowLog }
  return { dictionary: base, maxOutputLength: output.length, params }
}
