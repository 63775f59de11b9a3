// What makes the frames in the worker: zstd of Node, in this very thread, or else the program `zstd`, one after the other.
// Nearly all frames of most updates hold nothing new. A quick look at a low level tells.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { frameLevel, type MakeFrame, mustGiveBack, nodeFrameMakerInThread } from '../../../proto/zstd-frames.ts'

/** The lowest that finds what moved (level 5 and below do not look everywhere in the base). */
const quickLevel = 6
/** A frame this much shorter than its output is taken as it is: what the long work takes away from it is next to nothing. */
const quickShare = 128

type MakeAt = (level: number) => MakeFrame

/** `folder` is for what the program reads. Undefined when this machine has neither. */
export async function openFrames(folder: string): Promise<MakeFrame | undefined> {
  const at = nodeFrameMakerInThread() === undefined ? await byProgram(folder) : byNode
  if (at === undefined) return undefined
  const [quick, thorough] = [at(quickLevel), at(frameLevel)]
  return async (output, base) => {
    const frame = await quick(output, base)
    return frame.length <= output.length / quickShare ? frame : thorough(output, base)
  }
}

const byNode: MakeAt = level => {
  const maker = nodeFrameMakerInThread(level)
  if (maker === undefined) throw new TypeError('Node has no zstd')
  return maker
}

async function byProgram(folder: string): Promise<MakeAt | undefined> {
  const [base, output, frame] = [join(folder, 'base'), join(folder, 'output'), join(folder, 'frame')]
  const run = (...args: string[]): Promise<Buffer> => runZstd(args)
  try {
    await run('--version')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
  const options = ['-q', '-c', '--single-thread', `--patch-from=${base}`]
  return level => async (wanted, range) => {
    writeFileSync(base, range)
    writeFileSync(output, wanted)
    const made = await run(`-${level}`, ...options, output)
    writeFileSync(frame, made)
    mustGiveBack(wanted, await run('-d', ...options, frame))
    return made
  }
}

async function runZstd(args: readonly string[]): Promise<Buffer> {
  const running = promisify(execFile)('zstd', args, { encoding: 'buffer', maxBuffer: 16 * 1024 * 1024 })
  if (running.child.pid !== undefined) {
    try {
      setPriority(running.child.pid, constants.priority.PRIORITY_LOW)
    } catch {
      // It has ended already, or this system has no priorities: then it runs as everything else does.
    }
  }
  return (await running).stdout
}
