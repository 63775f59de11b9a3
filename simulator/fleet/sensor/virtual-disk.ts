// The disk of one virtual sensor, behind the agent's port `Disk`, so that the real installers, payload store and boot record
// work on it. It forgets what was not synced when the power goes, has an end, and may have a fault. Its bytes are shared
// (piece-pool.ts); a fresh disk is a list of references into what the factory made.
import { posix } from 'node:path'
import type { Disk, DiskFile } from '../../../agent/ports.ts'
import { type Content, nothing, type PiecePool } from './piece-pool.ts'
import { VirtualFile } from './virtual-file.ts'

/** What the factory put on a disk, by path; a folder has no content. */
export type DiskImage = ReadonlyMap<string, Content | 'folder'>

/** What the hardware does wrong: a system's error code, or undefined. */
export interface DiskFaults {
  read?(path: string): string | undefined
  write?(path: string): string | undefined
}

/** True while the run a port was made for has power. A program without power does not come back from a call. */
export interface Power {
  readonly on: boolean
}

const reserveBytes = 64 * 1024

type Entry = VirtualFile | 'folder'
/** What a change of names has to take back if its folder is not synced in time. */
type Undo = readonly (readonly [path: string, before: Entry | undefined])[]

export class VirtualDisk {
  readonly #pool: PiecePool
  readonly #entries = new Map<string, Entry>()
  #undo: Undo[] = []
  /** All files together, bytes; what is no image may take a little more, so that a full disk can still be told of. */
  capacityBytes = Number.POSITIVE_INFINITY
  faults: DiskFaults | undefined

  constructor(pool: PiecePool, image: DiskImage = new Map()) {
    this.#pool = pool
    for (const [path, content] of image)
      this.#entries.set(path, content === 'folder' ? content : new VirtualFile(pool, content))
  }

  /** For one run of a program. */
  port(power: Power): Disk {
    return new PoweredDisk(this, power)
  }

