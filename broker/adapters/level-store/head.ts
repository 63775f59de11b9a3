// The head: a small file beside the database that says up to which batch was acknowledged. It is written after the
// batch is durable and before anyone is told, so a database whose last batch lies below the head has lost acknowledged
// records, however well it opens.
//
// Two slots of text, each in its own sector; batch n goes to slot n mod 2, so a write cut in two leaves the other one.
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { fixed } from './keys.ts'

export interface HeadPosition {
  /** Last batch acknowledged; 0 in a store being made. */
  readonly batch: number
  /** Last event number acknowledged. */
  readonly event: number
}

const slotBytes = 64
const slotSpacing = 4096
const version = 1

/** What the file says: undefined when it does not exist, 'damaged' when no slot is whole, 'newer' when not ours. */
export async function readHead(path: string): Promise<HeadPosition | 'damaged' | 'newer' | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const bytes = Buffer.alloc(2 * slotSpacing)
    await file.read(bytes, 0, bytes.length, 0)
    const positions = [0, 1].flatMap(
      slot => parseSlot(bytes.subarray(slot * slotSpacing, slot * slotSpacing + slotBytes)) ?? [],
    )
    if (positions.some(position => position.version > version)) return 'newer'
    return positions.sort((a, b) => b.batch - a.batch)[0] ?? 'damaged'
  } finally {
    await file.close()
  }
}

/** Makes a head at `position`, all or nothing; the directory entry is durable too. */
export async function createHead(path: string, position: HeadPosition): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w')
  try {
    const bytes = Buffer.alloc(2 * slotSpacing)
    for (const slot of [0, 1]) formatSlot(position).copy(bytes, slot * slotSpacing)
    await file.write(bytes, 0, bytes.length, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The open file of the one writer. */
export class Head {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(path: string): Promise<Head> {
    return new Head(await open(path, 'r+'))
  }

  /** Durable when it resolves. */
  async advance(position: HeadPosition): Promise<void> {
    await this.#write(position, position.batch % 2)
  }

  /** Both slots at `position`, the older one first: afterwards no single damaged slot can turn the head back. */
  async settle(position: HeadPosition): Promise<void> {
    await this.#write(position, position.batch % 2)
    await this.#write(position, (position.batch + 1) % 2)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #write(position: HeadPosition, slot: number): Promise<void> {
    await this.#file.write(formatSlot(position), 0, slotBytes, slot * slotSpacing)
    await this.#file.datasync()
  }
}

function formatSlot(position: HeadPosition): Buffer {
  const body = `drover-head ${version} ${fixed(position.batch)} ${fixed(position.event)} `
  return Buffer.from(`${body}${checksumOf(body)}`.padEnd(slotBytes - 1).concat('\n'))
}

function parseSlot(bytes: Buffer): (HeadPosition & { readonly version: number }) | undefined {
  const match = /^(drover-head (\d+) ([0-9a-f]{14}) ([0-9a-f]{14}) )([0-9a-f]{8}) *\n$/.exec(bytes.toString('latin1'))
  const [, body = '', format = '', batch = '', event = '', checksum = ''] = match ?? []
  if (match === null || checksumOf(body) !== checksum) return undefined
  return { version: Number(format), batch: Number.parseInt(batch, 16), event: Number.parseInt(event, 16) }
}

const checksumOf = (body: string): string => crc32(body).toString(16).padStart(8, '0')
