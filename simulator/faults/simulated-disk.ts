// A file system in memory that forgets: what was not fsynced when the power goes is gone, or half there, or there in
// another order than it was written in. Real adapters run on it through the agent's port `Disk`.
//
//   written ──▶ seen by every later read ──sync of the file──▶ its bytes are durable
//   named   ──▶ seen by every later open ──syncFolder────────▶ its name is durable
//   cutPower(flavour): the durable state, and of what was pending: nothing · the first few · any few, the last one torn
import { hash } from 'node:crypto'
import { posix } from 'node:path'
import type { Disk, DiskFile } from '../../agent/ports.ts'

/** What a power cut leaves of what was not synced. */
export type CutFlavour = 'nothing' | 'prefix' | 'reordered'

/** Where the power goes: in the n-th change (from 1) since `armCut`. */
export interface Cut {
  readonly change: number
  /** In [0, 1]: 0 before it began, 1 when it was done; between them a write has got so far, and nothing else has begun. */
  readonly share: number
}

type Pending =
  | { readonly kind: 'write'; readonly inode: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly inode: number; readonly size: number }
  | { readonly kind: 'name'; readonly path: string; readonly inode: number }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }

interface Tree {
  readonly files: Map<string, number>
  readonly folders: Set<string>
  readonly contents: Map<number, Buffer>
}

/** A disk that is never full. */
export const unlimitedBytes = 2 ** 40

export class SimulatedDisk {
  /** Changes since the last `armCut`. */
  changes = 0
  /** Grows whenever a program would see other contents than before. */
  revision = 0
  /** What each of them was, in words. */
  readonly log: string[] = []
  /** All file bytes together, at most. */
  capacityBytes = unlimitedBytes
  /** Thrown by the next operation of this name on a path that ends so: `open`, `read`, `write`, `sync`, `rename`. */
  readonly faults = new Map<string, { readonly pathEnds: string; readonly code: string }>()
  #seen: Tree = { files: new Map(), folders: new Set(['/']), contents: new Map() }
  #durable: Tree = { files: new Map(), folders: new Set(['/']), contents: new Map() }
  #pending: Pending[] = []
  /** Of files as the program sees them, by inode, until their next change. */
  readonly #digests = new Map<number, string>()
  #nextInode = 1
  #cut: Cut | undefined
  #power = { on: true }
  #onCut: () => void = () => {}

  /** From now on changes are counted from 1; at `cut` the power goes and `onCut` is called, once. */
  armCut(cut: Cut | undefined, onCut: () => void = () => {}): void {
    this.changes = 0
    this.log.length = 0
    this.#cut = cut
    this.#onCut = onCut
  }

  /** The file system as the program sees it that starts now. After a power cut its calls never come back. */
  port(): Disk {
    return this.#portOf(this.#power)
  }

