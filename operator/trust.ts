// The first trust document, and the one that follows another: other keys in a role, another threshold, a new root, a new
// epoch. The roots of both sign it, at both thresholds, and may do so one after the other at different desks.
//
//   previous ─▶ nextTrust (draft, signed by who is here) ─▶ addSignatures (by who was not) ─▶ complete: hand it out
//   nothing ──▶ firstTrust ─┘
import { encode } from '../proto/codec.ts'
import {
  distrust,
  EnvelopeError,
  encodeTrustDocument,
  openEnvelope,
  parseTrustDocument,
  type Role,
  readTrustDocument,
  type TrustDocument,
  type TrustedKey,
  trustedKey,
} from '../proto/envelope.ts'
import { trustDocumentBytesMax } from '../proto/limits.ts'
import { epochOf, successorOf } from '../proto/trust.ts'
import { badFlag } from './errors.ts'
import { firstStatement, type RoleKeys } from './first-trust.ts'
import { type Signer, signedBy } from './signer.ts'

/** What is not named stays as it is. */
export interface TrustChanges {
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** By name; a role that is not there yet is added. */
  readonly roles: ReadonlyMap<string, RoleKeys>
  /** Release counters and versions of before hold nothing back any more. */
  readonly newEpoch: boolean
}

export interface TrustDraft {
  readonly bytes: Buffer
  readonly document: TrustDocument
  /** What is still missing before a device takes it, as sentences; empty: nothing. */
  readonly missing: readonly string[]
}

/** Throws BadInput: `--role` makes no trust document, a signer is not in its root. `expiresAt`: milliseconds since 1970. */
export async function firstTrust(
  { roles, expiresAt }: Pick<TrustChanges, 'roles' | 'expiresAt'>,
  signers: readonly Signer[],
): Promise<TrustDraft> {
  const statement = firstStatement(roles, expiresAt)
  const document = signable(statement)
  return drafted(undefined, await signed(statement, document, rootSigners(signers, document)))
}

/** Throws BadInput: `--from` is no trust document, `--role` makes none, a signer is in neither root. */
export async function nextTrust(
  previous: Uint8Array,
  changes: TrustChanges,
  signers: readonly Signer[],
): Promise<TrustDraft> {
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
  const statement = encodeTrustDocument(document)
  signable(statement)
  return drafted(before, await signed(statement, document, rootSigners(signers, before, document)))
}

/**
 * The draft with more signatures. `previous`: what the devices have; undefined for a first document. Throws BadInput as
 * nextTrust, and `<draft>` for what does not follow `previous`.
 */
export async function addSignatures(
  previous: Uint8Array | undefined,
  draft: Uint8Array,
  signers: readonly Signer[],
): Promise<TrustDraft> {
  const before = previous === undefined ? undefined : readDocument(previous)
  const { payload, signatures, schemaVersion } = envelopeOf(draft)
  const document = readStatement(payload, '<draft>')
  if (before === undefined && document.version > 1)
    throw badFlag('--from', `version ${document.version} follows another document; name the one that devices have`)
  const roots = before === undefined ? [document] : [before, document]
  const added = openEnvelope(await signed(payload, document, rootSigners(signers, ...roots))).signatures
  const others = signatures.filter(({ keyId }) => !added.some(one => one.keyId === keyId))
  return drafted(before, encode('SignedEnvelope', { schemaVersion, payload, signatures: [...others, ...added] }))
}

/** What a document says, whoever signed it. Throws BadInput naming `flag`. */
export function readStatement(payload: Uint8Array, flag: string): TrustDocument {
  try {
    const document = readTrustDocument(payload)
    // ECMA-262, 21.4.1.1: later moments have no name.
    if (document.expiresAt > 8.64e15) throw new EnvelopeError('MALFORMED', 'expiresAt')
    return document
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw badFlag(flag, `makes no trust document (${cause.reason})`, cause)
  }
}

function signed(payload: Uint8Array, document: TrustDocument, signers: readonly Signer[]): Promise<Buffer> {
  const roles = [...document.roles.values()].map(
    ({ name, threshold, keyIds }) => `${name} ${threshold}/${keyIds.length}`,
  )
  const until = new Date(document.expiresAt).toISOString()
  const summary = `trust document version ${document.version} (${roles.join(', ')}), until ${until}`
  return signedBy(signers, 'trust', payload, summary)
}

/** Nobody is asked to sign what no device would read. */
function signable(statement: Uint8Array): TrustDocument {
  mustFit(statement)
  return readStatement(statement, '--role')
}

function mustFit(bytes: Uint8Array): void {
  if (bytes.length > trustDocumentBytesMax)
    throw badFlag('--role', `the document has ${bytes.length} bytes, expected at most ${trustDocumentBytesMax}`)
}

function drafted(before: TrustDocument | undefined, bytes: Buffer): TrustDraft {
  mustFit(bytes)
  const envelope = envelopeOf(bytes)
  const document = readStatement(envelope.payload, '--role')
  const roots: readonly (readonly [string, TrustDocument])[] = [
    ...(before === undefined ? [] : [['previous', before] as const]),
    ['new', document],
  ]
  const sentences = roots.flatMap(([which, { roles, keys }]) => {
    const root = roles.get('root')
    if (root === undefined) throw badFlag('--role', 'there must be a role root')
    if (distrust(envelope, 'trust', root, { ...document, roles, keys }) === undefined) return []
    return [`${root.threshold} of ${root.keyIds.length} keys of the ${which} root must sign`]
  })
  // The last word has what devices ask.
  if (sentences.length === 0 && before !== undefined) followed(before, bytes)
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
function rootSigners(signers: readonly Signer[], ...documents: readonly TrustDocument[]): readonly Signer[] {
  const [only] = documents.length === 1 ? documents : []
  const nowhere = only === undefined ? 'is a root key of neither document' : `is no root key of version ${only.version}`
  for (const { flag, name, key } of signers)
    if (!documents.some(({ roles }) => roles.get('root')?.keyIds.includes(key.keyId)))
      throw badFlag(flag, `${key.keyId} (${name}) ${nowhere}`)
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
    throw badFlag('<draft>', `is no draft of a trust document (${cause.reason})`, cause)
  }
}
