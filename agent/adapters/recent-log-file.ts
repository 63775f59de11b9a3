// The recent log between two runs of the agent: most failures of an update are told only after a restart, by another process
// than the one that saw them. Written at an orderly end, read and taken away at the next start; a crash leaves none.

import { deviceLogBytesMax } from '../../proto/limits.ts'
import type { LogRing } from '../log-ring.ts'
import type { Disk, Log } from '../ports.ts'

/** Never rejects: without it the ring begins empty. */
export async function restoreRecentLog(disk: Disk, path: string, ring: LogRing, log: Log): Promise<void> {
  try {
    if ((await disk.sizeOf(path)) === undefined) return
    const file = await disk.open(path, 'read')
    try {
      ring.write(Buffer.from(await file.read(0, deviceLogBytesMax)).toString())
    } finally {
      await file.close()
    }
    await disk.remove(path)
  } catch (err) {
    log.warn({ event: 'recent-log', err }, 'the log of the last run could not be read')
  }
}

/** Never rejects. Not fsynced: lost with a power cut, like the ring itself. */
export async function keepRecentLog(disk: Disk, path: string, ring: LogRing, log: Log): Promise<void> {
  try {
    const file = await disk.open(path, 'create', 0o600)
    try {
      await file.write(0, Buffer.from(ring.read().text))
    } finally {
      await file.close()
    }
  } catch (err) {
    log.warn({ event: 'recent-log', err }, 'the recent log could not be kept')
  }
}
