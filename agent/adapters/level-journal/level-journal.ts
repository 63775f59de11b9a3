// The agent's durable memory in LevelDB: one record with everything it remembers, one for each event not acknowledged
// yet, and a head that says what the others must be. LevelDB opens silently with records gone (a flipped byte in its
// log is enough), so each record carries a checksum and the head names memory and events; what does not fit is told.
//
//   head     {format, journalId, saves, memory: checksum, events: [numbers not acknowledged]}
//   memory   AgentMemory as JSON
//   event/…  DeviceEvent as it goes over the wire, by its number in 16 digits
//
// Records that are gone all together, head included, would look like an earlier day: counters against older releases
// fall, event numbers are used twice. The count of saves in a small file beside the records tells that (save-count.ts).
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { type BatchOperation, Level } from 'level'
import { encodeEvent, readEvent } from '../../../proto/messages.ts'
import type { AgentMemory } from '../../core/memory.ts'
import { StorageReadFailed, StorageWriteFailed, StoredThingCorrupt } from '../../errors.ts'
import type { Clock, Journal, JournalBatch, JournalSnapshot, Random } from '../../ports.ts'
import { SaveCount } from './save-count.ts'

const format = 1
const checksumBytes = 16
/** An agent that is never acknowledged must not fill the disk: no operation makes so many. */
const outboxMax = 10_000
/** Another process holds the journal: an agent whose boot was killed is about to notice it and to end. */
const lockedRetryMs = 200
const lockedTimeMs = 15_000

interface Head {
  readonly format: number
  readonly journalId: string
  readonly saves: number
  /** Checksum of the memory record; absent before the first. */
  readonly memory?: string
  /** Ascending. */
  readonly events: readonly number[]
}

type Database = Level<string, Buffer>
type Operation = BatchOperation<Database, string, Buffer>

export class LevelJournal implements Journal {
  readonly #database: Database
  readonly #folder: string
  readonly #count: SaveCount
  #head: Head
  /** The memory record the head names. */
  #memory: Buffer | undefined
  /** After a failed save: what of it the database's log may hold all the same. The next save writes over it. */
  #doubtful: readonly number[] | undefined
  /** The save under way; each waits for the one before, so that the head on disk never goes back. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(database: Database, folder: string, count: SaveCount, head: Head) {
    this.#database = database
    this.#folder = folder
    this.#count = count
    this.#head = head
  }

  /**
   * Opens the journal, or makes one with a new id. Throws StoredThingCorrupt when a record is damaged or gone,
   * StorageReadFailed or StorageWriteFailed when the file system refuses. The caller closes it.
   */
  static async open(folder: string, random: Random, clock: Clock): Promise<LevelJournal> {
    const database = await openDatabase(folder, clock)
    let count: SaveCount | undefined
    try {
      count = await reading(folder, () => SaveCount.open(folder))
      const found = await readHead(database, folder)
      if (found === undefined && (await reading(folder, () => database.keys({ limit: 1 }).all())).length > 0)
        throw corrupt(folder, 'the head record is gone')
      if ((found?.saves ?? 0) < count.found)
        throw corrupt(folder, `${found?.saves ?? 0} saves, expected ${count.found} at least`)
      const fresh = { format, journalId: Buffer.from(random.bytes(8)).toString('hex'), saves: 0, events: [] }
      const journal = new LevelJournal(database, folder, count, found ?? fresh)
      if (found === undefined) await journal.save({})
      else await journal.read()
      return journal
    } catch (error) {
      await count?.close()
      await database.close()
      throw error
    }
  }

