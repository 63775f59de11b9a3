// What lies in the slots of a device, read from its files without asking it.
//
//   <component>/record.json · a/image · a/index · b/image · b/index      the first update goes from a to b
import { closeSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ChunkIndex } from '../../proto/chunk-index.ts'
import { chunkLengths } from '../../proto/chunker.ts'
import { type ImagePair, sha256 } from './image.ts'

export interface Installed {
  readonly version: string
  readonly image: Buffer
  readonly sha256: string
}

/** How far a download had come when its device was killed, bytes. */
export interface CutOff {
  /** Of the chunks the installed image does not have. */
  readonly missingBytes: number
  /** Of these, whole in the candidate. */
  readonly heldBytes: number
}

/** The active slot, read from the files while the agent does whatever it does. */
export async function installed(componentFolder: string): Promise<Installed> {
  const { active, slots } = JSON.parse(await readFile(join(componentFolder, 'record.json'), 'utf8')) as {
    readonly active: 'a' | 'b'
    readonly slots: Readonly<Record<'a' | 'b', { readonly version: string } | null>>
  }
  const image = await readFile(join(componentFolder, active, 'image'))
  return { version: slots[active]?.version ?? 'none', image, sha256: sha256(image) }
}

/** Which share of the bytes that differ stands in the candidate already, 0..1; looked at in a few hundred places. */
export function downloadedShare(componentFolder: string, { after, runs }: ImagePair): number {
  const sampleBytes = 8
  const everyBytes = 1024
  let file: number
  try {
    file = openSync(join(componentFolder, 'b', 'image'), 'r')
  } catch {
    // Not there yet.
    return 0
  }
  try {
    let [samples, there] = [0, 0]
    const bytes = Buffer.alloc(sampleBytes)
    for (const { offset, length } of runs)
      for (let at = offset; at + sampleBytes <= offset + length; at += everyBytes) {
        samples += 1
        const whole = readSync(file, bytes, 0, sampleBytes, at) === sampleBytes
        if (whole && bytes.equals(after.subarray(at, at + sampleBytes))) there += 1
      }
    return there / samples
  } finally {
    closeSync(file)
  }
}

/** Chunk by chunk, from what lies on the disk of a device that does not run. */
export async function cutOff(componentFolder: string, { before }: ImagePair): Promise<CutOff> {
  const index = ChunkIndex.parse(await readFile(join(componentFolder, 'b', 'index')))
  const candidate = await readFile(join(componentFolder, 'b', 'image'))
  const inInstalled = new Set<string>()
  let offset = 0
  for (const length of chunkLengths(before, index.settings)) {
    inInstalled.add(sha256(before.subarray(offset, offset + length)))
    offset += length
  }
  let [missingBytes, heldBytes] = [0, 0]
  for (let chunk = 0; chunk < index.count; chunk += 1) {
    const digest = index.digestOf(chunk).toString('hex')
    if (inInstalled.has(digest)) continue
    const [start, length] = [index.offsetOf(chunk), index.lengthOf(chunk)]
    missingBytes += length
    if (sha256(candidate.subarray(start, start + length)) === digest) heldBytes += length
  }
  return { missingBytes, heldBytes }
}
