// Vectors of bare signatures: the edges at which verifiers differ, in the manner of Project Wycheproof.
import { type TrustedKey, verifyBytes } from '../../proto/envelope.ts'
import { bigintOf, bytes32, p256Order } from './rfc6979.ts'
import { keys, signBytes, type TestKey } from './test-keys.ts'
import { base64, type Json, type VectorCase, type VectorFile } from './vector-file.ts'

const message = Buffer.from('drover')
const edwards = signBytes(keys.release, message)
const elliptic = signBytes(keys.elliptic, message)
const [r, s] = [bigintOf(elliptic.subarray(0, 32)), bigintOf(elliptic.subarray(32))]

/** Order of the base point of Ed25519, RFC 8032, 5.1. */
const edwardsOrder = 2n ** 252n + 27742317777372353535851937790883648493n
const little = (number: bigint): Buffer => Buffer.from(bytes32(number)).reverse()
const littleOf = (bytes: Uint8Array): bigint => bigintOf(Buffer.from(bytes).reverse())

const pair = (left: bigint, right: bigint): Buffer => Buffer.concat([bytes32(left), bytes32(right)])
const edwardsPair = (point: Uint8Array, scalar: bigint): Buffer => Buffer.concat([point, little(scalar)])
const high = (number: bigint): bigint => (number > p256Order / 2n ? number : p256Order - number)
const edwardsS = littleOf(edwards.subarray(32))
const neutral = little(1n)

