// What a device asks of an image, and the answers: topics `chunks/request` and `chunks/data`. Readers throw WireError naming
// the field, as those of messages.ts do.
import { type ChunkEncoding, type ChunkPiece, chunkEncodings, readChunkPiece, wireChunkPiece } from './chunk-piece.ts'
import { decode, encode, type WireChunkRequest, WireError } from './codec.ts'
import type { OperationId } from './ids.ts'
import * as limits from './limits.ts'
import { publishHead } from './packets.ts'
import { atLeast, hex, need, operation, unhex } from './values.ts'

export interface ChunkRange {
  readonly first: number
  readonly count: number
}
export interface ChunkRequest {
  readonly requestNumber: number
  readonly operation: OperationId
  /** Lower-case hex. */
  readonly artifact: string
  readonly windowBytes: number
  readonly wanted:
    | { readonly kind: 'index'; readonly offset: number }
    | { readonly kind: 'chunks'; readonly ranges: readonly ChunkRange[] }
    /** The patch from that installed image to the artifact (lower-case hex). */
    | { readonly kind: 'patch'; readonly base: string; readonly offset: number }
}

export type RefusalReason = 'no-such-chunk' | 'no-right' | 'busy'
const refusalReasons: readonly RefusalReason[] = ['no-such-chunk', 'no-right', 'busy']

export type ChunkData =
  | ({ readonly kind: 'piece'; readonly requestNumber: number } & ChunkPiece)
  | {
      readonly kind: 'refusal'
      readonly requestNumber: number
      readonly reason: RefusalReason
      readonly chunk: number | undefined
      readonly retryAfterMs: number
    }

export function readChunkRequest(bytes: Uint8Array): ChunkRequest {
  const wire = decode('ChunkRequest', bytes, limits.chunkRequestBytesMax)
  if (wire.ranges.length > limits.chunkRangesMax)
    throw new WireError('ChunkRequest.ranges', `expected at most ${limits.chunkRangesMax}, got ${wire.ranges.length}`)
  const ranges = wire.ranges.map(({ first, count }) => ({
    first: need(first, 'ChunkRequest.ranges.first'),
    count: atLeast(count, 1, 'ChunkRequest.ranges.count'),
  }))
  const wanted = [wire.index === true, wire.patchBaseSha256 !== undefined, ranges.length > 0]
  if (wanted.filter(Boolean).length !== 1)
    throw new WireError(
      'ChunkRequest.ranges',
      'expected the index, a patch, or one range at least, and only one of them',
    )
  return {
    requestNumber: need(wire.requestNumber, 'ChunkRequest.requestNumber'),
    operation: operation(wire.operationId, 'ChunkRequest.operationId'),
    artifact: hex(wire.artifactSha256, 32, 'ChunkRequest.artifactSha256'),
    windowBytes: atLeast(wire.windowBytes, 1, 'ChunkRequest.windowBytes'),
    wanted: wantedOf(wire, ranges),
  }
}

function wantedOf(wire: WireChunkRequest, ranges: readonly ChunkRange[]): ChunkRequest['wanted'] {
  if (wire.index === true) return { kind: 'index', offset: wire.indexOffset ?? 0 }
  if (wire.patchBaseSha256 === undefined) return { kind: 'chunks', ranges }
  const base = hex(wire.patchBaseSha256, 32, 'ChunkRequest.patchBaseSha256')
  return { kind: 'patch', base, offset: wire.patchOffset ?? 0 }
}

export function encodeChunkRequest(request: ChunkRequest): Buffer {
  return encode('ChunkRequest', {
    requestNumber: request.requestNumber,
    operationId: request.operation,
    artifactSha256: unhex(request.artifact),
    windowBytes: request.windowBytes,
    ...wireWanted(request.wanted),
  })
}

function wireWanted(wanted: ChunkRequest['wanted']): Partial<WireChunkRequest> & { ranges: ChunkRange[] } {
  switch (wanted.kind) {
    case 'index':
      return { index: true, indexOffset: wanted.offset, ranges: [] }
    case 'patch':
      return { patchBaseSha256: unhex(wanted.base), patchOffset: wanted.offset, ranges: [] }
    case 'chunks':
      return { ranges: [...wanted.ranges] }
  }
}

