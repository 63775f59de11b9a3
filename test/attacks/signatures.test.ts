// T1 and T2 of the threat model (docs/THREATS.md) at the function that everything rests on: signatures at the edges where
// verifiers have gone wrong, and counting them as The Update Framework's own tests try it.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import t from 'tap'
import { accept, readTrust } from '../../agent/core/accept.ts'
import { encode } from '../../proto/codec.ts'
import {
  distrust,
  EnvelopeError,
  encodeTrustDocument,
  openEnvelope,
  parseTrustDocument,
  roleFor,
  schemaVersion,
  signEnvelope,
  type TrustDocument,
  trustedKey,
  verifyBytes,
} from '../../proto/envelope.ts'
import { encodeManifest } from '../../proto/manifest.ts'
import { manifest } from '../vectors/sample.ts'
import { envelope, keys, signature, trustDocument, type WireSignature } from '../vectors/test-keys.ts'
import { derForms, type EdgeCase, edwardsEdges, ellipticEdges } from './signature-edges.ts'

const payload = encodeManifest(manifest)

/** What is judged otherwise than it was made. */
function misjudged(cases: readonly EdgeCase[]): readonly string[] {
  return cases
    .filter(({ message, signature, key, valid }) => verifyBytes(message, signature, key) !== valid)
    .map(({ what, valid }) => `${what}: ${valid ? 'refused' : 'accepted'}`)
}

t.test('T1 arbitrary software: signatures at the edges, none accepted or refused wrongly', async t => {
  const elliptic = ellipticEdges()
  for (const [name, cases, least] of [
    ['Ed25519', edwardsEdges(), 151],
    ['P-256', elliptic, 262],
  ] as const) {
    const valid = cases.filter(each => each.valid)
    t.strictSame(misjudged(cases), [], `${name}: ${cases.length} of which ${valid.length} are good`)
    t.ok(cases.length >= least && valid.length >= 9)
  }
  // Our signatures are two halves of 32 bytes; the same halves in another notation would be a second spelling of each.
  const der = elliptic.filter(({ signature }) => signature.length === 64)
  const forms = der.flatMap(each => derForms(each.signature).map(signature => ({ ...each, signature, valid: false })))
  t.strictSame(misjudged(forms), [], `DER and BER: none of ${forms.length}`)
  t.ok(forms.length >= 484)
})

