// Patches as files: one folder, one file `<base>-<target>.patch` each: the bytes of the patch, then what is known of it.
//
//   patch │ JSON (lengths, limits, SHA-256 of the patch) │ length of the JSON, u32 │ "DROVERT1"
//
// A file under its final name was whole when it got it; what the disk made of it since is looked at before its first byte
// goes out. What is not whole is removed: the chunks are always there, and the patch can be made again.
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactUnreadable, PatchImpossible, StoreUnavailable } from '../errors.ts'
import type { Clock, MadePatch, PatchPair, PatchStore, WrittenPatch } from '../ports.ts'
import { encodeTrailer, readTrailer } from './patch-files/trailer.ts'

interface Entry {
  readonly patch: MadePatch
  readonly sha256: string
  readonly fileBytes: number
  /** By the wall clock, milliseconds since 1970. */
  usedAt: number
  /** That the bytes are what they were; begun with the first read. */
  checked: Promise<void> | undefined
}

const fileName = /^[0-9a-f]{64}-[0-9a-f]{64}\.patch$/
/** Read at once while a patch is looked at. */
const checkBytes = 256 * 1024
/** A use is written down this often, so that the order survives a restart. */
const touchMs = 3_600_000

export class PatchFiles implements PatchStore {
  readonly #folder: string
  readonly #bytesMax: number
  readonly #clock: Clock
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()
  readonly #reads = new Set<Promise<unknown>>()
  #bytes = 0
  #lastKeep: Promise<unknown> = Promise.resolve()
  #closed = false

