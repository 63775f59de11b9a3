// From a description to a combined package: images for several components in one payload, in the order of installing.
//
//   { "images": [ { "component": "boot", "version": "1.2.3", "file": "boot.img", "vendorDataFile": "boot.txt" }, … ] }
//
// Paths are relative to the description.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { imageBytesMax, packageDescriptorBytesMax, packageVendorDataBytesMax } from '../proto/limits.ts'
import {
  encodePackageHead,
  type PackageImage,
  type PackageMetadata,
  packagePrefixBytes,
  readPackageHead,
} from '../proto/package.ts'
import { changed } from './bundle-file.ts'
import { badFlag } from './errors.ts'
import { readSmallFile, reasonOf, writeAll } from './files.ts'

export interface PackagePart {
  readonly component: string
  readonly version: string
  readonly file: string
  readonly vendorData: Uint8Array
}

export interface WrittenPackage {
  readonly metadata: PackageMetadata
  readonly images: readonly PackageImage[]
  readonly sizeBytes: number
}

const flag = '--package'
const pieceBytes = 1024 * 1024

/** Throws BadInput naming `--package`, and the member that is wrong. */
export async function readDescription(path: string): Promise<readonly PackagePart[]> {
  const text = (await readSmallFile(path, flag, packageDescriptorBytesMax)).toString('utf8')
  const wrong = (problem: string, cause?: unknown) => badFlag(flag, `${path}: ${problem}`, cause)
  let json: { images?: unknown } | null
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw wrong(`no JSON (${(cause as Error).message})`, cause)
  }
  const images: unknown = json?.images
  if (!Array.isArray(images) || images.length === 0) throw wrong('images: expected a list of at least one image')
  const stranger = Object.keys(json ?? {}).find(name => name !== 'images')
  if (stranger !== undefined) throw wrong(`${stranger}: not known; expected images`)
  const parts: PackagePart[] = []
  for (const [number, image] of images.entries()) {
    const where = `images.${number}`
    if (typeof image !== 'object' || image === null) throw wrong(`${where}: expected an object`)
    const { component, version, file, vendorDataFile, ...others } = image as Record<string, unknown>
    const [other] = Object.keys(others)
    if (other !== undefined)
      throw wrong(`${where}.${other}: not known; expected component, version, file, vendorDataFile`)
    const texts = { component, version, file, ...(vendorDataFile === undefined ? {} : { vendorDataFile }) }
    for (const [name, value] of Object.entries(texts))
      if (typeof value !== 'string' || value === '') throw wrong(`${where}.${name}: expected a text`)
    const at = (name: unknown): string => resolve(dirname(path), String(name))
    const vendorData =
      vendorDataFile === undefined
        ? new Uint8Array(0)
        : await readSmallFile(at(vendorDataFile), flag, packageVendorDataBytesMax)
    parts.push({ component: String(component), version: String(version), file: at(file), vendorData })
  }
  return parts
}

/** Bytes of each image, in order. Throws BadInput naming the file that cannot be used. */
export async function imageSizesOf(parts: readonly PackagePart[]): Promise<readonly number[]> {
  const sizes: number[] = []
  for (const { file } of parts) {
    const source = await openPart(file)
    sizes.push((await source.stat()).size)
    await source.close()
  }
  return sizes
}

/** Writes the package to `out` from its beginning; not synced. Throws BadInput naming `--package`. */
export async function writePackage(
  parts: readonly PackagePart[],
  out: FileHandle,
  step: (bytes: number) => void,
): Promise<WrittenPackage> {
  const images: PackageImage[] = []
  // The head is as long with any digest as with the right ones.
  const sizes = await imageSizesOf(parts)
  const blank = parts.map((part, number) => ({ ...part, sizeBytes: sizes[number] ?? 0, sha256: '00'.repeat(32) }))
  let position = encodePackageHead(blank).length
  for (const { component, version, sizeBytes, vendorData, file } of blank) {
    const sha256 = await copyPart(file, sizeBytes, out, position, step)
    images.push({ component, version, sizeBytes, sha256, vendorData })
    position += sizeBytes
  }
  const head = encodePackageHead(images)
  const metadata = { descriptorSize: head.length - packagePrefixBytes }
  const verdict = readPackageHead(head, metadata, position)
  if (!verdict.ok) {
    const { code, data } = verdict.failure
    const found = data.actual === undefined ? '' : `, got ${data.actual}`
    throw badFlag(flag, `${data.field}: expected ${data.expected ?? data.reason}${found} (devices would say ${code})`)
  }
  const names = images.map(({ component }) => component)
  const twice = names.find((name, number) => names.indexOf(name) !== number)
  if (twice !== undefined) throw badFlag(flag, `${twice}: two images for one component`)
  await writeAll(out, head, 0)
  return { metadata, images, sizeBytes: position }
}

/** SHA-256 of what was copied. */
async function copyPart(
  path: string,
  sizeBytes: number,
  out: FileHandle,
  position: number,
  step: (bytes: number) => void,
): Promise<string> {
  const source = await openPart(path)
  try {
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(pieceBytes)
    let copied = 0
    while (copied < sizeBytes) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(pieceBytes, sizeBytes - copied), copied)
      if (bytesRead === 0) throw changed(flag)
      const piece = buffer.subarray(0, bytesRead)
      hash.update(piece)
      await writeAll(out, piece, position + copied)
      copied += bytesRead
      step(bytesRead)
    }
    if ((await source.stat()).size !== sizeBytes) throw changed(flag)
    return hash.digest('hex')
  } finally {
    await source.close()
  }
}

async function openPart(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw badFlag(flag, `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
  const found = await file.stat()
  if (found.isFile() && found.size >= 1 && found.size <= imageBytesMax) return file
  await file.close()
  throw badFlag(
    flag,
    `${path} ${found.isFile() ? `has ${found.size} bytes, expected 1 to ${imageBytesMax}` : 'is no regular file'}`,
  )
}
