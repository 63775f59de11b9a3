// The online keys of the fleet. The operations key signs the commands that the broker may give by itself; which operation
// types that are, the devices' trust document says; firmware and named programs need a key the broker never sees. The
// timestamp key tells the time. Each signs statements of one kind.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { EnvelopeError, signEnvelope, trustedKey } from '../../proto/envelope.ts'
import { BrokerError } from '../errors.ts'

/** The file is no key to sign with. The broker does not start: operations it accepted could never be handed over. */
export class OperationsKeyUnusable extends BrokerError {
  override readonly name = 'OperationsKeyUnusable'
  readonly code = 'OPERATIONS_KEY_UNUSABLE'
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`operations key ${path} ${problem}`, options)
  }
}

const pemBytesMax = 16 * 1024

export class OperationsKey {
  readonly #privateKey: KeyObject
  readonly #signs: 'command' | 'time'
  /** RFC 7638 thumbprint, as trust documents name it. */
  readonly keyId: string

  private constructor(privateKey: KeyObject, keyId: string, signs: 'command' | 'time') {
    this.#privateKey = privateKey
    this.#signs = signs
    this.keyId = keyId
  }

  /** A private Ed25519 or P-256 key in PEM form without a passphrase. Throws OperationsKeyUnusable naming the file. */
  static async open(path: string, signs: 'command' | 'time' = 'command'): Promise<OperationsKey> {
    const pem = await pemOf(path)
    if (pem.includes('ENCRYPTED'))
      throw new OperationsKeyUnusable(path, 'is protected by a passphrase, which nobody types at a start of the broker')
    // Otherwise createPrivateKey speaks of decoders.
    if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
      throw new OperationsKeyUnusable(path, 'holds no private key in PEM form')
    let privateKey: KeyObject
    try {
      privateKey = createPrivateKey(pem)
    } catch (cause) {
      throw new OperationsKeyUnusable(path, 'does not parse', { cause })
    }
    try {
      return new OperationsKey(privateKey, trustedKey(createPublicKey(privateKey)).keyId, signs)
    } catch (cause) {
      if (!(cause instanceof EnvelopeError)) throw cause
      throw new OperationsKeyUnusable(path, 'is neither an Ed25519 nor a P-256 key', { cause })
    }
  }

  /** The SignedEnvelope of a command (`encodeCommand`) or of a time (`encodeFleetTime`), as it travels in an offer. */
  sign(payload: Uint8Array): Uint8Array {
    return signEnvelope(this.#signs, payload, [this.#privateKey])
  }
}

async function pemOf(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    throw new OperationsKeyUnusable(path, `cannot be read (${code})`, { cause })
  }
  if (bytes.length > pemBytesMax)
    throw new OperationsKeyUnusable(path, `has ${bytes.length} bytes, expected at most ${pemBytesMax}`)
  return bytes.toString()
}
