// Frames of a patch are made with zstd of Node itself where it has it (22.15 and later), else with the `zstd` program.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { badFlag } from './errors.ts'

/**
 * One whole zstd frame of `output` with `base` as its dictionary, with content size and checksum, that was decoded again
 * and gave `output`. May run several at once.
 */
export type MakeFrame = (output: Uint8Array, base: Uint8Array) => Promise<Uint8Array>

/** Below 16 most of the likeness is missed. */
const level = 19
/** Reaches over the longest base and output together. */
const windowLog = 23

/** Throws BadInput naming `--delta-from` when there is neither. */
export async function openFrameMaker(): Promise<MakeFrame> {
  const maker = nodeFrameMaker() ?? (await programFrameMaker())
  if (maker !== undefined) return maker
  throw badFlag('--delta-from', 'making a patch needs Node 22.15 or later, or the program zstd on the PATH')
}

interface ZstdOptions {
  readonly dictionary: Uint8Array
  readonly pledgedSrcSize?: number
  readonly maxOutputLength?: number
  readonly params: Readonly<Record<number, number>>
}
type Zstd = (bytes: Uint8Array, options: ZstdOptions, done: (error: Error | null, result: Buffer) => void) => void

/** Undefined where Node has no zstd. */
export function nodeFrameMaker(): MakeFrame | undefined {
  // The types are those of Node 20.
  const { zstdCompress, zstdDecompress, constants } = zlib as unknown as {
    readonly zstdCompress?: Zstd
    readonly zstdDecompress?: Zstd
    readonly constants: {
      readonly ZSTD_c_compressionLevel: number
      readonly ZSTD_c_checksumFlag: number
      readonly ZSTD_c_windowLog: number
      readonly ZSTD_d_windowLogMax: number
    }
  }
  if (zstdCompress === undefined || zstdDecompress === undefined) return undefined
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_windowLog, ZSTD_d_windowLogMax } = constants
  const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)]
  return async (output, base) => {
    const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1, [ZSTD_c_windowLog]: windowLog }
    const frame = await compress(output, { dictionary: base, pledgedSrcSize: output.length, params })
    const limits = { maxOutputLength: output.length, params: { [ZSTD_d_windowLogMax]: windowLog } }
    mustBe(output, await decompress(frame, { dictionary: base, ...limits }))
    return frame
  }
}

/** Undefined when there is no such program. */
export async function programFrameMaker(program = 'zstd'): Promise<MakeFrame | undefined> {
  const run = promisify(execFile)
  const options = { encoding: 'buffer', maxBuffer: 16 * 1024 * 1024 } as const
  try {
    await run(program, ['--version'], options)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
  return async (output, base) => {
    const folder = await mkdtemp(join(tmpdir(), 'drover-patch-'))
    try {
      const path = (name: string): string => join(folder, name)
      await Promise.all([writeFile(path('base'), base), writeFile(path('output'), output)])
      const common = ['-q', '-c', `--patch-from=${path('base')}`]
      const { stdout: frame } = await run(program, [`-${level}`, ...common, path('output')], options)
      await writeFile(path('frame'), frame)
      const back = await run(program, ['-d', ...common, path('frame')], options)
      mustBe(output, back.stdout)
      return frame
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

function mustBe(wanted: Uint8Array, found: Uint8Array): void {
  if (Buffer.compare(wanted, found) !== 0) throw new Error('zstd gave back other bytes than it was given')
}
