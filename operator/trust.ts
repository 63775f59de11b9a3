// The trust document that follows another one: other keys in a role, another threshold, a new root, a new epoch. The roots
// of both sign it, at both thresholds, and may do so one after the other at different desks.
//
//   previous ─▶ nextTrust (draft, signed by who is here) ─▶ addSignatures (by who was not) ─▶ complete: hand it out
import { createPublicKey, type KeyObject } from 'node:crypto'
import { encode } from '../proto/codec.ts'
import {
  distrust,
  EnvelopeError,
  encodeTrustDocument,
  openEnvelope,
  parseTrustDocument,
  type Role,
  readTrustDocument,
  signEnvelope,
  type TrustDocument,
  type TrustedKey,
  trustedKey,
} from '../proto/envelope.ts'
import { trustDocumentBytesMax } from '../proto/limits.ts'
import { epochOf, successorOf } from '../proto/trust.ts'
import { badFlag } from './errors.ts'

/** What is not named stays as it is. */
export interface TrustChanges {
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** By name; a role that is not there yet is added. */
  readonly roles: ReadonlyMap<string, { readonly publicKeys: readonly KeyObject[]; readonly threshold: number }>
  /** Release counters and versions of before hold nothing back any more. */
  readonly newEpoch: boolean
}

export interface TrustDraft {
  readonly bytes: Buffer
  readonly document: TrustDocument
  /** What is still missing before a device takes it, as sentences; empty: nothing. */
  readonly missing: readonly string[]
}

/** Throws BadInput: `--from` is no trust document, `--role` makes none, `--key` is in neither root. */
export function nextTrust(previous: Uint8Array, changes: TrustChanges, signers: readonly KeyObject[]): TrustDraft {
  const before = readDocument(previous)
  const roles = new Map(before.roles)
  const known = new Map(before.keys)
  for (const [name, { publicKeys, threshold }] of changes.roles) {
    const keys = publicKeys.map(key => trustedKey(key))
    for (const key of keys) known.set(key.keyId, key)
    roles.set(name, { name, keyIds: [...new Set(keys.map(({ keyId }) => keyId))], threshold } satisfies Role)
  }
  // A key that no role names any more is revoked.
  const named = new Set([...roles.values()].flatMap(({ keyIds }) => keyIds))
  const keys = new Map<string, TrustedKey>([...known].filter(([keyId]) => named.has(keyId)))
  const epoch = epochOf(before) + (changes.newEpoch ? 1 : 0)
  const document: TrustDocument = {
    version: before.version + 1,
    expiresAt: changes.expiresAt,
    ...{ keys, roles, operationTypes: before.operationTypes },
    ...(epoch === 0 ? {} : { releaseEpoch: epoch }),
  }
  return drafted(before, signEnvelope('trust', encodeTrustDocument(document), rootKeys(signers, before, document)))
}

/** The draft with more signatures. Throws BadInput as nextTrust, and `--add-to` for what does not follow `previous`. */
export function addSignatures(previous: Uint8Array, draft: Uint8Array, signers: readonly KeyObject[]): TrustDraft {
  const before = readDocument(previous)
  const { payload, signatures, schemaVersion } = envelopeOf(draft)
  const document = readTrustDocument(payload)
  const added = openEnvelope(signEnvelope('trust', payload, rootKeys(signers, before, document))).signatures
  const others = signatures.filter(({ keyId }) => !added.some(one => one.keyId === keyId))
  return drafted(before, encode('SignedEnvelope', { schemaVersion, payload, signatures: [...others, ...added] }))
}

function drafted(before: TrustDocument, bytes: Buffer): TrustDraft {
  if (bytes.length > trustDocumentBytesMax)
    throw badFlag('--role', `the document has ${bytes.length} bytes, expected at most ${trustDocumentBytesMax}`)
  const envelope = envelopeOf(bytes)
  const document = readable(envelope.payload)
  const missing = [
    ['previous', before],
    ['new', document],
  ] as const
  const sentences = missing.flatMap(([which, { roles, keys }]) => {
    const root = roles.get('root')
    if (root === undefined) throw badFlag('--role', 'there must be a role root')
    if (distrust(envelope, 'trust', root, { ...document, roles, keys }) === undefined) return []
    return [`${root.threshold} of ${root.keyIds.length} keys of the ${which} root must sign`]
  })
  // The last word has what devices ask.
  if (sentences.length === 0) followed(before, bytes)
  return { bytes, document, missing: sentences }
}

function followed(before: TrustDocument, bytes: Uint8Array): void {
  try {
    successorOf(before, bytes)
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw badFlag('--from', `the document does not follow it (${cause.reason})`, cause)
  }
}

/** Whose signatures nobody would count must not be among them: there is room for eight. */
function rootKeys(signers: readonly KeyObject[], ...documents: readonly TrustDocument[]): readonly KeyObject[] {
  for (const signer of signers) {
    const { keyId } = trustedKey(createPublicKey(signer))
    if (!documents.some(({ roles }) => roles.get('root')?.keyIds.includes(keyId)))
      throw badFlag('--key', `${keyId} is a root key of neither document`)
  }
  return signers
}

function readDocument(bytes: Uint8Array): TrustDocument {
  try {
    return parseTrustDocument(bytes)
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw badFlag('--from', `is no trust document (${cause.reason})`, cause)
  }
}

function envelopeOf(bytes: Uint8Array): ReturnType<typeof openEnvelope> {
  try {
    return openEnvelope(bytes)
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw badFlag('--add-to', `is no draft of a trust document (${cause.reason})`, cause)
  }
}

function readable(payload: Uint8Array): TrustDocument {
  try {
    return readTrustDocument(payload)
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw badFlag('--role', `makes no trust document (${cause.reason})`, cause)
  }
}
