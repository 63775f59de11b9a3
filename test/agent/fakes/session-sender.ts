// A broadcast session by script: says its words and sends chunks in pieces to the device of a FakeBroker, as long as that
// one listens.
import {
  encodeSessionControl,
  encodeSessionData,
  type SessionControl,
  type SessionPiece,
} from '../../../proto/session-messages.ts'
import type { FakeBroker } from './broker.ts'
import type { Release } from './release.ts'

export class SessionSender {
  readonly name: string
  readonly #broker: FakeBroker
  readonly #release: Release
  pieceBytes = 300
  /** True: what is said was on its way already when the device left. */
  late = false
  /** What becomes of a piece; the default sends it as it is. */
  weather: (piece: SessionPiece) => readonly SessionPiece[] = piece => [piece]

  constructor(broker: FakeBroker, release: Release, name = '00000000000000a1') {
    this.#broker = broker
    this.#release = release
    this.name = name
  }

  get chunkCount(): number {
    return this.#release.index.count
  }

  /** True when the device got it. */
  say(kind: SessionControl['kind'], artifact = this.#release.manifest.payloadSha256): boolean {
    const control = kind === 'abort' ? { kind, artifact, reason: 'no more power' } : { kind, artifact }
    return this.#broker.sayInSession(this.name, 'control', encodeSessionControl(control), this.late)
  }

  /** Chunks `first` to `last`, the last one included. */
  send(first = 0, last = this.chunkCount - 1): void {
    for (let chunk = first; chunk <= last; chunk += 1)
      for (const piece of this.pieces(chunk)) for (const sent of this.weather(piece)) this.piece(sent)
  }

  piece(piece: SessionPiece): void {
    this.#broker.sayInSession(this.name, 'data', encodeSessionData(piece), this.late)
  }

  pieces(chunk: number): SessionPiece[] {
    const { encoding, bytes } = this.#release.chunk(chunk)
    const pieces: SessionPiece[] = []
    for (let offset = 0; offset < bytes.length; offset += this.pieceBytes) {
      const data = bytes.subarray(offset, offset + this.pieceBytes)
      pieces.push({ chunk, encoding, encodedSize: bytes.length, offset, data })
    }
    return pieces
  }
}
