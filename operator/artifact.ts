// From an image to a signed bundle in two passes, neither of which holds more than a window of it:
//
//   1  cut ─▶ SHA-256 of each chunk and of the image ─▶ chunk index ─▶ manifest ─▶ signatures
//   2  read again, compare with pass 1 ─▶ compress each chunk ─▶ file, after the head whose length is known by then
//
// The bundle appears under its name only when it is whole and on the disk.
import { createHash, type KeyObject } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { encodeBundleHead, encodeChunk } from '../proto/bundle.ts'
import { encodeChunkIndex } from '../proto/chunk-index.ts'
import type { ChunkerSettings } from '../proto/chunker.ts'
import { signEnvelope } from '../proto/envelope.ts'
import { type ArtifactId, artifactId, type ReleaseId, releaseIdOf } from '../proto/ids.ts'
import { chunkIndexBytesMax, imageBytesMax } from '../proto/limits.ts'
import { encodeManifest, type Manifest, readManifest } from '../proto/manifest.ts'
import type { ChunkEncoding } from '../proto/messages.ts'
import { type BadInput, badFlag } from './errors.ts'
import { reasonOf, replaceFile } from './files.ts'
import { chunkerFor, cutImage } from './image-chunks.ts'

/** What the operator says of the image; all else follows from its bytes. Times are milliseconds since 1970. */
export interface ArtifactWishes {
  readonly image: string
  readonly out: string
  /** Lower-case hex, 16 bytes. */
  readonly vendorId: string
  readonly classId: string
  readonly deviceId?: string
  readonly component: string
  readonly version: string
  readonly priority: number
  /** Default: made from the version, so that a newer version has a higher one. */
  readonly releaseCounter?: number
  readonly expiresAt: number
  readonly vendorData: Uint8Array
  readonly needsReboot: boolean
  readonly keys: readonly KeyObject[]
  readonly now: number
  /** Called now and then with the share that is done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}
export interface CreatedArtifact {
  readonly path: string
  readonly release: ReleaseId
  readonly artifact: ArtifactId
  readonly manifest: Manifest
  readonly chunkCount: number
  readonly imageBytes: number
  readonly bundleBytes: number
}

interface Cut {
  readonly settings: ChunkerSettings
  readonly lengths: readonly number[]
  /** 32 bytes a chunk. */
  readonly digests: Buffer
  readonly imageBytes: number
  readonly imageSha256: string
}

const progressStepBytes = 1024 * 1024
const flagOf: Readonly<Record<string, string>> = {
  vendorId: '--vendor-id',
  classId: '--class-id',
  deviceId: '--device',
  priority: '--priority',
  component: '--component',
  version: '--version',
  releaseCounter: '--release-counter',
  expiresAt: '--expires',
  vendorData: '--vendor-data',
}

/** Throws BadInput naming the flag: the image, a field of the manifest, a key, or where the bundle should go. */
export async function createArtifact(wishes: ArtifactWishes): Promise<CreatedArtifact> {
  const { image, out, keys, now } = wishes
  const file = await openImage(image)
  try {
    const { size } = await file.stat()
    const step = progress(wishes.onProgress, size * 2)
    // Field by field before the first byte is read: a wrong flag is told at once, not after a minute of hashing.
    checkManifest(manifestOf(wishes, size, '00'.repeat(32), Buffer.alloc(1)), now)
    const cut = await cutAndHash(file, size, step)
    const indexBytes = encodeChunkIndex(cut.settings, cut.lengths, cut.digests)
    if (indexBytes.length > chunkIndexBytesMax)
      throw badFlag('--image', `its chunk index has ${indexBytes.length} bytes, expected at most ${chunkIndexBytesMax}`)
    const manifest = manifestOf(wishes, size, cut.imageSha256, indexBytes)
    const payload = checkManifest(manifest, now)
    const envelope = signEnvelope('manifest', payload, keys)
    let bundleBytes = 0
    await replaceFile(out, '--out', async temporary => {
      bundleBytes = await writeBundle(file, temporary, envelope, indexBytes, cut, step)
    })
    return {
      path: out,
      release: releaseIdOf(manifest.component, manifest.version, manifest.installedSha256),
      artifact: artifactId(manifest.payloadSha256),
      manifest,
      chunkCount: cut.lengths.length,
      imageBytes: size,
      bundleBytes,
    }
  } finally {
    await file.close()
  }
}

/** 1.2.3 → 1002003. The version must be one of a manifest. */
export function releaseCounterOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1_000 + patch
}

