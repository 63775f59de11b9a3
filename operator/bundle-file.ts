// From a payload to a bundle in two passes, neither of which holds more than a window of it:
//
//   1  cut ─▶ SHA-256 of each chunk and of the payload ─▶ chunk index          (then the caller signs the manifest)
//   2  read again, compare with pass 1 ─▶ compress each chunk ─▶ file, after the head whose length is known by then
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { encodeBundleHead, encodeChunk } from '../proto/bundle.ts'
import { encodeChunkIndex } from '../proto/chunk-index.ts'
import type { ChunkEncoding } from '../proto/chunk-piece.ts'
import type { ChunkerSettings } from '../proto/chunker.ts'
import { chunkerFor, cutImage } from '../proto/image-chunks.ts'
import { chunkIndexBytesMax } from '../proto/limits.ts'
import { type BadInput, badFlag } from './errors.ts'
import { writeAll } from './files.ts'

/** What pass 1 found. */
export interface CutPayload {
  readonly settings: ChunkerSettings
  readonly lengths: readonly number[]
  /** 32 bytes a chunk. */
  readonly digests: Buffer
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Exactly the bytes that the manifest vouches for. */
  readonly indexBytes: Buffer
}

/** `step` is told the bytes as they are done. Throws BadInput naming `flag`. */
export async function cutPayload(
  file: FileHandle,
  sizeBytes: number,
  flag: string,
  step: (bytes: number) => void,
): Promise<CutPayload> {
  const settings = chunkerFor(sizeBytes)
  const lengths: number[] = []
  const digests = Buffer.alloc((Math.ceil(sizeBytes / settings.minimumBytes) + 1) * 32)
  const whole = createHash('sha256')
  let hashed = 0
  for await (const chunk of cutImage(file, sizeBytes, settings)) {
    createHash('sha256')
      .update(chunk)
      .digest()
      .copy(digests, lengths.length * 32)
    whole.update(chunk)
    lengths.push(chunk.length)
    hashed += chunk.length
    step(chunk.length)
  }
  if (hashed !== sizeBytes) throw changed(flag)
  const used = digests.subarray(0, lengths.length * 32)
  const indexBytes = encodeChunkIndex(settings, lengths, used)
  if (indexBytes.length > chunkIndexBytesMax)
    throw badFlag(flag, `its chunk index has ${indexBytes.length} bytes, expected at most ${chunkIndexBytesMax}`)
  return { settings, lengths, digests: used, sizeBytes, sha256: whole.digest('hex'), indexBytes }
}

/** Writes the bundle to `path`, which must not exist; synced when it resolves. Bytes written. Throws BadInput naming `flag`. */
export async function writeBundle(
  file: FileHandle,
  path: string,
  envelope: Uint8Array,
  cut: CutPayload,
  flag: string,
  step: (bytes: number) => void,
): Promise<number> {
  const chunks: { encoding: ChunkEncoding; length: number }[] = cut.lengths.map(length => ({
    encoding: 'plain',
    length,
  }))
  // Lengths and encodings have a fixed width, so the head is as long now as it will be at the end.
  const headBytes = encodeBundleHead(envelope, cut.indexBytes, chunks).length
  const bundle = await open(path, 'wx', 0o644)
  try {
    let position = headBytes
    let number = 0
    for await (const chunk of cutImage(file, cut.sizeBytes, cut.settings, cut.lengths)) {
      const digest = createHash('sha256').update(chunk).digest()
      if (!digest.equals(cut.digests.subarray(number * 32, number * 32 + 32))) throw changed(flag)
      const { encoding, bytes } = encodeChunk(chunk)
      await writeAll(bundle, bytes, position)
      chunks[number] = { encoding, length: bytes.length }
      position += bytes.length
      number += 1
      step(chunk.length)
    }
    if (number !== cut.lengths.length) throw changed(flag)
    await writeAll(bundle, encodeBundleHead(envelope, cut.indexBytes, chunks), 0)
    await bundle.sync()
    return position
  } finally {
    await bundle.close()
  }
}

export function changed(flag: string): BadInput {
  return badFlag(flag, 'the file changed while it was read; try again when nobody writes to it')
}
