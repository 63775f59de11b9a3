// The chunks a device need not fetch: those its candidate holds already (a download that was cut off) and those of the
// image it runs. Every one is hashed before it is believed.
import { createHash } from 'node:crypto'
import { ChunkIndex, ChunkIndexError, encodeChunkIndex } from '../../proto/chunk-index.ts'
import { type ChunkerSettings, cutPoint } from '../../proto/chunker.ts'
import type { Candidate, InstalledImage, Installer } from '../ports.ts'

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
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

/** Copies what the active image has of the chunks that are `missing`, and calls `found` for each. */
export async function copyFromInstalled(
  installer: Installer,
  candidate: Candidate,
  index: ChunkIndex,
  missing: (chunk: number) => boolean,
  found: (chunk: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { active } = await installer.status()
  const installed = await installedIndex(installer, active, index.settings, signal)
  for (let chunk = 0; chunk < index.count && !signal.aborted; chunk += 1) {
    if (!missing(chunk)) continue
    const source = installed?.find(index.digestOf(chunk))
    if (installed === undefined || source === undefined || installed.lengthOf(source) !== index.lengthOf(chunk))
      continue
    const bytes = await installer.readActive(installed.offsetOf(source), installed.lengthOf(source))
    if (!index.digestOf(chunk).equals(sha256(bytes))) continue
    await candidate.write(index.offsetOf(chunk), bytes)
    found(chunk)
  }
}

/** The index beside the image when it was cut with the same settings, else the image is cut once. */
async function installedIndex(
  installer: Installer,
  active: InstalledImage,
  settings: ChunkerSettings,
  signal: AbortSignal,
): Promise<ChunkIndex | undefined> {
  const beside = await installer.readActiveIndex()
  if (beside !== undefined) {
    try {
      const index = ChunkIndex.parse(beside)
      const same =
        index.settings.minimumBytes === settings.minimumBytes &&
        index.settings.averageBytes === settings.averageBytes &&
        index.settings.maximumBytes === settings.maximumBytes
      if (same && index.imageSize === active.sizeBytes) return index
    } catch (error) {
      // An index that does not read saves nothing, but the image can be cut again.
      if (!(error instanceof ChunkIndexError)) throw error
    }
  }
  return cutInstalled(installer, active.sizeBytes, settings, signal)
}

const readBytes = 1024 * 1024

async function cutInstalled(
  installer: Installer,
  sizeBytes: number,
  settings: ChunkerSettings,
  signal: AbortSignal,
): Promise<ChunkIndex | undefined> {
  const lengths: number[] = []
  const digests: Buffer[] = []
  let held: Uint8Array = new Uint8Array(0)
  let readTo = 0
  while (!signal.aborted) {
    const more = await installer.readActive(readTo, Math.min(readBytes, sizeBytes - readTo))
    readTo += more.length
    held = Buffer.concat([held, more])
    let start = 0
    // A cut is only final when the largest chunk would fit, or the image ends.
    while (start < held.length && (readTo === sizeBytes || held.length - start >= settings.maximumBytes)) {
      const end = cutPoint(held, start, held.length, settings)
      lengths.push(end - start)
      digests.push(sha256(held.subarray(start, end)))
      start = end
    }
    held = held.subarray(start)
    if (readTo === sizeBytes)
      return lengths.length === 0
        ? undefined
        : ChunkIndex.parse(encodeChunkIndex(settings, lengths, Buffer.concat(digests)))
  }
  return undefined
}
