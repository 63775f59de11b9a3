// CPU that a process has taken, as the kernel counts it.
import { readFile } from 'node:fs/promises'

/** Seconds so far, user and system, all threads. */
export async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
