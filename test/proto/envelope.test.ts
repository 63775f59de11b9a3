import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  assembleEnvelope,
  distrust,
  EnvelopeError,
  encodeTrustDocument,
  messageToSign,
  openEnvelope,
  parseTrustDocument,
  preAuthenticationEncoding,
  roleFor,
  signEnvelope,
  signMessage,
  trustedKey,
  verifyBytes,
} from '../../proto/envelope.ts'
import { encodeManifest } from '../../proto/manifest.ts'
import { bytes32, p256Order, signP256 } from '../vectors/rfc6979.ts'
import { manifest } from '../vectors/sample.ts'
import { envelope, keys, signature, signed, trustDocument } from '../vectors/test-keys.ts'
import { trustSigned } from '../vectors/trust-cases.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const payload = encodeManifest(manifest)
const trust = trustDocument([keys.release, keys.second, keys.elliptic], 2)
const single = trustDocument([keys.release], 1)
const curve = trustDocument([keys.elliptic], 1)

/** What the release role of `document` says of the bytes: undefined (trusted), a reason, or the code of the error. */
function verdict(bytes: Uint8Array, document = trust): string | undefined {
  try {
    return distrust(openEnvelope(bytes), 'manifest', roleFor('firmware-update', document), document)
  } catch (error) {
    if (error instanceof EnvelopeError) return error.code
    throw error
  }
}

t.test('signEnvelope makes what openEnvelope and distrust accept, with both algorithms', async t => {
  t.equal(verdict(signEnvelope('manifest', payload, [keys.release.privateKey]), single), undefined)
  t.equal(verdict(signEnvelope('manifest', payload, [keys.elliptic.privateKey]), curve), undefined)
  const opened = openEnvelope(signEnvelope('manifest', payload, [keys.second.privateKey, keys.elliptic.privateKey]))
  t.ok(Buffer.from(opened.payload).equals(payload), 'exactly the signed bytes')
  t.strictSame(
    opened.signatures.map(({ keyId }) => keyId),
    [keys.second, keys.elliptic].map(key => key.trusted.keyId),
  )
})

t.test('assembleEnvelope makes the same of signatures made elsewhere, and takes none that does not verify', async t => {
  const message = messageToSign('manifest', payload)
  const [one, two] = [keys.release, keys.second].map(({ privateKey }) => signMessage(message, privateKey))
  if (one === undefined || two === undefined) throw new Error('two keys make two signatures')
  const local = signEnvelope('manifest', payload, [keys.release.privateKey, keys.second.privateKey])
  t.ok(assembleEnvelope('manifest', payload, [one, two]).equals(local), 'byte for byte')
  const elliptic = signMessage(message, keys.elliptic.privateKey)
  t.equal(verdict(assembleEnvelope('manifest', payload, [elliptic]), curve), undefined)
  const refused = { name: 'EnvelopeError', code: 'NOT_TRUSTED', reason: 'bad-signature' }
  t.throws(() => assembleEnvelope('command', payload, [one]), refused, 'of another kind')
  t.throws(() => assembleEnvelope('manifest', Buffer.from('other'), [one]), refused, 'of another statement')
  t.throws(
    () => assembleEnvelope('manifest', payload, [{ ...one, key: keys.second.trusted }]),
    refused,
    'of another key',
  )
  const short = { ...one, signature: one.signature.subarray(1) }
  t.throws(() => assembleEnvelope('manifest', payload, [two, short]), refused, 'cut')
})

for (const [name, document, key] of [
  ['Ed25519', single, keys.release],
  ['P-256', curve, keys.elliptic],
] as const)
  t.test(`every single bit of an envelope signed with ${name} matters`, async t => {
    const good = signed('manifest', payload, key)
    t.equal(verdict(good, document), undefined)
    let refusedCount = 0
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good)
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (verdict(bad, document) !== undefined) refusedCount += 1
      else t.fail(`bit ${bit} may be anything`)
    }
    t.equal(refusedCount, good.length * 8)
  })

t.test('mutated envelopes are trusted only while payload and signatures still say the same', async t => {
  const good = signed('manifest', payload, keys.release, keys.elliptic)
  forAll(mutated([good]), 1500, bytes => {
    if (verdict(bytes) === undefined && !Buffer.from(openEnvelope(bytes).payload).equals(payload))
      throw new Error('trusted other bytes')
  })
  t.pass('never')
})

