// What the orchestration knows of patches the broker makes by itself: one question at each offer.
import type { ArtifactId, DeviceId } from '../../proto/ids.ts'
import type { PatchTransport } from '../../proto/patch-transport.ts'

/** What the orchestration asks about patches when it hands an update over. */
export interface PatchOffers {
  /**
   * The patch for a device that runs `base` and is handed `target`, if there is one that fits its memory and costs less
   * than the chunks it lacks. Asking counts: what enough devices ask for is made. Cheap; asked for each offer.
   */
  offerFor(
    device: DeviceId,
    pair: { readonly base: ArtifactId; readonly target: ArtifactId },
    memoryBytes: number,
  ): PatchTransport | undefined
  /**
   * What a device with so much memory for patches would be sent at least when it pulls: by chunks it lacks, or by the patch
   * where that fits, bytes. Undefined: not known.
   */
  leastBytes(pair: { readonly base: ArtifactId; readonly target: ArtifactId }, memoryBytes: number): number | undefined
}
