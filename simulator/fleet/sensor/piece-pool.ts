// The bytes on the disks of all virtual sensors of one process, each kept once. What a sensor writes is compared, byte by
// byte, with what the others wrote at the same place of a file; equal bytes become a reference, bytes of its own stay with
// it. So a sensor with the same image as thousands of others keeps a short list, and reads give back exactly what it wrote.
import { createHash } from 'node:crypto'

/** Bytes at a place of a file. Shared between sensors unless `id` is 0; nobody changes `bytes`. */
export interface Extent {
  readonly id: number
  readonly offset: number
  readonly bytes: Buffer
}

/** What a file holds, by offset, without overlaps; between them are zeros. Shared where all of its extents are. */
export class Content {
  readonly sizeBytes: number
  readonly extents: readonly Extent[]
  #digest: string | undefined

  constructor(sizeBytes: number, extents: readonly Extent[]) {
    this.sizeBytes = sizeBytes
    this.extents = extents
  }

  /** Lower-case hex SHA-256 of every byte; computed when it is first asked for. */
  get digest(): string {
    this.#digest ??= this.#hashed()
    return this.#digest
  }

  /** Up to `length` bytes; fewer at the end. The bytes belong to the caller; they are put in `into` when it is given. */
  read(offset: number, length: number, into?: Uint8Array): Uint8Array {
    const count = Math.max(0, Math.min(length, this.sizeBytes - offset))
    const result = into?.subarray(0, count) ?? Buffer.allocUnsafe(count)
    const end = offset + count
    let filled = offset
    for (let at = firstPast(this.extents, offset); at < this.extents.length; at += 1) {
      const extent = this.extents[at] as Extent
      if (extent.offset >= end) break
      const from = Math.max(offset, extent.offset)
      const to = Math.min(end, extent.offset + extent.bytes.length)
      if (from > filled) result.fill(0, filled - offset, from - offset)
      extent.bytes.copy(result, from - offset, from - extent.offset, to - extent.offset)
      filled = to
    }
    if (filled < end) result.fill(0, filled - offset)
    return result
  }

  #hashed(): string {
    const hash = createHash('sha256')
    let at = 0
    for (const { offset, bytes } of this.extents) {
      zeros(hash, offset - at)
      hash.update(bytes)
      at = offset + bytes.length
    }
    zeros(hash, this.sizeBytes - at)
    return hash.digest('hex')
  }
}

export const nothing = new Content(0, [])

/** Position of the first extent that ends after `offset`. */
export function firstPast(extents: readonly Extent[], offset: number): number {
  let [low, high] = [0, extents.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { offset: start, bytes } = extents[middle] as Extent
    if (start + bytes.length > offset) high = middle
    else low = middle + 1
  }
  return low
}

/** Different bytes at one place of one length that are kept for all; the versions there are of a small record. */
const variantsMax = 32
/** Whole files kept for all, and extents of one; a file with more is each sensor's own list. */
const contentsMax = 8192
const extentsMax = 4096

export class PiecePool {
  readonly #bytesMax: number
  readonly #extents = new Map<string, Extent[]>()
  readonly #contents = new Map<string, Content>()
  #bytes = 0
  #lastId = 0

  constructor(bytesMax = 512 * 1024 * 1024) {
    this.#bytesMax = bytesMax
  }

  /** Of all shared extents. */
  get bytes(): number {
    return this.#bytes
  }

  /** The shared extent with exactly these bytes, else a copy of them: shared while there is room, else the writer's own. */
  extent(offset: number, bytes: Uint8Array): Extent {
    const key = `${offset} ${bytes.length} ${sample(bytes)}`
    const known = this.#extents.get(key)
    const found = known?.find(extent => extent.bytes.equals(bytes))
    if (found !== undefined) return found
    const isShared = (known?.length ?? 0) < variantsMax && this.#bytes + bytes.length <= this.#bytesMax
    // Memory of its own: a slice of Buffer's pool would keep eight kilobytes alive for a few bytes.
    const copy = Buffer.from(new Uint8Array(bytes).buffer)
    if (!isShared) return { id: 0, offset, bytes: copy }
    this.#lastId += 1
    this.#bytes += bytes.length
    const extent = { id: this.#lastId, offset, bytes: copy }
    if (known === undefined) this.#extents.set(key, [extent])
    else known.push(extent)
    return extent
  }

  /** The one object for this content where it is shared, so that its digest is computed once for all. */
  content(sizeBytes: number, extents: readonly Extent[]): Content {
    if (sizeBytes === 0) return nothing
    if (extents.length > extentsMax || extents.some(({ id }) => id === 0)) return new Content(sizeBytes, extents)
    const key = `${sizeBytes} ${extents.map(({ id }) => id).join(' ')}`
    const found = this.#contents.get(key)
    if (found !== undefined) return found
    const content = new Content(sizeBytes, extents)
    if (this.#contents.size < contentsMax) this.#contents.set(key, content)
    return content
  }
}

/** Eight bytes of the beginning and of the end: enough to tell most pieces apart before all bytes are compared. */
function sample(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return `${view.toString('latin1', 0, 8)} ${view.toString('latin1', Math.max(0, bytes.length - 8))}`
}

const emptyPiece = Buffer.alloc(64 * 1024)

function zeros(hash: { update(bytes: Buffer): unknown }, count: number): void {
  for (let left = count; left > 0; left -= emptyPiece.length)
    hash.update(emptyPiece.subarray(0, Math.min(left, emptyPiece.length)))
}
