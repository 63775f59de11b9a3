// Files as an operator's tools write and read them: whole or not at all, and never a secret that others can read.
import { type FileHandle, link, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { badFlag } from './errors.ts'

/**
 * A file with mode 0600 that did not exist before; durable when this resolves. Throws BadInput naming `flag` when the
 * file exists: a key that is overwritten is gone.
 */
export async function writeNewSecret(path: string, text: string, flag: string): Promise<void> {
  await replaceFile(
    path,
    flag,
    async temporary => {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
    },
    link,
  )
}

/** A file that others may read, in place of what is there; durable when this resolves. Throws BadInput naming `flag`. */
export async function writeWhole(path: string, flag: string, content: string | Uint8Array): Promise<void> {
  await replaceFile(path, flag, async temporary => {
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
  })
}

/**
 * Lets `write` make a temporary file beside `path`, which must be synced when it resolves, and moves it there: by `rename`
 * over whatever is there, or by `link`, which fails when something is. Leaves nothing behind when it throws.
 */
export async function replaceFile(
  path: string,
  flag: string,
  write: (temporary: string) => Promise<void>,
  move: (from: string, to: string) => Promise<void> = rename,
): Promise<void> {
  await withTemporaryFolder(path, flag, async folder => {
    const temporary = join(folder, 'file')
    await write(temporary)
    await move(temporary, path)
    await syncFolder(dirname(resolve(path)))
  })
}

/** A folder beside `path`, gone when `use` has ended. What the file system refuses in it is BadInput naming `flag`. */
export async function withTemporaryFolder<T>(
  path: string,
  flag: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  let folder: string
  try {
    folder = await mkdtemp(`${resolve(path)}.`)
  } catch (cause) {
    throw badFlag(flag, `cannot write in ${dirname(path)} (${reasonOf(cause)})`, cause)
  }
  try {
    return await use(folder)
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    if (cause.code === 'EEXIST')
      throw badFlag(flag, `${path} exists and is never overwritten; give another name or move it away`, cause)
    throw badFlag(flag, `cannot write ${path} (${reasonOf(cause)})`, cause)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** At most `bytesMax` bytes. Throws BadInput naming `flag`. */
export async function readSmallFile(path: string, flag: string, bytesMax: number): Promise<Buffer> {
  try {
    const { size } = await stat(path)
    if (size > bytesMax) throw badFlag(flag, `${path} has ${size} bytes, expected at most ${bytesMax}`)
    return await readFile(path)
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw badFlag(flag, `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
}

/** Throws BadInput naming `flag` unless it is a regular file that can be read: better told now than in the middle. */
export async function mustBeReadable(path: string, flag: string): Promise<void> {
  try {
    const file = await open(path, 'r')
    try {
      if (!(await file.stat()).isFile()) throw badFlag(flag, `${path} is no regular file`)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw badFlag(flag, `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
}

/** All of `bytes`, at `position`. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (cause) {
    if (isSystemError(cause) && cause.code === 'ENOENT') return false
    throw cause
  }
}

export function reasonOf(cause: unknown): string {
  if (!isSystemError(cause)) return String(cause)
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    EACCES: 'no permission',
    EISDIR: 'is a directory',
    ENOTDIR: 'a part of the path is no directory',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
  }
  return words[cause.code] ?? cause.code
}

export function isSystemError(cause: unknown): cause is NodeJS.ErrnoException & { readonly code: string } {
  return cause instanceof Error && typeof (cause as NodeJS.ErrnoException).code === 'string' && 'errno' in cause
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
