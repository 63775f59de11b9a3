// What an update takes in memory at most, told from its manifest before anything is fetched (UPD4_FAIL_34).
import type { Manifest } from '../../proto/manifest.ts'
import { readPackageMetadata } from '../../proto/package.ts'
import { readDeltaMetadata } from '../../proto/patch.ts'

/**
 * Bytes of the buffers that grow with the update: the chunk index, the window of chunks on their way, and what making
 * the image asks for (one frame of a patch with its range of the base, the descriptor of a package). `manifest` was read
 * by `readManifest`.
 */
export function bufferBytes(manifest: Manifest, windowBytes: number): number {
  return manifest.chunkIndexSize + windowBytes + unpackingBytes(manifest)
}

function unpackingBytes({ format, metadata = new Uint8Array(0) }: Manifest): number {
  switch (format) {
    case 'raw':
      return 0
    case 'delta-zstd': {
      const { frameBytesMax, baseBytesMax, encodedBytesMax } = readDeltaMetadata(metadata)
      // Everything twice: here, and in the memory of the decoder.
      return 2 * (frameBytesMax + baseBytesMax + encodedBytesMax)
    }
    case 'combined':
      return readPackageMetadata(metadata).descriptorSize
  }
}
