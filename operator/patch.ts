// The patch between two image files of the operator, with what is wrong told in the words of the command line.
import type { FileHandle } from 'node:fs/promises'
import type { DeltaMetadata } from '../proto/patch.ts'
import { makePatch, NoPatch } from '../proto/patch-making.ts'
import type { MakeFrame } from '../proto/zstd-frames.ts'
import { changed } from './bundle-file.ts'
import { badFlag } from './errors.ts'
import { writeAll } from './files.ts'

/** Each takes a thread and some MiB. */
const framesAtOnce = 4

/** An open file and its length. */
export interface OpenImage {
  readonly file: FileHandle
  readonly sizeBytes: number
}

export interface MadePatch {
  readonly metadata: DeltaMetadata
  readonly sizeBytes: number
  /** Lower-case hex, of both images. */
  readonly baseSha256: string
  readonly imageSha256: string
}

/**
 * Writes the patch that makes `image` from `base` to `out`, from its beginning; not synced. `step` is told the bytes of the
 * new image as they are done. Throws BadInput naming `--image` or `--delta-from`.
 */
export async function writePatch(
  base: OpenImage,
  image: OpenImage,
  out: FileHandle,
  makeFrame: MakeFrame,
  step: (bytes: number) => void,
): Promise<MadePatch> {
  try {
    return await makePatch({
      base: { bytes: base.file, sizeBytes: base.sizeBytes },
      image: { bytes: image.file, sizeBytes: image.sizeBytes },
      makeFrame,
      framesAtOnce,
      write: (bytes, position) => writeAll(out, bytes, position),
      step,
    })
  } catch (error) {
    if (!(error instanceof NoPatch)) throw error
    switch (error.reason) {
      case 'same-image':
        throw badFlag('--delta-from', 'is the same image')
      case 'base-changed':
        throw changed('--delta-from')
      case 'image-changed':
      case 'too-long':
        throw changed('--image')
    }
  }
}
