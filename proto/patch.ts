// A patch (format `delta-zstd`): independent frames, each naming the range of the installed image it was made with, so
// that applying it needs memory for one frame only.
//
//   "DROVERP1" │ frame │ frame │ …      frame: output u32 │ base offset u64 │ base u32 │ encoded u32 (little endian) │ zstd
//
// The outputs, one after another, are the new image. The zstd frame is one frame of RFC 8878 that tells its content size,
// with the range of the base as its dictionary of raw content.
import { decode, encode } from './codec.ts'
import { imageBytesMax, patchBaseBytesMax, patchEncodedBytesMax, patchFrameBytesMax } from './limits.ts'
import { within } from './values.ts'

/** What applying a patch takes at most; bytes. */
export interface DeltaMetadata {
  readonly baseSize: number
  readonly frameBytesMax: number
  readonly baseBytesMax: number
  readonly encodedBytesMax: number
}

/** One frame as its head tells it; bytes. */
export interface PatchFrameHead {
  readonly outputBytes: number
  readonly baseOffset: number
  readonly baseBytes: number
  readonly encodedBytes: number
}

export interface PatchFrame extends Omit<PatchFrameHead, 'encodedBytes'> {
  /** Of the first byte of its output in the new image. */
  readonly outputOffset: number
  /** The zstd frame. */
  readonly encoded: Uint8Array
}

/** What is wrong with a patch, in one fixed word. */
export type PatchProblem =
  | 'magic'
  /** It ends inside a frame, or before the image is whole. */
  | 'truncated'
  /** Bytes follow after the image is whole. */
  | 'trailing'
  /** A frame names bytes that the installed image does not have. */
  | 'base-range'
  /** A frame needs more than the metadata of the manifest says. */
  | 'limits'
  /** The outputs add up to more than the image. */
  | 'output-size'

/** The bytes are no patch, or not the one the manifest tells of (a device reports UPD4_FAIL_42). */
export class PatchError extends Error {
  override readonly name = 'PatchError'
  readonly code = 'PATCH_INVALID'
  readonly reason: PatchProblem
  /** Counted from 0; undefined for the head of the patch. */
  readonly frame: number | undefined
  constructor(reason: PatchProblem, frame: number | undefined, problem: string) {
    super(`${frame === undefined ? 'patch' : `frame ${frame}`}: ${problem}`)
    this.reason = reason
    this.frame = frame
  }
}

export const patchMagic: Uint8Array = Buffer.from('DROVERP1')
export const patchFrameHeadBytes = 20

/** Throws WireError naming the field. */
export function readDeltaMetadata(bytes: Uint8Array): DeltaMetadata {
  return checkedDeltaMetadata(decode('DeltaMetadata', bytes, 64))
}

/** Throws WireError naming the field. */
export function checkedDeltaMetadata(wire: Partial<DeltaMetadata>): DeltaMetadata {
  return {
    baseSize: within(wire.baseSize, 1, imageBytesMax, 'DeltaMetadata.baseSize'),
    frameBytesMax: within(wire.frameBytesMax, 1, patchFrameBytesMax, 'DeltaMetadata.frameBytesMax'),
    baseBytesMax: within(wire.baseBytesMax, 0, patchBaseBytesMax, 'DeltaMetadata.baseBytesMax'),
    encodedBytesMax: within(wire.encodedBytesMax, 1, patchEncodedBytesMax, 'DeltaMetadata.encodedBytesMax'),
  }
}

export function encodeDeltaMetadata(metadata: DeltaMetadata): Buffer {
  return encode('DeltaMetadata', { ...metadata })
}

/**
 * Reads a patch piece by piece: ask `wants`, read exactly that of the patch, `take` it. Holds nothing but numbers, so the
 * caller's memory is one frame.
 */
export class PatchReader {
  readonly #metadata: DeltaMetadata
  readonly #patchBytes: number
  readonly #imageBytes: number
  #position = 0
  #frameCount = 0
  #outputOffset = 0
  #head: PatchFrameHead | undefined

  /** `patchBytes` and `imageBytes` are payload and installed size of the manifest. Throws PatchError. */
  constructor(metadata: DeltaMetadata, patchBytes: number, imageBytes: number) {
    this.#metadata = metadata
    this.#patchBytes = patchBytes
    this.#imageBytes = imageBytes
    if (patchBytes < patchMagic.length) throw new PatchError('truncated', undefined, `${patchBytes} bytes`)
  }

