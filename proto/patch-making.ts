// From two images to the patch between them, frame by frame: memory for a few frames and the table of where things are.
//
//   cut the old image into pieces ─▶ cut the new one ─▶ for each frame: the best range of the old ─▶ zstd ─▶ write
//
// Where the images stand and where the patch goes is the caller's; zstd-frames.ts has what makes a frame.
import { createHash } from 'node:crypto'
import { cutImage, type ImageBytes } from './image-chunks.ts'
import { type DeltaMetadata, encodePatchFrameHead, patchFrameHeadBytes, patchMagic } from './patch.ts'
import { BaseRanges, type Piece, pieceSettings } from './patch-ranges.ts'
import type { MakeFrame } from './zstd-frames.ts'

/**
 * Measured on two releases of a 10 MB program (docs/BENCHMARKS.md): smaller frames cost a fraction of a percent, longer
 * ranges save nothing, and with these a device decodes any frame with 6 MiB: everything twice, here and in the decoder.
 */
export const frameBytes = 512 * 1024
export const rangeBytes = 2 * 1024 * 1024

/** zstd takes what begins like this for a dictionary with tables. */
const dictionaryMagic = Buffer.from('37a430ec', 'hex')

export interface Image {
  readonly bytes: ImageBytes
  readonly sizeBytes: number
}

export interface PatchMaking {
  readonly base: Image
  readonly image: Image
  readonly makeFrame: MakeFrame
  /** Frames that are made at once; each takes some MiB, and a thread where `makeFrame` has threads. */
  readonly framesAtOnce: number
  /** The next bytes of the patch; they are the writer's until it resolves. */
  readonly write: (bytes: Uint8Array, position: number) => Promise<void>
  /** A patch that would be longer is given up; bytes. */
  readonly patchBytesMax?: number
  /** Told the bytes of the new image as they are done. */
  readonly step?: (bytes: number) => void
}

export interface PatchMade {
  readonly metadata: DeltaMetadata
  readonly sizeBytes: number
  /** Lower-case hex: of both images, and of the patch. */
  readonly baseSha256: string
  readonly imageSha256: string
  readonly patchSha256: string
}

/** Why there is no patch. */
export type NoPatchReason =
  /** An image was not as long as it should be, or its bytes were others the second time. */
  'base-changed' | 'image-changed' | 'same-image' | 'too-long'

export class NoPatch extends Error {
  override readonly name = 'NoPatch'
  readonly code = 'NO_PATCH'
  readonly reason: NoPatchReason
  constructor(reason: NoPatchReason) {
    super(`no patch: ${reason}`)
    this.reason = reason
  }
}

/**
 * Makes the patch that makes `image` from `base`. Every frame has been decoded again, and together they were the image.
 * Rejects with NoPatch; what `read`, `write` and `makeFrame` reject with passes through.
 */
export async function makePatch(making: PatchMaking): Promise<PatchMade> {
  const { base, image } = making
  const settings = pieceSettings(Math.max(base.sizeBytes, image.sizeBytes))
  const ranges = new BaseRanges(base.sizeBytes, image.sizeBytes, rangeBytes)
  const baseSha256 = await eachPiece(base, settings, 'base-changed', piece => ranges.add(piece))
  const frames = Array.from({ length: Math.ceil(image.sizeBytes / frameBytes) }, (_, number) => {
    const offset = number * frameBytes
    const pieces: Piece[] = []
    return { offset, length: Math.min(frameBytes, image.sizeBytes - offset), pieces }
  })
  const imageSha256 = await eachPiece(image, settings, 'image-changed', piece => {
    frames[Math.floor(piece.offset / frameBytes)]?.pieces.push(piece)
  })
  const wanted = ranges.rangesFor(frames)
  if (baseSha256 === imageSha256) throw new NoPatch('same-image')

  const out = new PatchWriter(making)
  const made = createHash('sha256')
  await out.add([patchMagic])
  for (let first = 0; first < frames.length; first += making.framesAtOnce) {
    const work = frames.slice(first, first + making.framesAtOnce).map(async ({ offset, length }, place) => {
      const output = await readRange(image, offset, length, 'image-changed')
      const range = await usableRange(base, wanted[first + place] ?? { offset: 0, length: 0 })
      return { output, range, frame: await making.makeFrame(output, range.bytes) }
    })
    for (const { output, range, frame } of await Promise.all(work)) {
      const outputBytes = output.length
      const head = { outputBytes, baseOffset: range.offset, baseBytes: range.bytes.length, encodedBytes: frame.length }
      await out.add([encodePatchFrameHead(head), frame])
      made.update(output)
      making.step?.(outputBytes)
    }
  }
  if (made.digest('hex') !== imageSha256) throw new NoPatch('image-changed')
  const metadata = {
    baseSize: base.sizeBytes,
    frameBytesMax: Math.min(frameBytes, image.sizeBytes),
    baseBytesMax: Math.min(rangeBytes, base.sizeBytes),
    encodedBytesMax: out.longestFrameBytes,
  }
  return { metadata, sizeBytes: out.sizeBytes, baseSha256, imageSha256, patchSha256: out.sha256() }
}

/** The patch as far as it is written. */
class PatchWriter {
  readonly #making: PatchMaking
  readonly #hash = createHash('sha256')
  sizeBytes = 0
  longestFrameBytes = 0

  constructor(making: PatchMaking) {
    this.#making = making
  }

  /** Head and frame, or the magic. */
  async add(parts: readonly Uint8Array[]): Promise<void> {
    const bytes = Buffer.concat(parts)
    if (this.sizeBytes + bytes.length > (this.#making.patchBytesMax ?? Number.POSITIVE_INFINITY))
      throw new NoPatch('too-long')
    await this.#making.write(bytes, this.sizeBytes)
    this.#hash.update(bytes)
    this.sizeBytes += bytes.length
    this.longestFrameBytes = Math.max(this.longestFrameBytes, bytes.length - patchFrameHeadBytes)
  }

  /** Once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex')
  }
}

/** SHA-256 of the whole image. */
async function eachPiece(
  { bytes: source, sizeBytes }: Image,
  settings: ReturnType<typeof pieceSettings>,
  otherwise: NoPatchReason,
  take: (piece: Piece) => void,
): Promise<string> {
  const whole = createHash('sha256')
  let offset = 0
  for await (const bytes of cutImage(source, sizeBytes, settings)) {
    whole.update(bytes)
    take({ offset, length: bytes.length, hash: createHash('sha256').update(bytes).digest().readUIntBE(0, 6) })
    offset += bytes.length
  }
  if (offset !== sizeBytes) throw new NoPatch(otherwise)
  return whole.digest('hex')
}

async function usableRange(
  base: Image,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<{ readonly offset: number; readonly bytes: Buffer }> {
  const bytes = await readRange(base, offset, length, 'base-changed')
  const begins = bytes.subarray(0, dictionaryMagic.length).equals(dictionaryMagic)
  return begins ? { offset: offset + 1, bytes: bytes.subarray(1) } : { offset, bytes }
}

async function readRange(
  { bytes: source }: Image,
  offset: number,
  length: number,
  otherwise: NoPatchReason,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  for (let held = 0; held < length; ) {
    const { bytesRead } = await source.read(bytes, held, length - held, offset + held)
    if (bytesRead === 0) throw new NoPatch(otherwise)
    held += bytesRead
  }
  return bytes
}
