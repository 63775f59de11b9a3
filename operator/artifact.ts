// From an image, a pair of images or several of them to a signed bundle:
//
//   payload: the image itself · the patch from an older one · a package  ─▶ cut and hashed ─▶ manifest ─▶ signatures ─▶ bundle
//
// What is made on the way lies in a temporary folder beside the bundle, which appears under its name only when it is whole
// and on the disk.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type ArtifactId, artifactId, type ReleaseId, releaseIdOf } from '../proto/ids.ts'
import { encodeManifest, type Manifest, readManifest } from '../proto/manifest.ts'
import { cutPayload, writeBundle } from './bundle-file.ts'
import { badFlag } from './errors.ts'
import { reasonOf, replaceFile, withTemporaryFolder } from './files.ts'
import { type Payload, plannedPayload, preparePayload } from './payload.ts'
import { type Signer, signedBy } from './signer.ts'

/** What the bytes to install are, and how they travel. Paths of files. */
export type PayloadWishes =
  | { readonly image: string }
  /** `deltaFrom`: the image that the devices have; the release is that of the whole image. */
  | { readonly image: string; readonly deltaFrom: string }
  /** The description of a package (package-file.ts). */
  | { readonly package: string }

/** What the operator says of the image; all else follows from its bytes. Times are milliseconds since 1970. */
export type ArtifactWishes = PayloadWishes & {
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
  readonly signers: readonly Signer[]
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
  /** What the device has in the end. */
  readonly imageBytes: number
  /** What travels, before compression. */
  readonly payloadBytes: number
  readonly bundleBytes: number
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

/** Throws BadInput naming the flag: what to install, a field of the manifest, a key, or where the bundle should go. */
export async function createArtifact(wishes: ArtifactWishes): Promise<CreatedArtifact> {
  const { out, signers, now } = wishes
  // Field by field before the first byte is read: a wrong flag is told at once, not after a minute of hashing.
  const planned = await plannedPayload(wishes)
  const blank = { sha256: '00'.repeat(32), sizeBytes: planned.installedSize, indexBytes: Buffer.alloc(1) }
  checkManifest(manifestOf(wishes, planned, blank), now, planned.flag)
  return withTemporaryFolder(out, '--out', async folder => {
    const step = progress(wishes.onProgress, planned.workBytes)
    const payload = await preparePayload(wishes, folder, step)
    const file = await openPayload(payload)
    try {
      const { size } = await file.stat()
      const cut = await cutPayload(file, size, payload.flag, step)
      const manifest = manifestOf(wishes, payload, cut)
      const statement = checkManifest(manifest, now, payload.flag)
      const envelope = await signedBy(signers, 'manifest', statement, summaryOf(manifest))
      let bundleBytes = 0
      await replaceFile(out, '--out', async temporary => {
        bundleBytes = await writeBundle(file, temporary, envelope, cut, payload.flag, step)
      })
      wishes.onProgress?.(1)
      return {
        path: out,
        release: releaseIdOf(manifest.component, manifest.version, manifest.installedSha256),
        artifact: artifactId(manifest.payloadSha256),
        manifest,
        chunkCount: cut.lengths.length,
        imageBytes: manifest.installedSize,
        payloadBytes: size,
        bundleBytes,
      }
    } finally {
      await file.close()
    }
  })
}

function summaryOf({ component, version, installedSha256, installedSize, ...manifest }: Manifest): string {
  const whom = manifest.deviceId === undefined ? `class ${manifest.classId}` : `device ${manifest.deviceId}`
  const until = new Date(manifest.expiresAt).toISOString()
  return `release ${component} ${version} (${installedSize} bytes, SHA-256 ${installedSha256}) for ${whom} of vendor ${manifest.vendorId}, until ${until}`
}

/** 1.2.3 → 1002003. The version must be one of a manifest. */
export function releaseCounterOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1_000 + patch
}

async function openPayload({ path, flag }: Payload): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw badFlag(flag, `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
}

function manifestOf(
  wishes: ArtifactWishes,
  payload: Omit<Payload, 'path' | 'flag'>,
  {
    sha256,
    sizeBytes,
    indexBytes,
  }: { readonly sha256: string; readonly sizeBytes: number; readonly indexBytes: Buffer },
): Manifest {
  const { vendorId, classId, deviceId, priority, component, version, expiresAt, vendorData, needsReboot } = wishes
  const { format, metadata, precursorSha256, installedSize = sizeBytes, installedSha256 = sha256 } = payload
  return {
    vendorId,
    classId,
    ...(deviceId === undefined ? {} : { deviceId }),
    priority,
    component,
    version,
    releaseCounter: wishes.releaseCounter ?? releaseCounterOf(/^\d+\.\d+\.\d+$/.test(version) ? version : '0.0.0'),
    expiresAt,
    payloadSize: sizeBytes,
    payloadSha256: sha256,
    installedSize,
    installedSha256,
    ...(precursorSha256 === undefined ? {} : { precursorSha256 }),
    chunkIndexSize: indexBytes.length,
    chunkIndexSha256: createHash('sha256').update(indexBytes).digest('hex'),
    uri: 'mqtt:',
    format,
    ...(metadata === undefined ? {} : { metadata }),
    vendorData,
    needsReboot,
    prerequisites: [],
  }
}

/** The bytes to sign, after they have been read the way a device will. */
function checkManifest(manifest: Manifest, now: number, payloadFlag: string): Buffer {
  const bytes = encodeManifest(manifest)
  const verdict = readManifest(bytes, { now })
  if (verdict.ok) return bytes
  const { code, data } = verdict.failure
  const flag = flagOf[data.field ?? ''] ?? payloadFlag
  const expected = data.reason === 'expired' ? 'has passed already' : `expected ${data.expected ?? data.reason}`
  throw badFlag(
    flag,
    `${expected}${data.actual === undefined ? '' : `, got ${data.actual}`} (devices would say ${code})`,
  )
}

function progress(tell: ((share: number) => void) | undefined, totalBytes: number): (bytes: number) => void {
  let done = 0
  let told = 0
  return bytes => {
    done += bytes
    if (done - told < progressStepBytes) return
    told = done
    // How large a patch gets is not known before it is made.
    tell?.(Math.min(done / totalBytes, 0.99))
  }
}
