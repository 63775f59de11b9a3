// Looks at the files of a closed LevelDB before it is opened, because opening destroys evidence: the write-ahead log is
// replayed and deleted, tables the MANIFEST does not name are removed, and without CURRENT an empty database is made.
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreDamaged } from '../../errors.ts'
import { logKey, numberAt } from './keys.ts'
import { type LogRecord, type LogScan, putKeysOf, scanLog, VarintReader } from './leveldb-log.ts'
import { problemInTable } from './leveldb-table.ts'

/** What the MANIFEST says belongs to the database. */
export interface LiveFiles {
  /** Write-ahead logs numbered lower have been replayed. */
  readonly logNumber: number
  /** Newest first. */
  readonly tables: readonly { readonly number: number; readonly sizeBytes: number }[]
}

export interface WriteAheadLog {
  readonly path: string
  readonly scan: LogScan
  /** The records, each with the number of the batch it wrote. */
  readonly batches: readonly { readonly batch: number; readonly record: LogRecord }[]
}

const batchPrefix = logKey(0).slice(0, 2)

/** Throws StoreDamaged when CURRENT or the MANIFEST is missing or not as it was written. */
export async function readLiveFiles(directory: string): Promise<LiveFiles> {
  const current = await readOrDamaged(join(directory, 'CURRENT'))
  const name = /^(MANIFEST-\d{6,})\n$/.exec(current.toString('latin1'))?.[1]
  if (name === undefined) throw new StoreDamaged(`${join(directory, 'CURRENT')} does not name a MANIFEST`)
  const path = join(directory, name)
  const scan = scanLog(await readOrDamaged(path))
  if (scan.damagedAt !== undefined) throw new StoreDamaged(`${path} is damaged at byte ${scan.damagedAt}`)
  if (scan.records.length === 0) throw new StoreDamaged(`${path} is empty`)
  try {
    return liveFilesIn(scan.records)
  } catch (cause) {
    throw new StoreDamaged(`${path} is damaged`, { cause })
  }
}

/** The write-ahead logs that will be replayed, oldest first. Throws StoreDamaged when one is damaged before its end. */
export async function readWriteAheadLogs(directory: string, live: LiveFiles): Promise<readonly WriteAheadLog[]> {
  const names = (await readdir(directory)).filter(name => /^\d{6,}\.log$/.test(name))
  const logs: WriteAheadLog[] = []
  for (const name of names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))) {
    if (Number.parseInt(name, 10) < live.logNumber) continue
    const path = join(directory, name)
    const scan = scanLog(await readOrDamaged(path))
    if (scan.damagedAt !== undefined) throw new StoreDamaged(`${path} is damaged at byte ${scan.damagedAt}`)
    logs.push({ path, scan, batches: scan.records.map(record => ({ batch: batchOf(record, path), record })) })
  }
  return logs
}

/**
 * Reads the tables through, newest first, until `bytesMax` bytes. Returns the problems found, at most `problemsMax`; a
 * table that has gone is one only if `closed`, since a running database replaces tables.
 */
export async function problemsInTables(
  directory: string,
  live: LiveFiles,
  limits: { readonly bytesMax: number; readonly problemsMax: number; readonly closed: boolean },
): Promise<readonly string[]> {
  const problems: string[] = []
  let bytes = 0
  const wanted = live.tables.filter(table => {
    bytes += table.sizeBytes
    return bytes <= limits.bytesMax
  })
  // While one is looked through, the next is read.
  const buffers = [new TableBuffer(directory), new TableBuffer(directory)] as const
  let next = wanted[0] && buffers[0].read(wanted[0])
  for (const [index, table] of wanted.entries()) {
    const contents = await next
    const following = wanted[index + 1]
    next = following && buffers[index % 2 === 0 ? 1 : 0].read(following)
    // Whoever stops here does not wait for it.
    next?.catch(() => undefined)
    const problem = contents === undefined ? undefined : problemIn(contents, table.sizeBytes)
    if (problem !== undefined) problems.push(`${tablePath(directory, table.number)}: ${problem}`)
    else if (contents === undefined && limits.closed) problems.push(`table ${table.number} of ${directory} is missing`)
    if (problems.length >= limits.problemsMax) break
  }
  await next?.catch(() => undefined)
  return problems
}

