// What is said in a broadcast session, for both sides: control messages and pieces of chunks. Readers throw WireError
// naming the field, as those of messages.ts do.
import { type ChunkPiece, readChunkPiece, wireChunkPiece } from './chunk-piece.ts'
import { decode, encode, WireError } from './codec.ts'
import { packetBytesMax, sessionControlBytesMax } from './limits.ts'
import { hex, need, text, unhex } from './values.ts'

/** In the order of the numbers on the wire, from 1, and of a session; `abort` takes the place of what would come next. */
export const sessionWords = ['start', 'end', 'activate', 'abort'] as const

/** `artifact`: lower-case hex, payload SHA-256 of what the session carries. */
export type SessionControl =
  | { readonly kind: 'start' | 'end' | 'activate'; readonly artifact: string }
  /** `reason`: up to 256 bytes, for people; may be empty. */
  | { readonly kind: 'abort'; readonly artifact: string; readonly reason: string }

/** A session carries chunks alone, never the index. */
export type SessionPiece = ChunkPiece & { readonly chunk: number }

export function readSessionControl(bytes: Uint8Array): SessionControl {
  const wire = decode('SessionControl', bytes, sessionControlBytesMax)
  const artifact = hex(wire.artifactSha256, 32, 'SessionControl.artifactSha256')
  const kind = need(sessionWords[(wire.action ?? 0) - 1], 'SessionControl.action')
  if (kind === 'abort')
    return { kind, artifact, reason: wire.reason === undefined ? '' : text(wire.reason, 256, 'SessionControl.reason') }
  if (wire.reason !== undefined) throw new WireError('SessionControl.reason', 'only an abort has a reason')
  return { kind, artifact }
}

export function encodeSessionControl(control: SessionControl): Buffer {
  const { kind, artifact } = control
  const reason = kind === 'abort' && control.reason !== '' ? { reason: control.reason } : {}
  return encode('SessionControl', {
    artifactSha256: unhex(artifact),
    action: sessionWords.indexOf(kind) + 1,
    ...reason,
  })
}

export function readSessionData(bytes: Uint8Array): SessionPiece {
  const wire = decode('SessionData', bytes, packetBytesMax)
  const piece = readChunkPiece(need(wire.piece, 'SessionData.piece'), 'SessionData.piece')
  if (piece.chunk === undefined) throw new WireError('SessionData.piece.chunk', 'absent: a session carries no index')
  return { ...piece, chunk: piece.chunk }
}

export function encodeSessionData(piece: SessionPiece): Buffer {
  return encode('SessionData', { piece: wireChunkPiece(piece) })
}