  /** Makes the folder when it is absent. `bytesMax`: all files together. Rejects with StoreUnavailable. */
  static async open(folder: string, bytesMax: number, clock: Clock): Promise<PatchFiles> {
    const files = new PatchFiles(folder, bytesMax, clock)
    await onDisk(`opening the patch folder ${folder}`, files.#load())
    return files
  }

  private constructor(folder: string, bytesMax: number, clock: Clock) {
    this.#folder = folder
    this.#bytesMax = bytesMax
    this.#clock = clock
  }

  /** Of all files. */
  get bytes(): number {
    return this.#bytes
  }

  all(): readonly MadePatch[] {
    return [...this.#entries.values()].map(({ patch }) => patch)
  }

  find(pair: PatchPair): MadePatch | undefined {
    return this.#entries.get(nameOf(pair))?.patch
  }

  async read(pair: PatchPair, offset: number, length: number): Promise<Uint8Array | undefined> {
    this.#mustBeOpen()
    const entry = this.#entries.get(nameOf(pair))
    if (entry === undefined) return undefined
    this.#use(entry)
    const reading = this.#readOf(entry, offset, length)
    this.#reads.add(reading)
    try {
      return await reading
    } finally {
      this.#reads.delete(reading)
    }
  }

  async keep(patch: MadePatch, written: WrittenPatch): Promise<void> {
    this.#mustBeOpen()
    const keeping = this.#lastKeep.then(() => this.#keep(patch, written))
    // The failure belongs to this patch alone; the next one only waits for its end.
    this.#lastKeep = keeping.catch(() => undefined)
    return keeping
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#lastKeep
    await Promise.allSettled(this.#reads)
  }

  async #load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const found: Entry[] = []
    for (const name of await readdir(this.#folder)) {
      if (!fileName.test(name)) continue
      const entry = await this.#entryOf(name)
      if (entry === undefined) await unlink(join(this.#folder, name))
      else found.push(entry)
    }
    for (const entry of found.toSorted((one, other) => one.usedAt - other.usedAt)) this.#add(entry)
    await this.#makeRoom()
  }

  /** Undefined when the file is not whole. */
  async #entryOf(name: string): Promise<Entry | undefined> {
    const file = await open(join(this.#folder, name), 'r')
    try {
      const { size, mtimeMs } = await file.stat()
      const known = await readTrailer(file, size)
      if (known === undefined || nameOf(known.patch) !== name) return undefined
      return { ...known, fileBytes: size, usedAt: mtimeMs, checked: undefined }
    } finally {
      await file.close()
    }
  }

  async #keep(patch: MadePatch, { path, sha256 }: WrittenPatch): Promise<void> {
    this.#mustBeOpen()
    const trailer = encodeTrailer(patch, sha256)
    const fileBytes = patch.patchBytes + trailer.length
    if (fileBytes > this.#bytesMax)
      throw new PatchImpossible('too-large', `a patch of ${fileBytes} bytes, all together may have ${this.#bytesMax}`)
    const name = nameOf(patch)
    await onDisk('keeping a patch', this.#finish(path, name, patch.patchBytes, trailer))
    this.#drop(name)
    this.#add({ patch, sha256, fileBytes, usedAt: this.#clock.now(), checked: undefined })
    await onDisk('removing patches', this.#makeRoom())
  }

  /** The file gets its trailer, then its name: both are durable afterwards. */
  async #finish(path: string, name: string, patchBytes: number, trailer: Uint8Array): Promise<void> {
    const file = await open(path, 'r+')
    try {
      const { size } = await file.stat()
      if (size !== patchBytes) throw new RangeError(`${size} bytes written, expected ${patchBytes}`)
      await writeWhole(file, trailer, patchBytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(path, join(this.#folder, name))
    const folder = await open(this.#folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  async #readOf(entry: Entry, offset: number, length: number): Promise<Uint8Array | undefined> {
    const name = nameOf(entry.patch)
    let file: FileHandle
    try {
      file = await open(join(this.#folder, name), 'r')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw await this.#spoiled(entry, cause)
      this.#dropEntry(entry)
      return undefined
    }
    try {
      // Those who read at the same time wait for the same look.
      entry.checked ??= mustBeWhole(file, entry)
      await entry.checked
      return await readExactly(file, offset, Math.max(0, Math.min(length, entry.patch.patchBytes - offset)))
    } catch (cause) {
      throw await this.#spoiled(entry, cause)
    } finally {
      await file.close()
    }
  }

  async #spoiled({ patch }: Entry, cause: unknown): Promise<ArtifactUnreadable> {
    const name = nameOf(patch)
    // A newer one may have taken the name meanwhile; it goes too, and is made again.
    this.#drop(name)
    await unlink(join(this.#folder, name)).catch(() => undefined)
    return new ArtifactUnreadable(`patch from ${patch.base} to ${patch.target}: ${(cause as Error).message}`, { cause })
  }

  #use(entry: Entry): void {
    const name = nameOf(entry.patch)
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    const now = this.#clock.now()
    if (now - entry.usedAt < touchMs) return
    entry.usedAt = now
    // Only the order after a restart hangs on it.
    utimes(join(this.#folder, name), now / 1000, now / 1000).catch(() => undefined)
  }

  async #makeRoom(): Promise<void> {
    for (const [name] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return
      this.#drop(name)
      await unlink(join(this.#folder, name)).catch(error => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }

  #add(entry: Entry): void {
    this.#entries.set(nameOf(entry.patch), entry)
    this.#bytes += entry.fileBytes
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    this.#bytes -= entry.fileBytes
  }

  #dropEntry(entry: Entry): void {
    const name = nameOf(entry.patch)
    if (this.#entries.get(name) === entry) this.#drop(name)
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the patch folder is closed')
  }
}

function nameOf({ base, target }: PatchPair): string {
  return `${base}-${target}.patch`
}

async function mustBeWhole(file: FileHandle, { patch: { patchBytes }, sha256, fileBytes }: Entry): Promise<void> {
  const { size } = await file.stat()
  if (size !== fileBytes) throw new RangeError(`${size} bytes long, expected ${fileBytes}`)
  const hash = createHash('sha256')
  for (let offset = 0; offset < patchBytes; offset += checkBytes)
    hash.update(await readExactly(file, offset, Math.min(checkBytes, patchBytes - offset)))
  const found = hash.digest('hex')
  if (found !== sha256) throw new RangeError(`SHA-256 ${found}, expected ${sha256}`)
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new RangeError(`ends at ${position + filled}, expected ${position + length} at least`)
    filled += bytesRead
  }
  return bytes
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

async function onDisk<T>(what: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing
  } catch (cause) {
    throw new StoreUnavailable(what, { cause })
  }
}
