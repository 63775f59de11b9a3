// What a signer program is asked and what it answers: one JSON object each way, a line on its standard input, an object on its
// standard output. docs/OPERATING.md ("Keys that are no files") is the same for whoever writes such a program.
import { createHash } from 'node:crypto'
import { type TrustedKey, trustedKey, verifyBytes } from '../proto/envelope.ts'
import type { SigningRequest } from './signer.ts'

export const contractVersion = 1
/** Of an answer. */
export const answerBytesMax = 64 * 1024
const saidMax = 300

/** What it said cannot be used. The message is the end of a sentence that begins with the program's name. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
}

export function publicKeyRequest(): Buffer {
  return line({ version: contractVersion, request: 'public-key' })
}

export function signRequest({ payloadType, message, summary }: SigningRequest, key: TrustedKey): Buffer {
  return line({
    ...{ version: contractVersion, request: 'sign', keyId: key.keyId, algorithm: key.algorithm, payloadType },
    message: Buffer.from(message).toString('base64'),
    // Of ECDSA it is what is signed, and all that a token wants to see. Ed25519 signs the message itself.
    ...(key.algorithm === 'ed25519' ? {} : { digest: createHash('sha256').update(message).digest('base64') }),
    summary,
  })
}

/** Throws UnusableAnswer. */
export function publicKeyIn(answer: Uint8Array): TrustedKey {
  const text = memberOf(answer, 'publicKey')
  try {
    // PEM or DER, as clouds and tokens give them.
    const bytes = text.includes('-----BEGIN') ? undefined : base64Of(text, 'publicKey')
    return trustedKey(bytes ?? derOf(text))
  } catch (cause) {
    if (cause instanceof UnusableAnswer) throw cause
    throw new UnusableAnswer('gave a public key that is neither an Ed25519 nor a P-256 key (SPKI, DER or PEM)', {
      cause,
    })
  }
}

/** 64 bytes that `key` verifies for `message`. Throws UnusableAnswer. */
export function signatureIn(answer: Uint8Array, key: TrustedKey, message: Uint8Array): Uint8Array {
  const bytes = base64Of(memberOf(answer, 'signature'), 'signature')
  const forms = key.algorithm === 'ed25519' ? [bytes] : [bytes, rawOf(bytes)]
  const verified = forms.find(form => form !== undefined && verifyBytes(message, form, key))
  if (verified !== undefined) return verified
  const form = key.algorithm === 'ed25519' ? '64 bytes' : '64 bytes (r, s) or DER'
  throw new UnusableAnswer(
    `answered with ${bytes.length} bytes that are no signature of the message by the key ${key.keyId}, which it named ` +
      `itself; expected ${form}, of this key, over ${key.algorithm === 'ed25519' ? 'message' : 'digest'} as it was given`,
  )
}

/** The reason it gives for not answering, if it does. */
export function refusalIn(answer: Uint8Array): string | undefined {
  try {
    const error = parsed(answer).error
    return typeof error === 'string' && error !== '' ? cut(error) : undefined
  } catch {
    // It ended with an error anyway, and what it wrote was no answer.
    return undefined
  }
}

function memberOf(answer: Uint8Array, name: 'publicKey' | 'signature'): string {
  const { version, error, [name]: value } = parsed(answer)
  if (typeof error === 'string') throw new UnusableAnswer(`refused: ${cut(error)}`)
  if (version !== contractVersion)
    throw new UnusableAnswer(
      `answered in version ${cut(JSON.stringify(version) ?? 'none')}, expected ${contractVersion}`,
    )
  if (typeof value !== 'string') throw new UnusableAnswer(`answered without "${name}", expected it as a text`)
  return value
}

function parsed(answer: Uint8Array): Readonly<Record<string, unknown>> {
  const text = Buffer.from(answer).toString()
  if (text.trim() === '')
    throw new UnusableAnswer('ended without an answer, expected a JSON object on its standard output')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const problem = `wrote ${cut(JSON.stringify(text))}, expected one JSON object on its standard output and nothing else`
    throw new UnusableAnswer(problem, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnusableAnswer(`wrote ${cut(text)}, expected one JSON object`)
  return value as Record<string, unknown>
}

function base64Of(text: string, name: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  // Node would read anything.
  if (text === '' || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, ''))
    throw new UnusableAnswer(`answered with "${name}" that is no base64`)
  return bytes
}

function derOf(pem: string): Buffer {
  const [, body = ''] = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(pem) ?? []
  return Buffer.from(body, 'base64')
}

/** r and s of an ECDSA signature in DER (RFC 3279, 2.2.3), 32 bytes each; undefined when it is none. */
function rawOf(der: Buffer): Buffer | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  const raw = Buffer.alloc(64)
  let at = 2
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0
    const number = der.subarray(at + 2, at + 2 + length)
    const first = number.findIndex(byte => byte !== 0)
    if (der[at] !== 2 || number.length !== length || first < 0 || length - first > 32) return undefined
    number.copy(raw, end - (length - first), first)
    at += 2 + length
  }
  return at === der.length ? raw : undefined
}

function cut(text: string): string {
  return text.length <= saidMax ? text : `${text.slice(0, saidMax)}…`
}

function line(request: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`${JSON.stringify(request)}\n`)
}
