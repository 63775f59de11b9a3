// Frames of a patch are made with zstd of Node itself where it has it (22.15 and later), else with the `zstd` program.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { frameLevel, type MakeFrame, mustGiveBack, nodeFrameMaker } from '../proto/zstd-frames.ts'
import { badFlag } from './errors.ts'

/** Throws BadInput naming `--delta-from` when there is neither. */
export async function openFrameMaker(): Promise<MakeFrame> {
  const maker = nodeFrameMaker() ?? (await programFrameMaker())
  if (maker !== undefined) return maker
  throw badFlag('--delta-from', 'making a patch needs Node 22.15 or later, or the program zstd on the PATH')
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
      const { stdout: frame } = await run(program, [`-${frameLevel}`, ...common, path('output')], options)
      await writeFile(path('frame'), frame)
      const back = await run(program, ['-d', ...common, path('frame')], options)
      mustGiveBack(output, back.stdout)
      return frame
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}