t.test('the threshold counts distinct keys of the role', async t => {
  const by = (key: typeof keys.release, round = 0) => signature(key, 'manifest', payload, 1, round)
  const wrong = { keyId: keys.second.trusted.keyId, signature: new Uint8Array(64) }
  const rows: readonly [string, readonly { keyId: string; signature: Uint8Array }[], string | undefined][] = [
    ['none', [], 'unsigned'],
    ['one of two', [by(keys.release)], 'threshold'],
    ['two of two', [by(keys.release), by(keys.second)], undefined],
    ['all three', [by(keys.release), by(keys.second), by(keys.elliptic)], undefined],
    ['the same twice', [by(keys.release), by(keys.release)], 'threshold'],
    ['eight times the same', Array.from({ length: 8 }, () => by(keys.release)), 'threshold'],
    ['nine', Array.from({ length: 9 }, () => by(keys.release)), 'MALFORMED'],
    ['two of one P-256 key', [by(keys.elliptic), by(keys.elliptic, 1)], 'threshold'],
    ['one and a stranger', [by(keys.release), by(keys.stranger)], 'threshold'],
    ['one and another role', [by(keys.release), by(keys.operations)], 'threshold'],
    ['one and the root', [by(keys.release), by(keys.root)], 'threshold'],
    ['strangers only', [by(keys.stranger), by(keys.root)], 'unknown-key'],
    ['one and a wrong one', [by(keys.release), wrong], 'threshold'],
    ['wrong one before the right one of the same key', [wrong, by(keys.second), by(keys.release)], undefined],
    ['wrong only', [wrong], 'bad-signature'],
    ['id __proto__', [{ ...by(keys.release), keyId: '__proto__' }], 'unknown-key'],
    ['id constructor', [{ ...by(keys.release), keyId: 'constructor' }], 'unknown-key'],
  ]
  for (const [name, signatures, reason] of rows) t.equal(verdict(envelope(payload, signatures)), reason, name)
})

t.test('a statement of one kind is no statement of another', async t => {
  const kinds = ['manifest', 'command', 'trust'] as const
  for (const made of kinds)
    for (const asked of kinds) {
      const opened = openEnvelope(signed(made, payload, keys.release))
      const reason = distrust(opened, asked, roleFor('firmware-update', single), single)
      t.equal(reason, made === asked ? undefined : 'bad-signature', `${made} read as ${asked}`)
    }
})

t.test('no two statements share an encoding', async t => {
  const statement = fc.record({
    type: fc.constantFrom('manifest' as const, 'command' as const, 'trust' as const),
    version: fc.nat(3),
    payload: fc.uint8Array({ maxLength: 12 }),
  })
  forAll(fc.tuple(statement, statement), 3000, ([a, b]) => {
    const encoded = [a, b].map(s => preAuthenticationEncoding(s.type, s.version, s.payload).toString('hex'))
    const same = a.type === b.type && a.version === b.version && Buffer.from(a.payload).equals(b.payload)
    if ((encoded[0] === encoded[1]) !== same) throw new Error('one encoding for two')
  })
  const bytes = preAuthenticationEncoding('manifest', 1, Buffer.from('abc'))
  t.equal(bytes.toString('latin1'), 'drover-v1\0manifest\0\x01\0\0\0\x03\0\0\0abc')
})

t.test('an operation type that nobody may sign is refused, whatever its name', async t => {
  t.equal(roleFor('reboot', single).name, 'operations')
  for (const type of ['', 'config-change', 'constructor', '__proto__', 'root'])
    t.throws(() => roleFor(type, single), { code: 'NOT_TRUSTED', reason: 'no-role' })
  const nameless = { ...single, roles: new Map([...single.roles, ['', { name: '', keyIds: [], threshold: 1 }]]) }
  t.throws(() => roleFor('config-change', nameless), { code: 'NOT_TRUSTED' }, 'not even by a role without a name')
})

t.test('a trust document is read as it was written, and expires when the caller has a clock', async t => {
  const read = parseTrustDocument(trustSigned(trust))
  t.ok(encodeTrustDocument(read).equals(encodeTrustDocument(trust)))
  t.doesNotThrow(() => parseTrustDocument(trustSigned(trust), trust.expiresAt - 1))
  t.throws(() => parseTrustDocument(trustSigned(trust), trust.expiresAt), { code: 'NOT_TRUSTED', reason: 'expired' })
})

t.test('mutated trust documents are read or refused with EnvelopeError, and never become others', async t => {
  const good = trustSigned(trust)
  forAll(mutated([good]), 1500, bytes => {
    try {
      if (!encodeTrustDocument(parseTrustDocument(bytes)).equals(encodeTrustDocument(trust))) throw new Error('another')
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error
    }
  })
  t.pass('never')
})

