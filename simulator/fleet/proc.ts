// What Linux tells of processes and limits. On other systems there is nothing to read: the figures are 0 and the checks
// are not made, which the report then says.
import { readFile } from 'node:fs/promises'

/** Resident bytes of a process; 0: not known, or it has ended. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await textOf(`/proc/${pid}/status`)
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}

/** CPU of a process so far, user and system, all threads; 0: not known. */
export async function cpuSeconds(pid: number | 'self'): Promise<number> {
  const fields = (await textOf(`/proc/${pid}/stat`)).split(') ')[1]?.split(' ') ?? []
  // In ticks of 1/100 s, whatever the kernel's own clock (proc(5), sysconf _SC_CLK_TCK on Linux).
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}

/** Files a process started by this one may have open; undefined: not known. */
export async function openFilesLimit(): Promise<number | undefined> {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(await textOf('/proc/self/limits')) ?? []
  if (soft === undefined || hard === undefined) return undefined
  // Node raises its own limit to the hard one when it starts.
  return hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard)
}

/** Ports this machine may connect from to one address; undefined: not known. */
export async function localPorts(): Promise<number | undefined> {
  const [first, last] = (await textOf('/proc/sys/net/ipv4/ip_local_port_range')).trim().split(/\s+/).map(Number)
  return first === undefined || last === undefined || Number.isNaN(last) ? undefined : last - first + 1
}

async function textOf(file: string): Promise<string> {
  // Not Linux, or the process has ended.
  return readFile(file, 'utf8').catch(() => '')
}
