// What is offered: images, their chunk index and chunks, and the signed manifest, each good unless a case bends it. The
// broker looks at nothing of it, as a broker of another make might: a device must judge as if nobody had looked.
import { createHash, type KeyObject } from 'node:crypto'
import type { ArtifactReader, ArtifactStore } from '../../broker/ports.ts'
import { type EncodedChunk, encodeChunk } from '../../proto/bundle.ts'
import { encodeChunkIndex } from '../../proto/chunk-index.ts'
import { type ChunkerSettings, chunkLengths } from '../../proto/chunker.ts'
import { encode, type WireManifest, type WireSignedEnvelope } from '../../proto/codec.ts'
import { schemaVersion, signEnvelope } from '../../proto/envelope.ts'
import { type ArtifactId, artifactId } from '../../proto/ids.ts'
import { examinationKeys, farExpiry } from './keys.ts'

/** Whom the manifests are for. Ids are 32 hex digits. */
export interface Recipient {
  readonly vendorId: string
  readonly classId: string
  readonly component: string
}

export interface Goods {
  readonly image: Buffer
  readonly version: string
  readonly indexBytes: Buffer
  readonly chunks: readonly EncodedChunk[]
  readonly chunkLengths: readonly number[]
  /** Every field; a case leaves out and bends what it likes. */
  readonly manifest: WireManifest
  readonly artifact: ArtifactId
}

export interface GoodsWishes {
  readonly recipient: Recipient
  readonly version: string
  /** Higher than that of every release the device has committed. */
  readonly releaseCounter: number
  readonly needsReboot: boolean
  readonly image: Buffer
  readonly cutting?: ChunkerSettings
}

const smallChunks = { minimumBytes: 512, averageBytes: 1024, maximumBytes: 4096 }

export function goodsOf(wishes: GoodsWishes): Goods {
  const { recipient, version, releaseCounter, needsReboot, image, cutting = smallChunks } = wishes
  const lengths = chunkLengths(image, cutting)
  const plain: Buffer[] = []
  let offset = 0
  for (const length of lengths) {
    plain.push(image.subarray(offset, offset + length))
    offset += length
  }
  const indexBytes = encodeChunkIndex(cutting, lengths, Buffer.concat(plain.map(sha256)))
  const digest = sha256(image)
  const manifest: WireManifest = {
    vendorId: Buffer.from(recipient.vendorId, 'hex'),
    classId: Buffer.from(recipient.classId, 'hex'),
    priority: 0,
    component: recipient.component,
    version,
    releaseCounter,
    expiresAt: farExpiry,
    payloadSize: image.length,
    payloadSha256: digest,
    installedSize: image.length,
    installedSha256: digest,
    chunkIndexSize: indexBytes.length,
    chunkIndexSha256: sha256(indexBytes),
    uri: 'mqtt:',
    format: 1,
    vendorData: Buffer.alloc(0),
    needsReboot,
    prerequisites: [],
  }
  const chunks = plain.map(encodeChunk)
  const artifact = artifactId(digest.toString('hex'))
  return { image, version, indexBytes, chunks, chunkLengths: lengths, manifest, artifact }
}

/** Signed by the release key unless told otherwise. */
export function signed(manifest: WireManifest, keys: readonly KeyObject[] = [examinationKeys.release]): Buffer {
  return signEnvelope('manifest', encode('Manifest', manifest), keys)
}

/** An envelope with parts of a case's own making. */
export function envelopeOf(parts: Partial<WireSignedEnvelope>): Buffer {
  return encode('SignedEnvelope', { schemaVersion, signatures: [], ...parts })
}

/**
 * Bytes that are never the same for two names, about half of them in stretches that deflate; `head` comes first, for devices
 * that start their image.
 */
export function imageOf(name: string, sizeBytes: number, head: Uint8Array = Buffer.alloc(0)): Buffer {
  const parts: Buffer[] = [Buffer.from(head)]
  const block = 4096
  for (let at = head.length, number = 0; at < sizeBytes; at += block, number += 1) {
    const seed = sha256(Buffer.from(`${name} ${number}`))
    if (number % 2 === 1) parts.push(Buffer.alloc(block, `${name} ${number} `))
    else for (let part = 0; part < block / 32; part += 1) parts.push(sha256(Buffer.concat([seed, Buffer.of(part)])))
  }
  return Buffer.concat(parts).subarray(0, Math.max(sizeBytes, head.length))
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** Hands out what was put in it by hand, unseen. */
export class BelievingArtifacts implements ArtifactStore {
  readonly #shelf = new Map<ArtifactId, ArtifactReader>()

  put(id: ArtifactId, chunkIndex: Uint8Array, chunks: readonly EncodedChunk[]): void {
    const chunkOf = (chunk: number): EncodedChunk => {
      const found = chunks[chunk]
      if (found === undefined) throw new RangeError(`no chunk ${chunk}`)
      return found
    }
    this.#shelf.set(id, {
      ...{ id, chunkIndex, chunkCount: chunks.length },
      encodingOf: chunk => chunkOf(chunk).encoding,
      encodedLengthOf: chunk => chunkOf(chunk).bytes.length,
      read: async chunk => chunkOf(chunk).bytes,
    })
  }

  async receive(): Promise<never> {
    throw new RangeError('nothing is uploaded in an examination')
  }

  async open(artifact: ArtifactId): Promise<ArtifactReader | undefined> {
    return this.#shelf.get(artifact)
  }

  async close(): Promise<void> {}
}