type Row = readonly [
  name: string,
  about: string,
  key: TestKey,
  signature: Uint8Array,
  valid: boolean,
  message?: Uint8Array,
]
const rows: readonly Row[] = [
  ['ed25519', 'Good.', keys.release, edwards, true],
  [
    'ed25519 of the empty message',
    'Good.',
    keys.release,
    signBytes(keys.release, new Uint8Array(0)),
    true,
    new Uint8Array(0),
  ],
  ['ed25519, other message', 'One bit of the message.', keys.release, edwards, false, Buffer.from('droves')],
  ['ed25519, other key', 'Good, of another key.', keys.second, edwards, false],
  ['ed25519, zeros', 'R = 0, S = 0.', keys.release, new Uint8Array(64), false],
  ['ed25519, S = 0', 'R as signed.', keys.release, edwardsPair(edwards.subarray(0, 32), 0n), false],
  [
    'ed25519, S + L',
    'The same S, not reduced: would make a second signature (RFC 8032, 5.1.7).',
    keys.release,
    edwardsPair(edwards.subarray(0, 32), edwardsS + edwardsOrder),
    false,
  ],
  ['ed25519, S = L', 'Zero, not reduced.', keys.release, edwardsPair(neutral, edwardsOrder), false],
  ['ed25519, R neutral', 'R of order 1 and S = 0.', keys.release, edwardsPair(neutral, 0n), false],
  ['ed25519, R of order 2', 'y = -1.', keys.release, edwardsPair(little(2n ** 255n - 20n), edwardsS), false],
  ['ed25519, R of order 4', 'y = 0.', keys.release, edwardsPair(little(0n), edwardsS), false],
  [
    'ed25519, R of order 8',
    'A torsion point.',
    keys.release,
    edwardsPair(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'), edwardsS),
    false,
  ],
  [
    'ed25519, R not reduced',
    'y = p + 1, another spelling of the neutral point.',
    keys.release,
    edwardsPair(little(2n ** 255n - 18n), 0n),
    false,
  ],
  ['ed25519, ones', 'Every bit set.', keys.release, Buffer.alloc(64, 255), false],
  ['ed25519, 63 bytes', 'One short.', keys.release, edwards.subarray(1), false],
  ['ed25519, 65 bytes', 'One more.', keys.release, Buffer.concat([edwards, Buffer.of(0)]), false],
  ['ed25519, empty', 'No bytes.', keys.release, new Uint8Array(0), false],
  ['p256', 'Good.', keys.elliptic, elliptic, true],
  [
    'p256, second nonce',
    'Good: another signature of the same message.',
    keys.elliptic,
    signBytes(keys.elliptic, message, 1),
    true,
  ],
  ['p256, low s', 'Good: s in the lower half.', keys.elliptic, pair(r, p256Order - high(s)), true],
  [
    'p256, high s',
    'Good: n - s verifies too. FIPS 186-5 does not ask for the lower half, and no rule here counts signatures by their bytes.',
    keys.elliptic,
    pair(r, high(s)),
    true,
  ],
  ['p256, other message', 'One bit of the message.', keys.elliptic, elliptic, false, Buffer.from('drovdr')],
  ['p256, zeros', 'r = 0, s = 0.', keys.elliptic, new Uint8Array(64), false],
  ['p256, r = 0', 's as signed.', keys.elliptic, pair(0n, s), false],
  ['p256, s = 0', 'r as signed.', keys.elliptic, pair(r, 0n), false],
  ['p256, r = 1, s = 1', 'Small numbers.', keys.elliptic, pair(1n, 1n), false],
  ['p256, r = n', 'Zero, not reduced.', keys.elliptic, pair(p256Order, s), false],
  ['p256, s = n', 'Zero, not reduced.', keys.elliptic, pair(r, p256Order), false],
  ['p256, r = n + 1', 'One, not reduced.', keys.elliptic, pair(p256Order + 1n, s), false],
  ['p256, s = n - 1', 'In range, wrong.', keys.elliptic, pair(r, p256Order - 1n), false],
  ['p256, r and s exchanged', 'The order counts.', keys.elliptic, pair(s, r), false],
  ['p256, ones', 'Every bit set.', keys.elliptic, Buffer.alloc(64, 255), false],
  ['p256, DER', 'ASN.1 of the good signature, as other tools write it.', keys.elliptic, derOf(elliptic), false],
  ['p256, 63 bytes', 'One short.', keys.elliptic, elliptic.subarray(1), false],
  ['p256, 65 bytes', 'One more.', keys.elliptic, Buffer.concat([elliptic, Buffer.of(0)]), false],
  ['p256, empty', 'No bytes.', keys.elliptic, new Uint8Array(0), false],
  ['ed25519 signature, p256 key', 'Both have 64 bytes.', keys.elliptic, edwards, false],
  ['p256 signature, ed25519 key', 'Both have 64 bytes.', keys.release, elliptic, false],
]

/** SEQUENCE of two INTEGERs. */
export function derOf(p1363: Uint8Array): Buffer {
  const integer = (number: bigint): Buffer => {
    const text = number.toString(16)
    const bytes = Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex')
    const padded = (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
    return Buffer.concat([Buffer.of(2, padded.length), padded])
  }
  const body = Buffer.concat([integer(bigintOf(p1363.subarray(0, 32))), integer(bigintOf(p1363.subarray(32)))])
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}

const byId = new Map<string, TrustedKey>(Object.values(keys).map(({ trusted }) => [trusted.keyId, trusted]))

export function signatures(): VectorFile {
  return {
    kind: 'signature',
    about: 'A signature over exactly `message`, without any encoding around it. Keys by id in keys.json.',
    cases: rows.map(([name, about, key, signature, valid, signedMessage = message]) => ({
      name,
      about,
      keyId: key.trusted.keyId,
      message: base64(signedMessage),
      bytes: base64(signature),
      expect: { valid },
    })),
  }
}

export function judgeSignature(vector: VectorCase): Json {
  const key = byId.get(String(vector.keyId))
  if (key === undefined) throw new Error(`no key ${vector.keyId}`)
  const bytes = (text: Json | undefined): Buffer => Buffer.from(String(text), 'base64')
  return { valid: verifyBytes(bytes(vector.message), bytes(vector.bytes), key) }
}