  /** The same for a program that may end while the device stays on: after that its calls never come back either. */
  portWhile(alive: () => boolean): Disk {
    const power = this.#power
    return this.#portOf({
      get on() {
        return power.on && alive()
      },
    })
  }

  /** All file bytes together. */
  get usedBytes(): number {
    return this.#usedBytes()
  }

  get isOn(): boolean {
    return this.#power.on
  }

  /** Everything runs on air from here; `restore` brings back what is left. */
  turnOff(): void {
    this.#power.on = false
  }

  /** The power is back. `fraction` draws numbers in [0, 1). Returns how many of the pending changes were kept. */
  restore(flavour: CutFlavour, fraction: () => number): number {
    const kept = this.#surviving(flavour, fraction)
    for (const change of kept) applied(this.#durable, change)
    cutOff(this.#durable)
    this.#pending = []
    this.#seen = copyOf(this.#durable)
    this.#digests.clear()
    this.revision += 1
    this.#power = { on: true }
    this.#cut = undefined
    return kept.length
  }

  /** A change that is no file's but durable as a whole or not at all: a batch of a journal. */
  batch<T>(words: string, run: () => T): Promise<T> {
    return this.#change(this.#power, words, run)
  }

  /** All bytes of a file as the program sees them; undefined when there is none. Counts as nothing. */
  contentOf(path: string): Buffer | undefined {
    const inode = this.#seen.files.get(path)
    return inode === undefined ? undefined : this.#seen.contents.get(inode)
  }

  /** Lower-case hex SHA-256 of those bytes; hashed again after each change of the file. */
  digestOf(path: string): string | undefined {
    const inode = this.#seen.files.get(path)
    if (inode === undefined) return undefined
    const digest = this.#digests.get(inode) ?? hash('sha256', this.contentOf(path) ?? '', 'hex')
    this.#digests.set(inode, digest)
    return digest
  }

  /** All bytes of a file as a power cut that keeps nothing would leave them. */
  durableContentOf(path: string): Buffer | undefined {
    const inode = this.#durable.files.get(path)
    return inode === undefined ? undefined : this.#durable.contents.get(inode)
  }

  /** Puts a file there, durably: what the factory left. */
  place(path: string, bytes: Uint8Array): void {
    for (let folder = posix.dirname(path); folder !== '/'; folder = posix.dirname(folder))
      for (const tree of [this.#seen, this.#durable]) tree.folders.add(folder)
    this.revision += 1
    const inode = this.#nextInode++
    for (const tree of [this.#seen, this.#durable]) {
      tree.files.set(path, inode)
      tree.contents.set(inode, Buffer.from(bytes))
    }
  }

  #surviving(flavour: CutFlavour, fraction: () => number): Pending[] {
    if (flavour === 'nothing') return []
    const chosen =
      flavour === 'prefix'
        ? this.#pending.slice(0, Math.floor(fraction() * (this.#pending.length + 1)))
        : this.#reordered(fraction)
    const last = chosen.at(-1)
    // The last sector is torn.
    if (last?.kind === 'write' && fraction() < 0.5)
      chosen[chosen.length - 1] = { ...last, bytes: last.bytes.subarray(0, Math.floor(fraction() * last.bytes.length)) }
    return chosen
  }

  /** Any of them; often what file systems are known for: every name is there already, and none of the bytes. */
  #reordered(fraction: () => number): Pending[] {
    const namesOnly = fraction() < 0.4
    return this.#pending.filter(pending => (namesOnly ? namesOf(pending).length > 0 : fraction() < 0.5))
  }

  #portOf(power: { readonly on: boolean }): Disk {
    const change = <T>(words: string, run: () => T): Promise<T> => this.#change(power, words, run)
    const look = async <T>(run: () => T): Promise<T> => {
      await awake(power)
      return run()
    }
    return {
      open: async (path, how) => {
        await awake(power)
        this.#failAs('open', path)
        const seen = this.#seen
        if (seen.folders.has(path)) throw systemError('EISDIR', 'open', path)
        const found = seen.files.get(path)
        if (how === 'read') {
          if (found === undefined) throw systemError('ENOENT', 'open', path)
          return this.#file(power, path, found)
        }
        if (found === undefined) {
          if (!seen.folders.has(posix.dirname(path))) throw systemError('ENOENT', 'open', path)
          return this.#file(power, path, await change(`create ${path}`, () => this.#create(path)))
        }
        if (how === 'create' && (seen.contents.get(found)?.length ?? 0) > 0)
          await change(`empty ${path}`, () => this.#apply({ kind: 'truncate', inode: found, size: 0 }))
        return this.#file(power, path, found)
      },
      rename: (from, to) =>
        change(`rename ${from} ${to}`, () => {
          this.#failAs('rename', from)
          if (!this.#seen.files.has(from)) throw systemError('ENOENT', 'rename', from)
          this.#apply({ kind: 'rename', from, to })
        }),
      remove: path =>
        change(`remove ${path}`, () => {
          if (
            [...this.#seen.files.keys(), ...this.#seen.folders].some(
              name => posix.dirname(name) === path && name !== path,
            )
          )
            throw systemError('ENOTEMPTY', 'rmdir', path)
          if (this.#seen.files.has(path) || this.#seen.folders.has(path)) this.#apply({ kind: 'remove', path })
        }),
      makeFolder: async path => {
        await awake(power)
        const missing: string[] = []
        for (let folder = path; !this.#seen.folders.has(folder); folder = posix.dirname(folder)) missing.unshift(folder)
        for (const folder of missing)
          await change(`folder ${folder}`, () => this.#apply({ kind: 'folder', path: folder }))
      },
      list: path =>
        look(() => {
          if (!this.#seen.folders.has(path)) throw systemError('ENOENT', 'scandir', path)
          const inside = (name: string): boolean => name !== path && posix.dirname(name) === path
          return [
            ...[...this.#seen.files.keys()]
              .filter(inside)
              .map(name => ({ name: posix.basename(name), isFolder: false })),
            ...[...this.#seen.folders].filter(inside).map(name => ({ name: posix.basename(name), isFolder: true })),
          ]
        }),
      sizeOf: path => look(() => (this.#seen.folders.has(path) ? 4096 : this.contentOf(path)?.length)),
      factsOf: path => look(() => (this.#seen.files.has(path) ? { mode: 0o644, modifiedMs: 0 } : undefined)),
      freeBytes: () => look(() => Math.max(0, this.capacityBytes - this.#usedBytes())),
      syncFolder: path =>
        change(`syncFolder ${path}`, () => {
          if (!this.#seen.folders.has(path)) throw systemError('ENOENT', 'open', path)
          this.#settle(pending => namesOf(pending).some(name => posix.dirname(name) === path))
        }),
    }
  }

  #file(power: { readonly on: boolean }, path: string, inode: number): DiskFile {
    const bytes = (): Buffer => this.#seen.contents.get(inode) ?? Buffer.alloc(0)
    return {
      read: async (offset, length) => {
        await awake(power)
        this.#failAs('read', path)
        return Buffer.from(bytes().subarray(offset, offset + length))
      },
      write: (offset, given) =>
        this.#change(power, `write ${path} ${offset}+${given.length}`, share => {
          this.#failAs('write', path)
          const grows = Math.max(0, offset + given.length - bytes().length)
          if (this.capacityBytes < unlimitedBytes && this.#usedBytes() + grows > this.capacityBytes)
            throw systemError('ENOSPC', 'write', path)
          const written = Buffer.from(given.subarray(0, Math.ceil(share * given.length)))
          if (written.length > 0) this.#apply({ kind: 'write', inode, offset, bytes: written })
        }),
      size: async () => {
        await awake(power)
        return bytes().length
      },
      truncate: size =>
        this.#change(power, `truncate ${path} ${size}`, () => this.#apply({ kind: 'truncate', inode, size })),
      sync: () =>
        this.#change(power, `sync ${path}`, () => {
          this.#failAs('sync', path)
          this.#settle(pending => 'inode' in pending && pending.kind !== 'name' && pending.inode === inode)
        }),
      close: () => awake(power),
    }
  }

  /** Counts the change; where the cut falls in it, it happens only as far as the cut says, and never comes back. */
  async #change<T>(power: { readonly on: boolean }, words: string, run: (share: number) => T): Promise<T> {
    await awake(power)
    this.changes += 1
    this.log.push(words)
    if (this.#cut?.change !== this.changes) return run(1)
    if (words.startsWith('write') || this.#cut.share === 1) run(this.#cut.share)
    this.turnOff()
    this.#onCut()
    return new Promise<never>(() => {})
  }

  #create(path: string): number {
    const inode = this.#nextInode++
    this.#apply({ kind: 'name', path, inode })
    return inode
  }

  #apply(change: Pending): void {
    this.revision += 1
    if (change.kind === 'write' || change.kind === 'truncate') this.#digests.delete(change.inode)
    applied(this.#seen, change)
    this.#pending.push(change)
  }

  #settle(concerns: (pending: Pending) => boolean): void {
    for (const pending of this.#pending) if (concerns(pending)) applied(this.#durable, pending)
    this.#pending = this.#pending.filter(pending => !concerns(pending))
  }

  #usedBytes(): number {
    let used = 0
    for (const inode of this.#seen.files.values()) used += this.#seen.contents.get(inode)?.length ?? 0
    return used
  }

  #failAs(operation: string, path: string): void {
    const fault = this.faults.get(operation)
    if (fault === undefined || !path.endsWith(fault.pathEnds)) return
    throw systemError(fault.code, operation, path)
  }
}

/** A program without power does not come back from a call. */
async function awake(power: { readonly on: boolean }): Promise<void> {
  if (!power.on) await new Promise<never>(() => {})
}

/** What of a change that lost its ground (the name it renames was never durable) is possible still, happens. */
function applied(tree: Tree, change: Pending): void {
  switch (change.kind) {
    case 'write': {
      const before = tree.contents.get(change.inode) ?? Buffer.alloc(0)
      const after = grown(before, change.offset + change.bytes.length)
      after.set(change.bytes, change.offset)
      tree.contents.set(change.inode, after)
      break
    }
    case 'truncate': {
      const after = Buffer.alloc(change.size)
      after.set((tree.contents.get(change.inode) ?? Buffer.alloc(0)).subarray(0, change.size))
      tree.contents.set(change.inode, after)
      break
    }
    case 'name':
      tree.files.set(change.path, change.inode)
      if (!tree.contents.has(change.inode)) tree.contents.set(change.inode, Buffer.alloc(0))
      break
    case 'folder':
      tree.folders.add(change.path)
      break
    case 'rename': {
      const inode = tree.files.get(change.from)
      if (inode === undefined) break
      tree.files.delete(change.from)
      tree.files.set(change.to, inode)
      break
    }
    case 'remove':
      tree.files.delete(change.path)
      tree.folders.delete(change.path)
      break
  }
}

/** The same bytes with room for `size`, and for few steps more; each tree has its own, and writes in place what fits. */
function grown(before: Buffer, size: number): Buffer {
  if (size <= before.length) return before
  const room = roomOf.get(before.buffer) ?? 0
  if (before.byteOffset + size <= room) return Buffer.from(before.buffer, before.byteOffset, size)
  const memory = new ArrayBuffer(Math.max(256, 4 * size))
  roomOf.set(memory, memory.byteLength)
  const after = Buffer.from(memory, 0, size)
  after.set(before)
  return after
}
/** Memory that belongs to one file of one tree, and how much it is: not the pool that small buffers share. */
const roomOf = new WeakMap<ArrayBufferLike, number>()

/** What is named in a folder that nothing names itself cannot be reached any more. */
function cutOff(tree: Tree): void {
  const isReached = (path: string): boolean =>
    path === '/' || (tree.folders.has(path) && isReached(posix.dirname(path)))
  for (const folder of [...tree.folders]) if (!isReached(folder)) tree.folders.delete(folder)
  for (const file of [...tree.files.keys()]) if (!isReached(posix.dirname(file))) tree.files.delete(file)
}

function namesOf(pending: Pending): readonly string[] {
  switch (pending.kind) {
    case 'name':
    case 'folder':
    case 'remove':
      return [pending.path]
    case 'rename':
      return [pending.from, pending.to]
    default:
      return []
  }
}

function copyOf({ files, folders, contents }: Tree): Tree {
  return {
    files: new Map(files),
    folders: new Set(folders),
    contents: new Map([...contents].map(([inode, bytes]) => [inode, Buffer.from(bytes)])),
  }
}

function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, errno: -1, syscall, path })
}
