// Signed releases for the agent's tests, made with the contract's own functions.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { encodeChunk } from '../../../proto/bundle.ts'
import { ChunkIndex, encodeChunkIndex } from '../../../proto/chunk-index.ts'
import { chunkLengths } from '../../../proto/chunker.ts'
import { type Command, commandTypes, encodeCommand } from '../../../proto/command.ts'
import {
  encodeTrustDocument,
  signEnvelope,
  type TrustDocument,
  type TrustedKey,
  trustedKey,
} from '../../../proto/envelope.ts'
import type { OperationId } from '../../../proto/ids.ts'
import type { JsonObject } from '../../../proto/json.ts'
import { encodeManifest, type Manifest } from '../../../proto/manifest.ts'

export const vendorId = '11'.repeat(16)
export const classId = '22'.repeat(16)
export const year2030 = Date.UTC(2030, 0, 1)
export const chunker = { minimumBytes: 256, averageBytes: 512, maximumBytes: 2048 }

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that look random and are the same each time. */
export function imageOf(seed: string, sizeBytes: number): Buffer {
  const parts: Buffer[] = []
  for (let part = 0; part * 32 < sizeBytes; part += 1)
    parts.push(createHash('sha256').update(`${seed}-${part}`).digest())
  return Buffer.concat(parts).subarray(0, sizeBytes)
}

export interface Keys {
  readonly root: KeyObject
  readonly release: KeyObject
  readonly second: KeyObject
  readonly operations: KeyObject
}

const key = (): KeyObject => generateKeyPairSync('ed25519').privateKey
export const keys: Keys = { root: key(), release: key(), second: key(), operations: key() }

export function trustDocument(changes: Partial<TrustDocument> = {}, threshold = 1): TrustDocument {
  const trusted = (privateKey: KeyObject): TrustedKey => trustedKey(createPublicKey(privateKey))
  const [root, release, second] = [trusted(keys.root), trusted(keys.release), trusted(keys.second)]
  const operations = trusted(keys.operations)
  return {
    version: 1,
    expiresAt: year2030,
    keys: new Map([root, release, second, operations].map(each => [each.keyId, each])),
    roles: new Map([
      ['root', { name: 'root', keyIds: [root.keyId], threshold: 1 }],
      ['release', { name: 'release', keyIds: [release.keyId, second.keyId], threshold }],
      ['operations', { name: 'operations', keyIds: [operations.keyId], threshold: 1 }],
    ]),
    operationTypes: new Map([
      ['firmware-update', 'release'],
      ...[...commandTypes, 'custom'].map(type => [type, type === 'command' ? 'release' : 'operations'] as const),
    ]),
    ...changes,
  }
}

export function signedTrust(document = trustDocument()): Buffer {
  return signEnvelope('trust', encodeTrustDocument(document), [keys.root])
}

export interface Release {
  readonly manifest: Manifest
  readonly envelope: Buffer
  readonly image: Buffer
  readonly indexBytes: Buffer
  readonly index: ChunkIndex
  readonly chunk: (chunk: number) => ReturnType<typeof encodeChunk>
}

export function indexOf(image: Uint8Array, settings = chunker): Buffer {
  const lengths = chunkLengths(image, settings)
  let offset = 0
  const digests = lengths.map(length => {
    offset += length
    return createHash('sha256')
      .update(image.subarray(offset - length, offset))
      .digest()
  })
  return encodeChunkIndex(settings, lengths, Buffer.concat(digests))
}

/** A good release of `image`; `changes` spoil or bend its manifest before it is signed. */
export function releaseOf(
  image: Buffer,
  changes: Partial<Manifest> = {},
  indexBytes = indexOf(image),
  cutting = chunker,
): Release {
  const manifest: Manifest = {
    vendorId,
    classId,
    priority: 0,
    component: 'main',
    version: '2.0.0',
    releaseCounter: 2,
    expiresAt: year2030,
    payloadSize: image.length,
    payloadSha256: sha256Hex(image),
    installedSize: image.length,
    installedSha256: sha256Hex(image),
    chunkIndexSize: indexBytes.length,
    chunkIndexSha256: sha256Hex(indexBytes),
    uri: 'mqtt:',
    format: 'raw',
    vendorData: new Uint8Array(0),
    needsReboot: true,
    prerequisites: [],
    ...changes,
  }
  const index = ChunkIndex.parse(indexOf(image, cutting))
  return {
    manifest,
    envelope: signEnvelope('manifest', encodeManifest(manifest), [keys.release]),
    image,
    indexBytes,
    index,
    chunk: chunk => encodeChunk(image.subarray(index.offsetOf(chunk), index.offsetOf(chunk) + index.lengthOf(chunk))),
  }
}

/** A good command, signed by the role of its type; `changes` spoil or bend it before it is signed. */
export function commandOf(
  operationType: string,
  given: JsonObject,
  operation: OperationId,
  changes: Partial<Command> = {},
  signer = operationType === 'command' ? keys.release : keys.operations,
): Buffer {
  const command: Command = { operationType, operation, expiresAt: year2030, arguments: given, ...changes }
  return signEnvelope('command', encodeCommand(command), [signer])
}
