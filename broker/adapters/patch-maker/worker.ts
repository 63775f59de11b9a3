// The thread that makes patches, at the lowest priority: it works through one job after another and knows nothing of the
// broker. Whoever started it ends it, in the middle of a job as well: what it writes lies in the folder of the job.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { constants, platform, setPriority } from 'node:os'
import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { patchTransportBytesMax } from '../../../proto/limits.ts'
import { makePatch, NoPatch } from '../../../proto/patch-making.ts'
import type { MakeFrame } from '../../../proto/zstd-frames.ts'
import { BundleImage, lackingBytes } from './bundle-image.ts'
import { openFrames } from './frames.ts'
import { type PatchJob, type PatchJobEnd, patchName } from './job.ts'

/** A patch has to save this share of what the chunks cost. */
const savedShare = 0.1

/** A bundle is not what it was when it was taken. */
class Unreadable extends Error {}
/** The disk did not take it. */
class NotWritten extends Error {}

// On Linux the priority is the thread's, and programs started by it inherit it. Elsewhere it would be the broker's own.
if (platform() === 'linux') {
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // Forbidden here: it works at the priority of the broker then.
  }
}

parentPort?.on('message', (job: PatchJob) => {
  ended(job).then(end => parentPort?.postMessage(end))
})

/** Never rejects. */
async function ended(job: PatchJob): Promise<PatchJobEnd> {
  try {
    return await worked(job)
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const at = error instanceof Unreadable ? 'unreadable' : error instanceof NotWritten ? 'write' : 'making'
    return { number: job.number, kind: 'failed', at, error }
  }
}

async function worked(job: PatchJob): Promise<PatchJobEnd> {
  const { number } = job
  const [base, target] = [opened(job.basePath), opened(job.targetPath)]
  try {
    if (base === undefined || target === undefined) return { number, kind: 'nothing' }
    const chunkBytes = lackingBytes(base.head, target.head)
    if (job.kind === 'measure') return { number, kind: 'measured', chunkBytes }
    if (Math.max(base.sizeBytes, target.sizeBytes) > job.imageBytesMax)
      return { number, kind: 'impossible', reason: 'too-large' }
    const makeFrame = await openFrames(job.folder)
    if (makeFrame === undefined) return { number, kind: 'impossible', reason: 'no-zstd' }
    return await made(job, base, target, makeFrame, chunkBytes)
  } finally {
    base?.close()
    target?.close()
  }
}

async function made(
  job: PatchJob,
  base: BundleImage,
  target: BundleImage,
  makeFrame: MakeFrame,
  chunkBytes: number,
): Promise<PatchJobEnd> {
  const { number } = job
  const out = onDisk(() => openSync(join(job.folder, patchName), 'w', 0o600))
  try {
    const patchBytesMax = Math.min(Math.floor(chunkBytes * (1 - savedShare)), patchTransportBytesMax)
    const patch = await makePatch({
      base: { bytes: checked(base), sizeBytes: base.sizeBytes },
      image: { bytes: checked(target), sizeBytes: target.sizeBytes },
      makeFrame,
      framesAtOnce: 1,
      patchBytesMax,
      write: async (bytes, position) => onDisk(() => writeWhole(out, bytes, position)),
    })
    // The digests are of what was read just now: an image that has the name of another would not give them.
    if (patch.baseSha256 !== job.base) throw new Unreadable(`artifact ${job.base} has SHA-256 ${patch.baseSha256}`)
    if (patch.imageSha256 !== job.target)
      throw new Unreadable(`artifact ${job.target} has SHA-256 ${patch.imageSha256}`)
    onDisk(() => fsyncSync(out))
    const { metadata, sizeBytes, patchSha256 } = patch
    return { number, kind: 'made', patchBytes: sizeBytes, metadata, chunkBytes, sha256: patchSha256 }
  } catch (error) {
    if (!(error instanceof NoPatch)) throw error
    if (error.reason === 'too-long' || error.reason === 'same-image') return { number, kind: 'nothing' }
    throw new Unreadable(error.message, { cause: error })
  } finally {
    closeSync(out)
  }
}

function opened(path: string): BundleImage | undefined {
  try {
    return BundleImage.open(path)
  } catch (cause) {
    throw new Unreadable((cause as Error).message, { cause })
  }
}

function checked(image: BundleImage): Pick<BundleImage, 'read'> {
  return {
    async read(...range) {
      try {
        return await image.read(...range)
      } catch (cause) {
        throw new Unreadable((cause as Error).message, { cause })
      }
    },
  }
}

function onDisk<T>(doing: () => T): T {
  try {
    return doing()
  } catch (cause) {
    throw new NotWritten((cause as Error).message, { cause })
  }
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  // A disk that fills up may take a part only; the next write then says why.
  for (let written = 0; written < bytes.length; )
    written += writeSync(file, bytes, written, bytes.length - written, position + written)
}
