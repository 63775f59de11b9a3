// A signing key of the simulator's own, and what it signs: the broker's good offers with one thing changed, and small
// payloads that no operator could upload. A sensor trusts it only where its fault needs a signed statement that is bad:
// the rest of the fleet never hears of this key.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { encodeChunk } from '../../../proto/bundle.ts'
import { encodeChunkIndex } from '../../../proto/chunk-index.ts'
import { chunkerDefaults } from '../../../proto/chunker.ts'
import { decode, encode } from '../../../proto/codec.ts'
import {
  encodeTrustDocument,
  openEnvelope,
  type Role,
  signEnvelope,
  type TrustedKey,
  trustedKey,
} from '../../../proto/envelope.ts'
import { encodeManifest, type Manifest, readManifest } from '../../../proto/manifest.ts'

/** One payload of a few bytes, in one chunk, with everything a device asks for. */
export interface ForgedPayload {
  readonly sha256: string
  readonly index: Buffer
  readonly chunk: ReturnType<typeof encodeChunk>
  /** Of the manifest. */
  readonly fields: Pick<
    Manifest,
    'payloadSize' | 'payloadSha256' | 'installedSize' | 'installedSha256' | 'chunkIndexSize' | 'chunkIndexSha256'
  >
}

/** 2100-01-01 */
const expiresAt = 4_102_444_800_000

export class Forge {
  #keys: { readonly root: KeyObject; readonly release: KeyObject } | undefined
  #trust: Buffer | undefined
  #unusableTrust: Buffer | undefined

  /** The trust document of the sensors that trust this key. */
  get trust(): Uint8Array {
    this.#trust ??= this.#document(this.#trusted())
    return this.#trust
  }

  /** A trust document that its root has signed, with a key that is none. */
  get unusableTrust(): Uint8Array {
    if (this.#unusableTrust !== undefined) return this.#unusableTrust
    const wire = decode('TrustDocument', openEnvelope(this.trust).payload, 65_536)
    const keys = wire.keys.map((key, position) =>
      position === wire.keys.length - 1 ? { ...key, publicKey: Buffer.from('no key at all') } : key,
    )
    this.#unusableTrust = signEnvelope('trust', encode('TrustDocument', { ...wire, keys }), [this.#made().root])
    return this.#unusableTrust
  }

  /** The same manifest with `changes`, signed by this key. Undefined for an envelope whose manifest does not read. */
  changed(envelope: Uint8Array, changes: (manifest: Manifest) => Partial<Manifest>): Buffer | undefined {
    const read = readManifest(openEnvelope(envelope).payload)
    if (!read.ok) return undefined
    const manifest = { ...read.manifest, ...changes(read.manifest) }
    return signEnvelope('manifest', encodeManifest(manifest), [this.#made().release])
  }

  #document({ root, release }: { readonly root: TrustedKey; readonly release: TrustedKey }): Buffer {
    const role = (name: string, { keyId }: TrustedKey): [string, Role] => [
      name,
      { name, keyIds: [keyId], threshold: 1 },
    ]
    const document = encodeTrustDocument({
      version: 1,
      expiresAt,
      keys: new Map([root, release].map(key => [key.keyId, key])),
      roles: new Map([role('root', root), role('release', release)]),
      operationTypes: new Map([['firmware-update', 'release']]),
    })
    return signEnvelope('trust', document, [this.#made().root])
  }

  #trusted(): { readonly root: TrustedKey; readonly release: TrustedKey } {
    const { root, release } = this.#made()
    return { root: trustedKey(createPublicKey(root)), release: trustedKey(createPublicKey(release)) }
  }

  #made(): { readonly root: KeyObject; readonly release: KeyObject } {
    const made = (): KeyObject => {
      const { privateKey } = generateKeyPairSync('ed25519')
      return createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    }
    this.#keys ??= { root: made(), release: made() }
    return this.#keys
  }
}

export function forgedPayload(bytes: Buffer): ForgedPayload {
  const digest = createHash('sha256').update(bytes).digest()
  const index = encodeChunkIndex(chunkerDefaults, [bytes.length], digest)
  const sha256 = digest.toString('hex')
  return {
    sha256,
    index,
    chunk: encodeChunk(bytes),
    fields: {
      payloadSize: bytes.length,
      payloadSha256: sha256,
      installedSize: bytes.length,
      installedSha256: sha256,
      chunkIndexSize: index.length,
      chunkIndexSha256: createHash('sha256').update(index).digest('hex'),
    },
  }
}
