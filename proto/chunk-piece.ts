// One piece of one chunk, as it stands in the answers to requests and in broadcast sessions alike.
import { WireError } from './codec.ts'
import { chunkBytesMax, patchTransportBytesMax } from './limits.ts'
import { need } from './values.ts'

export type ChunkEncoding = 'plain' | 'deflate'
/** In the order of the numbers on the wire, from 1. */
export const chunkEncodings: readonly ChunkEncoding[] = ['plain', 'deflate']

export interface ChunkPiece {
  /** Undefined: a piece of what else was asked for, the chunk index or a patch; `encodedSize` is then the size of that. */
  readonly chunk: number | undefined
  readonly encoding: ChunkEncoding
  /** Of the whole chunk as it travels; the reader has checked that the piece lies within. */
  readonly encodedSize: number
  readonly offset: number
  /** A view of the packet; one byte at least. */
  readonly data: Uint8Array
}

export interface WireChunkPiece {
  chunk?: number
  encoding?: number
  encodedSize?: number
  offset?: number
  data?: Uint8Array
}

/** Throws WireError naming `field`. */
export function readChunkPiece(wire: WireChunkPiece, field: string): ChunkPiece {
  const encoding = need(chunkEncodings[(wire.encoding ?? 0) - 1], `${field}.encoding`)
  // For a chunk the receiver takes this much memory before it has the bytes, so a hostile size ends here.
  const encodedSize = need(wire.encodedSize, `${field}.encodedSize`)
  const encodedSizeMax = wire.chunk === undefined ? patchTransportBytesMax : chunkBytesMax
  if (encodedSize > encodedSizeMax)
    throw new WireError(`${field}.encodedSize`, `expected at most ${encodedSizeMax}, got ${encodedSize}`)
  const offset = wire.offset ?? 0
  const data = need(wire.data, `${field}.data`)
  if (data.length === 0) throw new WireError(`${field}.data`, 'expected one byte at least')
  if (offset + data.length > encodedSize) throw new WireError(`${field}.data`, 'reaches past the encoded size')
  return { chunk: wire.chunk, encoding, encodedSize, offset, data }
}

export function wireChunkPiece({ chunk, encoding, encodedSize, offset, data }: ChunkPiece): WireChunkPiece {
  const name = chunk === undefined ? {} : { chunk }
  return { ...name, encoding: chunkEncodings.indexOf(encoding) + 1, encodedSize, offset, data }
}