t.test('T1 arbitrary software: keys that are none are no keys', async t => {
  const refused = (key: () => KeyObject | Uint8Array): boolean => {
    try {
      trustedKey(key())
      return false
    } catch (error) {
      return error instanceof EnvelopeError && error.code === 'KEY_UNUSABLE'
    }
  }
  const jwk = keys.elliptic.trusted.publicKey.export({ format: 'jwk' })
  const der = keys.elliptic.trusted.publicKey.export({ format: 'der', type: 'spki' })
  const bent = (at: number): Uint8Array => {
    const copy = Buffer.from(der)
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
  t.notOk(refused(() => der))
  for (let at = der.length - 64; at < der.length; at += 1)
    t.ok(
      refused(() => bent(at)),
      `not on the curve: ${at}`,
    )
  t.ok(refused(() => der.subarray(0, -1)))
  t.ok(
    refused(() => Buffer.concat([der.subarray(0, -65), Buffer.of(0)])),
    'the point at infinity',
  )
  t.ok(refused(() => generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey))
  t.ok(refused(() => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey))
  t.ok(refused(() => keys.stranger.privateKey.export({ format: 'der', type: 'pkcs8' })))
  t.equal(trustedKey(createPublicKey({ key: jwk, format: 'jwk' })).keyId, keys.elliptic.trusted.keyId)
})

t.test('T2 signature stripping: the rows of The Update Framework on keys, signatures and thresholds', async t => {
  const by = (key: typeof keys.release, round = 0): WireSignature => signature(key, 'manifest', payload, 1, round)
  const bad = { keyId: keys.second.trusted.keyId, signature: Buffer.alloc(64, 1) }
  const renamed = { ...by(keys.release), keyId: keys.second.trusted.keyId }
  const rows: readonly [string, number, readonly WireSignature[], string | undefined][] = [
    ['valid', 1, [by(keys.release)], undefined],
    ['duplicate_sig_keyids', 2, [by(keys.release), by(keys.release)], 'threshold'],
    ['two signatures of one P-256 key', 2, [by(keys.elliptic), by(keys.elliptic, 1)], 'threshold'],
    ['one signature under two ids', 2, [by(keys.release), renamed], 'threshold'],
    ['threshold', 2, [by(keys.release)], 'threshold'],
    ['threshold of three', 3, [by(keys.release), by(keys.second)], 'threshold'],
    ['invalid_sig_in_valid', 2, [by(keys.release), bad, by(keys.elliptic)], undefined],
    ['invalid before valid of the same key', 1, [bad, by(keys.second)], undefined],
    ['unknown ids among valid ones', 2, [by(keys.stranger), by(keys.release), by(keys.second)], undefined],
    ['a key of another role beside one of its own', 2, [by(keys.operations), by(keys.release)], 'threshold'],
    ['keys of other roles alone', 1, [by(keys.operations), by(keys.root)], 'unknown-key'],
    ['no signature', 1, [], 'unsigned'],
    ['empty signature', 1, [{ ...by(keys.release), signature: new Uint8Array(0) }], 'bad-signature'],
    ['Ed25519 bytes under a P-256 id', 1, [{ ...by(keys.release), keyId: by(keys.elliptic).keyId }], 'bad-signature'],
    ['P-256 bytes under an Ed25519 id', 1, [{ ...by(keys.elliptic), keyId: by(keys.release).keyId }], 'bad-signature'],
  ]
  for (const [what, threshold, signatures, reason] of rows) {
    const trust = trustDocument([keys.release, keys.second, keys.elliptic], threshold)
    const opened = openEnvelope(envelope(payload, signatures))
    t.equal(distrust(opened, 'manifest', roleFor('firmware-update', trust), trust), reason, what)
  }
})

t.test('T2 signature stripping: documents that would let one key count as two are none', async t => {
  const good = trustDocument([keys.release, keys.second], 2)
  const wire = {
    version: 1,
    expiresAt: good.expiresAt,
    keys: [...good.keys.values()].map(({ keyId, algorithm, publicKey }) => ({
      ...{ keyId, algorithm: algorithm === 'ed25519' ? 1 : 2 },
      publicKey: publicKey.export({ format: 'der', type: 'spki' }) as Uint8Array,
    })),
    roles: [...good.roles.values()].map(role => ({ ...role, keyIds: [...role.keyIds] })),
    operationTypes: [...good.operationTypes].map(([operationType, role]) => ({ operationType, role })),
  }
  const read = (changes: Partial<typeof wire>): string => {
    const bytes = encode('TrustDocument', { ...wire, ...changes })
    try {
      parseTrustDocument(signEnvelope('trust', bytes, [keys.root.privateKey]))
      return 'read'
    } catch (error) {
      return error instanceof EnvelopeError ? error.reason : String(error)
    }
  }
  const roleOf = (keyIds: readonly string[], threshold: number): Partial<typeof wire> => ({
    roles: wire.roles.map(role => (role.name === 'release' ? { ...role, keyIds: [...keyIds], threshold } : role)),
  })
  const id = keys.release.trusted.keyId
  const [first, ...rest] = wire.keys.filter(({ keyId }) => keyId === id)
  if (first === undefined || rest.length > 0) throw new Error('expected one key')
  const others = wire.keys.filter(key => key !== first)
  t.equal(read({}), 'read')
  t.equal(read(roleOf([id, id], 2)), 'keys of role release', 'duplicate_keys: an id twice in a role')
  t.equal(read({ keys: [...wire.keys, first] }), 'key given twice', 'duplicate_keys: a key twice')
  t.equal(read({ keys: [...wire.keys, { ...first, keyId: 'x' }] }), 'key-id-or-algorithm', 'one key under two ids')
  t.equal(read({ keys: [...others, { ...first, algorithm: 2 }] }), 'key-id-or-algorithm', 'as of another algorithm')
  t.equal(read({ keys: [...others, { ...first, algorithm: 3 }] }), 'key-id-or-algorithm', 'of an algorithm of nobody')
  t.equal(read(roleOf([id], 2)), 'threshold of role release', 'too_few_keys')
  t.equal(read(roleOf([id], 0)), 'threshold of role release', 'a threshold of nothing')
  t.equal(read(roleOf([id, 'x'], 1)), 'keys of role release', 'a key that is not there')
  // The device, by the same rows: `accept` is what it judges by.
  const trust: TrustDocument = trustDocument([keys.release, keys.second], 2)
  const facts = {
    trust: readTrust(signEnvelope('trust', encodeTrustDocument(trust), [keys.root.privateKey])),
    ...{ now: 0, vendorId: manifest.vendorId, classId: manifest.classId, deviceId: 'device-0', releaseMarks: {} },
    ...{ components: new Map(), formats: new Map() },
  }
  const twice = [keys.release, keys.release].map(key => signature(key, 'manifest', payload))
  const verdict = accept(envelope(payload, twice, schemaVersion), facts)
  t.match(verdict, { ok: false, failure: { code: 'UPD4_FAIL_23', data: { reason: 'threshold' } } })
})
