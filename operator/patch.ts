// From two images to the patch between them, frame by frame: memory for a few frames and the table of where things are.
//
//   cut the old image into pieces ─▶ cut the new one ─▶ for each frame: the best range of the old ─▶ zstd ─▶ file
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { type DeltaMetadata, encodePatchFrameHead, patchFrameHeadBytes, patchMagic } from '../proto/patch.ts'
import { changed } from './bundle-file.ts'
import { badFlag } from './errors.ts'
import { writeAll } from './files.ts'
import { cutImage } from './image-chunks.ts'
import { BaseRanges, type Piece, pieceSettings } from './patch-ranges.ts'
import type { MakeFrame } from './zstd.ts'

/**
 * Measured on two releases of a 10 MB program (docs/BENCHMARKS.md): smaller frames cost a fraction of a percent, longer
 * ranges save nothing, and with these a device decodes any frame with 6 MiB: everything twice, here and in the decoder.
 */
export const frameBytes = 512 * 1024
export const rangeBytes = 2 * 1024 * 1024

/** Frames that are made at once; each takes a thread and some MiB. */
const framesAtOnce = 4
/** zstd takes what begins like this for a dictionary with tables. */
const dictionaryMagic = Buffer.from('37a430ec', 'hex')

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
  const settings = pieceSettings(Math.max(base.sizeBytes, image.sizeBytes))
  const ranges = new BaseRanges(base.sizeBytes, image.sizeBytes, rangeBytes)
  const baseSha256 = await eachPiece(base, settings, '--delta-from', piece => ranges.add(piece))
  const frames = Array.from({ length: Math.ceil(image.sizeBytes / frameBytes) }, (_, number) => {
    const offset = number * frameBytes
    const pieces: Piece[] = []
    return { offset, length: Math.min(frameBytes, image.sizeBytes - offset), pieces }
  })
  const imageSha256 = await eachPiece(image, settings, '--image', piece => {
    frames[Math.floor(piece.offset / frameBytes)]?.pieces.push(piece)
  })
  const wanted = ranges.rangesFor(frames)
  if (baseSha256 === imageSha256) throw badFlag('--delta-from', 'is the same image')

  await writeAll(out, patchMagic, 0)
  let sizeBytes = patchMagic.length
  let encodedBytesMax = 0
  const made = createHash('sha256')
  for (let first = 0; first < frames.length; first += framesAtOnce) {
    const work = frames.slice(first, first + framesAtOnce).map(async ({ offset, length }, place) => {
      const output = await readRange(image, offset, length, '--image')
      const range = await usableRange(base, wanted[first + place] ?? { offset: 0, length: 0 })
      return { output, range, frame: await makeFrame(output, range.bytes) }
    })
    for (const { output, range, frame } of await Promise.all(work)) {
      const outputBytes = output.length
      const head = { outputBytes, baseOffset: range.offset, baseBytes: range.bytes.length, encodedBytes: frame.length }
      await writeAll(out, Buffer.concat([encodePatchFrameHead(head), frame]), sizeBytes)
      sizeBytes += patchFrameHeadBytes + frame.length
      encodedBytesMax = Math.max(encodedBytesMax, frame.length)
      made.update(output)
      step(outputBytes)
    }
  }
  if (made.digest('hex') !== imageSha256) throw changed('--image')
  const baseBytesMax = Math.min(rangeBytes, base.sizeBytes)
  const frameBytesMax = Math.min(frameBytes, image.sizeBytes)
  const metadata = { baseSize: base.sizeBytes, frameBytesMax, baseBytesMax, encodedBytesMax }
  return { metadata, sizeBytes, baseSha256, imageSha256 }
}

/** SHA-256 of the whole image. */
async function eachPiece(
  { file, sizeBytes }: OpenImage,
  settings: ReturnType<typeof pieceSettings>,
  flag: string,
  take: (piece: Piece) => void,
): Promise<string> {
  const whole = createHash('sha256')
  let offset = 0
  for await (const bytes of cutImage(file, sizeBytes, settings)) {
    whole.update(bytes)
    take({ offset, length: bytes.length, hash: createHash('sha256').update(bytes).digest().readUIntBE(0, 6) })
    offset += bytes.length
  }
  if (offset !== sizeBytes) throw changed(flag)
  return whole.digest('hex')
}

async function usableRange(
  base: OpenImage,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<{ readonly offset: number; readonly bytes: Buffer }> {
  const bytes = await readRange(base, offset, length, '--delta-from')
  const begins = bytes.subarray(0, dictionaryMagic.length).equals(dictionaryMagic)
  return begins ? { offset: offset + 1, bytes: bytes.subarray(1) } : { offset, bytes }
}

async function readRange({ file }: OpenImage, offset: number, length: number, flag: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let held = 0; held < length; ) {
    const { bytesRead } = await file.read(bytes, held, length - held, offset + held)
    if (bytesRead === 0) throw changed(flag)
    held += bytesRead
  }
  return bytes
}
