// Making images from a payload that is none itself: a patch, or a package of several images. Both begin anew after a
// power cut and hold no more than one frame, or one piece, in memory. What was made is whole and fsynced in the inactive
// slot of its component; nothing is installed by it.
import { createHash, type Hash } from 'node:crypto'
import type { Failure } from '../../proto/event-codes.ts'
import type { Manifest } from '../../proto/manifest.ts'
import { type PackageHead, packageHeadBytes, readPackageHead, readPackageMetadata } from '../../proto/package.ts'
import { PatchError, PatchReader, readDeltaMetadata } from '../../proto/patch.ts'
import { compareVersions } from '../../proto/version.ts'
import { StorageReadFailed } from '../errors.ts'
import type { AgentPorts, Candidate, Installer } from '../ports.ts'

const pieceBytes = 256 * 1024
/** A chunk index that does not read: the image is cut again when its chunks are asked for, not taken for an older one. */
const noIndex = new Uint8Array(0)

/**
 * Applies the patch in the payload store to the installed image. Undefined: the new image is in the installer's inactive
 * slot, its digest not compared yet, or `signal` was aborted. 42: the patch is no good. 26: what the store holds is not
 * what was downloaded. 32: the installed image is no longer what it was. Throws what the ports throw.
 */
export async function unpackDelta(
  { payloads, patches }: Pick<AgentPorts, 'payloads' | 'patches'>,
  installer: Installer,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { payloadSize, payloadSha256, installedSize, precursorSha256 = '' } = manifest
  const metadata = readDeltaMetadata(manifest.metadata ?? noIndex)
  const { active } = await installer.status()
  // With another base a frame may well decode, to something that nobody signed.
  const { digest } = await installer.hash(active.slot)
  if (digest !== precursorSha256) return imageChanged(precursorSha256, digest)
  if (active.sizeBytes < metadata.baseSize)
    return bad('base-range', { expected: `${metadata.baseSize} bytes`, actual: `${active.sizeBytes} bytes` })
  const patch = await payloads.open(payloadSize)
  try {
    const found = await digestOf(patch, 0, payloadSize, signal)
    if (signal.aborted) return undefined
    if (found !== payloadSha256) return notAsSigned('payload', payloadSha256, found)
    return await intoCandidate(installer, installedSize, async image => {
      const reader = new PatchReader(metadata, payloadSize, installedSize)
      for (let wanted = reader.wants; wanted !== undefined; wanted = reader.wants) {
        if (signal.aborted) return undefined
        const frame = reader.take(await readWhole(patch, wanted.offset, wanted.length))
        if (frame === undefined) continue
        const base = await installer.readActive(frame.baseOffset, frame.baseBytes)
        const output = await patches.decode(frame.encoded, base, frame.outputBytes)
        if (output === undefined) return bad('frame', { actual: `frame at ${frame.outputOffset}` })
        await image.write(frame.outputOffset, output)
      }
      return undefined
    })
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    return bad(error.reason, { actual: error.message.slice(0, 80) })
  } finally {
    await patch.close()
  }
}

/**
 * Brings the images of the package in the candidate of `installer` into the inactive slots of its members. An image that
 * its member runs already, version and digest, is left out. Undefined: all are there and hashed, or `signal` was aborted.
 * 46 to 49: the package is no good. 41: it is for other components. 27, 33, 26: one image is older than what is
 * installed, finds no room, or is not what the descriptor says. Throws what the ports throw.
 */
export async function unpackPackage(
  installer: Installer,
  members: readonly Installer[],
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const metadata = readPackageMetadata(manifest.metadata ?? noIndex)
  const { payloadSize } = manifest
  const source = await installer.openCandidate(payloadSize)
  try {
    const read = readPackageHead(await source.read(0, packageHeadBytes(metadata)), metadata, payloadSize)
    if (!read.ok) return read.failure
    const { images } = read.head
    const strangers = strangersIn(images, members)
    if (strangers !== undefined) return strangers
    const news: { readonly member: Installer; readonly image: Image }[] = []
    for (const image of images) {
      const member = members.find(({ component }) => component === image.component)
      if (member === undefined) continue
      const { version, digest } = (await member.status()).active
      if (version === image.version && digest === image.sha256) continue
      if (compareVersions(image.version, version) <= 0) return notNewer(image, version)
      news.push({ member, image })
    }
    for (const { member, image } of news) {
      const failure = await unpackImage(source, member, image, signal)
      if (failure !== undefined || signal.aborted) return failure
    }
    return undefined
  } finally {
    await source.close()
  }
}

