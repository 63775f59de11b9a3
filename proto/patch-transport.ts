// A patch as a way to an image that the broker offers beside its chunks. Nobody has signed it: what comes out counts only
// where the signed chunk index says the same. The bytes are those of proto/patch.ts.
import { patchTransportBytesMax } from './limits.ts'
import { checkedDeltaMetadata, type DeltaMetadata } from './patch.ts'
import { hex, need, unhex, within } from './values.ts'

export interface PatchTransport {
  /** Lower-case hex, SHA-256 of the installed image it starts from. */
  readonly base: string
  readonly patchBytes: number
  readonly metadata: DeltaMetadata
}

export interface WirePatchTransport {
  baseSha256?: Uint8Array
  patchSize?: number
  metadata?: Partial<DeltaMetadata>
}

/** What a device needs in memory for any frame of such a patch: everything twice, here and in the decoder; bytes. */
export function patchMemoryBytes({ frameBytesMax, baseBytesMax, encodedBytesMax }: DeltaMetadata): number {
  return 2 * (frameBytesMax + baseBytesMax + encodedBytesMax)
}

/** Throws WireError naming the field. */
export function readPatchTransport(wire: WirePatchTransport): PatchTransport {
  return {
    base: hex(wire.baseSha256, 32, 'PatchTransport.baseSha256'),
    patchBytes: within(wire.patchSize, 1, patchTransportBytesMax, 'PatchTransport.patchSize'),
    metadata: checkedDeltaMetadata(need(wire.metadata, 'PatchTransport.metadata')),
  }
}

export function wirePatchTransport({ base, patchBytes, metadata }: PatchTransport): WirePatchTransport {
  return { baseSha256: unhex(base), patchSize: patchBytes, metadata: { ...metadata } }
}
