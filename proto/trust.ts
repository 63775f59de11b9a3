// How one trust document follows another. Each is signed by the root keys of the one before it and by its own, at both
// thresholds, and counts up by one: whoever holds any of them can walk to the newest, and nobody can walk back or leave one
// out. Expiry is not judged on the way: only the document in force must be in date, and that is judged when it is used.
//
//   document 1 ──(root of 1 signs)──▶ document 2 ──(root of 2 signs)──▶ document 3 …     each also by its own root
//
// The device that takes one, the broker that hands it on and the operator who made it judge through the same function.
import { distrust, EnvelopeError, openEnvelope, parseTrustDocument, type TrustDocument } from './envelope.ts'

/**
 * The document in `bytes`, as successor of `current`. Throws EnvelopeError: as parseTrustDocument, and NOT_TRUSTED with
 * `not-newer` (version not above the current one), `version-gap` (not the very next), `previous-root` (too few keys of
 * the current root signed it) or `epoch-falls`.
 */
export function successorOf(current: TrustDocument, bytes: Uint8Array): TrustDocument {
  const next = parseTrustDocument(bytes)
  if (next.version <= current.version) throw new EnvelopeError('NOT_TRUSTED', 'not-newer')
  if (next.version !== current.version + 1) throw new EnvelopeError('NOT_TRUSTED', 'version-gap')
  const root = current.roles.get('root')
  if (root === undefined || distrust(openEnvelope(bytes), 'trust', root, current) !== undefined)
    throw new EnvelopeError('NOT_TRUSTED', 'previous-root')
  if (epochOf(next) < epochOf(current)) throw new EnvelopeError('NOT_TRUSTED', 'epoch-falls')
  return next
}

/** Release counters count within one epoch. */
export function epochOf({ releaseEpoch = 0 }: TrustDocument): number {
  return releaseEpoch
}

/** Documents each of which follows the one before; the first one is believed as a device believes what it was given. */
export class TrustChain {
  readonly #documents: readonly Known[]

  private constructor(documents: readonly Known[]) {
    this.#documents = documents
  }

  /** In any order. Throws EnvelopeError when one is none, or does not follow the one with the version before. */
  static of(documents: readonly Uint8Array[]): TrustChain {
    const read = documents.map(bytes => ({ bytes, document: parseTrustDocument(bytes) }))
    read.sort((one, other) => one.document.version - other.document.version)
    for (const [position, { document }] of read.entries()) {
      const next = read[position + 1]
      if (next !== undefined) successorOf(document, next.bytes)
    }
    return new TrustChain(read.map(({ bytes, document: { version } }) => ({ version, bytes })))
  }

  /** Of the newest; 0 when there is none. */
  get version(): number {
    return this.#documents.at(-1)?.version ?? 0
  }

  /**
   * What a device that holds `version` is to be told, in this order, at most `countMax`: nothing when it is up to date,
   * and nothing when the one it needs first is not there.
   */
  after(version: number, countMax = this.#documents.length): readonly Uint8Array[] {
    const first = this.#documents.findIndex(known => known.version === version + 1)
    return first < 0 ? [] : this.#documents.slice(first, first + countMax).map(({ bytes }) => bytes)
  }
}

interface Known {
  readonly version: number
  readonly bytes: Uint8Array
}
