// An image in memory, cut into chunks of one size: what is measured is the way from a chunk to a socket, not the disk.
import type { ArtifactReader } from '../../broker/ports.ts'
import { artifactId, operationId } from '../../proto/ids.ts'
import { encodeSessionData } from '../../proto/session-messages.ts'

export const artifact = artifactId('ab'.repeat(32))
export const operation = operationId('0'.repeat(26))

/** Sixteen MiB, each chunk different in nothing but its place: nobody looks inside. */
const imageBytes = 16 * 1024 * 1024
const image = Buffer.alloc(imageBytes, 'drover delivery ')

/** What a broadcast says of a chunk, with the chunk. */
export function chunkMessage(chunk: number, chunkBytes: number): Buffer {
  const data = chunkAt(chunk % chunkCountOf(chunkBytes), chunkBytes)
  return encodeSessionData({ chunk, encoding: 'plain', encodedSize: chunkBytes, offset: 0, data })
}

export function chunkCountOf(chunkBytes: number): number {
  return imageBytes / chunkBytes
}

/** Not copied. */
export function chunkAt(chunk: number, chunkBytes: number): Buffer {
  return image.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)
}

/** The whole image, or the first `bytes` of it. */
export function memoryReader(chunkBytes: number, bytes = imageBytes): ArtifactReader {
  return {
    id: artifact,
    chunkCount: bytes / chunkBytes,
    chunkIndex: new Uint8Array(1),
    encodingOf: () => 'plain',
    encodedLengthOf: () => chunkBytes,
    read: async chunk => chunkAt(chunk, chunkBytes),
  }
}
