// Whether the process that a status file names still runs: its number alone would also fit another process that got it
// later, so the kernel's word on when it began, and on the boot of the machine, are compared as well.
import { readFile } from 'node:fs/promises'
import { kill } from 'node:process'

/** In clock ticks since the boot of the machine, as text; undefined where the system does not tell, or no such process. */
export async function processStartOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may hold anything; proc(5): field 22, counted from 1.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    // No Linux, or it is gone: then `kill` says so.
    return undefined
  }
}

export interface ProcessClaim {
  readonly pid: number
  readonly processStart?: string
  readonly bootId?: string
  readonly stoppedAt?: number
}

/** Undefined when it runs, else why not, for people. `bootId`: of the machine as it runs now. */
export async function endOf(claim: ProcessClaim, bootId: string | undefined): Promise<string | undefined> {
  if (claim.stoppedAt !== undefined) return `it ended in order, ${new Date(claim.stoppedAt).toISOString()}`
  if (claim.bootId !== undefined && bootId !== undefined && claim.bootId !== bootId)
    return 'the machine was started anew since, and the agent was not'
  try {
    kill(claim.pid, 0)
  } catch (error) {
    // EPERM: it is there and somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM')
      return `process ${claim.pid} is gone: it crashed or was killed`
  }
  const start = await processStartOf(claim.pid)
  if (claim.processStart !== undefined && start !== undefined && claim.processStart !== start)
    return `process ${claim.pid} is another program by now: the agent crashed or was killed`
  return undefined
}
