// A disk that is full: a small file system of its own under the components of a device. Mounting needs a right; a test
// that does not have it says so.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'

export interface TinyDisk {
  /** Where devices keep their components: each gets a folder on the disk. */
  readonly folder: string
  /** For `prepare` of a device: what it keeps in `path` lies on a tiny disk of its own. */
  readonly prepare: (deviceFolder: string, path?: string) => Promise<void>
}

/** `prepare` mounts a disk of `sizeBytes` for each device. Undefined, and told: the right to mount is not there. */
export async function tinyDisk(t: Test, sizeBytes: number): Promise<TinyDisk | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-disk-'))
  const mounted: string[] = []
  const mount = (path: string): void => {
    mkdirSync(path, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path], { stdio: 'ignore' })
    mounted.push(path)
  }
  t.teardown(() => {
    for (const path of mounted) execFileSync('umount', ['-l', path], { stdio: 'ignore' })
    rmSync(folder, { recursive: true })
  })
  try {
    mount(join(folder, 'tried'))
  } catch {
    t.comment('NOT PROVED HERE: a full disk needs the right to mount a small tmpfs')
    return undefined
  }
  let devices = 0
  return {
    folder,
    async prepare(deviceFolder, path = 'data/components') {
      devices += 1
      const disk = join(folder, `disk-${devices}`)
      mount(disk)
      const place = join(deviceFolder, path)
      await mkdir(dirname(place), { recursive: true })
      await symlink(disk, place)
    },
  }
}

/** Takes every byte that is left on the disk of `folder`. */
export function fill(folder: string): void {
  const file = openSync(join(folder, 'filler'), 'w')
  try {
    for (;;) if (writeSync(file, Buffer.alloc(4096)) === 0) return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}
