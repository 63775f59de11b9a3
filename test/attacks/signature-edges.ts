// Signatures at the edges where verifiers have gone wrong: the classes that Project Wycheproof and others collected (special
// values of both halves in every combination, values over the order, encodings that are not unique, lengths, DER and BER,
// nonces and keys at their extremes), made here by arithmetic of our own. Each says what it is by how it was made.
import { createECDH, createHash, createPublicKey } from 'node:crypto'
import { type TrustedKey, trustedKey } from '../../proto/envelope.ts'
import { bigintOf, bytes32, p256Order as order, signP256 } from '../vectors/rfc6979.ts'
import { ed25519, signBytes } from '../vectors/test-keys.ts'

export interface EdgeCase {
  readonly what: string
  readonly key: TrustedKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly valid: boolean
}

const sha = (algorithm: string, ...parts: readonly Uint8Array[]): Buffer =>
  createHash(algorithm).update(Buffer.concat(parts)).digest()
const messages = ['', 'x', 'Test', '0'.repeat(12), 'a'.repeat(63), 'a'.repeat(64), 'a'.repeat(111), 'a'.repeat(4096)]

// ---- Ed25519 -----------------------------------------------------------------------------------

/** RFC 8032, 5.1. */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n
const field = 2n ** 255n - 19n
const little = (number: bigint): Buffer => Buffer.from(bytes32(number)).reverse()
const littleOf = (bytes: Uint8Array): bigint => bigintOf(Buffer.from(bytes).reverse())
/** y of the points of order 4, 2, 1 and 8, and what else is written as one of them when nobody reduces. */
const eighth = littleOf(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'))
const torsion = [0n, 1n, field - 1n, field, field + 1n, eighth, field - eighth]

export function edwardsEdges(): readonly EdgeCase[] {
  const own = ed25519('edges')
  const other = ed25519('edges of another')
  const secret = sha('sha512', seedOf('edges')).subarray(0, 32)
  secret[0] = (secret[0] ?? 0) & 0xf8
  secret[31] = ((secret[31] ?? 0) & 0x7f) | 0x40
  const scalar = littleOf(secret)
  const point = Buffer.from(own.trusted.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const cases: EdgeCase[] = []
  const add = (what: string, signature: Uint8Array, valid: boolean, text: string, key = own.trusted): void =>
    void cases.push({ what: `Ed25519, ${what}`, key, message: Buffer.from(text), signature, valid })

  for (const text of messages) {
    const good = signBytes(own, Buffer.from(text))
    const [half, s] = [good.subarray(0, 32), littleOf(good.subarray(32))]
    add(`${text.length} bytes`, good, true, text)
    add('another message', good, false, `${text}.`)
    add('another key', good, false, text, other.trusted)
    // Malleable: the same S, not reduced (RFC 8032, 5.1.7); as long as it fits in 32 bytes.
    for (let more = 1n; s + more * groupOrder < 2n ** 256n; more += 1n)
      add(`S + ${more} L`, Buffer.concat([half, little(s + more * groupOrder)]), false, text)
    add('-S', Buffer.concat([half, little(groupOrder - s)]), false, text)
    add('sign of R', flipped(good, 255), false, text)
    add('halves exchanged', Buffer.concat([good.subarray(32), half]), false, text)
  }
  // Every half that could mean something to somebody, with every other.
  const specials = [...torsion, 2n, groupOrder - 1n, groupOrder, groupOrder + 1n, 2n ** 255n, 2n ** 256n - 1n]
  for (const left of specials)
    for (const right of [0n, 1n, groupOrder - 1n, groupOrder, field - 1n, field, 2n ** 256n - 1n])
      add(`R ${left.toString(16)}, S ${right.toString(16)}`, Buffer.concat([little(left), little(right)]), false, '?')
  // S made to fit R: whoever compares points loosely, or multiplies by the cofactor, takes all of them.
  for (const y of torsion)
    for (const sign of [0n, 2n ** 255n]) {
      const half = little(y + sign)
      const hash = littleOf(sha('sha512', half, point, Buffer.from('fits')))
      const signature = Buffer.concat([half, little((hash * scalar) % groupOrder)])
      // The neutral point in its one spelling is what the equation asks for.
      add(`S fits R ${half.toString('hex')}`, signature, y === 1n && sign === 0n, 'fits')
    }
  const good = signBytes(own, Buffer.from('form'))
  for (let length = 0; length < 64; length += 1) add(`${length} bytes of it`, good.subarray(0, length), false, 'form')
  for (const more of [1, 2, 32, 64])
    for (const fill of [0, 1, 255]) {
      add(`${more} × ${fill} behind`, Buffer.concat([good, Buffer.alloc(more, fill)]), false, 'form')
      add(`${more} × ${fill} before`, Buffer.concat([Buffer.alloc(more, fill), good]), false, 'form')
    }
  add('as base64', Buffer.from(good.toString('base64')), false, 'form')
  add('as hex', Buffer.from(good.toString('hex')), false, 'form')
  for (let bit = 0; bit < 512; bit += 1) add(`bit ${bit}`, flipped(good, bit), false, 'form')
  return cases
}

// ---- P-256 -------------------------------------------------------------------------------------

/** SEC 2, 2.4.2. */
const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const curveB = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const pair = (r: bigint, s: bigint): Buffer => Buffer.concat([bytes32(r), bytes32(s)])
const digest = (text: string): bigint => bigintOf(sha('sha256', Buffer.from(text)))

export function ellipticEdges(): readonly EdgeCase[] {
  const cases: EdgeCase[] = []
  const add = (what: string, key: TrustedKey, signature: Uint8Array, valid: boolean, text: string): void =>
    void cases.push({ what: `P-256, ${what}`, key, message: Buffer.from(text), signature, valid })
  const secret = digest('drover test key: edges')
  const own = keyOf(secret)
  const other = keyOf(secret + 1n)

  for (const text of messages) {
    const good = signP256(Buffer.from(text), secret)
    const [r, s] = [bigintOf(good.subarray(0, 32)), bigintOf(good.subarray(32))]
    add(`${text.length} bytes`, own, good, true, text)
    add('-s, the other of the two', own, pair(r, order - s), true, text)
    for (const [what, halves] of [
      ['another message', undefined],
      ['-r', [order - r, s]],
      ['halves exchanged', [s, r]],
      ['r twice', [r, r]],
      ['r + 1', [r + 1n, s]],
      ['s + 1', [r, s + 1n]],
      ['r = 0', [0n, s]],
      ['s = 0', [r, 0n]],
      ['1 / s', [r, inverse(s, order)]],
    ] as const)
      add(what, own, halves ? pair(halves[0], halves[1]) : good, false, halves ? text : `${text}.`)
    add('another key', other, good, false, text)
  }
  // Whoever forgets to look at the range, or divides by zero, takes some of these for every message and key.
  const specials = [0n, 1n, 2n, order - 1n, order, order + 1n, prime - 1n, prime, prime + 1n, 2n ** 256n - 1n]
  for (const left of specials)
    for (const right of specials)
      add(`r ${left.toString(16)}, s ${right.toString(16)}`, own, pair(left, right), false, '?')
  // Good ones at every extreme: nonce and s are chosen, and the key that they are right for follows from them.
  const extremes = [1n, 2n, 3n, 2n ** 32n, 2n ** 128n, 2n ** 255n, order / 2n, order - 2n, order - 1n]
  for (const nonce of extremes)
    for (const s of extremes) {
      const r = coordinate(nonce) % order
      const fitting = mod(inverse(r, order) * (s * nonce - digest('fits')), order)
      const key = keyOf(fitting)
      add(`nonce ${nonce.toString(16)}, s ${s.toString(16)}`, key, pair(r, s), true, 'fits')
      if (r + order < 2n ** 256n) add('the same, r not reduced', key, pair(r + order, s), false, 'fits')
      if (s + order < 2n ** 256n) add('the same, s not reduced', key, pair(r, s + order), false, 'fits')
    }
  // x of the nonce's point between the order and the prime: r is its remainder, and the point itself is known to nobody.
  for (const nonce of pointsFrom(order, 3))
    for (const s of [1n, order / 2n, order - 1n]) {
      const r = nonce.x - order
      const u = inverse(r, order)
      const [one, two] = [multiplied(nonce, mod(s * u, order)), multiplied(base(), mod(-digest('fits') * u, order))]
      const key = keyAt(added(one, two))
      add(`x over the order, r ${r}, s ${s.toString(16)}`, key, pair(r, s), true, 'fits')
      add('the same, r not reduced', key, pair(nonce.x, s), false, 'fits')
      add('the same, another message', key, pair(r, s), false, 'fits.')
    }
  const good = signP256(Buffer.from('form'), secret)
  for (let length = 0; length < 64; length += 1)
    add(`${length} bytes of it`, own, good.subarray(0, length), false, 'form')
  for (const more of [1, 2, 32, 64]) {
    add(`${more} behind`, own, Buffer.concat([good, Buffer.alloc(more)]), false, 'form')
    add(`${more} before`, own, Buffer.concat([Buffer.alloc(more), good]), false, 'form')
    const [r, s] = [good.subarray(0, 32), good.subarray(32)]
    add(`${more} before each`, own, Buffer.concat([Buffer.alloc(more), r, Buffer.alloc(more), s]), false, 'form')
  }
  for (let bit = 0; bit < 512; bit += 1) add(`bit ${bit}`, own, flipped(good, bit), false, 'form')
  return cases
}

/** The same halves written as X9.62 does, and as lax readers of it take them: on our wire none of them is a signature. */
export function derForms(signature: Uint8Array): readonly Uint8Array[] {
  const integer = (half: Uint8Array): Buffer => {
    const first = Math.max(
      0,
      half.findIndex(byte => byte !== 0),
    )
    const short = Buffer.from(half.subarray(first))
    const bytes = (short[0] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), short]) : short
    return Buffer.concat([Buffer.of(2, bytes.length), bytes])
  }
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return [
    Buffer.concat([Buffer.of(0x30, body.length), body]),
    Buffer.concat([Buffer.of(0x30, 0x81, body.length), body]),
    Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)]),
    Buffer.concat([Buffer.of(0x30, body.length), body, Buffer.of(0)]),
  ]
}

