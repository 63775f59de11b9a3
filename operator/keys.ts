// Signing keys, which stay with the people: made here, written once, read to sign. The root key signs the trust document
// that devices are provisioned with and then goes into a safe; the release key signs artifacts and named commands; the
// operations key is the one that goes to the broker, which signs with it what may be asked of devices day by day.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  EnvelopeError,
  parseTrustDocument,
  type SignatureAlgorithm,
  signEnvelope,
  trustedKey,
} from '../proto/envelope.ts'
import { badFlag } from './errors.ts'
import { exists, readSmallFile, reasonOf, writeNewSecret, writeWhole } from './files.ts'
import { firstStatement } from './first-trust.ts'

export interface KeyFile {
  /** RFC 7638 thumbprint of the public key. */
  readonly keyId: string
  readonly algorithm: SignatureAlgorithm
  readonly path: string
}
export interface KeyFolder {
  readonly root: KeyFile
  readonly release: KeyFile
  /** For the broker. Never encrypted: there is nobody at its start to type a passphrase. */
  readonly operations: KeyFile
  /** What a device is provisioned with. `expiresAt`: milliseconds since 1970. */
  readonly trust: { readonly path: string; readonly version: number; readonly expiresAt: number }
}
export interface KeyWishes {
  /** Made if it is not there. */
  readonly folder: string
  readonly algorithm: SignatureAlgorithm
  readonly passphrase?: string
  /** Of the trust document, milliseconds since 1970. */
  readonly trustExpiresAt: number
}

const pemBytesMax = 16 * 1024

/** root.pem, release.pem, operations.pem, trust.bin in one folder. Throws BadInput (`--out`) when one is there already. */
export async function createKeyFolder(wishes: KeyWishes): Promise<KeyFolder> {
  const { folder, algorithm, passphrase, trustExpiresAt } = wishes
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw badFlag('--out', `cannot make the directory ${folder} (${reasonOf(cause)})`, cause)
  }
  const paths = {
    root: join(folder, 'root.pem'),
    release: join(folder, 'release.pem'),
    operations: join(folder, 'operations.pem'),
    trust: join(folder, 'trust.bin'),
  }
  for (const path of Object.values(paths))
    if (await exists(path)) throw badFlag('--out', `${path} exists and is never overwritten; give another directory`)
  const root = newKey(algorithm)
  const release = newKey(algorithm)
  const operations = newKey(algorithm)
  const trust = signedTrust({ root, release, operations }, trustExpiresAt)
  await writeNewSecret(paths.root, privateKeyPem(root, passphrase), '--out')
  await writeNewSecret(paths.release, privateKeyPem(release, passphrase), '--out')
  await writeNewSecret(paths.operations, privateKeyPem(operations), '--out')
  await writeWhole(paths.trust, '--out', trust)
  return {
    root: { ...idOf(root), path: paths.root },
    release: { ...idOf(release), path: paths.release },
    operations: { ...idOf(operations), path: paths.operations },
    trust: { path: paths.trust, version: 1, expiresAt: trustExpiresAt },
  }
}

/** The private key in a PEM file. Throws BadInput naming `flag`: no file, no such key, passphrase missing or wrong. */
export async function readPrivateKey(path: string, flag: string, passphrase?: string): Promise<KeyObject> {
  const pem = (await readSmallFile(path, flag, pemBytesMax)).toString()
  // A public key or a certificate would otherwise give a puzzling error from far inside.
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw badFlag(flag, `${path} holds no private key in PEM form`)
  const encrypted = pem.includes('ENCRYPTED')
  if (encrypted && passphrase === undefined)
    throw badFlag(flag, `${path} is protected by a passphrase; give it with --passphrase-file`)
  try {
    const key = createPrivateKey({ key: pem, ...(encrypted && passphrase !== undefined ? { passphrase } : {}) })
    trustedKey(createPublicKey(key))
    return key
  } catch (cause) {
    if (cause instanceof EnvelopeError)
      throw badFlag(flag, `${path} is neither an Ed25519 nor a P-256 key; make one with drover keys create`, cause)
    throw badFlag(flag, encrypted ? `the passphrase does not open ${path}` : `${path} does not parse`, cause)
  }
}

/**
 * The public key in a PEM file; of a private key its public half: people have one file for a key more often than two. Throws
 * BadInput naming `flag`.
 */
export async function readPublicKey(path: string, flag: string): Promise<KeyObject> {
  const pem = await readSmallFile(path, flag, pemBytesMax)
  try {
    const key = createPublicKey(pem)
    trustedKey(key)
    return key
  } catch (cause) {
    throw badFlag(flag, `${path} holds no Ed25519 or P-256 key in PEM form, or one with a passphrase`, cause)
  }
}

export function newKey(algorithm: SignatureAlgorithm): KeyObject {
  return algorithm === 'ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** PKCS#8; encrypted when there is a passphrase. */
export function privateKeyPem(key: KeyObject, passphrase?: string): string {
  const form = { format: 'pem', type: 'pkcs8' } as const
  return key.export(passphrase === undefined ? form : { ...form, cipher: 'aes-256-cbc', passphrase }).toString()
}

function signedTrust(
  privateKeys: Readonly<Record<'root' | 'release' | 'operations', KeyObject>>,
  expiresAt: number,
): Buffer {
  const roles = Object.entries(privateKeys).map(
    ([role, privateKey]) => [role, { publicKeys: [createPublicKey(privateKey)], threshold: 1 }] as const,
  )
  const statement = firstStatement(new Map(roles), expiresAt)
  const bytes = signEnvelope('trust', statement, [privateKeys.root])
  // What a device could not read must not leave the desk.
  parseTrustDocument(bytes)
  return bytes
}

function idOf(privateKey: KeyObject): { readonly keyId: string; readonly algorithm: SignatureAlgorithm } {
  const { keyId, algorithm } = trustedKey(createPublicKey(privateKey))
  return { keyId, algorithm }
}
