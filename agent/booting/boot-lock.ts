// The name under which the parent of an agent holds its folder: an abstract socket leaves no file behind and is let go
// with the process, kill -9 included. Linux only. Node's built-ins alone: boot needs it.
import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { platform } from 'node:os'

/** Undefined where there are no abstract sockets, and for a folder that is not there. */
export async function bootLockName(dataDir: string): Promise<string | undefined> {
  if (platform() !== 'linux') return undefined
  try {
    const name = createHash('sha256').update(await realpath(dataDir))
    return `\0drover-agent-${name.digest('hex')}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
