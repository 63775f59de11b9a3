// The two firmware images of the demo, made from a seed: a shell program that prints its version and starts the agent,
// followed by bytes nobody can compress. Version 2 differs from version 1 by two runs of 5 % each and by 1 KiB inserted
// near the start, so that everything behind it lies elsewhere: chunks cut at fixed offsets would save nothing.
//
//   v1  program │ ················ │ run │ ············· │ run │ ·········
//   v2  program │ · │ inserted │ ·············· │ RUN │ ············· │ RUN │ ·········
import { createHash } from 'node:crypto'

export const demoImageBytes = 4 * 1024 * 1024
export const insertedBytes = 1024
/** What chunks of a fixed size would have; the average of ours. */
export const fixedChunkBytes = 16 * 1024
/** Of the image, for each of the two runs. */
const runShare = 0.05
const insertedAt = 2048

export interface Range {
  /** From the start of version 2, bytes. */
  readonly offset: number
  readonly length: number
}

export interface ImagePair {
  readonly before: Buffer
  readonly after: Buffer
  readonly inserted: Range
  readonly runs: readonly Range[]
}

export const versionBefore = '1.0.0'
export const versionAfter = '2.0.0'

/** What the program of an image prints, before the number of its process. */
export const versionLine = 'drover demo sensor '

/** The same seed gives the same bytes. `sizeBytes` is that of version 1, at least 64 KiB; version 2 has 1 KiB more. */
export function makeImages(seed: number, sizeBytes = demoImageBytes): ImagePair {
  if (sizeBytes < 64 * 1024) throw new RangeError(`sizeBytes: expected at least 65536, got ${sizeBytes}`)
  const before = Buffer.concat([program(versionBefore), noise(seed, sizeBytes)]).subarray(0, sizeBytes)
  const changed = Buffer.from(before)
  program(versionAfter).copy(changed)
  const length = Math.round(sizeBytes * runShare)
  const starts = [Math.floor(sizeBytes * 0.3), Math.floor(sizeBytes * 0.7)]
  // Each byte of a run really differs.
  for (const start of starts)
    for (let offset = start; offset < start + length; offset += 1)
      changed[offset] = (changed[offset] as number) ^ (1 + (offset % 255))
  const after = Buffer.concat([
    changed.subarray(0, insertedAt),
    noise(seed + 1, insertedBytes),
    changed.subarray(insertedAt),
  ])
  return {
    before,
    after,
    inserted: { offset: insertedAt, length: insertedBytes },
    runs: starts.map(start => ({ offset: start + insertedBytes, length })),
  }
}

/** Bytes of `to` that lie in chunks which `from` has too, when both are cut as `lengthsOf` says. */
export function reusableBytes(
  from: Uint8Array,
  to: Uint8Array,
  lengthsOf: (image: Uint8Array) => readonly number[],
): number {
  const held = new Set(pieces(from, lengthsOf(from)).map(sha256))
  return pieces(to, lengthsOf(to)).reduce((sum, piece) => sum + (held.has(sha256(piece)) ? piece.length : 0), 0)
}

/** Cuts at every `chunkBytes`, the way without content-defined chunks. */
export function fixedLengths(image: Uint8Array, chunkBytes: number): number[] {
  const count = Math.ceil(image.length / chunkBytes)
  return Array.from({ length: count }, (_, chunk) => Math.min(chunkBytes, image.length - chunk * chunkBytes))
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** exec keeps the number of the process: whoever reads the line knows whom to stop. Nothing behind exec is read. */
function program(version: string): Buffer {
  return Buffer.from(
    `#!/bin/sh\necho "${versionLine}${version} process $$"\nexec "$DROVER_NODE" "$DROVER_AGENT"\nexit 1\n`,
  )
}

function pieces(image: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let offset = 0
  return lengths.map(length => {
    offset += length
    return image.subarray(offset - length, offset)
  })
}

/** xorshift32, four bytes a step. */
function noise(seed: number, sizeBytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let state = Math.imul(seed, 2654435761) >>> 0 || 1
  for (let word = 0; word < words.length; word += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[word] = state
  }
  return Buffer.from(words.buffer, 0, sizeBytes)
}