export function readChunkData(bytes: Uint8Array): ChunkData {
  const wire = decode('ChunkData', bytes, limits.packetBytesMax)
  const requestNumber = need(wire.requestNumber, 'ChunkData.requestNumber')
  if (wire.refusal !== undefined) {
    const { chunk, retryAfterMs = 0 } = wire.refusal
    const reason = need(refusalReasons[(wire.refusal.reason ?? 0) - 1], 'ChunkData.reason')
    return { kind: 'refusal', requestNumber, reason, chunk, retryAfterMs }
  }
  const piece = readChunkPiece(need(wire.piece, 'ChunkData.piece'), 'ChunkData.piece')
  return { kind: 'piece', requestNumber, ...piece }
}

export function encodeChunkData(message: ChunkData): Buffer {
  const { requestNumber } = message
  if (message.kind === 'piece') return encode('ChunkData', { requestNumber, piece: wireChunkPiece(message) })
  const chunk = message.chunk === undefined ? {} : { chunk: message.chunk }
  const reason = refusalReasons.indexOf(message.reason) + 1
  return encode('ChunkData', { requestNumber, refusal: { reason, ...chunk, retryAfterMs: message.retryAfterMs } })
}

/** Most bytes a `chunkDataHead` has. */
export const chunkDataHeadBytesMax = 36

export interface PieceAbout {
  readonly requestNumber: number
  /** Undefined: a piece of the chunk index or of a patch. */
  readonly chunk: number | undefined
  readonly encoding: ChunkEncoding
  readonly encodedSize: number
  readonly offset: number
  readonly dataLength: number
}

/**
 * What stands before the data of a piece in its ChunkData message: this followed by `dataLength` bytes is the message.
 * So the bytes of a chunk are shared by all devices that get it. The same fields in the same order as `encodeChunkData`.
 */
export function chunkDataHead(piece: PieceAbout): Buffer {
  const fieldsBytes = fieldsBytesOf(piece)
  const head = Buffer.allocUnsafe(headBytesOf(piece, fieldsBytes))
  putHead(head, 0, piece, fieldsBytes)
  return head
}

/** What stands before the data of a piece in its whole PUBLISH at QoS 0: head of the packet and of the message in one. */
export function chunkDataPacketHead(topic: Uint8Array, piece: PieceAbout): Buffer {
  const fieldsBytes = fieldsBytesOf(piece)
  const headBytes = headBytesOf(piece, fieldsBytes)
  const packet = publishHead(topic, headBytes + piece.dataLength, headBytes)
  putHead(packet, packet.length - headBytes, piece, fieldsBytes)
  return packet
}

/** Of everything in the piece but its data, bytes. */
function fieldsBytesOf({ chunk, encodedSize, offset, dataLength }: PieceAbout): number {
  const chunkBytes = chunk === undefined ? 0 : 1 + varintBytes(chunk)
  return chunkBytes + 2 + 3 + varintBytes(encodedSize) + varintBytes(offset) + varintBytes(dataLength)
}

function headBytesOf({ requestNumber, dataLength }: PieceAbout, fieldsBytes: number): number {
  return 2 + varintBytes(requestNumber) + varintBytes(fieldsBytes + dataLength) + fieldsBytes
}

function putHead(head: Buffer, start: number, piece: PieceAbout, fieldsBytes: number): void {
  let at = putField(head, start, 0x08, piece.requestNumber)
  at = putField(head, at, 0x12, fieldsBytes + piece.dataLength)
  if (piece.chunk !== undefined) at = putField(head, at, 0x08, piece.chunk)
  at = putField(head, at, 0x10, chunkEncodings.indexOf(piece.encoding) + 1)
  at = putField(head, at, 0x18, piece.encodedSize)
  at = putField(head, at, 0x20, piece.offset)
  putField(head, at, 0x2a, piece.dataLength)
}

/** `value` is below 2^32. Returns the position behind it. */
function putField(head: Buffer, start: number, tag: number, value: number): number {
  let at = start
  head[at++] = tag
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) head[at++] = (rest & 0x7f) | 0x80
  head[at++] = rest
  return at
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}
