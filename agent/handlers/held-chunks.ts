// The chunks a device need not fetch: those its candidate holds already (a download that was cut off) and those of the
// image it runs. Every one is hashed before it is believed.
import { hash } from 'node:crypto'
import { ChunkIndex, ChunkIndexError, indexBytesPerChunk } from '../../proto/chunk-index.ts'
import { cutPoint } from '../../proto/chunker.ts'
import type { Candidate, InstalledImage, Installer } from '../ports.ts'

export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}

/** Calls `found` for each chunk that stands whole at its place. Ends early when aborted. */
export async function findInCandidate(
  candidate: Candidate,
  index: ChunkIndex,
  found: (chunk: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let chunk = 0; chunk < index.count && !signal.aborted; chunk += 1) {
    const bytes = await candidate.read(index.offsetOf(chunk), index.lengthOf(chunk))
    if (bytes.length < index.lengthOf(chunk)) return
    if (index.digestOf(chunk).equals(sha256(bytes))) found(chunk)
  }
}

/** The chunks a download still lacks. */
export interface Wanted {
  readonly index: ChunkIndex
  readonly isMissing: (chunk: number) => boolean
  readonly found: (chunk: number) => void
}

/**
 * Copies what the active image has of the chunks that are missing, and calls `found` for each. The image goes by once,
 * and what is asked is whether the new one wants this chunk: of the installed image nothing is kept. `roomBytes`: what
 * its index may take while that lasts; where that is not enough the image is cut again, which takes time instead.
 */
export async function copyFromInstalled(
  installer: Installer,
  candidate: Candidate,
  wanted: Wanted,
  roomBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const { active } = await installer.status()
  const installed = await installedIndex(installer, active, wanted.index, roomBytes)
  if (installed === undefined) return copyWhileCutting(installer, active.sizeBytes, candidate, wanted, signal)
  for (let chunk = 0; chunk < installed.count && !signal.aborted; chunk += 1) {
    const digest = installed.digestOf(chunk)
    const length = installed.lengthOf(chunk)
    const places = placesOf(wanted, digest, length)
    if (places.length === 0) continue
    const bytes = await installer.readActive(installed.offsetOf(chunk), length)
    if (digest.equals(sha256(bytes))) await put(candidate, wanted, places, bytes)
  }
}

function placesOf({ index, isMissing }: Wanted, digest: Uint8Array, length: number): readonly number[] {
  return index.findAll(digest).filter(chunk => isMissing(chunk) && index.lengthOf(chunk) === length)
}

async function put(
  candidate: Candidate,
  { index, found }: Wanted,
  places: readonly number[],
  bytes: Uint8Array,
): Promise<void> {
  for (const chunk of places) {
    await candidate.write(index.offsetOf(chunk), bytes)
    found(chunk)
  }
}

/** As it is read and as it is searched: its bytes, once more the digests, and an offset a chunk. */
const timesInMemory = 2.3

/** The index beside the image; undefined when there is none that was cut with the same settings, or no room for it. */
async function installedIndex(
  installer: Installer,
  active: InstalledImage,
  { settings, count, imageSize }: ChunkIndex,
  roomBytes: number,
): Promise<ChunkIndex | undefined> {
  // Cut with the same settings its chunks are as long, about.
  const chunkCount = (count * active.sizeBytes) / imageSize
  if (chunkCount * indexBytesPerChunk * timesInMemory > roomBytes) return undefined
  const beside = await installer.readActiveIndex()
  if (beside === undefined) return undefined
  try {
    const index = ChunkIndex.parse(beside)
    const same =
      index.settings.minimumBytes === settings.minimumBytes &&
      index.settings.averageBytes === settings.averageBytes &&
      index.settings.maximumBytes === settings.maximumBytes
    return same && index.imageSize === active.sizeBytes ? index : undefined
  } catch (error) {
    // An index that does not read saves nothing, but the image can be cut again.
    if (error instanceof ChunkIndexError) return undefined
    throw error
  }
}

const readBytes = 256 * 1024

async function copyWhileCutting(
  installer: Installer,
  sizeBytes: number,
  candidate: Candidate,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<void> {
  const { settings } = wanted.index
  // The same memory for the whole image: what is left over of a piece, always less than a chunk, and the next piece.
  const memory = Buffer.allocUnsafe(settings.maximumBytes + readBytes)
  let heldBytes = 0
  let readTo = 0
  while (!signal.aborted && readTo < sizeBytes) {
    const wantedBytes = Math.min(readBytes, sizeBytes - readTo)
    const more = await installer.readActive(readTo, wantedBytes, memory.subarray(heldBytes, heldBytes + wantedBytes))
    memory.set(more, heldBytes)
    heldBytes += more.length
    readTo += more.length
    let start = 0
    // A cut is only final when the largest chunk would fit, or the image ends.
    while (start < heldBytes && (readTo === sizeBytes || heldBytes - start >= settings.maximumBytes)) {
      const end = cutPoint(memory, start, heldBytes, settings)
      const bytes = memory.subarray(start, end)
      await put(candidate, wanted, placesOf(wanted, sha256(bytes), bytes.length), bytes)
      start = end
    }
    memory.copyWithin(0, start, heldBytes)
    heldBytes -= start
  }
}