type Image = PackageHead['images'][number]

async function unpackImage(
  source: Candidate,
  member: Installer,
  image: Image,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { component, offset, sizeBytes, sha256 } = image
  const availableBytes = await member.availableBytes({ candidate: sizeBytes, beside: 0, members: 0 })
  if (availableBytes < sizeBytes)
    return {
      code: 'UPD4_FAIL_33',
      data: {
        reason: 'package-image',
        field: component,
        expected: `${sizeBytes} bytes`,
        actual: `${availableBytes} bytes`,
      },
    }
  return intoCandidate(member, sizeBytes, async candidate => {
    const hash = createHash('sha256')
    for await (const { at, bytes } of pieces(source, offset, sizeBytes, signal)) {
      hash.update(bytes)
      await candidate.write(at - offset, bytes)
    }
    return signal.aborted ? undefined : wrongImage(hash, component, sha256)
  })
}

function wrongImage(hash: Hash, component: string, expected: string): Failure | undefined {
  const found = hash.digest('hex')
  if (found === expected) return undefined
  const { code, data } = notAsSigned('package-image', expected, found)
  return { code, data: { ...data, field: component } }
}

/** Opens the candidate, lets `fill` write it, and leaves it fsynced. */
async function intoCandidate(
  installer: Installer,
  sizeBytes: number,
  fill: (candidate: Candidate) => Promise<Failure | undefined>,
): Promise<Failure | undefined> {
  const candidate = await installer.openCandidate(sizeBytes)
  try {
    const failure = await fill(candidate)
    if (failure !== undefined) return failure
    await candidate.writeIndex(noIndex)
    await candidate.sync()
    return undefined
  } finally {
    await candidate.close()
  }
}

function strangersIn(images: readonly Image[], members: readonly Installer[]): Failure | undefined {
  const brought = images.map(({ component }) => component).toSorted()
  const registered = members.map(({ component }) => component).toSorted()
  if (brought.join() === registered.join()) return undefined
  return {
    code: 'UPD4_FAIL_41',
    data: {
      reason: 'package-members',
      expected: registered.join(' ').slice(0, 160),
      actual: brought.join(' ').slice(0, 160),
    },
  }
}

function notNewer({ component, version }: Image, installed: string): Failure {
  return {
    code: 'UPD4_FAIL_27',
    data: { reason: 'package-image', field: component, expected: `above ${installed}`, actual: version },
  }
}

function imageChanged(expected: string, actual: string): Failure {
  return { code: 'UPD4_FAIL_32', data: { reason: 'image-changed', expected, actual } }
}

async function digestOf(file: Candidate, offset: number, sizeBytes: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const { bytes } of pieces(file, offset, sizeBytes, signal)) hash.update(bytes)
  return hash.digest('hex')
}

/** Ends early when aborted. Throws StorageReadFailed when the file is shorter. */
async function* pieces(
  file: Candidate,
  offset: number,
  sizeBytes: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly at: number; readonly bytes: Uint8Array }> {
  const end = offset + sizeBytes
  for (let at = offset; at < end && !signal.aborted; at += pieceBytes)
    yield { at, bytes: await readWhole(file, at, Math.min(pieceBytes, end - at)) }
}

async function readWhole(file: Candidate, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await file.read(offset, length)
  if (bytes.length === length) return bytes
  throw new StorageReadFailed(`reading ${length} bytes at ${offset} of the payload, got ${bytes.length}`, 'SHORT')
}

function bad(reason: string, data: Readonly<Record<string, string>>): Failure {
  return { code: 'UPD4_FAIL_42', data: { reason, ...data } }
}

function notAsSigned(reason: string, expected: string, actual: string): Failure {
  return { code: 'UPD4_FAIL_26', data: { reason, expected, actual } }
}
