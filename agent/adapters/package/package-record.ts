// What a package remembers: which package counts, which one is being taken up, and what was there before, member by member,
// so that a power cut between any two members ends with all of them old or all of them new.
//
//   steady ── begin ──▶ trial ── commit begins ──▶ committing ── the last member is committed ──▶ steady, the new one counts
//                         └── all members taken back ──▶ steady, the old one counts
//
// A trial that is found half done goes back, a commit that is found half done goes on.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { StoredThingCorrupt, StoredThingMissing } from '../../errors.ts'
import type { Disk, SlotName } from '../../ports.ts'
import { reading, writing } from '../../storage/disk-errors.ts'
import { readWhole, recordPath, replaceFile } from '../../storage/slot-folder.ts'

export interface ImageName {
  readonly version: string
  readonly digest: string
}

export interface PackagePart extends ImageName {
  readonly component: string
  readonly sizeBytes: number
  /** What the member ran before; null: this very image, so it is left alone. */
  readonly before: ImageName | null
}

export interface PackageContent extends ImageName {
  readonly sizeBytes: number
  /** In the order of installing. */
  readonly parts: readonly PackagePart[]
}

export interface PackageRecord {
  readonly active: SlotName
  readonly phase: 'steady' | 'trial' | 'committing'
  /** Starts the members get on trial. */
  readonly startsLeft: number
  readonly slots: Readonly<Record<SlotName, PackageContent | null>>
  readonly fallback: { readonly slot: SlotName; readonly reason: string } | null
}

const format = 1
const recordBytesMax = 64 * 1024
const reasonCharactersMax = 64

export class PackageRecordFile {
  readonly #disk: Disk
  readonly #folder: string

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Undefined before the first `write`. Throws StoredThingCorrupt, StorageReadFailed. */
  async find(): Promise<PackageRecord | undefined> {
    const path = recordPath(this.#folder)
    const bytes = await reading(path, () => readWhole(this.#disk, path, recordBytesMax + 1))
    return bytes === undefined ? undefined : parsed(bytes, path)
  }

  /** Throws StoredThingMissing, StoredThingCorrupt, StorageReadFailed. */
  async read(): Promise<PackageRecord> {
    return (await this.find()) ?? missing(join(this.#folder, 'record.json'))
  }

  /** Durable when it resolves: after a power cut the old record or the new one. Throws StorageWriteFailed. */
  async write(record: PackageRecord): Promise<PackageRecord> {
    const path = recordPath(this.#folder)
    const body = { format, ...record }
    const text = JSON.stringify({ ...body, checksum: checksumOf(body) })
    await writing(`writing ${path}`, () => replaceFile(this.#disk, path, Buffer.from(text)))
    return record
  }
}

export function shortReason(reason: string): string {
  return reason.slice(0, reasonCharactersMax)
}

function missing(path: string): never {
  throw new StoredThingMissing(path)
}

function parsed(bytes: Uint8Array, path: string): PackageRecord {
  const corrupt = (found: string, cause?: unknown): StoredThingCorrupt =>
    new StoredThingCorrupt(`record of a package ${path}: ${found}`, { cause })
  if (bytes.length > recordBytesMax) throw corrupt(`more than ${recordBytesMax} bytes`)
  let json: { readonly format?: unknown; readonly checksum?: unknown } | null
  try {
    json = JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw corrupt('torn or overwritten, it is no JSON', cause)
  }
  if (typeof json !== 'object' || json === null) throw corrupt('no JSON object')
  const { checksum, ...body } = json
  // Names stand in the order they were written in, so the checksum fits or somebody else wrote it.
  if (checksum !== checksumOf(body)) throw corrupt('the checksum does not fit the fields')
  if (body.format !== format) throw corrupt(`format ${JSON.stringify(body.format)}, this program knows ${format}`)
  const { format: _, ...record } = body as typeof body & PackageRecord
  return record
}

function checksumOf(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex')
}
