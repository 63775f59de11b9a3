// Chunks on their way through a broadcast session. Nobody asked for them and nobody can slow them down, so what is kept
// of chunks that are not whole has a limit: the oldest one goes, and is pulled later if it does not come again.
import type { SessionPiece } from '../../proto/session-messages.ts'
import { Assembly } from './assembly.ts'

export class SessionPieces {
  /** In the order in which their last piece came. */
  readonly #assemblies = new Map<number, Assembly>()
  #bytes = 0

  /** Memory taken, bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * The chunk of this piece when it is whole now, as it travelled. `plainBytes`: its length by the signed index.
   * `bytesMax`: of all chunks under construction; one is kept in any case.
   */
  take(piece: SessionPiece, plainBytes: number, bytesMax: number): Assembly | undefined {
    const { chunk } = piece
    let assembly = this.#assemblies.get(chunk)
    let outcome = assembly?.take(piece)
    this.drop(chunk)
    if (assembly === undefined || outcome === 'contradicts') {
      // A sender that begins anew may have encoded it otherwise: what comes last counts.
      assembly = Assembly.begin(piece, plainBytes)
      outcome = assembly?.take(piece)
    }
    if (assembly === undefined || outcome === 'contradicts') return undefined
    if (outcome === 'whole') return assembly
    this.#makeRoom(bytesMax - assembly.bytes.length)
    this.#assemblies.set(chunk, assembly)
    this.#bytes += assembly.bytes.length
    return undefined
  }

  drop(chunk: number): void {
    this.#bytes -= this.#assemblies.get(chunk)?.bytes.length ?? 0
    this.#assemblies.delete(chunk)
  }

  clear(): void {
    this.#assemblies.clear()
    this.#bytes = 0
  }

  #makeRoom(bytesMax: number): void {
    for (const chunk of this.#assemblies.keys()) {
      if (this.#bytes <= bytesMax) return
      this.drop(chunk)
    }
  }
}