function problemIn(contents: Buffer, sizeBytes: number): string | undefined {
  return contents.length === sizeBytes ? problemInTable(contents) : `${sizeBytes} bytes expected`
}

/** Memory that one table after the other is read into. */
class TableBuffer {
  readonly #directory: string
  #memory = Buffer.alloc(0)

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Undefined when there is no such table. What is given is overwritten by the next call. */
  async read({ number, sizeBytes }: LiveFiles['tables'][number]): Promise<Buffer | undefined> {
    const file = await openTable(this.#directory, number)
    if (file === undefined) return undefined
    try {
      // One byte more than there should be.
      if (this.#memory.length <= sizeBytes) this.#memory = Buffer.allocUnsafeSlow(sizeBytes + 1)
      let length = 0
      for (let read = -1; read !== 0 && length <= sizeBytes; length += read)
        read = (await file.read(this.#memory, length, sizeBytes + 1 - length, length)).bytesRead
      return this.#memory.subarray(0, length)
    } finally {
      await file.close()
    }
  }
}

/** Takes everything behind batch `last` out of the write-ahead logs. For a closed database whose last write failed. */
export async function cutWriteAheadLogs(directory: string, last: number): Promise<void> {
  const logs = await readWriteAheadLogs(directory, await readLiveFiles(directory))
  let cut = false
  for (const log of logs) {
    const tooMuch = log.batches.find(({ batch }) => batch > last)?.record.start ?? log.scan.tornAt
    if (!cut && tooMuch === undefined) continue
    const file = await open(log.path, 'r+')
    try {
      await file.truncate(cut ? 0 : tooMuch)
      await file.sync()
    } finally {
      await file.close()
    }
    cut = true
  }
}

/** db/version_edit.cc */
function liveFilesIn(records: readonly LogRecord[]): LiveFiles {
  const tables = new Map<number, number>()
  let logNumber = 0
  for (const { payload } of records) {
    const reader = new VarintReader(payload)
    while (!reader.done) {
      const tag = reader.number()
      if (tag === 1) reader.bytes()
      else if (tag === 2) logNumber = reader.number()
      else if (tag === 3 || tag === 4 || tag === 9) reader.number()
      else if (tag === 5) {
        reader.number()
        reader.bytes()
      } else if (tag === 6) {
        reader.number()
        tables.delete(reader.number())
      } else if (tag === 7) {
        reader.number()
        tables.set(reader.number(), reader.number())
        reader.bytes()
        reader.bytes()
      } else throw new RangeError(`unknown field ${tag}`)
    }
  }
  return {
    logNumber,
    tables: [...tables].map(([number, sizeBytes]) => ({ number, sizeBytes })).sort((a, b) => b.number - a.number),
  }
}

/** The log record stands first in every batch. */
function batchOf(record: LogRecord, path: string): number {
  for (const key of putKeysOf(record.payload)) if (key.startsWith(batchPrefix)) return numberAt(key)
  throw new StoreDamaged(`${path} holds a write at byte ${record.start} that is not of this store`)
}

function tablePath(directory: string, number: number, ending = 'ldb'): string {
  return join(directory, `${String(number).padStart(6, '0')}.${ending}`)
}

/** Older versions of LevelDB called them `sst`. */
async function openTable(directory: string, number: number): Promise<FileHandle | undefined> {
  for (const ending of ['ldb', 'sst']) {
    try {
      return await open(tablePath(directory, number, ending), 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}

async function readOrDamaged(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new StoreDamaged(`${path} is missing`, { cause })
    throw cause
  }
}