  /** Undefined when the image is whole and the patch at its end. */
  get wants(): { readonly offset: number; readonly length: number } | undefined {
    const offset = this.#position
    if (offset === 0) return { offset, length: patchMagic.length }
    if (this.#head !== undefined) return { offset, length: this.#head.encodedBytes }
    return this.#outputOffset === this.#imageBytes ? undefined : { offset, length: patchFrameHeadBytes }
  }

  /** Bytes of the new image that the frames taken so far stand for. */
  get outputBytes(): number {
    return this.#outputOffset
  }

  /** The part of the new image whose frame `wants` speaks of; undefined while it asks for anything else. */
  get ahead(): { readonly outputOffset: number; readonly outputBytes: number } | undefined {
    if (this.#head === undefined) return undefined
    return { outputOffset: this.#outputOffset, outputBytes: this.#head.outputBytes }
  }

  /** Instead of taking the frame that is ahead: its bytes are not needed. Throws PatchError. */
  skip(): void {
    if (this.#head === undefined) throw new RangeError('no frame is ahead')
    this.#position += this.#head.encodedBytes
    this.#pass(this.#head)
  }

  /** `bytes` are what `wants` says; fewer mean that the patch is shorter than it should be. A frame when one is whole. Throws PatchError. */
  take(bytes: Uint8Array): PatchFrame | undefined {
    const { wants } = this
    if (wants === undefined) throw new RangeError('the patch is at its end')
    if (bytes.length !== wants.length) throw this.#problem('truncated', `${wants.length} bytes, got ${bytes.length}`)
    const atStart = this.#position === 0
    this.#position += bytes.length
    if (atStart) this.#takeMagic(bytes)
    else if (this.#head === undefined) this.#head = this.#checked(headOf(bytes))
    else return this.#takeFrame(this.#head, bytes)
    return undefined
  }

  #takeMagic(bytes: Uint8Array): void {
    if (Buffer.compare(bytes, patchMagic) !== 0) throw new PatchError('magic', undefined, 'expected DROVERP1')
    this.#mustGoOn()
  }

  #takeFrame(head: PatchFrameHead, encoded: Uint8Array): PatchFrame {
    const { outputBytes, baseOffset, baseBytes } = head
    const frame = { outputOffset: this.#outputOffset, outputBytes, baseOffset, baseBytes, encoded }
    this.#pass(head)
    return frame
  }

  #pass({ outputBytes }: PatchFrameHead): void {
    this.#outputOffset += outputBytes
    this.#frameCount += 1
    this.#head = undefined
    this.#mustGoOn()
  }

  /** There is either nothing left of both, or room for one more head. */
  #mustGoOn(): void {
    const left = this.#patchBytes - this.#position
    const missing = this.#imageBytes - this.#outputOffset
    if (missing === 0 && left > 0) throw this.#problem('trailing', `${left} bytes after the image is whole`)
    if (missing > 0 && left < patchFrameHeadBytes)
      throw this.#problem('truncated', `the patch ends, ${missing} bytes of the image are missing`)
  }

  #checked(head: PatchFrameHead): PatchFrameHead {
    const { baseSize, frameBytesMax, baseBytesMax, encodedBytesMax } = this.#metadata
    const { outputBytes, baseOffset, baseBytes, encodedBytes } = head
    const limits: readonly (readonly [string, number, number, number])[] = [
      ['output', outputBytes, 1, frameBytesMax],
      ['base', baseBytes, 0, baseBytesMax],
      ['encoded', encodedBytes, 1, encodedBytesMax],
    ]
    for (const [what, value, least, most] of limits)
      if (value < least || value > most) throw this.#problem('limits', `${what}: ${value} not in ${least} to ${most}`)
    if (baseOffset + baseBytes > baseSize)
      throw this.#problem('base-range', `${baseBytes} bytes at ${baseOffset} of a base of ${baseSize}`)
    if (this.#outputOffset + outputBytes > this.#imageBytes)
      throw this.#problem('output-size', `${this.#outputOffset + outputBytes} bytes of ${this.#imageBytes}`)
    const left = this.#patchBytes - this.#position
    if (encodedBytes > left) throw this.#problem('truncated', `${encodedBytes} bytes, ${left} are left`)
    return head
  }

  #problem(reason: PatchProblem, problem: string): PatchError {
    return new PatchError(reason, this.#frameCount, problem)
  }
}

export function encodePatchFrameHead({ outputBytes, baseOffset, baseBytes, encodedBytes }: PatchFrameHead): Buffer {
  const bytes = Buffer.alloc(patchFrameHeadBytes)
  bytes.writeUInt32LE(outputBytes, 0)
  bytes.writeBigUInt64LE(BigInt(baseOffset), 4)
  bytes.writeUInt32LE(baseBytes, 12)
  bytes.writeUInt32LE(encodedBytes, 16)
  return bytes
}

function headOf(bytes: Uint8Array): PatchFrameHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    outputBytes: view.getUint32(0, true),
    // Past 2^53 only its being too large is exact, and no image is that long.
    baseOffset: Number(view.getBigUint64(4, true)),
    baseBytes: view.getUint32(12, true),
    encodedBytes: view.getUint32(16, true),
  }
}
