// One chunk coming together from its pieces, in any order. Memory: what the chunk takes as it travels, never more than
// the signed index allows, and a number a piece.
import type { ChunkPiece } from '../../proto/chunk-piece.ts'
import { chunkBytesMax, devicePacketBytesLeast } from '../../proto/limits.ts'

/** The longest chunk in the smallest packets makes half as many: more are no chunk but a way to fill memory. */
const piecesMax = (2 * chunkBytesMax) / devicePacketBytesLeast

export class Assembly {
  readonly encoding: ChunkPiece['encoding']
  readonly bytes: Buffer
  /** Offsets of the pieces that came; a piece that comes twice counts once. */
  readonly #offsets = new Set<number>()
  #arrivedBytes = 0

  /** For the chunk this piece is of, whose plain length is `plainBytes`; undefined when that cannot be. */
  static begin({ encoding, encodedSize }: ChunkPiece, plainBytes: number): Assembly | undefined {
    // Never a byte more than the index allows, whatever the piece says of itself.
    return encodedSize < 1 || encodedSize > plainBytes ? undefined : new Assembly(encoding, encodedSize)
  }

  private constructor(encoding: ChunkPiece['encoding'], encodedSize: number) {
    this.encoding = encoding
    this.bytes = Buffer.alloc(encodedSize)
  }

  /** Copies the piece. `contradicts`: it is not of the chunk that was begun. */
  take({ encoding, encodedSize, offset, data }: ChunkPiece): 'contradicts' | 'known' | 'more' | 'whole' {
    if (encodedSize !== this.bytes.length || encoding !== this.encoding) return 'contradicts'
    if (data.length === 0 || offset + data.length > encodedSize) return 'contradicts'
    if (this.#offsets.has(offset)) return 'known'
    if (this.#offsets.size === piecesMax) return 'contradicts'
    this.bytes.set(data, offset)
    this.#offsets.add(offset)
    this.#arrivedBytes += data.length
    return this.#arrivedBytes < encodedSize ? 'more' : 'whole'
  }
}