// ---- arithmetic --------------------------------------------------------------------------------

interface Point {
  readonly x: bigint
  readonly y: bigint
}

function mod(number: bigint, by: bigint): bigint {
  return ((number % by) + by) % by
}

/** By Euclid: `by` is prime. */
function inverse(number: bigint, by: bigint): bigint {
  let [high, low, left, right] = [by, mod(number, by), 0n, 1n]
  while (low !== 0n) {
    const times = high / low
    ;[high, low, left, right] = [low, high - times * low, right, left - times * right]
  }
  return mod(left, by)
}

function power(base: bigint, exponent: bigint, by: bigint): bigint {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % by
    square = (square * square) % by
  }
  return result
}

function added(a: Point | undefined, b: Point | undefined): Point | undefined {
  if (a === undefined || b === undefined) return a ?? b
  if (a.x === b.x && a.y !== b.y) return undefined
  const slope = a.x === b.x ? (3n * a.x * a.x - 3n) * inverse(2n * a.y, prime) : (b.y - a.y) * inverse(b.x - a.x, prime)
  const x = mod(slope * slope - a.x - b.x, prime)
  return { x, y: mod(slope * (a.x - x) - a.y, prime) }
}

function multiplied(point: Point, by: bigint): Point | undefined {
  let result: Point | undefined
  let double: Point | undefined = point
  for (let rest = by; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = added(result, double)
    double = added(double, double)
  }
  return result
}

