// The open files of a store and who may use them when: readers at any time, one writer, and after a failed write nobody
// until the database has been opened again without the batch that was rejected.
//
//   batch, fsynced ──► head, fsynced ──► acknowledged
//        │ failed           │ failed
//        └──► the batch is cut out of the write-ahead log before anything else is written
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreDamaged, StoreUnavailable } from '../../errors.ts'
import type { Batch } from './batch-builder.ts'
import { createHead } from './head.ts'
import { cutWriteAheadLogs } from './leveldb-files.ts'
import { asStoreError, headPath, type OpenFiles, type OpeningOptions, openFiles, recordsDirectory } from './opening.ts'
import type { StorePosition } from './position.ts'
import type { Database, Snapshot } from './verification.ts'
import { writeBatch } from './write-batch.ts'

const mebibyte = 1024 * 1024

export class StoreFiles {
  readonly #directory: string
  readonly #options: OpeningOptions
  /** Undefined while the files could not be opened again after a failed write. */
  #files: OpenFiles | undefined
  #acknowledged: StorePosition
  /** The database may hold, or may half hold, a batch that was rejected. */
  #writeFailed = false
  #reopening: Promise<OpenFiles> | undefined
  #readers = 0
  #lastReaderLeft: (() => void) | undefined
  #closed = false

  private constructor(directory: string, options: OpeningOptions, files: OpenFiles) {
    this.#directory = directory
    this.#options = options
    this.#files = files
    this.#acknowledged = files.position
  }

  static async open(directory: string, options: OpeningOptions): Promise<StoreFiles> {
    return new StoreFiles(directory, options, await openFiles(directory, options))
  }

  /** Where the store was after the last batch that was acknowledged. */
  get acknowledged(): StorePosition {
    return this.#acknowledged
  }

  /** Resolves when nothing of a rejected batch is in the files any more. */
  async ready(): Promise<void> {
    await this.#writable()
  }

  /**
   * One batch at a time, the one behind `acknowledged`. Durable when it resolves; when it rejects, nothing of it is
   * there or will be.
   */
  async write(batch: Batch): Promise<void> {
    const { db, head, logBatches } = await this.#writable()
    const { position } = batch
    try {
      await writeBatch(db, batch, logBatches)
    } catch (cause) {
      this.#writeFailed = true
      await this.#reopenIfRoom().catch(() => undefined)
      throw asStoreError(cause, `writing batch ${position.batch}`)
    }
    try {
      await head.advance(position)
    } catch (cause) {
      // The batch is there but must not be seen: open again without it, at once.
      this.#writeFailed = true
      await this.#reopen().catch(() => undefined)
      throw new StoreUnavailable(`writing the head for batch ${position.batch}`, { cause })
    }
    this.#acknowledged = position
  }

  /** Keeps the files open while `read` runs. A snapshot that it takes is closed after it. */
  async read<T>(what: string, read: (db: Database, snapshot: () => Snapshot) => Promise<T>): Promise<T> {
    this.#mustBeOpen()
    let files = this.#reopening === undefined ? this.#files : undefined
    while (files === undefined) {
      await this.#reopen()
      this.#mustBeOpen()
      files = this.#reopening === undefined ? this.#files : undefined
    }
    const { db } = files
    let taken: Snapshot | undefined
    this.#readers++
    try {
      return await read(db, () => {
        taken ??= db.snapshot()
        return taken
      })
    } catch (error) {
      throw error instanceof RangeError ? error : asStoreError(error, `reading ${what}`)
    } finally {
      await taken?.close()
      this.#readers--
      if (this.#readers === 0) this.#lastReaderLeft?.()
    }
  }

  /** After the last reader. Reading and writing are refused from the call on, except what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#reopening?.catch(() => undefined)
    await this.#withoutReaders()
    await this.#closeFiles()
  }

  async #writable(): Promise<OpenFiles> {
    if (this.#files !== undefined && !this.#writeFailed) return this.#files
    return this.#reopenIfRoom()
  }

  /** Opening needs room to write out the write-ahead log. Until there is some, reading goes on with what is open. */
  async #reopenIfRoom(): Promise<OpenFiles> {
    if (this.#files !== undefined && !(await hasRoomToOpen(recordsDirectory(this.#directory)))) {
      throw new StoreUnavailable('the disk is full')
    }
    return this.#reopen()
  }

  /**
   * After a failed write the state of LevelDB's log is not known: records written behind a half-written one are lost
   * without a word at the next start. So the log is cut at the last acknowledged batch and the database opened again.
   */
  #reopen(): Promise<OpenFiles> {
    this.#reopening ??= this.#openAgain().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async #openAgain(): Promise<OpenFiles> {
    await this.#withoutReaders()
    await this.#closeFiles()
    try {
      // The head first: a batch above the head is harmless should we be killed in between, a head above it is not.
      await createHead(headPath(this.#directory), this.#acknowledged)
      await cutWriteAheadLogs(recordsDirectory(this.#directory), this.#acknowledged.batch)
    } catch (error) {
      throw asStoreError(error, 'undoing a failed write')
    }
    const files = await openFiles(this.#directory, { ...this.#options, create: false })
    if (files.position.batch !== this.#acknowledged.batch) {
      await Promise.all([files.db.close(), files.head.close()])
      throw new StoreDamaged(`batch ${files.position.batch} was refused and is there`)
    }
    this.#files = files
    this.#writeFailed = false
    return files
  }

  async #closeFiles(): Promise<void> {
    const files = this.#files
    this.#files = undefined
    if (files !== undefined) await Promise.allSettled([files.db.close(), files.head.close()])
  }

  async #withoutReaders(): Promise<void> {
    while (this.#readers > 0) {
      await new Promise<void>(resolve => {
        this.#lastReaderLeft = resolve
      })
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed')
  }
}

async function hasRoomToOpen(records: string): Promise<boolean> {
  const [disk, names] = await Promise.all([statfs(records), readdir(records)])
  const logs = names.filter(name => name.endsWith('.log')).map(name => stat(join(records, name)))
  const logBytes = (await Promise.all(logs)).reduce((sum, { size }) => sum + size, 0)
  return disk.bavail * disk.bsize >= logBytes + mebibyte
}