async function openImage(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw badFlag('--image', `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
  const found = await file.stat()
  const problem = !found.isFile()
    ? 'is no regular file'
    : found.size < 1 || found.size > imageBytesMax
      ? `has ${found.size} bytes, expected 1 to ${imageBytesMax}`
      : undefined
  if (problem === undefined) return file
  await file.close()
  throw badFlag('--image', `${path} ${problem}`)
}

function manifestOf(wishes: ArtifactWishes, size: number, imageSha256: string, indexBytes: Uint8Array): Manifest {
  const { vendorId, classId, deviceId, priority, component, version, expiresAt, vendorData, needsReboot } = wishes
  return {
    vendorId,
    classId,
    ...(deviceId === undefined ? {} : { deviceId }),
    priority,
    component,
    version,
    releaseCounter: wishes.releaseCounter ?? releaseCounterOf(/^\d+\.\d+\.\d+$/.test(version) ? version : '0.0.0'),
    expiresAt,
    payloadSize: size,
    payloadSha256: imageSha256,
    installedSize: size,
    installedSha256: imageSha256,
    chunkIndexSize: indexBytes.length,
    chunkIndexSha256: createHash('sha256').update(indexBytes).digest('hex'),
    uri: 'mqtt:',
    format: 'raw',
    vendorData,
    needsReboot,
    prerequisites: [],
  }
}

/** The bytes to sign, after they have been read the way a device will. */
function checkManifest(manifest: Manifest, now: number): Buffer {
  const payload = encodeManifest(manifest)
  const verdict = readManifest(payload, { now })
  if (verdict.ok) return payload
  const { code, data } = verdict.failure
  const flag = flagOf[data.field ?? ''] ?? '--image'
  const expected = data.reason === 'expired' ? 'has passed already' : `expected ${data.expected ?? data.reason}`
  throw badFlag(
    flag,
    `${expected}${data.actual === undefined ? '' : `, got ${data.actual}`} (devices would say ${code})`,
  )
}

async function cutAndHash(file: FileHandle, size: number, step: (bytes: number) => void): Promise<Cut> {
  const settings = chunkerFor(size)
  const lengths: number[] = []
  const digests = Buffer.alloc((Math.ceil(size / settings.minimumBytes) + 1) * 32)
  const whole = createHash('sha256')
  let hashed = 0
  for await (const chunk of cutImage(file, size, settings)) {
    createHash('sha256')
      .update(chunk)
      .digest()
      .copy(digests, lengths.length * 32)
    whole.update(chunk)
    lengths.push(chunk.length)
    hashed += chunk.length
    step(chunk.length)
  }
  if (hashed !== size) throw changed()
  return {
    settings,
    lengths,
    digests: digests.subarray(0, lengths.length * 32),
    imageBytes: size,
    imageSha256: whole.digest('hex'),
  }
}

/** Bytes written. */
async function writeBundle(
  file: FileHandle,
  path: string,
  envelope: Uint8Array,
  indexBytes: Uint8Array,
  cut: Cut,
  step: (bytes: number) => void,
): Promise<number> {
  const chunks: { encoding: ChunkEncoding; length: number }[] = cut.lengths.map(length => ({
    encoding: 'plain',
    length,
  }))
  // Lengths and encodings have a fixed width, so the head is as long now as it will be at the end.
  const headBytes = encodeBundleHead(envelope, indexBytes, chunks).length
  const bundle = await open(path, 'wx', 0o644)
  try {
    let position = headBytes
    let number = 0
    for await (const chunk of cutImage(file, cut.imageBytes, cut.settings, cut.lengths)) {
      const digest = createHash('sha256').update(chunk).digest()
      if (!digest.equals(cut.digests.subarray(number * 32, number * 32 + 32))) throw changed()
      const { encoding, bytes } = encodeChunk(chunk)
      await writeAll(bundle, bytes, position)
      chunks[number] = { encoding, length: bytes.length }
      position += bytes.length
      number += 1
      step(chunk.length)
    }
    if (number !== cut.lengths.length) throw changed()
    await writeAll(bundle, encodeBundleHead(envelope, indexBytes, chunks), 0)
    await bundle.sync()
    return position
  } finally {
    await bundle.close()
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

function progress(tell: ((share: number) => void) | undefined, totalBytes: number): (bytes: number) => void {
  let done = 0
  let told = 0
  return bytes => {
    done += bytes
    if (done - told < progressStepBytes && done < totalBytes) return
    told = done
    tell?.(done / totalBytes)
  }
}

function changed(): BadInput {
  return badFlag('--image', 'the file changed while it was read; try again when nobody writes to it')
}