/** The first `count` points of the curve with x from `least` on. */
function pointsFrom(least: bigint, count: number): readonly Point[] {
  const points: Point[] = []
  for (let x = least; points.length < count; x += 1n) {
    const square = mod(x * x * x - 3n * x + curveB, prime)
    const y = power(square, (prime + 1n) / 4n, prime)
    if ((y * y) % prime === square && x % order !== 0n) points.push({ x, y })
  }
  return points
}

function base(): Point {
  return pointOf(1n)
}

function pointOf(scalar: bigint): Point {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(bytes32(scalar))
  const bytes = ecdh.getPublicKey()
  return { x: bigintOf(bytes.subarray(1, 33)), y: bigintOf(bytes.subarray(33)) }
}

function coordinate(scalar: bigint): bigint {
  return pointOf(scalar).x
}

function keyOf(scalar: bigint): TrustedKey {
  return keyAt(pointOf(mod(scalar, order)))
}

function keyAt(point: Point | undefined): TrustedKey {
  if (point === undefined) throw new Error('expected a point of the curve')
  const [x, y] = [bytes32(point.x).toString('base64url'), bytes32(point.y).toString('base64url')]
  return trustedKey(createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }))
}

/** As `ed25519` makes it of a name. */
function seedOf(name: string): Buffer {
  return sha('sha256', Buffer.from(`drover test key: ${name}`))
}

function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
