// What stands behind the bytes of a patch in its file: how it is to be used, and by what it is known to be whole.
import type { FileHandle } from 'node:fs/promises'
import { artifactId } from '../../../proto/ids.ts'
import { patchTransportBytesMax } from '../../../proto/limits.ts'
import { checkedDeltaMetadata } from '../../../proto/patch.ts'
import type { MadePatch } from '../../ports.ts'

const magic = Buffer.from('DROVERT1')
const endBytes = 4 + magic.length
const jsonBytesMax = 4096

export interface KnownPatch {
  readonly patch: MadePatch
  /** Lower-case hex. */
  readonly sha256: string
}

export function encodeTrailer(patch: MadePatch, sha256: string): Buffer {
  const json = Buffer.from(JSON.stringify({ ...patch, sha256 }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([json, length, magic])
}

/** Undefined when the file of `sizeBytes` has none, or one that does not fit the file. Rejects when it cannot be read. */
export async function readTrailer(file: FileHandle, sizeBytes: number): Promise<KnownPatch | undefined> {
  const tail = Buffer.alloc(Math.min(sizeBytes, jsonBytesMax + endBytes))
  const { bytesRead } = await file.read(tail, 0, tail.length, sizeBytes - tail.length)
  if (bytesRead < endBytes || bytesRead < tail.length) return undefined
  if (!tail.subarray(-magic.length).equals(magic)) return undefined
  const length = tail.readUInt32LE(tail.length - endBytes)
  const start = tail.length - endBytes - length
  if (start < 0) return undefined
  try {
    const known = knownPatch(JSON.parse(tail.toString('utf8', start, start + length)))
    return known.patch.patchBytes === sizeBytes - endBytes - length ? known : undefined
  } catch {
    // Not ours, or not whole: the same to whoever asks.
    return undefined
  }
}

/** Throws when a field is not what it should be. */
function knownPatch(json: Record<string, unknown>): KnownPatch {
  const { base, target, patchBytes, metadata, chunkBytes, sha256 } = json
  const patch = {
    base: artifactId(String(base)),
    target: artifactId(String(target)),
    patchBytes: count(patchBytes, 1, patchTransportBytesMax),
    metadata: checkedDeltaMetadata(metadata as object),
    chunkBytes: count(chunkBytes, 0, Number.MAX_SAFE_INTEGER),
  }
  return { patch, sha256: artifactId(String(sha256)) }
}

function count(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    throw new RangeError(`expected a number from ${least} to ${most}`)
  return value
}
