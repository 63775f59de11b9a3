// Whoever can sign: a key file, read here, or a program that holds the key or knows who does (exec-signer.ts). What is signed
// is made here and never depends on who signs it: the message goes out, a signature comes back, and it is verified before it
// goes into an envelope.
import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  assembleEnvelope,
  type MadeSignature,
  messageToSign,
  type PayloadType,
  signMessage,
  type TrustedKey,
  trustedKey,
} from '../proto/envelope.ts'
import { signaturesMax } from '../proto/limits.ts'
import { badFlag } from './errors.ts'

export interface Signer {
  /** The flag that named it. */
  readonly flag: '--key' | '--signer'
  /** What stood behind the flag. */
  readonly name: string
  readonly key: TrustedKey
  /** 64 bytes that `key` verifies for the message. Throws BadInput. */
  sign(request: SigningRequest): Promise<Uint8Array>
}
export interface SigningRequest {
  /** What the message speaks about; `test`: it is no statement, and no device would take it for one. */
  readonly payloadType: PayloadType | 'test'
  /** Exactly the bytes to sign. */
  readonly message: Uint8Array
  /** For the person whose consent a signature is: one sentence. */
  readonly summary: string
}

export function keySigner(privateKey: KeyObject, name = 'a private key'): Signer {
  return {
    flag: '--key',
    name,
    key: trustedKey(createPublicKey(privateKey)),
    sign: async ({ message }) => signMessage(message, privateKey).signature,
  }
}

/**
 * The payload, signed by all of them, one after the other: a person touches one token at a time. Throws BadInput, also for the
 * same key twice, which a threshold counts once.
 */
export async function signedBy(
  signers: readonly Signer[],
  payloadType: PayloadType,
  payload: Uint8Array,
  summary: string,
): Promise<Buffer> {
  mustDiffer(signers)
  const message = messageToSign(payloadType, payload)
  const signatures: MadeSignature[] = []
  for (const signer of signers)
    signatures.push({ key: signer.key, signature: await signer.sign({ payloadType, message, summary }) })
  return assembleEnvelope(payloadType, payload, signatures)
}

/** Throws BadInput: a key twice, or more of them than an envelope has room for. */
export function mustDiffer(signers: readonly Signer[]): void {
  for (const [index, { key, flag, name }] of signers.entries()) {
    const other = signers.slice(0, index).find(each => each.key.keyId === key.keyId)
    if (other !== undefined)
      throw badFlag(flag, `${name} is the same key as ${other.flag} ${other.name}; a threshold counts it once`)
  }
  const [first] = signers
  if (first !== undefined && signers.length > signaturesMax)
    throw badFlag(first.flag, `${signers.length} keys are given, expected at most ${signaturesMax}`)
}
