// What an update takes in memory at most: told from its manifest before anything is fetched, and once more when the index
// is here (UPD4_FAIL_34); and what of the budget is left for a patch.

import type { ChunkIndex } from '../../proto/chunk-index.ts'
import { chunkerDefaults } from '../../proto/chunker.ts'
import type { Manifest } from '../../proto/manifest.ts'
import { readPackageMetadata } from '../../proto/package.ts'
import { readDeltaMetadata } from '../../proto/patch.ts'
import { patchMemoryBytes } from '../../proto/patch-transport.ts'

/**
 * Bytes of the buffers that grow with the update: the chunk index, the window of chunks on their way, and what making
 * the image asks for (one frame of a patch with its range of the base, the descriptor of a package). `manifest` was read
 * by `readManifest`.
 */
export function bufferBytes(manifest: Manifest, windowBytes: number): number {
  return manifest.chunkIndexSize + windowBytes + unpackingBytes(manifest)
}

/**
 * Bytes of a download. Only the index tells how long a chunk may be: one at least is held as it arrives, once more as it
 * is checked, and a session, or a patch, may bring another.
 */
export function downloadBytes(
  indexBytes: number,
  { maximumBytes }: ChunkIndex['settings'],
  windowBytes: number,
): number {
  return indexBytes + Math.max(windowBytes, maximumBytes) + 2 * maximumBytes
}

/** Images up to about 450 MiB have smaller indexes; with larger ones the patch may find no room, and is not used then. */
const usualIndexBytes = 1024 * 1024

/** What of the budget a patch may take, for the hello; bytes, 0: nothing. */
export function roomForPatches(budget: { readonly memoryBudgetBytes: number; readonly windowBytes: number }): number {
  const chunks = { ...chunkerDefaults, maximumBytes: 2 * chunkerDefaults.maximumBytes }
  return Math.max(0, budget.memoryBudgetBytes - downloadBytes(usualIndexBytes, chunks, budget.windowBytes))
}

function unpackingBytes({ format, metadata = new Uint8Array(0) }: Manifest): number {
  switch (format) {
    case 'raw':
      return 0
    case 'delta-zstd':
      return patchMemoryBytes(readDeltaMetadata(metadata))
    case 'combined':
      return readPackageMetadata(metadata).descriptorSize
  }
}