  async read(): Promise<JournalSnapshot> {
    await this.#last
    const { journalId, memory: checksum, events } = this.#head
    const stored = await reading(this.#folder, () => this.#database.getMany(['memory', ...events.map(eventKey)]))
    const record = (position: number, name: string): Buffer => {
      const sealed = stored[position]
      if (sealed === undefined) throw corrupt(this.#folder, `${name} is gone`)
      return unsealed(sealed, name, this.#folder)
    }
    if (checksum === undefined && stored[0] !== undefined) throw corrupt(this.#folder, 'memory that no save wrote')
    let memory: AgentMemory | undefined
    if (checksum !== undefined) {
      const bytes = record(0, 'memory')
      if (checksumOf(bytes).toString('hex') !== checksum) throw corrupt(this.#folder, 'memory is an older one')
      this.#memory = bytes
      memory = JSON.parse(bytes.toString())
    }
    const outbox = events.map((number, position) => readEvent(record(position + 1, `event ${number}`)))
    return { journalId, memory, outbox }
  }

  save(batch: JournalBatch): Promise<void> {
    const saved = this.#last.then(() => this.#save(batch))
    // A failed save is its caller's to handle; the next one begins from what the disk holds.
    this.#last = saved.catch(() => {})
    return saved
  }

  async close(): Promise<void> {
    await this.#last
    await this.#count.close()
    await this.#database.close()
  }

  async #save({ memory, events = [], acknowledged = [] }: JournalBatch): Promise<void> {
    if (this.#doubtful !== undefined) await this.#reopen()
    const outbox = new Set(this.#head.events)
    for (const { eventNumber } of events) outbox.add(eventNumber)
    const gone = new Set(acknowledged.filter(number => outbox.delete(number)))
    for (const number of this.#doubtful ?? []) if (!outbox.has(number)) gone.add(number)
    if (outbox.size > outboxMax) throw new RangeError(`${outbox.size} events not acknowledged, at most ${outboxMax}`)
    const record = memory === undefined ? this.#memory : Buffer.from(JSON.stringify(memory))
    const head: Head = {
      ...this.#head,
      saves: this.#head.saves + 1,
      ...(record === undefined ? {} : { memory: checksumOf(record).toString('hex') }),
      events: [...outbox].sort((a, b) => a - b),
    }

    const put = (key: string, value: Uint8Array): Operation => ({ type: 'put', key, value: sealed(value) })
    const operations: Operation[] = [
      ...events.filter(event => outbox.has(event.eventNumber)).map(e => put(eventKey(e.eventNumber), encodeEvent(e))),
      ...[...gone].map((number): Operation => ({ type: 'del', key: eventKey(number) })),
      put('head', Buffer.from(JSON.stringify(head))),
    ]
    if (record !== undefined && (memory !== undefined || this.#doubtful !== undefined))
      operations.push(put('memory', record))
    else if (this.#doubtful !== undefined) operations.push({ type: 'del', key: 'memory' })
    try {
      await this.#database.batch(operations, { sync: true })
    } catch (cause) {
      this.#doubtful = [...(this.#doubtful ?? []), ...events.map(({ eventNumber }) => eventNumber)]
      throw new StorageWriteFailed(`saving to the journal ${this.#folder}`, errnoOf(cause), { cause })
    }
    this.#head = head
    this.#memory = record
    this.#doubtful = undefined
    await this.#count.write(head.saves)
  }

  /**
   * After a failed write LevelDB's log ends in half a record. It takes further writes, syncs them, reports success, and
   * drops them at the next opening (tried: a full disk, space again, one more save, gone). Opening begins a new log.
   */
  async #reopen(): Promise<void> {
    try {
      await this.#database.close()
      await this.#database.open()
    } catch (cause) {
      throw new StorageWriteFailed(`opening the journal ${this.#folder} after a failed save`, errnoOf(cause), { cause })
    }
    const found = await readHead(this.#database, this.#folder)
    if ((found?.saves ?? 0) < this.#head.saves) throw corrupt(this.#folder, 'saves are gone after a failed one')
  }
}

async function openDatabase(folder: string, clock: Clock): Promise<Database> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new StorageWriteFailed(`making the journal ${folder}`, errnoOf(cause), { cause })
  }
  const deadlineMs = clock.monotonicMs() + lockedTimeMs
  for (;;) {
    // A few hundred small records: LevelDB's default buffers are for other sizes.
    const database: Database = new Level(folder, { valueEncoding: 'buffer', writeBufferSize: 256 * 1024 })
    try {
      await database.open()
      return database
    } catch (cause) {
      const reason = (cause as Error).cause as (Error & { readonly code?: string }) | undefined
      if (reason?.code !== 'LEVEL_LOCKED') {
        if (reason?.code === 'LEVEL_CORRUPTION') throw corrupt(folder, reason.message, cause)
        throw new StorageReadFailed(`opening the journal ${folder}`, errnoOf(reason ?? cause), { cause })
      }
      if (clock.monotonicMs() >= deadlineMs)
        throw new StorageReadFailed(`opening the journal ${folder}, another process uses it`, 'LOCKED', { cause })
    }
    await new Promise<void>(resolve => {
      clock.after(lockedRetryMs, resolve)
    })
  }
}

async function reading<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    const { code } = cause as { readonly code?: string }
    if (code === 'LEVEL_CORRUPTION') throw corrupt(folder, (cause as Error).message, cause)
    throw new StorageReadFailed(`reading the journal ${folder}`, errnoOf(cause), { cause })
  }
}

async function readHead(database: Database, folder: string): Promise<Head | undefined> {
  const stored = await reading(folder, () => database.get('head'))
  if (stored === undefined) return undefined
  const head: Head = JSON.parse(unsealed(stored, 'head', folder).toString())
  if (head.format !== format) throw corrupt(folder, `format ${head.format}, this program knows ${format}`)
  return head
}

function eventKey(number: number): string {
  return `event/${String(number).padStart(16, '0')}`
}

/** The record with its checksum before it. */
function sealed(bytes: Uint8Array): Buffer {
  return Buffer.concat([checksumOf(bytes), bytes])
}

function unsealed(bytes: Buffer, name: string, folder: string): Buffer {
  const body = bytes.subarray(checksumBytes)
  if (!checksumOf(body).equals(bytes.subarray(0, checksumBytes))) throw corrupt(folder, `${name} is damaged`)
  return body
}

function checksumOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, checksumBytes)
}

function corrupt(folder: string, found: string, cause?: unknown): StoredThingCorrupt {
  return new StoredThingCorrupt(
    `journal ${folder}: ${found}. The agent does not guess: restore the folder, or remove it to begin with an empty ` +
      'journal (unsent events and the counters against older releases are lost then)',
    { cause },
  )
}

/** LevelDB tells what the system said only in its message. */
function errnoOf(error: unknown): string {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: { message?: string } }
  const text = `${message} ${cause?.message}`
  if (/No space left/.test(text)) return 'ENOSPC'
  if (/Disk quota/.test(text)) return 'EDQUOT'
  if (/Permission denied/.test(text)) return 'EACCES'
  return code !== undefined && /^E[A-Z]+$/.test(code) ? code : 'EIO'
}
