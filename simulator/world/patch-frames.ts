// Patches of a world: the format, its frames and their limits are those of the contract; what stands in a frame is not
// zstd but copies and literals, because zstd is read by a library that loads in real time. A device of the world has the
// same decoder. What a spoiled frame gives is wrong bytes or none: only the signed digests tell.
//
//   frame: (0 │ length u32 │ bytes) or (1 │ offset in the base u32 │ length u32), until it ends
import { type DeltaMetadata, encodePatchFrameHead, patchMagic } from '../../proto/patch.ts'

export interface WorldPatch {
  readonly bytes: Buffer
  readonly metadata: DeltaMetadata
}

const frameBytes = 1024
/** A shorter copy costs more than its bytes. */
const copyBytesMin = 16

/** What is at the same place in both images is copied. Neither image is empty. */
export function patchBetween(base: Buffer, image: Buffer): WorldPatch {
  const parts: Uint8Array[] = [patchMagic]
  let encodedBytesMax = 0
  for (let start = 0; start < image.length; start += frameBytes) {
    const output = image.subarray(start, start + frameBytes)
    const baseOffset = Math.min(start, base.length)
    const range = base.subarray(baseOffset, baseOffset + frameBytes)
    const encoded = encodeFrame(output, range)
    encodedBytesMax = Math.max(encodedBytesMax, encoded.length)
    const head = { outputBytes: output.length, baseOffset, baseBytes: range.length, encodedBytes: encoded.length }
    parts.push(encodePatchFrameHead(head), encoded)
  }
  const frameBytesMax = Math.min(frameBytes, image.length)
  const baseBytesMax = Math.min(frameBytes, base.length)
  return {
    bytes: Buffer.concat(parts),
    metadata: { baseSize: base.length, frameBytesMax, baseBytesMax, encodedBytesMax },
  }
}

/** Undefined for anything that is no frame of `outputBytes`. */
export function decodedFrame(frame: Uint8Array, base: Uint8Array, outputBytes: number): Uint8Array | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const output = Buffer.alloc(outputBytes)
  let [position, made] = [0, 0]
  while (position < bytes.length) {
    const kind = bytes[position]
    const headBytes = kind === 0 ? 5 : 9
    if ((kind !== 0 && kind !== 1) || position + headBytes > bytes.length) return undefined
    const length = bytes.readUInt32LE(position + headBytes - 4)
    const from = kind === 0 ? position + headBytes : bytes.readUInt32LE(position + 1)
    const source = kind === 0 ? bytes : base
    if (made + length > outputBytes || from + length > source.length) return undefined
    output.set(source.subarray(from, from + length), made)
    made += length
    position += headBytes + (kind === 0 ? length : 0)
  }
  return made === outputBytes ? output : undefined
}

function encodeFrame(output: Buffer, base: Buffer): Buffer {
  const parts: Buffer[] = []
  const literal = (from: number, to: number): void => {
    if (to > from) parts.push(numbers(0, to - from), output.subarray(from, to))
  }
  let literalFrom = 0
  for (let at = 0; at < output.length; ) {
    let end = at
    while (end < output.length && end < base.length && output[end] === base[end]) end += 1
    if (end - at >= copyBytesMin) {
      literal(literalFrom, at)
      parts.push(numbers(1, at, end - at))
      literalFrom = end
    }
    at = Math.max(end, at + 1)
  }
  literal(literalFrom, output.length)
  return Buffer.concat(parts)
}

function numbers(kind: number, ...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(1 + 4 * values.length, kind)
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 1 + 4 * index)
  return bytes
}
