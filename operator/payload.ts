// What travels for the wishes of an operator: the image as it is, a patch, or a package, ready to be cut into chunks.
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { imageBytesMax } from '../proto/limits.ts'
import type { ManifestFormat } from '../proto/manifest.ts'
import { encodePackageMetadata } from '../proto/package.ts'
import { encodeDeltaMetadata } from '../proto/patch.ts'
import type { PayloadWishes } from './artifact.ts'
import { badFlag } from './errors.ts'
import { reasonOf } from './files.ts'
import { imageSizesOf, readDescription, writePackage } from './package-file.ts'
import { type OpenImage, writePatch } from './patch.ts'
import { openFrameMaker } from './zstd.ts'

export interface Payload {
  readonly path: string
  /** The flag that its bytes came by, for what is wrong with them. */
  readonly flag: string
  readonly format: ManifestFormat
  readonly metadata?: Uint8Array
  /** Of the image that is made from the payload; absent: the payload is the image. Lower-case hex. */
  readonly installedSize?: number
  readonly installedSha256?: string
  readonly precursorSha256?: string
}

/** What is known before anything is read: enough to judge a manifest. */
export interface PlannedPayload extends Omit<Payload, 'path'> {
  readonly installedSize: number
  /** Bytes to go through in all, about. */
  readonly workBytes: number
}

/** Opens every file once. Throws BadInput naming the flag. */
export async function plannedPayload(wishes: PayloadWishes): Promise<PlannedPayload> {
  if ('package' in wishes) {
    const sizes = await imageSizesOf(await readDescription(wishes.package))
    const installedSize = sizes.reduce((sum, size) => sum + size, 0)
    if (installedSize > imageBytesMax)
      throw badFlag('--package', `its images have ${installedSize} bytes, expected at most ${imageBytesMax}`)
    const metadata = encodePackageMetadata({ descriptorSize: 1 })
    return { flag: '--package', format: 'combined', metadata, installedSize, workBytes: installedSize * 3 }
  }
  const image = await sizeOf(wishes.image, '--image')
  if (!('deltaFrom' in wishes)) return { flag: '--image', format: 'raw', installedSize: image, workBytes: image * 2 }
  const baseSize = await sizeOf(wishes.deltaFrom, '--delta-from')
  // Asked for now: without a maker nothing else matters.
  await openFrameMaker()
  const metadata = encodeDeltaMetadata({ baseSize, frameBytesMax: 1, baseBytesMax: 0, encodedBytesMax: 1 })
  const precursorSha256 = '00'.repeat(32)
  return {
    flag: '--image',
    format: 'delta-zstd',
    metadata,
    precursorSha256,
    installedSize: image,
    workBytes: image * 1.2,
  }
}

/** Makes in `folder` what has to be made. Throws BadInput naming the flag. */
export async function preparePayload(
  wishes: PayloadWishes,
  folder: string,
  step: (bytes: number) => void,
): Promise<Payload> {
  const path = join(folder, 'payload')
  if ('package' in wishes) {
    const parts = await readDescription(wishes.package)
    const { metadata } = await made(path, out => writePackage(parts, out, step))
    return { path, flag: '--package', format: 'combined', metadata: encodePackageMetadata(metadata) }
  }
  if (!('deltaFrom' in wishes)) return { path: wishes.image, flag: '--image', format: 'raw' }
  const { image, deltaFrom } = wishes
  return opened(deltaFrom, '--delta-from', base =>
    opened(image, '--image', async target => {
      const maker = await openFrameMaker()
      const patch = await made(path, out => writePatch(base, target, out, maker, step))
      if (patch.sizeBytes >= target.sizeBytes)
        throw badFlag(
          '--delta-from',
          `the patch has ${patch.sizeBytes} bytes, the image ${target.sizeBytes}: send the image itself`,
        )
      return {
        path,
        flag: '--image',
        format: 'delta-zstd',
        metadata: encodeDeltaMetadata(patch.metadata),
        installedSize: target.sizeBytes,
        installedSha256: patch.imageSha256,
        precursorSha256: patch.baseSha256,
      }
    }),
  )
}

async function made<T>(path: string, write: (out: FileHandle) => Promise<T>): Promise<T> {
  const out = await open(path, 'wx', 0o600)
  try {
    return await write(out)
  } finally {
    await out.close()
  }
}

async function sizeOf(path: string, flag: string): Promise<number> {
  return opened(path, flag, async ({ sizeBytes }) => sizeBytes)
}

async function opened<T>(path: string, flag: string, use: (image: OpenImage) => Promise<T>): Promise<T> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw badFlag(flag, `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
  try {
    const found = await file.stat()
    if (!found.isFile()) throw badFlag(flag, `${path} is no regular file`)
    if (found.size < 1 || found.size > imageBytesMax)
      throw badFlag(flag, `${path} has ${found.size} bytes, expected 1 to ${imageBytesMax}`)
    return await use({ file, sizeBytes: found.size })
  } finally {
    await file.close()
  }
}
