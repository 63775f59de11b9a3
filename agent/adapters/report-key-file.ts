// The report key of a device in a file: made once, whole and durable before anybody is told of it, readable by its owner
// alone. Who has a secure element implements the port with that instead.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { dirname } from 'node:path'
import { trustedKey } from '../../proto/envelope.ts'
import { StoredThingCorrupt, StoredThingMissing } from '../errors.ts'
import type { Disk, Random, ReportSigner } from '../ports.ts'
import { errnoOf, reading, writing } from '../storage/disk-errors.ts'

/** A PEM file of a private key is a few hundred bytes; more is something else. */
const fileBytesMax = 16 * 1024
/** PKCS #8 head of an Ed25519 key (RFC 8410, 7); its 32 bytes follow. */
const ed25519Head = Buffer.from('302e020100300506032b657004220420', 'hex')

export class ReportKeyFile implements ReportSigner {
  readonly publicKey: Uint8Array
  readonly #privateKey: KeyObject
  readonly #isEd25519: boolean

  private constructor(privateKey: KeyObject, path: string) {
    const publicKey = createPublicKey(privateKey)
    try {
      this.#isEd25519 = trustedKey(publicKey).algorithm === 'ed25519'
    } catch (cause) {
      throw new StoredThingCorrupt(`${path}: expected an Ed25519 or P-256 private key`, { cause })
    }
    this.publicKey = publicKey.export({ format: 'der', type: 'spki' })
    this.#privateKey = privateKey
  }

  /**
   * The key in `path` (PEM), whose folder is there. Without a file: an Ed25519 key that is made now when there is a
   * `random`. Throws StorageReadFailed, StorageWriteFailed, StoredThingMissing, StoredThingCorrupt.
   */
  static async open(disk: Disk, path: string, random?: Random): Promise<ReportKeyFile> {
    const held = await contentOf(disk, path)
    if (held !== undefined) return new ReportKeyFile(keyOf(held, path), path)
    if (random === undefined) throw new StoredThingMissing(path)
    const der = Buffer.concat([ed25519Head, random.bytes(32)])
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    await keep(disk, path, Buffer.from(key.export({ format: 'pem', type: 'pkcs8' })))
    return new ReportKeyFile(key, path)
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#isEd25519
      ? sign(null, message, this.#privateKey)
      : sign('sha256', message, { key: this.#privateKey, dsaEncoding: 'ieee-p1363' })
  }
}

function keyOf(pem: Uint8Array, path: string): KeyObject {
  try {
    return createPrivateKey(Buffer.from(pem))
  } catch (cause) {
    throw new StoredThingCorrupt(`${path}: expected a private key in PEM, without a passphrase`, { cause })
  }
}

async function contentOf(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  return reading(path, async () => {
    let file: Awaited<ReturnType<Disk['open']>>
    try {
      file = await disk.open(path, 'read')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
    try {
      return await file.read(0, fileBytesMax)
    } finally {
      await file.close()
    }
  })
}

/** Temp, fsync, rename, fsync of the folder: after a power cut there is the whole key or none. */
async function keep(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.new`
  await writing(`writing ${path}`, async () => {
    const file = await disk.open(partial, 'create', 0o600)
    try {
      await file.write(0, bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(partial, path)
    await disk.syncFolder(dirname(path))
  })
}