  /** The power went. `fraction` decides what of the unsynced is there. */
  cut(fraction: () => number): void {
    const kept = Math.floor(fraction() * (this.#undo.length + 1))
    for (const undo of this.#undo.slice(kept).reverse())
      for (const [path, before] of undo)
        if (before === undefined) this.#entries.delete(path)
        else this.#entries.set(path, before)
    this.#undo = []
    for (const entry of this.#entries.values()) if (entry !== 'folder') entry.cut(fraction)
  }

  /** As it is seen now; what an installed image is made of. */
  contentOf(path: string): Content | undefined {
    return this.#fileAt(path)?.content
  }

  /** What is durable, to make disks from that hold the same. */
  image(): DiskImage {
    return new Map([...this.#entries].map(([path, entry]) => [path, entry === 'folder' ? entry : entry.content]))
  }

  get usedBytes(): number {
    let used = 0
    for (const entry of this.#entries.values()) if (entry !== 'folder') used += entry.sizeBytes
    return used
  }

  /** Without what lies below these paths. */
  usedBytesBut(paths: readonly string[]): number {
    let used = 0
    for (const [name, entry] of this.#entries)
      if (entry !== 'folder' && !paths.some(path => name.startsWith(path))) used += entry.sizeBytes
    return used
  }

  // ---- for PoweredDisk: throws the system's errors ---------------------------------------------

  open(path: string, how: 'read' | 'update' | 'create'): VirtualFile {
    const entry = this.#entries.get(path)
    if (entry === 'folder') throw systemError('EISDIR', 'open', path)
    if (entry !== undefined) {
      if (how === 'create') entry.truncate(0)
      return entry
    }
    if (how === 'read' || this.#entries.get(posix.dirname(path)) !== 'folder') throw systemError('ENOENT', 'open', path)
    const file = new VirtualFile(this.#pool, nothing)
    this.#change([[path, file]])
    return file
  }

  rename(from: string, to: string): void {
    const file = this.#fileAt(from)
    if (file === undefined) throw systemError('ENOENT', 'rename', from)
    this.#change([
      [to, file],
      [from, undefined],
    ])
  }

  remove(path: string): void {
    if (this.list(path, false).length > 0) throw systemError('ENOTEMPTY', 'rmdir', path)
    if (this.#entries.has(path)) this.#change([[path, undefined]])
  }

  makeFolder(path: string): void {
    for (let folder = path; folder !== '/' && !this.#entries.has(folder); folder = posix.dirname(folder))
      this.#change([[folder, 'folder']])
  }

  list(path: string, mustExist = true): readonly { readonly name: string; readonly isFolder: boolean }[] {
    if (mustExist && this.#entries.get(path) !== 'folder') throw systemError('ENOENT', 'scandir', path)
    return [...this.#entries]
      .filter(([name]) => posix.dirname(name) === path && name !== path)
      .map(([name, entry]) => ({ name: posix.basename(name), isFolder: entry === 'folder' }))
  }

  sizeOf(path: string): number | undefined {
    const entry = this.#entries.get(path)
    return entry === 'folder' ? 4096 : entry?.sizeBytes
  }

  syncFolder(path: string): void {
    if (path !== '/' && this.#entries.get(path) !== 'folder') throw systemError('ENOENT', 'open', path)
    this.#undo = this.#undo.filter(undo => !undo.some(([name]) => posix.dirname(name) === path))
  }

  fail(what: 'read' | 'write', path: string): void {
    const code = this.faults?.[what]?.(path)
    if (code !== undefined) throw systemError(code, what, path)
  }

  /** Throws ENOSPC. */
  write(file: VirtualFile, path: string, offset: number, bytes: Uint8Array): void {
    this.fail('write', path)
    const grows = Math.max(0, offset + bytes.length - file.sizeBytes)
    const mostBytes = this.capacityBytes + (path.endsWith('/image') ? 0 : reserveBytes)
    if (grows > 0 && this.usedBytes + grows > mostBytes) throw systemError('ENOSPC', 'write', path)
    file.write(offset, bytes)
  }

  #fileAt(path: string): VirtualFile | undefined {
    const entry = this.#entries.get(path)
    return entry === 'folder' ? undefined : entry
  }

  #change(changes: readonly (readonly [path: string, after: Entry | undefined])[]): void {
    this.#undo.push(changes.map(([path]) => [path, this.#entries.get(path)]))
    for (const [path, after] of changes)
      if (after === undefined) this.#entries.delete(path)
      else this.#entries.set(path, after)
  }
}

class PoweredDisk implements Disk {
  readonly #disk: VirtualDisk
  readonly #power: Power

  constructor(disk: VirtualDisk, power: Power) {
    this.#disk = disk
    this.#power = power
  }

  async open(path: string, how: 'read' | 'update' | 'create'): Promise<DiskFile> {
    if (!this.#power.on) await never()
    return new OpenFile(this.#disk, this.#power, path, this.#disk.open(path, how))
  }

  async rename(from: string, to: string): Promise<void> {
    if (!this.#power.on) await never()
    this.#disk.fail('write', from)
    this.#disk.rename(from, to)
  }

  async remove(path: string): Promise<void> {
    if (!this.#power.on) await never()
    this.#disk.remove(path)
  }

  async makeFolder(path: string): Promise<void> {
    if (!this.#power.on) await never()
    this.#disk.makeFolder(path)
  }

  async list(path: string): Promise<readonly { readonly name: string; readonly isFolder: boolean }[]> {
    if (!this.#power.on) await never()
    return this.#disk.list(path)
  }

  async sizeOf(path: string): Promise<number | undefined> {
    if (!this.#power.on) await never()
    return this.#disk.sizeOf(path)
  }

  async factsOf(path: string): Promise<{ readonly mode: number; readonly modifiedMs: number } | undefined> {
    if (!this.#power.on) await never()
    return this.#disk.sizeOf(path) === undefined ? undefined : { mode: 0o644, modifiedMs: 0 }
  }

  async freeBytes(): Promise<number> {
    if (!this.#power.on) await never()
    return Math.max(0, this.#disk.capacityBytes - this.#disk.usedBytes)
  }

  async syncFolder(path: string): Promise<void> {
    if (!this.#power.on) await never()
    this.#disk.syncFolder(path)
  }
}

class OpenFile implements DiskFile {
  readonly #disk: VirtualDisk
  readonly #power: Power
  readonly #path: string
  readonly #file: VirtualFile

  constructor(disk: VirtualDisk, power: Power, path: string, file: VirtualFile) {
    this.#disk = disk
    this.#power = power
    this.#path = path
    this.#file = file
  }

  async read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    if (!this.#power.on) await never()
    this.#disk.fail('read', this.#path)
    return this.#file.read(offset, length, into)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (!this.#power.on) await never()
    this.#disk.write(this.#file, this.#path, offset, bytes)
  }

  async size(): Promise<number> {
    if (!this.#power.on) await never()
    return this.#file.sizeBytes
  }

  async truncate(size: number): Promise<void> {
    if (!this.#power.on) await never()
    this.#file.truncate(size)
  }

  async sync(): Promise<void> {
    if (!this.#power.on) await never()
    this.#disk.fail('write', this.#path)
    this.#file.sync()
  }

  async close(): Promise<void> {
    if (!this.#power.on) await never()
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}

function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, errno: -1, syscall, path })
}
