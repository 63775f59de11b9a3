// Signed patches for tests, their frames holding bytes as they are: any zstd decoder reads them, and so does `plainOf`.
import type { Manifest } from '../../../proto/manifest.ts'
import { type DeltaMetadata, encodeDeltaMetadata, encodePatchFrameHead, patchMagic } from '../../../proto/patch.ts'
import type { OfferedPatch } from './broker.ts'
import { type Release, releaseOf, sha256Hex } from './release.ts'

const frameBytes = 2_000
const baseBytes = 100
const headBytes = 12

/** Makes `image` of `base`; each frame names a range of it. */
export function patchReleaseOf(image: Buffer, base: Buffer, changes: Partial<Manifest> = {}): Release {
  return releaseOf(patchOf(image, base), {
    format: 'delta-zstd',
    installedSize: image.length,
    installedSha256: sha256Hex(image),
    precursorSha256: sha256Hex(base),
    metadata: encodeDeltaMetadata(metadataOf(base)),
    ...changes,
  })
}

/** The same as a way to `image` that nobody signed. */
export function patchTransportOf(image: Buffer, base: Buffer): OfferedPatch {
  const bytes = patchOf(image, base)
  const transport = { base: sha256Hex(base), patchBytes: bytes.length, metadata: metadataOf(base) }
  return { transport, bytes }
}

function metadataOf(base: Buffer): DeltaMetadata {
  return {
    baseSize: base.length,
    frameBytesMax: frameBytes,
    baseBytesMax: baseBytes,
    encodedBytesMax: frameBytes + baseBytes,
  }
}

function patchOf(image: Buffer, base: Buffer): Buffer {
  const frames: Buffer[] = [Buffer.from(patchMagic)]
  for (let at = 0; at < image.length; at += frameBytes) {
    const output = image.subarray(at, at + frameBytes)
    const encoded = rawFrame(output)
    const baseOffset = Math.min(at, base.length - baseBytes)
    frames.push(
      encodePatchFrameHead({ outputBytes: output.length, baseOffset, baseBytes, encodedBytes: encoded.length }),
      encoded,
    )
  }
  return Buffer.concat(frames)
}

/** A zstd frame (RFC 8878) whose one block holds its bytes as they are. */
export function rawFrame(content: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(0xfd2fb528, 0)
  // Single segment, content size in four bytes, no checksum, no dictionary id.
  head.writeUInt8(0b1010_0000, 4)
  head.writeUInt32LE(content.length, 5)
  head.writeUIntLE((content.length << 3) | 1, 9, 3)
  return Buffer.concat([head, content])
}

/** What such a frame holds. */
export function plainOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(headBytes)
}