t.test('mutated payloads signed by a root that went mad are read or refused with EnvelopeError', async t => {
  forAll(mutated([encodeTrustDocument(trust)]), 1500, bytes => {
    try {
      const { roles, keys: known } = parseTrustDocument(
        signed('trust', bytes.length === 0 ? Buffer.of(0) : bytes, keys.root),
      )
      for (const role of roles.values()) {
        if (role.threshold < 1 || role.threshold > new Set(role.keyIds).size)
          throw new Error(`threshold of ${role.name}`)
        if (role.keyIds.some(keyId => !known.has(keyId))) throw new Error(`keys of ${role.name}`)
      }
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error
    }
  })
  t.pass('never')
})

t.test('keys that sign nothing of ours are refused', async t => {
  const reason = (key: Uint8Array | KeyObject): string => {
    try {
      return trustedKey(key).algorithm
    } catch (error) {
      return error instanceof EnvelopeError ? `${error.code} ${error.reason}` : String(error)
    }
  }
  const spki = (point: string): Buffer => Buffer.from(`302a300506032b6570032100${point}`, 'hex')
  t.equal(reason(keys.release.trusted.publicKey), 'ed25519')
  t.equal(reason(keys.elliptic.trusted.publicKey.export({ format: 'der', type: 'spki' })), 'ecdsa-p256-sha256')
  t.equal(reason(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey), 'KEY_UNUSABLE key-type')
  t.equal(reason(generateKeyPairSync('x25519').publicKey), 'KEY_UNUSABLE key-type')
  t.equal(reason(generateKeyPairSync('ed448').publicKey), 'KEY_UNUSABLE key-type')
  t.equal(reason(new Uint8Array(0)), 'KEY_UNUSABLE key-does-not-parse')
  t.equal(reason(spki('ff'.repeat(16))), 'KEY_UNUSABLE key-does-not-parse')
  for (const sign of ['00', '80'])
    for (const point of smallOrderPoints()) {
      const bytes = Buffer.from(point)
      bytes[31] = (bytes[31] ?? 0) | Number.parseInt(sign, 16)
      t.equal(reason(spki(bytes.toString('hex'))), 'KEY_UNUSABLE small-order', bytes.toString('hex'))
    }
})

t.test('verifyBytes throws for no bytes, and accepts no random ones', async t => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ minLength: 64, maxLength: 64 }))
  forAll(fc.tuple(bytes, fc.constantFrom(keys.release, keys.elliptic)), 1000, ([random, key]) => {
    if (verifyBytes(payload, random, key.trusted)) throw new Error('accepted')
  })
  t.pass('none')
})

t.test('the nonce of our P-256 test signatures is that of RFC 6979, A.2.5', async t => {
  const key = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n
  t.equal(
    signP256(Buffer.from('sample'), key).toString('hex').toUpperCase(),
    'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
  )
  t.ok(createPrivateKey(keys.elliptic.privateKey.export({ format: 'pem', type: 'pkcs8' })))
  t.equal(bytes32(p256Order).length, 32)
})

/** y of every point whose order divides 8, computed, and the two spellings of 0 and 1 that are not reduced. */
function smallOrderPoints(): Buffer[] {
  const p = 2n ** 255n - 19n
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n
    for (let b = base % p, e = exponent; e > 0n; e >>= 1n) {
      if ((e & 1n) === 1n) result = (result * b) % p
      b = (b * b) % p
    }
    return result
  }
  const d = (((-121665n * power(121666n, p - 2n)) % p) + p) % p
  const i = power(2n, (p - 1n) / 4n)
  const root = (square: bigint): bigint | undefined => {
    const candidate = power(square, (p + 3n) / 8n)
    return [candidate, (candidate * i) % p].find(x => (x * x) % p === square)
  }
  // Twice a point of order 8 has y = 0, so there x^2 = -y^2; with the curve's equation d y^4 + 2 y^2 - 1 = 0.
  const s = root((1n + d) % p) ?? 0n
  const ofOrder8 = [s, p - s].flatMap(r => {
    const y = root((((r - 1n + p) % p) * power(d, p - 2n)) % p)
    return y === undefined ? [] : [y, p - y]
  })
  const little = (number: bigint): Buffer => bytes32(number).reverse()
  return [0n, 1n, p - 1n, p, p + 1n, ...ofOrder8].map(little)
}
